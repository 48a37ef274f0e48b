/* SPDX-License-Identifier: MIT */
/* What a receiver of OTLP says to a request, by its HTTP status and body. */
#ifndef TTLOG_OTLP_ANSWER_H
#define TTLOG_OTLP_ANSWER_H

#include <stddef.h>
#include <stdint.h>

enum otlp_verdict {
	OTLP_TAKEN,   /* also if it rejected a part: that must not be sent again */
	OTLP_LATER,   /* it is sent again */
	OTLP_REFUSED, /* it must not be sent again */
};

struct otlp_answer {
	enum otlp_verdict verdict;
	uint64_t rejected; /* records of the request */
	char why[256];     /* in its words, which are printable; "": none */
};

void otlp_answer__read(struct otlp_answer *ret, long status, const char *body, size_t len);

#endif /* TTLOG_OTLP_ANSWER_H */
