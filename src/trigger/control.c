/* SPDX-License-Identifier: MIT */
/*
 * The collector's end of the control socket.
 *
 * A client has at most one request, and stays until it has read the reply, or goes. There are few
 * places: a client that asks nothing, or reads nothing, loses its place to the next one, and after
 * MAX_WAIT_NS in any case.
 *
 * Requests are received in one thread and answered in another: `lock` protects `clients`. A client
 * that the receiving thread dropped is not found by its number any more.
 */
#include "control.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "control_rights.h"
#include "control_wire.h"

#define MAX_CLIENTS 16
#define BACKLOG     16
#define LISTENER    0          /* clients count from 1 */
#define TIMER       UINT64_MAX /* while there are clients: once a second */
#define MAX_EVENTS  64         /* at once: then the main thread looks after other things */
#define MAX_WAIT_NS 10000000000ull
/* Places that clients without all rights can have. */
#define MAX_GUESTS  8

#define TEMPORARY_SUFFIX ".new"
#define TEMPORARY_MAX_S  60 /* a collector needs less to listen */

struct client {
	uint64_t number; /* 0: free */
	int fd;
	unsigned int rights; /* enum control_right, or-ed */
	uint64_t since_ns;   /* when it came, or took a part of its reply */
	bool has_asked;
	char *reply; /* NULL: there is none yet */
	size_t sent, len;
	enum control_wire_kind verdict; /* which comes after that */
};

struct control {
	int dir_fd;
	int listen_fd;
	int epoll_fd;
	int timer_fd;
	bool ticks;                          /* the timer is set */
	const struct control_rights *rights; /* NULL: root and the own user alone */
	char name[64];                       /* "" before it has one */
	pthread_mutex_t lock;
	uint64_t last_number;
	struct client clients[MAX_CLIENTS];
	unsigned char packet[CONTROL_WIRE_MAX_BYTES]; /* the receiving thread's */
};

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* ---- The socket ---- */

/* By the directory's descriptor, because an address may be too short for its path. */
static void make_address(int dir_fd, const char *name, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dir_fd, name);
}

/* If not, errno tells why. */
static bool is_answered(int dir_fd, const char *name)
{
	struct sockaddr_un address;
	bool answered;
	int fd, err;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	make_address(dir_fd, name, &address);
	answered = !connect(fd, (struct sockaddr *)&address, sizeof(address)) || errno == EAGAIN;
	err = errno;
	close(fd);
	errno = err;
	return answered;
}

static bool has_shape(const char *name, const char *prefix, const char *suffix)
{
	size_t len = strlen(name), prefix_len = strlen(prefix), suffix_len = strlen(suffix);

	return len > prefix_len + suffix_len && !strncmp(name, prefix, prefix_len) &&
	       !strcmp(name + len - suffix_len, suffix);
}

/* Whether a killed collector has left it. A socket that is being made refuses, too, but has another
 * name, and not for long. */
static bool is_dead(int dir_fd, const char *name)
{
	struct stat status;

	if (has_shape(name, CONTROL_NAME_PREFIX, CONTROL_NAME_SUFFIX))
		return !is_answered(dir_fd, name) && errno == ECONNREFUSED;
	return has_shape(name, "." CONTROL_NAME_PREFIX, TEMPORARY_SUFFIX) &&
	       !fstatat(dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) &&
	       time(NULL) - status.st_mtime > TEMPORARY_MAX_S && !is_answered(dir_fd, name) &&
	       errno == ECONNREFUSED;
}

static void remove_dead(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (is_dead(dir_fd, entry->d_name))
			(void)unlinkat(dir_fd, entry->d_name, 0);
	}
	if (dir)
		(void)closedir(dir);
	else if (fd >= 0)
		(void)close(fd);
}

/* With the group, whose members may connect; what they may ask is another question. 0, or -1 with
 * errno. */
static int share(const struct control *control, const char *name)
{
	const struct control_rights *rights = control->rights;

	if (!rights || !rights->has_group || geteuid())
		return 0;
	if (fchownat(control->dir_fd, name, (uid_t)-1, rights->group, AT_SYMLINK_NOFOLLOW))
		return -1;
	return fchmodat(control->dir_fd, name, 0660, 0);
}

