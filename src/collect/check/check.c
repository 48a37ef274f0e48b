/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "facilities.h"
#include "given_path.h"
#include "shipped_dir.h"
#include "trial.h"

enum {
	OUTPUT,
	SHIPPED,
	BY_PID,
	BY_COMMAND
};

static const struct question uses[] = {
	[OUTPUT] = { "output directory can be written to", true, "snapshots can't be kept",
		     "name another with -o DIR", .ask = NULL },
	[SHIPPED] = { "what is shipped can be read", false,
		      "no file counts as shipped: all stay until --max-disk and --keep-free",
		      "name ttlog-ship's --state directory, and start ttlog-ship", .ask = NULL },
	[BY_PID] = { "recording by -p, tried", true, "programs that run already can't be recorded",
		     "what is missing above; else what ttlog-collect -v -p PID says", .ask = NULL },
	[BY_COMMAND] = { "recording by -- CMD, tried", true, "-- CMD can't be used",
			 "what is missing above; ptrace(2) must be allowed: in a container by its "
			 "seccomp profile; see /proc/sys/kernel/yama/ptrace_scope",
			 .ask = NULL },
};

/* The directory itself, or its nearest ancestor that exists. */
static void find_existing(const char *dir, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s", dir);
	while (access(ret_path, F_OK)) {
		char *slash = strrchr(ret_path, '/');

		if (!slash) {
			snprintf(ret_path, size, ".");
			return;
		}
		/* "/x" becomes "/", which exists */
		slash[slash == ret_path] = 0;
	}
}

/* Tries to make a file without a name; if the file system can't, a directory, which is removed. */
static bool is_writable(const char *dir, char *existing, size_t size)
{
	char trial[4096 + 32];
	int fd;

	find_existing(dir, existing, size);
	fd = open(existing, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd >= 0) {
		close(fd);
		return true;
	}
	snprintf(trial, sizeof(trial), "%s/.ttlog-check.XXXXXX", existing);
	return mkdtemp(trial) && !rmdir(trial);
}

static unsigned int check_output(FILE *out, const char *output_dir)
{
	struct answer answer = { .ok = false };
	char existing[4096];

	answer.ok = is_writable(output_dir, existing, sizeof(existing));
	snprintf(answer.detail, sizeof(answer.detail), "%.140s%s", output_dir,
		 answer.ok && !strcmp(existing, output_dir) ? ""
		 : answer.ok                                ? " (will be made)"
							    : "");
	return question__print(out, &uses[OUTPUT], &answer);
}

static unsigned int check_shipped(FILE *out, const char *state)
{
	const int fd = given_path__open_shipped(state);
	struct answer answer = { .ok = fd >= 0, .denied = fd == -EACCES };

	snprintf(answer.detail, sizeof(answer.detail), "%.140s/" SHIPPED_DIR "%s%s", state,
		 fd < 0 ? ": " : "", fd < 0 ? strerror(-fd) : "");
	if (fd >= 0)
		close(fd);
	return question__print(out, &uses[SHIPPED], &answer);
}

/* *last: the last trial that could measure. */
static unsigned int check_recording(FILE *out, const struct question *question,
				    trial_record_fn record, bool by_pid, struct trial *last)
{
	struct answer answer;
	struct trial trial;

	trial__run(&trial, record, by_pid);
	answer = (struct answer){ .ok = trial.ok };
	memcpy(answer.detail, trial.detail, sizeof(answer.detail));
	if (trial.trap_ns)
		*last = trial;
	return question__print(out, question, &answer);
}

static void print_figures(FILE *out, const struct trial *trial)
{
	if (!trial->trap_ns)
		return;
	fprintf(out,
		"A trap costs %.2f us here: each full batch takes one, and each event with --immediate, --usdt, "
		"--uprobe and --span.\n",
		(double)trial->trap_ns / 1e3);
	fprintf(out, "The kernel's copy of a batch at a death takes %.1f us for %.1f KiB.\n",
		(double)trial->copy_ns / 1e3, (double)trial->copy_bytes / 1024);
}

int check__print(FILE *out, const char *output_dir, const char *shipped_state,
		 trial_record_fn record)
{
	unsigned int missing_cnt = facilities__print(out);
	struct trial trial = { .ok = false };

	missing_cnt += check_output(out, output_dir);
	if (shipped_state)
		missing_cnt += check_shipped(out, shipped_state);
	missing_cnt += check_recording(out, &uses[BY_PID], record, true, &trial);
	missing_cnt += check_recording(out, &uses[BY_COMMAND], record, false, &trial);
	print_figures(out, &trial);
	if (missing_cnt)
		fprintf(out,
			"Recording is not possible: %u of the above that it needs %s missing.\n",
			missing_cnt, missing_cnt == 1 ? "is" : "are");
	else
		fputs("Recording is possible.\n", out);
	return missing_cnt ? 1 : 0;
}
