# SPDX-License-Identifier: MIT
# `make lint` checks the sources by clang-format, cppcheck, clang-tidy and mandoc.

# All our files, tracked or new. vmlinux.h comes from the kernel.
SOURCES = $(filter-out vmlinux/%,$(shell git ls-files -co --exclude-standard '*.c' '*.h' '*.cc' \
	2>/dev/null || find . -name build -prune -o -name '*.[ch]' -printf '%P\n' -o -name '*.cc' -printf '%P\n'))

.PHONY: format
format:
	$(Q)clang-format -i $(SOURCES)

.PHONY: lint
lint: lint-format lint-cppcheck lint-man lint-tidy
	@:

.PHONY: lint-format
lint-format:
	$(call say,FORMAT,'all sources')
	$(Q)clang-format --dry-run -Werror $(SOURCES)

.PHONY: lint-cppcheck
lint-cppcheck:
	$(call say,CPPCHECK,'src viewer')
	$(Q)cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --std=c11 \
		--suppress=missingIncludeSystem --suppress=ctuuninitvar -D__x86_64__ -D__BYTE_ORDER__=1234 \
		'-DLIBBPF_OPTS(type, name, ...)=struct type name = { 0 }' \
		'-Djson_array_foreach(array, i, item)=if ((item = array))' \
		-D__ORDER_LITTLE_ENDIAN__=1234 -D__ORDER_BIG_ENDIAN__=4321 -D_GNU_SOURCE -Iinclude $(patsubst -iquote,-I,$(SEES_ALL)) src viewer

.PHONY: lint-man
lint-man:
	$(call say,MANDOC,man)
	$(Q)mandoc -Tlint -Wwarning man/*

.PHONY: lint-tidy
lint-tidy: $(patsubst $(BUILD)/%.o,$(BUILD)/lint/%.tidy,$(LIB_OBJS) $(COLLECT_MAIN) $(VIEW_MAIN))
	@:

# These include a skeleton. The code that bpftool writes there leaks when memory runs out.
$(SKEL_OBJS:$(BUILD)/%.o=$(BUILD)/lint/%.tidy): TIDY_FLAGS := --checks=-clang-analyzer-unix.Malloc

# The most steps that the analyzer takes through a function; its default is 225,000. All files take
# two minutes on two CPUs; src/recorder/recorder.c takes 1.4 s of CPU instead of 8.9.
TIDY_STEPS := $(addprefix --extra-arg=,-Xclang -analyzer-config -Xclang max-nodes=40000)

# clang-tidy counts on stderr the warnings that it does not show.
$(BUILD)/lint/%.tidy: %.c .clang-tidy $(BUILD)/%.o
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' $(TIDY_FLAGS) $(TIDY_STEPS) $< -- -std=gnu17 $(CPPFLAGS) $(call sees,$<) 2>$@.err || \
		{ cat $@.err; false; }
	@touch $@
