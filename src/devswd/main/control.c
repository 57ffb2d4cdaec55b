/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.c - revoke(2), status and modules for other processes.
 *
 * Model
 *	libdevsw/control.h has the protocol.  Main's thread accepts and gives
 *	each client a thread, which serves one request and ends; a revoke may
 *	last as long as the deadline, and must hold up neither the daemon's
 *	loop nor other clients.  Clients are not trusted: one that says
 *	nothing, or nonsense, costs a thread for CONTROL_SILENCE, there are
 *	never more than CONTROL_CLIENTS, of one user but root never more than
 *	CONTROL_SHARE, and every descriptor that comes is closed.
 *
 * Who may revoke
 *	The owner of the node and root, as with revoke(2).  The client's uid
 *	is the kernel's word (SO_PEERCRED).  The owner is that of our own node
 *	in /dev, as it is now.  What the client passes says only which device
 *	it means: on a file system of his own (FUSE, which needs no
 *	privilege) anybody can have a file with any st_rdev and st_uid, so the
 *	owner of that one would prove nothing.
 *
 *	A node that has been taken away or replaced in /dev has no owner, and
 *	only root can revoke its device.
 *
 * Locks
 *	control_lock	the list of clients; control_cv when it shrinks.
 */
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "libdevsw/control.h"
#include "main/control.h"

struct client {
	int		 c_fd;
	uid_t		 c_uid;
	LIST_ENTRY(client) c_list;
};

static pthread_mutex_t control_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t control_cv = PTHREAD_COND_INITIALIZER;
static LIST_HEAD(, client) clients;
static int control_fd = -1;		/* main's thread */
static unsigned control_major;		/* before the first client */
static char control_path[108];		/* same */


/* ---- answers -------------------------------------------------------- */

static void
answer(int fd, int error, uint32_t flags, const char *text, size_t len)
{
	struct control_answer ca;

	ca.ca_version = CONTROL_VERSION;
	ca.ca_error = error;
	ca.ca_flags = flags;
	if (len > 0)
		memcpy(ca.ca_text, text, len);
	/* A client that has gone has no use for it. */
	(void)send(fd, &ca, CONTROL_HEAD + len, MSG_NOSIGNAL);
}

/* ---- revoke --------------------------------------------------------- */

/* errno: which of our nodes is it? */
static int
node_of(int passed, struct front_nodeinfo *ni)
{
	struct stat st;

	if (passed == -1 || fstat(passed, &st) == -1)
		return EBADF;
	if (!S_ISCHR(st.st_mode))
		return EINVAL;
	if (major(st.st_rdev) != control_major ||
	    !front_node_find(minor(st.st_rdev), ni))
		return ENODEV;
	return 0;
}

static int
serve_revoke(const struct client *c, int passed)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	struct front_nodeinfo ni;
	struct hyp_lwp *l;
	uid_t owner;
	int error;

	error = node_of(passed, &ni);
	if (error != 0)
		return error;
	if (c->c_uid != 0 && (front_node_owner(&ni, &owner) != 0 ||
	    c->c_uid != owner))
		return EPERM;
	host_logf(HYP_LOG_INFO, "%s: revoked by user %u", ni.fi_name,
	    (unsigned)c->c_uid);
	l = hyp_lwp_enter(&root);
	error = hyp_node_revoke(ni.fi_node);
	hyp_lwp_exit(l);
	return error;
}

/* ---- modules -------------------------------------------------------- */

/*
 * errno: where the daemon finds what was passed.  The loader knows files by
 * name, so the name of a descriptor, which is used again, is no good to it.
 */
static int
path_of(int passed, char *path, size_t size)
{
	struct stat st, there;
	char link[32];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", passed);
	n = readlink(link, path, size);
	if (n == -1)
		return errno;
	if ((size_t)n == size)
		return ENAMETOOLONG;
	path[n] = '\0';
	if (fstat(passed, &st) == -1 || stat(path, &there) == -1 ||
	    st.st_dev != there.st_dev || st.st_ino != there.st_ino)
		return ESTALE;
	return 0;
}

/*
 * Code of the client's becomes the daemon's: root only.  It answers itself if
 * there is something to say.
 */
