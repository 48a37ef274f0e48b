/* SPDX-License-Identifier: MIT */
/*
 * Configuration files: what they set and what they don't, every mistake with its file and line, and
 * the text that says the same again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <errno.h>

#include "array.h"
#include "config.h"
#include "config_file.h"
#include "config_fixture.h"
#include "env.h"
#include "settings.h"
#include "site.h"
#include "site_filter.h"
#include "temp_dir.h"
#include "trigger_plan.h"

static void assert_refused_bytes(const char *text, size_t len, const char *wanted)
{
	char error[CONFIG_ERROR_BYTES] = "";
	struct env env;
	int err = parse_bytes(&env, text, len, error);

	if (!err)
		err = config__build(&env, error, sizeof(error));
	if (err != -EINVAL || strncmp(error, wanted, strlen(wanted)) != 0)
		fail_msg("'%.60s': %d, '%s', not '%s'", text, err, error, wanted);
	env__fini(&env);
}

static void assert_refused(const char *text, const char *wanted)
{
	assert_refused_bytes(text, strlen(text), wanted);
}

static void build(struct env *env, const char *text)
{
	build_with(env, text, (const char *const[]){ NULL });
}

static bool takes(const struct env *env, const char *target, uint8_t level)
{
	const struct site site = { .level = level, .target = target, .name = "n", .file = "f" };

	return site_filter__matches(env->site_filter, &site);
}

static void test_config_sets_what_options_set(void **state)
{
	struct env env;

	(void)state;
	build(&env, "\xef\xbb\xbf# a comment\n; another\n\r\n"
		    "  exe = /bin/a b ; no comment \r\n"
		    "level=info\nfilter = target=net.*\n\tfilter: level<=warn\n"
		    "output-dir = /d\non = exit,crash\ninterval = 250ms\nimmediate = Yes\nverbose\n"
		    "quiet = no\nring-size = 1M\nmax-snapshots = 7\nmax-disk = 2G\nsched = on\n"
		    "keep-until-shipped = yes");
	assert_int_equal(env.mode, ENV_PATH);
	assert_string_equal(env.path, "/bin/a b ; no comment");
	assert_string_equal(env.output_dir, "/d");
	assert_int_equal(env.triggers->on, TRIGGER_ON_EXIT | TRIGGER_ON_CRASH);
	assert_int_equal(env.interval_ns, 250000000);
	assert_true(env.immediate);
	assert_true(env.sched);
	assert_string_equal(env.shipped_state, "/var/lib/ttlog-ship");
	assert_int_equal(env.sched_least_ns, 1000000);
	assert_false(env.quiet);
	assert_true(env.verbose);
	assert_int_equal(env.ring_bytes, 1 << 20);
	assert_int_equal(env.buffer_bytes, 64 << 20);
	assert_int_equal(env.max_snapshots, 7);
	assert_int_equal(env.max_disk_bytes, 2ull << 30);
	assert_true(takes(&env, "net.http", TTLOG_LEVEL_INFO));
	assert_false(takes(&env, "net.http", TTLOG_LEVEL_ERROR));
	assert_false(takes(&env, "db", TTLOG_LEVEL_INFO));
	assert_false(takes(&env, "net.http", TTLOG_LEVEL_DEBUG));
	env__fini(&env);
}

static void test_config_loses_against_the_command_line(void **state)
{
	struct env env;

	(void)state;
	build_with(&env,
		   "pid = 5\nfilter = target=net.*\nlevel = info\nquiet = yes\nring-size = 1M\n"
		   "[target a]\nexe = *\nlevel = warn\nring-size = 2M\n",
		   (const char *const[]){ "exe", "/x", "filter", "target=db", "level", "debug",
					  "verbose", NULL, NULL });
	assert_int_equal(env.mode, ENV_PATH);
	assert_int_equal(env.pid_cnt, 0);
	assert_true(takes(&env, "db", TTLOG_LEVEL_DEBUG));
	assert_false(takes(&env, "net.x", TTLOG_LEVEL_DEBUG));
	assert_true(env.verbose);
	assert_false(env.quiet);
	assert_true(env.verbose);
	assert_int_equal(env.ring_bytes, 1 << 20);
	/* also against a section */
	assert_true(takes(env.targets.items[0].env, "db", TTLOG_LEVEL_DEBUG));
	assert_int_equal(env.targets.items[0].env->ring_bytes, 2 << 20);
	env__fini(&env);
}

