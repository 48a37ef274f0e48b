/* SPDX-License-Identifier: MIT */
/* Members of a JSON object that another machine sent. */
#ifndef TTLOG_JSON_MEMBER_H
#define TTLOG_JSON_MEMBER_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* A text; "" if it is missing. 0; -EBADMSG: it is no text, has a zero in it, or does not fit. */
int json_member__text(char *to, size_t size, const json_t *object, const char *key);

/* A number; 0 if it is missing, or is none. 0; -EBADMSG: it is negative. */
int json_member__number(uint64_t *ret, const json_t *object, const char *key);

#endif /* TTLOG_JSON_MEMBER_H */
