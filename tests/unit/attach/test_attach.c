/* SPDX-License-Identifier: MIT */
/*
 * Files with sites, from the mappings of real processes: this one and a child that logs. To read
 * files needs no privileges; to enable sites needs a kernel side.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "marked_child.h"

#include "attach.h"
#include "attached_process.h"
#include "maps.h"
#include "site_filter.h"
#include "site.h"

/* Attaches to this process. The result holds its files. */
static struct attached_process *keep_own_files(struct attach *attach)
{
	struct attached_process *attached = attached_process__new((uint32_t)getpid());

	assert_non_null(attached);
	attach__keep_files(attach, getpid(), attached);
	return attached;
}

static struct attach *open_attach(struct kernel *kernel, const struct site_filter *filter)
{
	const struct attach_options options = { .kernel = kernel, .site_filter = filter };
	struct attach *attach = attach__new(&options);

	assert_non_null(attach);
	return attach;
}

/* The module of these that is this program. */
static uint32_t own_module(struct attach *attach, const struct attached_process *attached)
{
	uint32_t number = 0;

	for (size_t i = 0; i < attached->module_cnt; i++) {
		struct site_table *table = attach__table(attach, attached->modules[i]);

		if (table && table->has_module)
			number = attached->modules[i];
		site_table__free(table);
	}
	assert_true(number);
	return number;
}

static void own_build_id(struct attach *attach, char ret[41])
{
	struct maps *maps = maps__read(getpid());
	struct stat status;
	bool found = false;

	assert_non_null(maps);
	assert_int_equal(stat("/proc/self/exe", &status), 0);
	for (size_t i = 0; i < maps->cnt && !found; i++) {
		const struct maps_entry *entry = &maps->entries[i];

		found = entry->executable && entry->inode == status.st_ino &&
			!attach__find_build_id(attach, entry->dev, entry->inode, ret);
	}
	assert_true(found);
	maps__free(maps);
}

