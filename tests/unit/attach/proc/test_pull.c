/* SPDX-License-Identifier: MIT */
/* Reads batches from a process: from this one, and from a child that appends meanwhile. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "make.h"

#include "wire.h"
#include "attached_process.h"
#include "pull.h"
#include "source.h"

#define RECORD_WORDS 2u

struct batch {
	struct ttlog_batch head;
	uint64_t records[2048];
};

static struct batch *make_batch(void)
{
	struct batch *batch = mmap(NULL, sizeof(*batch), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(batch != MAP_FAILED);
	batch->head = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.seq = 1,
		.tid = (uint32_t)gettid(),
	};
	return batch;
}

static void test_pull_reads_the_committed_part(void **state)
{
	struct wire_batch *pulled = malloc(PULL_BUFFER_BYTES);
	struct batch *batch = make_batch();

	(void)state;
	batch->records[0] = 11;
	batch->records[1] = 22;
	batch->records[2] = 33; /* after the committed bytes */
	batch->head.committed = 1ull << 32 | 16;
	assert_int_equal(pull__batch(getpid(), (uintptr_t)batch, pulled, NULL), 0);
	assert_int_equal(pulled->head.bytes, sizeof(*pulled) + 16);
	assert_int_equal(pulled->address, (uintptr_t)batch);
	assert_memory_equal(pulled + 1, batch->records, 16);
	free(pulled);
	munmap(batch, sizeof(*batch));
}

static void test_pull_refuses_what_is_no_batch(void **state)
{
	struct wire_batch *pulled = malloc(PULL_BUFFER_BYTES);
	struct batch *batch = make_batch();

	(void)state;
	batch->head.committed = TTLOG_BATCH_MAX_BYTES + 4;
	assert_int_equal(pull__batch(getpid(), (uintptr_t)batch, pulled, NULL), -EBADMSG);
	batch->head.magic = 0;
	assert_int_equal(pull__batch(getpid(), (uintptr_t)batch, pulled, NULL), -EBADMSG);
	assert_int_equal(pull__batch(getpid(), 4096, pulled, NULL), -EFAULT);
	munmap(batch, sizeof(*batch));
	free(pulled);
}

/* Some are no batches, and there are more than fit in at once. */
static void test_pull_reads_many_batches(void **state)
{
	enum {
		CNT = 64 /* more than fit in at once */
	};
	struct wire_batch *pulled = malloc(PULL_BUFFER_BYTES), *at;
	struct ttlog_batch heads[CNT];
	struct batch *batches[CNT];
	uint64_t addresses[CNT];
	ssize_t got, done = 0;

	(void)state;
	for (uint64_t i = 0; i < CNT; i++) {
		batches[i] = make_batch();
		batches[i]->records[0] = i;
		batches[i]->head.committed = 1ull << 32 | sizeof(batches[i]->records);
		addresses[i] = (uintptr_t)batches[i];
	}
	batches[3]->head.magic = 0;
	while (done < CNT) {
		got = pull__batches(getpid(), addresses + done, (size_t)(CNT - done), pulled, NULL);
		assert_in_range(got, 1, CNT - 1);
		at = pulled;
		for (ssize_t i = done; i < done + got; i++) {
			const size_t bytes = i == 3 ? 0 : sizeof(*at) + sizeof(batches[i]->records);

			assert_int_equal(at->head.bytes, bytes);
			if (i != 3) {
				assert_int_equal(at->address, addresses[i]);
				assert_memory_equal(at + 1, batches[i]->records,
						    sizeof(batches[i]->records));
			}
			at = pull__next(at);
		}
		done += got;
	}
	assert_int_equal(pull__heads(getpid(), addresses, CNT, heads, NULL), CNT);
	for (size_t i = 0; i < CNT; i++) {
		const struct ttlog_batch none = { 0 };

		assert_memory_equal(&heads[i], i == 3 ? &none : &batches[i]->head,
				    sizeof(heads[i]));
	}
	addresses[5] = 4096;
	assert_int_equal(pull__heads(getpid(), addresses, CNT, heads, NULL), 5);
	addresses[0] = 4096;
	assert_int_equal(pull__heads(getpid(), addresses, CNT, heads, NULL), 0);
	for (size_t i = 0; i < CNT; i++)
		munmap(batches[i], sizeof(*batches[i]));
	free(pulled);
}

#define ERROR_FLAG    TTLOG_BATCH_LEVEL(TTLOG_LEVEL_ERROR)
#define IS_ERROR(seq) ((seq) % 2) /* all records of such a batch */

