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
 *	Passwords are passwd.c's, who says whose turn it is; who cannot have one
 *	is told to come later.  A name that nobody has takes as long as one that
 *	somebody has.
 *
 *	Who comes by TLS with a certificate that names a user is that one,
 *	unless he has a session as another.
 */
#include <sys/queue.h>
#include <sys/random.h>

#include <ctype.h>
#include <event2/buffer.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/http.h"
#include "gateway/web.h"

#define	SESSIONS	64
#define	SESSION_S	43200
#define	TOKEN		64	/* digits */
#define	COOKIE		"devsw_gateway"

struct session {
	char		 se_token[TOKEN + 1];	/* "": none */
	int		 se_user;
	time_t		 se_end;
};

/* A password that is tried. */
struct attempt {
	LIST_ENTRY(attempt) at_entry;
	struct login	*at_login;
	struct http_request *at_request;	/* NULL: it has gone */
	int		 at_user;		/* he says that he is; -1: nobody */
};

struct login {
	const struct web_conf *lo_conf;
	struct session	 lo_sessions[SESSIONS];
	LIST_HEAD(, attempt) lo_attempts;	/* passwd.c has few of them */
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
	*user = se != NULL ? se->se_user :
	    user_of(lo->lo_conf, http_ssl(rq));
	return *user != -1;
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
		    COOKIE "=%.64s; Path=/; HttpOnly; SameSite=Strict; "
		    "Max-Age=%d%s\r\n", where, token, SESSION_S,
		    http_ssl(rq) != NULL ? "; Secure" : "");
	http_answer(rq, 303, NULL, lines, NULL);
}

static void
attempt_free(struct attempt *at)
{

	passwd_forget(at);
	LIST_REMOVE(at, at_entry);
	free(at);
}

static void
on_tried(void *arg, bool right)
{
	struct attempt *const at = arg;
	struct login *const lo = at->at_login;
	struct http_request *const rq = at->at_request;
	const char *token = NULL;

	if (rq != NULL) {
		if (right)
			token = new_session(lo, at->at_user);
		say("web: %s: %s", http_who(rq), right ?
		    lo->lo_conf->wc_users[at->at_user].name :
		    "a wrong password");
		answer(rq, token != NULL ? "/" : "/login#wrong", token);
	}
	attempt_free(at);
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

/* false: not now. */
static bool
attempt(struct login *lo, struct http_request *rq, const char *hash, int user,
    const char *password)
{
	struct attempt *const at = calloc(1, sizeof(*at));

	if (at == NULL)
		return false;
	LIST_INSERT_HEAD(&lo->lo_attempts, at, at_entry);
	at->at_login = lo;
	at->at_user = user;
	if (!passwd_try(http_who(rq), hash, user == -1, password, on_tried,
	    at)) {
		attempt_free(at);
		return false;
	}
	http_wait(rq, &at->at_request);
	return true;
}

/* POST /login: answers, now or when the hash is made. */
void
login_try(struct login *lo, struct http_request *rq)
{
	char name[WEB_NAME], password[PASSWORD];
	const char *hash;
	int user;

	if (!form_value(http_body(rq), "user", name, sizeof(name)) ||
	    !form_value(http_body(rq), "password", password,
	    sizeof(password)) ||
	    (hash = user_hash(lo->lo_conf, name, &user)) == NULL)
		answer(rq, "/login#wrong", NULL);
	else if (!attempt(lo, rq, hash, user, password))
		answer(rq, "/login#later", NULL);
	OPENSSL_cleanse(password, sizeof(password));
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
login_new(const struct web_conf *conf)
{
	struct login *const lo = calloc(1, sizeof(*lo));

	if (lo != NULL)
		lo->lo_conf = conf;
	return lo;
}

/* Its requests have ended. */
void
login_free(struct login *lo)
{
	struct attempt *at;

	while ((at = LIST_FIRST(&lo->lo_attempts)) != NULL)
		attempt_free(at);
	free(lo);
}
