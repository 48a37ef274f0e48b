# SPDX-License-Identifier: MIT
# `make apps` builds the marked programs for end-to-end tests, as a user would build them. Some are
# also built statically, as non-PIE, or without frame pointers or symbols.
APP_CC_FLAGS := -O2 -g -Wall -Wextra -Wpedantic $(if $(or $(WERROR),$(CI)),-Werror) -Iinclude
APP_C_FLAGS := -std=gnu17 $(APP_CC_FLAGS)
APP_CXX_FLAGS := -std=c++17 $(APP_CC_FLAGS)
APP_HEADERS := $(wildcard include/ttlog/*.h tests/apps/*.h)

APPS_C := $(filter-out deny failure early earlylib contexts contextslib callers callers_lib leaks exit32 kill_at,$(patsubst tests/apps/%.c,%,$(wildcard tests/apps/*.c)))
APPS_CXX := $(patsubst tests/apps/%.cc,%,$(wildcard tests/apps/*.cc))
# each with another fixed batch size
BATCH_SIZES := 4096 8192 32768 65536 131072 262144
APPS := $(addprefix $(BUILD)/apps/,$(APPS_C) $(APPS_CXX) early early_static libearly.so contexts libcontexts.so \
	trade_static trade_nopie trade_stripped crash_nofp crash_next \
	thrown_static callers callers_clang libcallers.so leaks libdeny.so libfailure.so libkill_at.so \
	$(addprefix crash_,$(BATCH_SIZES)) $(if $(filter x86_64,$(shell uname -m)),exit32 functions_cet))

# The collector as if a hostile file had taken it over (test_rights.py).
TAKEOVER := $(BUILD)/takeover/ttlog-collect
$(BUILD)/tests/takeover/takeover.o: CPPFLAGS += $(SEES_ALL)
$(TAKEOVER): $(COMMON_OBJS) $(RECORD_OBJS) $(BUILD)/tests/takeover/takeover.o
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -Wl,--wrap=console__new -o $@ $^ $(LDLIBS)

.PHONY: apps
apps: $(APPS) $(TAKEOVER)
	@:

$(APPS): $(APP_HEADERS) tests/apps/apps.mk

$(addprefix $(BUILD)/apps/,$(APPS_C)): $(BUILD)/apps/%: tests/apps/%.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) $(APP_EXTRA) -o $@ $< -lpthread -lm

$(addprefix $(BUILD)/apps/,$(APPS_CXX)): $(BUILD)/apps/%: tests/apps/%.cc
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(APP_CXX_FLAGS) -o $@ $< -lpthread

# Crash records are read by frame pointers; without these, by the copied stack.
$(BUILD)/apps/crash: APP_EXTRA := -fno-omit-frame-pointer -rdynamic

$(BUILD)/apps/crash_nofp: tests/apps/crash.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -fomit-frame-pointer -o $@ $< -lpthread

# As another build of the same program: other addresses, nothing inlined.
$(BUILD)/apps/crash_next: tests/apps/crash.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -O0 -fno-pie -no-pie -o $@ $< -lpthread

$(BUILD)/apps/functions_cet: tests/apps/functions.cc
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(APP_CXX_FLAGS) -O1 -fcf-protection=full -o $@ $< -lpthread

$(BUILD)/apps/thrown_static: tests/apps/thrown.cc
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(APP_CXX_FLAGS) -static -o $@ $< -lpthread

$(addprefix $(BUILD)/apps/crash_,$(BATCH_SIZES)): $(BUILD)/apps/crash_%: tests/apps/crash.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -DTTLOG_BATCH_BYTES=$* -o $@ $< -lpthread

$(BUILD)/apps/libearly.so $(BUILD)/apps/libcontexts.so: $(BUILD)/apps/lib%.so: tests/apps/%lib.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/apps/libdeny.so $(BUILD)/apps/libfailure.so: $(BUILD)/apps/lib%.so: tests/apps/%.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(APP_C_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/apps/early $(BUILD)/apps/contexts: $(BUILD)/apps/%: tests/apps/%.c $(BUILD)/apps/lib%.so
	$(call say,APP,$@)
	$(Q)$(CC) $(APP_C_FLAGS) -o $@ $< -L$(@D) -l$* -lpthread -Wl,-rpath,'$$ORIGIN'

$(BUILD)/apps/early_static: tests/apps/early.c tests/apps/earlylib.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -static -o $@ $(filter %.c,$^)

$(BUILD)/apps/trade_static: tests/apps/trade.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -static -o $@ $< -lpthread

$(BUILD)/apps/trade_nopie: tests/apps/trade.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -fno-pie -no-pie -o $@ $< -lpthread

$(BUILD)/apps/trade_stripped: $(BUILD)/apps/trade
	$(call say,STRIP,$@)
	$(Q)strip -s -o $@ $<

# Only unwinding tables tell the stacks of these. gcc and clang write different debug information.
CALLERS_FLAGS := $(APP_C_FLAGS) -fomit-frame-pointer

$(BUILD)/apps/libcallers.so: tests/apps/callers_lib.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CALLERS_FLAGS) -fPIC -shared -o $@ $<

$(BUILD)/apps/callers: tests/apps/callers.c $(BUILD)/apps/libcallers.so
	$(call say,APP,$@)
	$(Q)$(CC) $(CALLERS_FLAGS) -o $@ $< -L$(@D) -lcallers -Wl,-rpath,'$$ORIGIN'

$(BUILD)/apps/callers_clang: tests/apps/callers.c $(BUILD)/apps/libcallers.so
	$(call say,APP,$@)
	$(Q)$(CLANG) $(CALLERS_FLAGS) -o $@ $< -L$(@D) -lcallers -Wl,-rpath,'$$ORIGIN'

# Without marks.
$(BUILD)/apps/leaks: tests/apps/leaks.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -fsanitize=leak -o $@ $<

$(BUILD)/apps/exit32: tests/apps/exit32.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -m32 -static -nostdlib -fno-pie -no-pie -o $@ $<

$(BUILD)/apps/libkill_at.so: tests/apps/kill_at.c
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(APP_C_FLAGS) -fPIC -shared -o $@ $<
