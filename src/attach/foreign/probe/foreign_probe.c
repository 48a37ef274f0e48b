/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "ascii.h"
#include "foreign_probe.h"
#include "glob.h"
#include "value.h"

/* Its text is taken apart in place. */
#define NAME_WORD "cxx"

struct parser {
	struct foreign_probe *probe;
	char *error;
	size_t error_size;
};

static const struct {
	const char *word;
	uint8_t type;
} types[] = {
	{ "i8", TTLOG_TYPE_I8 },       { "i16", TTLOG_TYPE_I16 },   { "i32", TTLOG_TYPE_I32 },
	{ "i64", TTLOG_TYPE_I64 },     { "u8", TTLOG_TYPE_U8 },     { "u16", TTLOG_TYPE_U16 },
	{ "u32", TTLOG_TYPE_U32 },     { "u64", TTLOG_TYPE_U64 },   { "f32", TTLOG_TYPE_F32 },
	{ "f64", TTLOG_TYPE_F64 },     { "str", TTLOG_TYPE_STR },   { "hex", TTLOG_TYPE_HEX },
	{ "ptr", TTLOG_TYPE_PTR },     { "bool", TTLOG_TYPE_BOOL }, { "char", TTLOG_TYPE_CHAR },
	{ NAME_WORD, TTLOG_TYPE_STR },
};

__attribute__((format(printf, 2, 3))) static int refuse(const struct parser *parser,
							const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(parser->error, parser->error_size, format, args);
	va_end(args);
	return -EINVAL;
}

const char *foreign_kind__option(enum foreign_kind kind)
{
	switch (kind) {
	case FOREIGN_USDT:
		return "--usdt";
	case FOREIGN_FUNCTION:
		return "--uprobe";
	case FOREIGN_SPAN:
		return "--span";
	}
	return "";
}

bool foreign_glob__matches(const char *glob, const char *text)
{
	const struct ttlog_text pattern = { .p = glob, .len = strlen(glob) };

	return !strcmp(glob, text) ||
	       glob__match(pattern, (struct ttlog_text){ .p = text, .len = strlen(text) });
}

bool foreign_glob__is_pattern(const char *glob)
{
	return glob[strcspn(glob, "*?[")] != '\0';
}

static bool is_name_char(char c)
{
	return ascii__is_letter(c) || ascii__is_digit(c) || c == '_';
}

/* "a", and with members "a.b.c". */
static bool is_field_name(const char *name, bool members)
{
	bool starts = true;

	for (; *name; name++) {
		if (members && *name == '.' && !starts) {
			starts = true;
			continue;
		}
		if (!is_name_char(*name) || (starts && ascii__is_digit(*name)))
			return false;
		starts = false;
	}
	return !starts;
}

/* Whether it is a parameter of C++, and no field: a type of C, or of more than one word. */
static bool is_parameter(const char *item, size_t len)
{
	static const char *const words[] = { "int",    "char",     "void",  "long",
					     "short",  "bool",     "float", "double",
					     "signed", "unsigned", "..." };

	for (; len && *item == ' '; len--)
		item++;
	while (len && item[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i]) == len && !memcmp(words[i], item, len))
			return true;
	return memchr(item, ' ', len) && !memchr(item, ':', len);
}

/* Whether these are parameters of C++, as a demangled name has them. `text`: what is between the
 * parentheses. */
static bool are_parameters(const char *text)
{
	if (strpbrk(text, "*&<[") || strstr(text, "::"))
		return true;
	for (;;) {
		const size_t len = strcspn(text, ",");

		if (is_parameter(text, len))
			return true;
		if (!text[len])
			return false;
		text += len + 1;
	}
}

