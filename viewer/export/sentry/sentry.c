/* SPDX-License-Identifier: MIT */
/*
 * One event a process: of the first of its files that has the crash, else of the first that says
 * how it ended. The other files only give breadcrumbs. Its id is a hash of what the process is, so
 * that Sentry drops an event that was sent twice.
 */
#include <errno.h>
#include <stdlib.h>

#include "ending.h"
#include "hash.h"
#include "hex.h"
#include "info_item.h"
#include "json.h"
#include "options.h"
#include "sentry.h"
#include "sentry_crash.h"
#include "sentry_image.h"
#include "spans.h"

#define NS_PER_S  1000000000u
#define NS_PER_US 1000u

/* What Sentry takes of a tag. */
#define TAG_KEY_BYTES   32u
#define TAG_VALUE_BYTES 200u

static const char *const LEVELS[] = {
	[TTLOG_LEVEL_TRACE] = "debug", [TTLOG_LEVEL_DEBUG] = "debug",
	[TTLOG_LEVEL_INFO] = "info",   [TTLOG_LEVEL_WARN] = "warning",
	[TTLOG_LEVEL_ERROR] = "error", [TTLOG_LEVEL_FATAL] = "fatal",
};

struct sentry {
	const struct options *options;
	const struct ttlog_range *range;
	struct ttlog_snapshot *const *readers;
	size_t reader_cnt;
	struct out *out;
	struct spans spans; /* which files are of one process */
};

static void member(struct out *out, const char *key, struct ttlog_text text)
{
	if (text.len)
		out__json_member(out, key, text);
}

/* ---- Which processes ---- */

/* Whether the process ended in a way that somebody wants to be told of. */
static bool has_failed(const struct ttlog_info *info)
{
	const struct ttlog_exit *end = info->exit;

	return info->crash->is_there || end->signal.len || (end->has_code && end->code);
}

/* The file that tells most of a process; NULL: it has not failed. */
static const struct ttlog_snapshot *find_failure(const struct sentry *sentry, size_t process)
{
	const struct ttlog_snapshot *found = NULL;

	for (size_t i = process; i < sentry->reader_cnt; i++) {
		const struct ttlog_info *info = ttlog_snapshot_info(sentry->readers[i]);

		if (sentry->spans.processes[i] != process)
			continue;
		if (info->crash->is_there)
			return sentry->readers[i];
		if (!found && has_failed(info))
			found = sentry->readers[i];
	}
	return found;
}

/* ---- The head ---- */

static void event_id(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_text parts[] = { info->host, info->boot_id, info->service, info->exe,
					    info->has_start_time ? info->boot_id
								 : info->created_at };
	uint64_t hash[2] = { HASH_FNV_START, ~HASH_FNV_START };
	char digits[32], *end = digits;

	for (size_t k = 0; k < 2; k++) {
		for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
			hash[k] = hash__mix(hash__fnv(hash[k], parts[i].p, parts[i].len),
					    parts[i].len);
		hash[k] = hash__mix(hash__mix(hash[k], info->pid), info->start_time);
	}
	/* the version and the variant of a random UUID */
	hash[0] = (hash[0] & ~UINT64_C(0xf000)) | 0x4000;
	hash[1] = (hash[1] & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
	for (size_t k = 0; k < 2; k++)
		end = hex__digits(end, hash[k], 16);
	out__json_member(out, "{\"event_id\":", (struct ttlog_text){ digits, sizeof(digits) });
}

/* Seconds since 1970, as SDKs have it. */
static void timestamp(struct out *out, const char *key, uint64_t real_ns)
{
	out__text(out, key);
	out__format(out, "%llu.%06llu", (unsigned long long)(real_ns / NS_PER_S),
		    (unsigned long long)(real_ns % NS_PER_S / NS_PER_US));
}

/* A file that a later collector recovered was made long after the death. */
static uint64_t time_of_death(const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	const uint64_t last_ns = ttlog_snapshot_last_ns(reader);

	return ttlog_text_is(info->reason, "recovered") && last_ns ? last_ns : info->real_ns;
}

static const char *level_of(const struct ttlog_info *info)
{
	if (info->crash->is_there || info->exit->is_oom)
		return "fatal";
	if (info->exit->has_code || ttlog_text_is(info->exit->signal, "SIGKILL"))
		return "error";
	return "warning"; /* it was told to end */
}

static void head(struct out *out, const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);

	event_id(out, info);
	timestamp(out, ",\"timestamp\":", time_of_death(reader));
	out__json_member(out, ",\"platform\":\"native\",\"logger\":\"ttlog\",\"level\":",
			 ttlog_text_of(level_of(info)));
	member(out, ",\"server_name\":", info->host);
	out__text(out, ",\"sdk\":{\"name\":\"ttlog\",\"version\":\"" TTLOG_VERSION "\"}");
}

