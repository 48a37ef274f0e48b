/* SPDX-License-Identifier: MIT */
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "line_edit.h"
#include "screen.h"

void line_edit__set(struct line_edit *edit, const char *text)
{
	snprintf(edit->text, sizeof(edit->text), "%s", text);
	edit->len = edit->at = strlen(edit->text);
}

static bool is_inside(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t before(const struct line_edit *edit, size_t at)
{
	if (at)
		at--;
	while (at && is_inside(edit->text[at]))
		at--;
	return at;
}

static size_t after(const struct line_edit *edit, size_t at)
{
	if (at < edit->len)
		at++;
	while (at < edit->len && is_inside(edit->text[at]))
		at++;
	return at;
}

static size_t word_before(const struct line_edit *edit)
{
	size_t at = edit->at;

	while (at && edit->text[at - 1] == ' ')
		at--;
	while (at && edit->text[at - 1] != ' ')
		at--;
	return at;
}

static bool erase_bytes(struct line_edit *edit, size_t from, size_t to)
{
	if (from == to)
		return false;
	memmove(edit->text + from, edit->text + to, edit->len - to + 1);
	edit->len -= to - from;
	edit->at = from;
	return true;
}

/* As UTF-8. Returns the length. */
static size_t encode(char *to, unsigned code)
{
	static const unsigned char HEADS[] = { 0, 0xc0, 0xe0, 0xf0 };
	const size_t more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;

	for (size_t i = more; i; i--, code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3f));
	to[0] = (char)(HEADS[more] | code);
	return more + 1;
}

static bool insert(struct line_edit *edit, unsigned code)
{
	char bytes[4];
	size_t len = encode(bytes, code);

	if (edit->len + len >= sizeof(edit->text))
		return false;
	memmove(edit->text + edit->at + len, edit->text + edit->at, edit->len - edit->at + 1);
	memcpy(edit->text + edit->at, bytes, len);
	edit->len += len;
	edit->at += len;
	return true;
}

bool line_edit__key(struct line_edit *edit, int key)
{
	switch (key) {
	case SCREEN_KEY('b'):
	case SCREEN_SPECIAL(KEY_LEFT):
		edit->at = before(edit, edit->at);
		return false;
	case SCREEN_KEY('f'):
	case SCREEN_SPECIAL(KEY_RIGHT):
		edit->at = after(edit, edit->at);
		return false;
	case SCREEN_KEY('a'):
	case SCREEN_SPECIAL(KEY_HOME):
		edit->at = 0;
		return false;
	case SCREEN_KEY('e'):
	case SCREEN_SPECIAL(KEY_END):
		edit->at = edit->len;
		return false;
	case SCREEN_KEY('h'):
	case 0x7f:
	case SCREEN_SPECIAL(KEY_BACKSPACE):
		return erase_bytes(edit, before(edit, edit->at), edit->at);
	case SCREEN_KEY('d'):
	case SCREEN_SPECIAL(KEY_DC):
		return erase_bytes(edit, edit->at, after(edit, edit->at));
	case SCREEN_KEY('u'):
		return erase_bytes(edit, 0, edit->at);
	case SCREEN_KEY('k'):
		return erase_bytes(edit, edit->at, edit->len);
	case SCREEN_KEY('w'):
		return erase_bytes(edit, word_before(edit), edit->at);
	default:
		/* no control characters, and nothing beyond Unicode */
		if (key < 0x20 || (key >= 0x80 && key < 0xa0) || key > 0x10ffff)
			return false;
		return insert(edit, (unsigned)key);
	}
}
