/* SPDX-License-Identifier: MIT */
/*
 * USDT probes that are not ours, and functions: does what stdin says, and answers with "ok".
 *
 *	hit N		hits probe foreign:work N times, with count (from 0, over all lines), its
 *			negative, and a text
 *	both N		hits foreign:work and logs `mark`, N times in turn, with the same count
 *	text N		hits foreign:text with a text of N bytes
 *	bounded N	hits foreign:bounded with the first N bytes of a longer text
 *	null		hits foreign:text with a null text, then one that can't be read
 *	plain		hits foreign:plain, which has a semaphore, and says how often it was on
 *	call N		calls foreign__fib(N), a recursive function
 *	flood N M	M threads hit foreign:flood N times each
 *	beside N M	the same, while this thread hits foreign:work N times
 *	vfork		hits foreign:work in a child after vfork(), too
 *	rename		hits foreign:work under another name of this thread, and then under its own
 *	jump		leaves foreign__inner() by longjmp()
 *	kill, exit
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>

#define _SDT_HAS_SEMAPHORES 1
#include <sys/prctl.h>
#include <sys/sdt.h>
#include <sys/wait.h>
#include <unistd.h>

#define TTLOG_SERVICE "foreign"
#include <ttlog/ttlog.h>

#include "app.h"

/* <sys/sdt.h> names the semaphore PROVIDER_PROBE_semaphore; it has to lie in .probes. */
#define SEMAPHORE(name)                                                                            \
	__extension__ unsigned short foreign_##name##_semaphore                                    \
		__attribute__((unused, section(".probes"), visibility("hidden")))

SEMAPHORE(work);
SEMAPHORE(text);
SEMAPHORE(bounded);
SEMAPHORE(plain);
SEMAPHORE(flood);

static long count;
static long on_cnt;
static jmp_buf out;

static void foreign__work(long number)
{
	const char *text = number % 2 ? "odd" : "even";

	STAP_PROBE3(foreign, work, number, (int)-number, text);
}

__attribute__((noinline)) long foreign__fib(int n);
long foreign__fib(int n)
{
	return n < 2 ? n : foreign__fib(n - 1) + foreign__fib(n - 2);
}

__attribute__((noinline)) static void foreign__inner(int leaves)
{
	__asm__ volatile("" ::: "memory");
	if (leaves)
		longjmp(out, 1);
}

__attribute__((noinline)) static void foreign__outer(int leaves)
{
	if (!setjmp(out))
		foreign__inner(leaves);
	__asm__ volatile("" ::: "memory");
}

static void foreign__text(size_t bytes)
{
	char *text = malloc(bytes + 1);

	if (!text)
		exit(1);
	memset(text, 'x', bytes);
	text[bytes] = '\0';
	STAP_PROBE2(foreign, text, (int)bytes, text);
	free(text);
}

struct foreign_flood {
	long cnt;
	long thread;
};

static void *foreign__flood(void *arg)
{
	const struct foreign_flood *flood = arg;

	for (long i = 0; i < flood->cnt; i++)
		STAP_PROBE2(foreign, flood, flood->thread, i);
	return NULL;
}

static void foreign__floods(long cnt, long thread_cnt, int works)
{
	pthread_t threads[64];
	struct foreign_flood floods[64];

	for (long i = 0; i < thread_cnt; i++) {
		floods[i] = (struct foreign_flood){ cnt, i };
		if (pthread_create(&threads[i], NULL, foreign__flood, &floods[i]))
			exit(1);
	}
	for (long i = 0; works && i < cnt; i++)
		foreign__work(count++);
	for (long i = 0; i < thread_cnt; i++)
		pthread_join(threads[i], NULL);
}

/* The child has this thread's stack and memory, and this thread waits. */
static void foreign__vfork(void)
{
	pid_t child;

	foreign__work(count++);
	child = vfork();
	if (!child) {
		foreign__work(count++);
		_exit(0);
	}
	if (child < 0 || waitpid(child, NULL, 0) != child)
		exit(1);
	foreign__work(count++);
}

static void foreign__rename(void)
{
	if (prctl(PR_SET_NAME, "another"))
		exit(1);
	foreign__work(count++);
	if (prctl(PR_SET_NAME, "foreign"))
		exit(1);
	foreign__work(count++);
}

static void foreign__do(const char *word, const char *rest)
{
	long n = atol(rest), m = strchr(rest, ' ') ? atol(strchr(rest, ' ')) : 1;

	if (!strcmp(word, "hit")) {
		for (long i = 0; i < n; i++)
			foreign__work(count++);
	} else if (!strcmp(word, "both")) {
		for (long i = 0; i < n; i++) {
			foreign__work(count);
			TTLOG_PROBE(mark, INFO, "A mark", "count", count);
			count++;
		}
	} else if (!strcmp(word, "text")) {
		foreign__text((size_t)n);
	} else if (!strcmp(word, "bounded")) {
		STAP_PROBE2(foreign, bounded, "a text that goes on", (int)n);
	} else if (!strcmp(word, "null")) {
		STAP_PROBE2(foreign, text, 1, (const char *)NULL);
		STAP_PROBE2(foreign, text, 2, (const char *)(uintptr_t)8);
	} else if (!strcmp(word, "plain")) {
		on_cnt += foreign_plain_semaphore;
		STAP_PROBE(foreign, plain);
		printf("on %ld\n", on_cnt);
	} else if (!strcmp(word, "call")) {
		printf("fib %ld\n", foreign__fib((int)n));
	} else if (!strcmp(word, "flood") || !strcmp(word, "beside")) {
		foreign__floods(n, m, !strcmp(word, "beside"));
	} else if (!strcmp(word, "vfork")) {
		foreign__vfork();
	} else if (!strcmp(word, "rename")) {
		foreign__rename();
	} else if (!strcmp(word, "jump")) {
		foreign__outer(1);
		foreign__outer(0);
	} else if (!strcmp(word, "kill")) {
		raise(SIGKILL);
	} else if (!strcmp(word, "exit")) {
		exit(0);
	} else {
		app__usage("foreign");
	}
}

int main(void)
{
	char line[256];

	app__say("ready");
	while (fgets(line, sizeof(line), stdin)) {
		char *rest;

		line[strcspn(line, "\n")] = '\0';
		rest = line + strcspn(line, " ");
		if (*rest)
			*rest++ = '\0';
		foreign__do(line, rest);
		app__say("ok");
	}
	return 0;
}
