/* SPDX-License-Identifier: MIT */
/*
 * What libnats alone reaches: the bytes of all files of a folder, in chunks, by its asynchronous
 * publish, into a stream. No objects, no digests, no index.
 *
 * usage: publish PORT STREAM REPLICAS CHUNK PENDING DIR
 *
 * The stream takes the subject STREAM; it is made, and deleted at the end. PENDING messages may be on
 * their way. Prints one JSON object: files, bytes, seconds from the first message to the last
 * acknowledgement.
 */
#include <dirent.h>
#include <fcntl.h>
#include <nats/nats.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bench.h"

#define WAIT_MS 300000

struct publisher {
	jsCtx *js;
	const char *stream;
	char *chunk;
	size_t chunk_bytes;
	uint64_t files, bytes;
	_Atomic uint64_t failed;
};

static void take_error(jsCtx *js, jsPubAckErr *error, void *closure)
{
	struct publisher *publisher = (struct publisher *)closure;

	(void)js;
	if (!publisher->failed++)
		fprintf(stderr, "publish: %s\n", error->ErrText ? error->ErrText : "failed");
}

static int fail(const char *what, natsStatus status)
{
	fprintf(stderr, "publish: %s: %s\n", what, natsStatus_GetText(status));
	return 1;
}

static natsStatus add_stream(const struct publisher *publisher, int64_t replicas)
{
	const char *subjects[] = { publisher->stream };
	jsStreamConfig config;
	jsStreamInfo *info = NULL;
	natsStatus status = jsStreamConfig_Init(&config);

	config.Name = publisher->stream;
	config.Subjects = subjects;
	config.SubjectsLen = 1;
	config.Storage = js_FileStorage;
	config.Replicas = replicas;
	if (status == NATS_OK)
		status = js_AddStream(&info, publisher->js, &config, NULL, NULL);
	jsStreamInfo_Destroy(info);
	return status;
}

/* As many bytes as a chunk has, or what the file still has; -1: it can't be read. */
static ssize_t read_chunk(const struct publisher *publisher, int fd)
{
	size_t len = 0;
	ssize_t more = 1;

	while (more > 0 && len < publisher->chunk_bytes) {
		more = read(fd, publisher->chunk + len, publisher->chunk_bytes - len);
		len += more > 0 ? (size_t)more : 0;
	}
	return more < 0 ? -1 : (ssize_t)len;
}

static natsStatus publish_file(struct publisher *publisher, int fd)
{
	natsStatus status = NATS_OK;
	ssize_t len;

	while (status == NATS_OK && (len = read_chunk(publisher, fd)) > 0) {
		status = js_PublishAsync(publisher->js, publisher->stream, publisher->chunk,
					 (int)len, NULL);
		publisher->bytes += (uint64_t)len;
	}
	publisher->files++;
	return status;
}

static natsStatus publish_all(struct publisher *publisher, const char *path)
{
	jsPubOptions options;
	natsStatus status = jsPubOptions_Init(&options);
	const struct dirent *entry;
	DIR *dir = opendir(path);

	options.MaxWait = WAIT_MS;
	while (dir && status == NATS_OK && (entry = readdir(dir)) != NULL) {
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		status = fd < 0 ? NATS_NOT_FOUND : publish_file(publisher, fd);
		if (fd >= 0)
			(void)close(fd);
	}
	if (dir)
		(void)closedir(dir);
	if (status == NATS_OK)
		status = js_PublishAsyncComplete(publisher->js, &options);
	return status;
}

static int publish(struct publisher *publisher, int64_t replicas, const char *path)
{
	natsStatus status = add_stream(publisher, replicas);
	uint64_t begin_ns;
	double seconds;

	if (status != NATS_OK)
		return fail("the stream", status);
	begin_ns = bench__now_ns(CLOCK_MONOTONIC);
	status = publish_all(publisher, path);
	seconds = (double)(bench__now_ns(CLOCK_MONOTONIC) - begin_ns) / NS_PER_S;
	(void)js_DeleteStream(publisher->js, publisher->stream, NULL, NULL);
	if (status != NATS_OK || publisher->failed)
		return fail("not all was acknowledged", status);
	printf("{\"files\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"seconds\": %.4f}\n",
	       publisher->files, publisher->bytes, seconds);
	return 0;
}

int main(int argc, char **argv)
{
	struct publisher publisher = { .stream = argc == 7 ? argv[2] : NULL };
	natsConnection *connection = NULL;
	char url[64];
	jsOptions options;
	natsStatus status = jsOptions_Init(&options);
	int failed;

	if (!publisher.stream) {
		fputs("usage: publish PORT STREAM REPLICAS CHUNK PENDING DIR\n", stderr);
		return 2;
	}
	(void)snprintf(url, sizeof(url), "nats://127.0.0.1:%s", argv[1]);
	publisher.chunk_bytes = bench__number(argc, argv, 4, 0);
	publisher.chunk = (char *)malloc(publisher.chunk_bytes + 1);
	options.PublishAsync.MaxPending = (int64_t)bench__number(argc, argv, 5, 0);
	options.PublishAsync.StallWait = WAIT_MS;
	options.PublishAsync.ErrHandler = take_error;
	options.PublishAsync.ErrHandlerClosure = &publisher;
	if (status == NATS_OK)
		status = natsConnection_ConnectTo(&connection, url);
	if (status == NATS_OK)
		status = natsConnection_JetStream(&publisher.js, connection, &options);
	failed = status != NATS_OK || !publisher.chunk
			 ? fail(url, status)
			 : publish(&publisher, (int64_t)bench__number(argc, argv, 3, 0), argv[6]);
	jsCtx_Destroy(publisher.js);
	natsConnection_Destroy(connection);
	free(publisher.chunk);
	nats_Close();
	return failed;
}
