# SPDX-License-Identifier: MIT
# libttlogread: include/ttlog/read.h. One set of objects for both libraries and for the unit tests.
# The soname grows by one with every incompatible change; the file name has the release.
READ_SO := libttlogread.so
READ_SONAME := $(READ_SO).0

$(READ_OBJS) $(READ_SHARED): ALL_CFLAGS += $(READ_CFLAGS)

# | make lib            libttlogread, static and shared
.PHONY: lib
lib: $(READ_LIB) $(BUILD)/$(READ_SONAME)
	@:

# One object that exports only the functions of read.h: all other names are free for programs.
$(BUILD)/ttlogread.o: $(READ_OBJS) $(READ_SHARED)
	$(Q)$(LD) -r -o $@ $^
	$(Q)$(OBJCOPY) --localize-hidden $@

$(READ_LIB): $(BUILD)/ttlogread.o
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $<

$(BUILD)/$(READ_SONAME): $(READ_OBJS) $(READ_SHARED) src/read/ttlogread.map
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,-soname,$(READ_SONAME),--version-script,src/read/ttlogread.map,--no-undefined \
		-o $@ $(filter %.o,$^) $(READ_LDLIBS)
