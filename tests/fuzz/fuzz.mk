# SPDX-License-Identifier: MIT
# Each fuzz_TARGET.c becomes a libFuzzer binary (by clang, in its own build directory), and a plain
# binary that runs the checked-in corpus.
FUZZ_TARGETS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_REPLAYS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/replay_%)
FUZZ_BINS := $(FUZZ_TARGETS:%=$(BUILD)/tests/fuzz/%)
FUZZ_SHARED := $(BUILD)/tests/fuzz/fuzz.o $(BUILD)/tests/fuzz/snapshot.o $(BUILD)/tests/fuzz/view.o \
	$(BUILD)/tests/fuzz/view_main.o $(BUILD)/libttlog-test.a
FUZZ_S ?= 60
FUZZ_JOBS ?= $(shell nproc)

-include $(wildcard $(BUILD)/tests/fuzz/*.d)

# ttlog-view in the same process.
$(BUILD)/tests/fuzz/view_main.o: $(VIEW_MAIN)
	@mkdir -p $(@D)
	$(Q)objcopy --redefine-sym main=view_main $< $@

$(BUILD)/tests/fuzz/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(FUZZ_SHARED)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS) $(READ_LDLIBS) $(VIEW_LDLIBS) $(CTL_LDLIBS) $(FUZZ_LDLIBS)

$(addprefix $(BUILD)/tests/fuzz/,replay_fleet fleet replay_ask ask): FUZZ_LDLIBS := $(FLEET_LDLIBS)

$(FUZZ_BINS): $(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_SHARED)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ -lcmocka $(LDLIBS) $(READ_LDLIBS) $(VIEW_LDLIBS) $(CTL_LDLIBS) $(FUZZ_LDLIBS)

# Without a fuzzer.
$(BUILD)/tests/test_damage: $(FUZZ_SHARED)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS) $(READ_LDLIBS) $(VIEW_LDLIBS) $(CTL_LDLIBS)

.PHONY: fuzz-replays
fuzz-replays: $(FUZZ_REPLAYS)
	@:

.PHONY: fuzz-binaries
fuzz-binaries: $(FUZZ_BINS)
	@:

# | make fuzz           FUZZ_S=60 seconds of each target of tests/fuzz/, with ASan and UBSan
.PHONY: fuzz
fuzz: fuzz-build
	@tests/fuzz/run -b $(BUILD)/fuzz -j $(FUZZ_JOBS) -s $(FUZZ_S) $(FUZZ_TARGETS)

.PHONY: fuzz-build
fuzz-build:
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/fuzz CC=$(CLANG) \
		SANITIZE=fuzzer-no-link,address,undefined fuzz-binaries
