/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_nodes.c - nodes that cannot be made, at first or after their channel was
 * lost, and what makes them after all; and how often the log says things.
 */
#undef NDEBUG
#include <sys/socket.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_front.h"
#include "host/host.h"

static _Atomic int channels_fail;
static _Atomic unsigned channels_asked;

/* /dev/cuse, which cannot be opened now (no descriptor is left). */
static int
fails_to_open(void *arg)
{

	channels_asked++;
	return channels_fail ? -EMFILE : kern_open_channel(arg);
}

static int
channels_were_asked(void *arg)
{

	return channels_asked >= *(const unsigned *)arg;
}

static unsigned
nodes_alive(void)
{
	struct front_stats fs;

	front_getstats(&fs);
	return fs.nodes;
}

/* The next SIGHUP tries it again, until it is heard. */
static int
is_back(void *arg)
{

	(void)arg;
	front_nodes_again();
	return nodes_alive() == 1;
}

/*
 * The new channel of a lost one cannot be made: the node is tried again at
 * SIGHUP, as devswd(8) says of nodes, once each time; one that is there is
 * left alone.
 */
static void
a_node_that_stays_away_is_tried_again(void)
{
	struct front_config fc;
	unsigned n = 2;
	uint64_t fh;

	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = DEADLINE_MS;
	fc.idle_ms = IDLE_MS;
	channels_asked = 0;
	fc.open_channel = fails_to_open;
	front_up_with(&fc);
	channels_fail = 1;
	kern_abort(kern);
	T_UNTIL(channels_were_asked, &n);
	wait_quiet();
	T_EQ(nodes_alive(), 0);
	front_nodes_again();
	T_EQ(channels_asked, 3);
	T_EQ(nodes_alive(), 0);
	channels_fail = 0;
	T_UNTIL(is_back, NULL);
	n = channels_asked;
	front_nodes_again();
	T_EQ(channels_asked, n);
	kern = kern_last();
	fh = kern_opened(kern, O_RDWR);
	hk_feed(node, 1);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 1, 0, 0), NULL), 0);
	kern_released(kern, fh);
	wait_quiet();
	front_down();
}

#define	AWAY		6	/* of 5 s each are more than the watchdog's 30 s */

static int dumb[AWAY][2];
static unsigned ndumb;
static struct kern *back[2 * AWAY];	/* of channels that were made */
static unsigned nback;

/* 0: as usual; 1: there is no descriptor; 2: a kernel that never begins. */
static int
channel_as_told(void *arg)
{

	int fd;

	if (channels_fail != 2) {
		fd = fails_to_open(arg);
		if (fd >= 0)
			back[nback++] = kern_last();
		return fd;
	}
	channels_asked++;
	T_CHECK(ndumb < AWAY);
	T_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, dumb[ndumb]), 0);
	return dumb[ndumb++][1];
}

/*
 * Nodes for which the kernel does not begin have one time together: a SIGHUP
 * must end before the watchdog thinks that the loop is stuck (devswd(8), -f).
 */
static void
nodes_of_a_dumb_kernel_have_one_time(void)
{
	struct hyp_node *nodes[AWAY];
	struct kern *kerns[AWAY];
	struct front_config fc;
	unsigned n = 2 * AWAY;
	uint64_t began;
	char name[16];

	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = DEADLINE_MS;
	fc.idle_ms = IDLE_MS;
	channels_asked = channels_fail = ndumb = nback = 0;
	fc.open_channel = channel_as_told;
	front_begin(&fc);
	for (unsigned i = 0; i < AWAY; i++) {
		snprintf(name, sizeof(name), "ttyX%u", i);
		front_add(name, i, &nodes[i], &kerns[i]);
	}
	nback = 0;
	channels_fail = 1;
	for (unsigned i = 0; i < AWAY; i++)
		kern_abort(kerns[i]);
	T_UNTIL(channels_were_asked, &n);
	wait_quiet();
	T_EQ(nodes_alive(), 0);
	channels_fail = 2;
	began = t_now_ms();
	front_nodes_within(300);
	front_nodes_again();
	T_CHECK(t_now_ms() - began >= 250);
	T_CHECK(t_now_ms() - began < 4000);
	T_EQ(channels_asked, 3 * AWAY);
	T_EQ(nodes_alive(), 0);
	/* The time is over, but what needs none is made. */
	channels_fail = 0;
	front_nodes_again();
	T_EQ(nodes_alive(), AWAY);
	front_nodes_within(0);
	for (unsigned i = 0; i < ndumb; i++)
		close(dumb[i][0]);
	wait_quiet();
	T_EQ(nback, AWAY);
	kern = back[0];
	front_down();
	for (unsigned i = 1; i < nback; i++)
		kern_free(back[i]);
}

static char taken_path[64];
static struct kern *no_node;	/* the channel that came to none */

