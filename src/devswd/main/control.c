/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - revoke(2), modules, questions of other processes; the port.
 *
 * Model
 *	libdevsw/control.h has the protocol.  Main's thread takes the requests
 *	and gives each a thread, which serves it and ends; a revoke may last
 *	as long as the deadline, and must hold up neither the daemon's loop
 *	nor other clients.
 *
 *	Clients are not trusted.  Nothing but bytes can come from one, and
 *	who it is, which is the kernel's word; it has no connection that it
 *	could hold.  Of users but root there are never more than
 *	CONTROL_CLIENTS requests at one time, and of one user never more than
 *	CONTROL_SHARE; what is over that is answered at once.  Root is always
 *	served.  Who floods the port sleeps in his own send(2) until main's
 *	thread has read, and main's thread goes back to its loop after
 *	CONTROL_BATCH; the senders that sleep are woken alike, root too.
 *
 *	Who does not read his answer costs a thread for CONTROL_SILENCE.  Who
 *	follows events or a trace has one as long as he waits; so these are counted
 *	apart, with EVENTS_FOLLOWERS and EVENTS_SHARE.
 *
 *	A reload is main's thread's own, as its claims are, and so is what else
 *	changes them; it holds up the loop for as long as SIGHUP does.  An upgrade
 *	is its client's thread's.
 *
 * Who may revoke
 *	The owner of the node and root, as with revoke(2).  The client's uid
 *	is the kernel's word (SCM_CREDENTIALS).  The owner is that of our own
 *	node in /dev, as it is now.  What the client says is only which device
 *	it means: of the file where it found the number nothing is asked.
 *
 *	A node that has been taken away or replaced in /dev has no owner, and
 *	only root can revoke its device.
 *
 * Locks
 *	control_lock	the list of clients; control_cv when it shrinks.
 *	Answers are sent without a lock, a datagram each.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <linux/netlink.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "libdevsw/control.h"
#include "main/control.h"
#include "main/controlvar.h"
#include "main/events.h"

#define	CONTROL_BATCH	64	/* requests taken in one go */

static pthread_mutex_t control_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t control_cv = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(, client) clients;
static int control_fd = -1;		/* main's thread */
static unsigned control_major;		/* before the first client */
static control_change_t *control_change; /* same */
static control_modload_t *control_modload = hyp_module_load;	/* same */
static control_modunload_t *control_modunload = hyp_module_unload; /* same */

/* ---- revoke --------------------------------------------------------- */

static int
serve_revoke(const struct client *c)
{
	static struct host_quiet quiet;
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	const struct control_request *const cr = &c->c_request;
	struct front_nodeinfo ni;
	char name[HOST_TEXT_JSON(sizeof(ni.fi_name))];
	struct hyp_lwp *l;
	unsigned n;
	int error;

	if (cr->cr_major != control_major ||
	    !front_node_find(cr->cr_minor, &ni))
		return ENODEV;
	if (!client_may_revoke(c, &ni))
		return EPERM;
	n = c->c_uid == 0 ? 1 : host_log_quiet(&quiet);
	if (n != 0)
		host_logf(HYP_LOG_INFO, "%s: revoked by user %u%s", ni.fi_name,
		    (unsigned)c->c_uid, n > 1 ? ", and others before" : "");
	(void)host_text_json(ni.fi_name, name, sizeof(name));
	events_post(ni.fi_minor | EVENTS_PUBLIC, "\"event\": \"revoke\", \"node\": \"%s\", "
	    "\"uid\": %u", name, (unsigned)c->c_uid);
	l = hyp_lwp_enter(&root);
	error = hyp_node_revoke(ni.fi_node);
	hyp_lwp_exit(l);
	return error;
}

/* ---- modules -------------------------------------------------------- */

/* errno: is what the client has found there what is there for us? */
static int
same_file(const struct control_request *cr)
{
	struct stat st;

	if (stat(cr->cr_text, &st) == -1)
		return errno;
	return st.st_dev == cr->cr_dev && st.st_ino == cr->cr_ino ? 0 :
	    ESTALE;
}

/*
 * Code of the client's becomes the daemon's: root only.  It answers itself if
 * there is something to say.
 */
static int
serve_module(struct client *c)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	const struct control_request *const cr = &c->c_request;
	struct hyp_lwp *l;
	char why[512] = "";
	int error;

	if (c->c_uid != 0)
		return EPERM;
	if (cr->cr_what == CONTROL_MODLOAD) {
		error = cr->cr_text[0] != '/' ? EINVAL : same_file(cr);
		if (error != 0)
			return error;
	}
	l = hyp_lwp_enter(&root);
	error = cr->cr_what == CONTROL_MODLOAD ?
	    (*control_modload)(cr->cr_text, why, sizeof(why)) :
	    (*control_modunload)(cr->cr_text);
	hyp_lwp_exit(l);
	client_send(c, error, 0, why, strlen(why), 0);
	return 0;
}