static int
serve_module(const struct client *c, const struct control_request *cr,
    int passed)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	char path[4096], why[512] = "";
	struct hyp_lwp *l;
	int error;

	if (c->c_uid != 0)
		return EPERM;
	if (cr->cr_what == CONTROL_MODLOAD) {
		error = passed == -1 ? EBADF :
		    path_of(passed, path, sizeof(path));
		if (error != 0)
			return error;
	}
	l = hyp_lwp_enter(&root);
	error = cr->cr_what == CONTROL_MODLOAD ?
	    hyp_module_load(path, why, sizeof(why)) :
	    hyp_module_unload(cr->cr_text);
	hyp_lwp_exit(l);
	answer(c->c_fd, error, 0, why, strlen(why));
	return 0;
}

/* ---- status --------------------------------------------------------- */

/* Text on its way to a client, a packet at a time. */
struct text {
	int		 t_fd;
	size_t		 t_len;
	char		 t_buf[sizeof(((struct control_answer *)0)->ca_text)];
};

static void	say(struct text *, const char *, ...)
		    __attribute__((format(printf, 2, 3)));

static void
say(struct text *t, const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line))
		hyp_panic("control: a line that is too long");
	if (t->t_len + (size_t)n > sizeof(t->t_buf)) {
		answer(t->t_fd, 0, CONTROL_MORE, t->t_buf, t->t_len);
		t->t_len = 0;
	}
	memcpy(t->t_buf + t->t_len, line, (size_t)n);
	t->t_len += (size_t)n;
}

static void
say_node(struct text *t, const struct front_nodeinfo *ni, int first)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(ni->fi_node, &hs);
	say(t, "%s\n  {\"name\": \"%s\", \"minor\": %u, \"attached\": %s, "
	    "\"opens\": %u, \"calls\": %u, \"closing\": %s, \"stuck\": %s}",
	    first ? "" : ",", ni->fi_name, (unsigned)ni->fi_minor,
	    hs.hs_attached ? "true" : "false", (unsigned)hs.hs_opens,
	    (unsigned)hs.hs_calls, hs.hs_closing ? "true" : "false",
	    hs.hs_stuck ? "true" : "false");
}

static void
say_modules(struct text *t)
{
	char name[sizeof(((struct control_request *)0)->cr_text)] = "";
	int first;

	say(t, " \"modules\": [");
	for (first = 1; hyp_module_next(name, name, sizeof(name)); first = 0)
		say(t, "%s\"%s\"", first ? "" : ", ", name);
	say(t, "],\n");
}

static int
serve_status(const struct client *c)
{
	struct text *t = malloc(sizeof(*t));
	struct front_nodeinfo ni;
	struct front_stats fs;
	uint32_t pieces, next = 0;
	uint64_t bytes;
	int first;

	if (t == NULL)
		return ENOMEM;
	t->t_fd = c->c_fd;
	t->t_len = 0;
	front_getstats(&fs);
	bytes = hyp_memory(&pieces);
	say(t, "{\"version\": \"%s\", \"pid\": %d, \"major\": %u,\n"
	    " \"semantics\": \"%s\", \"threads\": %u, \"idle\": %u,\n",
	    DEVSW_VERSION, (int)getpid(), control_major, hyp_semantics(),
	    fs.threads, fs.idle);
	say(t, " \"zombies\": {\"calls\": %u, \"drivers\": %u, "
	    "\"transfers\": %u},\n \"memory\": {\"bytes\": %llu, "
	    "\"pieces\": %u},\n", fs.zombies, hyp_zombies(),
	    hyp_usb_zombies(), (unsigned long long)bytes, (unsigned)pieces);
	say_modules(t);
	say(t, " \"nodes\": [");
	for (first = 1; front_node_next(next, &ni); first = 0) {
		say_node(t, &ni, first);
		next = ni.fi_minor + 1;
	}
	say(t, "]}\n");
	answer(t->t_fd, 0, 0, t->t_buf, t->t_len);
	free(t);
	return 0;
}

/* ---- one client ----------------------------------------------------- */

/*
 * Take one request.  *passed: the descriptor that came with it, or -1; any
 * others are closed.  errno.
 */
