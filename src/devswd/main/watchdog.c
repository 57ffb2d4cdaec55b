/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchdog.c - a hang that no deadline covers becomes a restart.
 *
 * Model
 *	systemd ends and restarts a service that does not say WATCHDOG=1 once
 *	in WATCHDOG_USEC.  It is said every third of that, by main's loop,
 *	which is one of three that have to be well:
 *
 *		main's loop	turns, or nobody would come here
 *		the front end	front_ping: the thread that takes the clients'
 *				requests still does
 *		the kernel side	a thread of ours has been through the nodes,
 *				and so has had the locks that every open and
 *				every close needs
 *
 *	Two of them are asked at one tick and have to have answered at the
 *	next; nothing here waits for them.  Who has not answered is not asked
 *	again, is named in the log once, and if he answers in time after all
 *	nothing has happened.
 *
 *	A driver that does not come back is none of this: that is what
 *	--deadline is for, and the others go on meanwhile.
 *
 *	What the thread has seen becomes STATUS=, for systemctl status.
 *
 *	Without WATCHDOG_USEC or NOTIFY_SOCKET there is nothing: no timer, no
 *	thread, and a daemon with nothing to do sleeps.
 *
 * Locks
 *	wd_lock		what is asked, answered and seen; a leaf, which is not
 *			held while the kernel side is looked at.  wd_cv when
 *			something of it changes.
 */
#include <sys/timerfd.h>

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "main/daemon.h"
#include "main/watchdog.h"

#define	TICK_MIN	UINT64_C(10000)		/* us */
#define	TICK_MAX	UINT64_C(3600000000)
#define	STOP_TIME	1			/* s */

struct seen {
	unsigned	 s_nodes;
	unsigned	 s_attached;
	unsigned	 s_opens;
};

static pthread_mutex_t wd_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wd_cv;
static bool wd_asked;		/* the thread is to look */
static bool wd_ending;		/* it is to end */
static bool wd_gone;		/* it has */
static struct seen wd_seen;

/* Main's. */
static int wd_timer = -1;
static bool wd_told;		/* that somebody does not answer */
static char wd_status[128];	/* the last STATUS= */

/* ---- the thread ----------------------------------------------------- */

/* Takes K's locks, so it may take as long as they do. */
static struct seen
look(void)
{
	struct front_nodeinfo ni;
	struct hyp_node_stat hs;
	struct seen s = { 0, 0, 0 };
	uint32_t next;

	for (next = 0; front_node_next(next, &ni); next = ni.fi_minor + 1) {
		hyp_node_getstat(ni.fi_node, &hs);
		s.s_nodes++;
		s.s_attached += hs.hs_attached != 0;
		s.s_opens += hs.hs_opens;
	}
	return s;
}

static void
watchdog_thread(void *arg)
{
	struct seen s;

	(void)arg;
	pthread_mutex_lock(&wd_lock);
	while (!wd_ending) {
		if (!wd_asked) {
			pthread_cond_wait(&wd_cv, &wd_lock);
			continue;
		}
		pthread_mutex_unlock(&wd_lock);
		s = look();
		pthread_mutex_lock(&wd_lock);
		wd_seen = s;
		wd_asked = false;
	}
	wd_gone = true;
	pthread_cond_broadcast(&wd_cv);
	pthread_mutex_unlock(&wd_lock);
}

/* ---- main's --------------------------------------------------------- */

/* Microseconds between two ticks; 0: nobody wants to hear of this process. */
static uint64_t
period(void)
{
	const char *const usec = getenv("WATCHDOG_USEC");
	const char *const pid = getenv("WATCHDOG_PID");
	uint64_t us;

	if (getenv("NOTIFY_SOCKET") == NULL || usec == NULL ||
	    (pid != NULL && atol(pid) != (long)getpid()))
		return 0;
	us = strtoull(usec, NULL, 10) / 3;
	if (us == 0)
		return 0;
	return us < TICK_MIN ? TICK_MIN : us > TICK_MAX ? TICK_MAX : us;
}

/* A timer of this period, or -1 with errno. */
static int
timer(uint64_t us)
{
	const struct timespec ts = { .tv_sec = (time_t)(us / 1000000),
	    .tv_nsec = (long)(us % 1000000) * 1000 };
	const struct itimerspec its = { .it_interval = ts, .it_value = ts };
	int error, fd;

	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd == -1 || timerfd_settime(fd, 0, &its, NULL) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void
ask(void)
{

	front_ping();
	pthread_mutex_lock(&wd_lock);
	wd_asked = true;
	pthread_cond_broadcast(&wd_cv);
	pthread_mutex_unlock(&wd_lock);
}

/* A thread of before, which was stuck, may be about to leave wd_cv. */
static void
begin(void)
{
	static bool made;
	pthread_condattr_t attr;

	pthread_mutex_lock(&wd_lock);
	if (!made) {
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_cond_init(&wd_cv, &attr);
		pthread_condattr_destroy(&attr);
		made = true;
	}
	wd_asked = wd_ending = wd_gone = false;
	pthread_mutex_unlock(&wd_lock);
	wd_told = false;
	wd_status[0] = '\0';
}

int
watchdog_start(void)
{
	const uint64_t us = period();
	int error;

	if (us == 0)
		return -1;
	begin();
	wd_timer = timer(us);
	error = wd_timer == -1 ? errno :
	    hyp_thread_create("watchdog", watchdog_thread, NULL, NULL);
	if (error == 0) {
		ask();
		return wd_timer;
	}
	host_logf(HYP_LOG_ERR, "watchdog: %s", strerror(error));
	if (wd_timer != -1)
		close(wd_timer);
	wd_timer = -1;
	return -1;
}

static void
tell_status(unsigned claims, const struct seen *s)
{
	char text[sizeof(wd_status)];

	snprintf(text, sizeof(text), "STATUS=%u claim%s; %u node%s, %u with "
	    "hardware, %u open", claims, claims == 1 ? "" : "s", s->s_nodes,
	    s->s_nodes == 1 ? "" : "s", s->s_attached, s->s_opens);
	if (strcmp(text, wd_status) == 0)
		return;
	strcpy(wd_status, text);
	daemon_notify(text);
}

bool
watchdog_dispatch(unsigned claims)
{
	const bool front = front_pong();
	struct seen s;
	uint64_t n;
	bool kernel;

	if (read(wd_timer, &n, sizeof(n)) != (ssize_t)sizeof(n))
		return false;
	pthread_mutex_lock(&wd_lock);
	kernel = !wd_asked;
	s = wd_seen;
	pthread_mutex_unlock(&wd_lock);
	if (!front || !kernel) {
		if (!wd_told)
			host_logf(HYP_LOG_ERR, "watchdog: no answer from %s",
			    !front && !kernel ? "the front end and the kernel "
			    "side" : !front ? "the front end" :
			    "the kernel side");
		wd_told = true;
		return false;
	}
	if (wd_told)
		host_logf(HYP_LOG_NOTICE, "watchdog: the answer has come");
	wd_told = false;
	daemon_notify("WATCHDOG=1");
	tell_status(claims, &s);
	ask();
	return true;
}

void
watchdog_stop(void)
{
	struct timespec until;

	if (wd_timer == -1)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_TIME;
	pthread_mutex_lock(&wd_lock);
	wd_ending = true;
	pthread_cond_broadcast(&wd_cv);
	while (!wd_gone && pthread_cond_timedwait(&wd_cv, &wd_lock,
	    &until) != ETIMEDOUT)
		continue;
	pthread_mutex_unlock(&wd_lock);
	close(wd_timer);
	wd_timer = -1;
}
