/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_ctl.c - software USB devices for other processes.
 *
 * One thread with one poll(2) over: the control socket and its clients, a
 * listening socket for each far end and at most one client of each, and an
 * eventfd that says that a far end's queue changed.  It never waits for
 * anything else, so a client that does not read stops only its own line:
 * while its socket is full, the device's queue fills, and the host waits.
 *
 * All state (ctl_*) belongs to the thread; start and stop are called by one
 * thread of the program.  Commands run on the thread; plug and unplug make
 * their up-calls from it (vusb_cmd.c).
 */
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vusb/vusbvar.h"

#define	CTL_MAXFAR	64
#define	CTL_MAXCLIENTS	8
#define	FAR_BUF		16384

/* A far end: its listening socket, its client, bytes for that. */
struct ctl_far {
	struct vusb	*cf_v;
	unsigned	 cf_port;
	int		 cf_listen;
	int		 cf_fd;		/* -1: no client */
	bool		 cf_modem;	/* its lines say which */
	char		 cf_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uint8_t		 cf_out[FAR_BUF];	/* to the client */
	size_t		 cf_outlen;
	uint8_t		 cf_in[FAR_BUF];	/* to the device */
	size_t		 cf_inlen;
};

struct ctl_client {
	int		 cc_fd;		/* -1: free */
	char		 cc_line[VUSB_CMDLINE];
	size_t		 cc_len;
};

static struct ctl_far *ctl_far[CTL_MAXFAR];
static unsigned ctl_nfar;
static struct ctl_client ctl_client[CTL_MAXCLIENTS];
static int ctl_listen = -1;
static int ctl_event = -1;
static bool ctl_stop;			/* atomic */
static char ctl_dir[64];
static void (*ctl_command)(char *, char *); /* vusb_cmd.c's */
static pthread_t ctl_thread;

/* ---- sockets -------------------------------------------------------- */

static int
ctl_bind(const char *path, int *fdp)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, error;

	if (strlen(path) >= sizeof(sun.sun_path))
		return ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return errno;
	memcpy(sun.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 8) == -1) {
		error = errno;
		close(fd);
		return error;
	}
	*fdp = fd;
	return 0;
}

/* A device's lock is held: only a write to the eventfd. */
static void
ctl_wake(void *arg)
{
	const uint64_t one = 1;

	(void)arg;
	(void)!write(ctl_event, &one, sizeof(one));
}

static int
ctl_add_far(struct vusb *v, unsigned port)
{
	struct ctl_far *cf;
	int error, n;

	if (ctl_nfar == CTL_MAXFAR)
		return EMFILE;
	cf = calloc(1, sizeof(*cf));
	if (cf == NULL)
		return ENOMEM;
	if (port == 0)
		n = snprintf(cf->cf_path, sizeof(cf->cf_path), "%s/%s",
		    ctl_dir, vusb_name(v));
	else
		n = snprintf(cf->cf_path, sizeof(cf->cf_path), "%s/%s.%u",
		    ctl_dir, vusb_name(v), port);
	error = n < 0 || (size_t)n >= sizeof(cf->cf_path) ? ENAMETOOLONG :
	    ctl_bind(cf->cf_path, &cf->cf_listen);
	if (error != 0) {
		free(cf);
		return error;
	}
	cf->cf_v = v;
	cf->cf_port = port;
	cf->cf_fd = -1;
	ctl_far[ctl_nfar++] = cf;
	return 0;
}

/* Serve a device's far ends; the thread, or before there is one. */
int
vusb_ctl_add(struct vusb *v)
{
	int error;

	for (unsigned port = 0; port < vusb_nports(v); port++) {
		error = ctl_add_far(v, port);
		if (error != 0)
			return error;
	}
	return 0;
}

static void
ctl_add_existing(struct vusb *v, void *arg)
{
	int *errorp = arg;

	if (*errorp == 0)
		*errorp = vusb_ctl_add(v);
}

/* ---- far ends ------------------------------------------------------- */

/* A device whose far ends have clients says when something changes. */
static void
far_watch(struct vusb *v)
{
	bool clients = false;

	for (unsigned i = 0; i < ctl_nfar; i++)
		clients = clients ||
		    (ctl_far[i]->cf_v == v && ctl_far[i]->cf_fd != -1);
	pthread_mutex_lock(&v->v_lock);
	v->v_notify = clients ? ctl_wake : NULL;
	pthread_mutex_unlock(&v->v_lock);
}

/* The lines of a modem: is somebody there? */
static void
far_lines(struct ctl_far *cf)
{

	if (cf->cf_modem)
		vusb_set_lines(cf->cf_v, cf->cf_port, cf->cf_fd == -1 ? 0 :
		    VUSB_CTS | VUSB_DSR | VUSB_DCD);
}

/* What was sent when nobody was there. */
static void
far_forget(struct ctl_far *cf)
{

	while (vusb_far_read(cf->cf_v, cf->cf_port, cf->cf_out,
	    sizeof(cf->cf_out), 0) > 0)
		continue;
}

