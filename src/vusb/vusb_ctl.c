/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_ctl.c - software USB devices for other processes.
 *
 * One thread with one epoll(7) over: the control socket and its clients, a
 * listening socket for each far end and at most one client of each, and an
 * eventfd that says that some device's queue changed; which one, its v_news.  It
 * never waits for anything else, so a client that does not read stops only its
 * own line: while its socket is full, the device's queue fills, and the host
 * waits.  A far end where nothing has happened costs no system call, however
 * many there are.
 *
 * All state (ctl_*) belongs to the thread; start and stop are called by one
 * thread of the program.  Commands run on the thread; plug and unplug make
 * their up-calls from it (vusb_cmd.c).
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vusb/vusbvar.h"

#define	CTL_MAXFAR	512	/* 120 devices with 4 ports, say */
#define	CTL_MAXCLIENTS	8
#define	CTL_BATCH	64
#define	FAR_BUF		16384

/* A far end: its listening socket, its client, bytes for that. */
struct ctl_far {
	struct vusb	*cf_v;
	unsigned	 cf_port;
	int		 cf_listen;
	int		 cf_fd;		/* -1: no client */
	uint32_t	 cf_wanted;	/* of cf_fd, by epoll */
	bool		 cf_called;	/* epoll says something of it */
	bool		 cf_knock;	/* of its cf_listen */
	bool		 cf_modem;	/* its lines say which */
	char		 cf_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uint8_t		 cf_out[FAR_BUF];	/* to the client */
	size_t		 cf_outlen;
	uint8_t		 cf_in[FAR_BUF];	/* to the device */
	size_t		 cf_inlen;
};

struct ctl_client {
	int		 cc_fd;		/* -1: free */
	bool		 cc_called;	/* as cf_called */
	char		 cc_line[VUSB_CMDLINE];
	size_t		 cc_len;
};

static struct ctl_far *ctl_far[CTL_MAXFAR];
static unsigned ctl_nfar;
static struct ctl_client ctl_client[CTL_MAXCLIENTS];
static int ctl_listen = -1;
static int ctl_event = -1;
static int ctl_ep = -1;
static bool ctl_knock;			/* as cf_knock */
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

/*
 * ctl_watch(op, fd, events, flag)
 *
 *	Have epoll tell of it, or of other events; errno.  *flag is set then.
 */
static int
ctl_watch(int op, int fd, uint32_t events, bool *flag)
{
	struct epoll_event ev = { .events = events, .data.ptr = flag };

	return epoll_ctl(ctl_ep, op, fd, &ev) == -1 ? errno : 0;
}

static void
ctl_wake(void)
{
	const uint64_t one = 1;

	(void)!write(ctl_event, &one, sizeof(one));
}

/* Its lock is held.  The thread forgets v_news after it has been woken. */
static void
ctl_news(struct vusb *v)
{

	if (!__atomic_exchange_n(&v->v_news, true, __ATOMIC_SEQ_CST))
		ctl_wake();
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
	if (error == 0 && (error = ctl_watch(EPOLL_CTL_ADD, cf->cf_listen,
	    EPOLLIN, &cf->cf_knock)) != 0)
		close(cf->cf_listen);
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
	v->v_notify = clients ? ctl_news : NULL;
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
	if (cf->cf_fd != -1 ||		/* one client per line */
	    ctl_watch(EPOLL_CTL_ADD, fd, EPOLLIN, &cf->cf_called) != 0) {
		close(fd);
		return;
	}
	cf->cf_fd = fd;
	cf->cf_wanted = EPOLLIN;
	if (cf->cf_modem)
		far_forget(cf);
	far_watch(cf->cf_v);
	far_lines(cf);
}

/* Have epoll say when there is something to do for the client. */
static void
far_want(struct ctl_far *cf)
{
	const uint32_t events = (cf->cf_inlen == 0 ? EPOLLIN : 0) |
	    (cf->cf_outlen > 0 ? EPOLLOUT : 0);

	if (cf->cf_fd == -1 || events == cf->cf_wanted)
		return;
	if (ctl_watch(EPOLL_CTL_MOD, cf->cf_fd, events, &cf->cf_called) != 0)
		far_hangup(cf);
	cf->cf_wanted = events;
}

