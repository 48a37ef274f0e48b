/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "event_stacks.h"
#include "source_table.h"

static void drop(struct event_stacks *stacks, struct event_stack *stack)
{
	stacks->pending_cnt -= stack->state == EVENT_STACK_PENDING;
	stack->state = EVENT_STACK_DROPPED;
}

static size_t kept_cnt(const struct event_stacks *stacks)
{
	return stacks->cnt < EVENT_STACKS_MAX ? stacks->cnt : EVENT_STACKS_MAX;
}

/* A handler that interrupted the mark before its event was in the batch has passed a mark, too:
 * which of both is the event with that number is unknown. */
static bool drop_twins(struct event_stacks *stacks, const struct event_stack *stack)
{
	bool has_twin = false;

	for (size_t i = 0; i < kept_cnt(stacks); i++) {
		struct event_stack *other = &stacks->items[i];

		if (other == stack || other->is_alone || other->address != stack->address ||
		    other->ordinal != stack->ordinal || other->module != stack->module ||
		    other->where.tid != stack->where.tid)
			continue;
		drop(stacks, other);
		has_twin = true;
	}
	return has_twin;
}

/* A stack of a thread that had no batch is that of the first event in its first one: see
 * event_stacks__begin(), which may come late. */
static bool is_of_batch(const struct event_stack *stack, const struct event_stacks_batch *batch)
{
	if (stack->module != batch->module || stack->is_alone)
		return false;
	if (stack->address)
		return stack->address == batch->address;
	return stack->where.tid == batch->tid && batch->seq == 1;
}

static void try_batch(struct event_stacks *stacks, struct event_stack *stack,
		      const struct event_stacks_batch *batch)
{
	if (stack->state != EVENT_STACK_PENDING || !is_of_batch(stack, batch) ||
	    stack->ordinal < batch->before || stack->ordinal - batch->before >= batch->cnt)
		return;
	stacks->pending_cnt--;
	stack->state = EVENT_STACK_KNOWN;
	stack->thread = batch->thread;
	stack->seq = batch->seq;
	stack->ticks = batch->ticks;
	stack->place = (uint32_t)(stack->ordinal - batch->before);
}

static size_t kept_batches(const struct event_stacks *stacks)
{
	return stacks->batch_cnt < EVENT_STACKS_BATCHES ? stacks->batch_cnt : EVENT_STACKS_BATCHES;
}

/* Its event may have been taken already: in a batch that was kept, or in the newest one of its
 * source from before there was any stack. */
static void look_back(struct event_stacks *stacks, struct event_stack *stack,
		      const struct source_table *sources)
{
	const struct source *source;
	struct event_stacks_batch batch;

	for (size_t i = 0; i < kept_batches(stacks); i++)
		try_batch(stacks, stack, &stacks->batches[i]);
	source = stack->address ? source_table__find(sources, stack->address) : NULL;
	if (!source || !source->ticks || source->taken_events > source->emitted)
		return;
	batch = (struct event_stacks_batch){
		.address = source->address,
		.seq = source->seq,
		.ticks = source->ticks,
		.before = source->emitted - source->taken_events,
		.cnt = source->taken_events,
		.module = source->module,
		.thread = source->thread,
	};
	try_batch(stacks, stack, &batch);
}

static void copy_where(struct crash_other *to, const struct wire_event_stack *message)
{
	memset(to, 0, sizeof(*to));
	to->tid = message->head.tid;
	memcpy(to->thread, message->head.comm, sizeof(to->thread));
	memcpy(to->registers, message->registers, sizeof(to->registers));
	for (size_t i = 0; i < CRASH_OTHER_PAGES; i++) {
		struct crash_page *page = &to->pages[to->page_cnt];

		if (!message->addresses[i])
			continue;
		page->address = message->addresses[i];
		memcpy(page->bytes, message->pages[i], sizeof(page->bytes));
		to->page_cnt++;
	}
}

/* Its event was not sent, or is not recorded. */
static void drop_alone(struct event_stacks *stacks, const struct event_stack *newer)
{
	for (size_t i = 0; i < kept_cnt(stacks); i++) {
		struct event_stack *stack = &stacks->items[i];

		if (stack != newer && stack->is_alone && stack->state == EVENT_STACK_PENDING &&
		    stack->where.tid == newer->where.tid)
			drop(stacks, stack);
	}
}

int event_stacks__add(struct event_stacks **stacks, const struct wire_event_stack *message,
		      const struct source_table *sources)
{
	struct event_stack *stack;

	if (!*stacks)
		*stacks = calloc(1, sizeof(**stacks));
	if (!*stacks)
		return -ENOMEM;
	stack = &(*stacks)->items[(*stacks)->cnt++ % EVENT_STACKS_MAX];
	drop(*stacks, stack);
	*stack = (struct event_stack){
		.state = EVENT_STACK_PENDING,
		.module = message->head.module,
		.site = message->site,
		.address = message->address,
		.ordinal = message->ordinal,
		.is_alone = message->is_alone != 0,
	};
	(*stacks)->pending_cnt++;
	copy_where(&stack->where, message);
	if (stack->is_alone)
		drop_alone(*stacks, stack);
	else if (drop_twins(*stacks, stack))
		drop(*stacks, stack);
	else
		look_back(*stacks, stack, sources);
	return 0;
}

