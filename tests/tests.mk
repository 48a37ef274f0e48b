# SPDX-License-Identifier: MIT
# tests/unit/<room>/test_<module>.c: one cmocka binary each, linked with what it tests (an archive:
# only that). All binaries lie in $(BUILD)/tests.
UNIT_TESTS := $(wildcard $(patsubst %,tests/unit/%/test_*.c,* */* */*/*))
UNIT_OBJS := $(UNIT_TESTS:%.c=$(BUILD)/%.o)
TEST_BINS := $(addprefix $(BUILD)/tests/,$(basename $(notdir $(UNIT_TESTS))))

include $(wildcard tests/apps/apps.mk)

$(BUILD)/libttlog-test.a: $(LIB_OBJS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && ar rcs $@ $^

$(foreach object,$(UNIT_OBJS),$(eval $(BUILD)/tests/$(basename $(notdir $(object))): $(object)))

$(BUILD)/tests/test_%: $(BUILD)/libttlog-test.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libttlog-test.a -lcmocka $(LDLIBS)

$(BUILD)/tests/%.o: CPPFLAGS += -iquote tests/unit $(SEES_ALL)

-include $(UNIT_OBJS:.o=.d)

.PHONY: tests
tests: $(TEST_BINS)
	@:

# | make check          all tests; the recording ones need root. CI=true: what is skipped fails
.PHONY: check
check: all tests fuzz-replays apps
	@tests/run -b $(BUILD) header view unit bench fuzz e2e

# | make failures       each allocation and each system call of ttlog-collect fails once: long, but it
# |                     goes on where it stopped; build/failures says what became of each
.PHONY: failures
failures: $(BUILD)/ttlog-collect $(BUILD)/ttlog-view apps
	@TTLOG_BUILD=$(BUILD) TTLOG_FAILURES=all TTLOG_TEST_LIMIT_S=36000 TTLOG_FAILURES_S=30000 \
		TTLOG_FAILURES_LOG=$(abspath $(BUILD))/failures tests/e2e/run 'test_failures_*'

# | make check-loaded   the same at lowest priority, with each CPU loaded four times over;
# |                     LOADED='test_pull test_live_*': these unit tests, suites of the viewer and end-to-end tests
.PHONY: check-loaded
check-loaded: all tests apps
	@set -f; tests/loaded $(BUILD) $(LOADED)

# | make check-unit     the unit tests alone: no privileges
.PHONY: check-unit
check-unit: tests fuzz-replays
	@tests/run -b $(BUILD) unit bench fuzz

# | make sanitize       unit tests with ASan and UBSan, the ring's with ThreadSanitizer
# Each in a directory of its own, beside the plain build.
.PHONY: sanitize
sanitize: sanitize-build
	@tests/run -b $(BUILD)/asan unit fuzz
	@tests/run -b $(BUILD)/tsan unit

.PHONY: sanitize-build
sanitize-build:
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address,undefined tests fuzz-replays
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SANITIZE=thread $(BUILD)/tsan/tests/test_ring $(BUILD)/tsan/tests/test_ring_copy $(BUILD)/tsan/tests/test_prefault $(BUILD)/tsan/tests/test_ring_budget

# | make demo           records a program that crashes, and shows what led to it
$(BUILD)/demo/exchange: tests/demo/exchange.c $(wildcard include/ttlog/*.h) $(BUILD)/flags
	$(call say,DEMO,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O0 -g -fno-omit-frame-pointer -Wall -Wextra $(WERROR_FLAG) -Iinclude \
		-o $@ $< -lpthread

.PHONY: demo
demo: all $(BUILD)/demo/exchange
	@tests/demo/run $(BUILD)

# | make check-html     the page of --format html in Chromium; make deps-browser before it
DEPS_BROWSER := chromium fonts-dejavu-core

.PHONY: deps-browser
deps-browser:
	@.ci/install-packages $(DEPS_BROWSER)

.PHONY: check-html
check-html: $(BUILD)/ttlog-view
	@TTLOG_NEED_BROWSER=1 tests/view/view_html.py $(BUILD)/ttlog-view

# | make check-readers  Perfetto, speedscope and OpenTelemetry read what is made for them;
# |                     make deps-readers, which fetches these from npm, and deps-browser before it
.PHONY: deps-readers
deps-readers:
	@tests/readers/fetch $(BUILD)/readers

.PHONY: check-readers
check-readers: $(BUILD)/ttlog-view
	@tests/readers/check $(BUILD)/ttlog-view $(BUILD)/readers

# | make stress         STRESS=1000 kills in every way, and at every instruction of an append
# | make check-kernels  records on Debian's kernels, emulated; make deps-kernels before it
include $(wildcard tests/fuzz/fuzz.mk)
include $(wildcard tests/stress/stress.mk)
include $(wildcard tests/kernels/kernels.mk)