static void test_attach_knows_files_by_build_id(void **state)
{
	struct attach *attach = open_attach(NULL, *state);
	struct attached_process *attached = keep_own_files(attach);
	char build_id[41], exe[PATH_MAX] = "", *path, *service;
	struct stat own, opened;
	int fd;

	assert_true(attach__has_marked(attach));
	own_build_id(attach, build_id);
	fd = attach__open(attach, build_id);
	assert_true(fd >= 0);
	assert_int_equal(stat("/proc/self/exe", &own), 0);
	assert_int_equal(fstat(fd, &opened), 0);
	assert_int_equal(opened.st_ino, own.st_ino);
	path = attach__path(attach, build_id);
	assert_true(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	assert_string_equal(path, exe);
	service = attach__service(attach, build_id, attached->modules, attached->module_cnt);
	assert_string_equal(service, TTLOG_SERVICE);
	assert_null(attach__service(attach, build_id, NULL, 0)); /* another process's file */
	build_id[0] = build_id[0] == '0' ? '1' : '0';
	assert_int_equal(attach__open(attach, build_id), -ENOENT);
	assert_null(attach__path(attach, build_id));
	free(service);
	free(path);
	(void)close(fd);
	attached_process__free(attached);
	attach__free(attach);
}

static void test_attach_has_the_sites_of_a_file(void **state)
{
	struct attach *attach = open_attach(NULL, *state);
	struct attached_process *attached = keep_own_files(attach);
	struct site_table *table = attach__table(attach, own_module(attach, attached));

	assert_int_equal(table->cnt, MARKED_SITES);
	assert_string_equal(table->sites[0].name, "step");
	assert_string_equal(table->sites[1].name, "rare");
	assert_null(attach__table(attach, 0));
	assert_null(attach__table(attach, UINT32_MAX));
	attached_process__free(attached);
	attach__free(attach);
	/* a table outlives its module */
	assert_string_equal(table->sites[0].keys[0], "n");
	site_table__free(table);
}

static void test_attach_frees_what_nobody_holds(void **state)
{
	struct attach *attach = open_attach(NULL, *state);
	struct attached_process *attached = keep_own_files(attach);
	uint32_t number = own_module(attach, attached);

	attach__find_unused(attach);
	attach__free_unused(attach);
	assert_true(attach__hold(attach, number));
	attach__release(attach, &number, 1);
	assert_false(attach__has_unused(attach));
	attached_process__free(attached);
	assert_true(attach__has_unused(attach));
	attach__find_unused(attach);
	assert_true(attach__has_found_unused(attach));
	attach__free_unused(attach);
	assert_false(attach__has_unused(attach));
	assert_false(attach__hold(attach, number));
	attach__free(attach);
}

/* Between the two steps a process held the module, and may have passed it on. */
static void test_attach_keeps_what_was_held_meanwhile(void **state)
{
	struct attach *attach = open_attach(NULL, *state);
	struct attached_process *attached = keep_own_files(attach);
	uint32_t number = own_module(attach, attached);

	attached_process__free(attached);
	attach__find_unused(attach);
	assert_true(attach__hold(attach, number));
	attach__release(attach, &number, 1);
	attach__free_unused(attach);
	assert_true(attach__hold(attach, number));
	attach__release(attach, &number, 1);
	attach__free(attach);
}

/* ---- with a kernel side ---- */

struct recording {
	struct kernel *kernel;
	struct attach *attach;
	struct marked_child child;
	struct attach_result result;
	unsigned int before_cnt;
	uint64_t recorded_before;
};

/* No site is enabled yet. */
static void take_before(void *ctx, struct attached_process *attached)
{
	struct recording *recording = ctx;

	assert_int_equal(attached->pid, recording->child.pid);
	recording->before_cnt++;
	recording->recorded_before += marked_child__log(&recording->child, 1);
	attached_process__free(attached);
}

static void start(struct recording *recording, const struct site_filter *filter)
{
	*recording = (struct recording){ .kernel = marked_child__open_kernel(false) };
	recording->attach = open_attach(recording->kernel, filter);
	recording->child = marked_child__start();
}

static void end(struct recording *recording)
{
	(void)marked_child__end(&recording->child, 0);
	attach__free(recording->attach);
	kernel__free(recording->kernel);
}

static int attach_to_child(struct recording *recording)
{
	return attach__process(recording->attach, recording->child.pid, take_before, recording,
			       &recording->result);
}

static void test_attach_switches_sites_on_and_off(void **state)
{
	struct recording recording;

	start(&recording, *state);
	assert_int_equal(attach_to_child(&recording), 0);
	assert_int_equal(recording.before_cnt, 1);
	assert_int_equal(recording.recorded_before, 0);
	assert_int_equal(recording.result.module_cnt, 1);
	assert_int_equal(recording.result.new_cnt, 1);
	assert_int_equal(recording.result.marked_cnt, MARKED_SITES);
	assert_int_equal(recording.result.site_cnt, MARKED_SITES);
	assert_int_equal(marked_child__log(&recording.child, 3), 3);
	attach__close_gates(recording.attach);
	assert_int_equal(marked_child__log(&recording.child, 3), 0);
	end(&recording);
}

static void test_attach_leaves_off_what_was_not_chosen(void **state)
{
	struct site_filter *filter = site_filter__new();
	struct recording recording;

	(void)state;
	assert_non_null(filter);
	assert_int_equal(site_filter__set_levels(filter, "error", NULL, 0), 0);
	start(&recording, filter);
	assert_int_equal(attach_to_child(&recording), 0);
	assert_int_equal(recording.result.marked_cnt, MARKED_SITES);
	assert_int_equal(recording.result.site_cnt, 1);
	assert_int_equal(marked_child__log(&recording.child, 3), 0);
	end(&recording);
	site_filter__free(filter);
}

/* A filter that matches no site is most often a mistake: the error lists the sites there are. */
static void test_attach_offers_sites_where_none_was_chosen(void **state)
{
	struct site_filter *filter = site_filter__new();
	struct recording recording;
	char error[128] = "";

	(void)state;
	assert_int_equal(site_filter__add(filter, "probe=nothing", error, sizeof(error)), 0);
	start(&recording, filter);
	assert_int_equal(attach_to_child(&recording), 0);
	assert_int_equal(recording.result.site_cnt, 0);
	assert_non_null(strstr(recording.result.choices, "step"));
	assert_non_null(strstr(recording.result.choices, "rare"));
	end(&recording);
	site_filter__free(filter);
}

static void test_attach_to_one_that_has_ended_fails(void **state)
{
	struct recording recording;
	struct marked_child dead;

	start(&recording, *state);
	dead = marked_child__start();
	(void)marked_child__end(&dead, SIGKILL);
	assert_int_equal(attach__process(recording.attach, dead.pid, take_before, &recording,
					 &recording.result),
			 -ESRCH);
	assert_int_equal(recording.before_cnt, 0);
	end(&recording);
}

static int make_filter(void **state)
{
	*state = site_filter__new();
	return *state ? 0 : -1;
}

static int free_filter(void **state)
{
	site_filter__free(*state);
	return 0;
}

/* The state of all modules: a filter that matches every site. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach_knows_files_by_build_id),
		cmocka_unit_test(test_attach_has_the_sites_of_a_file),
		cmocka_unit_test(test_attach_frees_what_nobody_holds),
		cmocka_unit_test(test_attach_keeps_what_was_held_meanwhile),
		cmocka_unit_test(test_attach_switches_sites_on_and_off),
		cmocka_unit_test(test_attach_leaves_off_what_was_not_chosen),
		cmocka_unit_test(test_attach_offers_sites_where_none_was_chosen),
		cmocka_unit_test(test_attach_to_one_that_has_ended_fails),
	};

	return cmocka_run_group_tests_name("attach", tests, make_filter, free_filter);
}
