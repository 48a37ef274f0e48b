# SPDX-License-Identifier: MIT
# make [V=1] [WERROR=1] [SANITIZE=address,undefined] [BUILD=dir]; `make help` lists the targets.
BUILD ?= build
VERSION := 0.2.0

# The packages that Debian 12 needs to build, test and lint this. Reasons for some: babeltrace2,
# python3-bt2, protobuf-compiler and python3-protobuf read the traces that the viewer makes;
# bpftrace and gdb (which recommends libc6-dbg) find the marks; debuginfod names a crash; libclang-rt-dev is for fuzzing,
# libedit-dev for the SQL shell (GNU readline is GPL-3, this is MIT), libiberty-dev for names of
# C++, lld for tests with another linker or for arm64; stress-ng is the load of check-loaded; tmux drives
# the full screen; prometheus reads the metrics, zsh tries the completion;
# systemtap-sdt-dev has the macros of probes that are not ours; libjansson-dev reads the answers of collectors;
# openssl makes the certificates of tests.
DEPS := babeltrace2 binutils bpftool bpftrace clang clang-format clang-tidy cppcheck debuginfod \
	dpkg-dev e2fsprogs g++ gcc gdb git less libbpf-dev libc6-dbg libc6-dev libcapstone-dev \
	libcbor-dev libclang-rt-dev libcmocka-dev libcurl4-openssl-dev libdw-dev libedit-dev libelf-dev \
	libiberty-dev libinih-dev libjansson-dev liblz4-dev libmicrohttpd-dev libnats-dev libncurses-dev libpcre2-dev \
	libseccomp-dev libsodium-dev libsqlite3-dev libssl-dev libsystemd-dev lld locales lz4 make mandoc \
	nats-server openssl pkg-config prometheus protobuf-compiler python3 python3-bt2 python3-cbor2 \
	python3-jsonschema python3-protobuf sqlite3 strace stress-ng systemtap-sdt-dev tmux util-linux zlib1g-dev zsh

# First deps, then a new make for the rest: this one has already looked for missing tools.
ifneq ($(filter deps,$(MAKECMDGOALS)),)

REST := $(filter-out deps,$(MAKECMDGOALS))

.PHONY: deps $(REST)
deps:
	@.ci/install-packages $(DEPS)

ifneq ($(REST),)
$(firstword $(REST)): deps
	+@$(MAKE) --no-print-directory $(REST)
$(wordlist 2,$(words $(REST)),$(REST)): $(firstword $(REST))
	@:
endif

else

# For another machine: CROSS=aarch64-linux-gnu- SYSROOT=dir BUILD=dir
CROSS ?=
SYSROOT ?=
ifeq ($(origin CC),default)
CC := $(CROSS)gcc $(SYSROOT:%=--sysroot=%)
endif
ifeq ($(origin CXX),default)
CXX := $(CROSS)g++ $(SYSROOT:%=--sysroot=%)
endif
ifeq ($(origin LD),default)
LD := $(CROSS)ld
endif
OBJCOPY ?= $(CROSS)objcopy
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
MULTIARCH := $(shell $(CC) -print-multiarch)
MACHINE := $(firstword $(subst -, ,$(CROSS)) $(shell uname -m))
BPF_ARCH := $(subst x86_64,x86,$(subst aarch64,arm64,$(MACHINE)))
PKG_CONFIG := $(if $(SYSROOT),PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(MULTIARCH)/pkgconfig \
	PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) )pkg-config

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-8s %s\n' $(1) $(2))

# In CI every warning is an error.
WERROR_FLAG := $(if $(filter-out 0 false,$(WERROR) $(CI)),-Werror)
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	$(WERROR_FLAG)
PKGS := capstone inih libbpf liblz4 libdw libmicrohttpd libpcre2-8 libseccomp libsystemd
CPPFLAGS += -D_GNU_SOURCE -DTTLOG_VERSION='"$(VERSION)"' -Iinclude -I$(BUILD)/gen
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu17 $(CFLAGS) $(WARN) -fno-strict-aliasing -MMD -MP \
	$(shell $(PKG_CONFIG) --cflags $(PKGS))
# Lines in BTF have paths from here: the same object wherever it is built.
BPF_CFLAGS := -g -fdebug-prefix-map=$(CURDIR)=. -O2 -target bpf -mcpu=v3 \
	-D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra $(WERROR_FLAG) -Wno-missing-declarations \
	-Wno-unused-parameter -Ivmlinux -Iinclude -Ibpf \
	-idirafter $(SYSROOT)/usr/include/$(MULTIARCH) -MMD -MP
LDLIBS += $(shell $(PKG_CONFIG) --libs $(PKGS)) -lsodium -lcbor -liberty -lpthread -lm
READ_LDLIBS := -llz4 -lcbor -lpcre2-8 -lm
# Libraries that ttlog-view needs beside libttlogread.
VIEW_LDLIBS := -lncursesw -ltinfo -lz -lm
VIEW_LDLIBS += $(shell $(PKG_CONFIG) --libs sqlite3 libedit)
VIEW_LDLIBS += -llz4 -lpcre2-8 -lsodium
# What reads debug information, in a child.
VIEW_LDLIBS += $(shell $(PKG_CONFIG) --libs libdw libelf libseccomp) -liberty
CTL_LDLIBS := -ljansson -lncursesw -ltinfo -lpthread -lm
# Only what talks to a fleet's servers needs libnats.
FLEET_LDLIBS = $(shell $(PKG_CONFIG) --libs libnats libcrypto) -ljansson -lsodium -lm
CLIENT_LDLIBS = $(FLEET_LDLIBS) $(shell $(PKG_CONFIG) --libs libseccomp) -lpthread
SHIP_LDLIBS = $(FLEET_LDLIBS) $(shell $(PKG_CONFIG) --libs libcurl libmicrohttpd libseccomp sqlite3) -lpthread
ifneq ($(SANITIZE),)
ALL_CFLAGS += -fsanitize=$(SANITIZE) -fno-omit-frame-pointer -fno-sanitize-recover=all
LDFLAGS += -fsanitize=$(SANITIZE)
endif