static int
take_request(int fd, struct control_request *cr, int *passed)
{
	struct iovec iov = { cr, sizeof(*cr) };
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(8 * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *cm;
	int error = 0, got;
	size_t i, count;
	ssize_t n;

	*passed = -1;
	n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	if (n == -1)
		return errno;
	for (cm = CMSG_FIRSTHDR(&msg); cm != NULL; cm = CMSG_NXTHDR(&msg, cm)) {
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&got, CMSG_DATA(cm) + i * sizeof(int),
			    sizeof(int));
			if (*passed == -1)
				*passed = got;
			else {
				close(got);
				error = EINVAL;
			}
		}
	}
	/* Another version may have another size. */
	if ((size_t)n >= sizeof(cr->cr_version) &&
	    cr->cr_version != CONTROL_VERSION)
		error = EPROTONOSUPPORT;
	else if ((size_t)n != sizeof(*cr) ||
	    (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
		error = EINVAL;
	else if (cr->cr_text[sizeof(cr->cr_text) - 1] != '\0')
		error = EINVAL;
	return error;
}

static void
serve(const struct client *c)
{
	struct control_request cr;
	int answered = 0, error, passed;

	error = take_request(c->c_fd, &cr, &passed);
	if (error == 0) {
		switch (cr.cr_what) {
		case CONTROL_REVOKE:
			error = serve_revoke(c, passed);
			break;
		case CONTROL_STATUS:
			error = serve_status(c);
			answered = error == 0;
			break;
		case CONTROL_MODLOAD:
		case CONTROL_MODUNLOAD:
			error = serve_module(c, &cr, passed);
			answered = error == 0;
			break;
		default:
			error = EOPNOTSUPP;
		}
	}
	if (!answered)
		answer(c->c_fd, error, 0, NULL, 0);
	if (passed != -1)
		close(passed);
}

static void
client_thread(void *arg)
{
	struct client *c = arg;

	serve(c);
	close(c->c_fd);
	pthread_mutex_lock(&control_lock);
	LIST_REMOVE(c, c_list);
	pthread_cond_broadcast(&control_cv);
	pthread_mutex_unlock(&control_lock);
	free(c);
}

/* control_lock held: is there room for one more of this user? */
static int
room_for(uid_t uid)
{
	unsigned all = 0, own = 0;
	const struct client *c;

	LIST_FOREACH(c, &clients, c_list) {
		all++;
		own += c->c_uid == uid;
	}
	return all < CONTROL_CLIENTS && (uid == 0 || own < CONTROL_SHARE);
}

/* errno: a thread for this client, who is not known yet. */
static int
client_start(int fd)
{
	const struct timeval silence = { .tv_sec = CONTROL_SILENCE };
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct client *c;
	int error;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence,
	    sizeof(silence)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &silence,
	    sizeof(silence)) == -1)
		return errno;
	c = malloc(sizeof(*c));
	if (c == NULL)
		return ENOMEM;
	c->c_fd = fd;
	c->c_uid = cred.uid;
	pthread_mutex_lock(&control_lock);
	error = !room_for(c->c_uid) ? EBUSY :
	    hyp_thread_create("control", client_thread, c, NULL);
	if (error == 0)
		LIST_INSERT_HEAD(&clients, c, c_list);
	pthread_mutex_unlock(&control_lock);
	if (error != 0)
		free(c);
	return error;
}

/*
 * Answer without having read.  A socket that is closed with something unread
 * takes the answer with it.
 */
static void
turn_away(int fd, int error)
{
	char byte;

	(void)shutdown(fd, SHUT_RD);
	while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0)
		continue;
	answer(fd, error, 0, NULL, 0);
	close(fd);
}

void
control_dispatch(void)
{
	int error, fd;

	while ((fd = accept4(control_fd, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		error = client_start(fd);
		if (error != 0)
			turn_away(fd, error);
	}
}

/* ---- start and stop ------------------------------------------------- */

/* The socket, or -1 with errno. */
static int
listen_at(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int error, fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(sun.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return -1;
	/* The lock on the major number says that nobody uses it. */
	(void)unlink(path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    chmod(path, 0666) == -1 || listen(fd, CONTROL_CLIENTS) == -1) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int
control_start(const char *path, unsigned major)
{

	control_major = major;
	control_fd = listen_at(path);
	if (control_fd == -1)
		host_logf(HYP_LOG_ERR, "%s: %s", path, strerror(errno));
	else
		strcpy(control_path, path);
	return control_fd;
}

unsigned
control_stop(unsigned ms)
{
	const struct client *c;
	struct timespec until;
	unsigned left = 0;

	close(control_fd);
	control_fd = -1;
	(void)unlink(control_path);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&control_lock);
	while (!LIST_EMPTY(&clients))
		if (pthread_cond_timedwait(&control_cv, &control_lock,
		    &until) == ETIMEDOUT)
			break;
	LIST_FOREACH(c, &clients, c_list)
		left++;
	pthread_mutex_unlock(&control_lock);
	return left;
}
