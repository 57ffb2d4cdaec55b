/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd.c - is that the password?
 *
 * Model
 *	A hash is meant to take long.  So a thread makes it, one at a time for
 *	the whole program, and the loop goes on; it has copies of its own, and
 *	tells by a pipe.  Who comes meanwhile waits in line: QUEUE of them, one
 *	of an address, and OF_NET of a network of IPv6, as who has one of its
 *	addresses has them all.  Else, or if a wrong password has come from that
 *	address in the last WRONG_S, he has to come later.  So who tries one after
 *	the other does not keep others out.  (Some addresses share a place, by
 *	their hash.)  Hashes are compared in a time that says nothing.
 *
 *	One loop, and what is here is the program's: it stays over reloads, and
 *	so does who was wrong.
 */
#include <sys/queue.h>
#include <arpa/inet.h>

#include <crypt.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/web.h"

#define	WRONG_S		2
#define	PLACES		256
#define	QUEUE		16
#define	OF_NET		4

struct try {
	STAILQ_ENTRY(try) t_entry;
	bool		 t_nobody;		/* has this password */
	unsigned	 t_place;
	unsigned	 t_net;
	void		(*t_done)(void *, bool);	/* NULL: he has gone */
	void		*t_arg;
	char		 t_password[PASSWORD];
	char		 t_hash[WEB_HASH];
	bool		 t_right;
};

static struct {
	int		 pipe[2];
	struct event	*event;
	time_t		 wrong[PLACES];		/* no sooner than that */
	bool		 waits[PLACES];		/* one of there is in line */
	STAILQ_HEAD(, try) line;		/* the first has the thread */
	unsigned	 n;
	pthread_t	 thread;
} pw = { .pipe = { -1, -1 }, .line = STAILQ_HEAD_INITIALIZER(pw.line) };

static time_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* On the thread: the first in line is left alone until it has told. */
static void *
make_hash(void *arg)
{
	struct try *const t = arg;
	struct crypt_data *const data = calloc(1, sizeof(*data));
	const char *const hash = data == NULL ? NULL :
	    crypt_r(t->t_password, t->t_hash, data);

	t->t_right = hash != NULL && strlen(hash) == strlen(t->t_hash) &&
	    CRYPTO_memcmp(hash, t->t_hash, strlen(hash)) == 0;
	OPENSSL_cleanse(t->t_password, sizeof(t->t_password));
	if (data != NULL)
		OPENSSL_cleanse(data, sizeof(*data));
	free(data);
	(void)!write(pw.pipe[1], "", 1);
	return NULL;
}

static void
try_free(struct try *t)
{

	STAILQ_REMOVE(&pw.line, t, try, t_entry);
	pw.n--;
	pw.waits[t->t_place] = false;
	OPENSSL_cleanse(t, sizeof(*t));
	free(t);
}

/* The first in line has its turn.  Who cannot have it is told so. */
static void
next(void)
{
	void (*done)(void *, bool);
	struct try *t;
	void *arg;

	while ((t = STAILQ_FIRST(&pw.line)) != NULL &&
	    pthread_create(&pw.thread, NULL, make_hash, t) != 0) {
		done = t->t_done;
		arg = t->t_arg;
		try_free(t);
		if (done != NULL)
			done(arg, false);
	}
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
	struct try *const t = STAILQ_FIRST(&pw.line);
	void (*done)(void *, bool);
	bool right;
	char byte;

	(void)what;
	if (read(fd, &byte, 1) != 1 || t == NULL)
		return;
	(void)pthread_join(pw.thread, NULL);
	right = t->t_right && !t->t_nobody;
	if (!right)
		pw.wrong[t->t_place] = now() + WRONG_S;
	done = t->t_done;
	arg = t->t_arg;
	try_free(t);
	next();
	if (done != NULL)
		done(arg, right);
}

