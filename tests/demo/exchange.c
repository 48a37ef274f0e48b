/* SPDX-License-Identifier: MIT */
/*
 * The demo: a small exchange, marked with ttlog, with a bug that kills it before long.
 *
 * Two gateways take requests from clients and put them into a queue; the matcher takes them out and
 * keeps a book of buyers and sellers a symbol; a monitor looks at it all ten times a second.
 *
 * The bug is in matcher__cancel(). `make demo` shows how it is found in the snapshot.
 *
 * usage: exchange [SECONDS]: how long it lives; 1 is the default
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TTLOG_SERVICE "exchange"
#include <ttlog/ttlog.h>

#define TTLOG_TARGET "exchange"

#define GATEWAYS    2
#define SYMBOLS     4
#define QUEUE_SLOTS 256
#define ORDERS      65536 /* the table of orders; ids go round */
#define PAUSE_NS    400000
#define GRACE_MS    10000 /* for the bug to strike; it takes a few ms */

enum request_kind {
	REQUEST_ORDER,
	REQUEST_CANCEL,
};

struct request {
	enum request_kind kind;
	uint64_t id;
	const char *client;
	int symbol;
	bool buy;
	int64_t price_cents;
	uint32_t quantity;
};

struct order {
	uint64_t id;
	const char *client;
	struct side *side; /* where it waits; NULL once it is filled */
	struct order *prev, *next;
	int64_t price_cents;
	uint32_t open_quantity;
};

/* Orders that wait, the best price first, then the oldest. */
struct side {
	bool buy;
	uint32_t depth;
	struct order *first;
};

struct book {
	const char *symbol;
	int64_t mid_cents;
	struct side buyers, sellers;
};

static struct queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	uint32_t used, head;
	struct request slots[QUEUE_SLOTS];
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
	.emptied = PTHREAD_COND_INITIALIZER,
};

static struct book books[SYMBOLS] = {
	{ "AAPL", 15025, { .buy = true }, { .buy = false } },
	{ "MSFT", 41210, { .buy = true }, { .buy = false } },
	{ "NVDA", 87540, { .buy = true }, { .buy = false } },
	{ "TSLA", 17620, { .buy = true }, { .buy = false } },
};

static uint64_t life_ms = 1000; /* from then on a client trades as the bug likes it */

/* Shared between gateways, matcher and monitor. */
static uint64_t next_id = 1, trades, volume;
static struct order orders[ORDERS];

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void pause_ns(long ns)
{
	const struct timespec pause = { .tv_nsec = ns };

	(void)nanosleep(&pause, NULL);
}

/* ---- the queue ---- */

static void queue__put(const struct request *request)
{
	(void)pthread_mutex_lock(&queue.lock);
	while (queue.used == QUEUE_SLOTS) {
		TTLOG_WARN("Queue full, gateway waits", "slots", QUEUE_SLOTS);
		(void)pthread_cond_wait(&queue.emptied, &queue.lock);
	}
	queue.slots[(queue.head + queue.used++) % QUEUE_SLOTS] = *request;
	(void)pthread_cond_signal(&queue.filled);
	(void)pthread_mutex_unlock(&queue.lock);
}

static struct request queue__get(void)
{
	struct request request;

	(void)pthread_mutex_lock(&queue.lock);
	while (!queue.used)
		(void)pthread_cond_wait(&queue.filled, &queue.lock);
	request = queue.slots[queue.head];
	queue.head = (queue.head + 1) % QUEUE_SLOTS;
	queue.used--;
	(void)pthread_cond_signal(&queue.emptied);
	(void)pthread_mutex_unlock(&queue.lock);
	return request;
}

/* ---- one side of a book ---- */

#undef TTLOG_TARGET
#define TTLOG_TARGET "exchange.book"

static bool is_better(const struct side *side, const struct order *a, const struct order *b)
{
	return side->buy ? a->price_cents > b->price_cents : a->price_cents < b->price_cents;
}

