# SPDX-License-Identifier: MIT
# | make stress         STRESS=1000 kills of programs in every way, and at every instruction of an
# |                     append; their snapshots are checked
# | make stress-collector  KILLS=1000 kills of collectors; the next ones must save their events
# | make check-weeks  WEEKS=200000 short processes under --all and [target]: memory and descriptors of
# |                     the collector stay as they are (ten minutes; `make check` has 4,000)
STRESS ?= 1000
WEEKS ?= 200000
KILLS ?= 1000
STRESS_DIR := $(BUILD)/stress
STRESS_LIBS := $(STRESS_DIR)/libvictim.so $(foreach i,$(shell seq 0 23),$(STRESS_DIR)/libvictim$(i).so)
STRESS_HEADERS := $(wildcard include/ttlog/*.h tests/stress/*.h) tests/stress/stress.mk
STRESS_CC = $(CC) -std=gnu17 -O2 -g -D_GNU_SOURCE $(WARN) -Iinclude

STRESS_PROGRAMS := $(addprefix $(STRESS_DIR)/,runner orphans bystander victim steps \
	stepped) $(STRESS_LIBS)

.PHONY: stress-programs
stress-programs: $(STRESS_PROGRAMS)
	@:

.PHONY: stress
stress: $(BUILD)/ttlog-collect $(STRESS_PROGRAMS) stress-steps
	$(Q)$(STRESS_DIR)/runner --kills $(STRESS) --collector $(BUILD)/ttlog-collect

.PHONY: stress-collector
stress-collector: $(BUILD)/ttlog-collect $(STRESS_DIR)/orphans $(STRESS_DIR)/bystander
	$(Q)$(STRESS_DIR)/orphans $(BUILD)/ttlog-collect $(KILLS)

.PHONY: check-weeks
check-weeks: all apps
	$(Q)TTLOG_WEEKS=$(WEEKS) TTLOG_TEST_LIMIT_S=7200 tests/e2e/run -j 1 'test_weeks_*' </dev/null

$(STRESS_DIR)/bystander: tests/stress/bystander.c $(STRESS_HEADERS)
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(STRESS_CC) -o $@ $< -lpthread

# make stress-steps: programs are killed at every instruction of an append.
.PHONY: stress-steps
stress-steps: $(BUILD)/ttlog-collect $(STRESS_PROGRAMS)
	$(Q)$(STRESS_DIR)/steps $(BUILD)/ttlog-collect

# bound at the start, so that no step is in the dynamic linker
$(STRESS_DIR)/stepped: tests/stress/stepped.c $(STRESS_HEADERS)
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(STRESS_CC) -Wl,-z,now -o $@ $< -lpthread

$(STRESS_DIR)/steps: $(BUILD)/tests/stress/steps.o $(BUILD)/tests/stress/listener.o \
		$(BUILD)/libttlog-test.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lm

$(STRESS_DIR)/victim: tests/stress/victim.c tests/stress/ends.c $(STRESS_HEADERS)
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(STRESS_CC) -o $@ $(filter %.c,$^) -lpthread -ldl

$(STRESS_DIR)/libvictim.so: tests/stress/library.c $(STRESS_HEADERS)
	$(call say,APP,$@)
	@mkdir -p $(@D)
	$(Q)$(STRESS_CC) -fPIC -shared -o $@ $<

$(STRESS_DIR)/libvictim%.so: $(STRESS_DIR)/libvictim.so
	$(Q)cp $< $@

$(STRESS_DIR)/runner: $(BUILD)/tests/stress/runner.o $(BUILD)/tests/stress/verify.o \
		$(BUILD)/tests/stress/listener.o $(BUILD)/libttlog-test.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lm

$(STRESS_DIR)/orphans: $(BUILD)/tests/stress/orphans.o $(BUILD)/libttlog-test.a
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lm
