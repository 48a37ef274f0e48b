/* SPDX-License-Identifier: MIT */
/* Stacks of events: from a map as the writer makes it, and from others. */
#include "view_fixture.h"

#include <errno.h>

#include "arena.h"
#include "cbor_out.h"
#include "cbor_reader.h"
#include "stacks.h"

#define EVENT_NUMBERS 7

static void put_text(struct cbor_out *out, const char *text)
{
	cbor_out__text(out, text);
}

static void put_frames(struct cbor_out *out)
{
	static const char *const symbols[] = { "inner", "outer+0x10", "main+0x1" };

	put_text(out, "frames");
	cbor_out__array(out, 3);
	for (size_t i = 0; i < 3; i++) {
		cbor_out__map(out, 2);
		put_text(out, "ip");
		put_text(out, i < 2 ? "0x10" : "0x20");
		put_text(out, "symbol");
		put_text(out, symbols[i]);
	}
}

/* Two stacks; the second one ends with this frame. */
static void put_lists(struct cbor_out *out, uint64_t last)
{
	put_text(out, "lists");
	cbor_out__array(out, 2);
	cbor_out__array(out, 1);
	cbor_out__uint(out, 2);
	cbor_out__array(out, 3);
	cbor_out__uint(out, 0);
	cbor_out__uint(out, 1);
	cbor_out__uint(out, last);
}

static void put_event(struct cbor_out *out, uint64_t seq, uint64_t place, uint64_t list)
{
	cbor_out__array(out, EVENT_NUMBERS);
	cbor_out__uint(out, 1); /* thread */
	cbor_out__uint(out, 0);
	cbor_out__uint(out, seq);
	cbor_out__uint(out, 77); /* ticks */
	cbor_out__uint(out, place);
	cbor_out__uint(out, 5); /* site */
	cbor_out__uint(out, list);
}

static void put_map(struct cbor_out *out, uint64_t last_frame, uint64_t last_list)
{
	cbor_out__map(out, 3);
	put_frames(out);
	put_lists(out, last_frame);
	put_text(out, "events");
	cbor_out__array(out, 3);
	put_event(out, 3, 9, 1);
	put_event(out, 2, 0, 0);
	put_event(out, 3, 8, last_list);
}

static struct ttlog_cbor item_of(const struct cbor_out *out)
{
	assert_true(cbor_reader__check(out->bytes, out->len, &(uint64_t){ 0 }));
	return (struct ttlog_cbor){ out->bytes, out->bytes + out->len };
}

static struct stack_event event_at(uint64_t seq, uint64_t place)
{
	return (struct stack_event){
		.thread = 1, .seq = seq, .ticks = 77, .place = place, .site = 5
	};
}

static void test_stacks_are_found(void **state)
{
	struct stack_event event = event_at(3, 9);
	struct cbor_out out = { 0 };
	struct arena arena = { 0 };
	struct stacks stacks;
	const struct stack *stack;

	(void)state;
	put_map(&out, 2, 0);
	assert_int_equal(stacks__parse(&stacks, item_of(&out), &arena), 0);
	assert_int_equal(stacks.event_cnt, 3);
	stack = stacks__find(&stacks, &event);
	assert_non_null(stack);
	assert_int_equal(stack->frame_cnt, 3);
	assert_true(ttlog_text_is(stack->frames[0]->symbol, "inner"));
	assert_true(stack->frames[0]->is_inlined);
	assert_false(stack->frames[1]->is_inlined);
	assert_true(ttlog_text_is(stack->frames[2]->ip, "0x20"));
	event = event_at(2, 0);
	assert_int_equal(stacks__find(&stacks, &event)->frame_cnt, 1);
	/* the same place is another event if anything differs */
	event.place = 1;
	assert_null(stacks__find(&stacks, &event));
	event = event_at(2, 0);
	event.site = 4;
	assert_null(stacks__find(&stacks, &event));
	event = event_at(2, 0);
	event.ticks = 78;
	assert_null(stacks__find(&stacks, &event));
	arena__fini(&arena);
	cbor_out__fini(&out);
}

static void assert_nothing(struct cbor_out *out)
{
	const struct stack_event event = event_at(3, 9);
	struct arena arena = { 0 };
	struct stacks stacks;

	assert_int_equal(stacks__parse(&stacks, item_of(out), &arena), 0);
	assert_int_equal(stacks.event_cnt, 0);
	assert_null(stacks__find(&stacks, &event));
	arena__fini(&arena);
	cbor_out__fini(out);
}

static void test_stacks_that_are_not_valid(void **state)
{
	struct cbor_out out = { 0 };

	(void)state;
	put_map(&out, 3, 0); /* no such frame */
	assert_nothing(&out);
	out = (struct cbor_out){ 0 };
	put_map(&out, 2, 2); /* no such list */
	assert_nothing(&out);
	out = (struct cbor_out){ 0 };
	cbor_out__map(&out, 1);
	put_frames(&out);
	assert_nothing(&out);
	out = (struct cbor_out){ 0 };
	cbor_out__map(&out, 3);
	put_frames(&out);
	put_text(&out, "lists");
	cbor_out__uint(&out, 1);
	put_text(&out, "events");
	cbor_out__uint(&out, 1);
	assert_nothing(&out);
}

static void test_stacks_have_a_limit(void **state)
{
	struct arena arena = { .max_bytes = 8 };
	struct cbor_out out = { 0 };
	struct stacks stacks;

	(void)state;
	put_map(&out, 2, 0);
	assert_int_equal(stacks__parse(&stacks, item_of(&out), &arena), -ENOMEM);
	assert_int_equal(stacks.event_cnt, 0);
	arena__fini(&arena);
	cbor_out__fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stacks_are_found),
		cmocka_unit_test(test_stacks_that_are_not_valid),
		cmocka_unit_test(test_stacks_have_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