static const struct target *match(const struct env *env, const char *exe, const char *unit,
				  const char *cgroup, const char *service)
{
	const struct target_subject subject = { exe, unit, cgroup, service };

	return target_list__match(&env->targets, &subject);
}

/* They take the place of those of all. */
static void test_config_sections_have_watches(void **state)
{
	const struct trigger_plan *plan;
	struct env env;

	(void)state;
	build(&env, "pid = 1\non = exit\non = event:level>=FATAL\n"
		    "[target a]\nexe = a\non = event:level>=ERROR\non = fill>50%\n"
		    "[target b]\nexe = b\non = crash\non = slow:handle>1s\n"
		    "[target c]\nexe = c\n");
	assert_int_equal(env.triggers->watch_cnt, 1);
	plan = env.targets.items[0].env->triggers;
	assert_int_equal(plan->on, TRIGGER_ON_CRASH | TRIGGER_ON_KILLED | TRIGGER_ON_REQUEST);
	assert_int_equal(plan->watch_cnt, 2);
	assert_string_equal(plan->watches[0].text, "event:level>=ERROR");
	assert_int_equal(plan->watches[1].percent, 50);
	plan = env.targets.items[1].env->triggers;
	assert_int_equal(plan->on, TRIGGER_ON_CRASH);
	assert_int_equal(plan->watch_cnt, 1);
	assert_string_equal(plan->watches[0].probe, "handle");
	env__fini(&env);
}

static void test_config_sections_choose_processes(void **state)
{
	struct env env;

	(void)state;
	build(&env, "pid = 1\nlevel = info\nfilter = target=x*\n\n[target a]\n"
		    "exe = /usr/bin/*\nexe = api-?\nunit = *.service\n"
		    "[target  b.c@d:1_-]\ncgroup = /system.slice/*\nfilter = target=y\n"
		    "[target c]\nservice=s\nlevel=trace\non=exit\nring-size=3M\n");
	assert_int_equal(env.targets.cnt, 3);
	assert_string_equal(env.targets.items[1].name, "b.c@d:1_-");
	assert_string_equal(env.targets.items[2].place, "x.conf:12");
	assert_true(target_list__has(&env.targets, "service"));
	assert_ptr_equal(match(&env, "/usr/bin/deep/x", "a.service", NULL, NULL),
			 &env.targets.items[0]);
	assert_ptr_equal(match(&env, "/opt/api-1", "a.service", "/system.slice/x", "s"),
			 &env.targets.items[0]);
	/* each key has to match, and what is not known does not */
	assert_null(match(&env, "/opt/api-1", "a.scope", NULL, NULL));
	assert_null(match(&env, "/opt/api-1", NULL, NULL, NULL));
	assert_null(match(&env, NULL, NULL, NULL, NULL));
	/* only of exe the last part counts */
	assert_null(match(&env, NULL, NULL, "/x/s", "/x/s"));
	assert_ptr_equal(match(&env, NULL, NULL, "/system.slice/a/b", "s"), &env.targets.items[1]);
	assert_ptr_equal(match(&env, "/usr/bin/x", NULL, NULL, "s"), &env.targets.items[2]);

	/* its own settings, else those of all */
	assert_true(takes(env.targets.items[0].env, "x1", TTLOG_LEVEL_INFO));
	assert_false(takes(env.targets.items[0].env, "y", TTLOG_LEVEL_INFO));
	assert_true(takes(env.targets.items[1].env, "y", TTLOG_LEVEL_INFO));
	assert_false(takes(env.targets.items[1].env, "x1", TTLOG_LEVEL_INFO));
	assert_false(takes(env.targets.items[1].env, "y", TTLOG_LEVEL_DEBUG));
	assert_true(takes(env.targets.items[2].env, "x", TTLOG_LEVEL_TRACE));
	assert_int_equal(env.targets.items[2].env->triggers->on, TRIGGER_ON_EXIT);
	assert_int_equal(env.targets.items[2].env->ring_bytes, 3 << 20);
	assert_int_equal(env.targets.items[1].env->ring_bytes, 64 << 20);
	env__fini(&env);
}

