/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "choice.h"

#define SPARED_LAST 3 /* and the first */
#define MANY_FILES  1000
#define MANY_PARTS  128

struct choice {
	struct kept_file **files; /* in the order in which they go */
	size_t cnt;
	uint64_t *used; /* by service_at: bytes or files */
	size_t service_cnt;
	bool has_unknown; /* the first one is no service: it has no share */
	size_t left_cnt;  /* files that stay */
	const char *kept;
	bool keeps_unshipped;
};

/* A limit for all services together, in bytes or in files. */
struct limit {
	enum kept_why why;
	bool is_of_files;
	uint64_t most, total, share;
	bool spares; /* spared files stay in any case */
};

/* Which files go now. */
struct turn {
	bool of_unshipped, of_spared;
	bool over_share; /* only of services that have more than theirs */
};

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_age(const struct kept_file *a, const struct kept_file *b)
{
	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->real_ns != b->real_ns)
		return compare_u64(a->real_ns, b->real_ns);
	return strcmp(a->name, b->name);
}

static int compare_worth(const void *a, const void *b)
{
	const struct kept_file *one = *(struct kept_file *const *)a;
	const struct kept_file *other = *(struct kept_file *const *)b;

	if (one->rank != other->rank)
		return one->rank < other->rank ? -1 : 1;
	return compare_age(one, other);
}

/* Crashes by signature, each the oldest first, and then all else. */
static int compare_signature(const void *a, const void *b)
{
	const struct kept_file *one = *(struct kept_file *const *)a;
	const struct kept_file *other = *(struct kept_file *const *)b;

	if ((one->rank == KEPT_CRASH) != (other->rank == KEPT_CRASH))
		return one->rank == KEPT_CRASH ? -1 : 1;
	if (one->signature != other->signature)
		return compare_u64(one->signature, other->signature);
	return compare_age(one, other);
}

static int compare_service(const void *a, const void *b)
{
	const struct kept_file *one = *(struct kept_file *const *)a;
	const struct kept_file *other = *(struct kept_file *const *)b;

	return compare_u64(one->service, other->service);
}

static void spare_crashes(const struct choice *choice)
{
	struct kept_file **files = choice->files;
	size_t begin = 0, end;

	qsort(files, choice->cnt, sizeof(*files), compare_signature);
	for (; begin < choice->cnt && files[begin]->rank == KEPT_CRASH; begin = end) {
		for (end = begin; end < choice->cnt && files[end]->rank == KEPT_CRASH &&
				  files[end]->signature == files[begin]->signature;)
			end++;
		for (size_t i = begin; i < end; i++)
			files[i]->is_spared = files[i]->signature &&
					      (i == begin || end - i <= SPARED_LAST);
	}
}

static void number_services(struct choice *choice)
{
	struct kept_file **files = choice->files;

	qsort(files, choice->cnt, sizeof(*files), compare_service);
	for (size_t i = 0; i < choice->cnt; i++) {
		if (i && files[i]->service != files[i - 1]->service)
			choice->service_cnt++;
		files[i]->service_at = choice->service_cnt;
	}
	choice->service_cnt += choice->cnt > 0;
	choice->has_unknown = choice->cnt && !files[0]->service;
}

static uint64_t size_in(const struct limit *limit, const struct kept_file *file)
{
	return limit->is_of_files ? 1 : file->bytes;
}