/*
 * The socket listens before it gets its name: a client removes a socket that refuses, because its
 * collector must be dead.
 */
static int listen_in(struct control *control)
{
	struct sockaddr_un address;
	char temporary[80], name[64];
	int err;

	(void)snprintf(name, sizeof(name), CONTROL_NAME_PREFIX "%d" CONTROL_NAME_SUFFIX,
		       (int)getpid());
	(void)snprintf(temporary, sizeof(temporary), ".%s" TEMPORARY_SUFFIX, name);
	if (is_answered(control->dir_fd, name))
		return -EADDRINUSE;
	control->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->listen_fd < 0)
		return -errno;
	/* bind() makes the file with the socket's own mode */
	if (fchmod(control->listen_fd, 0600))
		return -errno;
	(void)unlinkat(control->dir_fd, temporary, 0);
	make_address(control->dir_fd, temporary, &address);
	if (bind(control->listen_fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	if (share(control, temporary) || listen(control->listen_fd, BACKLOG) ||
	    renameat(control->dir_fd, temporary, control->dir_fd, name)) {
		err = -errno;
		(void)unlinkat(control->dir_fd, temporary, 0);
		return err;
	}
	strcpy(control->name, name);
	return 0;
}

/* Edge-triggered: if there are no descriptors left, a connection that can't be accepted does not
 * wake us again and again. */
static int watch_listener(struct control *control)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = LISTENER };
	struct epoll_event tick = { .events = EPOLLIN, .data.u64 = TIMER };

	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	control->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (control->epoll_fd < 0 || control->timer_fd < 0 ||
	    epoll_ctl(control->epoll_fd, EPOLL_CTL_ADD, control->listen_fd, &event) ||
	    epoll_ctl(control->epoll_fd, EPOLL_CTL_ADD, control->timer_fd, &tick))
		return -errno;
	return 0;
}

struct control *control__new(const char *dir, const struct control_rights *rights)
{
	struct control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return NULL;
	(void)pthread_mutex_init(&control->lock, NULL);
	control->listen_fd = -1;
	control->epoll_fd = -1;
	control->timer_fd = -1;
	control->rights = rights;
	control->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = control->dir_fd < 0 ? -errno : 0;
	if (!err) {
		remove_dead(control->dir_fd);
		err = listen_in(control);
	}
	if (!err)
		err = watch_listener(control);
	if (err) {
		control__free(control);
		errno = -err;
		return NULL;
	}
	return control;
}

/* Closing takes it out of the epoll set too. */
static void drop_client(struct client *client)
{
	close(client->fd);
	free(client->reply);
	*client = (struct client){ .number = 0 };
}

void control__free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		if (control->clients[i].number)
			drop_client(&control->clients[i]);
	}
	if (control->name[0])
		(void)unlinkat(control->dir_fd, control->name, 0);
	close_fd(control->epoll_fd);
	close_fd(control->timer_fd);
	close_fd(control->listen_fd);
	close_fd(control->dir_fd);
	(void)pthread_mutex_destroy(&control->lock);
	free(control);
}

int control__fd(const struct control *control)
{
	return control->epoll_fd;
}

/* ---- Clients; all under the lock ---- */

static struct client *find_client(struct control *control, uint64_t number)
{
	for (size_t i = 0; number && i < MAX_CLIENTS; i++) {
		if (control->clients[i].number == number)
			return &control->clients[i];
	}
	return NULL;
}

static bool is_guest(const struct client *client)
{
	return !(client->rights & CONTROL_MAY_FOLLOW);
}

static bool has_hung_up(const struct client *client)
{
	struct pollfd pollfd = { .fd = client->fd };

	return poll(&pollfd, 1, 0) == 1 && pollfd.revents & (POLLHUP | POLLERR);
}

/* Whether it has not asked, does not read its reply, or is gone. */
static bool is_idle(const struct client *client)
{
	return !client->has_asked || client->reply || has_hung_up(client);
}

