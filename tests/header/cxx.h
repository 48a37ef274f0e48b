/* SPDX-License-Identifier: MIT */
/* Templates, members and inline functions that two files use: the linker folds their sites. */
#ifndef HEADER_TEST_CXX_H
#define HEADER_TEST_CXX_H

inline int cxx__inline(int value)
{
	TTLOG_PROBE(cxx_inline, INFO, "In an inline function", "n", EVAL(), "v", value);
	return value;
}

template <typename T> T cxx__template(T value)
{
	TTLOG_SPAN(cxx_template_span, DEBUG, "n", EVAL());
	TTLOG_PROBE(cxx_template, INFO, "In a template", "n", EVAL(), "v", value);
	TTLOG_PROBE_LIMIT(100u, cxx_limit, INFO, "In a template", "n", EVAL(), "v", value);
	return value;
}

struct cxx__struct {
	int member(int value) const
	{
		TTLOG_PROBE(cxx_member, INFO, "In a member", "n", EVAL(), "v", value);
		return value;
	}
	template <int N> int member_template() const
	{
		TTLOG_PROBE(cxx_member_template, INFO, "In a member template", "n", EVAL(), "v", N);
		return N;
	}
	virtual ~cxx__struct()
	{
		TTLOG_PROBE(cxx_destructor, INFO, "In a destructor", "n", EVAL());
	}
};

void cxx_b__run();

#endif /* HEADER_TEST_CXX_H */
