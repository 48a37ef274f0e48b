/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "array.h"
#include "elf_file.h"
#include "file_functions.h"
#include "foreign_builder.h"
#include "foreign_probes.h"
#include "foreign_report.h"
#include "function_exits.h"
#include "function_list.h"
#include "functions.h"
#include "nearest.h"
#include "site.h"
#include "value.h"

/* A function that a probe has taken. */
struct taken {
	uint64_t vaddr;
	enum foreign_kind kind;
};

/* One file. */
struct functions {
	struct foreign_builder *builder;
	int debug_fd;   /* -1: there is none */
	int server_err; /* why the debuginfod server gave none; 0: it was not asked */
	struct function_list *list;
	struct function_exits *exits;
	struct arguments *arguments;
	const char *target;
	struct taken *taken;
	size_t taken_cnt, taken_cap;
};

/* ---- the file ---- */

/* "libc" of "/usr/lib/libc.so.6". */
static const char *target_of(struct foreign_builder *builder)
{
	const char *slash = strrchr(builder->path, '/');
	const char *base = slash ? slash + 1 : builder->path;
	const char *suffix = strstr(base, ".so");
	char name[256];

	(void)snprintf(name, sizeof(name), "%.*s",
		       suffix && suffix > base ? (int)(suffix - base) : (int)strlen(base), base);
	return foreign_builder__text(builder, name);
}

/* Of a machine that we don't know, no function is. */
static int open_file(struct functions *functions, const struct foreign_probes *probes, int fd)
{
	functions->list = file_functions__read(fd, functions->builder->path,
					       foreign_probes__debuginfod(probes),
					       &functions->debug_fd, &functions->server_err);
	if (!functions->list)
		return -errno;
	functions->exits = function_exits__new(functions->list);
	if (!functions->exits)
		return -errno;
	functions->arguments =
		arguments__new(functions->list->file->header.e_machine, fd, functions->debug_fd);
	functions->target = target_of(functions->builder);
	return functions->arguments && functions->target ? 0 : -ENOMEM;
}

static void close_file(struct functions *functions)
{
	arguments__free(functions->arguments);
	function_exits__free(functions->exits);
	function_list__free(functions->list);
	if (functions->debug_fd >= 0)
		(void)close(functions->debug_fd);
	free(functions->taken);
}

/* ---- one function ---- */

static void fill_wish(const struct foreign_probe *probe, const struct function *function,
		      struct function_wish *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->vaddr = function->vaddr;
	ret->is_changed = function->clone == FUNCTION_CHANGED || function->clone == FUNCTION_PART;
	ret->has_wishes = probe->has_fields;
	ret->cnt = (uint8_t)probe->field_cnt;
	for (size_t i = 0; i < probe->field_cnt; i++) {
		(void)snprintf(ret->wishes[i].name, sizeof(ret->wishes[i].name), "%s",
			       probe->fields[i].name);
		/* "@OFFSET": the argument itself is an address */
		ret->wishes[i].type = probe->fields[i].step_cnt ? TTLOG_TYPE_PTR
								: probe->fields[i].type;
	}
}

static void go_steps(const struct foreign_field *field, struct argument *argument,
		     struct function_arguments *ret)
{
	struct wire_value *value = &argument->value;
	const size_t bytes = value__fixed_bytes(field->type);

	argument->type = field->type;
	if (value->from == WIRE_NOTHING)
		return;
	if (value->bytes != 8 || value->step_cnt + field->step_cnt > WIRE_MAX_STEPS) {
		(void)snprintf(ret->error, sizeof(ret->error), "'%s' %s", argument->name,
			       value->bytes != 8 ? "is no address"
						 : "is behind more than 4 pointers");
		ret->is_wrong = 1;
		return;
	}
	memcpy(value->steps + value->step_cnt, field->steps,
	       field->step_cnt * sizeof(*field->steps));
	value->step_cnt += field->step_cnt;
	value->bytes = bytes ? (uint8_t)bytes : 8;
	value->is_signed = value__is_signed(field->type);
	if (field->type == TTLOG_TYPE_STR)
		value->text = WIRE_TEXT;
}

