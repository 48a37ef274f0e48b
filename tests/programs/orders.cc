/* SPDX-License-Identifier: MIT */
/* Dies of an exception that it doesn't catch. It has no marks, and knows nothing of ttlog. */
#include <cstdio>
#include <stdexcept>
#include <string>

namespace shop
{
struct bad_order : std::runtime_error {
	using std::runtime_error::runtime_error;
};
} // namespace shop

static int parse_quantity(const std::string &text)
{
	int quantity = std::stoi(text);

	if (quantity < 1)
		throw shop::bad_order("quantity " + text);
	return quantity;
}

__attribute__((noinline)) static int take_order(const std::string &text)
{
	try {
		return parse_quantity(text);
	} catch (const std::invalid_argument &) {
		return 1;
	}
}

int main()
{
	for (const char *text : { "3", "many", "-4" })
		printf("%d\n", take_order(text));
}