/* ---- Tags ---- */

/* Tags of this name are members of the event. */
static const char *member_of(struct ttlog_text key)
{
	if (ttlog_text_is(key, "release"))
		return ",\"release\":";
	if (ttlog_text_is(key, "environment") || ttlog_text_is(key, "env"))
		return ",\"environment\":";
	return ttlog_text_is(key, "dist") ? ",\"dist\":" : NULL;
}

struct members {
	struct out *out;
	const char *done[3]; /* a key comes once */
	size_t cnt;
};

static void put_member(void *to, struct ttlog_text key, struct ttlog_text value)
{
	struct members *members = to;
	const char *name = member_of(key);

	for (size_t i = 0; i < members->cnt; i++)
		name = members->done[i] == name ? NULL : name;
	if (!name || !value.len || members->cnt == sizeof(members->done) / sizeof(char *))
		return;
	members->done[members->cnt++] = name;
	out__json_member(members->out, name, value);
}

/* Cut, without what Sentry refuses. */
static void put_tag(void *to, struct ttlog_text key, struct ttlog_text value)
{
	struct out *out = to;
	char name[TAG_KEY_BYTES], text[TAG_VALUE_BYTES];
	size_t name_len = key.len < sizeof(name) ? key.len : sizeof(name);
	size_t len = value.len < sizeof(text) ? value.len : sizeof(text);

	if (!key.len || !value.len || member_of(key))
		return;
	for (size_t i = 0; i < name_len; i++) {
		bool is_good = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.:-",
				      key.p[i]) &&
			       key.p[i];

		name[i] = is_good ? key.p[i] : '_';
	}
	/* not in the middle of a character */
	while (len && len < value.len && (value.p[len] & 0xc0) == 0x80)
		len--;
	for (size_t i = 0; i < len; i++)
		text[i] = value.p[i] == '\n' || value.p[i] == '\r' ? ' ' : value.p[i];
	out__char(out, ',');
	out__json_text(out, (struct ttlog_text){ name, name_len }, false);
	out__char(out, ':');
	out__json_text(out, (struct ttlog_text){ text, len }, false);
}

static void tags(struct out *out, const struct ttlog_info *info)
{
	const struct ttlog_cbor given = info_item__find(info->item, "tags");
	struct ttlog_text signal = info->crash->is_there ? info->crash->signal : info->exit->signal;

	info_item__each_text(given, put_member, &(struct members){ .out = out });
	out__json_member(out, ",\"tags\":{\"ttlog.reason\":", info->reason);
	put_tag(out, ttlog_text_of("service"), info->service);
	put_tag(out, ttlog_text_of("comm"), info->comm);
	put_tag(out, ttlog_text_of("signal"), signal);
	put_tag(out, ttlog_text_of("signature"), info->signature);
	put_tag(out, ttlog_text_of("unit"), info->unit);
	put_tag(out, ttlog_text_of("container"), info->container);
	info_item__each_text(given, put_tag, out);
	out__char(out, '}');
}

/* ---- Contexts ---- */