/* Each argument is what its "@OFFSET" leads to. */
static void go_all_steps(const struct foreign_probe *probe, struct function_arguments *ret)
{
	for (size_t i = 0; !ret->is_wrong && i < probe->field_cnt; i++) {
		if (probe->fields[i].step_cnt)
			go_steps(&probe->fields[i], &ret->items[i], ret);
	}
}

/* Whether it is one whose event carries that field only if it could be read. */
static bool may_be_null(const struct argument *argument)
{
	return argument->type != TTLOG_TYPE_STR &&
	       (argument->value.from == WIRE_NOTHING || argument->value.from == WIRE_MEMORY ||
		argument->value.step_cnt);
}

static int fill_site(struct functions *functions, const struct foreign_probe *probe,
		     const struct function_match *match, const struct function_arguments *arguments,
		     struct site *site)
{
	struct foreign_builder *builder = functions->builder;

	*site = (struct site){
		.level = probe->level,
		.kind = probe->kind == FOREIGN_SPAN ? TTLOG_SITE_SPAN : TTLOG_SITE_EVENT,
		.nfields = arguments->cnt,
		.line = arguments->file[0] ? arguments->line : 0,
		.service = "",
		.target = functions->target,
		.name = foreign_builder__text(builder, match->name),
		.file = foreign_builder__text(builder, arguments->file),
	};
	site->message = site->function = site->name;
	if (!site->name || !site->file)
		return -ENOMEM;
	for (size_t i = 0; i < arguments->cnt; i++) {
		const struct argument *argument = &arguments->items[i];

		site->keys[i] = foreign_builder__text(builder, argument->name);
		if (!site->keys[i])
			return -ENOMEM;
		site->types[i] = argument->type;
		if (may_be_null(argument))
			site->nullable |= 1u << i;
		/* a signature's fields, in their order */
		if (i < probe->field_cnt && probe->fields[i].is_name)
			site->names |= 1u << i;
	}
	if (probe->kind == FOREIGN_SPAN && arguments->ret.type != TTLOG_TYPE_NONE) {
		site->ret_type = arguments->ret.type;
		site->ret_key = "ret";
	}
	return 0;
}

static int add_start(struct functions *functions, const struct site *site,
		     const struct function *function, const struct function_arguments *arguments)
{
	struct foreign_place place = {
		.offset = function->offset,
		.plan = { .site = site->index,
			  .kind = site->kind == TTLOG_SITE_SPAN ? WIRE_PLACE_BEGIN
								: WIRE_PLACE_EVENT,
			  .value_cnt = arguments->cnt },
	};

	for (size_t i = 0; i < arguments->cnt; i++)
		place.plan.values[i] = arguments->items[i].value;
	return foreign_builder__add_place(functions->builder, &place);
}

static int add_ends(struct functions *functions, const struct site *site,
		    const struct function_arguments *arguments, const struct function_exit *exits,
		    size_t cnt)
{
	int err = 0;

	for (size_t i = 0; !err && i < cnt; i++) {
		struct foreign_place place = {
			.offset = exits[i].offset,
			.plan = { .site = site->index,
				  .kind = exits[i].is_jump ? WIRE_PLACE_JUMP : WIRE_PLACE_RETURN },
		};

		if (!exits[i].is_jump && site->ret_key) {
			place.plan.value_cnt = 1;
			place.plan.values[0] = arguments->ret.value;
		}
		err = foreign_builder__add_place(functions->builder, &place);
	}
	return err;
}

static void report_null(const struct functions *functions, const struct foreign_probe *probe,
			const struct function_match *match,
			const struct function_arguments *arguments)
{
	/* of many functions that are not named, it is to be expected */
	if (!probe->has_fields && foreign_glob__is_pattern(probe->name))
		return;
	for (size_t i = 0; i < arguments->cnt; i++) {
		const struct argument *argument = &arguments->items[i];

		if (argument->value.from == WIRE_NOTHING)
			foreign_report__add(functions->builder->report,
					    "%s: argument '%s' of %s is null: %s",
					    functions->builder->path, argument->name, match->name,
					    argument->why);
	}
}

