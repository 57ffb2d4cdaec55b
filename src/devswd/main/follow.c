/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow.c - the trace of a node, for who follows it.
 *
 * Model
 *	As with events.c a follower asks what there is since a number, and waits
 *	for it; nothing is kept for him.  What is kept is the node's (host_tap),
 *	for as long as somebody asks: a follower who is slow loses what was
 *	written over, and is told how much, and the node's own calls wait for
 *	nobody.
 *
 *	What comes of the first request is "begin", at once: from there on
 *	nothing is missed.  So it is if he has not asked for so long that the
 *	tap was closed.
 *
 *	A wait gathers for FOLLOW_GATHER_MS more, so that a busy node wakes its
 *	followers a few times a second and not with each call.
 *
 *	He may see it if he may see who uses the node; that is asked before the
 *	wait and after it, as the node may have got another owner meanwhile.
 *
 * Locks
 *	None.
 */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "host/host.h"
#include "main/controlvar.h"
#include "main/events.h"

#define	FOLLOW_GATHER_MS 20
#define	FOLLOW_ROOM	160	/* of "lost" or "begin", and "ping" */

static void
say_begin_of(struct text *t, const struct front_nodeinfo *ni)
{

	say(t, "{\"event\":\"begin\",\"dev\":");
	say_string(t, ni->fi_name);
	say(t, "}\n");
}

/* Add what there is from a number on, which moves, as far as there is room. */
static void
fill(struct text *t, struct host_tap *tap, uint64_t *from,
    const struct front_nodeinfo *ni)
{
	char line[HOST_TAP_LINE];
	uint64_t lost;
	int len;

	while (t->t_len + sizeof(line) + FOLLOW_ROOM < sizeof(t->t_buf)) {
		len = host_tap_read(tap, from, &lost, line);
		if (lost != 0)
			say(t, "{\"event\":\"lost\",\"count\":%" PRIu64
			    "}\n", lost);
		if (len == HOST_TAP_ANEW)
			say_begin_of(t, ni);
		if (len <= 0)
			break;
		say(t, "%.*s", len, line);
	}
}

static void
gather(void)
{
	const struct timespec ms = {
	    .tv_nsec = FOLLOW_GATHER_MS * 1000000L };

	(void)nanosleep(&ms, NULL);
}

/*
 * error = follow_serve(c)
 *
 *	Answer with what the node has done from cr_after on.  Sleeps for
 *	EVENTS_WAIT.  EPERM, EBUSY (too many nodes are followed), ENODEV, EMFILE
 *	(it cannot be seen whose the client's port is).
 */
int
follow_serve(struct client *c)
{
	const struct control_request *const cr = &c->c_request;
	const uint64_t socket = client_socket(c);
	uint64_t from = cr->cr_after;
	struct front_nodeinfo ni;
	struct timespec until;
	struct host_tap *tap;
	struct text *t;
	int error;

	_Static_assert(CONTROL_TEXT > HOST_TAP_LINE + 2 * FOLLOW_ROOM,
	    "a packet has room for any line");
	if (cr->cr_major != client_node_major() ||
	    !front_node_find(cr->cr_minor, &ni))
		return ENODEV;
	if (!client_may_see(c, &ni))
		return EPERM;
	if (socket == 0)
		return EMFILE;
	if ((error = host_tap_get(ni.fi_name, &tap)) != 0)
		return error;
	if ((t = say_begin(c)) == NULL) {
		host_tap_put(tap);
		return ENOMEM;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += EVENTS_WAIT;
	/* UINT64_MAX is no number of any tap. */
	fill(t, tap, &from, &ni);
	while (t->t_len == 0 && host_tap_wait(tap, from, &until)) {
		gather();
		fill(t, tap, &from, &ni);
	}
	host_tap_put(tap);
	say(t, "{\"event\":\"ping\",\"seq\":%" PRIu64 "}\n", from);
	c->c_deaf |= client_socket(c) != socket;
	if (!client_may_see(c, &ni)) {
		say_drop(t);
		return EPERM;
	}
	say_end(t);
	return 0;
}

/*
 * follow_start()
 * follow_stop()
 *
 *	Followers may wait.  Nobody waits any longer.
 */
void
follow_start(void)
{

	host_tap_end(false);
}

void
follow_stop(void)
{

	host_tap_end(true);
}
