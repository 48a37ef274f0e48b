/* SPDX-License-Identifier: MIT */
/* Writes JSON, a member after another. Keys are plain ASCII; texts may be any bytes. */
#ifndef TTLOG_JSON_OUT_H
#define TTLOG_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Starts with zeros but for `out`. */
struct json_out {
	FILE *out;
	bool goes_on; /* the next member is not the first one of its object or array */
};

/* key: NULL in an array, or for the outermost object. opening: '{' or '['. */
void json_out__open(struct json_out *json, const char *key, char opening);
void json_out__close(struct json_out *json, char closing);
void json_out__u64(struct json_out *json, const char *key, uint64_t value);
void json_out__bool(struct json_out *json, const char *key, bool value);
/* Bytes that are no UTF-8 become U+FFFD. text: NULL: the member is left out. */
void json_out__text(struct json_out *json, const char *key, const char *text);
/* A moment as text. */
void json_out__time(struct json_out *json, const char *key, uint64_t real_ns);

#endif /* TTLOG_JSON_OUT_H */
