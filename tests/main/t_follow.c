/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_follow.c - who follows events and traces at the daemon's control port, with
 * a double of K: the order, who may see what, shares, and that a stop lets them
 * go.  Needs root, to be other users, too.
 */
#undef NDEBUG
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <linux/netlink.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_control.h"
#include "h_test.h"
#include "hyp/hyp_trace.h"
#include "hyp/hyp_usb.h"
#include "main/events.h"
#include "main/watch.h"

/* ---- events --------------------------------------------------------- */

static unsigned long long
ping_of(const char *text)
{
	static const char ping[] = "{\"event\": \"ping\", \"seq\": ";
	const char *at = strstr(text, ping);

	T_CHECK(at != NULL);
	return strtoull(at + sizeof(ping) - 1, NULL, 10);
}

static char *
events_since(uint64_t after)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS,
	    .cr_after = after };

	return text_of(&cr, 0);
}

static uint64_t
events_now(void)
{
	char *text = events_since(UINT64_MAX);
	uint64_t now;

	has(text, "{\"event\": \"begin\", \"major\": ");
	now = ping_of(text);
	free(text);
	return now;
}

static void
events_come_in_order(void)
{
	uint64_t now;
	char *text;

	up();
	now = events_now();
	events_post(-1, "\"event\": \"one\"");
	events_post(3, "\"event\": \"two\"");
	text = events_since(now);
	has(text, "\"event\": \"one\"}\n{\"seq\": ");
	has(text, "\"event\": \"two\"}\n{\"event\": \"ping\"");
	T_EQ(ping_of(text), now + 2);
	free(text);
	text = events_since(now + 1);
	has_not(text, "one");
	has(text, "two");
	free(text);
	/* The node of another, and of nobody; a revoke is told, though. */
	node_owner = 4;
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), 0);
	be_user(5);
	text = events_since(now);
	be_user(0);
	has(text, "one");
	has_not(text, "two");
	has(text, "\"event\": \"revoke\", \"node\": \"a node with a name 3\", "
	    "\"uid\": 0}");
	T_EQ(ping_of(text), now + 3);
	free(text);
	node_owner = 1;
	down(1000, 0);
}

/*
 * nodes.h: the same may be told twice, which is no event; but it is one if the
 * adapter has been another meanwhile.
 */
static void
what_is_told_twice(void)
{
	struct hyp_usb_info hi = { .hi_path = PLACE, .hi_vendor = 0x0403,
	    .hi_product = 0x6001, .hi_serial = "s1", .hi_productstr = "",
	    .hi_vendorstr = "", .hi_bus = 1, .hi_addr = 1 };
	struct node_state is;
	uint64_t now;
	char *text;

	up();
	watch_plugged(&hi, "c", "", false);
	node_is(true);
	memset(&is, 0, sizeof(is));
	is.ns_attached = 1;
	strcpy(is.ns_place, PLACE);
	strcpy(is.ns_driver, "uftdi0");
	now = events_now();
	watch_nodes(&is, &is);
	watch_plugged(&hi, "other", "", false);
	T_EQ(events_now(), now);
	watch_left(PLACE, "unplugged");
	hi.hi_addr = 2;
	watch_plugged(&hi, "c", "", false);
	watch_nodes(&is, &is);
	text = events_since(now);
	has(text, "\"event\": \"unplug\"");
	has(text, "\"event\": \"plug\"");
	has(text, "\"event\": \"away\"");
	has(text, "\"event\": \"there\"");
	free(text);
	watch_left(PLACE, "unplugged");
	node_is(false);
	down(1000, 0);
}

static void
post_later(void *arg)
{

	(void)arg;
	t_msleep(100);
	events_post(-1, "\"event\": \"late\"");
}

static void
a_follower_waits(void)
{
	const uint64_t began = t_now_ms();
	struct t_thread *later;
	uint64_t now;
	char *text;

	up();
	now = events_now();
	later = t_spawn(post_later, NULL);
	text = events_since(now);
	T_CHECK(t_now_ms() - began >= 90);
	has(text, "late");
	T_EQ(ping_of(text), now + 1);
	free(text);
	t_join(later);
	/* Nothing happens: he is let go, with the same number. */
	text = events_since(now + 1);
	T_CHECK(text[0] != '\0' && strchr(text, '\n')[1] == '\0');
	T_EQ(ping_of(text), now + 1);
	free(text);
	down(1000, 0);
}