/* Something has happened, here or (news) in the device. */
static void
far_run(struct ctl_far *cf, bool news)
{

	if (!cf->cf_called && !cf->cf_knock && !news)
		return;
	/* A client that left must be noticed before the next one comes. */
	if (cf->cf_fd != -1)
		far_pump_in(cf);
	if (cf->cf_knock)
		far_accept(cf);
	if (cf->cf_fd != -1)
		far_pump_out(cf);
	far_want(cf);
	cf->cf_called = cf->cf_knock = false;
}

/* All of them; those of one device follow each other. */
static void
far_run_all(void)
{
	const struct vusb *last = NULL;
	bool news = false;

	for (unsigned i = 0; i < ctl_nfar; i++) {
		struct vusb *const v = ctl_far[i]->cf_v;

		if (v != last)
			news = __atomic_load_n(&v->v_news, __ATOMIC_RELAXED) &&
			    __atomic_exchange_n(&v->v_news, false,
			    __ATOMIC_SEQ_CST);
		last = v;
		far_run(ctl_far[i], news);
	}
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
		if (ctl_client[i].cc_fd == -1 && ctl_watch(EPOLL_CTL_ADD, fd,
		    EPOLLIN, &ctl_client[i].cc_called) == 0) {
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

/* Wait; and set the flags of what has something to do. */
static void
ctl_wait(void)
{
	struct epoll_event ev[CTL_BATCH];
	uint64_t count;
	int i, n;

	n = epoll_wait(ctl_ep, ev, CTL_BATCH, -1);
	for (i = 0; i < n; i++) {
		if (ev[i].data.ptr == NULL)
			(void)!read(ctl_event, &count, sizeof(count));
		else
			*(bool *)ev[i].data.ptr = true;
	}
}

static void *
ctl_loop(void *arg)
{

	(void)arg;
	while (!__atomic_load_n(&ctl_stop, __ATOMIC_ACQUIRE)) {
		ctl_wait();
		far_run_all();
		for (unsigned i = 0; i < CTL_MAXCLIENTS; i++) {
			if (ctl_client[i].cc_called &&
			    ctl_client[i].cc_fd != -1)
				client_run(&ctl_client[i]);
			ctl_client[i].cc_called = false;
		}
		if (ctl_knock)
			client_accept();
		ctl_knock = false;
	}
	return NULL;
}

static void
ctl_forget(struct vusb *v, void *arg)
{

	(void)arg;
	pthread_mutex_lock(&v->v_lock);
	v->v_notify = NULL;
	__atomic_store_n(&v->v_news, false, __ATOMIC_SEQ_CST);
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
	close(ctl_ep);
	ctl_listen = ctl_event = ctl_ep = -1;
}

/* vusb_ctl_start, with whom to ask what a command is. */
int
vusb_ctl_open(const char *dir, void (*command)(char *, char *))
{
	char path[sizeof(ctl_dir) + 16];
	int error = 0;

	assert(ctl_ep == -1);
	if (strlen(dir) >= sizeof(ctl_dir))
		return ENAMETOOLONG;
	strcpy(ctl_dir, dir);
	ctl_command = command;
	for (unsigned i = 0; i < CTL_MAXCLIENTS; i++)
		ctl_client[i].cc_fd = -1;
	ctl_ep = epoll_create1(EPOLL_CLOEXEC);
	if (ctl_ep == -1)
		return errno;
	ctl_event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = ctl_event == -1 ? errno :
	    ctl_watch(EPOLL_CTL_ADD, ctl_event, EPOLLIN, NULL);
	snprintf(path, sizeof(path), "%s/control", dir);
	if (error == 0)
		error = ctl_bind(path, &ctl_listen);
	if (error == 0)
		error = ctl_watch(EPOLL_CTL_ADD, ctl_listen, EPOLLIN,
		    &ctl_knock);
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
	ctl_wake();
	pthread_join(ctl_thread, NULL);
	ctl_close_all();
}
