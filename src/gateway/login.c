/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * login.c - who looks at the pages: users, passwords, sessions, rights.
 *
 * Model
 *	Without users in the configuration everybody may do everything.  With
 *	them a password, whose hash is crypt(3)'s, gets a session: 32 random
 *	bytes, which a cookie has that no script and no other site can use.
 *	There are SESSIONS, each for SESSION_S; one more ends the oldest.
 *
 *	A hash is meant to take long.  So a thread makes it, one at a time,
 *	and the loop goes on; it has copies of its own, and tells by a pipe.
 *	Who comes meanwhile, or from an address (some, by its hash) that has
 *	had a wrong password in the last WRONG_S, is told to come later.  A name
 *	that nobody has takes as long as one that somebody has.
 */
#include <sys/random.h>

#include <crypt.h>
#include <ctype.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway/http.h"
#include "gateway/web.h"

#define	SESSIONS	64
#define	SESSION_S	43200
#define	WRONG_S		2
#define	PLACES		256
#define	TOKEN		64	/* digits */
#define	COOKIE		"devsw_gateway"
#define	PASSWORD	256

struct session {
	char		 se_token[TOKEN + 1];	/* "": none */
	int		 se_user;
	time_t		 se_end;
};

struct login {
	const struct web_conf *lo_conf;
	struct session	 lo_sessions[SESSIONS];
	time_t		 lo_wrong[PLACES];	/* no sooner than that */
	int		 lo_pipe[2];
	struct event	*lo_done;

	/* The one that is tried. */
	bool		 lo_busy;
	struct http_request *lo_request;	/* NULL: it has gone */
	unsigned	 lo_place;
	int		 lo_user;		/* -1: nobody */
	pthread_t	 lo_thread;
	char		 lo_password[PASSWORD];	/* the thread's, until told */
	char		 lo_hash[WEB_HASH];
	bool		 lo_right;
};

static time_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* ---- sessions ------------------------------------------------------- */

/* The value of our cookie, if it has the form of one; or NULL. */
static const char *
find_token(const struct http_request *rq)
{
	const char *p = http_field(rq, "cookie");

	while (p != NULL) {
		p += strspn(p, "; ");
		if (strncmp(p, COOKIE "=", sizeof(COOKIE)) == 0) {
			p += sizeof(COOKIE);
			return strspn(p, "0123456789abcdef") == TOKEN ? p :
			    NULL;
		}
		p = strchr(p, ';');
	}
	return NULL;
}

static struct session *
find_session(struct login *lo, const struct http_request *rq)
{
	const char *const token = find_token(rq);
	struct session *se, *found = NULL;

	if (token == NULL)
		return NULL;
	for (se = lo->lo_sessions; se < lo->lo_sessions + SESSIONS; se++) {
		if (se->se_token[0] != '\0' && se->se_end > now() &&
		    CRYPTO_memcmp(se->se_token, token, TOKEN) == 0)
			found = se;
	}
	return found;
}

/* Its token, or NULL: there is no randomness. */
static const char *
new_session(struct login *lo, int user)
{
	struct session *se, *oldest = lo->lo_sessions;
	unsigned char bytes[TOKEN / 2];
	size_t i;

	if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(bytes))
		return NULL;
	for (se = lo->lo_sessions; se < lo->lo_sessions + SESSIONS; se++) {
		if (se->se_end < oldest->se_end)
			oldest = se;
	}
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(oldest->se_token + 2 * i, 3, "%02x", bytes[i]);
	oldest->se_user = user;
	oldest->se_end = now() + SESSION_S;
	return oldest->se_token;
}

/*
 * ok = login_who(lo, rq, &user)
 *
 *	Whose request is it?  WEB_ANYBODY where there are no users.  false:
 *	nobody's that is known.
 */
bool
login_who(struct login *lo, const struct http_request *rq, int *user)
{
	const struct session *se;

	*user = WEB_ANYBODY;
	if (lo->lo_conf->wc_nusers == 0)
		return true;
	se = find_session(lo, rq);
	if (se != NULL)
		*user = se->se_user;
	return se != NULL;
}

/* ---- passwords ------------------------------------------------------ */

static void
answer(struct http_request *rq, const char *where, const char *token)
{
	char lines[256];

	if (token == NULL)
		snprintf(lines, sizeof(lines), "Location: %s\r\n", where);
	else
		snprintf(lines, sizeof(lines), "Location: %s\r\nSet-Cookie: "
		    COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; "
		    "Max-Age=%d\r\n", where, token, SESSION_S);
	http_answer(rq, 303, NULL, lines, NULL);
}

