/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>

#include "filter.h"
#include "sieve.h"
#include "term.h"
#include "unpack.h"

struct filter {
	struct term *terms;
	size_t cnt;
};

struct filter *filter__new(void)
{
	return calloc(1, sizeof(struct filter));
}

void filter__free(struct filter *filter)
{
	if (!filter)
		return;
	for (size_t i = 0; i < filter->cnt; i++)
		term__fini(&filter->terms[i]);
	free(filter->terms);
	free(filter);
}

bool filter__is_empty(const struct filter *filter)
{
	return !filter->cnt;
}

/* Room for one more; it counts once it is sound. */
static int reserve(struct filter *filter, struct term **ret)
{
	struct term *grown = reallocarray(filter->terms, filter->cnt + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	filter->terms = grown;
	*ret = &grown[filter->cnt];
	return 0;
}

int filter__add(struct filter *filter, const char *expression, char *ret_why, size_t why_size)
{
	struct term *term;
	int err = reserve(filter, &term);

	if (!err)
		err = term__init(term, expression, ret_why, why_size);
	if (!err)
		filter->cnt++;
	return err;
}

int filter__search(struct filter *filter, const char *regex, char *ret_why, size_t why_size)
{
	struct term *term;
	int err = reserve(filter, &term);

	if (!err)
		err = term__init_search(term, regex, ret_why, why_size);
	if (!err)
		filter->cnt++;
	return err;
}

/* ---- Deciding ---- */

static int order_of(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

static bool match_field(const struct term *term, const struct event *event)
{
	struct event_field field;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		if (!text_equal(event->site->keys[i], term->key))
			continue;
		event__field(event, i, &field);
		if (term__field(term, &field))
			return true;
	}
	return false;
}

static bool search_fields(const struct term *term, const struct event *event)
{
	struct event_field field;

	for (unsigned i = 0; i < event->site->nfields; i++) {
		event__field(event, i, &field);
		if (term__search_field(term, event->site->keys[i], &field))
			return true;
	}
	return false;
}

static enum filter_verdict site_verdict(const struct term *term, const struct event_site *site)
{
	bool hit;

	switch (term->subject) {
	case SUBJECT_LEVEL:
		hit = term__order(term, order_of(site->level, term->level));
		break;
	case SUBJECT_TARGET:
		hit = term__text(term, site->target);
		break;
	case SUBJECT_PROBE:
		hit = term__text(term, site->probe);
		break;
	case SUBJECT_MSG:
		hit = term__text(term, site->msg);
		break;
	case SUBJECT_FILE:
		hit = term__text(term, site->file);
		break;
	case SUBJECT_FUNC:
		hit = term__text(term, site->func);
		break;
	case SUBJECT_FIELD:
		for (unsigned i = 0; i < site->nfields; i++) {
			if (text_equal(site->keys[i], term->key))
				return FILTER_FIELDS;
		}
		return FILTER_NO;
	case SUBJECT_SEARCH:
		if (term__search(term, site->msg))
			return FILTER_YES;
		return site->nfields ? FILTER_FIELDS : FILTER_NO;
	default:
		return FILTER_YES; /* the thread's */
	}
	return hit ? FILTER_YES : FILTER_NO;
}

enum filter_verdict filter__site(const struct filter *filter, const struct event_site *site)
{
	enum filter_verdict all = FILTER_YES;

	for (size_t i = 0; i < filter->cnt; i++) {
		enum filter_verdict one = site_verdict(&filter->terms[i], site);

		if (one == FILTER_NO)
			return FILTER_NO;
		if (one == FILTER_FIELDS)
			all = FILTER_FIELDS;
	}
	return all;
}

bool filter__thread(const struct filter *filter, const struct event_thread *thread)
{
	for (size_t i = 0; i < filter->cnt; i++) {
		const struct term *term = &filter->terms[i];

		if ((term->subject == SUBJECT_PID && !term__number(term, thread->pid)) ||
		    (term->subject == SUBJECT_TID && !term__number(term, thread->tid)) ||
		    (term->subject == SUBJECT_COMM && !term__text(term, thread->comm)))
			return false;
	}
	return true;
}

bool filter__fields(const struct filter *filter, const struct event *event)
{
	for (size_t i = 0; i < filter->cnt; i++) {
		const struct term *term = &filter->terms[i];

		if (term->subject == SUBJECT_FIELD && !match_field(term, event))
			return false;
		if (term->subject == SUBJECT_SEARCH && !term__search(term, event->site->msg) &&
		    !search_fields(term, event))
			return false;
	}
	return true;
}

/* ---- Column by column ---- */

/* Any field of that key will do. */
static void match_column(const struct term *term, const struct event *event, uint32_t cnt,
			 const uint8_t *asked, uint8_t *hits)
{
	const struct event_field unreadable = { .type = TTLOG_TYPE_NONE, .null = true };

	memset(hits, 0, cnt);
	for (unsigned i = 0; i < event->site->nfields; i++) {
		const struct unpacked *column;

		if (!text_equal(event->site->keys[i], term->key))
			continue;
		column = event__column(event, i);
		if (column)
			sieve__column(term, column, cnt, asked, hits);
		else if (term__field(term, &unreadable))
			memset(hits, 1, cnt);
	}
}

void filter__rows(const struct filter *filter, struct event *event, uint32_t cnt, uint8_t *pass,
		  uint8_t *scratch)
{
	for (size_t i = 0; i < filter->cnt; i++) {
		const struct term *term = &filter->terms[i];

		if (term->subject == SUBJECT_FIELD) {
			match_column(term, event, cnt, pass, scratch);
			for (uint32_t row = 0; row < cnt; row++)
				pass[row] &= scratch[row];
		} else if (term->subject == SUBJECT_SEARCH &&
			   !term__search(term, event->site->msg)) {
			for (event->row = 0; event->row < cnt; event->row++)
				pass[event->row] = pass[event->row] && search_fields(term, event);
		}
	}
}
