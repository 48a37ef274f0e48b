/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "barrier.h"
#include "clock.h"
#include "out_name.h"
#include "sending.h"

#define SECOND_NS        UINT64_C(1000000000)
/* Of files whose --info is asked for at once: a crash that comes meanwhile waits for the answer. */
#define AHEAD_MOST_BYTES (8u << 20)

/* One file on its way, or read back. */
struct sending {
	struct sending *next; /* of those that are under way */
	struct destination *destination;
	struct spool_work work;
	struct file_info info;
	struct place_file file;
	char object[FLEET_OBJECT_BYTES];
};

/* ---- the ledger ---- */

static void note(const struct sending *sending, uint64_t sent_s, uint64_t audited_s)
{
	const struct place_note *of = &sending->file.note;
	const struct ledger_entry entry = {
		.destination = sending->destination->setting.text,
		.name = sending->work.name,
		.inode = sending->work.inode,
		.nuid = of->nuid,
		.object = sent_s ? of->object : "",
		.digest = of->digest,
		.subject = of->subject,
		.sent_s = sent_s,
		.audited_s = audited_s,
	};

	/* without it, it is found out again */
	(void)ledger__put(sending->destination->setting.ledger, &entry);
}

static uint64_t now_s(void)
{
	return clock__now_real_ns() / SECOND_NS;
}

static void note_begin(void *ctx)
{
	note(ctx, 0, 0);
}

static void copy_entry(void *ctx, const struct ledger_entry *entry)
{
	struct place_file *file = ctx;
	struct place_note *to = &file->note;

	(void)snprintf(to->object, sizeof(to->object), "%s", entry->object);
	(void)snprintf(to->nuid, sizeof(to->nuid), "%s", entry->nuid);
	(void)snprintf(to->digest, sizeof(to->digest), "%s", entry->digest);
	(void)snprintf(to->subject, sizeof(to->subject), "%s", entry->subject);
	file->was_audited = entry->audited_s;
}

static int read_note(struct sending *sending)
{
	const struct place_setting *setting = &sending->destination->setting;

	return ledger__get(setting->ledger, setting->text, sending->work.name, copy_entry,
			   &sending->file);
}

static struct sending *sending_new(struct destination *destination, const struct spool_work *work)
{
	struct sending *sending = calloc(1, sizeof(*sending));

	if (!sending)
		return NULL;
	sending->destination = destination;
	sending->work = *work;
	sending->file = (struct place_file){
		.name = sending->work.name,
		.object = sending->object,
		.info = &sending->info,
		.fd = -1,
		.is_urgent = destination->is_urgent,
		.begin = note_begin,
		.ctx = sending,
	};
	return sending;
}

static void close_file(struct sending *sending)
{
	if (sending->file.fd >= 0)
		(void)close(sending->file.fd);
	sending->file.fd = -1;
}

static void sending_free(struct sending *sending)
{
	file_info__fini(&sending->info);
	close_file(sending);
	free(sending);
}

/* ---- those that are under way ---- */

static size_t kept_bytes(const struct sending *sending)
{
	return sizeof(*sending) + strlen(sending->info.json);
}

static void keep(struct sending *sending)
{
	struct destination *destination = sending->destination;

	close_file(sending);
	sending->next = destination->under_way;
	destination->under_way = sending;
	destination->under_way_cnt++;
	destination->under_way_bytes += kept_bytes(sending);
}

/* NULL: the last one that came. */
static void give_back(struct destination *destination, struct sending *sending,
		      struct spool_work *ret)
{
	struct sending **at = &destination->under_way;

	while (sending && *at != sending)
		at = &(*at)->next;
	sending = *at;
	*at = sending->next;
	destination->under_way_cnt--;
	destination->under_way_bytes -= kept_bytes(sending);
	*ret = sending->work;
	sending_free(sending);
}

/* ---- sending ---- */

