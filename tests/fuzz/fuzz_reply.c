/* SPDX-License-Identifier: MIT */
/*
 * The client's end of the control socket, with a collector that answers anything. Input: packets,
 * each two bytes of length, the lower first, and so many bytes.
 */
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "fuzz.h"

struct answer {
	const uint8_t *at, *end;
	int listen_fd;
};

static int listen_once(void)
{
	static int fd = -1;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (fd >= 0)
		return fd;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control-1.sock", fuzz__folder());
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(!bind(fd, (struct sockaddr *)&address, sizeof(address)) && !listen(fd, 4));
	return fd;
}

static void *serve(void *context)
{
	struct answer *answer = context;
	int fd = accept4(answer->listen_fd, NULL, NULL, SOCK_CLOEXEC);
	char request[128];

	FUZZ_CHECK(fd >= 0 && recv(fd, request, sizeof(request), 0) > 0);
	while (answer->end - answer->at >= 2) {
		size_t len = answer->at[0] | (size_t)answer->at[1] << 8, left;

		answer->at += 2;
		left = (size_t)(answer->end - answer->at);
		len = len < left ? len : left;
		if (send(fd, answer->at, len, MSG_NOSIGNAL) < 0)
			break;
		answer->at += len;
	}
	close(fd);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct control_trigger trigger = { .reason = "fuzz", .timeout_ms = 10000 };
	struct answer answer = { data, data + size, listen_once() };
	char *out = NULL, *errors = NULL;
	size_t out_len = 0, errors_len = 0;
	FILE *out_file, *errors_file;
	pthread_t thread;
	int status;

	fuzz__begin();
	out_file = open_memstream(&out, &out_len);
	errors_file = open_memstream(&errors, &errors_len);
	FUZZ_CHECK(out_file && errors_file);
	FUZZ_CHECK(!pthread_create(&thread, NULL, serve, &answer));
	status = control__trigger(fuzz__folder(), &trigger, out_file, errors_file);
	FUZZ_CHECK(!pthread_join(thread, NULL));
	FUZZ_CHECK(!fclose(out_file) && !fclose(errors_file));
	FUZZ_CHECK(status == 0 || status == 1);
	free(out);
	free(errors);
	fuzz__end();
	return 0;
}
