/* SPDX-License-Identifier: MIT */
/*
 * Shared by the parts of the victim: victim.c has the threads, ends.c the ways to die.
 */
#ifndef STRESS_VICTIM_H
#define STRESS_VICTIM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "lanes.h"
#include "library.h"

struct victim {
	struct lanes *lanes;
	char **argv; /* of the program */
	const char *death;
	long busy_cnt;
	uint64_t target; /* events of the killer before the end */
	unsigned int seed;
	pthread_barrier_t started; /* all lanes are open, idle threads have logged */
	pthread_mutex_t lock;      /* of the fields below */
	pthread_cond_t changed;
	bool killer_done; /* now the main thread acts */
	pthread_t *busy;
	bool all_end; /* each thread ends after some events */
};

extern struct victim victim;

/* Opens a lane of the calling thread. */
struct lane *victim__open_lane(uint32_t flags);
/* Logs one event of that lane. */
void victim__log(struct lane *lane);
/* Logs the last `cnt` events of that lane. */
void victim__log_last(struct lane *lane, unsigned int cnt);
/* As victim__log(), from the site of a library. */
void victim__log_in(library_log_fn log, struct lane *lane);
/* Tells the runner, in advance, how a process of the victim will end. */
void victim__expect(uint32_t pid, int signal, int code);
/* Reports a mistake that the victim found. */
void victim__complain(const char *what);
unsigned int victim__random(unsigned int below);

/* The killer's action; it may return, and then the main thread acts. */
void ends__killer(struct lane *lane);
/* The main thread's action meanwhile. Returns the exit status of main(). */
int ends__main(struct lane *lane);
/* Ends the calling thread, if all_end. */
void ends__thread(void) __attribute__((noreturn));
/* Called before any thread starts. */
void ends__prepare(void);
/* Called in each busy thread before it starts. */
void ends__prepare_thread(void);

#endif /* STRESS_VICTIM_H */