/* A place of these. */
static unsigned
hash_of(const void *bytes, size_t n)
{
	const unsigned char *const p = bytes;
	unsigned hash = 5381;
	size_t i;

	for (i = 0; i < n; i++)
		hash = hash * 33 + p[i];
	return hash % PLACES;
}

/* Of the address alone, without the port. */
static unsigned
place(const char *who)
{
	const char *const end = strrchr(who, ':');

	return hash_of(who, end != NULL ? (size_t)(end - who) : strlen(who));
}

/* Of its network; PLACES: it is of none. */
static unsigned
net(const char *who)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr in6;

	if (who[0] != '[' || snprintf(text, sizeof(text), "%.*s",
	    (int)strcspn(who + 1, "]%"), who + 1) >= (int)sizeof(text) ||
	    inet_pton(AF_INET6, text, &in6) != 1 ||
	    IN6_IS_ADDR_V4MAPPED(&in6))
		return PLACES;
	return hash_of(&in6, sizeof(in6) / 2);
}

/* How many of a network are in line. */
static unsigned
waiting(unsigned of)
{
	const struct try *t;
	unsigned n = 0;

	STAILQ_FOREACH(t, &pw.line, t_entry)
		n += of != PLACES && t->t_net == of;
	return n;
}

/*
 * taken = passwd_try(who, hash, nobody, password, done, arg)
 *
 *	Somebody at who, an address, says this password, which has to have that
 *	hash.  done(arg, right) is called from the loop, unless passwd_forget
 *	comes before.  nobody: it is wrong in any case, and takes as long.
 *	false: not now, as one of there is tried or was wrong just before, or
 *	too many wait.
 */
bool
passwd_try(const char *who, const char *hash, bool nobody,
    const char *password, void (*done)(void *, bool), void *arg)
{
	const unsigned at = place(who), of = net(who);
	struct try *t;

	if (pw.n == QUEUE || waiting(of) == OF_NET || pw.waits[at] || pw.wrong[at] > now() ||
	    pw.event == NULL || strlen(password) >= sizeof(t->t_password) ||
	    (t = calloc(1, sizeof(*t))) == NULL)
		return false;
	strcpy(t->t_password, password);
	strcpy(t->t_hash, hash);
	t->t_place = at;
	t->t_net = of;
	t->t_nobody = nobody;
	STAILQ_INSERT_TAIL(&pw.line, t, t_entry);
	pw.n++;
	if (pw.n == 1 && pthread_create(&pw.thread, NULL, make_hash, t) != 0) {
		try_free(t);
		return false;
	}
	pw.waits[at] = true;
	t->t_done = done;
	t->t_arg = arg;
	return true;
}

/* What arg waits for is not to be told. */
void
passwd_forget(const void *arg)
{
	struct try *t, *after;

	for (t = STAILQ_FIRST(&pw.line); t != NULL; t = after) {
		after = STAILQ_NEXT(t, t_entry);
		if (t->t_arg != arg)
			continue;
		t->t_done = NULL;
		if (t != STAILQ_FIRST(&pw.line))
			try_free(t);
	}
}

/* false: no memory, or no pipe. */
bool
passwd_begin(struct event_base *base)
{

	if (pipe2(pw.pipe, O_CLOEXEC | O_NONBLOCK) == -1 ||
	    (pw.event = event_new(base, pw.pipe[0], EV_READ | EV_PERSIST,
	    on_done, NULL)) == NULL || event_add(pw.event, NULL) == -1) {
		passwd_end();
		return false;
	}
	return true;
}

/* Waits for a hash that is being made, some tenths of a second. */
void
passwd_end(void)
{

	if (pw.n > 0)
		(void)pthread_join(pw.thread, NULL);
	while (pw.n > 0)
		try_free(STAILQ_FIRST(&pw.line));
	if (pw.event != NULL)
		event_free(pw.event);
	pw.event = NULL;
	if (pw.pipe[0] != -1) {
		close(pw.pipe[0]);
		close(pw.pipe[1]);
	}
	pw.pipe[0] = pw.pipe[1] = -1;
}
