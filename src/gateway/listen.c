/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * listen.c - the addresses of a port.
 *
 * An address is numbers: no name is looked up, so that nothing here depends on
 * a name server or on what addresses the machine has yet (IP_FREEBIND).  One
 * that is in use by somebody else is tried again each AGAIN_MS, and the others
 * work.  When descriptors are out, accepting rests for REST_MS, and that is
 * said once in SAID_S: whoever connects can make it last.
 *
 * A unix socket is for the user and the group that the program runs as (0660),
 * besides what its directory allows; the log says who comes (SO_PEERCRED).  One
 * that an earlier process has left is replaced, anything else left alone.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway.h"

#define	AGAIN_MS	2000
#define	REST_MS		500
#define	SAID_S		60		/* what goes on is said again */
#define	BACKLOG		128

struct listener {
	struct event_base *li_base;
	const char	*li_name;	/* without a port */
	struct port	*li_port;	/* or: */
	void		(*li_came)(void *, const struct address *, int,
			    const char *);
	void		*li_arg;
	struct address	 li_address;
	struct evconnlistener *li_listener;	/* NULL: to be tried again */
	struct event	*li_again;
	int		 li_error;	/* the last, which was told */
	time_t		 li_said;	/* when accepting failed and was told */
};

/* For the log. */
static const char *
name_of(const struct listener *li)
{

	return li->li_port != NULL ? port_config(li->li_port)->pc_name :
	    li->li_name;
}

/* ---- addresses ------------------------------------------------------ */

static bool
is_local(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *const v6 =
	    (const struct sockaddr_in6 *)ss;
	const struct sockaddr_in *const v4 = (const struct sockaddr_in *)ss;

	if (ss->ss_family == AF_UNIX)
		return true;
	if (ss->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
	return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
}

static socklen_t
socket_address(const struct address *ad, struct sockaddr_storage *ss)
{
	struct sockaddr_in6 *const v6 = (struct sockaddr_in6 *)ss;
	struct sockaddr_in *const v4 = (struct sockaddr_in *)ss;
	struct sockaddr_un *const un = (struct sockaddr_un *)ss;

	memset(ss, 0, sizeof(*ss));
	if (ad->ad_path[0] != '\0') {
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, ad->ad_path);
		return sizeof(*un);
	}
	if (strchr(ad->ad_host, ':') != NULL) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(ad->ad_port);
		(void)inet_pton(AF_INET6, ad->ad_host, &v6->sin6_addr);
		return sizeof(*v6);
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(ad->ad_port);
	(void)inet_pton(AF_INET, ad->ad_host, &v4->sin_addr);
	return sizeof(*v4);
}

/* ---- clients -------------------------------------------------------- */

/* Who it is, for the log. */
static void
name_client(int fd, const struct sockaddr *sa, int len, char *who, size_t size)
{
	char host[64], service[8];
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (sa->sa_family == AF_UNIX) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == -1)
			peer.pid = 0, peer.uid = (uid_t)-1;
		snprintf(who, size, "process %d of user %u", (int)peer.pid,
		    (unsigned)peer.uid);
	} else if (getnameinfo(sa, (socklen_t)len, host, sizeof(host), service,
	    sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		snprintf(who, size, "?");
	else
		snprintf(who, size, strchr(host, ':') != NULL ? "[%s]:%s" :
		    "%s:%s", host, service);
}

static void
on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa,
    int len, void *arg)
{
	struct listener *const li = arg;
	const bool tls = li->li_address.ad_tls;
	struct client *cl = NULL;
	struct ssl_st *ssl = NULL;
	char who[80];

	(void)l;
	name_client(fd, sa, len, who, sizeof(who));
	if (li->li_came != NULL) {
		li->li_came(li->li_arg, &li->li_address, fd, who);
		return;
	}
	if (tls)
		ssl = tls_accept(port_config(li->li_port)->pc_tls);
	if (tls && ssl == NULL)
		close(fd);
	else
		cl = client_new(li->li_base, fd, ssl, li->li_address.ad_proto,
		    li->li_address.ad_role, who);
	if (cl != NULL && tls)
		port_shake(li->li_port, cl);
	else if (cl != NULL)
		port_enter(li->li_port, cl);
}

