/* SPDX-License-Identifier: MIT */
/*
 * Many simulated hosts of a fleet, each with a name, a connection and an index of its own, by the code that
 * ttlog-ship has (src/fleet): an object's look-up, its chunks, what it is, its message in the index,
 * each acknowledged by a quorum. What a host does by itself, ttlog-view --info and the ledger, is not
 * there.
 *
 * usage: hosts HOSTS SNAPSHOT INFO URL
 *
 * SNAPSHOT: the file that each crash sends, with other last bytes each time. INFO: a file with what
 * ttlog-view --info says of it. First all hosts connect; then each line of stdin is a command, whose
 * answer is one JSON object:
 *	burst RATE SECONDS WORKERS	so many crashes a second, at the time, whatever the others take
 *					(0: WORKERS one after another, as fast as they can)
 *	fill COUNT WORKERS		so many messages of the index alone
 *	audit SECONDS WORKERS		reads the files of the last burst back, each once, and looks for its
 *					message
 */
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "index_put.h"
#include "index_stream.h"
#include "object_get.h"
#include "object_put.h"

#define REPLICAS        3
#define CONNECT_WORKERS 32
#define MAX_WORKERS     1024
#define SERVICE         "exchange"
#define REASON          "crash"

struct host {
	char name[FLEET_HOST_BYTES];
	char inbox[FLEET_NAME_BYTES + 8];
	pthread_mutex_t lock; /* one file at a time */
	struct nats_link *link;
	struct bucket bucket;
	struct index_stream index;
	struct ack_window *window;
};

struct bytes {
	char *data;
	size_t len;
};

static struct {
	struct fleet_url url;
	struct host *hosts;
	size_t host_cnt;
	struct bytes snapshot, info;
	uint64_t salt; /* of the last burst; no file of another run has it */
	size_t sent_cnt;
} fleet;

/* ---- work that several threads share ---- */

struct work {
	/* 0 or -errno, with a line */
	int (*one)(size_t number, struct fleet_error *error);
	size_t cnt;
	uint64_t begin_ns, gap_ns; /* each at its time; 0: at once */
	uint64_t end_ns;           /* none begins later; 0: no limit */
	uint64_t *took_ns;         /* by number: since its time */
	_Atomic size_t next, done, failed;
};

