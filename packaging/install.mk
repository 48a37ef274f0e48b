# SPDX-License-Identifier: MIT
# `make install` and `make uninstall`, from one list.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
UNITDIR ?= $(PREFIX)/lib/systemd/system
DESTDIR ?=
SHARE := $(PREFIX)/share

# Templates: @WORDS@ in them depend on where they are installed.
TEMPLATES := pkgconfig/ttlog.pc pkgconfig/ttlogread.pc cmake/ttlog-config.cmake \
	cmake/ttlog-config-version.cmake systemd/ttlog.service systemd/ttlog-ship.service

# What the service's configuration has beyond the defaults: all programs; files for a group; limits.
SERVICE_DEFAULTS := s/^\#(all =) no$$/\1 yes/; s/^\#(group =)$$/\1 ttlog-read/; s/^\#(max-disk =)$$/\1 2G/; \
	s/^\#(keep-free =)$$/\1 10%/

# $(call files,mode,files,directory)
files = $(foreach file,$(2),$(1):$(file):$(3)/$(notdir $(file)))
INSTALLED = $(call files,755,$(addprefix $(BUILD)/,$(PROGRAMS)),$(PREFIX)/bin) \
	$(call files,755,$(addprefix $(BUILD)/,$(HELPERS)),$(LIBEXECDIR)/ttlog) \
	$(call files,644,$(wildcard include/ttlog/*.h),$(PREFIX)/include/ttlog) \
	644:$(BUILD)/$(READ_SONAME):$(LIBDIR)/$(READ_SO).$(VERSION) \
	$(call files,644,$(READ_LIB),$(LIBDIR)) \
	$(foreach n,1 3 5 8,$(call files,644,$(wildcard man/*.$(n)),$(SHARE)/man/man$(n))) \
	644:$(BUILD)/install/ttlog.pc:$(SHARE)/pkgconfig/ttlog.pc \
	644:$(BUILD)/install/ttlogread.pc:$(LIBDIR)/pkgconfig/ttlogread.pc \
	$(call files,644,$(patsubst cmake/%,$(BUILD)/install/%,$(filter cmake/%,$(TEMPLATES))),$(LIBDIR)/cmake/ttlog) \
	$(foreach p,$(PROGRAMS),644:packaging/completion/ttlog.bash:$(SHARE)/bash-completion/completions/$(p)) \
	$(call files,644,$(BUILD)/install/collect.conf,$(SHARE)/ttlog) \
	$(call files,644,packaging/completion/_ttlog,$(SHARE)/zsh/vendor-completions) \
	$(call files,644,$(wildcard packaging/probes/*.conf),$(SHARE)/ttlog/probes) \
	$(call files,644,src/metrics/grafana/ttlog.json,$(SHARE)/ttlog/grafana) \
	$(call files,644,$(wildcard src/metrics/prometheus/*.rules.yml),$(SHARE)/ttlog/prometheus) \
	$(call files,644,packaging/nats/ttlog-fleet.conf,$(SHARE)/ttlog/nats) \
	$(call files,644,$(BUILD)/install/ttlog.service $(BUILD)/install/ttlog-ship.service,$(UNITDIR)) \
	644:packaging/systemd/ttlog.sysusers:$(PREFIX)/lib/sysusers.d/ttlog.conf \
	644:packaging/systemd/ttlog-ship.sysusers:$(PREFIX)/lib/sysusers.d/ttlog-ship.conf \
	644:packaging/systemd/ttlog.tmpfiles:$(PREFIX)/lib/tmpfiles.d/ttlog.conf
LINKS = $(LIBDIR)/$(READ_SONAME):$(READ_SO).$(VERSION) $(LIBDIR)/$(READ_SO):$(READ_SONAME)
word-of = $(word $(1),$(subst :, ,$(2)))

# | make install        DESTDIR= PREFIX=/usr/local; make uninstall
.PHONY: install
install: all
	+$(Q)$(MAKE) --no-print-directory install-files

# Installs without building; the tests use this. Templates may be new with each PREFIX.
.PHONY: install-files
install-files:
	$(Q)mkdir -p $(BUILD)/install
	$(Q)$(foreach t,$(TEMPLATES),sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@VERSION@|$(VERSION)|; s|@LIBS@|$(READ_LDLIBS)|' \
		packaging/$(t).in >$(BUILD)/install/$(notdir $(t)) &&) :
	$(Q)sed -E '$(SERVICE_DEFAULTS)' src/collect/collect.conf >$(BUILD)/install/collect.conf
	$(Q)$(foreach i,$(INSTALLED),install -D -m $(call word-of,1,$(i)) $(call word-of,2,$(i)) '$(DESTDIR)$(call word-of,3,$(i))' &&) :
	$(Q)$(foreach i,$(LINKS),ln -sf $(call word-of,2,$(i)) '$(DESTDIR)$(call word-of,1,$(i))' &&) :

.PHONY: uninstall
uninstall:
	$(Q)rm -f $(foreach i,$(INSTALLED),'$(DESTDIR)$(call word-of,3,$(i))') \
		$(foreach i,$(LINKS),'$(DESTDIR)$(call word-of,1,$(i))')
	$(Q)rmdir --ignore-fail-on-non-empty $(addprefix $(DESTDIR),$(LIBEXECDIR)/ttlog $(PREFIX)/include/ttlog $(LIBDIR)/cmake/ttlog \
		$(SHARE)/ttlog/grafana $(SHARE)/ttlog/nats $(SHARE)/ttlog/probes $(SHARE)/ttlog/prometheus $(SHARE)/ttlog)
