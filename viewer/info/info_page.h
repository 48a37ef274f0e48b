/* SPDX-License-Identifier: MIT */
/* The text of --info: sections with a title, of lines with a label. */
#ifndef TTLOG_VIEW_INFO_PAGE_H
#define TTLOG_VIEW_INFO_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "out.h"
#include <ttlog/read.h>

#define INFO_BOLD  "\033[1m"
#define INFO_RED   "\033[1;31m"
#define INFO_DIM   "\033[2m"
#define INFO_RESET "\033[0m"

struct info_page {
	struct out *out;
	bool colour;
};

/* Nothing without colours. */
void info_page__style(struct info_page *page, const char *code);
void info_page__styled(struct info_page *page, const char *code, struct ttlog_text text);
void info_page__title(struct info_page *page, const char *text);
/* Begins a line. */
void info_page__label(struct info_page *page, const char *text);
/* A whole line; nothing if the text is null. */
void info_page__line(struct info_page *page, const char *name, struct ttlog_text value);
/* A whole line: a number, and what follows it. */
void info_page__count(struct info_page *page, const char *name, uint64_t cnt, const char *what);

#endif /* TTLOG_VIEW_INFO_PAGE_H */
