/* SPDX-License-Identifier: MIT */
/*
 * The collector's end of its control socket: clients send packets, hang up, or ask for something.
 * Input: packets, each a byte (0x80: from a client that connects now; the rest: the length) and so
 * many bytes.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "control_rights.h"
#include "fuzz.h"
#include "record_filter.h"

#define MAX_CLIENTS 20 /* more clients than it accepts */

static struct sockaddr_un address = { .sun_family = AF_UNIX };

static struct control *listen_once(void)
{
	static struct control *control;

	if (control)
		return control;
	control = control__new(fuzz__folder(), NULL);
	FUZZ_CHECK(control);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control-%d.sock", fuzz__folder(),
		 (int)getpid());
	return control;
}

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* Treats a request to follow as the collector does, up to its thread. */
static void welcome(struct control *control, const struct control_request *request)
{
	char why[EXPR_ERROR_PRINT_BYTES];
	struct record_filter *filter;
	int fd;

	FUZZ_CHECK(request->format && request->filter_bytes <= EXPR_MAX_BYTES);
	filter = record_filter__new(request->filter, request->filter_bytes, 1, why, sizeof(why));
	record_filter__free(filter);
	fd = control__take(control, request->client);
	if (fd >= 0)
		close(fd);
	FUZZ_CHECK(control__take(control, request->client) == -ENOENT);
}

/* Copies the command as the collector does, and answers it. */
static void command(struct control *control, const struct control_request *request)
{
	const char *argument = request->texts[CONTROL_TEXT_ARGUMENT];

	FUZZ_CHECK(request->rights & CONTROL_MAY_FOLLOW);
	FUZZ_CHECK(strlen(request->texts[CONTROL_TEXT_SERVICE]) +
			   strlen(request->texts[CONTROL_TEXT_TARGET]) + request->argument_bytes <
		   CONTROL_WIRE_MAX_BYTES);
	FUZZ_CHECK(!request->argument_bytes || !argument[request->argument_bytes - 1]);
	(void)control__answer(control, request->client, argument, CONTROL_WIRE_USAGE);
	FUZZ_CHECK(control__reply(control, request->client, NULL, true));
}

static void receive(struct control *control)
{
	struct control_request request;
	int n;

	while ((n = control__receive(control, &request)) == 1) {
		size_t len = strnlen(request.reason, sizeof(request.reason));

		if (request.kind == CONTROL_REQUEST_FOLLOW) {
			welcome(control, &request);
			continue;
		}
		if (request.kind == CONTROL_REQUEST_COMMAND) {
			command(control, &request);
			continue;
		}
		FUZZ_CHECK(len && len < sizeof(request.reason));
		FUZZ_CHECK(request.pid <= INT32_MAX);
		(void)control__reply(control, request.client, request.reason, len % 2);
		FUZZ_CHECK(control__reply(control, request.client, NULL, true));
	}
	FUZZ_CHECK(!n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct control *control = listen_once();
	int clients[MAX_CLIENTS], cnt = 0;
	const uint8_t *end = data + size;

	fuzz__begin();
	while (data < end) {
		uint8_t head = *data++;
		size_t len = head & 0x7f;

		if (len > (size_t)(end - data))
			len = (size_t)(end - data);
		if ((!cnt || head & 0x80) && cnt < MAX_CLIENTS) {
			clients[cnt++] = connect_client();
			/* this is no test of the backlog */
			receive(control);
		}
		(void)send(clients[cnt - 1], data, len, MSG_NOSIGNAL);
		data += len;
		if (len % 2)
			receive(control);
	}
	receive(control);
	while (cnt)
		close(clients[--cnt]);
	receive(control);
	fuzz__end();
	return 0;
}