/* ---- changes -------------------------------------------------------- */

static bool
is_change(const struct client *c)
{

	switch (c->c_request.cr_what) {
	case CONTROL_RELOAD:
	case CONTROL_CLAIM:
	case CONTROL_RELEASE:
	case CONTROL_DETACH:
	case CONTROL_ATTACH:
	case CONTROL_UPGRADE:
		return true;
	default:
		return false;
	}
}

/*
 * By main's thread, whose claims they are; the answer is another's, and so is an
 * upgrade.
 */
static int
begin_change(struct client *c)
{

	if (c->c_uid != 0)
		return EPERM;
	if (control_change == NULL)
		return EOPNOTSUPP;
	if (c->c_request.cr_what != CONTROL_UPGRADE)
		c->c_text = (*control_change)(&c->c_request, &c->c_error);
	return 0;
}

static void
serve_change(struct client *c)
{
	const char *at;
	size_t len;

	if (c->c_request.cr_what == CONTROL_UPGRADE)
		c->c_text = (*control_change)(&c->c_request, &c->c_error);
	at = c->c_text != NULL ? c->c_text : "";
	for (; (len = strlen(at)) > CONTROL_TEXT; at += CONTROL_TEXT)
		client_send(c, c->c_error, CONTROL_MORE, at, CONTROL_TEXT, 0);
	client_send(c, c->c_error, 0, at, len, 0);
}

/* ---- one client ----------------------------------------------------- */

static void
serve(struct client *c)
{
	int answered = 0, error;

	if (is_change(c)) {
		serve_change(c);
		return;
	}
	switch (c->c_request.cr_what) {
	case CONTROL_REVOKE:
		error = serve_revoke(c);
		break;
	case CONTROL_STATUS:
		error = tell_status(c);
		answered = error == 0;
		break;
	case CONTROL_LIST:
		error = tell_list(c);
		answered = error == 0;
		break;
	case CONTROL_NODE:
		error = tell_node(c);
		answered = error == 0;
		break;
	case CONTROL_EVENTS:
		error = events_serve(c);
		answered = error == 0;
		break;
	case CONTROL_TRACE:
		error = follow_serve(c);
		answered = error == 0;
		break;
	case CONTROL_MODLOAD:
	case CONTROL_MODUNLOAD:
		error = serve_module(c);
		answered = error == 0;
		break;
	default:
		error = EOPNOTSUPP;
	}
	if (!answered)
		client_send(c, error, 0, NULL, 0, 0);
}

static void
client_thread(void *arg)
{
	struct client *c = arg;

	serve(c);
	pthread_mutex_lock(&control_lock);
	LIST_REMOVE(c, c_list);
	pthread_cond_broadcast(&control_cv);
	pthread_mutex_unlock(&control_lock);
	free(c->c_text);
	free(c);
}

static bool
follows_something(const struct client *c)
{

	return c->c_request.cr_what == CONTROL_EVENTS ||
	    c->c_request.cr_what == CONTROL_TRACE;
}

/* control_lock held: is there room for one more of this kind and user? */
static bool
room_for(const struct client *one)
{
	const bool follows = follows_something(one);
	unsigned all = 0, own = 0;
	const struct client *c;

	if (one->c_uid == 0)
		return true;
	LIST_FOREACH(c, &clients, c_list) {
		if (follows_something(c) != follows)
			continue;
		all += c->c_uid != 0;
		own += c->c_uid == one->c_uid;
	}
	return follows ? all < EVENTS_FOLLOWERS && own < EVENTS_SHARE :
	    all < CONTROL_CLIENTS && own < CONTROL_SHARE;
}

/* errno: a thread for this request. */
static int
client_start(const struct client *asks)
{
	struct client *c;
	int error;

	c = malloc(sizeof(*c));
	if (c == NULL)
		return ENOMEM;
	*c = *asks;
	pthread_mutex_lock(&control_lock);
	error = !room_for(c) ? EBUSY :
	    hyp_thread_create("control", client_thread, c, NULL);
	if (error == 0)
		LIST_INSERT_HEAD(&clients, c, c_list);
	pthread_mutex_unlock(&control_lock);
	if (error != 0) {
		free(c->c_text);
		free(c);
	}
	return error;
}

/* errno: what is wrong with these n bytes? */
static int
check_request(const struct control_request *cr, size_t n, int flags)
{

	/* Another version may have another size. */
	if (n >= sizeof(cr->cr_version) && cr->cr_version != CONTROL_VERSION)
		return EPROTONOSUPPORT;
	if (n != sizeof(*cr) || (flags & MSG_TRUNC) != 0 ||
	    cr->cr_text[sizeof(cr->cr_text) - 1] != '\0')
		return EINVAL;
	return 0;
}

