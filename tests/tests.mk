# SPDX-License-Identifier: MIT
# Each tests/unit/<room>/test_<module>.c is one cmocka binary in $(BUILD)/tests. It is linked with
# an archive, so it contains only what it tests.
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
	$(Q)$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libttlog-test.a -lcmocka $(LDLIBS) $(TEST_LDLIBS)

$(BUILD)/tests/test_rates $(BUILD)/tests/test_answer: TEST_LDLIBS := $(CTL_LDLIBS)
FLEET_TESTS := $(patsubst %.c,$(BUILD)/tests/%,$(notdir $(wildcard tests/unit/fleet/test_*.c tests/unit/ship/test_*.c)))
$(FLEET_TESTS): TEST_LDLIBS := $(SHIP_LDLIBS)

$(BUILD)/tests/%.o: CPPFLAGS += -iquote tests/unit $(SEES_ALL)

-include $(UNIT_OBJS:.o=.d)

.PHONY: tests
tests: $(TEST_BINS)
	@:

# | make check          all tests; those that record need root. CI=true: a skipped test fails
.PHONY: check
check: all tests fuzz-replays apps
	@tests/run -b $(BUILD) header view unit bench fuzz e2e

# | make failures       each allocation and system call of ttlog-collect fails once: takes long,
# |                     but goes on where it stopped; build/failures has the result of each
.PHONY: failures
failures: $(BUILD)/ttlog-collect $(BUILD)/ttlog-view apps
	@TTLOG_BUILD=$(BUILD) TTLOG_FAILURES=all TTLOG_TEST_LIMIT_S=36000 TTLOG_FAILURES_S=30000 \
		TTLOG_FAILURES_LOG=$(abspath $(BUILD))/failures tests/e2e/run 'test_failures_*'

# | make storage-faults each system call of the writers fails with each error of a disk; 4 minutes
.PHONY: storage-faults
storage-faults: $(BUILD)/ttlog-collect $(BUILD)/ttlog-view apps
	@TTLOG_BUILD=$(BUILD) TTLOG_STORAGE=all tests/e2e/run 'test_storage_*' 'test_stream_storage_*'

# | make check-loaded   tests at the lowest priority, with four busy programs per CPU;
# |                     LOADED='test_pull test_live_*': only these, of all kinds of tests
.PHONY: check-loaded
check-loaded: all tests apps
	@set -f; tests/loaded $(BUILD) $(LOADED)

# | make check-unit     only the unit tests, which need no privileges
.PHONY: check-unit
check-unit: tests fuzz-replays
	@tests/run -b $(BUILD) unit bench fuzz

# | make sanitize       unit tests with ASan and UBSan, those of the ring and the job queue with ThreadSanitizer
# Each has its own directory inside the plain build's.
.PHONY: sanitize
sanitize: sanitize-build
	@ASAN_OPTIONS=allocator_may_return_null=1 tests/run -b $(BUILD)/asan unit fuzz
	@tests/run -b $(BUILD)/tsan unit

.PHONY: sanitize-build
sanitize-build:
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/asan SANITIZE=address,undefined tests fuzz-replays
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/tsan SANITIZE=thread $(BUILD)/tsan/tests/test_ring $(BUILD)/tsan/tests/test_ring_copy $(BUILD)/tsan/tests/test_prefault $(BUILD)/tsan/tests/test_ring_budget $(BUILD)/tsan/tests/test_job_queue

# | make demo           records a program that crashes, and shows the events before
$(BUILD)/demo/exchange: tests/demo/exchange.c $(wildcard include/ttlog/*.h) $(BUILD)/flags
	$(call say,DEMO,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu17 -O0 -g -fno-omit-frame-pointer -Wall -Wextra $(WERROR_FLAG) -Iinclude \
		-o $@ $< -lpthread

.PHONY: demo
demo: all $(BUILD)/demo/exchange
	@tests/demo/run $(BUILD)

# | make demo-fleet     three servers, a recorder, a shipper: a crash is on all of them
.PHONY: demo-fleet
demo-fleet: all $(BUILD)/demo/exchange
	@tests/demo/fleet $(BUILD)

# | make check-html     the page of --format html in Chromium; needs make deps-browser
DEPS_BROWSER := chromium fonts-dejavu-core

.PHONY: deps-browser
deps-browser:
	@.ci/install-packages $(DEPS_BROWSER)

.PHONY: check-html
check-html: $(BUILD)/ttlog-view
	@TTLOG_NEED_BROWSER=1 tests/view/view_html.py $(BUILD)/ttlog-view

# | make check-readers  Perfetto, speedscope and OpenTelemetry read their formats; needs
# |                     make deps-readers (downloads these from npm) and deps-browser
.PHONY: deps-readers
deps-readers:
	@tests/readers/fetch $(BUILD)/readers

.PHONY: check-readers
check-readers: $(BUILD)/ttlog-view
	@tests/readers/check $(BUILD)/ttlog-view $(BUILD)/readers

# | make check-sentry   the types of Sentry's SDK take --format sentry; needs make deps-readers
.PHONY: check-sentry
check-sentry: $(BUILD)/ttlog-view
	@tests/readers/sentry $(BUILD)/ttlog-view $(BUILD)/readers

# | make check-probes   the catalogue of USDT probes against all binaries that Debian has; installs
# |                     these. make check compares what is there
DEPS_PROBES := openjdk-17-jre-headless postgresql-15 python3

.PHONY: check-probes
check-probes: $(BUILD)/tests/test_catalogue
	@.ci/install-packages $(DEPS_PROBES)
	@TTLOG_NEED_PROBES=1 $(BUILD)/tests/test_catalogue

include $(wildcard tests/fleet/fleet.mk)
include $(wildcard tests/fuzz/fuzz.mk)
include $(wildcard tests/stress/stress.mk)
include $(wildcard tests/kernels/kernels.mk)
include $(wildcard tests/systemd/systemd.mk)
include $(wildcard tests/programs/programs.mk)
