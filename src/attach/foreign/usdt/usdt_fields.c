/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "foreign_probe.h"
#include "site.h"
#include "text_pool.h"
#include "usdt_fields.h"
#include "usdt_operand.h"
#include "value.h"

/* What a place says of an argument. The sign of a constant is the compiler's choice, so that of
 * another operand counts. */
static void learn(struct usdt_field *field, const struct usdt_operand *operand, bool is_first)
{
	const bool is_constant = operand->value.from == WIRE_CONSTANT;

	if (is_first || (field->is_constant && !is_constant)) {
		field->is_signed = operand->is_signed;
		field->is_float = operand->is_float;
	}
	field->is_constant = (is_first || field->is_constant) && is_constant;
	if (operand->bytes > field->bytes)
		field->bytes = operand->bytes;
	field->is_memory |= operand->value.from == WIRE_MEMORY;
	if (operand->value.from != WIRE_NOTHING)
		return;
	field->null_cnt++;
	field->why = operand->why;
}

void usdt_fields__add_place(struct usdt_fields *fields, const struct usdt_scope *scope,
			    const char *arguments, struct wire_place *plan)
{
	struct usdt_operand operand;

	for (size_t i = 0; i < USDT_MAX_ARGUMENTS; i++) {
		if (!usdt_operand__next(scope, &arguments, &operand))
			break;
		learn(&fields->list[i], &operand, i >= fields->argument_cnt);
		if (i >= fields->argument_cnt)
			fields->argument_cnt = i + 1;
		plan->values[plan->value_cnt++] = operand.value;
	}
}

static uint8_t default_type(const struct usdt_field *field)
{
	if (field->is_float && field->bytes >= 4)
		return field->bytes == 8 ? TTLOG_TYPE_F64 : TTLOG_TYPE_F32;
	switch (field->bytes) {
	case 1:
		return field->is_signed ? TTLOG_TYPE_I8 : TTLOG_TYPE_U8;
	case 2:
		return field->is_signed ? TTLOG_TYPE_I16 : TTLOG_TYPE_U16;
	case 4:
		return field->is_signed ? TTLOG_TYPE_I32 : TTLOG_TYPE_U32;
	default:
		return field->is_signed ? TTLOG_TYPE_I64 : TTLOG_TYPE_U64;
	}
}

static bool fits(uint8_t type, uint8_t bytes)
{
	switch (type) {
	case TTLOG_TYPE_STR:
	case TTLOG_TYPE_F64:
		return bytes == 8;
	case TTLOG_TYPE_F32:
		return bytes == 4;
	default:
		return true;
	}
}

bool usdt_fields__fits(const struct foreign_field *field, uint8_t bytes)
{
	return field->step_cnt ? bytes == 8 : fits(field->type, bytes);
}

void usdt_fields__choose(struct usdt_fields *fields, const struct foreign_probe *probe,
			 const struct foreign_probe *known)
{
	const struct foreign_probe *signature = probe->has_fields ? probe : known;
	const bool is_chosen = signature == probe;

	fields->cnt = fields->argument_cnt;
	if (signature && signature->field_cnt < fields->cnt)
		fields->cnt = signature->field_cnt;
	if (is_chosen)
		fields->missing_cnt = signature->field_cnt - fields->cnt;
	for (size_t i = 0; i < fields->cnt; i++) {
		struct usdt_field *field = &fields->list[i];
		const struct foreign_field *of = signature ? &signature->fields[i] : NULL;

		field->key = of ? of->name : NULL;
		field->type = default_type(field);
		/* the catalogue may be of another version: the file knows better */
		if (!of || !of->type || (!is_chosen && !usdt_fields__fits(of, field->bytes)))
			continue;
		field->of = of;
		field->type = of->type;
	}
}

/* "name:str,name_len": a text without a zero byte at its end, as hotspot has them. */
static bool has_length(const struct usdt_fields *fields, size_t at)
{
	const char *key = fields->list[at].key, *next;

	if (!key || at + 1 == fields->cnt)
		return false;
	next = fields->list[at + 1].key;
	return !strncmp(next, key, strlen(key)) && !strcmp(next + strlen(key), "_len");
}

static bool value_fits(const struct usdt_field *field, uint8_t bytes)
{
	return field->of ? usdt_fields__fits(field->of, bytes) : fits(field->type, bytes);
}

/* The argument is an address; its value comes from there. */
static void add_steps(struct usdt_field *field, struct wire_value *value)
{
	const size_t bytes = value__fixed_bytes(field->type);

	value->step_cnt = field->of->step_cnt;
	memcpy(value->steps, field->of->steps, sizeof(value->steps));
	value->bytes = bytes ? (uint8_t)bytes : 8;
	value->is_signed = value__is_signed(field->type);
	field->is_memory = true;
}

void usdt_fields__finish_place(struct usdt_fields *fields, struct wire_place *plan)
{
	for (size_t i = plan->value_cnt; i < fields->cnt; i++) {
		/* other places have more arguments */
		plan->values[i] =
			(struct wire_value){ .base = WIRE_NO_REGISTER, .index = WIRE_NO_REGISTER };
		fields->list[i].null_cnt++;
		fields->list[i].why = "it is not there";
	}
	plan->value_cnt = (uint8_t)fields->cnt;
	for (size_t i = 0; i < fields->cnt; i++) {
		struct usdt_field *field = &fields->list[i];
		struct wire_value *value = &plan->values[i];

		if (value->from == WIRE_NOTHING)
			continue;
		if (value->from != WIRE_CONSTANT && !value_fits(field, value->bytes)) {
			value->from = WIRE_NOTHING;
			field->null_cnt++;
			field->why = "its size does not fit its type";
			continue;
		}
		if (field->of && field->of->step_cnt)
			add_steps(field, value);
		if (field->type == TTLOG_TYPE_STR) {
			value->text = has_length(fields, i) ? WIRE_TEXT_UP_TO : WIRE_TEXT;
		}
	}
}

int usdt_fields__fill_site(const struct usdt_fields *fields, struct text_pool *pool,
			   struct site *site)
{
	char name[24];

	site->nfields = (uint8_t)fields->cnt;
	for (size_t i = 0; i < fields->cnt; i++) {
		const struct usdt_field *field = &fields->list[i];
		const char *key = field->key;

		(void)snprintf(name, sizeof(name), "arg%zu", i);
		if (!key)
			key = name;
		site->keys[i] = text_pool__add(pool, key, strlen(key));
		if (!site->keys[i])
			return -ENOMEM;
		site->types[i] = field->type;
		if (field->type != TTLOG_TYPE_STR && (field->is_memory || field->null_cnt))
			site->nullable |= 1u << i;
		if (field->of && field->of->is_name)
			site->names |= 1u << i;
	}
	return 0;
}
