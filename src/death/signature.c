/* SPDX-License-Identifier: MIT */
/*
 * What differs from build to build, or from start to start, is left out: addresses, directories,
 * build ids, versions of libraries, what compilers append to the names of copies of functions. So
 * are frames of the language's run-time, which another version of it may have more or fewer of.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "crash.h"
#include "hash.h"
#include "signature.h"

#define MAX_OWN 5 /* frames */

/* A part of a longer text. */
struct part {
	const char *p;
	size_t len;
};

static bool is_equal(struct part part, const char *text)
{
	return part.len == strlen(text) && memcmp(part.p, text, part.len) == 0;
}

static bool begins(struct part part, const char *text)
{
	return part.len >= strlen(text) && memcmp(part.p, text, strlen(text)) == 0;
}

/* "libx.so" of "/usr/lib/libx.so.1.2" */
static struct part module_of(const struct crash_frame *frame)
{
	const char *slash = frame->module ? strrchr(frame->module, '/') : NULL;
	const char *name = slash ? slash + 1 : frame->module ? frame->module : "";
	const char *version = strstr(name, ".so.");

	return (struct part){ name, version ? (size_t)(version + 3 - name) : strlen(name) };
}

static size_t count_last(struct part name, const char *chars)
{
	size_t cnt = 0;

	while (cnt < name.len && strchr(chars, name.p[name.len - cnt - 1]))
		cnt++;
	return cnt;
}

static void cut_offset(struct part *name)
{
	const size_t digits = count_last(*name, "0123456789abcdef");

	if (digits && name->len >= digits + 3 &&
	    !memcmp(name->p + name->len - digits - 3, "+0x", 3))
		name->len -= digits + 3;
}

/* Compilers name a copy of a function, or a part of it: "f.constprop.0", "f.part.0.cold". A name
 * in Go may have dots, too. */
static bool cut_copy(struct part *name)
{
	static const char *const words[] = { ".constprop", ".isra",     ".part",
					     ".cold",      ".lto_priv", ".llvm" };
	struct part rest = *name;
	const size_t digits = count_last(rest, "0123456789");

	if (digits && rest.len > digits && rest.p[rest.len - digits - 1] == '.')
		rest.len -= digits + 1;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		const size_t len = strlen(words[i]);

		if (rest.len > len && !memcmp(rest.p + rest.len - len, words[i], len)) {
			name->len = rest.len - len;
			return true;
		}
	}
	return false;
}

/* A name in Rust may end in a hash that differs from build to build: "core::f::h0123456789abcdef" */
static void cut_rust_hash(struct part *name)
{
	const char *end = name->p + name->len;

	if (name->len > 19 && !memcmp(end - 19, "::h", 3) &&
	    count_last(*name, "0123456789abcdef") == 16)
		name->len -= 19;
}

static struct part function_of(const struct crash_frame *frame)
{
	struct part name = { frame->symbol, frame->symbol ? strlen(frame->symbol) : 0 };
	const char *copy = frame->symbol ? strstr(frame->symbol, " [clone ") : NULL;

	cut_offset(&name);
	if (copy)
		name.len = (size_t)(copy - name.p);
	while (cut_copy(&name))
		;
	cut_rust_hash(&name);
	return name;
}

static bool is_run_time(const struct crash_frame *frame)
{
	static const char *const modules[] = {
		"libc.so",   "libpthread.so", "libm.so",      "libgcc_s.so",   "libstdc++.so",
		"libc++.so", "[vdso]",        "libc++abi.so", "linux-vdso.so", "linux-gate.so",
	};
	/* of a static program, or at the beginning of any */
	static const char *const functions[] = {
		"abort",
		"__GI_abort",
		"raise",
		"__GI_raise",
		"gsignal",
		"pthread_kill",
		"__pthread_kill",
		"__pthread_kill_internal",
		"__pthread_kill_implementation",
		"__assert_fail",
		"__assert_fail_base",
		"__assert_perror_fail",
		"__libc_message",
		"__libc_fatal",
		"__fortify_fail",
		"__chk_fail",
		"__stack_chk_fail",
		"__restore_rt",
		"_start",
		"__libc_start_main",
		"__libc_start_main_impl",
		"__libc_start_call_main",
		"start_thread",
		"clone",
		"clone3",
		"__clone3",
		"std::terminate()",
		"__cxa_throw",
		"__cxa_rethrow",
		"__cxxabiv1::__terminate(void (*)())",
		"__gnu_cxx::__verbose_terminate_handler()",
	};
	const struct part module = module_of(frame), function = function_of(frame);

	if (begins(module, "ld-linux") || begins(module, "ld-musl"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		if (is_equal(module, modules[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (is_equal(function, functions[i]))
			return true;
	}
	return false;
}

/* The first frames of the program's own code. If it has none of them, the first of all. */
static size_t find_own(const struct crash *crash, const struct crash_frame *ret[MAX_OWN])
{
	size_t cnt = 0;

	for (size_t i = 0; i < crash->frame_cnt && cnt < MAX_OWN; i++) {
		const struct crash_frame *frame = &crash->frames[i];

		/* nowhere: the program has jumped there, or unwinding has lost its way */
		if (i && !frame->module && !frame->symbol)
			continue;
		if (!is_run_time(frame))
			ret[cnt++] = frame;
	}
	for (size_t i = 0; !cnt && i < crash->frame_cnt && i < MAX_OWN; i++)
		ret[i] = &crash->frames[i];
	if (!cnt)
		cnt = crash->frame_cnt < MAX_OWN ? crash->frame_cnt : MAX_OWN;
	return cnt;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
	return hash__fnv(hash, text, strlen(text));
}

static uint64_t add_signal(uint64_t hash, int signal)
{
	char name[CRASH_SIGNAL_NAME_BYTES];

	crash__signal_name(signal, name);
	return add_text(hash, name);
}

/* Where no function has a name, only offsets tell crashes apart; the next build has others. */
static uint64_t add_frame(uint64_t hash, const struct crash_frame *frame, bool has_names)
{
	const struct part module = module_of(frame), function = function_of(frame);
	char offset[32];

	hash = add_text(hash, "\n");
	hash = hash__fnv(hash, module.p, module.len);
	hash = add_text(hash, "!");
	if (function.len)
		return hash__fnv(hash, function.p, function.len);
	if (has_names || !module.len)
		return add_text(hash, "?");
	(void)snprintf(offset, sizeof(offset), "0x%" PRIx64, frame->offset);
	return add_text(hash, offset);
}

void signature__set(struct crash *crash)
{
	const struct crash_frame *own[MAX_OWN];
	const size_t cnt = find_own(crash, own);
	uint64_t hash = add_signal(HASH_FNV_START, crash->signal);
	bool has_names = false;

	crash->signature[0] = '\0';
	if (!cnt)
		return;
	for (size_t i = 0; i < cnt; i++)
		has_names |= function_of(own[i]).len > 0;
	for (size_t i = 0; i < cnt; i++)
		hash = add_frame(hash, own[i], has_names);
	(void)snprintf(crash->signature, sizeof(crash->signature), "%016" PRIx64, hash);
}
