/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "rfc3339.h"

#define NS_PER_S 1000000000u

static void two_digits(char *to, unsigned v)
{
	to[0] = (char)('0' + v / 10 % 10);
	to[1] = (char)('0' + v % 10);
}

/* Howard Hinnant's days-to-civil, for days since 1970. */
void rfc3339__second(char *to, uint64_t seconds_since_1970)
{
	uint64_t days = seconds_since_1970 / 86400 + 719468, rest = seconds_since_1970 % 86400;
	uint64_t era = days / 146097;
	unsigned day_of_era = (unsigned)(days - era * 146097);
	unsigned year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	unsigned day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	unsigned shifted = (5 * day_of_year + 2) / 153;
	unsigned day = day_of_year - (153 * shifted + 2) / 5 + 1;
	unsigned month = shifted < 10 ? shifted + 3 : shifted - 9;
	unsigned year = (unsigned)(year_of_era + era * 400) + (month <= 2);

	memcpy(to, "yyyy-mm-ddThh:mm:ss.", RFC3339_SECOND_BYTES);
	two_digits(to, year / 100);
	two_digits(to + 2, year % 100);
	two_digits(to + 5, month);
	two_digits(to + 8, day);
	two_digits(to + 11, (unsigned)(rest / 3600));
	two_digits(to + 14, (unsigned)(rest / 60 % 60));
	two_digits(to + 17, (unsigned)(rest % 60));
}

void rfc3339__fraction(char *to, uint32_t ns)
{
	for (int i = 8; i >= 0; i--) {
		to[i] = (char)('0' + ns % 10);
		ns /= 10;
	}
}

void rfc3339__text(char to[RFC3339_BYTES + 1], uint64_t real_ns)
{
	rfc3339__second(to, real_ns / NS_PER_S);
	rfc3339__fraction(to + RFC3339_SECOND_BYTES, (uint32_t)(real_ns % NS_PER_S));
	memcpy(to + RFC3339_BYTES - 1, "Z", 2);
}