/* Linux's devtmpfs: no node while a file has its name, or else one, which
   is a file here.  The file goes after that has been seen. */
static int
devtmpfs_channel(void *arg)
{
	int fd;

	if (channels_asked++ == 1)
		no_node = kern_last();
	if (unlink(taken_path) == -1) {
		fd = open(taken_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
		T_CHECK(fd != -1);
		close(fd);
	}
	return kern_open_channel(arg);
}

/*
 * Somebody takes a file with a node's name away while the node is made: it
 * is in the way of the kernel, and is gone when the front end looks.  The
 * node must not count as made, or no SIGHUP makes it.
 */
static void
a_name_that_becomes_free_meanwhile(void)
{
	char dir[] = "/tmp/t_threads.XXXXXX";
	struct front_config fc;

	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(taken_path, sizeof(taken_path), "%s/ttyX0", dir);
	close(open(taken_path, O_CREAT | O_WRONLY, 0600));
	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = DEADLINE_MS;
	fc.idle_ms = IDLE_MS;
	fc.devdir = dir;
	channels_asked = 0;
	fc.open_channel = devtmpfs_channel;
	front_up_with(&fc);
	T_EQ(channels_asked, 2);
	T_EQ(access(taken_path, F_OK), 0);
	T_EQ(nodes_alive(), 1);
	front_down();
	kern_free(no_node);
	unlink(taken_path);
	rmdir(dir);
}

/* Lines of the log with that text. */
static unsigned
lines(FILE *f, const char *text)
{
	char line[512];
	unsigned n = 0;

	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	return n;
}

/*
 * What a client can repeat at will, here with a driver that moves more than
 * was asked for, is one line in a minute (host_log_quiet), not one each time.
 */
static void
a_client_does_not_fill_the_log(void)
{
	FILE *log = tmpfile();
	uint64_t fh;
	int err;

	assert(log != NULL);
	front_up(0);
	err = dup(STDERR_FILENO);
	dup2(fileno(log), STDERR_FILENO);
	host_log_to(HOST_LOG_STDERR);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_OVERRUN;
	for (int i = 0; i < 50; i++) {
		hk_feed(node, 20);
		T_EQ(kern_wait(kern, kern_read(kern, fh, 10, 0, 0), NULL),
		    EIO);
	}
	hk.read_mode = HK_NORMAL;
	kern_released(kern, fh);
	dup2(err, STDERR_FILENO);
	host_log_to(HOST_LOG_STDERR);
	close(err);
	T_EQ(lines(log, "a driver moved"), 1);
	fclose(log);
	front_down();
}

static _Atomic unsigned losses;

/* As slow as a log can be on a disk that is. */
static void
slow_event(enum front_event event, const struct front_nodeinfo *fi,
    const struct front_fileinfo *fo)
{

	(void)fi;
	(void)fo;
	if (event != FRONT_EV_LOST)
		return;
	losses++;
	t_msleep(50);
}

static int
has_another(void *arg)
{

	return kern_count() > *(const unsigned *)arg;
}

/* The guard takes the helm meanwhile, and must not read the channel again. */
static void
a_lost_channel_is_lost_once(void)
{
	struct front_config fc;
	unsigned n;

	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = DEADLINE_MS;
	fc.guard_ms = 2;
	fc.event = slow_event;
	front_up_with(&fc);
	(void)kern_opened(kern, O_RDWR);
	losses = 0;
	n = kern_count();
	kern_abort(kern);
	T_UNTIL(has_another, &n);
	T_UNTIL(is_back, NULL);
	t_msleep(20);
	T_EQ(losses, 1);
	kern = kern_last();
	kern_released(kern, kern_opened(kern, O_RDWR));
	front_down();
}

/* The n'th since the last is told: the first at once, then none for long. */
static void
quiet_counts(void)
{
	struct host_quiet quiet = { 0 };

	T_EQ(host_log_quiet(&quiet), 1);
	for (int i = 0; i < 3; i++)
		T_EQ(host_log_quiet(&quiet), 0);
	quiet.hq_next = 1;		/* the minute is over */
	T_EQ(host_log_quiet(&quiet), 4);
	T_EQ(host_log_quiet(&quiet), 0);
}

const struct t_case t_cases[] = {
	{ "a_client_does_not_fill_the_log", a_client_does_not_fill_the_log },
	{ "quiet_counts", quiet_counts },
	{ "a_node_that_stays_away_is_tried_again",
	    a_node_that_stays_away_is_tried_again },
	{ "nodes_of_a_dumb_kernel_have_one_time",
	    nodes_of_a_dumb_kernel_have_one_time },
	{ "a_lost_channel_is_lost_once", a_lost_channel_is_lost_once },
	{ "a_name_that_becomes_free_meanwhile",
	    a_name_that_becomes_free_meanwhile },
	{ NULL, NULL }
};