/* "@8@-16": text after the type. */
static int parse_steps(const struct parser *parser, const char *name, const char *text,
		       struct foreign_field *field)
{
	while (*text == '@') {
		char *end;
		long step;

		errno = 0;
		step = strtol(text + 1, &end, 0);
		if (errno || end == text + 1 || step != (int32_t)step || (*end && *end != '@'))
			return refuse(parser, "'%s' is no offset (of field '%s')", text + 1, name);
		if (field->step_cnt == WIRE_MAX_STEPS)
			return refuse(parser, "field '%s' has more than %d offsets", name,
				      WIRE_MAX_STEPS);
		field->steps[field->step_cnt++] = (int32_t)step;
		text = end;
	}
	return 0;
}

/* "TYPE" or "TYPE@OFFSET"; it is changed. */
static int parse_type(const struct parser *parser, const char *name, char *word,
		      struct foreign_field *field)
{
	char *steps = strchr(word, '@');
	int err = steps ? parse_steps(parser, name, steps, field) : 0;

	if (err)
		return err;
	if (steps)
		*steps = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].word, word)) {
			field->type = types[i].type;
			field->is_name = !strcmp(word, NAME_WORD);
			return 0;
		}
	return refuse(parser, "'%s' is no type (of field '%s'): types are " FOREIGN_TYPES, word,
		      name);
}

/* "FIELD" or "FIELD:TYPE". */
static int parse_field(const struct parser *parser, char *text)
{
	struct foreign_probe *probe = parser->probe;
	const bool members = probe->kind != FOREIGN_USDT;
	char *name = ascii__trim(text), *type = strchr(name, ':');
	struct foreign_field *field;
	int err = 0;

	if (type) {
		*type++ = '\0';
		type = ascii__trim(type);
		name = ascii__trim(name);
	}
	if (!is_field_name(name, members))
		return refuse(parser, "'%s' is no name for field %zu: letters, digits and _%s",
			      name, probe->field_cnt + 1, members ? ", and . before a member" : "");
	for (size_t i = 0; i < probe->field_cnt; i++)
		if (!strcmp(probe->fields[i].name, name))
			return refuse(parser, "field '%s' is there twice", name);
	if (probe->field_cnt == TTLOG_MAX_FIELDS)
		return refuse(parser, "it has more than %d fields", TTLOG_MAX_FIELDS);
	field = &probe->fields[probe->field_cnt];
	if (type)
		err = parse_type(parser, name, type, field);
	if (err)
		return err;
	field->name = strdup(name);
	if (!field->name)
		return -ENOMEM;
	probe->field_cnt++;
	return 0;
}

static int parse_fields(const struct parser *parser, char *text)
{
	char *next;
	int err;

	parser->probe->has_fields = true;
	if (!*ascii__trim(text))
		return 0;
	for (; text; text = next) {
		next = strchr(text, ',');
		if (next)
			*next++ = '\0';
		err = parse_field(parser, text);
		if (err)
			return err;
	}
	return 0;
}

/* The parenthesis that the last character closes. */
static char *find_open(char *text)
{
	size_t depth = 0;

	for (char *at = text + strlen(text); at-- > text;) {
		depth += *at == ')';
		if (*at == '(' && !--depth)
			return at;
	}
	return NULL;
}

static bool ends_in(const char *text, const char *end, const char *word)
{
	const size_t len = strlen(word);

	return (size_t)(end - text) >= len && !memcmp(end - len, word, len);
}

/* Cuts the signature from the end of the name. */
static int take_fields(const struct parser *parser, char *name)
{
	const size_t len = strlen(name);
	const bool is_usdt = parser->probe->kind == FOREIGN_USDT;
	char *open;

	if (!len || name[len - 1] != ')') {
		if (is_usdt && strpbrk(name, "()"))
			return refuse(parser, "%s",
				      strchr(name, '(') ? "its '(' has no ')' at the end"
							: "its ')' has no '('");
		return 0;
	}
	open = find_open(name);
	if (!open)
		return refuse(parser, "its ')' has no '('");
	if (!is_usdt && ends_in(name, open, "operator"))
		return 0;
	name[len - 1] = '\0';
	if (!is_usdt && (open == name || open[-1] != ')') && are_parameters(open + 1)) {
		name[len - 1] = ')';
		return 0;
	}
	*open = '\0';
	return parse_fields(parser, open + 1);
}

