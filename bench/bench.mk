# SPDX-License-Identifier: MIT
# | make bench          every question of bench/README.md
# | make bench-quick    some of them: under a minute after the build
# Each question has one source, built once per recorder: ours, LTTng-UST, spdlog. A recorder that is
# not installed is left out, and bench/run says so.
BENCH := $(BUILD)/bench
BENCH_HEADERS := $(wildcard bench/*.h include/ttlog/*.h)
BENCH_INCLUDE ?= include
# Flags as a user would choose them. Only ours has all warnings: the peers' macros cause too many.
# All loops start on a cache line: a loop that lies across two may take twice as long, by chance.
BENCH_FLAGS := -O2 -g -D_GNU_SOURCE -falign-loops=64
BENCH_OUR_FLAGS := -std=gnu17 $(BENCH_FLAGS) $(WARN) -I$(BENCH_INCLUDE)
BENCH_LTTNG_FLAGS := -std=gnu17 $(BENCH_FLAGS) -Wall -DMARK_LTTNG -Ibench
BENCH_SPDLOG_FLAGS := -std=c++17 $(BENCH_FLAGS) -Wall -DMARK_SPDLOG \
	$(shell pkg-config --cflags spdlog 2>/dev/null)

BENCH_OURS := $(addprefix $(BENCH)/,disabled cost floor latency rate idle herd starts switches foreign)
BENCH_LTTNG := $(if $(wildcard /usr/include/lttng/tracepoint.h \
	/usr/include/$(MULTIARCH)/lttng/tracepoint.h),$(addprefix $(BENCH)/,disabled_lttng \
	cost_lttng latency_lttng rate_lttng))
BENCH_SPDLOG := $(if $(wildcard /usr/include/spdlog/spdlog.h),$(addprefix $(BENCH)/,cost_spdlog \
	latency_spdlog))
# A compiler needs long for 10,000 marks, so they are in files of 1,000.
BENCH_PARTS := 0 1 2 3 4 5 6 7 8 9
BENCH_QUICK_BINS := $(BENCH_OURS) $(BENCH_LTTNG) $(BENCH_SPDLOG) $(BENCH)/rings $(BENCH)/look_up $(BENCH)/tiny \
	$(BENCH)/publish $(BENCH)/hosts $(BENCH)/sites_1000
BENCH_BINS := $(BENCH_QUICK_BINS) $(BENCH)/sites_10000
# Programs of the tests.
BENCH_APPS := $(addprefix $(BUILD)/,apps/beat apps/storm stress/orphans stress/bystander)

.PHONY: bench bench-quick bench-compare bench-bins deps-bench deps-bench-servers
bench: all $(BENCH_BINS) $(BENCH_APPS)
	$(Q)bench/run --build $(BUILD) --json $(BUILD)/bench.json $(BENCH_ARGS)

bench-quick: all $(BENCH_QUICK_BINS) $(BENCH_APPS)
	$(Q)bench/run --quick --build $(BUILD) --json $(BUILD)/bench-quick.json $(BENCH_ARGS)

# BASE=REV: what is slower than in REV; both are built, and run in turn.
bench-compare: all $(BENCH_BINS) $(BENCH_APPS)
	$(if $(BASE),,$(error BASE=REV: the revision to compare with))
	$(Q)bench/compare --build $(BUILD) --json $(BUILD)/bench-compare.json $(BASE) $(BENCH_ARGS)

bench-bins: $(BENCH_BINS) $(BENCH_APPS)
	@:

deps-bench:
	apt-get update
	apt-get install -y --no-install-recommends lttng-tools liblttng-ust-dev libspdlog-dev \
		bpftrace linux-perf babeltrace2

# Builds them anew each time, with the current header.
deps-bench-servers:
	@.ci/install-packages libevent-dev libmemcached-tools patch
	$(Q)bench/servers/build $(BENCH)/servers

$(BENCH_BINS): $(BENCH_HEADERS) bench/bench.mk

$(BENCH_OURS): $(BENCH)/%: bench/%.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_OUR_FLAGS) -o $@ $< -lpthread

$(BENCH)/tiny: bench/tiny.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_OUR_FLAGS) -static -o $@ $<

$(BENCH_LTTNG): $(BENCH)/%_lttng: bench/%.c bench/lttng_events.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_LTTNG_FLAGS) -o $@ $(filter %.c,$^) -llttng-ust -ldl -lpthread

$(BENCH_SPDLOG): $(BENCH)/%_spdlog: bench/%.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(BENCH_SPDLOG_FLAGS) -o $@ -x c++ $< -x none \
		$(shell pkg-config --libs spdlog) -lpthread

$(BENCH)/rings: bench/rings.c $(BUILD)/libttlog-test.a
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_OUR_FLAGS) $(LDFLAGS) $(SEES_ALL) -o $@ $< $(BUILD)/libttlog-test.a \
		$(LDLIBS) -lm

$(BENCH)/look_up: bench/look_up.c $(BUILD)/libttlog-test.a
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_OUR_FLAGS) $(LDFLAGS) $(SEES_ALL) -o $@ $< $(BUILD)/libttlog-test.a \
		$(LDLIBS) $(VIEW_LDLIBS)

$(BENCH)/publish: bench/publish.c
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_OUR_FLAGS) $(LDFLAGS) -o $@ $< $(FLEET_LDLIBS)

$(BENCH)/hosts: bench/hosts.c $(BUILD)/libttlog-test.a
	$(call say,BENCH,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(BENCH_OUR_FLAGS) $(LDFLAGS) $(SEES_ALL) -o $@ $< $(BUILD)/libttlog-test.a \
		$(FLEET_LDLIBS) -lpthread

$(BENCH)/sites_1000.c: bench/make-sites
	@mkdir -p $(@D)
	$(Q)$< 1000 1 0 > $@

$(BENCH)/sites_10000_%.c: bench/make-sites
	@mkdir -p $(@D)
	$(Q)$< 10000 $(words $(BENCH_PARTS)) $* > $@

# -O1 is enough: only the number of sites counts.
$(BENCH)/sites_%.bench.o: $(BENCH)/sites_%.c $(wildcard include/ttlog/*.h)
	$(call say,BENCH,$@)
	$(Q)$(CC) -std=gnu17 -O1 -D_GNU_SOURCE -I$(BENCH_INCLUDE) -c -o $@ $<

$(BENCH)/sites_1000: $(BENCH)/sites_1000.bench.o
	$(Q)$(CC) -o $@ $(filter %.o,$^) -lpthread

$(BENCH)/sites_10000: $(patsubst %,$(BENCH)/sites_10000_%.bench.o,$(BENCH_PARTS))
	$(Q)$(CC) -o $@ $(filter %.o,$^) -lpthread