/* accept(2) fails: descriptors are out, most likely. */
static void
on_error(struct evconnlistener *l, void *arg)
{
	static const struct timeval rest = { 0, REST_MS * 1000 };
	struct listener *const li = arg;
	const int error = errno;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (error != li->li_error || now.tv_sec - li->li_said >= SAID_S) {
		say("%s: %s: %s; who comes has to wait", name_of(li),
		    li->li_address.ad_text, strerror(error));
		li->li_error = error;
		li->li_said = now.tv_sec;
	}
	(void)evconnlistener_disable(l);
	(void)evtimer_add(li->li_again, &rest);
}

/* ---- begin and end -------------------------------------------------- */

/*
 * Does nobody listen on this socket any more?  Then it goes; what is no socket
 * stays where it is.
 */
static void
remove_stale(const struct sockaddr_storage *ss, socklen_t len)
{
	const char *const path = ((const struct sockaddr_un *)ss)->sun_path;
	struct stat st;
	int fd;

	if (lstat(path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	if (connect(fd, (const struct sockaddr *)ss, len) == -1 &&
	    errno == ECONNREFUSED)
		(void)unlink(path);
	close(fd);
}

/* A descriptor that listens, or -1 with errno. */
static int
open_socket(const struct sockaddr_storage *ss, socklen_t len)
{
	const int on = 1, off = 0;
	int error, failed, fd;
	mode_t mask;

	fd = socket(ss->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	if (fd == -1)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on));
	if (ss->ss_family == AF_INET6)	/* [::] is all of both */
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off,
		    sizeof(off));
	if (ss->ss_family == AF_UNIX)
		remove_stale(ss, len);
	mask = umask(0117);		/* of a unix socket: 0660 */
	failed = bind(fd, (const struct sockaddr *)ss, len) == -1 ||
	    listen(fd, BACKLOG) == -1;
	error = errno;
	(void)umask(mask);
	if (failed) {
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static void
listener_try(struct listener *li)
{
	static const struct timeval again = { AGAIN_MS / 1000, 0 };
	const struct address *const ad = &li->li_address;
	struct sockaddr_storage ss;
	const socklen_t len = socket_address(ad, &ss);
	const int fd = open_socket(&ss, len);

	if (fd != -1)
		li->li_listener = evconnlistener_new(li->li_base, on_accept,
		    li, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (li->li_listener == NULL) {
		if (fd != -1)
			close(fd);
		if (li->li_error != errno)
			say("%s: %s: %s; it is tried again", name_of(li),
			    ad->ad_text, strerror(errno));
		li->li_error = errno;
		(void)evtimer_add(li->li_again, &again);
		return;
	}
	evconnlistener_set_error_cb(li->li_listener, on_error);
	say("%s: %s%s on %s%s", name_of(li), ad->ad_proto->pr_name,
	    ad->ad_tls ? " with TLS" : "", ad->ad_text, is_local(&ss) ? "" :
	    ad->ad_warning);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *const li = arg;

	(void)fd;
	(void)what;
	if (li->li_listener != NULL)
		(void)evconnlistener_enable(li->li_listener);
	else
		listener_try(li);
}

static struct listener *
listener_begin(struct event_base *base, const struct listener *like)
{
	struct listener *const li = calloc(1, sizeof(*li));

	if (li == NULL)
		return NULL;
	*li = *like;
	li->li_base = base;
	li->li_again = evtimer_new(base, on_again, li);
	if (li->li_again == NULL) {
		free(li);
		return NULL;
	}
	listener_try(li);
	return li;
}

/*
 * li = listener_new(base, port, ad)
 *
 *	Listen there, now or as soon as it can be, for clients of this port.
 *	NULL: no memory.
 *
 * li = listener_new_for(base, name, ad, came, arg)
 *
 *	The same, for somebody else, whose name is for the log:
 *	came(arg, ad, fd, who) has the descriptor from then on.
 */
struct listener *
listener_new(struct event_base *base, struct port *p, const struct address *ad)
{
	const struct listener like = { .li_port = p, .li_address = *ad };

	return listener_begin(base, &like);
}

struct listener *
listener_new_for(struct event_base *base, const char *name,
    const struct address *ad, void (*came)(void *, const struct address *, int,
    const char *), void *arg)
{
	const struct listener like = { .li_name = name, .li_address = *ad,
	    .li_came = came, .li_arg = arg };

	return listener_begin(base, &like);
}

const struct address *
listener_address(const struct listener *li)
{

	return &li->li_address;
}

void
listener_free(struct listener *li)
{

	event_free(li->li_again);
	if (li->li_listener != NULL) {
		if (li->li_address.ad_path[0] != '\0')
			(void)unlink(li->li_address.ad_path);
		evconnlistener_free(li->li_listener);
	}
	free(li);
}
