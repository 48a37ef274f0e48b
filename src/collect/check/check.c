/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "facilities.h"
#include "trial.h"

enum {
	OUTPUT,
	BY_PID,
	BY_COMMAND
};

static const struct question uses[] = {
	[OUTPUT] = { "output directory can be written to", true, "snapshots can't be kept",
		     "name another with -o DIR", .ask = NULL },
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

int check__print(FILE *out, const char *output_dir, trial_record_fn record)
{
	unsigned int missing_cnt = facilities__print(out);
	struct trial trial = { .ok = false };

	missing_cnt += check_output(out, output_dir);
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