/*
 * error = take_request(c)
 *
 *	The next request and its sender.  errno: EAGAIN, there is none;
 *	ENOMSG, one without a sender or from the kernel, not to be answered;
 *	others are the sender's.  Does not wait.
 */
static int
take_request(struct client *c)
{
	struct iovec iov = { &c->c_request, sizeof(c->c_request) };
	struct sockaddr_nl snl;
	struct ucred from;
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(from))];
	} control;
	struct msghdr msg = { .msg_name = &snl, .msg_namelen = sizeof(snl),
	    .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cm;
	ssize_t n;

	memset(c, 0, sizeof(*c));
	n = recvmsg(control_fd, &msg, MSG_DONTWAIT);
	if (n == -1)
		return errno == EINTR || errno == ENOBUFS ? ENOMSG : EAGAIN;
	cm = CMSG_FIRSTHDR(&msg);
	if (msg.msg_namelen != sizeof(snl) || snl.nl_pid == 0 ||
	    cm == NULL || cm->cmsg_level != SOL_SOCKET ||
	    cm->cmsg_type != SCM_CREDENTIALS)
		return ENOMSG;
	memcpy(&from, CMSG_DATA(cm), sizeof(from));
	c->c_port = snl.nl_pid;
	c->c_uid = from.uid;
	c->c_gid = from.gid;
	c->c_member = -1;
	return check_request(&c->c_request, (size_t)n, msg.msg_flags);
}

void
control_dispatch(void)
{
	struct client c;
	int error, n;

	for (n = 0; n < CONTROL_BATCH; n++) {
		error = take_request(&c);
		if (error == EAGAIN)
			return;
		if (error == ENOMSG ||
		    (error == 0 && c.c_request.cr_what == CONTROL_PING))
			continue;
		if (error == 0 && is_change(&c))
			error = begin_change(&c);
		if (error == 0)
			error = client_start(&c);
		if (error != 0)
			client_send(&c, error, 0, NULL, 0, MSG_DONTWAIT);
	}
}

/* ---- start and stop ------------------------------------------------- */

/* A port of our own, or -1 with errno. */
static int
open_port(uint32_t *port)
{
	const struct timeval silence = { .tv_sec = CONTROL_SILENCE };
	struct sockaddr_nl snl = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(snl);
	const int on = 1;
	int error, fd;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_USERSOCK);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence,
	    sizeof(silence)) == -1 ||
	    bind(fd, (struct sockaddr *)&snl, sizeof(snl)) == -1 ||
	    getsockname(fd, (struct sockaddr *)&snl, &len) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	*port = snl.nl_pid;
	return fd;
}

void
control_set_change(control_change_t *change)
{

	control_change = change;
}

void
control_set_modules(control_modload_t *load, control_modunload_t *unload)
{

	control_modload = load;
	control_modunload = unload;
}

int
control_start(const char *path, unsigned major)
{
	uint32_t port;
	int error;

	control_major = major;
	events_start();
	follow_start();
	if (strlen(path) >= RUNFILE_PATH)
		hyp_panic("control: a path that is too long");
	control_fd = open_port(&port);
	error = control_fd == -1 ? errno : runfile_start(path, port,
	    client_group_id());
	if (error == 0) {
		client_setup(control_fd, major);
		return control_fd;
	}
	host_logf(HYP_LOG_ERR, "%s: %s", path, strerror(error));
	if (control_fd != -1)
		close(control_fd);
	control_fd = -1;
	return -1;
}

unsigned
control_stop(unsigned ms)
{

	runfile_stop();
	return control_leave(ms);
}

unsigned
control_leave(unsigned ms)
{
	const struct client *c;
	struct timespec until;
	unsigned left = 0;

	events_stop();
	follow_stop();
	/* Not the time of day, which somebody may set. */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&control_lock);
	while (!LIST_EMPTY(&clients))
		if (pthread_cond_clockwait(&control_cv, &control_lock,
		    CLOCK_MONOTONIC, &until) == ETIMEDOUT)
			break;
	LIST_FOREACH(c, &clients, c_list)
		left++;
	pthread_mutex_unlock(&control_lock);
	/* Who is left answers with it yet, and the process is about to end. */
	if (left == 0) {
		close(control_fd);
		control_fd = -1;
	}
	return left;
}

void
control_silence(void)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* Their number stays somebody's. */
	if (null == -1 || dup3(null, control_fd, O_CLOEXEC) == -1)
		host_logf(HYP_LOG_ERR, "control: %s", strerror(errno));
	if (null != -1)
		close(null);
}
