/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the victim share: victim.c has the threads, ends.c the ways to die.
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
	pthread_barrier_t started; /* all lanes are open, the idle have logged */
	pthread_mutex_t lock;      /* what follows */
	pthread_cond_t changed;
	bool killer_done; /* it is the main thread's turn */
	pthread_t *busy;
	bool all_end; /* each thread ends after some events */
};

extern struct victim victim;

/* A new lane of the calling thread. */
struct lane *victim__open_lane(uint32_t flags);
/* One event of that lane. */
void victim__log(struct lane *lane);
/* So many, and no more will come. */
void victim__log_last(struct lane *lane, unsigned int cnt);
/* As victim__log, from the site of a library. */
void victim__log_in(library_log_fn log, struct lane *lane);
/* Says how a child of the victim will end; before it does. */
void victim__expect(uint32_t pid, int signal, int code);
/* Something that the victim can see is wrong. */
void victim__complain(const char *what);
unsigned int victim__random(unsigned int below);

/* What the killer's thread does when its time has come; may return where the main thread acts. */
void ends__killer(struct lane *lane);
/* What the main thread does meanwhile. Returns the exit status of main. */
int ends__main(struct lane *lane);
/* Ends the calling thread, where all_end. */
void ends__thread(void) __attribute__((noreturn));
/* Before any thread starts. */
void ends__prepare(void);
/* In each busy thread before it starts. */
void ends__prepare_thread(void);

#endif /* STRESS_VICTIM_H */
