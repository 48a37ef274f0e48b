/* SPDX-License-Identifier: MIT */
/* An error in an expression, and its place. */
#ifndef TTLOG_EXPR_ERROR_H
#define TTLOG_EXPR_ERROR_H

#include <stddef.h>

#define EXPR_ERROR_PRINT_BYTES 640u

struct expr_error {
	size_t at, len; /* of the source, in bytes */
	char why[256];
};

/* Sets the error. Returns -EINVAL. */
__attribute__((format(printf, 4, 5))) int expr_error__set(struct expr_error *error, size_t at,
							  size_t len, const char *format, ...);

/*
 * Prints the reason, and below it the expression, or a part of a long one, with a caret under the
 * place: three lines, the last one without a line end. Control characters become '?'.
 */
void expr_error__print(const struct expr_error *error, const char *source, char *to, size_t size);

#endif /* TTLOG_EXPR_ERROR_H */
