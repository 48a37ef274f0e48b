/* SPDX-License-Identifier: MIT */
/* expects: literal */
/* A message that is not a literal. */
#include <ttlog/ttlog.h>

int main(void)
{
#ifdef GOOD
	TTLOG_INFO("message");
#else
	const char *message = "message";

	TTLOG_INFO(message);
#endif
	return 0;
}
