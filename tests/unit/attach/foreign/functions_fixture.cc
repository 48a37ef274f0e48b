/* SPDX-License-Identifier: MIT */
/* Functions with names of all kinds, for test_function_list.c. */
#include <string>

namespace shop
{
struct Order {
	int amount;
	int total(int count) const;
	explicit Order(int value);
};

__attribute__((noinline)) int Order::total(int count) const
{
	return amount * count;
}

__attribute__((noinline)) Order::Order(int value) : amount(value)
{
}

template <class T> __attribute__((noinline)) T twice(T value)
{
	return value + value;
}

__attribute__((noinline)) int length(const std::string &text)
{
	return static_cast<int>(text.size());
}

__attribute__((noinline)) int length(int number)
{
	return number;
}
} /* namespace shop */

extern "C" {
__attribute__((noinline)) int plain_one(int x)
{
	return x + 1;
}
__attribute__((alias("plain_one"))) int __plain_alias(int x);
__attribute__((alias("plain_one"), used)) static int another_plain_one(int x);

__attribute__((noinline, used)) int of_part(int x) __asm__("of_clone.part.0");
int of_part(int x)
{
	return x + 2;
}
__attribute__((noinline, used)) int of_changed(int x) __asm__("plain_two.constprop.0");
int of_changed(int x)
{
	return x + 3;
}
__attribute__((noinline, used)) int of_cold(int x) __asm__("plain_one.cold");
int of_cold(int x)
{
	return x + 4;
}

static int chosen(void)
{
	return 1;
}
__attribute__((used)) static int (*choose(void))(void)
{
	return chosen;
}
int at_run_time(void) __attribute__((ifunc("choose")));
}

int main(int argc, char **argv)
{
	const shop::Order order(argc);

	return order.total(2) + shop::twice(argc) + shop::twice(2L) + shop::length(argv[0]) +
	       shop::length(3) + plain_one(4) + at_run_time();
}