/* 0; -ENOENT: it is gone. */
static int open_file(struct sending *sending, struct fleet_error *error)
{
	const char *name = sending->work.name;
	struct stat status;

	sending->file.fd = openat(spool__dir_fd(sending->destination->setting.spool), name,
				  O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (sending->file.fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (sending->file.fd < 0 || fstat(sending->file.fd, &status))
		return fleet_error__set(error, -EBADF, "can't read %s: %s", name, strerror(errno));
	if (status.st_ino != sending->work.inode || !S_ISREG(status.st_mode))
		return -ENOENT;
	sending->file.size_bytes = (uint64_t)status.st_size;
	return 0;
}

/* A large file takes long: the crash of a moment ago does not wait for its end. */
static int before_chunk(void *ctx, size_t bytes)
{
	const struct sending *sending = ctx;
	struct destination *destination = sending->destination;
	const uint64_t at_ns = rate__take(&destination->rate, bytes, clock__now_mono_ns());

	if (spool__rest(destination->setting.spool, at_ns))
		return -ECANCELED;
	(void)barrier__add_relaxed(&destination->counts.sent_bytes, bytes);
	if (!destination->ops->goes_on)
		return destination__go_on(destination, sending->work.is_crash);
	return !sending->work.is_crash && spool__is_urgent(destination->setting.spool,
							   destination->setting.number)
		       ? -EAGAIN
		       : 0;
}

static void count_sent(const struct sending *sending)
{
	struct ship_counts *counts = &sending->destination->counts;
	const uint64_t now_ns = clock__now_real_ns();
	const uint64_t made_ns = out_name__real_ns(sending->work.name);

	(void)barrier__add_relaxed(&counts->sent_files, 1);
	if (sending->work.is_crash && made_ns < now_ns)
		barrier__store_relaxed(&counts->crash_ns, now_ns - made_ns);
}

/* What it is about, and what it is called in all places. */
static int describe(struct sending *sending, struct fleet_error *error)
{
	const struct place_setting *setting = &sending->destination->setting;
	const char *name = sending->work.name;
	int err = file_info__read(&sending->info, setting->helper, name, sending->file.fd,
				  setting->host);

	if (err)
		return fleet_error__set(error, -EBADF, "%s: can't ask ttlog-view --info: %s", name,
					strerror(-err));
	err = fleet_name__object(sending->object, setting->host, sending->info.service, name);
	if (err)
		return fleet_error__set(error, -EBADF, "%s: %s", name, strerror(-err));
	return 0;
}

/* What the next files are about is found out while this one is sent. */
static void ask_ahead(const struct place_setting *setting)
{
	struct spool_names next;

	spool__look_ahead(setting->spool, setting->number, AHEAD_MOST_BYTES, &next);
	file_info__begin(setting->helper, setting->number, &next);
}

/* What can't be read back is believed. */
static void note_sent(const struct sending *sending)
{
	note(sending, now_s(), sending->destination->ops->audit ? 0 : now_s());
	count_sent(sending);
}

static int send_file(struct sending *sending, struct fleet_error *error)
{
	struct place *place = sending->destination->place;
	int err = describe(sending, error);

	if (err)
		return err;
	ask_ahead(&sending->destination->setting);
	(void)read_note(sending);
	err = place->ops->send(place, &sending->file, error);
	if (err == -ENOMSG)
		note(sending, now_s(), 0);
	if (err)
		return err == -ENOENT ? -EIO : err; /* it is not the file that is missing */
	note_sent(sending);
	return 0;
}

int sending__send(struct destination *destination, const struct spool_work *work,
		  struct fleet_error *error)
{
	struct sending *sending = sending_new(destination, work);
	int err;

	if (!sending)
		return fleet_error__set(error, -EBADF, "%s: out of memory", work->name);
	sending->file.before_chunk = before_chunk;
	err = open_file(sending, error);
	if (!err)
		err = send_file(sending, error);
	if (err == -EINPROGRESS)
		keep(sending);
	else
		sending_free(sending);
	return err;
}

int sending__settle(struct destination *destination, bool is_waiting, struct spool_work *ret,
		    struct fleet_error *error)
{
	struct place *place = destination->place;
	struct place_file *file = NULL;
	int err;

	ret->task = SPOOL_NOTHING;
	if (!destination->under_way)
		return 0;
	err = place->ops->settle(place, is_waiting, &file, error);
	if (!file)
		return err;
	if (!err)
		note_sent(file->ctx);
	give_back(destination, file->ctx, ret);
	return err;
}

bool sending__drop(struct destination *destination, struct spool_work *ret)
{
	if (!destination->under_way)
		return false;
	give_back(destination, NULL, ret);
	return true;
}

/* ---- the audit ---- */

/* Reading back takes long, and waits for nothing that is urgent. */
static int check_urgent(void *ctx, size_t bytes)
{
	const struct sending *sending = ctx;
	struct destination *destination = sending->destination;
	struct spool *spool = destination->setting.spool;
	const uint64_t at_ns = rate__take(&destination->rate, bytes, clock__now_mono_ns());

	if (spool__rest(spool, at_ns) || spool__is_urgent(spool, destination->setting.number))
		return -ECANCELED;
	return 0;
}

static int audit(struct sending *sending, struct fleet_error *error)
{
	struct place *place = sending->destination->place;
	int err;

	if (read_note(sending) || !sending->file.note.object[0])
		return fleet_error__set(error, -ENODATA, "%s is not in the ledger",
					sending->work.name);
	err = place->ops->audit(place, &sending->file, error);
	if (!err)
		note(sending, now_s(), now_s());
	return err;
}

int sending__audit(struct destination *destination, const struct spool_work *work,
		   struct fleet_error *error)
{
	struct sending *sending = sending_new(destination, work);
	int err;

	if (!sending)
		return fleet_error__set(error, -ECANCELED, "out of memory");
	sending->file.before_chunk = check_urgent;
	err = audit(sending, error);
	/* a server that answers may be a moment behind the one that acknowledged */
	if (err == -ENODATA && !destination->was_not_whole &&
	    !spool__rest(destination->setting.spool, clock__now_mono_ns() + SECOND_NS))
		err = audit(sending, error);
	destination->was_not_whole = err == -ENODATA;
	sending_free(sending);
	return err;
}