/* Who is slower than the ring is told; floods of use push out no plugs. */
static void
what_was_lost_is_told(void)
{
	uint64_t now, after;
	unsigned n = 0;
	char *text;

	up();
	now = after = events_now();
	events_post(-1, "\"event\": \"plug\"");
	for (int i = 0; i < 5000; i++)
		events_post(3, "\"event\": \"open\", \"i\": %d", i);
	text = events_since(after);
	has(text, "{\"event\": \"lost\", \"of\": \"use\"}\n");
	has_not(text, "\"plugs\"");
	has(text, "\"plug\"");
	while (ping_of(text) != now + 5001) {
		T_CHECK(ping_of(text) > after && ++n < 5000);
		after = ping_of(text);
		free(text);
		text = events_since(after);
		has_not(text, "lost");
	}
	has(text, "\"i\": 4999}");
	free(text);
	down(1000, 0);
}

/* They have threads of their own share, and none is left at the end. */
static void
followers_are_few(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct control held[EVENTS_SHARE];

	up();
	cr.cr_after = events_now();
	be_user(9);
	for (int i = 0; i < EVENTS_SHARE; i++)
		held[i] = ask_for(&cr);
	T_EQ(refusal_of(ask_for(&cr)), EBUSY);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	be_user(0);
	events_post(-1, "\"event\": \"x\"");
	for (int i = 0; i < EVENTS_SHARE; i++)
		T_EQ(answer_of(held[i]), 0);
	down(1000, 0);
}

/* Another socket has the port of one who has gone: it gets nothing. */
static void
a_port_that_changes_hands(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct sockaddr_nl snl;
	socklen_t len = sizeof(snl);
	struct control co;
	char buf[256];
	int thief;

	up();
	cr.cr_after = events_now();
	co = ask_for(&cr);
	t_msleep(200);		/* it is served, and waits */
	T_EQ(getsockname(co.co_fd, (struct sockaddr *)&snl, &len), 0);
	control_close(&co);
	thief = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_USERSOCK);
	T_EQ(bind(thief, (struct sockaddr *)&snl, sizeof(snl)), 0);
	events_post(3, "\"event\": \"secret\"");
	t_msleep(300);
	T_EQ(recv(thief, buf, sizeof(buf), MSG_DONTWAIT), -1);
	T_EQ(errno, EAGAIN);
	close(thief);
	down(1000, 0);
}

/*
 * Who cannot be told from another is told nothing: the process has no descriptor
 * left, neither before nor after.
 */
static void
a_port_that_cannot_be_seen(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct rlimit rl, none;
	struct control co;
	int error;

	up();
	cr.cr_after = UINT64_MAX;
	T_EQ(control_connect(&co, path), 0);
	T_EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	none = rl;
	none.rlim_cur = 3;	/* all below are open */
	T_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	error = control_ask(&co, &cr);
	if (error == 0)
		T_UNTIL(is_answered, &co.co_fd);
	T_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	T_EQ(error, 0);
	T_EQ(answer_of(co), EMFILE);
	T_EQ(answer_of(ask_for(&cr)), 0);
	down(1000, 0);
}

static void
a_stop_lets_followers_go(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct control co;
	uint64_t began;

	up();
	cr.cr_after = events_now();
	co = ask_for(&cr);
	t_msleep(100);
	began = t_now_ms();
	down(4000, 0);
	T_CHECK(t_now_ms() - began < 3000);
	T_EQ(answer_of(co), 0);
}

/* ---- trace ---------------------------------------------------------- */

static void
trace_put(uint32_t minor, unsigned n)
{
	struct hyp_trace ht = { .ht_event = "d_read", .ht_key = "bytes" };

	for (ht.ht_value = 0; ht.ht_value < n; ht.ht_value++) {
		snprintf(ht.ht_dev, sizeof(ht.ht_dev),
		    "a node with a name %u", (unsigned)minor);
		hyp_trace(&ht);
	}
}

static struct control_request
trace_of(uint32_t minor_number, uint64_t after)
{
	struct control_request cr = { .cr_what = CONTROL_TRACE };
	struct stat st;

	T_EQ(stat("/dev/null", &st), 0);
	cr.cr_major = major(st.st_rdev);
	cr.cr_minor = minor_number;
	cr.cr_after = after;
	return cr;
}

