/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "pattern.h"

/* A regular expression sees at most so much of a text: strings are cut at 4,000 bytes, bytes are
 * searched as hex, and a key comes before them. Only a hostile file has more. */
#define SUBJECT_MAX_BYTES (2 * TTLOG_STR_MAX + 512)

/* The text counts as one line, `$` is its end, and no group is captured. */
#define OPTIONS                                                                                    \
	(PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY |               \
	 PCRE2_NEVER_BACKSLASH_C)

/* About a millisecond without the JIT compiler. */
#define MAX_STEPS    100000u
#define MAX_HEAP_KIB 1024u

/* Machine code is up to 25 times as large as its source. */
#define JIT_MAX_BYTES 2048u

static int say_wrong(const char *text, size_t at, int code, size_t end, struct expr_error *ret)
{
	PCRE2_UCHAR reason[160];

	(void)pcre2_get_error_message(code, reason, sizeof(reason));
	return expr_error__set(ret, at, strlen(text),
			       "the regular expression '%.60s' is wrong after '%.*s': %s", text,
			       (int)(end < 60 ? end : 60), text, (const char *)reason);
}

static int say_large(const char *text, size_t at, struct expr_error *ret)
{
	return expr_error__set(ret, at, strlen(text),
			       "the regular expression is too large: all of an expression may take "
			       "%u KiB, with every repetition of a group written out",
			       PATTERN_BUDGET_BYTES >> 10);
}

static int compile(struct pattern *pattern, const char *text, size_t at, struct expr_error *ret)
{
	size_t end = 0, bytes = 0;
	int code;

	pattern->code =
		pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, OPTIONS, &code, &end, NULL);
	if (!pattern->code && code == PCRE2_ERROR_HEAP_FAILED)
		return -ENOMEM;
	if (!pattern->code)
		return code == PCRE2_ERROR_PATTERN_TOO_LARGE ? say_large(text, at, ret)
							     : say_wrong(text, at, code, end, ret);
	(void)pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &bytes);
	if (bytes > PATTERN_BUDGET_BYTES - pattern->budget->bytes)
		return say_large(text, at, ret);
	pattern->budget->bytes += bytes;
	/* if that fails, for example because no memory may be executable, the interpreter is
	 * used */
	if (bytes <= JIT_MAX_BYTES)
		(void)pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	return 0;
}

int pattern__init(struct pattern *pattern, const char *text, size_t at,
		  struct pattern_budget *budget, struct expr_error *ret)
{
	int err;

	*pattern = (struct pattern){ .budget = budget };
	err = compile(pattern, text, at, ret);
	if (!err) {
		pattern->match = pcre2_match_data_create(1, NULL);
		pattern->limits = pcre2_match_context_create(NULL);
		err = pattern->match && pattern->limits ? 0 : -ENOMEM;
	}
	if (err) {
		pattern__fini(pattern);
		return err;
	}
	(void)pcre2_set_match_limit(pattern->limits, MAX_STEPS);
	(void)pcre2_set_heap_limit(pattern->limits, MAX_HEAP_KIB);
	return 0;
}

void pattern__fini(struct pattern *pattern)
{
	pcre2_match_context_free(pattern->limits);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	*pattern = (struct pattern){ .code = NULL };
}

bool pattern__matches(const struct pattern *pattern, struct ttlog_text text)
{
	size_t len = text.len < SUBJECT_MAX_BYTES ? text.len : SUBJECT_MAX_BYTES;
	PCRE2_SPTR subject = (PCRE2_SPTR)(len ? text.p : "");
	int found = pcre2_match(pattern->code, subject, len, 0, 0, pattern->match, pattern->limits);

	if (found == PCRE2_ERROR_JIT_STACKLIMIT)
		found = pcre2_match(pattern->code, subject, len, 0, PCRE2_NO_JIT, pattern->match,
				    pattern->limits);
	if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		pattern->budget->gave_up++;
	return found >= 0;
}
