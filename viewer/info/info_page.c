/* SPDX-License-Identifier: MIT */
#include "info_page.h"

#define LABEL_WIDTH 12u

void info_page__style(struct info_page *page, const char *code)
{
	if (page->colour)
		out__text(page->out, code);
}

void info_page__styled(struct info_page *page, const char *code, struct ttlog_text text)
{
	info_page__style(page, code);
	out__plain(page->out, text);
	info_page__style(page, INFO_RESET);
}

void info_page__title(struct info_page *page, const char *text)
{
	out__char(page->out, '\n');
	info_page__styled(page, INFO_BOLD, ttlog_text_of(text));
	out__char(page->out, '\n');
}

void info_page__label(struct info_page *page, const char *text)
{
	size_t len = strlen(text);

	out__text(page->out, "  ");
	info_page__styled(page, INFO_DIM, ttlog_text_of(text));
	out__pad(page->out, len < LABEL_WIDTH ? LABEL_WIDTH - len : 1);
}

void info_page__line(struct info_page *page, const char *name, struct ttlog_text value)
{
	if (!value.p)
		return;
	info_page__label(page, name);
	out__plain(page->out, value);
	out__char(page->out, '\n');
}

void info_page__count(struct info_page *page, const char *name, uint64_t cnt, const char *what)
{
	info_page__label(page, name);
	out__grouped(page->out, cnt);
	out__text(page->out, what);
	out__char(page->out, '\n');
}