static bool is_taken(const struct functions *functions, const struct function *function,
		     enum foreign_kind kind)
{
	for (size_t i = 0; i < functions->taken_cnt; i++) {
		if (functions->taken[i].vaddr == function->vaddr &&
		    functions->taken[i].kind == kind)
			return true;
	}
	return false;
}

/* What the compiler puts into each program; a glob does not mean it. */
static bool is_startup(const char *name)
{
	static const char *const names[] = { "_init",
					     "_fini",
					     "frame_dummy",
					     "register_tm_clones",
					     "deregister_tm_clones",
					     "__do_global_dtors_aux" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i]))
			return true;
	}
	return false;
}

/* The instructions that end it, if it is a span. 0; 1: it is left out, and the report says why; or
 * -errno. */
static int find_exits(struct functions *functions, const struct foreign_probe *probe,
		      const struct function_match *match, const struct function_exit **ret_exits,
		      size_t *ret_cnt)
{
	const char *what = "";
	char why[128];
	int err;

	if (foreign_glob__is_pattern(probe->name) && is_startup(match->name))
		return 1;
	err = function_exits__check_start(functions->exits, match->function, why, sizeof(why));
	if (!err && probe->kind == FOREIGN_SPAN) {
		what = "its exits can't be found: ";
		err = function_exits__find(functions->exits, match->function, ret_exits, ret_cnt,
					   why, sizeof(why));
	}
	if (err != -EINVAL)
		return err;
	foreign_report__add(functions->builder->report, "%s '%s': %s in %s is left out: %s%s",
			    foreign_kind__option(probe->kind), probe->text, match->name,
			    functions->builder->path, what, why);
	return 1;
}

/* 0; 1: it is left out, and the report says why; or -errno. */
static int add_function(struct functions *functions, const struct foreign_probe *probe,
			const struct function_match *match)
{
	const char *option = foreign_kind__option(probe->kind);
	const struct function_exit *exits = NULL;
	struct function_arguments arguments;
	struct function_wish wish;
	struct site site;
	size_t exit_cnt = 0;
	int err = find_exits(functions, probe, match, &exits, &exit_cnt);

	if (err)
		return err;
	fill_wish(probe, match->function, &wish);
	arguments__find(functions->arguments, &wish, &arguments);
	go_all_steps(probe, &arguments);
	if (arguments.is_wrong) {
		foreign_report__add(functions->builder->report, "%s '%s': %s in %s: %s", option,
				    probe->text, match->name, functions->builder->path,
				    arguments.error);
		return 1;
	}
	/* all of its places, or none */
	if (functions->builder->table->place_cnt + 1 + exit_cnt > FOREIGN_MAX_PLACES)
		return -E2BIG;
	err = fill_site(functions, probe, match, &arguments, &site);
	if (!err)
		err = foreign_builder__add_site(functions->builder, &site);
	if (!err)
		err = add_start(functions, &site, match->function, &arguments);
	if (!err)
		err = add_ends(functions, &site, &arguments, exits, exit_cnt);
	if (!err)
		report_null(functions, probe, match, &arguments);
	return err;
}

/* ---- one probe ---- */

/* After what this machine does not have. */
static const char *server_words(int err)
{
	switch (err) {
	case 0:
		return "";
	case -ENOENT:
		return "it has none, either";
	case -ESTALE:
		return "its file is of another build";
	default:
		return strerror(-err);
	}
}