static void wait_until(uint64_t ns)
{
	const struct timespec until = { (time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		continue;
}

static void *run_worker(void *ctx)
{
	struct work *work = ctx;
	struct fleet_error error = { "" };
	size_t number;

	while ((number = work->next++) < work->cnt) {
		uint64_t at_ns = bench__now_ns(CLOCK_MONOTONIC);

		if (work->end_ns && at_ns >= work->end_ns)
			break;
		if (work->gap_ns) {
			at_ns = work->begin_ns + number * work->gap_ns;
			wait_until(at_ns);
		}
		if (work->one(number, &error)) {
			if (!work->failed++)
				fprintf(stderr, "hosts: %s\n", error.text);
			continue;
		}
		work->took_ns[work->done++] = bench__now_ns(CLOCK_MONOTONIC) - at_ns;
	}
	nats_ReleaseThreadMemory();
	return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

	return first < second ? -1 : first > second;
}

static double took_ms(const struct work *work, unsigned int percent)
{
	const size_t at = work->done * percent / 100;

	return work->done ? (double)work->took_ns[at < work->done ? at : work->done - 1] / 1e6 : 0;
}

/* Prints what came of it. 0; -1: no memory, or no thread. */
static int share(struct work *work, size_t worker_cnt)
{
	pthread_t threads[MAX_WORKERS];
	size_t started = 0;
	double seconds;

	work->took_ns = calloc(work->cnt + 1, sizeof(*work->took_ns));
	if (!work->took_ns)
		return -1;
	work->begin_ns = bench__now_ns(CLOCK_MONOTONIC);
	work->end_ns = work->end_ns ? work->begin_ns + work->end_ns : 0;
	while (started < worker_cnt && started < MAX_WORKERS &&
	       !pthread_create(&threads[started], NULL, run_worker, work))
		started++;
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	seconds = (double)(bench__now_ns(CLOCK_MONOTONIC) - work->begin_ns) / NS_PER_S;
	qsort(work->took_ns, work->done, sizeof(*work->took_ns), compare_numbers);
	printf("{\"done\": %zu, \"failed\": %zu, \"seconds\": %.4f, \"p50_ms\": %.3f, "
	       "\"p99_ms\": %.3f, \"latest_ms\": %.3f}\n",
	       work->done, work->failed, seconds, took_ms(work, 50), took_ms(work, 99),
	       took_ms(work, 100));
	(void)fflush(stdout);
	free(work->took_ns);
	return started == worker_cnt ? 0 : -1;
}

/* ---- one host ---- */

static int connect_host(size_t number, struct fleet_error *error)
{
	struct host *host = &fleet.hosts[number];
	const struct nats_link_options options = {
		.servers = fleet.url.servers,
		.server_cnt = fleet.url.server_cnt,
		.name = "hosts",
		.inbox = host->inbox,
	};
	int err;

	(void)snprintf(host->name, sizeof(host->name), "host%05zu-%08zx", number, number);
	(void)snprintf(host->inbox, sizeof(host->inbox), "_INBOX.%s", host->name);
	(void)pthread_mutex_init(&host->lock, NULL);
	host->link = nats_link__open(&options, error);
	if (!host->link)
		return -errno;
	err = bucket__open(&host->bucket, host->link, fleet.url.bucket, REPLICAS, error);
	if (!err)
		err = index_stream__open(&host->index, host->link, fleet.url.bucket, REPLICAS,
					 error);
	if (err)
		return err;
	host->window = ack_window__new(host->link, OBJECT_PUT_WINDOW, error);
	return host->window ? 0 : -errno;
}

/* In memory; its last bytes are the number. */
static int make_file(size_t number)
{
	const uint64_t mark[] = { fleet.salt, number };
	const int fd = memfd_create("snapshot", MFD_CLOEXEC);

	if (fd >= 0 &&
	    write(fd, fleet.snapshot.data, fleet.snapshot.len) == (ssize_t)fleet.snapshot.len &&
	    write(fd, mark, sizeof(mark)) == sizeof(mark))
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

static int put_index(struct host *host, const struct object_meta *meta, struct fleet_error *error)
{
	char subject[INDEX_SUBJECT_BYTES];
	const struct index_message message = {
		.bucket = host->bucket.name,
		.host = host->name,
		.service = SERVICE,
		.reason = REASON,
		.object = meta->name,
		.digest = meta->digest,
		.size_bytes = meta->size_bytes,
		.info = fleet.info.data,
	};

	return index_put__message(host->window, &message, subject, error);
}

static void name_object(const struct host *host, size_t number, struct object_meta *ret)
{
	char file[64];

	(void)snprintf(file, sizeof(file), "ttlog-%zu-%017" PRIu64 "-crash.bin", number,
		       fleet.salt);
	(void)fleet_name__object(ret->name, host->name, SERVICE, file);
	object_meta__new_nuid(ret->nuid, host->name);
}

static int put_file(struct host *host, int fd, struct object_meta *meta, struct fleet_error *error)
{
	const struct object_put put = { .bucket = &host->bucket, .window = host->window };
	struct object_meta there;
	int err = object_get__meta(&host->bucket, meta->name, &there, error);

	if (!err || err == -ENOENT)
		err = object_put__file(&put, fd, meta, error);
	return err ? err : put_index(host, meta, error);
}

/* The hosts in an order in which neighbours are far apart. */
static struct host *host_of(size_t number)
{
	return &fleet.hosts[number * 7919 % fleet.host_cnt];
}

static int crash(size_t number, struct fleet_error *error)
{
	struct host *host = host_of(number);
	struct object_meta meta = { .name = "" };
	const int fd = make_file(number);
	int err;

	if (fd < 0)
		return fleet_error__set(error, -errno, "a file in memory: %s", strerror(errno));
	name_object(host, number, &meta);
	(void)pthread_mutex_lock(&host->lock);
	err = put_file(host, fd, &meta, error);
	(void)pthread_mutex_unlock(&host->lock);
	(void)close(fd);
	return err;
}

static int fill_one(size_t number, struct fleet_error *error)
{
	struct host *host = host_of(number);
	struct object_meta meta = { .size_bytes = fleet.snapshot.len };
	const uint64_t mark[] = { fleet.salt, number };
	unsigned char hash[crypto_hash_sha256_BYTES];
	int err;

	name_object(host, number, &meta);
	(void)crypto_hash_sha256(hash, (const unsigned char *)mark, sizeof(mark));
	object_meta__digest(meta.digest, hash);
	(void)pthread_mutex_lock(&host->lock);
	err = put_index(host, &meta, error);
	(void)pthread_mutex_unlock(&host->lock);
	return err;
}

static int audit(size_t number, struct fleet_error *error)
{
	struct host *host = host_of(number);
	struct object_meta meta, there;
	int err;

	name_object(host, number, &meta);
	(void)pthread_mutex_lock(&host->lock);
	err = object_get__meta(&host->bucket, meta.name, &there, error);
	if (!err)
		err = object_get__read(&host->bucket, &there, NULL, NULL, error);
	(void)pthread_mutex_unlock(&host->lock);
	return err;
}

/* ---- the whole ---- */

/* 0; -1: it is none. */
static int parse(const char *line, struct work *ret, size_t *ret_workers)
{
	size_t rate, seconds = 0;

	if (sscanf(line, "burst %zu %zu %zu", &rate, &seconds, ret_workers) == 3) {
		ret->one = crash;
		ret->cnt = rate ? rate * seconds : 1000000;
		ret->gap_ns = rate ? NS_PER_S / rate : 0;
		ret->end_ns = rate ? 0 : seconds * NS_PER_S;
		return 0;
	}
	if (sscanf(line, "audit %zu %zu", &seconds, ret_workers) == 2) {
		ret->one = audit;
		ret->cnt = fleet.sent_cnt;
		ret->end_ns = seconds * NS_PER_S;
		return 0;
	}
	ret->one = fill_one;
	return sscanf(line, "fill %zu %zu", &ret->cnt, ret_workers) == 2 ? 0 : -1;
}

static int obey(const char *line)
{
	struct work work = { .cnt = 0 };
	size_t worker_cnt;
	int err;

	if (parse(line, &work, &worker_cnt)) {
		fprintf(stderr, "hosts: no command: %s\n", line);
		return -1;
	}
	if (work.one != audit)
		fleet.salt = bench__now_ns(CLOCK_REALTIME) / 1000;
	err = share(&work, worker_cnt);
	if (work.one == crash)
		fleet.sent_cnt = work.done;
	return err;
}

static int read_file(const char *path, struct bytes *ret)
{
	FILE *file = fopen(path, "re");
	size_t cap = 16 << 20;

	ret->data = file ? malloc(cap) : NULL;
	ret->len = ret->data ? fread(ret->data, 1, cap - 1, file) : 0;
	if (ret->data)
		ret->data[ret->len] = '\0';
	if (file)
		(void)fclose(file);
	return ret->len ? 0 : -1;
}

static int run(void)
{
	struct work connecting = { .one = connect_host, .cnt = fleet.host_cnt, .next = 1 };
	struct fleet_error error = { "" };
	char line[256];
	/* the first one makes the streams */
	int err = connect_host(0, &error);

	if (err)
		fprintf(stderr, "hosts: %s\n", error.text);
	else
		err = share(&connecting, CONNECT_WORKERS);
	if (connecting.failed)
		err = -1;
	while (!err && fgets(line, sizeof(line), stdin))
		err = obey(line);
	return err;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	struct fleet_error error;

	if (argc != 5 || sodium_init() < 0) {
		fputs("usage: hosts HOSTS SNAPSHOT INFO URL\n", stderr);
		return 2;
	}
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	fleet.host_cnt = bench__number(argc, argv, 1, 0);
	fleet.hosts = calloc(fleet.host_cnt + 1, sizeof(*fleet.hosts));
	if (!fleet.hosts || !fleet.host_cnt || read_file(argv[2], &fleet.snapshot) ||
	    read_file(argv[3], &fleet.info)) {
		fprintf(stderr, "hosts: %s or %s can't be read\n", argv[2], argv[3]);
		return 1;
	}
	if (fleet_url__parse(&fleet.url, argv[4], FLEET_URL_BUCKET, &error)) {
		fprintf(stderr, "hosts: %s\n", error.text);
		return 2;
	}
	return run() ? 1 : 0; /* its end closes all connections */
}
