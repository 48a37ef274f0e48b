/* SPDX-License-Identifier: MIT */
/*
 * What the child answers is as hostile as the file: it is checked before it is used.
 */
#include <elf.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "argument_child.h"
#include "argument_process.h"
#include "array.h"
#include "child_process.h"
#include "dwarf_arguments.h"
#include "elf_file.h"
#include "fd_message.h"

/* For one answer: the first reads the file. */
#define MAX_MS 20000

static bool uses_child;

struct argument_process {
	struct dwarf_arguments *own; /* without a child */
	struct child_process child;  /* pid 0: none, or it is gone */
};

void argument_process__use(void)
{
	uses_child = true;
}

/* ---- messages ---- */

static int send_message(int socket, const void *bytes, size_t size, int fd)
{
	const struct iovec part = { (void *)bytes, size };

	return fd_message__send(socket, &part, 1, fd, 0) == (ssize_t)size ? 0 : -EPIPE;
}

/* A message of exactly that size. */
static int receive_message(int socket, void *ret, size_t size)
{
	struct pollfd wait = { .fd = socket, .events = POLLIN };
	struct iovec part = { ret, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int ready;

	do
		ready = poll(&wait, 1, MAX_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return -ETIMEDOUT;
	return recvmsg(socket, &message, MSG_DONTWAIT) == (ssize_t)size ? 0 : -EPIPE;
}

/* ---- checking ---- */

static bool is_word(uint8_t word)
{
	/* of struct pt_regs, of any machine */
	return word == WIRE_NO_REGISTER || word < 40;
}

static bool is_valid_value(const struct wire_value *value)
{
	return value->from <= WIRE_MEMORY && is_word(value->base) && is_word(value->index) &&
	       value->step_cnt <= WIRE_MAX_STEPS && value->text <= WIRE_TEXT_AT &&
	       value->shift < 64 &&
	       (value->from == WIRE_NOTHING || value->bytes == 1 || value->bytes == 2 ||
		value->bytes == 4 || value->bytes == 8 || value->text);
}

static bool is_valid(struct argument *argument)
{
	argument->name[sizeof(argument->name) - 1] = '\0';
	argument->why[sizeof(argument->why) - 1] = '\0';
	return argument->type <= TTLOG_TYPE_DECIMAL && is_valid_value(&argument->value);
}

static bool is_valid_answer(struct function_arguments *answer)
{
	answer->file[sizeof(answer->file) - 1] = '\0';
	answer->error[sizeof(answer->error) - 1] = '\0';
	if (answer->cnt > TTLOG_MAX_FIELDS || !is_valid(&answer->ret))
		return false;
	for (size_t i = 0; i < answer->cnt; i++) {
		if (!is_valid(&answer->items[i]))
			return false;
	}
	return true;
}

/* ---- the child ---- */

static void end_child(struct argument_process *process)
{
	if (process->child.pid)
		child_process__end(&process->child);
	process->child.pid = 0;
}

static int start_child(struct argument_process *process, int fd)
{
	struct argument_hello hello = { 0 };
	int err = child_process__start(&process->child, CHILD_ARGUMENTS);

	if (err)
		return err;
	err = send_message(process->child.socket, &hello, sizeof(hello), fd);
	if (!err)
		err = receive_message(process->child.socket, &hello, sizeof(hello));
	if (!err && hello.has_debug)
		return 0;
	end_child(process);
	return err ? err : -ENODATA;
}

/* Whether a child is worth it. */
static bool has_debug(int fd)
{
	static const char *const names[] = { ".debug_info", ".zdebug_info" };
	struct elf_file *file = elf_file__new(fd);
	bool has = false;

	for (size_t i = 0; file && !has && i < ARRAY_SIZE(names); i++) {
		uint64_t number = 0;
		ElfW(Shdr) section;

		has = elf_file__next_section(file, &number, SHT_PROGBITS, names[i], &section) == 1;
	}
	elf_file__free(file);
	return has;
}

struct argument_process *argument_process__new(int fd)
{
	struct argument_process *process;
	int err = 0;

	if (!has_debug(fd))
		return NULL;
	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	if (uses_child)
		err = start_child(process, fd);
	else
		process->own = dwarf_arguments__new(fd);
	if (!err && (uses_child || process->own))
		return process;
	free(process);
	return NULL;
}

void argument_process__free(struct argument_process *process)
{
	if (!process)
		return;
	end_child(process);
	dwarf_arguments__free(process->own);
	free(process);
}

int argument_process__find(struct argument_process *process, const struct function_wish *wish,
			   struct function_arguments *ret)
{
	int err;

	if (process->own) {
		dwarf_arguments__find(process->own, wish, ret);
		return 0;
	}
	if (!process->child.pid)
		return -EPIPE;
	err = send_message(process->child.socket, wish, sizeof(*wish), -1);
	if (!err)
		err = receive_message(process->child.socket, ret, sizeof(*ret));
	if (!err && !is_valid_answer(ret))
		err = -EBADMSG;
	if (err)
		end_child(process);
	return err;
}