include src/rooms.mk
COLLECT_MAIN := $(BUILD)/src/collect/main.o
VIEW_MAIN := $(BUILD)/viewer/main.o
CTL_MAIN := $(BUILD)/src/ctl/main.o
SHIP_MAIN := $(BUILD)/src/ship/main.o
CLIENT_MAIN := $(BUILD)/src/client/main.o
LIB_OBJS := $(filter-out $(COLLECT_MAIN) $(VIEW_MAIN) $(CTL_MAIN) $(SHIP_MAIN) $(CLIENT_MAIN),$(COMMON_OBJS) $(RECORD_OBJS) \
	$(READ_OBJS) $(VIEW_OBJS) $(CTL_OBJS) $(FLEET_OBJS) $(SHIP_OBJS) $(CLIENT_OBJS))
READ_LIB := $(BUILD)/libttlogread.a
PROGRAMS := ttlog-collect ttlog-view ttlog-ctl ttlog-ship
# Those that others start.
HELPERS := ttlog-fleet
READ_CFLAGS := -fPIC -fvisibility=hidden -fno-semantic-interposition
SKELS := $(addprefix $(BUILD)/gen/,$(addsuffix .skel.h,ttlog warm find sched))

.PHONY: all
all: $(addprefix $(BUILD)/,$(PROGRAMS) $(HELPERS)) lib catalogue
	@:

$(LOOP_OBJS): ALL_CFLAGS += $(patsubst -O2,-O3,$(filter -O2,$(CFLAGS)))

$(BUILD)/ttlog-collect: $(COMMON_OBJS) $(RECORD_OBJS)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Where ttlog-collect looks for it, if it runs from here.
CATALOGUE := $(patsubst packaging/%,$(BUILD)/%,$(wildcard packaging/probes/*.conf))
.PHONY: catalogue
catalogue: $(CATALOGUE)

$(BUILD)/probes/%.conf: packaging/probes/%.conf
	@mkdir -p $(@D)
	$(Q)cp $< $@

$(BUILD)/ttlog-view: $(VIEW_OBJS) $(VIEW_SHARED) $(READ_LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(READ_LDLIBS) $(VIEW_LDLIBS)

$(BUILD)/ttlog-ctl: $(CTL_OBJS) $(CTL_SHARED)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CTL_LDLIBS)

$(BUILD)/ttlog-ship: $(SHIP_OBJS) $(FLEET_OBJS) $(SHIP_SHARED)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(SHIP_LDLIBS)

$(BUILD)/ttlog-fleet: $(CLIENT_OBJS) $(FLEET_OBJS) $(CLIENT_SHARED)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(CLIENT_LDLIBS)

# This file changes only when the command lines change. Then everything is built again.
define FLAGS :=
$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(LDFLAGS) $(LDLIBS) $(READ_CFLAGS)
$(SEES_ALL)
$(CXX) $(CXXFLAGS)
$(CLANG) $(BPF_CFLAGS)
endef
ifeq ($(filter install-files print-view-libs,$(MAKECMDGOALS)),)
ifneq ($(file <$(BUILD)/flags),$(FLAGS))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(FLAGS))
endif
endif

$(SKEL_OBJS) $(BUILD)/tests/unit/bpf/test_programs.o: $(SKELS)

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(CPPFLAGS) $(call sees,$<) -c -o $@ $<

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BUILD)/flags $(wildcard bpf/*.h include/ttlog/*.h) \
		vmlinux/vmlinux.h
	$(call say,BPF,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MT $@ -MF $(@:.o=.d) -c -o $@.tmp $<
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(SKELS): $(BUILD)/gen/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $*_bpf > $@.tmp && mv $@.tmp $@

include src/read/read.mk

-include $(LIB_OBJS:.o=.d) $(COLLECT_MAIN:.o=.d) $(VIEW_MAIN:.o=.d) $(CTL_MAIN:.o=.d) $(SHIP_MAIN:.o=.d) $(CLIENT_MAIN:.o=.d) $(wildcard $(BUILD)/*/*.d)

# Remove a file that is half written. Keep intermediate files.
.DELETE_ON_ERROR:
.SECONDARY:

include src/page/page.mk
include tests/tests.mk
include bench/bench.mk
include tests/lint.mk

.PHONY: print-view-libs
print-view-libs:
	@echo $(VIEW_SHARED) $(VIEW_LDLIBS)

include packaging/install.mk
include packaging/deb.mk

.PHONY: clean
clean:
	$(Q)rm -rf $(BUILD)

.PHONY: help
help:
	@sed -n 's/^# | //p' $(filter Makefile %.mk,$(MAKEFILE_LIST))

endif

# | make                ttlog-collect, ttlog-view, ttlog-ctl, ttlog-ship and ttlog-fleet, in build/
# | make deps           installs the Debian packages for all targets; also `make deps check`
# | make lint           clang-format, cppcheck, clang-tidy, mandoc
# | make format         clang-format, in place
# | make clean