/*
 * vusb_ctl_modem(v, port, on)
 *
 *	The far end is a modem's from now on, or no longer, and the lines
 *	stay as they are.  The thread.
 */
void
vusb_ctl_modem(struct vusb *v, unsigned port, bool on)
{

	for (unsigned i = 0; i < ctl_nfar; i++) {
		if (ctl_far[i]->cf_v != v || ctl_far[i]->cf_port != port)
			continue;
		ctl_far[i]->cf_modem = on;
		far_lines(ctl_far[i]);
	}
}

static void
far_hangup(struct ctl_far *cf)
{

	close(cf->cf_fd);
	cf->cf_fd = -1;
	cf->cf_outlen = cf->cf_inlen = 0;
	far_watch(cf->cf_v);
	far_lines(cf);
}

/* From the device to the client, as much as goes. */
static void
far_pump_out(struct ctl_far *cf)
{
	ssize_t n;

	for (;;) {
		if (cf->cf_outlen < sizeof(cf->cf_out))
			cf->cf_outlen += vusb_far_read(cf->cf_v, cf->cf_port,
			    cf->cf_out + cf->cf_outlen,
			    sizeof(cf->cf_out) - cf->cf_outlen, 0);
		if (cf->cf_outlen == 0)
			return;
		n = send(cf->cf_fd, cf->cf_out, cf->cf_outlen, MSG_NOSIGNAL);
		if (n == -1) {
			if (errno != EAGAIN && errno != EINTR)
				far_hangup(cf);
			return;
		}
		cf->cf_outlen -= (size_t)n;
		memmove(cf->cf_out, cf->cf_out + n, cf->cf_outlen);
	}
}

/* From the client to the device. */
static void
far_pump_in(struct ctl_far *cf)
{
	size_t taken;
	ssize_t n;

	for (;;) {
		if (cf->cf_inlen == 0) {
			n = recv(cf->cf_fd, cf->cf_in, sizeof(cf->cf_in), 0);
			if (n == 0 || (n == -1 && errno != EAGAIN &&
			    errno != EINTR)) {
				far_hangup(cf);
				return;
			}
			if (n == -1)
				return;
			cf->cf_inlen = (size_t)n;
		}
		taken = vusb_far_write(cf->cf_v, cf->cf_port, cf->cf_in,
		    cf->cf_inlen, 0);
		cf->cf_inlen -= taken;
		memmove(cf->cf_in, cf->cf_in + taken, cf->cf_inlen);
		if (cf->cf_inlen > 0)
			return;
	}
}

static void
far_accept(struct ctl_far *cf)
{
	int fd = accept4(cf->cf_listen, NULL, NULL,
	    SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return;
	if (cf->cf_fd != -1) {
		close(fd);		/* one client per line */
		return;
	}
	cf->cf_fd = fd;
	if (cf->cf_modem)
		far_forget(cf);
	far_watch(cf->cf_v);
	far_lines(cf);
}

static void
far_poll(struct ctl_far *cf, struct pollfd *pf)
{

	pf[0] = (struct pollfd){ .fd = cf->cf_listen, .events = POLLIN };
	pf[1] = (struct pollfd){ .fd = cf->cf_fd };
	if (cf->cf_inlen == 0)
		pf[1].events |= POLLIN;
	if (cf->cf_outlen > 0)
		pf[1].events |= POLLOUT;
}

static void
far_run(struct ctl_far *cf, const struct pollfd *pf)
{

	/* A client that left must be noticed before the next one comes. */
	if (cf->cf_fd != -1)
		far_pump_in(cf);
	if (pf[0].revents != 0)
		far_accept(cf);
	if (cf->cf_fd != -1)
		far_pump_out(cf);
}

/* ---- clients of the control socket ---------------------------------- */

static void
client_close(struct ctl_client *cc)
{

	close(cc->cc_fd);
	cc->cc_fd = -1;
	cc->cc_len = 0;
}

static void
client_accept(void)
{
	int fd = accept4(ctl_listen, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd == -1)
		return;
	for (unsigned i = 0; i < CTL_MAXCLIENTS; i++) {
		if (ctl_client[i].cc_fd == -1) {
			ctl_client[i].cc_fd = fd;
			return;
		}
	}
	close(fd);
}

/* Run the complete lines of what was received. */
static void
client_lines(struct ctl_client *cc)
{
	char out[VUSB_CMDLINE + 1];
	char *nl;
	size_t len, rest;

	while ((nl = memchr(cc->cc_line, '\n', cc->cc_len)) != NULL) {
		*nl = '\0';
		out[0] = '\0';
		ctl_command(cc->cc_line, out);
		len = strlen(out);
		out[len++] = '\n';
		if (send(cc->cc_fd, out, len, MSG_NOSIGNAL) != (ssize_t)len) {
			client_close(cc);
			return;
		}
		rest = cc->cc_len - (size_t)(nl + 1 - cc->cc_line);
		memmove(cc->cc_line, nl + 1, rest);
		cc->cc_len = rest;
	}
	if (cc->cc_len == sizeof(cc->cc_line))
		client_close(cc);	/* no line is that long */
}

static void
client_run(struct ctl_client *cc)
{
	ssize_t n;

	n = recv(cc->cc_fd, cc->cc_line + cc->cc_len,
	    sizeof(cc->cc_line) - cc->cc_len, 0);
	if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
		client_close(cc);
		return;
	}
	if (n > 0) {
		cc->cc_len += (size_t)n;
		client_lines(cc);
	}
}

