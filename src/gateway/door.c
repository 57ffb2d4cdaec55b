/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * door.c - a client of a port with "login = on": who is it?
 *
 * Model
 *
 *	    NAME ---> PASSWORD ---> TRIED ---> passed, or NAME again
 *
 *	It is the port's to keep, but not its client, and sees and does nothing
 *	of the port; who has an account there by a certificate does not come
 *	here.  What it says comes through its protocol (port_output), so that
 *	telnet's options are agreed on meanwhile; a name is echoed where we are
 *	the one who echoes, and a password never is.
 *
 *	TRIES wrong ones end the connection, and so does the port's login-time.
 *	How often a password is tried at all is passwd.c's to say: who has to wait
 *	for that asks again each AGAIN_MS, and is not read from meanwhile.  What
 *	came with the password, behind it, is kept, and is the device's
 *	afterwards; but for the LF of the password's own CR LF, which may come any
 *	time later from who has ended the name with both (door_owes_lf).
 *
 * A door is freed with its client, or by who is told that it has passed.
 */
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/door.h"
#include "gateway/web.h"

#define	TRIES		3
#define	AGAIN_MS	250
#define	REST		4096	/* client.c takes no more at a time */

enum door_state { DOOR_NAME, DOOR_PASSWORD, DOOR_TRIED };

struct door {
	struct client	*d_client;
	char		 d_port[32];	/* its name, for the log */
	void		(*d_passed)(struct client *, const char *);
	struct event	*d_limit;
	struct event	*d_again;
	enum door_state	 d_state;
	unsigned	 d_tries;
	bool		 d_cr;		/* the last byte was one */
	bool		 d_crlf;	/* its name ended with both */
	bool		 d_long;	/* what is typed has more than fits */
	char		 d_name[WEB_NAME];
	char		 d_password[PASSWORD];
	size_t		 d_n;		/* of the one that is being typed */
	uint8_t		 d_rest[REST];
	size_t		 d_nrest;
};

static void
tell(struct door *d, const char *text)
{
	struct client *const cl = d->d_client;

	cl->cl_proto->pr_data(cl, (const uint8_t *)text, strlen(text));
}

/* As what he types, if it is us who show that. */
static void
echo(struct door *d, const char *text)
{

	if (d->d_client->cl_proto != &proto_raw)
		tell(d, text);
}

static void
ask_name(struct door *d)
{

	d->d_state = DOOR_NAME;
	d->d_n = d->d_nrest = 0;
	d->d_long = d->d_crlf = false;
	tell(d, "user: ");
}

/* ---- passwords ------------------------------------------------------ */

/* Where he is, without what differs each time. */
static const char *
place(const struct client *cl)
{
	const char *who = cl->cl_who, *p;

	while ((p = strstr(who, " at ")) != NULL)
		who = p + 4;
	p = strstr(who, "of user ");		/* a unix socket's process */
	return p != NULL ? p : who;
}

static void
wrong(struct door *d)
{
	struct client *const cl = d->d_client;

	say("%s: %s: a wrong password", d->d_port, cl->cl_who);
	tell(d, "That is not right.\r\n");
	if (++d->d_tries == TRIES) {
		client_close(cl, "three passwords were wrong");
		return;
	}
	ask_name(d);
	client_full(cl, false);
}

static void
on_tried(void *arg, bool right)
{
	struct door *const d = arg;

	if (d->d_client->cl_closing)
		return;
	if (right)
		d->d_passed(d->d_client, d->d_name);
	else
		wrong(d);
}

static void
try(struct door *d)
{
	static const struct timeval again = { 0, AGAIN_MS * 1000 };
	const char *hash;
	int user;

	hash = user_hash(web_users(), d->d_name, &user);
	if (hash == NULL || d->d_long)
		wrong(d);
	else if (passwd_try(place(d->d_client), hash, user == -1,
	    d->d_password, on_tried, d))
		OPENSSL_cleanse(d->d_password, sizeof(d->d_password));
	else
		(void)evtimer_add(d->d_again, &again);
}

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	struct door *const d = arg;

	(void)fd;
	(void)what;
	if (!d->d_client->cl_closing)
		try(d);
}

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct door *const d = arg;

	(void)fd;
	(void)what;
	client_close(d->d_client, "nobody has logged in");
}