/* The run-time system by the files that the process had mapped. */
static const char *runtime_of(const struct ttlog_info *info)
{
	static const char *const KNOWN[][2] = {
		{ "/libjvm.so", "JVM" },    { "/libpython", "Python" },
		{ "/python3", "Python" },   { "/libnode", "node" },
		{ "/node", "node" },        { "/libstdc++.so", "libstdc++" },
		{ "/libc++.so", "libc++" }, { "/ld-musl", "musl" },
		{ "/libc.so", "glibc" },
	};

	for (size_t k = 0; k < sizeof(KNOWN) / sizeof(KNOWN[0]); k++) {
		for (size_t i = 0; i < info->mapping_cnt; i++) {
			struct ttlog_text path = info->mappings[i]->path;
			const char *name = path.len ? memrchr(path.p, '/', path.len) : NULL;
			size_t len = strlen(KNOWN[k][0]);

			if (name && (size_t)(ttlog_text_end(path) - name) >= len &&
			    !memcmp(name, KNOWN[k][0], len))
				return KNOWN[k][1];
		}
	}
	return NULL;
}

static void recording(struct out *out, const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	const struct ttlog_contents *contents = ttlog_snapshot_contents(reader);

	out__json_u64(out, ",\"ttlog\":{\"pid\":", info->pid);
	member(out, ",\"cgroup\":", info->cgroup_path);
	if (info->exit->has_max_rss)
		out__json_u64(out, ",\"max_rss_bytes\":", info->exit->max_rss_bytes);
	if (contents->has_totals) {
		out__json_u64(out, ",\"emitted\":", contents->emitted);
		out__json_u64(out, ",\"recorded\":", contents->recorded);
		out__json_u64(out, ",\"overwritten\":", contents->overwritten);
	}
	if (contents->lost->is_there)
		out__json_u64(out, ",\"lost\":", contents->lost->total);
	out__char(out, '}');
}

static void contexts(struct out *out, const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	const char *runtime = runtime_of(info);
	const char *machine = sentry_crash__machine(info->crash);

	out__text(out, ",\"contexts\":{\"os\":{\"name\":\"Linux\"");
	member(out, ",\"kernel_version\":", info->kernel);
	out__char(out, '}');
	if (runtime)
		out__format(out, ",\"runtime\":{\"name\":\"%s\"}", runtime);
	if (machine)
		out__format(out, ",\"device\":{\"arch\":\"%s\"}", machine);
	out__json_member(out,
			 ",\"app\":{\"app_name\":", info->service.len ? info->service : info->comm);
	member(out, ",\"app_identifier\":", info->exe);
	member(out, ",\"app_build\":", info->build_id);
	out__char(out, '}');
	recording(out, reader);
	out__char(out, '}');
}

/* ---- The death ---- */

/* Crashes go by their signature; other ends by what they are. */
static int fingerprint(struct out *out, const struct ttlog_info *info)
{
	char *words;

	if (info->signature.len) {
		out__json_member(out, ",\"fingerprint\":[", info->signature);
		out__char(out, ']');
		return 0;
	}
	words = ending__words(info);
	if (!words)
		return -ENOMEM;
	out__json_member(out, ",\"fingerprint\":[", info->service.len ? info->service : info->comm);
	out__json_member(out, ",", ttlog_text_of(words));
	out__char(out, ']');
	free(words);
	return 0;
}

static int death(struct out *out, const struct ttlog_info *info)
{
	if (!info->crash->is_there && info->exit->has_code) {
		out__text(out, ",\"logentry\":{\"message\":\"ended with exit status ");
		out__i64(out, info->exit->code);
		out__text(out, "\"}");
		return 0;
	}
	out__text(out, ",\"exception\":{\"values\":");
	sentry_crash__exceptions(out, info);
	out__text(out, "},\"threads\":{\"values\":");
	sentry_crash__threads(out, info);
	out__text(out, "},\"debug_meta\":{\"images\":");
	if (sentry_image__each(out, info, sentry_crash__machine(info->crash)))
		return -ENOMEM;
	out__char(out, '}');
	return 0;
}

/* ---- Breadcrumbs ---- */