/* A free place, else that of the oldest idle client: of a guest for a guest, if guests have all of
 * theirs. NULL: all wait for a reply. */
static struct client *make_place(struct control *control, bool guest)
{
	struct client *oldest = NULL, *oldest_guest = NULL, *free_place = NULL;
	size_t guest_cnt = 0;

	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (!client->number) {
			free_place = client;
			continue;
		}
		guest_cnt += is_guest(client);
		if (!is_idle(client))
			continue;
		if (!oldest || client->number < oldest->number)
			oldest = client;
		if (is_guest(client) && (!oldest_guest || client->number < oldest_guest->number))
			oldest_guest = client;
	}
	if (guest && guest_cnt >= MAX_GUESTS)
		oldest = oldest_guest;
	else if (free_place)
		return free_place;
	if (oldest)
		drop_client(oldest);
	return oldest;
}

static void set_timer(struct control *control, bool ticks)
{
	struct itimerspec spec = { .it_value.tv_sec = ticks, .it_interval.tv_sec = ticks };

	if (control->ticks != ticks && !timerfd_settime(control->timer_fd, 0, &spec, NULL))
		control->ticks = ticks;
}

static void add_client(struct control *control, int fd)
{
	const unsigned int rights = control_rights__of_peer(control->rights, fd);
	struct epoll_event event = { .events = EPOLLIN };
	struct client *client = NULL;

	if (rights)
		client = make_place(control, !(rights & CONTROL_MAY_FOLLOW));
	if (!client) {
		close(fd);
		return;
	}
	event.data.u64 = ++control->last_number;
	if (epoll_ctl(control->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		close(fd);
		return;
	}
	*client = (struct client){
		.number = control->last_number,
		.fd = fd,
		.rights = rights,
		.since_ns = clock__now_mono_ns(),
	};
	set_timer(control, true);
}

/* Cuts off those that have not asked, or read nothing, for long. */
static void tick(struct control *control)
{
	const uint64_t now_ns = clock__now_mono_ns();
	uint64_t expirations;
	bool any = false;

	(void)!read(control->timer_fd, &expirations, sizeof(expirations));
	for (size_t i = 0; i < MAX_CLIENTS; i++) {
		struct client *client = &control->clients[i];

		if (client->number && is_idle(client) && now_ns - client->since_ns > MAX_WAIT_NS)
			drop_client(client);
		any |= client->number;
	}
	if (!any)
		set_timer(control, false);
}

/* A flood of clients must not keep this thread: no more than the backlog at once. Returns whether
 * there may be more. */
static bool accept_clients(struct control *control)
{
	int fd;

	for (int i = 0; i < BACKLOG; i++) {
		fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			add_client(control, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return false;
	}
	return true;
}

/* ---- Replies; under the lock, too ---- */

static int send_packet(int fd, enum control_wire_kind kind, const char *text, size_t len)
{
	char packet[1 + CONTROL_WIRE_TEXT_BYTES];

	packet[0] = (char)kind;
	memcpy(packet + 1, text, len);
	return send(fd, packet, 1 + len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Sends as much as the socket takes. 0: all of it; -EAGAIN; or another -errno. */
static int send_rest(struct client *client)
{
	while (client->sent < client->len) {
		size_t left = client->len - client->sent;
		size_t len = left < CONTROL_WIRE_TEXT_BYTES ? left : CONTROL_WIRE_TEXT_BYTES;
		int err = send_packet(client->fd, CONTROL_WIRE_TEXT, client->reply + client->sent,
				      len);

		if (err)
			return err;
		client->sent += len;
		client->since_ns = clock__now_mono_ns();
	}
	return send_packet(client->fd, client->verdict, "", 0);
}

/* The receiving thread sends the rest when there is room. */
static int send_later(const struct control *control, const struct client *client)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.u64 = client->number };

	return epoll_ctl(control->epoll_fd, EPOLL_CTL_MOD, client->fd, &event) ? -errno : 0;
}

static int start_reply(struct control *control, struct client *client, const char *lines,
		       enum control_wire_kind verdict)
{
	bool waits;
	int err;

	client->reply = strdup(lines);
	if (!client->reply) {
		drop_client(client);
		return -ENOMEM;
	}
	client->len = strlen(lines);
	client->verdict = verdict;
	client->since_ns = clock__now_mono_ns();
	err = send_rest(client);
	waits = err == -EAGAIN;
	if (waits)
		err = send_later(control, client);
	if (!waits || err)
		drop_client(client);
	return err;
}

/* ---- Requests ---- */

/* Returns whether there was a whole request, and not a second one. */
static bool read_request(struct control *control, struct client *client,
			 struct control_request *ret_request)
{
	struct control_wire_parsed parsed;
	ssize_t n;

	n = recv(client->fd, control->packet, sizeof(control->packet), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 || (size_t)n > sizeof(control->packet) || client->has_asked ||
	    control_wire__parse(control->packet, (size_t)n, &parsed))
		return false;
	client->has_asked = true;
	*ret_request = (struct control_request){
		.client = client->number,
		.kind = parsed.kind,
		.rights = client->rights,
		.pid = parsed.pid,
		.format = parsed.format,
		.filter = parsed.filter,
		.filter_bytes = parsed.filter_bytes,
		.command = parsed.command,
		.for_ns = parsed.for_ns,
		.argument_bytes = parsed.argument_bytes,
	};
	memcpy(ret_request->texts, parsed.texts, sizeof(parsed.texts));
	if (parsed.reason)
		strcpy(ret_request->reason, parsed.reason);
	return true;
}

/* Whether the client stays. ret_received: whether it has sent a request. */
static bool serve(struct control *control, struct client *client,
		  struct control_request *ret_request, bool *ret_received)
{
	if (client->reply)
		return send_rest(client) == -EAGAIN;
	/* false: a malformed packet, or the client's end */
	*ret_received = read_request(control, client, ret_request);
	return *ret_received;
}

/* Else an edge-triggered descriptor would not tell of clients that wait already. */
static void listen_again(struct control *control)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.u64 = LISTENER };

	(void)epoll_ctl(control->epoll_fd, EPOLL_CTL_MOD, control->listen_fd, &event);
}

