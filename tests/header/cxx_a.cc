/* SPDX-License-Identifier: MIT */
/* C++ only, in two files: this and cxx_b.cc. */
#include <string>
#include <string_view>

#define TTLOG_SERVICE "cxx"
#include <ttlog/ttlog.h>

#include "header_test.h"
#include "cxx.h"

namespace
{

enum class colour {
	RED,
	GREEN
};

auto in_lambdas() -> int
{
	auto plain = [] { TTLOG_INFO("in a lambda", "n", EVAL()); };
	auto generic = [](auto value) {
		TTLOG_INFO("in a generic lambda", "n", EVAL(), "v", value);
		return value;
	};

	plain();
	return generic(1) + static_cast<int>(generic(2.5));
} /* 3 */

void in_exceptions()
{
	try {
		TTLOG_SPAN(thrown_through, INFO, "n", EVAL());
		throw 1;
	} catch (int value) {
		TTLOG_ERROR("caught", "n", EVAL(), "v", value);
	}
} /* 3 events, 2 evaluations */

template <typename T> void in_constexpr_if(T value)
{
	if constexpr (sizeof(value) > 4)
		TTLOG_INFO("wide", "n", EVAL(), "v", value);
	else
		TTLOG_INFO("narrow", "n", EVAL(), "v", value);
}

template <typename... Ts> void in_pack(Ts... values)
{
	(in_constexpr_if(values), ...);
}

void types()
{
	std::string text = "text";
	std::string_view view = text;
	const char *volatile missing = nullptr;

	TTLOG_INFO("types", "n", EVAL(), "string", text, "view", view, "null", missing, "enum",
		   colour::GREEN, "bool", true, "nullptr", nullptr, "char", 'c', "temporary",
		   text + "!");
} /* 1 */

void run()
{
	in_lambdas();
	in_exceptions();
	in_pack(1, 2.5, 'c');
	types();
	{
		cxx__struct object;

		cxx__inline(1);
		cxx__template(1);
		cxx__template(2.5);
		object.member(1);
		object.member_template<7>();
	}
	cxx_b__run();
}

} /* namespace */

HEADER_TEST_MAIN(run, 3 + 3 + 3 + 1 + 2 * 12, 3 + 2 + 3 + 1 + 2 * 10)