static void breadcrumb(struct out *out, const struct ttlog_event *event)
{
	const struct ttlog_site *site = event->site;

	timestamp(out, "{\"type\":\"default\",\"timestamp\":", event->real_ns);
	out__json_member(out, ",\"category\":", site->target);
	out__json_member(out, ",\"message\":", site->msg.len ? site->msg : site->probe);
	out__json_member(out, ",\"level\":", ttlog_text_of(LEVELS[site->level]));
	out__text(out, ",\"data\":");
	for (unsigned i = 0; i < site->nfields; i++) {
		struct ttlog_field field;

		ttlog_event_field(event, i, &field);
		json__member(out, i, site->keys[i], &field);
	}
	out__json_member(out,
			 site->nfields ? ",\"ttlog.probe\":" : "{\"ttlog.probe\":", site->probe);
	out__json_u64(out, ",\"ttlog.tid\":", event->thread->tid);
	member(out, ",\"ttlog.thread\":", event->thread->comm);
	out__text(out, "}}");
}

static int breadcrumbs_of(const struct sentry *sentry, struct ttlog_snapshot *const *readers,
			  size_t cnt)
{
	const struct options *options = sentry->options;
	uint64_t most = options->has_head ? options->head : UINT64_MAX;
	struct ttlog_stream *stream =
		ttlog_stream_new(readers, cnt, options->filter, sentry->range);
	struct ttlog_event event;
	int err = stream ? 0 : -errno;

	if (!err && options->has_limit)
		err = ttlog_stream_tail(stream, options->limit);
	out__text(sentry->out, ",\"breadcrumbs\":[");
	for (uint64_t i = 0; !err && i < most && !sentry->out->err; i++) {
		if (!ttlog_stream_next(stream, &event))
			break;
		if (i)
			out__char(sentry->out, ',');
		breadcrumb(sentry->out, &event);
	}
	out__char(sentry->out, ']');
	ttlog_stream_free(stream);
	return err;
}

static int breadcrumbs(const struct sentry *sentry, size_t process)
{
	struct ttlog_snapshot **own =
		calloc(sentry->reader_cnt + 1, sizeof(struct ttlog_snapshot *));
	size_t cnt = 0;
	int err;

	if (!own)
		return -ENOMEM;
	for (size_t i = process; i < sentry->reader_cnt; i++) {
		if (sentry->spans.processes[i] == process)
			own[cnt++] = sentry->readers[i];
	}
	err = breadcrumbs_of(sentry, own, cnt);
	free(own);
	return err;
}

/* ---- All ---- */

static int show_event(const struct sentry *sentry, size_t process,
		      const struct ttlog_snapshot *reader)
{
	const struct ttlog_info *info = ttlog_snapshot_info(reader);
	struct out *out = sentry->out;
	int err;

	head(out, reader);
	tags(out, info);
	err = fingerprint(out, info);
	if (!err)
		err = death(out, info);
	if (!err)
		err = breadcrumbs(sentry, process);
	/* what a file has lost is known when it was read */
	contexts(out, reader);
	out__text(out, "}\n");
	return err;
}

int sentry__show(const struct options *options, const struct ttlog_range *range,
		 struct ttlog_snapshot *const *readers, size_t reader_cnt, struct out *out,
		 const struct ttlog_snapshot **ret_none)
{
	struct sentry sentry = {
		.options = options,
		.range = range,
		.readers = readers,
		.reader_cnt = reader_cnt,
		.out = out,
	};
	int err = spans__init(&sentry.spans, readers, reader_cnt);

	*ret_none = NULL;
	for (size_t i = 0; !err && i < reader_cnt; i++) {
		const struct ttlog_snapshot *failed;

		if (sentry.spans.processes[i] != i || !ttlog_snapshot_info(readers[i])->has_header)
			continue;
		failed = find_failure(&sentry, i);
		if (failed)
			err = show_event(&sentry, i, failed);
		else if (!*ret_none)
			*ret_none = readers[i];
	}
	spans__fini(&sentry.spans);
	return err;
}