static void report_none(struct functions *functions, const struct foreign_probe *probe)
{
	const struct function_list *list = functions->list;
	struct nearest nearest = nearest__to(probe->name);
	const char *option = foreign_kind__option(probe->kind);
	char names[512];

	if (!list->cnt) {
		foreign_report__add(functions->builder->report,
				    "%s '%s': %s has no symbols, so none of its functions is "
				    "known; it is stripped, and a file with its symbols is not "
				    "below /usr/lib/debug or beside it%s%s",
				    option, probe->text, functions->builder->path,
				    functions->server_err ? "; the debuginfod server: " : "",
				    server_words(functions->server_err));
		return;
	}
	for (size_t i = 0; i < list->cnt; i++) {
		const struct function *function = &list->items[i];
		char *name = function->clone == FUNCTION_COLD
				     ? NULL
				     : function_name__readable(function->symbol, function->base_len,
							       false);

		if (name)
			nearest__offer(&nearest, name);
		free(name);
	}
	if (nearest__print(&nearest, names, sizeof(names))[0])
		foreign_report__add(functions->builder->report,
				    "%s '%s': %s has no function '%s'; did you mean %s?", option,
				    probe->text, functions->builder->path, probe->name, names);
	else
		foreign_report__add(functions->builder->report,
				    "%s '%s': none of the %zu functions of %s that have a name "
				    "matches%s",
				    option, probe->text, list->cnt, functions->builder->path,
				    list->has_all ? " (one that is inlined everywhere is not there)"
						  : "; it is stripped, so those of its own "
						    "use have none");
}

static int add_matches(struct functions *functions, const struct foreign_probe *probe,
		       const struct function_match *matches, size_t cnt)
{
	int result = 0;

	for (size_t i = 0; result >= 0 && i < cnt; i++) {
		if (is_taken(functions, matches[i].function, probe->kind))
			continue;
		result = add_function(functions, probe, &matches[i]);
		if (result)
			continue;
		if (array__reserve(functions->taken, functions->taken_cnt + 1,
				   &functions->taken_cap))
			return -ENOMEM;
		functions->taken[functions->taken_cnt++] = (struct taken){
			.vaddr = matches[i].function->vaddr,
			.kind = probe->kind,
		};
	}
	return result < 0 ? result : 0;
}

static int add_probe(struct functions *functions, const struct foreign_probe *probe)
{
	const char *option = foreign_kind__option(probe->kind);
	struct function_match *matches = NULL;
	size_t cnt = 0, resolver_cnt = 0;
	int err = function_list__match(functions->list, probe->name, FUNCTIONS_MAX, &matches, &cnt,
				       &resolver_cnt);

	if (!err && !cnt && resolver_cnt)
		foreign_report__add(functions->builder->report,
				    "%s '%s': which function that is in %s is chosen when the "
				    "program starts (IFUNC): name the one that is used",
				    option, probe->text, functions->builder->path);
	else if (!err && !cnt)
		report_none(functions, probe);
	if (!err)
		err = add_matches(functions, probe, matches, cnt);
	function_matches__free(matches, cnt);
	if (err != -E2BIG)
		return err;
	foreign_report__add(functions->builder->report,
			    "%s '%s': it matches too many functions of %s: at most %u of a file, "
			    "with %u instructions, can be recorded",
			    option, probe->text, functions->builder->path, FUNCTIONS_MAX,
			    FOREIGN_MAX_PLACES);
	return 0;
}

static bool is_for(const struct foreign_probe *probe, const struct foreign_builder *builder)
{
	return probe->kind != FOREIGN_USDT && foreign_probe__takes_file(probe, builder->path);
}

int functions__add(struct foreign_builder *builder, const struct foreign_probes *probes, int fd)
{
	struct functions functions = { .builder = builder, .debug_fd = -1 };
	int err = 0;

	for (size_t i = 0; !err && i < foreign_probes__cnt(probes); i++) {
		const struct foreign_probe *probe = foreign_probes__get(probes, i);

		if (!is_for(probe, builder))
			continue;
		if (!functions.list)
			err = open_file(&functions, probes, fd);
		if (!err)
			err = add_probe(&functions, probe);
	}
	close_file(&functions);
	if (err != -ENOTSUP)
		return err;
	foreign_report__add(builder->report, "%s: its code is of a machine that is not known",
			    builder->path);
	return 0;
}
