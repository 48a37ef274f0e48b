/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "attach.h"
#include "barrier.h"
#include "clock.h"
#include "drain.h"
#include "site_choice.h"
#include "site_filter.h"
#include "status_board.h"
#include "switcher.h"

#define STATUS_AGE_NS     100000000ull
#define STATUS_TIMEOUT_MS 10000

/* Where its errors go. */
struct told {
	char *text;
	size_t size;
	int err; /* the first */
};

void switcher__fini(struct switcher *switcher)
{
	changes__fini(&switcher->changes);
	site_choice__unref(switcher->choice);
	switcher->choice = NULL;
}

static int tell(struct told *told, int err, const char *what)
{
	if (!told->err) {
		told->err = err;
		(void)snprintf(told->text, told->size, "%s: %s", what, strerror(-err));
	}
	return err;
}

static void tell_result(struct told *told, int err, const struct attach_result *result)
{
	char what[sizeof(result->failed_path) + 32];

	if (!err)
		return;
	(void)snprintf(what, sizeof(what), "the sites of %s stay as they were",
		       result->failed_path);
	(void)tell(told, err, what);
}

static const struct status *ask(const struct switcher *switcher, uint64_t max_age_ns,
				struct told *told)
{
	const struct status *status =
		drain__ask_status(switcher->drain, max_age_ns, STATUS_TIMEOUT_MS);

	if (!status)
		(void)tell(told, -errno, "it can't be told which processes there are");
	return status;
}

/* ---- applying ---- */

/* The sites that single processes have besides. */
static void apply_processes(struct switcher *switcher, const struct status *status,
			    struct told *told)
{
	for (size_t i = 0; i < status->process_cnt; i++) {
		const struct status_process *process = &status->processes[i];
		struct attach_result result;
		int err;

		if (process->ended)
			continue;
		err = attach__refilter_process(switcher->attach, process->pid, process->service,
					       process->modules, process->module_cnt, &result);
		tell_result(told, err, &result);
	}
}

/* max_age_ns: of what is known of processes. */
static int refresh(struct switcher *switcher, uint64_t max_age_ns, char *error, size_t error_size)
{
	struct told told = { error, error_size, 0 };
	const struct status *status;

	if (!barrier__load_relaxed(&switcher->has_processes))
		return 0;
	status = ask(switcher, max_age_ns, &told);
	if (!status)
		return told.err;
	apply_processes(switcher, status, &told);
	status_board__release(switcher->board, status);
	return told.err;
}

int switcher__refresh(struct switcher *switcher, char *error, size_t error_size)
{
	return refresh(switcher, 0, error, error_size);
}

static int apply(struct switcher *switcher, char *error, size_t error_size)
{
	struct told told = { error, error_size, 0 };
	struct site_choice *choice = changes__choice(&switcher->changes);
	struct attach_result result;
	bool has_processes;
	int err;

	if (!choice)
		return tell(&told, -ENOMEM, "the sites stay as they were");
	has_processes = site_choice__has_processes(choice);
	err = attach__refilter(switcher->attach, choice, &result);
	tell_result(&told, err, &result);
	/* from here on the drain thread tells of new processes */
	if (has_processes)
		barrier__store_relaxed(&switcher->has_processes, true);
	err = refresh(switcher, STATUS_AGE_NS, error, error_size);
	if (!has_processes && !err)
		barrier__store_relaxed(&switcher->has_processes, false);
	site_choice__unref(switcher->choice);
	switcher->choice = choice;
	if (told.err)
		err = told.err;
	/* that is for commands that make no sense */
	return err == -EINVAL ? -EIO : err;
}

/* ---- commands ---- */

/* The processes that are selected (NULL: all), and how many of their sites are on now. */
static void count(const struct switcher *switcher, const struct selector *selector,
		  const struct status *status, struct switched *ret)
{
	*ret = (struct switched){ 0 };
	for (size_t i = 0; i < status->process_cnt; i++) {
		const struct status_process *process = &status->processes[i];

		if (process->ended || (selector && !selector__takes_process(selector, process)))
			continue;
		ret->process_cnt++;
		ret->site_cnt += process->site_cnt;
		for (size_t k = 0; k < process->module_cnt; k++)
			ret->enabled_cnt += attach__enabled_in(
				switcher->attach, process->modules[k], (pid_t)process->pid);
	}
}

static int add_level(struct switcher *switcher, const struct selector *selector, const char *levels,
		     uint64_t for_ns, char *error, size_t error_size)
{
	int err = changes__add(&switcher->changes, selector, levels, for_ns, clock__now_mono_ns(),
			       error, error_size);

	if (err == -ENOSPC)
		(void)snprintf(error, error_size,
			       "there are %d changes already: end one by 'level default'",
			       CHANGES_MAX);
	else if (err == -ENOMEM)
		(void)snprintf(error, error_size, "%s", strerror(ENOMEM));
	return err ? err : apply(switcher, error, error_size);
}

int switcher__level(struct switcher *switcher, const struct selector *selector, const char *levels,
		    uint64_t for_ns, struct switched *ret, char *error, size_t error_size)
{
	struct told told = { error, error_size, 0 };
	const struct status *status = ask(switcher, STATUS_AGE_NS, &told);
	int err;

	if (!status)
		return told.err;
	count(switcher, selector, status, ret);
	if (selector->pid && !ret->process_cnt) {
		(void)snprintf(error, error_size, "pid %u is not recorded", selector->pid);
		err = -ESRCH;
	} else {
		err = add_level(switcher, selector, levels, for_ns, error, error_size);
	}
	if (!err)
		count(switcher, selector, status, ret);
	status_board__release(switcher->board, status);
	return err;
}

int switcher__filter(struct switcher *switcher, const char *texts, size_t bytes,
		     struct switched *ret, char *error, size_t error_size)
{
	struct told told = { error, error_size, 0 };
	const struct status *status;
	int err = changes__set_rules(&switcher->changes, texts, bytes, error, error_size);

	if (err == -ENOMEM)
		(void)snprintf(error, error_size, "%s", strerror(ENOMEM));
	if (!err)
		err = apply(switcher, error, error_size);
	if (err)
		return err;
	status = ask(switcher, STATUS_AGE_NS, &told);
	if (!status)
		return told.err;
	count(switcher, NULL, status, ret);
	status_board__release(switcher->board, status);
	return 0;
}

int switcher__rebase(struct switcher *switcher, struct site_filter *base, char *error,
		     size_t error_size)
{
	changes__rebase(&switcher->changes, base);
	return apply(switcher, error, error_size);
}

int switcher__expire(struct switcher *switcher, char *error, size_t error_size)
{
	if (!changes__expire(&switcher->changes, clock__now_mono_ns()))
		return 0;
	return apply(switcher, error, error_size);
}
