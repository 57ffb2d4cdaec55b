/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * passwd.c - is that the password?
 *
 * Model
 *	A hash is meant to take long.  So a thread makes it, one at a time for
 *	the whole program, and the loop goes on; it has copies of its own, and
 *	tells by a pipe.  Who comes meanwhile, or from an address (some, by its
 *	hash) that has had a wrong password in the last WRONG_S, has to come
 *	later.  Hashes are compared in a time that says nothing.
 *
 *	One loop, and what is here is the program's: it stays over reloads, and
 *	so does who was wrong.
 */
#include <crypt.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/web.h"

#define	WRONG_S		2
#define	PLACES		256

static struct {
	int		 pipe[2];
	struct event	*event;
	time_t		 wrong[PLACES];		/* no sooner than that */

	/* The one that is tried. */
	bool		 busy;
	bool		 nobody;		/* has this password */
	unsigned	 place;
	void		(*done)(void *, bool);	/* NULL: he has gone */
	void		*arg;
	pthread_t	 thread;
	char		 password[PASSWORD];	/* the thread's, until told */
	char		 hash[WEB_HASH];
	bool		 right;
} pw = { .pipe = { -1, -1 } };

static time_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void *
make_hash(void *arg)
{
	struct crypt_data *const data = calloc(1, sizeof(*data));
	const char *const hash = data == NULL ? NULL :
	    crypt_r(pw.password, pw.hash, data);

	(void)arg;
	pw.right = hash != NULL && strlen(hash) == strlen(pw.hash) &&
	    CRYPTO_memcmp(hash, pw.hash, strlen(hash)) == 0;
	OPENSSL_cleanse(pw.password, sizeof(pw.password));
	if (data != NULL)
		OPENSSL_cleanse(data, sizeof(*data));
	free(data);
	(void)!write(pw.pipe[1], "", 1);
	return NULL;
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
	bool right;
	char byte;

	(void)what;
	(void)arg;
	if (read(fd, &byte, 1) != 1 || !pw.busy)
		return;
	(void)pthread_join(pw.thread, NULL);
	pw.busy = false;
	right = pw.right && !pw.nobody;
	if (!right)
		pw.wrong[pw.place] = now() + WRONG_S;
	if (pw.done != NULL)
		pw.done(pw.arg, right);
}

/* Of the address alone, without the port. */
static unsigned
place(const char *who)
{
	const char *const end = strrchr(who, ':');
	unsigned hash = 5381;

	for (; *who != '\0' && who != end; who++)
		hash = hash * 33 + (unsigned char)*who;
	return hash % PLACES;
}

/*
 * taken = passwd_try(who, hash, nobody, password, done, arg)
 *
 *	Somebody at who, an address, says this password, which has to have that
 *	hash.  done(arg, right) is called from the loop, unless passwd_forget
 *	comes before.  nobody: it is wrong in any case, and takes as long.
 *	false: not now, as another one is tried, or who was wrong just before.
 */
bool
passwd_try(const char *who, const char *hash, bool nobody,
    const char *password, void (*done)(void *, bool), void *arg)
{
	const unsigned at = place(who);

	if (pw.busy || pw.wrong[at] > now() || pw.event == NULL ||
	    strlen(password) >= sizeof(pw.password))
		return false;
	strcpy(pw.password, password);
	strcpy(pw.hash, hash);
	pw.place = at;
	pw.nobody = nobody;
	pw.right = false;
	if (pthread_create(&pw.thread, NULL, make_hash, NULL) != 0) {
		OPENSSL_cleanse(pw.password, sizeof(pw.password));
		return false;
	}
	pw.busy = true;
	pw.done = done;
	pw.arg = arg;
	return true;
}

/* What arg waits for is not to be told. */
void
passwd_forget(const void *arg)
{

	if (pw.busy && pw.arg == arg)
		pw.done = NULL;
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

	if (pw.busy)
		(void)pthread_join(pw.thread, NULL);
	pw.busy = false;
	if (pw.event != NULL)
		event_free(pw.event);
	pw.event = NULL;
	if (pw.pipe[0] != -1) {
		close(pw.pipe[0]);
		close(pw.pipe[1]);
	}
	pw.pipe[0] = pw.pipe[1] = -1;
}
