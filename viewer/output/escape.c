/* SPDX-License-Identifier: MIT */
/*
 * Makes hostile text safe to print: it may not be UTF-8, and may have terminal escapes.
 */
#include "ascii.h"
#include "hex.h"
#include "out.h"
#include "utf8.h"

/* Characters that a terminal acts on, or that make text look like other text. */
static bool is_unsafe(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0xad || code == 0x61c ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
	       (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

/* How many bytes of printable ASCII come before the next byte to check. */
static size_t plain_run(const char *p, const char *end, bool quoted)
{
	const char *at = p;

	while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f &&
	       !(quoted && (*at == '"' || *at == '\\')))
		at++;
	return (size_t)(at - p);
}

static void json_escape(struct out *out, uint32_t code)
{
	static const char SHORT[] = "btn?fr"; /* 8 to 13 */

	if (code == '"' || code == '\\') {
		out__char(out, '\\');
		out__char(out, (char)code);
	} else if (code >= 8 && code <= 13 && code != 11) {
		out__char(out, '\\');
		out__char(out, SHORT[code - 8]);
	} else if (code >= 0x10000) {
		code -= 0x10000;
		out__format(out, "\\u%04x\\u%04x", 0xd800 + (code >> 10), 0xdc00 + (code & 0x3ff));
	} else {
		out__format(out, "\\u%04x", code);
	}
}

/* Only '<' can end a script element of HTML, even inside quotes. */
static size_t before_markup(const char *p, size_t len)
{
	const char *markup = len ? memchr(p, '<', len) : NULL;

	return markup ? (size_t)(markup - p) : len;
}

void out__json_text(struct out *out, struct ttlog_text text, bool cut)
{
	const char *p = text.p, *end = ttlog_text_end(text);

	out__char(out, '"');
	while (p < end) {
		size_t len = plain_run(p, end, true);
		uint32_t code;

		if (out->in_html)
			len = before_markup(p, len);
		if (len) {
			out__bytes(out, p, len);
			p += len;
			continue;
		}
		len = utf8__next(p, end, &code);
		if (code == UTF8_INVALID)
			out__text(out, "\xef\xbf\xbd");
		else if (code == '"' || code == '\\' || code == '<' || is_unsafe(code))
			json_escape(out, code);
		else
			out__bytes(out, p, len);
		p += len;
	}
	out__text(out, cut ? "\xe2\x80\xa6\"" : "\"");
}

void out__json_member(struct out *out, const char *key, struct ttlog_text text)
{
	out__text(out, key);
	out__json_text(out, text, false);
}

void out__json_u64(struct out *out, const char *key, uint64_t v)
{
	out__text(out, key);
	out__u64(out, v);
}

void out__json_made(struct out *out, struct ttlog_text json)
{
	const char *p = json.p, *end = ttlog_text_end(json);

	while (p < end) {
		uint32_t code;
		size_t len = utf8__next(p, end, &code);

		if (code == UTF8_INVALID || is_unsafe(code))
			json_escape(out, code == UTF8_INVALID ? 0xfffd : code);
		else
			out__bytes(out, p, len);
		p += len;
	}
}

static void plain_escape(struct out *out, uint32_t code)
{
	switch (code) {
	case '\n':
		out__text(out, "\\n");
		break;
	case '\r':
		out__text(out, "\\r");
		break;
	case '\t':
		out__text(out, "\\t");
		break;
	case '"':
		out__text(out, "\\\"");
		break;
	case '\\':
		out__text(out, "\\\\");
		break;
	default:
		out__format(out,
			    code < 0x80      ? "\\x%02x"
			    : code < 0x10000 ? "\\u%04x"
					     : "\\U%08x",
			    code);
	}
}

static void plain(struct out *out, struct ttlog_text text, bool quoted)
{
	const char *p = text.p, *end = ttlog_text_end(text);

	while (p < end) {
		size_t len = plain_run(p, end, quoted);
		uint32_t code;

		if (len) {
			out__bytes(out, p, len);
			p += len;
			continue;
		}
		len = utf8__next(p, end, &code);
		if (code == UTF8_INVALID) {
			out__format(out, "\\x%02x", (unsigned char)*p);
		} else if (is_unsafe(code) || (quoted && (code == '"' || code == '\\'))) {
			plain_escape(out, code);
		} else {
			out__bytes(out, p, len);
		}
		p += len;
	}
}

void out__plain(struct out *out, struct ttlog_text text)
{
	plain(out, text, false);
}

void out__plain_after(struct out *out, const char *before, struct ttlog_text text)
{
	out__text(out, before);
	plain(out, text, false);
}

/* Printable ASCII that needs no quotes. */
static bool is_csv_bare(struct ttlog_text text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == ',')
			return false;
	}
	return text.len;
}