static int compare_used(const void *a, const void *b)
{
	return compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

/* The most that a service may have so that all together have no more than the limit. */
static int find_share(const struct choice *choice, struct limit *limit)
{
	const size_t cnt = choice->service_cnt - choice->has_unknown;
	uint64_t *used = malloc((cnt + 1) * sizeof(*used)), left = limit->most;

	if (!used)
		return -ENOMEM;
	memcpy(used, choice->used + choice->has_unknown, cnt * sizeof(*used));
	qsort(used, cnt, sizeof(*used), compare_used);
	limit->share = UINT64_MAX;
	for (size_t i = 0; i < cnt; i++) {
		const uint64_t even = left / (cnt - i);

		if (used[i] > even) {
			limit->share = even;
			break;
		}
		left -= used[i];
	}
	free(used);
	return 0;
}

static bool is_over_share(const struct choice *choice, const struct limit *limit,
			  const struct kept_file *file)
{
	return !file->service || choice->used[file->service_at] > limit->share;
}

static bool is_unshipped(const struct choice *choice, const struct kept_file *file)
{
	return choice->keeps_unshipped && !file->is_shipped;
}

static bool may_go(const struct choice *choice, const struct kept_file *file)
{
	return file->why == KEPT_STAYS && !file->is_open && choice->left_cnt > 1 &&
	       !(choice->kept && !strcmp(file->name, choice->kept));
}

static void delete_some(struct choice *choice, struct limit *limit, struct turn turn)
{
	for (size_t i = 0; i < choice->cnt && limit->total > limit->most; i++) {
		struct kept_file *file = choice->files[i];
		uint64_t *used = &choice->used[file->service_at];

		if (file->is_spared != turn.of_spared || !may_go(choice, file) ||
		    is_unshipped(choice, file) != turn.of_unshipped ||
		    (turn.over_share && !is_over_share(choice, limit, file)))
			continue;
		file->why = limit->why;
		*used -= size_in(limit, file);
		limit->total -= size_in(limit, file);
		choice->left_cnt--;
	}
}

/* First those that are over their share; then also others, if what is over its share may not go. */
static void delete_all(struct choice *choice, struct limit *limit, bool of_unshipped)
{
	for (int over_share = 1; over_share >= 0; over_share--) {
		delete_some(choice, limit, (struct turn){ of_unshipped, false, over_share });
		if (!limit->spares)
			delete_some(choice, limit, (struct turn){ of_unshipped, true, over_share });
	}
}

static int keep_to(struct choice *choice, struct limit limit)
{
	int err;

	memset(choice->used, 0, choice->service_cnt * sizeof(*choice->used));
	for (size_t i = 0; i < choice->cnt; i++) {
		const struct kept_file *file = choice->files[i];

		if (file->why != KEPT_STAYS)
			continue;
		choice->used[file->service_at] += size_in(&limit, file);
		limit.total += size_in(&limit, file);
	}
	if (limit.total <= limit.most)
		return 0;
	/* of very many files some more at a time: not each new one is worth a look at all */
	if (choice->cnt > MANY_FILES)
		limit.most -= limit.most / MANY_PARTS;
	err = find_share(choice, &limit);
	if (err)
		return err;
	delete_all(choice, &limit, false);
	if (!limit.is_of_files)
		delete_all(choice, &limit, true);
	return 0;
}

static int keep_free(struct choice *choice, uint64_t missing_bytes)
{
	struct limit limit = { .why = KEPT_KEEP_FREE };
	uint64_t total = 0;

	for (size_t i = 0; i < choice->cnt; i++) {
		if (choice->files[i]->why == KEPT_STAYS)
			total += choice->files[i]->bytes;
		/* deleted for another limit */
		else if (missing_bytes > choice->files[i]->bytes)
			missing_bytes -= choice->files[i]->bytes;
		else
			missing_bytes = 0;
	}
	if (!missing_bytes)
		return 0;
	limit.spares = missing_bytes > total;
	limit.most = limit.spares ? 0 : total - missing_bytes;
	return keep_to(choice, limit);
}

static int keep_all(struct choice *choice, const struct choice_limits *limits)
{
	int err = 0;

	qsort(choice->files, choice->cnt, sizeof(struct kept_file *), compare_worth);
	if (limits->max_files)
		err = keep_to(choice, (struct limit){ .why = KEPT_MAX_SNAPSHOTS,
						      .is_of_files = true,
						      .most = limits->max_files });
	if (!err && limits->max_bytes)
		err = keep_to(choice,
			      (struct limit){ .why = KEPT_MAX_DISK, .most = limits->max_bytes });
	if (!err && limits->missing_bytes)
		err = keep_free(choice, limits->missing_bytes);
	return err;
}

int choice__make(struct kept_file *files, size_t cnt, const struct choice_limits *limits)
{
	struct choice choice = { .cnt = cnt,
				 .kept = limits->kept,
				 .keeps_unshipped = limits->keeps_unshipped };
	int err = -ENOMEM;

	if (!cnt)
		return 0;
	choice.files = malloc(cnt * sizeof(*choice.files));
	choice.used = malloc(cnt * sizeof(*choice.used));
	if (choice.files && choice.used) {
		for (size_t i = 0; i < cnt; i++) {
			choice.files[i] = &files[i];
			choice.left_cnt += files[i].why == KEPT_STAYS;
			files[i].is_spared = false;
		}
		spare_crashes(&choice);
		number_services(&choice);
		err = keep_all(&choice, limits);
	}
	free(choice.files);
	free(choice.used);
	return err;
}