int control__receive(struct control *control, struct control_request *ret_request)
{
	struct epoll_event event;
	struct client *client;
	bool received = false;
	int n;

	for (int i = 0; i < MAX_EVENTS && !received; i++) {
		n = epoll_wait(control->epoll_fd, &event, 1, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : 0;
		(void)pthread_mutex_lock(&control->lock);
		if (event.data.u64 == TIMER)
			tick(control);
		if (event.data.u64 == LISTENER && accept_clients(control))
			listen_again(control);
		client = find_client(control, event.data.u64);
		if (client && !serve(control, client, ret_request, &received))
			drop_client(client);
		(void)pthread_mutex_unlock(&control->lock);
	}
	return received;
}

int control__answer(struct control *control, uint64_t number, const char *lines,
		    enum control_wire_kind verdict)
{
	struct client *client;
	int err = -ENOENT;

	(void)pthread_mutex_lock(&control->lock);
	client = find_client(control, number);
	/* a client that was answered sends no further request */
	if (client && !client->reply)
		err = start_reply(control, client, lines ? lines : "", verdict);
	(void)pthread_mutex_unlock(&control->lock);
	return err;
}

int control__reply(struct control *control, uint64_t number, const char *lines, bool done)
{
	return control__answer(control, number, lines,
			       done ? CONTROL_WIRE_DONE : CONTROL_WIRE_FAILED);
}

int control__take(struct control *control, uint64_t number)
{
	struct client *client;
	int fd = -ENOENT;

	(void)pthread_mutex_lock(&control->lock);
	client = find_client(control, number);
	if (client) {
		fd = client->fd;
		*client = (struct client){ .number = 0 };
		(void)epoll_ctl(control->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	}
	(void)pthread_mutex_unlock(&control->lock);
	return fd;
}