static void test_config_names_file_and_line(void **state)
{
	(void)state;
	assert_refused("pid = 1\nlevl = info", "x.conf:2: 'levl' is no key");
	assert_refused("pid = 1\nLevel = info", "x.conf:2: 'Level' is no key");
	assert_refused("pid = 1\n\nlevel = loud\n", "x.conf:3: level: 'loud' is not one of trace");
	assert_refused("pid = x", "x.conf:1: pid: 'x' is not a process id");
	assert_refused("ring-size = 2T", "x.conf:1: ring-size: '2T' is out of range");
	assert_refused("filter = color=red", "x.conf:1: filter: \"color\"");
	assert_refused("filter =", "x.conf:1: filter: ");
	assert_refused("output-dir =", "x.conf:1: output-dir: '' is not a directory");
	assert_refused("immediate = maybe", "x.conf:1: immediate: 'maybe' is not yes or no");
	assert_refused(
		"sched = maybe",
		"x.conf:1: sched: 'maybe' is not the shortest wait to record, such as 1ms; in a "
		"file also yes or no");
	assert_refused("pid = 1\nlevel", "x.conf:2: level takes a level, or");
	assert_refused("pid = 1\nsome words", "x.conf:2: 'some words' is no key");
	assert_refused("quiet\nquiet = no", "x.conf:2: quiet is in x.conf:1, too");
	assert_refused("[target a]\nexe", "x.conf:2: exe: it takes a pattern");
	assert_refused("= 5", "x.conf:1: '' is no key");
	assert_refused("level = info\n# x\nlevel = info", "x.conf:3: level is in x.conf:1, too");
	assert_refused("trigger = x", "x.conf:1: 'trigger' is no key: it is for the command line");
	assert_refused("config = x", "x.conf:1: 'config' is no key: it is for the command line");
	assert_refused("dry-run = yes", "x.conf:1: 'dry-run' is no key: it is for the command");
	assert_refused("[target a]\nexe=*\nlevel=loud", "x.conf:3: level: 'loud'");
	assert_refused("[target a]\nexe=*\nlevel=info\nlevel=warn",
		       "x.conf:4: level is in x.conf:3");
	assert_refused("[target a]\nbuffer-size=1M",
		       "x.conf:2: buffer-size is no key of a section");
	assert_refused("[target a]\nexe=", "x.conf:2: exe: it takes a pattern");
	assert_refused("[target a]\nexe=*\n\n[target a]",
		       "x.conf:4: [target a] is in x.conf:1, too");
	assert_refused("\n[target a]\n[target b]\nexe=*", "x.conf:2: [target a] is for no process");
	assert_refused("[target a]\nexe=*\non=exit\non=fill>500%\n", "x.conf:4: on: ");
	assert_refused("[target a]\nexe=*\non=event:level>=\n", "x.conf:3: on: ");
	assert_refused("[target a", "x.conf:1: a section's line ends with ]");
	assert_refused("[target a] x", "x.conf:1: a section's line ends with ]");
	assert_refused("[", "x.conf:1: a section's line ends with ]");
	assert_refused("[]", "x.conf:1: [] is no section");
	assert_refused("[target]", "x.conf:1: [target] is no section");
	assert_refused("[targeta]", "x.conf:1: [targeta] is no section");
	assert_refused("[target a b]", "x.conf:1: [target a b] is no section");
	assert_refused("[other a]", "x.conf:1: [other a] is no section");
	assert_refused("pid = 1\nexe = /x", "-p and -e exclude each other");
	assert_refused("level = info", "one of -p, -e");
}

static void test_config_takes_no_bytes_that_are_no_text(void **state)
{
	(void)state;
	assert_refused_bytes("pid = 1\n\0", 9, "x.conf:2: byte 0x00 in column 1");
	assert_refused_bytes("output-dir = /a\0b", 17, "x.conf:1: byte 0x00 in column 16");
	assert_refused("output-dir = \x1b[2J", "x.conf:1: byte 0x1b in column 14");
	assert_refused("pid = 1\r2", "x.conf:1: byte 0x0d in column 8");
	/* UTF-16 */
	assert_refused_bytes("\xff\xfep\0i\0", 6, "x.conf:1: byte 0x00 in column 4");
}