/* Appends forever. Record i of batch s is (s, i); the order of stores is that of batch.h. */
static void append_for_ever(struct batch *batch)
{
	for (uint64_t seq = 1;; seq++) {
		__atomic_store_n(&batch->head.flags, 0, __ATOMIC_SEQ_CST);
		for (uint64_t i = 0; i < sizeof(batch->records) / 8 / RECORD_WORDS; i++) {
			__atomic_store_n(&batch->records[i * RECORD_WORDS], seq, __ATOMIC_RELAXED);
			__atomic_store_n(&batch->records[i * RECORD_WORDS + 1], i,
					 __ATOMIC_RELAXED);
			if (IS_ERROR(seq))
				__atomic_store_n(&batch->head.flags, ERROR_FLAG, __ATOMIC_RELAXED);
			__atomic_store_n(&batch->head.committed,
					 (i + 1) << 32 | (i + 1) * RECORD_WORDS * 8,
					 __ATOMIC_RELEASE);
		}
		__atomic_store_n(&batch->head.committed, 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&batch->head.seq, seq + 1, __ATOMIC_SEQ_CST);
	}
}

static void test_pull_is_consistent_while_the_thread_appends(void **state)
{
	struct wire_batch *pulled = malloc(PULL_BUFFER_BYTES);
	struct batch *batch = make_batch();
	unsigned with_events = 0;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		append_for_ever(batch);
	while (with_events < 2000) {
		const uint64_t *records = (const uint64_t *)(pulled + 1);
		int err = pull__batch(child, (uintptr_t)batch, pulled, NULL);
		uint64_t events = pulled->batch.committed >> 32;

		if (err == -EAGAIN)
			continue;
		assert_int_equal(err, 0);
		with_events += events > 0;
		assert_int_equal(pulled->batch.flags & ~ERROR_FLAG, 0);
		if (events && IS_ERROR(pulled->batch.seq))
			assert_int_equal(pulled->batch.flags, ERROR_FLAG);
		for (uint64_t i = 0; i < events; i++) {
			assert_int_equal(records[i * RECORD_WORDS], pulled->batch.seq);
			assert_int_equal(records[i * RECORD_WORDS + 1], i);
		}
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(pull__batch(child, (uintptr_t)batch, pulled, NULL), -ESRCH);
	munmap(batch, sizeof(*batch));
	free(pulled);
}

static unsigned int meanwhile_cnt;

static bool count_meanwhile(void *ctx)
{
	(void)ctx;
	meanwhile_cnt++;
	return true;
}

/* A page that is never filled in: to read it waits. */
static void *make_waiting_page(int *ret_fd)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = 4096 },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	assert_true(page != MAP_FAILED);
	*ret_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	if (*ret_fd < 0)
		skip(); /* needs vm.unprivileged_userfaultfd */
	assert_int_equal(ioctl(*ret_fd, UFFDIO_API, &api), 0);
	assert_int_equal(ioctl(*ret_fd, UFFDIO_REGISTER, &range), 0);
	return page;
}

/* Reads from this process as soon as no other reader waits in it. */
static int read_soon(const uint64_t *word, uint64_t *ret)
{
	int err = -ETIMEDOUT;

	for (int i = 0; err == -ETIMEDOUT && i < 10000; i++) {
		usleep(1000);
		err = pull__memory(getpid(), (uintptr_t)word, ret, sizeof(*ret), NULL);
	}
	return err;
}

static void test_pull_does_not_wait_for_ever(void **state)
{
	const struct pull_meanwhile meanwhile = { .act = count_meanwhile };
	struct wire_batch *pulled = malloc(PULL_BUFFER_BYTES);
	uint64_t word = 7, read = 0;
	pid_t other = fork();
	unsigned before;
	int fd;
	void *page;

	(void)state;
	assert_true(other >= 0);
	if (other == 0) {
		pause();
		_exit(0);
	}
	page = make_waiting_page(&fd);
	assert_int_equal(pull__batch(getpid(), (uintptr_t)page, pulled, &meanwhile), -ETIMEDOUT);
	assert_in_range(meanwhile_cnt, 2, 1000);
	/* no second read while one waits; other processes are read as usual */
	before = meanwhile_cnt;
	assert_int_equal(pull__memory(getpid(), (uintptr_t)&word, &read, sizeof(read), &meanwhile),
			 -ETIMEDOUT);
	assert_int_equal(meanwhile_cnt, before);
	assert_int_equal(pull__memory(other, (uintptr_t)&word, &read, sizeof(read), NULL), 0);
	assert_int_equal(read, 7);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	/* ends the wait */
	(void)close(fd);
	word = 8;
	assert_int_equal(read_soon(&word, &read), 0);
	assert_int_equal(read, 8);
	munmap(page, 4096);
	free(pulled);
}