/* -1.5e3: begins with a sign, but is harmless. */
static bool is_plain_number(struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text);
	bool any = false;

	p += p < end && (*p == '-' || *p == '+');
	for (bool point = false; p < end && (ascii__is_digit(*p) || (*p == '.' && !point)); p++) {
		any |= *p != '.';
		point |= *p == '.';
	}
	if (any && p < end && ascii__lower(*p) == 'e') {
		p++;
		p += p < end && (*p == '-' || *p == '+');
		for (any = false; p < end && ascii__is_digit(*p); p++)
			any = true;
	}
	return any && p == end;
}

/* Text that Excel, LibreOffice and Google's compute when they open a CSV file, with quotes or
 * not. */
static bool is_formula(struct ttlog_text text)
{
	return text.len && text.p[0] && strchr("=+-@\t\r\n", text.p[0]) && !is_plain_number(text);
}

void out__csv_text(struct out *out, struct ttlog_text text, bool cut)
{
	const char *p = text.p, *end = ttlog_text_end(text);
	bool is_disarmed = !out->csv_formulas && is_formula(text);

	if (is_csv_bare(text) && !cut) {
		if (is_disarmed)
			out__char(out, '\'');
		out__bytes(out, text.p, text.len);
		return;
	}
	out__text(out, is_disarmed ? "\"'" : "\"");
	while (p < end) {
		uint32_t code;
		size_t len = utf8__next(p, end, &code);

		if (code == UTF8_INVALID)
			out__text(out, "\xef\xbf\xbd");
		else if (code == '"')
			out__text(out, "\"\"");
		else if (is_unsafe(code) && code != '\n' && code != '\t')
			plain_escape(out, code);
		else
			out__bytes(out, p, len);
		p += len;
	}
	out__text(out, cut ? "\xe2\x80\xa6\"" : "\"");
}

/* Whether a value needs no quotes: nothing in it ends or escapes it. */
static bool is_bare(struct ttlog_text text)
{
	if (!text.len || ttlog_text_is(text, "null"))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
			return false;
	}
	return true;
}

void out__logfmt_text(struct out *out, struct ttlog_text text, bool cut)
{
	if (!cut && is_bare(text) && !memchr(text.p, '\'', text.len))
		out__bytes(out, text.p, text.len);
	else
		out__json_text(out, text, cut);
}

static bool ends_key(uint32_t code)
{
	return code <= ' ' || code == '=' || code == '"' || code == '\'' || is_unsafe(code);
}

void out__logfmt_key(struct out *out, struct ttlog_text key)
{
	const char *p = key.p, *end = ttlog_text_end(key);

	if (is_bare(key) && !memchr(key.p, '\'', key.len)) {
		out__bytes(out, key.p, key.len);
		return;
	}
	while (p < end) {
		uint32_t code;
		size_t len = utf8__next(p, end, &code);

		if (code == UTF8_INVALID || code == 0xfffd || ends_key(code))
			out__char(out, '_');
		else
			out__bytes(out, p, len);
		p += len;
	}
	if (!key.len)
		out__char(out, '_');
}

void out__tsdl_text(struct out *out, struct ttlog_text text)
{
	const char *p = text.p, *end = ttlog_text_end(text);

	out__char(out, '"');
	while (p < end) {
		size_t len = plain_run(p, end, true);
		uint32_t code = ' ';

		if (!len)
			len = utf8__next(p, end, &code);
		if (code == '"' || code == '\\')
			out__char(out, '\\');
		if (code == UTF8_INVALID || is_unsafe(code))
			out__text(out, "\xef\xbf\xbd");
		else
			out__bytes(out, p, len);
		p += len;
	}
	out__char(out, '"');
}

void out__value(struct out *out, struct ttlog_text text, bool cut)
{
	if (!cut && is_bare(text)) {
		out__bytes(out, text.p, text.len);
		return;
	}
	out__char(out, '"');
	plain(out, text, true);
	out__text(out, cut ? "\xe2\x80\xa6\"" : "\"");
}

void out__base64(struct out *out, struct ttlog_text bytes)
{
	static const char DIGITS[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t left = bytes.len - i;
		uint32_t three = (uint32_t)(unsigned char)bytes.p[i] << 16;
		char four[4];

		if (left > 1)
			three |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
		if (left > 2)
			three |= (unsigned char)bytes.p[i + 2];
		four[0] = DIGITS[three >> 18];
		four[1] = DIGITS[three >> 12 & 63];
		four[2] = left > 1 ? DIGITS[three >> 6 & 63] : '=';
		four[3] = left > 2 ? DIGITS[three & 63] : '=';
		out__bytes(out, four, sizeof(four));
	}
}

void out__hex_bytes(struct out *out, struct ttlog_text bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char digits[2];

		hex__bytes(digits, bytes.p + i, 1);
		out__bytes(out, digits, sizeof(digits));
	}
}

size_t out__width(struct ttlog_text text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.len; i++)
		width += ((unsigned char)text.p[i] & 0xc0) != 0x80;
	return width;
}
