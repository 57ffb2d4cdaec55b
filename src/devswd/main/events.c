/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.c - what has happened, and who follows it.
 *
 * Model
 *	Events have numbers, and the newest of them are kept in two rings: what
 *	comes and goes, which is everybody's; and the use of nodes.  Two, so
 *	that a user who opens and closes his node all the time pushes only such
 *	events out, and who follows plugs misses none.  A revoke is among those,
 *	since its owner can do that all the time too, and told to everybody:
 *	it says what he or root did, and of who had the node open nothing, who
 *	may be of any user and has to know it from an unplug.
 *
 *	Nobody subscribes.  A follower asks what there is since a number, which
 *	is answered at once if there is something he may see, and else when
 *	something happens or after EVENTS_WAIT; then he asks again.  So nothing
 *	is kept for a follower but a request that waits; there is no queue of
 *	his that could be full, and whether he is gone need not be found out.
 *	Who is slower than the ring is told "lost", and of what.
 *
 *	An answer is lines of JSON, as many as fit a packet, and ends with a
 *	"ping" that has the number to go on from.  The first one, to a request
 *	with UINT64_MAX, comes at once: "begin".
 *
 *	A request that waits has a port for seconds, and if its owner ends then
 *	somebody else can take the port and have the answer.  So the port must
 *	be the same socket (inode) before the answer as it was when the request
 *	came.
 *
 *	events_post		events_serve
 *				nothing since 7
 *	ring: number 8
 *	broadcast, if
 *	somebody waits		waits (events_lock): wakes, takes 8
 *
 * Locks
 *	events_lock	the rings; a leaf.  Who may see an event is asked
 *			without it.
 *
 * Known gaps
 *	Between the look at the port and the answer there are microseconds.
 *	The numbers tell everybody how much happens, though not where.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"
#include "main/controlvar.h"
#include "main/events.h"

#define	PLUGS		256	/* events kept */
#define	USES		1024
#define	PING_ROOM	64	/* of the last line */
#define	LOST_ROOM	96	/* of a line about what was lost */

struct event {
	uint64_t	 e_number;	/* 0: none */
	int64_t		 e_minor;
	char		*e_text;	/* a line; NULL: there was no memory */
};

struct ring {
	const char	*r_name;
	struct event	*r_slots;
	unsigned	 r_size;
	unsigned	 r_next;	/* to be written */
	uint64_t	 r_lost;	/* the newest that is not there */
};

static struct event plugs[PLUGS], uses[USES];
static struct ring rings[] = {
	{ "plugs", plugs, PLUGS, 0, 0 },
	{ "use", uses, USES, 0, 0 },
};
#define	NRINGS	(sizeof(rings) / sizeof(rings[0]))

static pthread_mutex_t events_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t events_cv = PTHREAD_COND_INITIALIZER;
static uint64_t events_number;		/* the newest */
static unsigned events_waiting;
static bool events_ended;

/* ---- rings ---------------------------------------------------------- */

static void
ring_put(struct ring *r, uint64_t number, int64_t minor, char *text)
{
	struct event *const e = &r->r_slots[r->r_next];

	if (e->e_number != 0)
		r->r_lost = e->e_number;
	if (text == NULL)
		r->r_lost = number;
	free(e->e_text);
	e->e_number = number;
	e->e_minor = minor;
	e->e_text = text;
	r->r_next = (r->r_next + 1) % r->r_size;
}

/* The oldest that is newer than after, or NULL. */
static const struct event *
ring_after(const struct ring *r, uint64_t after)
{
	const struct event *e;
	unsigned low = 0, high = r->r_size, mid;

	/* From r_next on they rise; the empty ones, 0, come first. */
	while (low < high) {
		mid = (low + high) / 2;
		e = &r->r_slots[(r->r_next + mid) % r->r_size];
		if (e->e_number <= after)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == r->r_size)
		return NULL;
	return &r->r_slots[(r->r_next + low) % r->r_size];
}

/* An event, copied. */
struct found {
	uint64_t	f_number;
	int64_t		f_minor;
	char		f_text[EVENTS_TEXT];	/* "": it had no memory */
};

/* The oldest of all that is newer than after. */
static bool
next_after(uint64_t after, struct found *f)
{
	const struct event *e, *best = NULL;
	size_t i;

	pthread_mutex_lock(&events_lock);
	for (i = 0; i < NRINGS; i++) {
		e = ring_after(&rings[i], after);
		if (e != NULL && (best == NULL || e->e_number < best->e_number))
			best = e;
	}
	if (best != NULL) {
		f->f_number = best->e_number;
		f->f_minor = best->e_minor;
		snprintf(f->f_text, sizeof(f->f_text), "%s",
		    best->e_text != NULL ? best->e_text : "");
	}
	pthread_mutex_unlock(&events_lock);
	return best != NULL;
}