/* inih would cut it. */
static void test_config_refuses_what_is_too_long(void **state)
{
	static char text[CONFIG_LINE_BYTES + 64];
	struct env env;
	size_t len;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "pid = 1\noutput-dir = /", 22);
	len = 8 + CONFIG_LINE_BYTES - 1;
	text[len] = '\0';
	build(&env, text);
	assert_int_equal(strlen(env.output_dir), CONFIG_LINE_BYTES - 1 - strlen("output-dir = "));
	env__fini(&env);
	text[len] = 'a';
	text[len + 1] = '\0';
	assert_refused(text, "x.conf:2: a line of more than 4095 bytes");

	memset(text, 'n', sizeof(text));
	memcpy(text, "[target ", 8);
	strcpy(text + 8 + 64, "]\nexe=*\npid=1");
	assert_int_equal(strlen(text), 8 + 64 + 13);
	text[72] = 'n';
	strcpy(text + 73, "]");
	assert_refused(text, "x.conf:1: [target nnn");
	memset(text, 'k', 200);
	strcpy(text + 200, "=1");
	assert_refused(text, "x.conf:1: 'kkk");
}

/* ---- files ---- */

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static char dir[] = "/tmp/ttlog-config-XXXXXX";

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	(void)state;
	return temp_dir__remove(dir);
}

static const char *in_dir(const char *name)
{
	static char paths[32][64];
	static unsigned at;
	char *path = paths[at++ % 32];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	return path;
}

static int load(struct env *env, const char *path, char error[CONFIG_ERROR_BYTES])
{
	assert_int_equal(env__init(env), 0);
	env->config_path = path;
	error[0] = '\0';
	return config__build(env, error, CONFIG_ERROR_BYTES);
}

static void assert_file_refused(const char *path, const char *wanted)
{
	char error[CONFIG_ERROR_BYTES];
	struct env env;

	assert_true(load(&env, path, error) < 0);
	if (!strstr(error, wanted))
		fail_msg("%s: '%s', not '%s'", path, error, wanted);
	env__fini(&env);
}

