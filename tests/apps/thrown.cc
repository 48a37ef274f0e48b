/* SPDX-License-Identifier: MIT */
/*
 * Uncaught exceptions, and ends that look like one: thrown HOW. thrown_static is the same program
 * with its libraries linked in.
 */
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <future>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/mman.h>
#include <system_error>
#include <thread>

#define TTLOG_SERVICE "thrown"
#include <ttlog/ttlog.h>

#include "app.h"

#define USAGE "thrown HOW"

namespace shop
{
struct no_stock : std::runtime_error {
	using std::runtime_error::runtime_error;
};

/* what() returns a member, by two instructions. */
struct own_text : std::exception {
	std::string text = "of its own";

	const char *what() const noexcept override
	{
		return text.c_str();
	}
};

/* what() needs more than two instructions. */
struct made_text : std::runtime_error {
	using std::runtime_error::runtime_error;

	const char *what() const noexcept override
	{
		return std::strlen(std::runtime_error::what()) > 3 ? "long" : "short";
	}
};

struct tagged {
	virtual ~tagged() = default;
	int tag = 1;
};

struct tagged_error : tagged, std::logic_error {
	using std::logic_error::logic_error;
};

/* Does not derive from std::exception; has another function in the place of what(). */
struct stranger {
	virtual ~stranger() = default;

	virtual const char *text() const
	{
		return "not what()";
	}
};
} // namespace shop

__attribute__((noinline)) static void sell_out()
{
	throw shop::no_stock("in noexcept");
}

static void hold_on() noexcept
{
	sell_out();
}

struct bad_end {
	~bad_end() noexcept(false)
	{
		throw std::runtime_error("from the destructor");
	}
};

static void throw_twice()
{
	try {
		bad_end end;

		throw std::logic_error("the first");
	} catch (const std::logic_error &) {
	}
}

/* An exception that was handled and kept; then an end without an exception. */
static void terminate_after()
{
	std::exception_ptr kept;

	try {
		throw std::runtime_error("handled");
	} catch (const std::exception &) {
		kept = std::current_exception();
	}
	if (kept)
		std::terminate();
}

static void abort_in_catch()
{
	try {
		throw std::runtime_error("being handled");
	} catch (const std::exception &) {
		std::abort();
	}
}

static void crash_in_catch()
{
	try {
		throw std::runtime_error("being handled");
	} catch (const std::exception &) {
		std::raise(SIGSEGV);
	}
}

static void throw_again()
{
	try {
		throw std::runtime_error("again");
	} catch (...) {
		throw;
	}
}

static void report(int number)
{
	std::signal(number, SIG_DFL);
	std::raise(number);
}

/* The second thread's handler sends a signal, and the first thread dies of it. */
static void report_elsewhere()
{
	std::signal(SIGABRT, [](int number) {
		std::signal(number, SIG_DFL);
		kill(getpid(), number);
		pause();
	});
	std::thread([] { throw std::out_of_range("reported"); }).join();
}

/* The head of an exception, by the C++ ABI: 112 bytes before the object. */
static uint64_t *head_of(const std::runtime_error &error)
{
	return (uint64_t *)((char *)&error - 112);
}

/* Its type is invalid: an unmapped address, or a page filled with its own address. */
static void lie_of_type(bool is_nowhere)
{
	const size_t bytes = 65536;
	auto *page = (uint64_t *)mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < bytes / sizeof(*page); i++)
		page[i] = (uint64_t)page;
	try {
		throw std::runtime_error("a lie");
	} catch (const std::runtime_error &error) {
		head_of(error)[0] = is_nowhere ? 0x10 : (uint64_t)page;
		std::abort();
	}
}

/* Its text does not end, and its bytes are no text. */
static void lie_of_text()
{
	const size_t bytes = 1 << 20;
	char *text = (char *)mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	std::memset(text, 0xff, bytes);
	std::memcpy(text, "\033[2J", 4);
	try {
		throw std::runtime_error("a lie");
	} catch (const std::runtime_error &error) {
		((char **)&error)[1] = text;
		std::abort();
	}
}

static const std::map<std::string, void (*)()> ways = {
	{ "runtime", [] { throw std::runtime_error("no such order"); } },
	{ "derived", [] { throw shop::no_stock("sold out"); } },
	{ "system", [] { throw std::system_error(ENOENT, std::generic_category(), "open"); } },
	{ "thread", [] { std::thread([] { throw std::out_of_range("in a thread"); }).join(); } },
	{ "future",
	  [] { std::async(std::launch::async, [] { throw shop::no_stock("far away"); }).get(); } },
	{ "noexcept", hold_on },
	{ "own", [] { throw shop::own_text(); } },
	{ "made", [] { throw shop::made_text("abcdef"); } },
	{ "tagged", [] { throw shop::tagged_error("tagged"); } },
	{ "constant", [] { throw std::bad_alloc(); } },
	{ "empty", [] { throw std::runtime_error(""); } },
	{ "int", [] { throw 42; } },
	{ "pointer", [] { throw new std::runtime_error("by pointer"); } },
	{ "stranger", [] { throw shop::stranger(); } },
	{ "none", [] { std::terminate(); } },
	{ "joinable", [] { std::thread([] { std::promise<void>().get_future().wait(); }); } },
	{ "twice", throw_twice },
	{ "again", throw_again },
	{ "after", terminate_after },
	{ "abort", abort_in_catch },
	{ "segv", crash_in_catch },
	{ "handler", [] { std::signal(SIGABRT, report), throw std::runtime_error("handled"); } },
	{ "elsewhere", report_elsewhere },
	{ "silent",
	  [] { std::set_terminate([] { std::abort(); }), throw std::runtime_error("quiet"); } },
	{ "nowhere", [] { lie_of_type(true); } },
	{ "circle", [] { lie_of_type(false); } },
	{ "endless", lie_of_text },
};

int main(int argc, char **argv)
{
	if (argc != 2 || !ways.count(argv[1]))
		app__usage(USAGE);
	app__say("start");
	app__wait();
	TTLOG_PROBE(begin, INFO, "Begin");
	ways.at(argv[1])();
	return 0;
}
