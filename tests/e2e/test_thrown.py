# SPDX-License-Identifier: MIT
"""C++ exceptions that end in abort(): their type, and the text of what() if it is known."""
import os
import re
import signal

from harness import check, equal, view

SAID = re.compile(r"terminate called after throwing an instance of '(.*)'(?:\n  what\(\):  (.*))?")
NONE = (None, None)


def crash_of(t, app, how, number=signal.SIGABRT):
    """The snapshot, the exception, and what the C++ library itself printed of it."""
    app, collector = t.start_recorded(t.app(app), how)
    app.say()
    app.end(-number)
    collector.end()
    snapshot = t.only_snapshot()
    app.err.all()
    said = SAID.search(app.err.text())
    thrown = snapshot.info["crash"].get("exception", {})
    check(set(thrown) <= {"type", "what"}, f"keys of {thrown}")
    return snapshot, (thrown.get("type"), thrown.get("what")), said.groups() if said else NONE


def check_same(t, how, kind, what):
    """The same as the library prints, also of a program that is linked with it statically."""
    for app in ("thrown", "thrown_static"):
        snapshot, thrown, said = crash_of(t, app, how)
        equal((thrown, said), ((kind, what),) * 2, f"exception of {app}, and what was said")
        text = view("--info", snapshot.path)
        check(f"  exception   {kind}" + (f": {what}" if what else "") in text.splitlines(), text)
        os.unlink(snapshot.path)


def check_type_only(t, how, kind):
    for app in ("thrown", "thrown_static"):
        snapshot, thrown, said = crash_of(t, app, how)
        equal((thrown, said[0]), ((kind, None), kind), f"exception of {app}, and what was said")
        os.unlink(snapshot.path)


def check_none(t, how, number=signal.SIGABRT):
    snapshot, thrown, _ = crash_of(t, "thrown", how, number)
    equal(thrown, NONE, "exception")
    equal("exception" in snapshot.info["crash"], False, "key in crash")
    check("  exception " not in view("--info", snapshot.path), "exception in words")


def test_thrown_of_the_library(t):
    check_same(t, "runtime", "std::runtime_error", "no such order")


def test_thrown_of_the_program(t):
    check_same(t, "derived", "shop::no_stock", "sold out")


def test_thrown_with_a_text_of_two_parts(t):
    check_same(t, "system", "std::system_error", "open: No such file or directory")


def test_thrown_in_a_thread(t):
    check_same(t, "thread", "std::out_of_range", "in a thread")


def test_thrown_again_by_a_future(t):
    """A dependent exception has the type of the exception that it depends on."""
    check_same(t, "future", "shop::no_stock", "far away")


def test_thrown_through_noexcept(t):
    check_same(t, "noexcept", "shop::no_stock", "in noexcept")


def test_thrown_again_by_its_handler(t):
    check_same(t, "again", "std::runtime_error", "again")


def test_thrown_by_a_destructor(t):
    check_same(t, "twice", "std::logic_error", "the first")


def test_thrown_with_several_bases(t):
    check_same(t, "tagged", "shop::tagged_error", "tagged")


def test_thrown_with_its_own_text(t):
    check_same(t, "own", "shop::own_text", "of its own")


def test_thrown_with_a_constant_text(t):
    check_same(t, "constant", "std::bad_alloc", "std::bad_alloc")


def test_thrown_with_an_empty_text(t):
    check_same(t, "empty", "std::runtime_error", "")


def test_thrown_with_a_text_that_must_be_made(t):
    """Its own what() would have to be run; what its base stores is another text."""
    check_type_only(t, "made", "shop::made_text")


def test_thrown_int(t):
    check_type_only(t, "int", "int")


def test_thrown_pointer(t):
    check_type_only(t, "pointer", "std::runtime_error*")


def test_thrown_that_is_no_exception(t):
    """It has a function where others have what()."""
    check_type_only(t, "stranger", "shop::stranger")


def test_thrown_nothing(t):
    check_none(t, "none")


def test_thrown_nothing_but_a_thread_left(t):
    check_none(t, "joinable")


def test_thrown_and_handled_before(t):
    check_none(t, "after")


def test_thrown_has_nothing_to_do_with_a_fault(t):
    check_none(t, "segv", signal.SIGSEGV)


def test_thrown_and_being_handled(t):
    _, thrown, said = crash_of(t, "thrown", "abort")
    equal((thrown, said), (("std::runtime_error", "being handled"), NONE), "exception")


def test_thrown_where_a_handler_of_abort_reports(t):
    check_same(t, "handler", "std::runtime_error", "handled")


def test_thrown_where_that_handler_kills_another_thread(t):
    check_same(t, "elsewhere", "std::out_of_range", "reported")


def test_thrown_where_nothing_is_said(t):
    """By a terminate handler of the program's own."""
    _, thrown, said = crash_of(t, "thrown", "silent")
    equal((thrown, said), (("std::runtime_error", "quiet"), NONE), "exception")


def test_thrown_type_that_lies_nowhere(t):
    check_none(t, "nowhere")


def test_thrown_type_that_is_its_own_base(t):
    check_none(t, "circle")


def test_thrown_text_that_does_not_end(t):
    """Cut, marked, and without control sequences for a terminal."""
    snapshot, (kind, what), _ = crash_of(t, "thrown", "endless")
    equal((kind, what), ("std::runtime_error", "\033[2J" + 1019 * "\ufffd" + "..."), "exception")
    check("\033[2J" not in view("--info", snapshot.path), "escapes in words")
