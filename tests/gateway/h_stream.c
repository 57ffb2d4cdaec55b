/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_stream.c - a port on a pty, and a hostile client of it; h_stream.h.
 *
 * The promises: whatever a client sends, in whatever pieces, the port goes on;
 * its settings stay in their range; what the next client asks is answered, and
 * nothing else is; the hostile client's memory is given back.  (That nothing is
 * read or written beyond its end is the sanitizers' to say.)
 */
#include <sys/socket.h>

#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/h_stream.h"

#define	ALL		65536

static struct event_base *base;
static struct port_conf conf;
static struct port *port;
static int far = -1;

static const char *
begin(void)
{
	static const struct settings none = SETTINGS_NONE;
	char *name;

	(void)signal(SIGPIPE, SIG_IGN);
	far = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (far == -1 || grantpt(far) == -1 || unlockpt(far) == -1 ||
	    (name = ptsname(far)) == NULL)
		return "there is no pty";
	strcpy(conf.pc_name, "x");
	snprintf(conf.pc_node, sizeof(conf.pc_node), "%s", name);
	conf.pc_settings = none;
	conf.pc_buffer = 16;
	conf.pc_clients = 4;
	conf.pc_break = 1;
	conf.pc_drop = true;
	base = event_base_new();
	port = base != NULL ? port_new(base, &conf) : NULL;
	if (port == NULL)
		return "there is no memory";
	port_begin(port);
	return line_is_open(port_line(port)) ? NULL : "the pty is not opened";
}

void
h_stream_end(void)
{

	if (port != NULL)
		port_free(port);
	clients_end();
	if (base != NULL)
		event_base_free(base);
	if (far != -1)
		close(far);
	port = NULL;
	base = NULL;
	far = -1;
}

/* The device takes, and says a little. */
static void
device(void)
{
	char buf[4096];

	while (read(far, buf, sizeof(buf)) > 0)
		continue;
	(void)!write(far, "\xff\r", 2);
}

/* A client's end of a connection to the port. */
static int
join(void)
{
	struct client *cl;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds) == -1)
		return -1;
	cl = client_new(base, fds[0], NULL, &proto_telnet, ROLE_NORMAL, "h");
	if (cl == NULL)
		return -1;
	port_attach(port, cl);
	return fds[1];
}

static void
turn(void)
{

	(void)event_base_loop(base, EVLOOP_NONBLOCK);
}

/* Send all of it, reading what comes. */
static void
say_all(int fd, const uint8_t *bytes, size_t n)
{
	uint8_t drop[4096];
	ssize_t done;
	size_t some;

	while (n > 0) {
		some = n < 700 ? n : 700;
		done = send(fd, bytes, some, MSG_NOSIGNAL);
		if (done == -1 && poll(NULL, 0, 0) == 0) {
			turn();
			device();
			if (recv(fd, drop, sizeof(drop), 0) == 0 ||
			    send(fd, "", 0, MSG_NOSIGNAL) == -1)
				return;	/* it was closed: its right */
			continue;
		}
		bytes += done;
		n -= (size_t)done;
		turn();
		device();
		(void)!recv(fd, drop, sizeof(drop), 0);
	}
}

/* A client that behaves: is its question answered? */
static const char *
ask(void)
{
	static const uint8_t question[] = { 255, 251, 44, 255, 250, 44, 0,
	    255, 240, 255, 250, 44, 1, 0, 0, 0, 0, 255, 240 };
	static const char sign[] = "\xff\xfa\x2c\x64" "devsw-gateway";
	static uint8_t got[ALL];
	const int fd = join();
	size_t n = 0;
	ssize_t some;
	int tries;

	if (fd == -1)
		return "no second client";
	(void)!write(fd, question, sizeof(question));
	for (tries = 0; tries < 50; tries++) {
		turn();
		some = recv(fd, got + n, sizeof(got) - n, 0);
		if (some > 0)
			n += (size_t)some;
		if (memmem(got, n, sign, sizeof(sign) - 1) != NULL &&
		    memmem(got, n, "\xff\xfa\x2c\x65", 4) != NULL)
			break;
	}
	close(fd);
	turn();
	turn();
	return tries < 50 ? NULL : "the next client is not answered";
}

const char *
h_stream(const uint8_t *bytes, size_t n)
{
	const struct settings *st;
	const char *broken;
	int fd, i;

	if (port == NULL && (broken = begin()) != NULL)
		return broken;
	fd = join();
	if (fd == -1)
		return "no client";
	turn();
	say_all(fd, bytes, n);
	close(fd);
	for (i = 0; i < 4; i++) {
		turn();
		device();
	}
	st = line_settings(port_line(port));
	if (st->st_size < 5 || st->st_size > 8 || st->st_parity < 1 ||
	    st->st_parity > 5 || st->st_stop < 1 || st->st_stop > 3)
		return "a setting is out of its range";
	if (!line_is_open(port_line(port)))
		return "the device is lost";
	return ask();
}
