/* SPDX-License-Identifier: MIT */
/*
 * The fields of one USDT probe: from the operands of all its places, and a signature. At one place
 * an argument is in a register, at another it is a constant, whose size and sign say less.
 */
#ifndef TTLOG_USDT_FIELDS_H
#define TTLOG_USDT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "foreign_wire.h"

struct foreign_field;
struct foreign_probe;
struct site;
struct text_pool;
struct usdt_scope;

struct usdt_field {
	uint8_t bytes; /* the most of all places */
	bool is_signed, is_float;
	bool is_constant;               /* at all places so far */
	bool is_memory;                 /* at some place: then it may be null */
	uint8_t type;                   /* enum ttlog_type, once chosen */
	const char *key;                /* NULL: arg0, ... */
	const struct foreign_field *of; /* what the signature says; NULL: nothing */
	size_t null_cnt;                /* places where it can't be read */
	const char *why;
};

/* Starts with zeroes. */
struct usdt_fields {
	size_t argument_cnt; /* the most of all places */
	size_t cnt;          /* those that are recorded, once chosen */
	size_t missing_cnt;  /* fields of the user's signature that no place has */
	struct usdt_field list[TTLOG_MAX_FIELDS];
};

/* Parses the operands of a place into its plan. */
void usdt_fields__add_place(struct usdt_fields *fields, const struct usdt_scope *scope,
			    const char *arguments, struct wire_place *plan);

/* After all places: chooses keys and types. known: of the catalogue, or NULL. Keeps their texts. */
void usdt_fields__choose(struct usdt_fields *fields, const struct foreign_probe *probe,
			 const struct foreign_probe *known);

/* Whether an argument of that size can be that field: a text has an address of 8 bytes. */
bool usdt_fields__fits(const struct foreign_field *field, uint8_t bytes);

/* Then, for each place: makes texts of addresses, and null of what does not fit its type. */
void usdt_fields__finish_place(struct usdt_fields *fields, struct wire_place *plan);
/* And for the site. 0 or -ENOMEM. */
int usdt_fields__fill_site(const struct usdt_fields *fields, struct text_pool *pool,
			   struct site *site);

#endif /* TTLOG_USDT_FIELDS_H */
