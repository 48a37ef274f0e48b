/* SPDX-License-Identifier: MIT */
/* expects: type */
/* An object that is not a text. */
#include <vector>
#include <ttlog/ttlog.h>

int main()
{
	std::vector<int> list(3);

#ifdef GOOD
	TTLOG_INFO("message", "list", list.size());
#else
	TTLOG_INFO("message", "list", list);
#endif
	return 0;
}