static void test_config_reads_drop_ins_in_order(void **state)
{
	const char *path = in_dir("a.conf");
	char error[CONFIG_ERROR_BYTES];
	struct env env;

	(void)state;
	write_file(path, "pid = 1\nlevel = info\nfilter = target=net.*\nexe = /x\n");
	assert_file_refused(path, "-p and -e exclude each other");
	write_file(path, "pid = 1\nlevel = info\nfilter = target=net.*\nring-size = 1M\n");
	assert_int_equal(load(&env, path, error), 0);
	assert_int_equal(env.ring_bytes, 1 << 20);
	env__fini(&env);

	assert_int_equal(mkdir(in_dir("conf.d"), 0700), 0);
	write_file(in_dir("conf.d/20.conf"), "ring-size = 3M\n[target t]\nexe = *\n");
	write_file(in_dir("conf.d/10.conf"), "ring-size = 2M\nfilter = level<=warn\n");
	write_file(in_dir("conf.d/.30.conf"), "bad");
	write_file(in_dir("conf.d/30.conf~"), "bad");
	assert_int_equal(load(&env, path, error), 0);
	assert_int_equal(env.ring_bytes, 3 << 20);
	assert_true(takes(&env, "net.x", TTLOG_LEVEL_WARN));
	assert_false(takes(&env, "net.x", TTLOG_LEVEL_ERROR));
	assert_false(takes(&env, "db", TTLOG_LEVEL_WARN));
	assert_int_equal(env.targets.cnt, 1);
	assert_true(target_list__has(&env.targets, "exe"));
	assert_false(target_list__has(&env.targets, "service"));
	env__fini(&env);

	/* one more --config */
	assert_int_equal(env__init(&env), 0);
	assert_int_equal(given_list__add(&env.by_user, setting__of_long_name("config"), path, NULL),
			 0);
	assert_int_equal(given_list__add(&env.by_user, setting__of_long_name("config"), path, NULL),
			 0);
	config__find(&env, NULL);
	assert_int_equal(config__build(&env, error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "--config: only one FILE can be given");
	env__fini(&env);

	/* twice in one file; in two files, two sections of one name */
	write_file(in_dir("conf.d/30.conf"), "ring-size = 3M\nring-size = 4M");
	assert_file_refused(path, "/conf.d/30.conf:2: ring-size is in /tmp/");
	write_file(in_dir("conf.d/30.conf"), "[target t]\nunit = *\n");
	assert_file_refused(path, "/conf.d/30.conf:1: [target t] is in /tmp/");
	write_file(in_dir("conf.d/30.conf"), "\nlevel = loud");
	assert_file_refused(path, "/conf.d/30.conf:2: level: 'loud'");
	assert_int_equal(chmod(in_dir("conf.d"), 0777), 0);
	assert_file_refused(path, "/conf.d: others can write to it");
}

static void test_config_refuses_files_of_others(void **state)
{
	const char *path = in_dir("b/b.conf");
	char error[CONFIG_ERROR_BYTES];
	struct env env;

	(void)state;
	assert_int_equal(mkdir(in_dir("b"), 0755), 0);
	assert_file_refused(path, "/b/b.conf: can't open it: No such file");
	write_file(path, "pid = 1\n");
	assert_int_equal(load(&env, path, error), 0);
	env__fini(&env);
	assert_int_equal(chmod(path, 0620), 0);
	assert_file_refused(path, "/b/b.conf: others can write to it");
	assert_int_equal(chmod(path, 0602), 0);
	assert_file_refused(path, "/b/b.conf: others can write to it");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(in_dir("b"), 0777), 0);
	assert_file_refused(path, "/b: others can write to it");
	/* what the name stands for counts */
	assert_int_equal(symlink(path, in_dir("link.conf")), 0);
	assert_file_refused(in_dir("link.conf"), "/b: others can write to it");
	/* as /tmp */
	assert_int_equal(chmod(in_dir("b"), 01777), 0);
	assert_int_equal(load(&env, path, error), 0);
	env__fini(&env);
	if (!geteuid()) {
		assert_int_equal(chown(path, 1234, 0), 0);
		assert_file_refused(path, "belongs neither to root nor to the user who runs this");
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_file_refused(path, "/b/b.conf: it is no regular file");
	assert_file_refused(in_dir("b"), "/b: it is no regular file");
}

static void test_config_refuses_huge_files(void **state)
{
	const char *path = in_dir("huge.conf");

	(void)state;
	write_file(path, "pid = 1\n");
	assert_int_equal(truncate(path, CONFIG_MAX_BYTES), 0);
	assert_file_refused(path, "huge.conf:2: a line of more than 4095 bytes");
	assert_int_equal(truncate(path, CONFIG_MAX_BYTES + 1), 0);
	assert_file_refused(path, "/huge.conf: it has more than 256 KiB");
	assert_int_equal(truncate(path, (off_t)1 << 40), 0);
	assert_file_refused(path, "/huge.conf: it has more than 256 KiB");
}

/* ---- and back ---- */

static void test_config_prints_what_says_the_same(void **state)
{
	struct env env, again;
	char *text, *same;

	(void)state;
	build_with(
		&env,
		"pid = 1\npid = 2\nlevel = info\nfilter = target=a\nfilter = probe=b\nquiet = 1\n"
		"ring-size=1M\n[target t]\nexe=*\nlevel = warn\nring-size=5M\nfilter=file=c\n",
		(const char *const[]){ "level", "fatal", "level", "debug", "output-dir", "/a  b",
				       "immediate", NULL, NULL });
	text = print(&env);
	assert_non_null(strstr(text, "\nlevel = debug\n"));
	assert_null(strstr(text, "= info"));
	assert_null(strstr(text, "warn"));
	assert_non_null(strstr(text, "pid = 1\npid = 2\n"));
	assert_non_null(strstr(text, "\nfilter = target=a\nfilter = probe=b\n"));
	assert_non_null(strstr(text, "\noutput-dir = /a  b\n"));
	assert_non_null(strstr(text, "\nimmediate = yes\n"));
	assert_non_null(strstr(text, "\nquiet = 1\n"));
	assert_non_null(strstr(text, "\nverbose = no\n"));
	assert_non_null(strstr(text, "\nbuffer-size = 64M\n"));
	assert_non_null(strstr(text, "\n\n[target t]\nexe = *\nfilter = file=c\nring-size = 5M\n"));
	build(&again, text);
	same = print(&again);
	assert_string_equal(same, text);
	assert_int_equal(again.pid_cnt, 2);
	env__fini(&again);
	env__fini(&env);
	free(same);
	free(text);
}

static void test_config_prints_no_value_that_a_file_can_not_have(void **state)
{
	static const char *const values[] = { " /a", "/a ", "/a\nlevel = info", "/\x1b[2J" };
	char error[CONFIG_ERROR_BYTES] = "";
	FILE *out = fopen("/dev/null", "w");
	struct env env;

	(void)state;
	assert_non_null(out);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		build_with(&env, "pid = 1\n",
			   (const char *const[]){ "output-dir", values[i], NULL });
		assert_int_equal(config__print(&env, out, error, sizeof(error)), -EINVAL);
		assert_non_null(strstr(error, "output-dir: no file can have this value"));
		env__fini(&env);
	}
	(void)fclose(out);
}