static void *
try_password(void *arg)
{
	struct login *const lo = arg;
	struct crypt_data *const data = calloc(1, sizeof(*data));
	const char *const hash = data == NULL ? NULL :
	    crypt_r(lo->lo_password, lo->lo_hash, data);

	lo->lo_right = hash != NULL && strlen(hash) == strlen(lo->lo_hash) &&
	    CRYPTO_memcmp(hash, lo->lo_hash, strlen(hash)) == 0;
	OPENSSL_cleanse(lo->lo_password, sizeof(lo->lo_password));
	if (data != NULL)
		OPENSSL_cleanse(data, sizeof(*data));
	free(data);
	(void)!write(lo->lo_pipe[1], "", 1);
	return NULL;
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
	struct login *const lo = arg;
	const char *token = NULL;
	char byte;

	(void)what;
	if (read(fd, &byte, 1) != 1 || !lo->lo_busy)
		return;
	(void)pthread_join(lo->lo_thread, NULL);
	lo->lo_busy = false;
	if (lo->lo_user == -1)
		lo->lo_right = false;
	if (!lo->lo_right)
		lo->lo_wrong[lo->lo_place] = now() + WRONG_S;
	if (lo->lo_request == NULL)
		return;
	if (lo->lo_right)
		token = new_session(lo, lo->lo_user);
	say("web: %s: %s", http_who(lo->lo_request), lo->lo_right ?
	    lo->lo_conf->wc_users[lo->lo_user].name : "a wrong password");
	answer(lo->lo_request, token != NULL ? "/" : "/login#wrong", token);
}

static int
digit(char c)
{

	return isdigit((unsigned char)c) ? c - '0' :
	    isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 :
	    -1;
}

/* "a=b&key=VALUE", of a form; false: it is not there, or not good. */
static bool
form_value(const char *body, const char *key, char *value, size_t size)
{
	const size_t n = strlen(key);
	size_t i = 0;

	while (strncmp(body, key, n) != 0 || body[n] != '=') {
		body = strchr(body, '&');
		if (body++ == NULL)
			return false;
	}
	for (body += n + 1; *body != '\0' && *body != '&'; body++) {
		char c = *body == '+' ? ' ' : *body;

		if (c == '%') {
			if (digit(body[1]) == -1 || digit(body[2]) == -1)
				return false;
			c = (char)(digit(body[1]) * 16 + digit(body[2]));
			body += 2;
		}
		if (c == '\0' || i + 1 == size)
			return false;
		value[i++] = c;
	}
	value[i] = '\0';
	return true;
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

/* POST /login: answers, now or when the hash is made. */
void
login_try(struct login *lo, struct http_request *rq)
{
	const struct web_conf *const conf = lo->lo_conf;
	const unsigned at = place(http_who(rq));
	char name[WEB_NAME];
	int i;

	if (lo->lo_busy || lo->lo_wrong[at] > now()) {
		answer(rq, "/login#later", NULL);
		return;
	}
	if (conf->wc_nusers == 0 || !form_value(http_body(rq), "user", name,
	    sizeof(name)) || !form_value(http_body(rq), "password",
	    lo->lo_password, sizeof(lo->lo_password))) {
		answer(rq, "/login#wrong", NULL);
		return;
	}
	lo->lo_user = -1;
	for (i = 0; i < (int)conf->wc_nusers; i++) {
		if (strcmp(conf->wc_users[i].name, name) == 0)
			lo->lo_user = i;
	}
	strcpy(lo->lo_hash, conf->wc_users[lo->lo_user == -1 ? 0 :
	    lo->lo_user].hash);
	lo->lo_place = at;
	lo->lo_right = false;
	if (pthread_create(&lo->lo_thread, NULL, try_password, lo) != 0) {
		answer(rq, "/login#later", NULL);
		return;
	}
	lo->lo_busy = true;
	http_wait(rq, &lo->lo_request);
}

/* POST /logout. */
void
login_end(struct login *lo, struct http_request *rq)
{
	struct session *const se = find_session(lo, rq);

	if (se != NULL)
		memset(se, 0, sizeof(*se));
	answer(rq, "/login", NULL);
}

/* ---- begin and end -------------------------------------------------- */

struct login *
login_new(struct event_base *base, const struct web_conf *conf)
{
	struct login *const lo = calloc(1, sizeof(*lo));

	if (lo == NULL)
		return NULL;
	lo->lo_conf = conf;
	lo->lo_pipe[0] = lo->lo_pipe[1] = -1;
	if (pipe2(lo->lo_pipe, O_CLOEXEC | O_NONBLOCK) == -1 ||
	    (lo->lo_done = event_new(base, lo->lo_pipe[0], EV_READ |
	    EV_PERSIST, on_done, lo)) == NULL ||
	    event_add(lo->lo_done, NULL) == -1) {
		login_free(lo);
		return NULL;
	}
	return lo;
}

/* Waits for a hash that is being made, some tenths of a second. */
void
login_free(struct login *lo)
{

	if (lo->lo_busy)
		(void)pthread_join(lo->lo_thread, NULL);
	if (lo->lo_done != NULL)
		event_free(lo->lo_done);
	if (lo->lo_pipe[0] != -1) {
		close(lo->lo_pipe[0]);
		close(lo->lo_pipe[1]);
	}
	free(lo);
}