static uint64_t
seq_of(const char *text)
{
	const char *const seq = strstr(text, "\"ping\",\"seq\":");

	T_CHECK(seq != NULL);
	return strtoull(seq + 13, NULL, 10);
}

/* Complete, in as many packets as it takes, and what was missed is counted. */
static void
a_trace_is_complete(void)
{
	struct control_request cr = trace_of(3, UINT64_MAX);
	unsigned lines = 0, lost = 0;
	const char *p;
	char *text;

	up();
	text = text_of(&cr, 0);
	has(text, "{\"event\":\"begin\",\"dev\":\"a node with a name 3\"}\n");
	cr.cr_after = seq_of(text);
	free(text);
	trace_put(4, 1000);
	trace_put(3, 3000);
	while (lines + lost < 3000) {
		text = text_of(&cr, 0);
		has_not(text, "name 4");
		for (p = text; (p = strstr(p, "\"d_read\"")) != NULL; p++)
			lines++;
		if ((p = strstr(text, "\"lost\",\"count\":")) != NULL)
			lost += (unsigned)atoi(p + 15);
		cr.cr_after = seq_of(text);
		free(text);
	}
	T_EQ(lines, 2048);
	T_EQ(lost, 3000 - 2048);
	/* It is not of this daemon. */
	cr.cr_after = 5;
	text = text_of(&cr, 0);
	has(text, "\"begin\"");
	free(text);
	cr.cr_minor = 501;
	T_EQ(answer_of(ask_for(&cr)), ENODEV);
	cr.cr_minor = 3;
	cr.cr_major++;
	T_EQ(answer_of(ask_for(&cr)), ENODEV);
	down(1000, 0);
}

/* One that waits; the thread of the request before may be there for a moment. */
static struct control
hold(struct control_request *cr)
{
	struct control co;

	for (;;) {
		co = ask_for(cr);
		t_msleep(50);
		if (!is_answered(&co.co_fd))
			return co;
		T_EQ(answer_of(co), EBUSY);
	}
}

static void
a_trace_is_for_who_may_see_its_node(void)
{
	struct control_request cr = trace_of(3, UINT64_MAX);
	struct control held[EVENTS_SHARE];
	char *text;

	up();
	node_owner = 4;
	be_user(5);
	T_EQ(answer_of(ask_for(&cr)), EPERM);
	be_user(0);
	be_user(4);
	text = text_of(&cr, 0);
	be_user(0);
	cr.cr_after = seq_of(text);
	free(text);
	/* Another owner while he waits: he is told no more. */
	be_user(4);
	for (int i = 0; i < EVENTS_SHARE; i++)
		held[i] = hold(&cr);
	T_EQ(answer_of(ask_for(&cr)), EBUSY);
	be_user(0);
	node_owner = 6;
	trace_put(3, 1);
	for (int i = 0; i < EVENTS_SHARE; i++)
		T_EQ(answer_of(held[i]), EPERM);
	node_owner = 1;
	down(1000, 0);
}

static void
a_stop_lets_those_who_trace_go(void)
{
	struct control_request cr = trace_of(3, UINT64_MAX);
	struct control co;
	uint64_t began;
	char *text;

	up();
	text = text_of(&cr, 0);
	cr.cr_after = seq_of(text);
	free(text);
	co = ask_for(&cr);
	t_msleep(100);
	began = t_now_ms();
	down(4000, 0);
	T_CHECK(t_now_ms() - began < 3000);
	T_EQ(answer_of(co), 0);
}

const struct t_case t_cases[] = {
	{ "events come in order, those of use to who may see it",
	    events_come_in_order },
	{ "what is told twice is no event", what_is_told_twice },
	{ "a follower waits, and is let go", a_follower_waits },
	{ "what was lost is told, and a flood of use loses no plug",
	    what_was_lost_is_told },
	{ "followers have a share of their own", followers_are_few },
	{ "a port that changes hands is told nothing",
	    a_port_that_changes_hands },
	{ "who cannot be told from another is told nothing",
	    a_port_that_cannot_be_seen },
	{ "a stop lets followers go", a_stop_lets_followers_go },
	{ "a trace is complete, and what is missed is counted",
	    a_trace_is_complete },
	{ "a trace is for who may see its node, as long as he may",
	    a_trace_is_for_who_may_see_its_node },
	{ "a stop lets those who trace go", a_stop_lets_those_who_trace_go },
	{ NULL, NULL },
};