void
events_post(int64_t minor, const char *fmt, ...)
{
	char body[EVENTS_TEXT - 80];
	struct timespec now;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(body, sizeof(body), fmt, ap);
	va_end(ap);
	clock_gettime(CLOCK_REALTIME, &now);
	pthread_mutex_lock(&events_lock);
	events_number++;
	if (asprintf(&text, "{\"seq\": %" PRIu64 ", \"time\": %lld.%03ld, "
	    "%s}\n", events_number, (long long)now.tv_sec,
	    now.tv_nsec / 1000000, body) == -1)
		text = NULL;
	ring_put(&rings[minor != -1], events_number, minor, text);
	if (events_waiting != 0)
		pthread_cond_broadcast(&events_cv);
	pthread_mutex_unlock(&events_lock);
}

/* ---- followers ------------------------------------------------------ */

static bool
may_see_event(struct client *c, const struct found *f)
{
	struct front_nodeinfo ni;

	return f->f_minor == -1 || (f->f_minor & EVENTS_PUBLIC) != 0 ||
	    (front_node_find((uint32_t)f->f_minor, &ni) &&
	    client_may_see(c, &ni));
}

/* What is newer than after but not kept any more. */
static void
say_lost(struct text *t, uint64_t after)
{
	uint64_t lost;
	size_t i;

	for (i = 0; i < NRINGS; i++) {
		pthread_mutex_lock(&events_lock);
		lost = rings[i].r_lost;
		pthread_mutex_unlock(&events_lock);
		if (lost > after)
			say(t, "{\"event\": \"lost\", \"of\": \"%s\"}\n",
			    rings[i].r_name);
	}
}

/* Add what there is since *after, which goes along, as far as there is room. */
static void
fill(struct text *t, uint64_t *after)
{
	struct found f;
	size_t len;

	while (next_after(*after, &f)) {
		if (may_see_event(t->t_client, &f)) {
			len = strlen(f.f_text);
			if (t->t_len + len + PING_ROOM > sizeof(t->t_buf))
				return;
			memcpy(t->t_buf + t->t_len, f.f_text, len);
			t->t_len += len;
		}
		*after = f.f_number;
	}
}

/* More than after, before that time (CLOCK_MONOTONIC)?  Sleeps. */
static bool
wait_more(uint64_t after, const struct timespec *until)
{
	int error = 0;
	bool more;

	pthread_mutex_lock(&events_lock);
	events_waiting++;
	while (events_number <= after && !events_ended && error == 0)
		error = pthread_cond_clockwait(&events_cv, &events_lock,
		    CLOCK_MONOTONIC, until);
	events_waiting--;
	more = events_number > after && !events_ended;
	pthread_mutex_unlock(&events_lock);
	return more;
}

static uint64_t
say_first(struct text *t)
{
	uint64_t now;

	pthread_mutex_lock(&events_lock);
	now = events_number;
	pthread_mutex_unlock(&events_lock);
	say(t, "{\"event\": \"begin\", \"major\": %u, \"pid\": %d, "
	    "\"version\": \"%s\"}\n", client_node_major(), (int)getpid(),
	    DEVSW_VERSION);
	return now;
}

/*
 * error = events_serve(c)
 *
 *	Answer with what has happened since cr_after.  Sleeps for EVENTS_WAIT.
 *	EMFILE: it cannot be seen whose the client's port is.
 */
int
events_serve(struct client *c)
{
	const uint64_t from = client_socket(c);
	uint64_t after = c->c_request.cr_after;
	struct timespec until;
	struct text *t;

	_Static_assert(CONTROL_TEXT > EVENTS_TEXT + PING_ROOM + 2 * LOST_ROOM,
	    "a packet has room for any event");
	if (from == 0)
		return EMFILE;
	if ((t = say_begin(c)) == NULL)
		return ENOMEM;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVENTS_WAIT;
	if (after == UINT64_MAX) {
		after = say_first(t);
	} else {
		say_lost(t, after);
		fill(t, &after);
		while (t->t_len == 0 && wait_more(after, &until))
			fill(t, &after);
	}
	say(t, "{\"event\": \"ping\", \"seq\": %" PRIu64 "}\n", after);
	c->c_deaf |= client_socket(c) != from;
	say_end(t);
	return 0;
}

/*
 * events_start()
 * events_stop()
 *
 *	Followers may wait.  Nobody waits any longer.
 */
void
events_start(void)
{

	pthread_mutex_lock(&events_lock);
	events_ended = false;
	pthread_mutex_unlock(&events_lock);
}

void
events_stop(void)
{

	pthread_mutex_lock(&events_lock);
	events_ended = true;
	pthread_cond_broadcast(&events_cv);
	pthread_mutex_unlock(&events_lock);
}