/* What is printed without a file is that of all defaults. */
static void test_config_presets_are_the_defaults(void **state)
{
	struct env env, again;
	char *text;

	(void)state;
	build(&env, "pid = 1\n");
	text = print(&env);
	build(&again, text);
	for (size_t i = 0; i < setting_cnt; i++) {
		if (!setting__long_name(&settings[i]))
			fail_msg("%s has no long option", settings[i].name);
		if (setting__is_in_file(&settings[i]) &&
		    !strstr(text, setting__long_name(&settings[i])))
			fail_msg("%s is not printed", settings[i].name);
	}
	assert_string_equal(again.output_dir, env.output_dir);
	assert_int_equal(again.triggers->on, env.triggers->on);
	assert_int_equal(again.ring_bytes, env.ring_bytes);
	assert_int_equal(again.buffer_bytes, env.buffer_bytes);
	assert_int_equal(again.interval_ns, env.interval_ns);
	assert_int_equal(again.all_stacks, env.all_stacks);
	assert_int_equal(again.max_disk_bytes, env.max_disk_bytes);
	env__fini(&again);
	env__fini(&env);
	free(text);
}

/* ---- once more ---- */

static void test_config_reads_again_what_files_say_then(void **state)
{
	static const char *const same[] = { "level", "filter", "quiet", "ring-size", "max-disk" };
	const char *path = in_dir("again/again.conf");
	char error[CONFIG_ERROR_BYTES] = "";
	struct env env, again;

	(void)state;
	assert_int_equal(mkdir(in_dir("again"), 0700), 0);
	write_file(path, "pid = 1\nfilter = target=a\nring-size = 64M\ninterval = 1s\n"
			 "[target t]\nexe = *\nlevel = info\n");
	assert_int_equal(env__init(&env), 0);
	env.config_path = path;
	assert_int_equal(
		given_list__add(&env.by_user, setting__of_long_name("level"), "warn", NULL), 0);
	assert_int_equal(config__build(&env, error, sizeof(error)), 0);

	/* the default in words, and a level that the command line has */
	write_file(path, "exe = /x\nfilter = target=a\non = exit\nlevel = debug\nquiet = no\n"
			 "[target t]\nexe = *\nlevel = info\n");
	assert_int_equal(config__read_again(&env, &again, error, sizeof(error)), 0);
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_true(config__agree(&env, &again, setting__of_long_name(same[i])));
	assert_false(config__agree(&env, &again, setting__of_long_name("interval")));
	assert_false(config__agree(&env, &again, setting__of_long_name("on")));
	assert_false(config__agree(&env, &again, setting__of_long_name("pid")));
	assert_int_equal(again.mode, ENV_PATH);
	assert_true(target_list__is_same(&env.targets, &again.targets));
	env__fini(&again);

	write_file(path, "pid = 1\nfilter = target=a\nfilter = target=b\n"
			 "[target t]\nexe = *\nlevel = warn\n");
	assert_int_equal(config__read_again(&env, &again, error, sizeof(error)), 0);
	assert_false(config__agree(&env, &again, setting__of_long_name("filter")));
	assert_false(target_list__is_same(&env.targets, &again.targets));
	env__fini(&again);

	write_file(path, "pid = 1\nlevl = 1\n");
	memset(&again, 0x5a, sizeof(again));
	assert_int_equal(config__read_again(&env, &again, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "again.conf:2: 'levl' is no key"));
	assert_int_equal(again.mode, 0x5a5a5a5a);
	env__fini(&env);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_sets_what_options_set),
		cmocka_unit_test(test_config_loses_against_the_command_line),
		cmocka_unit_test(test_config_sections_have_watches),
		cmocka_unit_test(test_config_sections_choose_processes),
		cmocka_unit_test(test_config_names_file_and_line),
		cmocka_unit_test(test_config_takes_no_bytes_that_are_no_text),
		cmocka_unit_test(test_config_refuses_what_is_too_long),
		cmocka_unit_test(test_config_reads_drop_ins_in_order),
		cmocka_unit_test(test_config_refuses_files_of_others),
		cmocka_unit_test(test_config_refuses_huge_files),
		cmocka_unit_test(test_config_prints_what_says_the_same),
		cmocka_unit_test(test_config_prints_no_value_that_a_file_can_not_have),
		cmocka_unit_test(test_config_presets_are_the_defaults),
		cmocka_unit_test(test_config_reads_again_what_files_say_then),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
