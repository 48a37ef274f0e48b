/* SPDX-License-Identifier: MIT */
/*
 * Two texts change places: one takes what is said, the other one is being written, without the lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "array.h"
#include "console.h"

struct text {
	char *bytes;
	size_t len, capacity;
};

struct console {
	FILE *stream, *before;
	pthread_t thread;
	pthread_mutex_t lock; /* what follows */
	pthread_cond_t changed;
	struct text said;
	size_t left_out; /* lines */
	bool is_writing, is_ending;
};

static bool add(struct text *text, const char *bytes, size_t len)
{
	if (len > CONSOLE_MAX_BYTES - text->len ||
	    array__reserve(text->bytes, text->len + len, &text->capacity))
		return false;
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	return true;
}

static size_t count_lines(const char *bytes, size_t len)
{
	size_t cnt = 0;

	for (size_t i = 0; i < len; i++)
		cnt += bytes[i] == '\n';
	return cnt;
}

/* For the stream: never an error, which it would not get over. */
static ssize_t take(void *cookie, const char *bytes, size_t len)
{
	struct console *console = cookie;

	pthread_mutex_lock(&console->lock);
	/* in the order in which it was said: after a gap nothing, until the gap is told */
	if (console->left_out || !add(&console->said, bytes, len))
		console->left_out += count_lines(bytes, len);
	pthread_cond_broadcast(&console->changed);
	pthread_mutex_unlock(&console->lock);
	return (ssize_t)len;
}

/* Stops at an error: there is no other place to report it. */
static void write_all(const char *bytes, size_t len)
{
	while (len) {
		ssize_t written = write(STDERR_FILENO, bytes, len);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return;
		bytes += written;
		len -= (size_t)written;
	}
}

static void write_text(const struct text *text, size_t left_out)
{
	char line[96];
	int len;

	write_all(text->bytes, text->len);
	if (!left_out)
		return;
	len = snprintf(line, sizeof(line),
		       "ttlog-collect: %zu lines were left out here: nobody read them\n", left_out);
	write_all(line, (size_t)len);
}

static void *run(void *arg)
{
	struct console *console = arg;
	struct text text = { 0 }, empty;
	size_t left_out;

	pthread_mutex_lock(&console->lock);
	while (console->said.len || console->left_out || !console->is_ending) {
		if (!console->said.len && !console->left_out) {
			pthread_cond_wait(&console->changed, &console->lock);
			continue;
		}
		empty = text;
		text = console->said;
		console->said = empty;
		left_out = console->left_out;
		console->left_out = 0;
		console->is_writing = true;
		pthread_mutex_unlock(&console->lock);
		write_text(&text, left_out);
		text.len = 0;
		pthread_mutex_lock(&console->lock);
		console->is_writing = false;
		pthread_cond_broadcast(&console->changed);
	}
	pthread_mutex_unlock(&console->lock);
	free(text.bytes);
	return NULL;
}

static void discard(struct console *console)
{
	if (console->stream)
		(void)fclose(console->stream);
	free(console->said.bytes);
	pthread_cond_destroy(&console->changed);
	pthread_mutex_destroy(&console->lock);
	free(console);
}

struct console *console__new(void)
{
	const cookie_io_functions_t calls = { .write = take };
	struct console *console = calloc(1, sizeof(*console));
	int err;

	if (!console)
		return NULL;
	pthread_mutex_init(&console->lock, NULL);
	pthread_cond_init(&console->changed, NULL);
	console->stream = fopencookie(console, "w", calls);
	err = console->stream ? 0 : errno;
	if (!err && setvbuf(console->stream, NULL, _IOLBF, BUFSIZ))
		err = ENOMEM;
	if (!err)
		err = pthread_create(&console->thread, NULL, run, console);
	if (err) {
		discard(console);
		errno = err;
		return NULL;
	}
	console->before = stderr;
	stderr = console->stream;
	return console;
}

void console__flush(struct console *console)
{
	if (!console)
		return;
	(void)fflush(console->stream);
	pthread_mutex_lock(&console->lock);
	while (console->said.len || console->left_out || console->is_writing)
		pthread_cond_wait(&console->changed, &console->lock);
	pthread_mutex_unlock(&console->lock);
}

void console__free(struct console *console)
{
	if (!console)
		return;
	(void)fflush(console->stream);
	stderr = console->before;
	pthread_mutex_lock(&console->lock);
	console->is_ending = true;
	pthread_cond_broadcast(&console->changed);
	pthread_mutex_unlock(&console->lock);
	pthread_join(console->thread, NULL);
	discard(console);
}
