/* SPDX-License-Identifier: MIT */
/*
 * C++ only: its types as field values, and sites in templates, members, lambdas.
 *
 * usage: types_cxx
 *
 * Each event's probe has the name of what it shows; the values are below.
 */
#include <climits>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#define TTLOG_SERVICE "types_cxx"
#include <ttlog/ttlog.h>

namespace
{

enum colour {
	RED = 1,
	GREEN = 2
};
enum class side : std::uint8_t {
	BUY = 1,
	SELL = 200
};
enum class far_away : std::int64_t {
	NOWHERE = INT64_MIN
};

template <typename T> void log_value(const char *type, T value)
{
	TTLOG_PROBE(template_value, INFO, "In a template", "type", type, "value", value);
}

struct engine {
	int started = 0;

	engine()
	{
		TTLOG_PROBE(constructed, INFO, "In a constructor", "started", started);
	}
	~engine()
	{
		TTLOG_PROBE(destroyed, INFO, "In a destructor", "started", started);
	}
	engine(const engine &) = delete;
	engine &operator=(const engine &) = delete;

	void start(const std::string &name)
	{
		TTLOG_PROBE(member, INFO, "In a member", "name", name, "started", ++started);
	}
};

inline int inline_twice(int value)
{
	TTLOG_PROBE(inline_function, INFO, "In an inline function", "value", value);
	return value * 2;
}

std::string make_text(std::size_t length)
{
	return "temporary " + std::string(length, 'x');
}

/* Strings that are gone after the mark: short ones, on the heap, in a mapping of their own. */
void log_temporaries()
{
	TTLOG_PROBE(gone, INFO, "Gone", "short", make_text(1).c_str(), "heap",
		    make_text(40).c_str(), "view", std::string_view(make_text(41)), "strn",
		    TTLOG_STRN(make_text(42).data(), 20));
	TTLOG_PROBE(unmapped, INFO, "Unmapped", "text", make_text(1 << 24).c_str());
	TTLOG_SPAN(gone_span, INFO, "text", make_text(43).c_str());
}

/* As getenv() and strerror() give them. */
void log_writable_strings()
{
	char array[8] = "array";
	char *pointer = array, *missing = nullptr;
	char *const constant = array + 1;

	TTLOG_PROBE(writable, INFO, "Writable strings", "pointer", pointer, "constant", constant,
		    "array", array, "value", pointer + 2, "missing", missing);
	log_value("writable", pointer);
}

void log_strings()
{
	std::string text = "std::string";
	std::string empty;
	std::string zero("a\0b", 3);
	std::string_view view = std::string_view("a view of this").substr(2, 4);
	std::string long_text(5000, 'x');

	TTLOG_PROBE(strings, INFO, "Strings", "string", text, "empty", empty, "zero", zero, "view",
		    view, "null_view", std::string_view(), "c_str", text.c_str());
	TTLOG_PROBE(long_string, INFO, "A long string", "text", long_text);
	TTLOG_PROBE(temporary, INFO, "A temporary", "text", std::string("tempo") + "rary");
	log_temporaries();
	log_writable_strings();
}

void log_scalars()
{
	bool yes = true;
	const int &reference = INT_MIN;
	const std::uint64_t all = UINT64_MAX;

	TTLOG_PROBE(scalars, INFO, "Scalars", "bool", yes, "char", 'x', "reference", reference,
		    "all", all, "nullptr", nullptr, "comparison", reference < 0);
	TTLOG_PROBE(enums, INFO, "Enums", "plain", GREEN, "class", side::SELL, "wide",
		    far_away::NOWHERE);
	TTLOG_PROBE(wrapped, INFO, "Wrapped", "strn", TTLOG_STRN("abcdef", 3), "bytes",
		    TTLOG_BYTES("\0\1\2", 3), "hex", TTLOG_HEX(0xdeadbeefu), "decimal",
		    TTLOG_DECIMAL(-15025, 2));
}

} /* namespace */

int main()
{
	engine motor;
	auto lambda = [&motor](int value) {
		TTLOG_PROBE(lambda, INFO, "In a lambda", "value", value, "started", motor.started);
		return value + 1;
	};

	motor.start("V8");
	log_strings();
	log_scalars();
	log_value("int", 1);
	log_value("double", 2.5);
	log_value("string", std::string("three"));
	log_value<const char *>("c string", nullptr);
	TTLOG_INFO("Sum", "sum", lambda(inline_twice(20)));
	return 0;
}
