// SPDX-License-Identifier: MIT
//
// A program that nobody marked, for --uprobe and --span: does what stdin says, and answers with "ok".
//
//	submit N	N orders, with amounts from 0
//	throw N		N exceptions, thrown some functions deep, and caught
//	threads N	N threads that end by pthread_exit() inside of functions
//	jump N		leaves functions by longjmp(), N times
//	switch N	a switch, a call through a table, and calls of itself in its own place
//	exit
//
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include <pthread.h>

#define APART __attribute__((noinline, noclone))
// Keeps calls from becoming jumps.
#define STAY  __asm__ volatile("" ::: "memory")

namespace shop
{
struct price {
	int units;
	char currency[4];
};

struct order {
	long id;
	const char *symbol;
	const price *limit;
	unsigned int is_urgent : 1;
};

APART static long submit(const order &o, const char *note, double factor, bool is_dry)
{
	STAY;
	return o.id * o.limit->units + static_cast<long>(strlen(note)) * is_dry +
	       static_cast<long>(factor);
}

class book
{
	long total_ = 0;

      public:
	APART long add(long amount)
	{
		total_ += amount;
		return total_;
	}
};

APART static int deep(int n, std::string text)
{
	if (!n)
		throw std::runtime_error(text);
	const int below = deep(n - 1, text + "x");
	STAY;
	return below + 1;
}

APART static int guarded(int n)
{
	try {
		return deep(n, "start");
	} catch (const std::exception &error) {
		return static_cast<int>(strlen(error.what()));
	}
}
} // namespace shop

static jmp_buf out;

APART static int jumps_out(int n)
{
	if (!n)
		longjmp(out, 1);
	if (n < 0) // or compilers would warn of it
		return 0;
	const int below = jumps_out(n - 1);
	STAY;
	return below + 1;
}

APART static int lands(int n)
{
	if (setjmp(out))
		return 7;
	return jumps_out(n);
}

APART static void *leaves(void *n)
{
	if (!n)
		pthread_exit(nullptr);
	if (n == out)
		return nullptr;
	void *below = leaves(static_cast<char *>(n) - 1);
	STAY;
	return below;
}

APART static int choose(int n)
{
	STAY;
	switch (n % 7) {
	case 0:
		return 1;
	case 1:
		return rand() & 1;
	case 2:
		return shop::guarded(1);
	case 3:
		return abs(n);
	case 4:
		return lands(1);
	case 5:
		return atoi("5");
	default:
		return n;
	}
}

APART static int own_place(int n, int sum)
{
	if (n <= 0)
		return sum;
	return own_place(n - 1, sum + choose(n));
}

static int (*const table[])(int) = { choose, lands, shop::guarded };

APART static int by_table(int n)
{
	return table[n % 3](n);
}

static void submit_all(int cnt)
{
	shop::book book;

	for (int i = 0; i < cnt; i++) {
		const shop::price limit = { 100 + i, "EUR" };
		const shop::order order = { i, i % 2 ? "ODD" : "EVEN", &limit, 1 };

		book.add(shop::submit(order, "note", 1.5, true));
	}
}

static void run_threads(int cnt)
{
	for (int i = 0; i < cnt; i++) {
		pthread_t thread;

		if (pthread_create(&thread, nullptr, leaves, reinterpret_cast<void *>(3L)))
			abort();
		pthread_join(thread, nullptr);
	}
}

int main()
{
	char line[64], word[16];
	int cnt, sum = 0;

	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%15s %d", word, &cnt) < 1 || !strcmp(word, "exit"))
			break;
		if (!strcmp(word, "submit"))
			submit_all(cnt);
		if (!strcmp(word, "threads"))
			run_threads(cnt);
		for (int i = 0; i < cnt; i++) {
			if (!strcmp(word, "throw"))
				sum += shop::guarded(i % 5);
			if (!strcmp(word, "jump"))
				sum += lands(i % 5);
			if (!strcmp(word, "switch"))
				sum += own_place(i % 4, 0) + by_table(i);
		}
		puts("ok");
		fflush(stdout);
	}
	printf("sum %d\n", sum);
	return 0;
}
