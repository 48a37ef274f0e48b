/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "call_names.h"
#include "sched_records.h"
#include "sched_wire.h"

static const char *const reasons[SCHED_REASONS] = {
	[SCHED_SLEEP] = "sleep",         [SCHED_LOCK] = "lock",       [SCHED_DISK] = "disk",
	[SCHED_PREEMPTED] = "preempted", [SCHED_STOPPED] = "stopped",
};

static const char *const wakers[SCHED_WAKERS] = {
	[SCHED_NO_WAKER] = NULL,
	[SCHED_TASK] = "task",
	[SCHED_SOFTIRQ] = "softirq",
	[SCHED_INTERRUPT] = "interrupt",
};

/* All fields together are far below what there is room for. */
struct fields {
	unsigned char *at;
};

static void put(struct fields *fields, const void *value, size_t len)
{
	memcpy(fields->at, value, len);
	fields->at += len;
}

static void put_u32(struct fields *fields, uint32_t value)
{
	put(fields, &value, sizeof(value));
}

/* NULL: null. */
static void put_text(struct fields *fields, const char *text)
{
	const size_t len = text ? strnlen(text, 32) : 0;
	const uint16_t word = text ? (uint16_t)len : TTLOG_STR_NULL;

	put(fields, &word, sizeof(word));
	if (len)
		put(fields, text, len);
}

/* The kernel fills it up with zeroes; "": there is none. */
static void put_comm(struct fields *fields, const char comm[16])
{
	char text[17] = { 0 };

	memcpy(text, comm, 16);
	put_text(fields, text[0] ? text : NULL);
}

static void put_off_cpu(struct fields *fields, const struct sched_message *message,
			const struct call_names *names)
{
	put(fields, &message->duration_ns, sizeof(message->duration_ns));
	put_text(fields, reasons[message->reason]);
	put_text(fields, call_names__of(names, message->call));
	put_u32(fields, message->cpu);
	put_text(fields, wakers[message->waker]);
	put_comm(fields, message->peer_comm);
	put_u32(fields, message->peer_pid);
	put_u32(fields, message->peer_tid);
}

static void put_major_fault(struct fields *fields, const struct sched_message *message)
{
	put(fields, &message->address, sizeof(message->address));
	put(fields, &message->ip, sizeof(message->ip));
}

static void put_signal(struct fields *fields, const struct sched_message *message)
{
	const char *name = sigabbrev_np(message->signal);
	char text[32];

	if (name)
		(void)snprintf(text, sizeof(text), "SIG%s", name);
	else
		(void)snprintf(text, sizeof(text), "%d", message->signal);
	put_text(fields, text);
	put_u32(fields, (uint32_t)message->signal);
	put(fields, &message->is_handled, 1);
	put_comm(fields, message->peer_comm);
	put_u32(fields, message->peer_pid);
}

int sched_records__make(const struct sched_message *message, uint32_t module,
			const struct call_names *names, struct sched_batch *ret)
{
	struct fields fields = { ret->record + sizeof(struct ttlog_record) };
	struct ttlog_record record = { 0 };
	uint32_t bytes;

	if (message->site >= SCHED_SITES || message->reason >= SCHED_REASONS ||
	    message->waker >= SCHED_WAKERS)
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	if (message->site == SCHED_OFF_CPU)
		put_off_cpu(&fields, message, names);
	else if (message->site == SCHED_MAJOR_FAULT)
		put_major_fault(&fields, message);
	else
		put_signal(&fields, message);
	bytes = (uint32_t)(fields.at - ret->record + TTLOG_RECORD_ALIGN - 1) &
		~(TTLOG_RECORD_ALIGN - 1);
	record.site_len = (uint32_t)message->site << TTLOG_RECORD_LEN_BITS |
			  bytes / TTLOG_RECORD_ALIGN;
	memcpy(ret->record, &record, sizeof(record));
	ret->message.head = message->head;
	ret->message.head.kind = WIRE_BATCH;
	ret->message.head.bytes = (uint32_t)sizeof(ret->message) + bytes;
	ret->message.head.module = module;
	ret->message.batch = (struct ttlog_batch){
		.magic = TTLOG_BATCH_MAGIC,
		.version = TTLOG_ABI_VERSION,
		.clock = TTLOG_CLOCK_MONOTONIC,
		.flags = TTLOG_BATCH_ALONE,
		.base_ticks = message->head.stamp_ns,
		.committed = UINT64_C(1) << 32 | bytes,
		.tid = message->head.ns_tid,
	};
	return 0;
}
