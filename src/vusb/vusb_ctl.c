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
 * their up-calls from it.
 */
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vusb/vusbvar.h"

#define	CTL_MAXFAR	32
#define	CTL_MAXCLIENTS	8
#define	CTL_LINE	256
#define	FAR_BUF		16384

/* A far end: its listening socket, its client, bytes for that. */
struct ctl_far {
	struct vusb	*cf_v;
	unsigned	 cf_port;
	int		 cf_listen;
	int		 cf_fd;		/* -1: no client */
	char		 cf_path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	uint8_t		 cf_out[FAR_BUF];	/* to the client */
	size_t		 cf_outlen;
	uint8_t		 cf_in[FAR_BUF];	/* to the device */
	size_t		 cf_inlen;
};

struct ctl_client {
	int		 cc_fd;		/* -1: free */
	char		 cc_line[CTL_LINE];
	size_t		 cc_len;
};

static struct ctl_far *ctl_far[CTL_MAXFAR];
static unsigned ctl_nfar;
static struct ctl_client ctl_client[CTL_MAXCLIENTS];
static int ctl_listen = -1;
static int ctl_event = -1;
static bool ctl_stop;			/* atomic */
static char ctl_dir[64];
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

static int
ctl_add_device(struct vusb *v)
{
	int error;

	for (unsigned port = 0; port < vusb_nports(v); port++) {
		error = ctl_add_far(v, port);
		if (error != 0)
			return error;
	}
	pthread_mutex_lock(&v->v_lock);
	v->v_notify = ctl_wake;
	pthread_mutex_unlock(&v->v_lock);
	return 0;
}

static void
ctl_add_existing(struct vusb *v, void *arg)
{
	int *errorp = arg;

	if (*errorp == 0)
		*errorp = ctl_add_device(v);
}

/* ---- far ends ------------------------------------------------------- */

