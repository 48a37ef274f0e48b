/* SPDX-License-Identifier: MIT */
/*
 * Functions with arguments of all kinds, for test_functions.c, which stops at the start of each,
 * and compares what it reads with what main() gives.
 */
#include <cstdint>
#include <cstring>
#include <string>

#define KEEP __attribute__((noinline, used))
#define ARM  __asm__ volatile("" ::: "memory")

enum color {
	RED = 1,
	BLUE = 7
};
enum sign {
	MINUS = -3,
	PLUS = 3
};
enum class tiny : uint8_t {
	one = 200
};
typedef int number;

struct inner {
	short small;
	const char *text;
	struct deep *deep;
};
struct deep {
	char name[16];
	long value;
	struct deep *next;
};
struct pair {
	int first;
	int second;
};
struct mixed {
	long whole;
	double half;
};
struct large {
	long a, b;
	struct inner inner;
	unsigned bits : 3;
	struct {
		int unnamed_one;
	};
};
struct base {
	int in_base;
};
struct derived : base {
	int in_derived;
	KEEP int method(int x) const;
	static int shared;
};
struct owner {
	int handle;
	explicit owner(int x);
	owner(const owner &other);
	~owner();
};

KEEP owner::owner(int x) : handle(x)
{
	ARM;
}
KEEP owner::owner(const owner &other) : handle(other.handle)
{
	ARM;
}
KEEP owner::~owner()
{
	ARM;
}
KEEP int derived::method(int x) const
{
	ARM;
	return x + in_derived;
}

KEEP int strings(const std::string &by_reference, std::string by_value, std::string *pointer)
{
	ARM;
	return (int)(by_reference.size() + by_value.size() + pointer->size());
}

extern "C" {
KEEP int integers(char c, signed char sc, short s, unsigned u, long l, bool b, uint8_t seventh,
		  int eighth)
{
	ARM;
	return c + sc + s + (int)u + (int)l + b + seventh + eighth;
}
KEEP int enums(enum color c, enum sign s, tiny t, number n)
{
	ARM;
	return c + s + (int)t + n;
}
KEEP const char *pointers(const char *text, void *nothing, const char *const *texts, int &ref,
			  const struct pair &pair_ref)
{
	ARM;
	return nothing ? *texts
		       : text + (ref - 77) + (pair_ref.first - 31) + (pair_ref.second + 32);
}
KEEP double floats(double x, int i, float y, long j)
{
	ARM;
	return x + i + (double)y + (double)j;
}
KEEP int by_value(struct pair p, struct mixed m, struct large l, int after)
{
	ARM;
	return p.first + p.second + (int)m.whole + (int)m.half + (int)l.a + after;
}
KEEP struct large big_result(int x)
{
	struct large large = {};

	ARM;
	large.a = x;
	return large;
}
KEEP int members(struct large *l, struct derived *d, struct deep **list)
{
	ARM;
	return (int)l->a + d->in_derived + (int)(*list)->value;
}
KEEP int owned(owner o, int after)
{
	ARM;
	return o.handle + after;
}
KEEP int wide(__int128 big, int after, long double precise, int last)
{
	ARM;
	return (int)big + after + (int)precise + last;
}
KEEP void nothing_at_all(void)
{
	ARM;
}
}

int main()
{
	static struct deep second = { "second", 22, nullptr };
	static struct deep first = { "first", 11, &second };
	struct deep *list = &first;
	static const char *const texts[] = { "a", "b" };
	struct large large = {};
	struct derived derived;
	int ref = 77;
	const struct pair pair = { 31, -32 };
	const struct mixed mixed = { 41, 4.5 };

	large.a = 51;
	large.b = -52;
	large.inner.small = -53;
	large.inner.text = "inner text";
	large.inner.deep = &first;
	large.bits = 5;
	large.unnamed_one = 54;
	derived.in_base = 61;
	derived.in_derived = 62;
	(void)integers('x', -2, -3, 4000000000u, -5, true, 207, -8);
	(void)enums(BLUE, MINUS, tiny::one, -9);
	(void)pointers("some text", nullptr, texts, ref, pair);
	(void)floats(1.5, 21, 2.5f, -22);
	(void)by_value(pair, mixed, large, 33);
	(void)big_result(34);
	(void)members(&large, &derived, &list);
	(void)owned(owner(35), 36);
	(void)wide((__int128)1 << 64 | 37, 38, 1.0L, 39);
	(void)derived.method(63);
	{
		std::string one = "one", two = "a text that is too long for its own room",
			    three = "3";

		(void)strings(one, two, &three);
	}
	nothing_at_all();
	return 0;
}
