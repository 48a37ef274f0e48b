/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire.h"
#include "process_memory.h"
#include "broker/served.h"

static unsigned char shared[BROKER_SHARED_BYTES];

static int ask_memory(const void *address, size_t len)
{
	struct served served = {
		.request = { .pid = getpid(), .args = { (uintptr_t)address, len } },
		.shared = shared,
	};

	return served__ask(&served, process_memory__serve_memory);
}

/* How many it could read, or -errno. */
static int ask_batches(broker_handler handler, const uint64_t *addresses, size_t cnt)
{
	struct served served = {
		.request = { .pid = getpid() },
		.payload = addresses,
		.bytes = cnt * sizeof(*addresses),
		.shared = shared,
	};
	int err = served__ask(&served, handler);

	return err ? err : (int)served.result.value;
}

static void test_process_memory_gives_what_is_of_ttlog(void **state)
{
	const struct ttlog_module module = { .version = TTLOG_ABI_VERSION, .dropped = 7 };
	const struct ttlog_batch batch = { .magic = TTLOG_BATCH_MAGIC, .seq = 3 };
	unsigned char secret[64];

	(void)state;
	memset(secret, 's', sizeof(secret));
	memset(shared, 0, sizeof(secret));
	assert_int_equal(ask_memory(secret, sizeof(secret)), -EBADMSG);
	assert_int_equal(ask_memory(secret, 1), -EPERM);
	assert_int_equal(ask_memory(secret, sizeof(secret) / 2), -EPERM);
	assert_int_equal(ask_memory(secret, BROKER_SHARED_BYTES + 1), -EINVAL);
	for (size_t i = 0; i < sizeof(secret); i++)
		assert_int_equal(shared[i], 0);
	assert_int_equal(ask_memory(&module, sizeof(module)), 0);
	assert_memory_equal(shared, &module, sizeof(module));
	assert_int_equal(ask_memory(&batch, sizeof(batch)), 0);
	assert_memory_equal(shared, &batch, sizeof(batch));
}

static void test_process_memory_gives_batches_alone(void **state)
{
	struct {
		struct ttlog_batch head;
		char records[16];
	} batch = {
		.head = { .magic = TTLOG_BATCH_MAGIC, .committed = 1ull << 32 | 16 },
		.records = "0123456789abcde",
	};
	char secret[128];
	const uint64_t addresses[] = { (uintptr_t)&batch, (uintptr_t)secret };
	const struct wire_batch *first = (const void *)shared;

	(void)state;
	memset(secret, 's', sizeof(secret));
	assert_int_equal(ask_batches(process_memory__serve_batch, &addresses[1], 1), -EBADMSG);
	assert_int_equal(ask_batches(process_memory__serve_batches, addresses, 2), 2);
	assert_int_equal(first->head.bytes, sizeof(*first) + 16);
	assert_memory_equal(first + 1, batch.records, 16);
	assert_int_equal(ask_batches(process_memory__serve_heads, addresses, 2), 2);
	for (size_t i = 0; i < sizeof(struct ttlog_batch); i++)
		assert_int_equal(shared[sizeof(struct ttlog_batch) + i], 0);
	/* longer than any batch */
	batch.head.committed = 1ull << 32 | (TTLOG_BATCH_MAX_BYTES + 1);
	assert_int_equal(ask_batches(process_memory__serve_batch, addresses, 1), -EBADMSG);
	assert_int_equal(ask_batches(process_memory__serve_batches, addresses, 0), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_memory_gives_what_is_of_ttlog),
		cmocka_unit_test(test_process_memory_gives_batches_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