/* A page that comes after the whole process was stopped and has checked again. */
struct stopped_page {
	int fd;
	struct uffdio_zeropage zeroes;
	unsigned int looked_cnt;
};

static bool stop_once(void *ctx)
{
	struct stopped_page *page = ctx;

	page->looked_cnt++;
	if (page->looked_cnt == 1)
		(void)raise(SIGSTOP);
	if (page->looked_cnt == 3 && ioctl(page->fd, UFFDIO_ZEROPAGE, &page->zeroes))
		_exit(2);
	return true;
}

static _Noreturn void pull_while_stopped(void)
{
	struct stopped_page stopped = { 0 };
	const struct pull_meanwhile meanwhile = { .act = stop_once, .ctx = &stopped };
	void *page = make_waiting_page(&stopped.fd);
	uint64_t read = 1;

	stopped.zeroes.range = (struct uffdio_range){ .start = (uintptr_t)page, .len = 4096 };
	if (pull__memory(getpid(), (uintptr_t)page, &read, sizeof(read), &meanwhile))
		_exit(3);
	_exit(read || stopped.looked_cnt < 3 ? 4 : 0);
}

/* The time for which the process was stopped does not count as time that it waited. */
static void test_pull_counts_no_time_that_it_was_held_up(void **state)
{
	int fd, status;
	pid_t child;

	(void)state;
	munmap(make_waiting_page(&fd), 4096);
	(void)close(fd);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		pull_while_stopped();
	/* the stop is not reported: the thread that reads does not stop before the page comes */
	do {
		usleep(400000);
		kill(child, SIGCONT);
	} while (waitpid(child, &status, WNOHANG) == 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_pull_reads_more_than_a_buffer(void **state)
{
	const size_t bytes = 3 * PULL_BUFFER_BYTES + 5;
	char *from = malloc(bytes), *to = calloc(bytes, 1);

	(void)state;
	for (size_t i = 0; i < bytes; i++)
		from[i] = (char)(i * 7 / 3);
	assert_int_equal(pull__memory(getpid(), (uintptr_t)from, to, bytes, NULL), 0);
	assert_memory_equal(from, to, bytes);
	free(from);
	free(to);
}

static void test_attached_process_finds_batches_in_the_list(void **state)
{
	struct attached_process *attached = attached_process__new((uint32_t)getpid());
	struct batch *first = make_batch(), *second = make_batch();
	struct ttlog_module module = { .version = TTLOG_ABI_VERSION };
	const struct anchor anchor = { .address = (uintptr_t)&module, .module = 3 };

	(void)state;
	module.batches = (uintptr_t)first;
	first->head.next = (uintptr_t)second;
	second->head.tid = 0; /* left by a thread that has ended */
	second->head.seq = 9;
	assert_int_equal(attached_process__add_batches(attached, &anchor), 0);
	assert_int_equal(attached->source_cnt, 2);
	assert_int_equal(attached->sources[0].address, (uintptr_t)first);
	assert_int_equal(attached->sources[0].tid, gettid());
	assert_int_equal(attached->sources[0].module, 3);
	assert_int_equal(attached->sources[1].tid, 0);
	assert_int_equal(attached->heads[1].seq, 9);
	attached_process__free(attached);
	munmap(first, sizeof(*first));
	munmap(second, sizeof(*second));
}

static void test_attached_process_ends_on_a_list_that_does_not(void **state)
{
	struct attached_process *attached = attached_process__new((uint32_t)getpid());
	struct batch *batch = make_batch();
	struct ttlog_module module = { .batches = (uintptr_t)batch };
	const struct anchor anchor = { .address = (uintptr_t)&module, .module = 1 };

	(void)state;
	batch->head.next = (uintptr_t)batch;
	assert_int_equal(attached_process__add_batches(attached, &anchor), -ELOOP);
	attached_process__free(attached);
	munmap(batch, sizeof(*batch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* before there are other threads: locks that they hold would stay locked in the
		 * child */
		cmocka_unit_test(test_pull_counts_no_time_that_it_was_held_up),
		cmocka_unit_test(test_pull_reads_the_committed_part),
		cmocka_unit_test(test_pull_refuses_what_is_no_batch),
		cmocka_unit_test(test_pull_reads_many_batches),
		cmocka_unit_test(test_pull_is_consistent_while_the_thread_appends),
		cmocka_unit_test(test_pull_does_not_wait_for_ever),
		cmocka_unit_test(test_pull_reads_more_than_a_buffer),
		cmocka_unit_test(test_attached_process_finds_batches_in_the_list),
		cmocka_unit_test(test_attached_process_ends_on_a_list_that_does_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