static void side__add(struct side *side, struct order *order)
{
	struct order *prev = NULL, *next = side->first;

	while (next && !is_better(side, order, next)) {
		prev = next;
		next = next->next;
	}
	order->side = side;
	order->prev = prev;
	order->next = next;
	if (next)
		next->prev = order;
	if (prev)
		prev->next = order;
	else
		side->first = order;
	side->depth++;
}

static __attribute__((noinline)) void side__remove(struct side *side, struct order *order)
{
	side->depth--;
	if (order->prev)
		order->prev->next = order->next;
	else
		side->first = order->next;
	if (order->next)
		order->next->prev = order->prev;
	order->side = NULL;
}

/* ---- the matcher ---- */

#undef TTLOG_TARGET
#define TTLOG_TARGET "exchange.matcher"

static void matcher__trade(struct book *book, struct order *taker, struct order *maker)
{
	uint32_t quantity = taker->open_quantity < maker->open_quantity ? taker->open_quantity
									: maker->open_quantity;

	taker->open_quantity -= quantity;
	maker->open_quantity -= quantity;
	__atomic_fetch_add(&trades, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&volume, quantity, __ATOMIC_RELAXED);
	__atomic_store_n(&book->mid_cents, maker->price_cents, __ATOMIC_RELAXED);
	TTLOG_PROBE(trade_executed, INFO, "Trade executed", "symbol", book->symbol, "quantity",
		    quantity, "price", TTLOG_DECIMAL(maker->price_cents, 2), "taker", taker->id,
		    "maker", maker->id);
	if (maker->open_quantity)
		return;
	side__remove(maker->side, maker);
	TTLOG_PROBE(order_filled, DEBUG, "Order filled", "order", maker->id, "client",
		    maker->client);
}

static __attribute__((noinline)) void matcher__order(const struct request *request)
{
	struct book *book = &books[request->symbol];
	struct side *own = request->buy ? &book->buyers : &book->sellers;
	struct side *other = request->buy ? &book->sellers : &book->buyers;
	struct order *order = &orders[request->id % ORDERS];

	TTLOG_SPAN(match_order, DEBUG, "order", request->id, "symbol", book->symbol);
	if (order->side) {
		TTLOG_WARN("Order of long ago expires", "order", order->id);
		side__remove(order->side, order);
	}
	*order = (struct order){ .id = request->id,
				 .client = request->client,
				 .price_cents = request->price_cents,
				 .open_quantity = request->quantity };
	while (order->open_quantity && other->first && !is_better(other, order, other->first))
		matcher__trade(book, order, other->first);
	if (!order->open_quantity) {
		TTLOG_PROBE(order_filled, DEBUG, "Order filled", "order", order->id, "client",
			    order->client);
		return;
	}
	side__add(own, order);
	TTLOG_PROBE(order_resting, DEBUG, "Order waits in the book", "order", order->id, "side",
		    request->buy ? "BUY" : "SELL", "open", order->open_quantity, "depth",
		    own->depth);
}

/* The bug: an order that was filled is in no side any more. */
static __attribute__((noinline)) void matcher__cancel(const struct request *request)
{
	struct order *order = &orders[request->id % ORDERS];

	TTLOG_PROBE(cancel, INFO, "Cancelling order", "order", request->id, "client",
		    request->client, "open", order->open_quantity, "side",
		    (const void *)order->side);
	side__remove(order->side, order);
	TTLOG_PROBE(order_cancelled, DEBUG, "Order cancelled", "order", order->id);
}

static __attribute__((noinline)) void matcher__handle(const struct request *request)
{
	if (request->kind == REQUEST_ORDER)
		matcher__order(request);
	else
		matcher__cancel(request);
}

static void *matcher__run(void *unused)
{
	(void)pthread_setname_np(pthread_self(), "matcher");
	for (;;) {
		struct request request = queue__get();

		matcher__handle(&request);
	}
	return unused;
}