void event_stacks__take_batch(struct event_stacks *stacks, const struct wire_batch *message,
			      uint32_t thread)
{
	struct event_stacks_batch *batch =
		&stacks->batches[stacks->batch_cnt++ % EVENT_STACKS_BATCHES];

	*batch = (struct event_stacks_batch){
		.address = message->address,
		.seq = message->batch.seq,
		.ticks = message->batch.base_ticks,
		.before = message->batch.events_before,
		.cnt = message->batch.committed >> 32,
		.module = message->head.module,
		.thread = thread,
		.tid = message->head.tid,
	};
	for (size_t i = 0; stacks->pending_cnt && i < kept_cnt(stacks); i++)
		try_batch(stacks, &stacks->items[i], batch);
}

void event_stacks__take_alone(struct event_stacks *stacks, const struct wire_event *message,
			      uint64_t ticks, uint32_t thread)
{
	for (size_t i = 0; stacks->pending_cnt && i < kept_cnt(stacks); i++) {
		struct event_stack *stack = &stacks->items[i];

		if (stack->state != EVENT_STACK_PENDING || !stack->is_alone ||
		    stack->where.tid != message->head.tid ||
		    stack->module != message->head.module || stack->site != message->site)
			continue;
		stacks->pending_cnt--;
		stack->state = EVENT_STACK_KNOWN;
		stack->thread = thread;
		stack->ticks = ticks;
		return;
	}
}

void event_stacks__begin(struct event_stacks *stacks, const struct wire_thread *message,
			 const struct source_table *sources)
{
	const struct ttlog_batch *batch = &message->batch;

	if (batch->magic != TTLOG_BATCH_MAGIC)
		return;
	for (size_t i = 0; stacks->pending_cnt && i < kept_cnt(stacks); i++) {
		struct event_stack *stack = &stacks->items[i];

		if (stack->state != EVENT_STACK_PENDING || stack->address || stack->is_alone ||
		    stack->module != message->head.module || stack->where.tid != message->head.tid)
			continue;
		stack->address = message->address;
		stack->ordinal = batch->events_before + (batch->committed >> 32);
		look_back(stacks, stack, sources);
	}
}

void event_stacks__exec(struct event_stacks *stacks)
{
	if (stacks)
		stacks->batch_cnt = 0;
	for (size_t i = 0; stacks && i < kept_cnt(stacks); i++) {
		if (stacks->items[i].state == EVENT_STACK_PENDING)
			drop(stacks, &stacks->items[i]);
	}
}

/* taker: 0 for all of them. */
static bool is_for(const struct event_stack *stack, uint8_t taker)
{
	return stack->state == EVENT_STACK_KNOWN && !(stack->taken & taker);
}

static size_t cnt_for(const struct event_stacks *stacks, uint8_t taker)
{
	size_t cnt = 0;

	for (size_t i = 0; stacks && i < kept_cnt(stacks); i++)
		cnt += is_for(&stacks->items[i], taker);
	return cnt;
}

/* In the order in which they came. */
static struct event_stack *copy_for(const struct event_stacks *stacks, uint8_t taker,
				    size_t *ret_cnt)
{
	const size_t cnt = cnt_for(stacks, taker);
	struct event_stack *copy = cnt ? reallocarray(NULL, cnt, sizeof(*copy)) : NULL;

	*ret_cnt = 0;
	for (size_t i = copy ? stacks->cnt - kept_cnt(stacks) : 0; copy && i < stacks->cnt; i++) {
		if (is_for(&stacks->items[i % EVENT_STACKS_MAX], taker))
			copy[(*ret_cnt)++] = stacks->items[i % EVENT_STACKS_MAX];
	}
	return copy;
}

struct event_stack *event_stacks__copy(const struct event_stacks *stacks, size_t *ret_cnt)
{
	return copy_for(stacks, 0, ret_cnt);
}

struct event_stack *event_stacks__take_new(struct event_stacks *stacks,
					   enum event_stack_taker taker, size_t *ret_cnt)
{
	struct event_stack *copy = copy_for(stacks, (uint8_t)taker, ret_cnt);

	if (copy)
		event_stacks__pass(stacks, taker);
	return copy;
}

size_t event_stacks__new_cnt(const struct event_stacks *stacks, enum event_stack_taker taker)
{
	return cnt_for(stacks, (uint8_t)taker);
}

void event_stacks__pass(struct event_stacks *stacks, enum event_stack_taker taker)
{
	for (size_t i = 0; stacks && i < kept_cnt(stacks); i++) {
		if (stacks->items[i].state == EVENT_STACK_KNOWN)
			stacks->items[i].taken |= (uint8_t)taker;
	}
}

uint64_t event_stacks__cnt(const struct event_stacks *stacks)
{
	return stacks ? stacks->cnt : 0;
}

void event_stacks__free_copy(struct event_stack *stacks, size_t cnt)
{
	for (size_t i = 0; stacks && i < cnt; i++) {
		for (size_t k = 0; k < stacks[i].where.frame_cnt; k++)
			crash_frame__fini(&stacks[i].where.frames[k]);
	}
	free(stacks);
}