static void
far_hangup(struct ctl_far *cf)
{

	close(cf->cf_fd);
	cf->cf_fd = -1;
	cf->cf_outlen = cf->cf_inlen = 0;
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

/* ---- commands ------------------------------------------------------- */

static const char *const kind_names[VUSB_NKINDS] = {
	"control", "in", "out", "intr"
};
static const char *const fault_names[] = {
	"none", "never", "stuck", "late", "stall", "short", "nodev", "error",
	"submit"
};
static const char *const line_names[] = { "cts", "dsr", "ri", "dcd" };
#define	NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static int
name_index(const char *const *names, size_t n, const char *name)
{

	for (size_t i = 0; i < n; i++) {
		if (name != NULL && strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

static void __attribute__((__format__(__printf__, 2, 3)))
reply(char *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out, CTL_LINE, fmt, ap);
	va_end(ap);
}

static void
cmd_create(char **argv, char *out)
{
	struct vusb_config vc;
	struct vusb *v;
	int error;

	if (argv[1] == NULL || argv[2] == NULL || strchr(argv[1], '/') != NULL ||
	    strlen(argv[1]) >= VUSB_MAXNAME) {
		reply(out, "error create NAME CHIP");
		return;
	}
	if (vusb_lookup(argv[1]) != NULL) {
		reply(out, "error %s exists", argv[1]);
		return;
	}
	if (!vusb_chip(argv[2], &vc)) {
		reply(out, "error no chip %s", argv[2]);
		return;
	}
	v = vusb_create(argv[1], &vc);
	error = v == NULL ? ENOMEM : ctl_add_device(v);
	if (error != 0)
		reply(out, "error %s", strerror(error));
	else
		reply(out, "ok");
}

static void
cmd_plug(struct vusb *v, char **argv, char *out)
{
	const bool in = strcmp(argv[0], "plug") == 0;

	if (vusb_plugged(v) == in) {
		reply(out, "error %s is %s", argv[1], in ? "in" : "out");
		return;
	}
	if (in)
		vusb_plug(v);
	else
		vusb_unplug(v, 0);
	reply(out, "ok");
}

static void
cmd_lines(struct vusb *v, char **argv, char *out)
{
	unsigned lines = vusb_get_lines(v, 0);
	int i;

	for (argv += 2; *argv != NULL; argv++) {
		i = name_index(line_names, NELEM(line_names), *argv + 1);
		if (i == -1 || (**argv != '+' && **argv != '-')) {
			reply(out, "error no line %s", *argv);
			return;
		}
		if (**argv == '+')
			lines |= 1u << i;
		else
			lines &= ~(1u << i);
	}
	vusb_set_lines(v, 0, lines);
	reply(out, "ok");
}

static void
cmd_fault(struct vusb *v, char **argv, char *out)
{
	int kind = name_index(kind_names, VUSB_NKINDS, argv[2]);
	int fault = argv[2] == NULL ? -1 : name_index(fault_names,
	    NELEM(fault_names), argv[3]);
	unsigned count = 0, arg = 0;

	if (kind == -1 || fault == -1) {
		reply(out, "error fault NAME KIND FAULT [COUNT [ARG]]");
		return;
	}
	if (argv[4] != NULL) {
		count = (unsigned)strtoul(argv[4], NULL, 10);
		if (argv[5] != NULL)
			arg = (unsigned)strtoul(argv[5], NULL, 10);
	}
	vusb_fault(v, (enum vusb_kind)kind, (enum vusb_fault)fault, count,
	    arg);
	reply(out, "ok");
}

static void
cmd_limit(struct vusb *v, char **argv, char *out)
{
	unsigned long to, from;

	if (argv[2] == NULL || argv[3] == NULL ||
	    (to = strtoul(argv[2], NULL, 10)) == 0 ||
	    (from = strtoul(argv[3], NULL, 10)) == 0) {
		reply(out, "error limit NAME TOHOST FROMHOST");
		return;
	}
	vusb_far_limit(v, 0, to, from);
	reply(out, "ok");
}

static void
cmd_status(struct vusb *v, char *out)
{
	struct vusb_status vs;

	vusb_get_status(v, 0, &vs);
	reply(out, "ok plugged=%d baud=%u format=%u%c%u flow=%c dtr=%d rts=%d "
	    "break=%d reads=%u writes=%u sent=%llu received=%llu zombies=%u",
	    vusb_plugged(v), vs.vs_baud, vs.vs_bits, vs.vs_parity, vs.vs_stop,
	    vs.vs_flow, vs.vs_dtr, vs.vs_rts, vs.vs_break, vs.vs_reads,
	    vs.vs_writes, (unsigned long long)vs.vs_sent,
	    (unsigned long long)vs.vs_received, hyp_usb_zombies());
}

static void
list_one(struct vusb *v, void *arg)
{
	char *out = arg;
	size_t len = strlen(out);

	(void)snprintf(out + len, CTL_LINE - len, " %s", vusb_name(v));
}

static void
ctl_command(char *line, char *out)
{
	char *argv[10] = { NULL };
	struct vusb *v;
	unsigned n = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, " \t\r", &save);
	    w != NULL && n < NELEM(argv) - 1; w = strtok_r(NULL, " \t\r", &save))
		argv[n++] = w;
	if (n == 0) {
		reply(out, "error no command");
		return;
	}
	if (strcmp(argv[0], "list") == 0) {
		reply(out, "ok");
		vusb_foreach(list_one, out);
		return;
	}
	if (strcmp(argv[0], "create") == 0) {
		cmd_create(argv, out);
		return;
	}
	v = argv[1] == NULL ? NULL : vusb_lookup(argv[1]);
	if (v == NULL) {
		reply(out, "error no device %s", argv[1] == NULL ? "" : argv[1]);
		return;
	}
	if (strcmp(argv[0], "plug") == 0 || strcmp(argv[0], "unplug") == 0)
		cmd_plug(v, argv, out);
	else if (strcmp(argv[0], "lines") == 0)
		cmd_lines(v, argv, out);
	else if (strcmp(argv[0], "fault") == 0)
		cmd_fault(v, argv, out);
	else if (strcmp(argv[0], "limit") == 0)
		cmd_limit(v, argv, out);
	else if (strcmp(argv[0], "status") == 0)
		cmd_status(v, out);
	else if (strcmp(argv[0], "rescan") == 0) {
		vusb_rescan(v);
		reply(out, "ok");
	} else
		reply(out, "error no command %s", argv[0]);
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
	char out[CTL_LINE + 1];
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
ctl_close_all(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sun);
	unsigned i;

	vusb_foreach(ctl_forget, NULL);
	for (i = 0; i < ctl_nfar; i++) {
		if (ctl_far[i]->cf_fd != -1)
			close(ctl_far[i]->cf_fd);
		close(ctl_far[i]->cf_listen);
		(void)unlink(ctl_far[i]->cf_path);
		free(ctl_far[i]);
	}
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

int
vusb_ctl_start(const char *dir)
{
	char path[sizeof(ctl_dir) + 16];
	int error = 0;

	assert(ctl_event == -1);
	if (strlen(dir) >= sizeof(ctl_dir))
		return ENAMETOOLONG;
	strcpy(ctl_dir, dir);
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