/* ---- the gateways ---- */

#undef TTLOG_TARGET
#define TTLOG_TARGET "exchange.gateway"

/* xorshift64 */
static uint32_t random__below(uint64_t *seed, uint32_t limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 33) % limit;
}

static uint64_t gateway__send_order(uint64_t *seed, const char *client)
{
	struct request request = {
		.kind = REQUEST_ORDER,
		.id = __atomic_fetch_add(&next_id, 1, __ATOMIC_RELAXED),
		.client = client,
		.symbol = (int)random__below(seed, SYMBOLS),
		.buy = random__below(seed, 2),
		.quantity = 100 * (1 + random__below(seed, 9)),
	};
	const struct book *book = &books[request.symbol];

	TTLOG_SPAN(handle_order, DEBUG, "client", client);
	request.price_cents =
		__atomic_load_n(&book->mid_cents, __ATOMIC_RELAXED) - 20 + random__below(seed, 41);
	TTLOG_PROBE(order_received, INFO, "Order received", "order", request.id, "client", client,
		    "symbol", book->symbol, "side", request.buy ? "BUY" : "SELL", "quantity",
		    request.quantity, "price", TTLOG_DECIMAL(request.price_cents, 2));
	queue__put(&request);
	return request.id;
}

static void gateway__send_cancel(uint64_t id, const char *client)
{
	const struct request request = { .kind = REQUEST_CANCEL, .id = id, .client = client };

	TTLOG_PROBE(cancel_received, INFO, "Cancel received", "order", id, "client", client);
	queue__put(&request);
}

static void *gateway__run(void *number)
{
	static const char *const clients[] = { "alba", "borealis", "cygnus", "delphin",
					       "eridanus" };
	int me = (int)(intptr_t)number;
	uint64_t seed = 0x9e3779b97f4a7c15u + (uint64_t)me, start = now_ns();
	char name[16];

	(void)snprintf(name, sizeof(name), "gateway-%d", me);
	(void)pthread_setname_np(pthread_self(), name);
	TTLOG_INFO("Gateway open", "gateway", me, "port", 9000 + me);
	for (;;) {
		const char *client = clients[random__below(&seed, 5)];
		uint64_t id = gateway__send_order(&seed, client);

		/* this one wants out again at once, whether it has traded or not */
		if (me == 1 && client == clients[4] && now_ns() - start > life_ms * 1000000)
			gateway__send_cancel(id, client);
		pause_ns(PAUSE_NS);
	}
	return NULL;
}

/* ---- the monitor, on the main thread ---- */

#undef TTLOG_TARGET
#define TTLOG_TARGET "exchange.monitor"

static void monitor__run(void)
{
	for (uint64_t ms = 0; ms < life_ms + GRACE_MS; ms += 100) {
		uint64_t before = __atomic_load_n(&trades, __ATOMIC_RELAXED);

		pause_ns(100000000);
		TTLOG_PROBE(heartbeat, INFO, "Heartbeat", "trades",
			    __atomic_load_n(&trades, __ATOMIC_RELAXED), "trades_per_s",
			    10.0 * (double)(__atomic_load_n(&trades, __ATOMIC_RELAXED) - before),
			    "volume", __atomic_load_n(&volume, __ATOMIC_RELAXED));
	}
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc > 1)
		life_ms = strtoull(argv[1], NULL, 10) * 1000;
	TTLOG_INFO("Exchange opens", "symbols", SYMBOLS, "gateways", GATEWAYS);
	if (pthread_create(&thread, NULL, matcher__run, NULL))
		return 1;
	for (intptr_t i = 1; i <= GATEWAYS; i++) {
		if (pthread_create(&thread, NULL, gateway__run, (void *)i))
			return 1;
	}
	monitor__run();
	TTLOG_INFO("Exchange closes");
	return 0;
}