/* Cuts "=LEVEL" from the end. */
static int take_level(const struct parser *parser, char *text)
{
	char *equals = strrchr(text, '=');
	int level;

	if (!equals || strchr(equals, ')') || strchr(equals, '('))
		return 0;
	if (!equals[1] && strstr(text, "operator"))
		return 0;
	level = value__parse_level(equals + 1);
	if (level < 0)
		return refuse(parser,
			      "'%s' is no level: levels are trace, debug, info, warn, error "
			      "and fatal",
			      equals + 1);
	*equals = '\0';
	parser->probe->has_level = true;
	parser->probe->level = (uint8_t)level;
	return 0;
}

/* The first ':' that is not half of "::". */
static char *find_colon(char *text)
{
	for (; *text; text++) {
		if (*text != ':')
			continue;
		if (text[1] != ':')
			return text;
		text++;
	}
	return NULL;
}

/* A path as processes have it: in their maps there is no link. NULL: there is no such file, or no
 * memory. */
static char *real_path(const char *where)
{
	const char *slash = strrchr(where, '/');
	char *dir, *real_dir, *real = NULL;

	if (!foreign_glob__is_pattern(where))
		return realpath(where, NULL);
	dir = strndup(where, (size_t)(slash - where) + 1);
	real_dir = dir && !foreign_glob__is_pattern(dir) ? realpath(dir, NULL) : NULL;
	if (real_dir && asprintf(&real, "%s%s", strcmp(real_dir, "/") ? real_dir : "", slash) < 0)
		real = NULL;
	free(real_dir);
	free(dir);
	return real;
}

static int parse(const struct parser *parser, char *text)
{
	struct foreign_probe *probe = parser->probe;
	const bool is_usdt = probe->kind == FOREIGN_USDT;
	char *colon;
	int err = take_level(parser, text);

	if (err)
		return err;
	colon = find_colon(text);
	if (!colon || strcspn(text, "(") < (size_t)(colon - text))
		return refuse(parser, "it has no ':' between %s",
			      is_usdt ? "provider and probe" : "file and function");
	*colon++ = '\0';
	err = take_fields(parser, colon);
	if (err)
		return err;
	text = ascii__trim(text);
	colon = ascii__trim(colon);
	if (!*text)
		return refuse(parser, "it has no %s before ':'", is_usdt ? "provider" : "file");
	if (!*colon)
		return refuse(parser, "it has no %s after ':'", is_usdt ? "probe" : "function");
	probe->where = strdup(text);
	probe->name = strdup(colon);
	if (!is_usdt && strchr(text, '/'))
		probe->real_where = real_path(text);
	return probe->where && probe->name ? 0 : -ENOMEM;
}

struct foreign_probe *foreign_probe__parse(enum foreign_kind kind, const char *text,
					   char *ret_error, size_t size)
{
	struct foreign_probe *probe = calloc(1, sizeof(*probe));
	struct parser parser = { .probe = probe, .error = ret_error, .error_size = size };
	char *copy = strdup(text);
	int err = -ENOMEM;

	if (!probe || !copy)
		goto done;
	probe->kind = kind;
	probe->level = TTLOG_LEVEL_INFO;
	probe->text = strdup(text);
	if (probe->text)
		err = parse(&parser, copy);

done:
	free(copy);
	if (err) {
		foreign_probe__free(probe);
		errno = -err;
		return NULL;
	}
	return probe;
}

void foreign_probe__free(struct foreign_probe *probe)
{
	if (!probe)
		return;
	for (size_t i = 0; i < probe->field_cnt; i++)
		free(probe->fields[i].name);
	free(probe->text);
	free(probe->where);
	free(probe->real_where);
	free(probe->name);
	free(probe);
}
