/* SPDX-License-Identifier: MIT */
/*
 * Names are demangled by libiberty, the demangler of gdb and binutils. A short symbol can stand for
 * a name of gigabytes, so its output is taken in pieces, and left when there are enough of them:
 * libiberty keeps what it works with on the stack.
 */
#include <errno.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#undef ARRAY_SIZE /* libiberty.h has it, too */
#include "array.h"
#include "function_name.h"

struct suffix {
	const char *text;
	enum function_clone clone;
};

/* .lto_priv and .llvm: a name of one file that became one of all; .localalias: another name. */
static const struct suffix suffixes[] = {
	{ ".cold", FUNCTION_COLD },          { ".part.", FUNCTION_PART },
	{ ".constprop.", FUNCTION_CHANGED }, { ".isra.", FUNCTION_CHANGED },
	{ ".lto_priv.", FUNCTION_WHOLE },    { ".llvm.", FUNCTION_WHOLE },
	{ ".localalias", FUNCTION_WHOLE },
};

/* NULL: it is none. */
static const struct suffix *find_suffix(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		const size_t len = strlen(suffixes[i].text);

		if (!strncmp(text, suffixes[i].text, len) &&
		    (suffixes[i].text[len - 1] == '.' || !text[len] || text[len] == '.' ||
		     text[len] == '@'))
			return &suffixes[i];
	}
	return NULL;
}

size_t function_name__base(const char *symbol, enum function_clone *ret_clone)
{
	/* a name may begin with either */
	const size_t whole = symbol[0] ? 1 + strcspn(symbol + 1, "@") : 0;
	size_t len = whole;

	*ret_clone = FUNCTION_WHOLE;
	for (size_t at = 1; at < whole; at++) {
		const struct suffix *suffix = symbol[at] == '.' ? find_suffix(symbol + at) : NULL;

		if (!suffix)
			continue;
		if (len == whole)
			len = at;
		if (suffix->clone > *ret_clone)
			*ret_clone = suffix->clone;
	}
	return len;
}

struct output {
	char text[FUNCTION_NAME_MAX_BYTES];
	size_t len;
	jmp_buf full;
};

static void take_piece(const char *piece, size_t len, void *ctx)
{
	struct output *output = ctx;

	if (len >= sizeof(output->text) - output->len)
		longjmp(output->full, 1);
	memcpy(output->text + output->len, piece, len);
	output->len += len;
}

/* False: it is not of that kind, or too long. */
static bool demangle(const char *symbol, int options, struct output *output)
{
	output->len = 0;
	if (setjmp(output->full))
		return false;
	if (symbol[1] == 'R')
		return rust_demangle_callback(symbol, options, take_piece, output);
	return cplus_demangle_v3_callback(symbol, options, take_piece, output);
}

/* "::h0123456789abcdef" at the end: a hash of Rust's older names. */
static size_t drop_hash(const char *text, size_t len)
{
	const size_t hash = 19;

	if (len > hash && !memcmp(text + len - hash, "::h", 3) &&
	    strspn(text + len - hash + 3, "0123456789abcdef") == 16)
		return len - hash;
	return len;
}

char *function_name__readable(const char *symbol, size_t len, bool has_parameters)
{
	char *own = strndup(symbol, len), *name = NULL;
	struct output *output;

	if (!own || len > FUNCTION_SYMBOL_MAX_BYTES || own[0] != '_' ||
	    (own[1] != 'Z' && own[1] != 'R'))
		return own;
	output = malloc(sizeof(*output));
	if (output && demangle(own, DMGL_ANSI | (has_parameters ? DMGL_PARAMS : 0), output)) {
		output->text[output->len] = '\0';
		name = strndup(output->text, drop_hash(output->text, output->len));
	} else if (output) {
		name = own;
		own = NULL;
	}
	free(output);
	free(own);
	return name;
}

char *function_name__of_type(const char *name, size_t len)
{
	/* a type of one file only has a star before its name */
	const size_t star = len && name[0] == '*';
	char *own = len <= FUNCTION_SYMBOL_MAX_BYTES ? strndup(name + star, len - star) : NULL;
	struct output *output = own ? malloc(sizeof(*output)) : NULL;
	const int options = DMGL_ANSI | DMGL_PARAMS | DMGL_TYPES;
	char *readable = NULL;

	errno = own && !output ? ENOMEM : EINVAL;
	if (output && own[0] && demangle(own, options, output)) {
		readable = strndup(output->text, drop_hash(output->text, output->len));
		errno = ENOMEM;
	}
	free(output);
	free(own);
	return readable;
}
