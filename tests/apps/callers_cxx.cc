// SPDX-License-Identifier: MIT
// A crash whose callers have C++ names. usage: callers_cxx
#include <cstdlib>
#include <string>

#define TTLOG_SERVICE "callers_cxx"
#include <ttlog/ttlog.h>

namespace shop
{
struct order {
	int quantity;
	template <typename T>
	__attribute__((noinline)) int execute(T price, const std::string &name);
};

template <typename T> int order::execute(T price, const std::string &name)
{
	if (price > 0)
		std::abort(); // here: execute
	return quantity + static_cast<int>(name.size());
}

static __attribute__((noinline)) int run(order &one)
{
	int result = 0;

	if (one.quantity) {
		auto sell = [&one](double price) {
			return one.execute(price, "AAPL"); // here: sell
		};
		result = sell(1.5); // here: run
	}

	__asm__ volatile("");
	return result + 1;
}
} // namespace shop

int main()
{
	shop::order one = { 100 };

	TTLOG_PROBE(step, INFO, "Step", "quantity", one.quantity);
	return shop::run(one); // here: main
}