/* ---- the thread ----------------------------------------------------- */

static void *
ctl_loop(void *arg)
{
	struct pollfd pf[2 + CTL_MAXCLIENTS + 2 * CTL_MAXFAR];
	uint64_t count;
	unsigned i, nfar;

	(void)arg;
	while (!__atomic_load_n(&ctl_stop, __ATOMIC_ACQUIRE)) {
		pf[0] = (struct pollfd){ .fd = ctl_event, .events = POLLIN };
		pf[1] = (struct pollfd){ .fd = ctl_listen, .events = POLLIN };
		for (i = 0; i < CTL_MAXCLIENTS; i++)
			pf[2 + i] = (struct pollfd){
			    .fd = ctl_client[i].cc_fd, .events = POLLIN };
		nfar = ctl_nfar;
		for (i = 0; i < nfar; i++)
			far_poll(ctl_far[i], &pf[2 + CTL_MAXCLIENTS + 2 * i]);
		if (poll(pf, 2 + CTL_MAXCLIENTS + 2 * nfar, -1) == -1)
			continue;
		if (pf[0].revents != 0)
			(void)!read(ctl_event, &count, sizeof(count));
		for (i = 0; i < nfar; i++)
			far_run(ctl_far[i], &pf[2 + CTL_MAXCLIENTS + 2 * i]);
		for (i = 0; i < CTL_MAXCLIENTS; i++) {
			if (pf[2 + i].revents != 0)
				client_run(&ctl_client[i]);
		}
		if (pf[1].revents != 0)
			client_accept();
	}
	return NULL;
}

static void
ctl_forget(struct vusb *v, void *arg)
{

	(void)arg;
	pthread_mutex_lock(&v->v_lock);
	v->v_notify = NULL;
	pthread_mutex_unlock(&v->v_lock);
}

static void
far_free(struct ctl_far *cf)
{

	if (cf->cf_fd != -1)
		close(cf->cf_fd);
	close(cf->cf_listen);
	(void)unlink(cf->cf_path);
	free(cf);
}

/* Serve a device no longer; the thread, not while it looks at far ends. */
void
vusb_ctl_remove(struct vusb *v)
{
	unsigned i, n = 0;

	for (i = 0; i < ctl_nfar; i++) {
		if (ctl_far[i]->cf_v == v)
			far_free(ctl_far[i]);
		else
			ctl_far[n++] = ctl_far[i];
	}
	ctl_nfar = n;
	ctl_forget(v, NULL);
}

static void
ctl_close_all(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sun);
	unsigned i;

	vusb_foreach(ctl_forget, NULL);
	for (i = 0; i < ctl_nfar; i++)
		far_free(ctl_far[i]);
	ctl_nfar = 0;
	for (i = 0; i < CTL_MAXCLIENTS; i++) {
		if (ctl_client[i].cc_fd != -1)
			client_close(&ctl_client[i]);
	}
	if (ctl_listen != -1) {
		if (getsockname(ctl_listen, (struct sockaddr *)&sun, &len) == 0)
			(void)unlink(sun.sun_path);
		close(ctl_listen);
	}
	if (ctl_event != -1)
		close(ctl_event);
	ctl_listen = ctl_event = -1;
}

/* vusb_ctl_start, with whom to ask what a command is. */
int
vusb_ctl_open(const char *dir, void (*command)(char *, char *))
{
	char path[sizeof(ctl_dir) + 16];
	int error = 0;

	assert(ctl_event == -1);
	if (strlen(dir) >= sizeof(ctl_dir))
		return ENAMETOOLONG;
	strcpy(ctl_dir, dir);
	ctl_command = command;
	for (unsigned i = 0; i < CTL_MAXCLIENTS; i++)
		ctl_client[i].cc_fd = -1;
	ctl_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ctl_event == -1)
		return errno;
	snprintf(path, sizeof(path), "%s/control", dir);
	error = ctl_bind(path, &ctl_listen);
	if (error == 0)
		vusb_foreach(ctl_add_existing, &error);
	ctl_stop = false;
	if (error == 0)
		error = pthread_create(&ctl_thread, NULL, ctl_loop, NULL);
	if (error != 0)
		ctl_close_all();
	return error;
}

void
vusb_ctl_stop(void)
{

	__atomic_store_n(&ctl_stop, true, __ATOMIC_RELEASE);
	ctl_wake(NULL);
	pthread_join(ctl_thread, NULL);
	ctl_close_all();
}
