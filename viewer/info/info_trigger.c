/* SPDX-License-Identifier: MIT */
#include "info_item.h"
#include "info_trigger.h"

/* Whether it has the key, and that is a number. */
static bool find_u64(struct ttlog_cbor map, const char *key, uint64_t *ret)
{
	struct ttlog_cbor in = info_item__find(map, key);
	struct ttlog_cbor_item item;

	if (!in.at || ttlog_cbor_next(&in, &item) || item.kind != TTLOG_CBOR_UINT)
		return false;
	*ret = item.u;
	return true;
}

static struct ttlog_text find_text(struct ttlog_cbor map, const char *key)
{
	struct ttlog_cbor in = info_item__find(map, key);
	struct ttlog_cbor_item item;

	if (!in.at || ttlog_cbor_next(&in, &item) || item.kind != TTLOG_CBOR_TEXT)
		return (struct ttlog_text){ NULL, 0 };
	return item.text;
}

void info_trigger__print(struct out *out, struct ttlog_cbor map, const struct ttlog_info *info)
{
	const struct ttlog_text probe = find_text(map, "probe");
	const bool is_span = find_u64(map, "duration_ns", &(uint64_t){ 0 });
	uint64_t value;

	out__plain(out, find_text(map, "on"));
	if (probe.p) {
		out__text(out, ": ");
		out__plain(out, probe);
	}
	if (find_u64(map, "tid", &value))
		out__format(out, " in thread %llu", (unsigned long long)value);
	if (find_u64(map, "mono_ns", &value)) {
		out__text(out, is_span ? ", begun at " : " at ");
		out__time(out, ttlog_info_real_ns(info, value));
	}
	if (find_u64(map, "duration_ns", &value)) {
		out__text(out, ", took ");
		out__duration(out, value);
		if (info_item__find(map, "open").at)
			out__text(out, " and had not ended");
	}
	if (find_u64(map, "bytes", &value)) {
		out__text(out, ": ");
		out__grouped(out, value);
		out__text(out, " bytes were in no snapshot");
	}
}