/* ---- what he types -------------------------------------------------- */

static void
line_ends(struct door *d)
{

	tell(d, d->d_client->cl_proto == &proto_raw &&
	    d->d_state == DOOR_NAME ? "" : "\r\n");
	if (d->d_state == DOOR_NAME) {
		d->d_name[d->d_n] = '\0';
		d->d_state = DOOR_PASSWORD;
		d->d_n = 0;
		tell(d, "password: ");
		return;
	}
	d->d_password[d->d_n] = '\0';
	d->d_state = DOOR_TRIED;
	client_full(d->d_client, true);
	try(d);
}

static void
erase(struct door *d)
{

	if (d->d_n == 0)
		return;
	d->d_n--;
	if (d->d_state == DOOR_NAME)
		echo(d, "\b \b");
}

/* One more letter; those that are too many make it wrong. */
static void
letter(struct door *d, char c)
{
	const char text[2] = { c, '\0' };
	const bool name = d->d_state == DOOR_NAME;

	if (d->d_n + 1 >= (name ? sizeof(d->d_name) : sizeof(d->d_password))) {
		d->d_long = true;
		return;
	}
	(name ? d->d_name : d->d_password)[d->d_n++] = c;
	if (name)
		echo(d, text);
}

static void
typed(struct door *d, uint8_t c)
{
	switch (c) {
	case '\n':
	case '\r':
		line_ends(d);
		break;
	case '\b':
	case 0x7f:
		erase(d);
		break;
	case 'U' & 0x1f:
		while (d->d_n > 0)
			erase(d);
		break;
	default:
		if (c >= ' ')
			letter(d, (char)c);
		break;
	}
}

/* The client has said this. */
void
door_input(struct door *d, const uint8_t *bytes, size_t n)
{
	bool after_cr;
	size_t i;

	for (i = 0; i < n && !d->d_client->cl_closing; i++) {
		after_cr = d->d_cr;
		d->d_cr = bytes[i] == '\r' && d->d_state != DOOR_TRIED;
		if (after_cr && bytes[i] == '\n') {
			/* Of the same end of a line. */
			d->d_crlf |= d->d_state == DOOR_PASSWORD;
			continue;
		}
		if (d->d_state != DOOR_TRIED)
			typed(d, bytes[i]);
		else if (d->d_nrest < REST)
			d->d_rest[d->d_nrest++] = bytes[i];
	}
}

/* ---- begin and end -------------------------------------------------- */

/*
 * d = door_new(cl, port, seconds, passed)
 *
 *	Ask this client, which has been greeted, at the port of that name, and
 *	for so long.  passed(cl, name) is called from the loop when it is that
 *	user.  NULL: no memory.
 *
 * bytes = door_rest(d, &n)
 *
 *	What came behind the password.
 *
 * owes = door_owes_lf(d)
 *
 *	An LF that comes next is the end of the password's line.
 */
struct door *
door_new(struct client *cl, const char *port, unsigned seconds,
    void (*passed)(struct client *, const char *))
{
	const struct timeval limit = { seconds, 0 };
	struct event_base *const base = bufferevent_get_base(cl->cl_bev);
	struct door *const d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->d_client = cl;
	snprintf(d->d_port, sizeof(d->d_port), "%s", port);
	d->d_passed = passed;
	d->d_limit = evtimer_new(base, on_limit, d);
	d->d_again = evtimer_new(base, on_again, d);
	if (d->d_limit == NULL || d->d_again == NULL ||
	    evtimer_add(d->d_limit, &limit) == -1) {
		door_free(d);
		return NULL;
	}
	ask_name(d);
	return d;
}

const uint8_t *
door_rest(const struct door *d, size_t *n)
{

	*n = d->d_nrest;
	return d->d_rest;
}

bool
door_owes_lf(const struct door *d)
{

	return d->d_crlf && d->d_cr;
}

void
door_free(struct door *d)
{

	if (d == NULL)
		return;
	passwd_forget(d);
	if (d->d_limit != NULL)
		event_free(d->d_limit);
	if (d->d_again != NULL)
		event_free(d->d_again);
	OPENSSL_cleanse(d, sizeof(*d));
	free(d);
}
