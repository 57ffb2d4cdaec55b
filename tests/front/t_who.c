/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_who.c - who has a node open, as front.h tells: what a file remembers of
 * its opener, which calls run on it, whether it is dead; and that looking at a
 * file neither lets it go nor keeps its close from the driver.
 */
#undef NDEBUG
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "h_front.h"
#include "hyp/hyp.h"

#define	MINOR	7	/* of front_up's node */
#define	READS	(1U << 1)
#define	OPENS	(1U << 0)

static bool
look(uint64_t *below, struct front_fileinfo *fo)
{

	memset(fo, 0, sizeof(*fo));
	return front_file_next(MINOR, below, fo);
}

/* Opened by a thread whose ID is not the process's. */
static void
open_as_thread(void *arg)
{

	(void)prctl(PR_SET_NAME, "a) thread\n");
	kern_as(kern, 42, 43, (unsigned)syscall(SYS_gettid));
	*(uint64_t *)arg = kern_opened(kern, O_RDWR);
}

static void
a_file_remembers_its_opener(void)
{
	uint64_t below = UINT64_MAX, fh;
	struct front_fileinfo fo;
	char name[32];

	front_up(0);
	t_join(t_spawn(open_as_thread, &fh));
	T_CHECK(look(&below, &fo));
	T_EQ(fo.fo_pid, getpid());
	T_EQ(fo.fo_uid, 42);
	T_EQ(fo.fo_gid, 43);
	T_CHECK(strcmp(fo.fo_command, "a) thread\\n") == 0);
	T_CHECK((uint64_t)time(NULL) - fo.fo_time / 1000000000 <= 5);
	T_CHECK(!fo.fo_stale && !fo.fo_opening);
	T_EQ(fo.fo_calls, 0);
	/* The process's own name, now. */
	T_CHECK(front_file_command(&fo));
	(void)prctl(PR_GET_NAME, name);
	T_CHECK(strcmp(fo.fo_command, "t_who") == 0 ||
	    strcmp(fo.fo_command, name) == 0);
	T_CHECK(!look(&below, &fo));
	kern_released(kern, fh);
	below = UINT64_MAX;
	T_CHECK(!look(&below, &fo));
	front_down();
}

/* A process ID means another process if that began after the open. */
static void
an_id_that_is_used_again(void)
{
	struct front_fileinfo fo;
	struct timespec now;
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	memset(&fo, 0, sizeof(fo));
	fo.fo_pid = pid;
	strcpy(fo.fo_command, "old");
	T_CHECK(!front_file_command(&fo));
	T_CHECK(strcmp(fo.fo_command, "old") == 0);
	clock_gettime(CLOCK_BOOTTIME, &now);
	fo.fo_boottime = (uint64_t)(now.tv_sec + 1) * 1000000000;
	T_CHECK(front_file_command(&fo));
	T_CHECK(strcmp(fo.fo_command, "old") != 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	strcpy(fo.fo_command, "old");
	T_CHECK(!front_file_command(&fo));
	T_CHECK(strcmp(fo.fo_command, "old") == 0);
}

static void
newest_first(void)
{
	uint64_t below = UINT64_MAX, fh[3];
	struct front_fileinfo fo;

	front_up(0);
	for (unsigned i = 0; i < 3; i++) {
		kern_as(kern, i, 0, (unsigned)getpid());
		fh[i] = kern_opened(kern, O_RDWR);
	}
	for (unsigned i = 3; i-- > 0;) {
		T_CHECK(look(&below, &fo));
		T_EQ(fo.fo_uid, i);
	}
	T_CHECK(!look(&below, &fo));
	kern_released(kern, fh[1]);
	below = UINT64_MAX;
	T_CHECK(look(&below, &fo) && fo.fo_uid == 2);
	T_CHECK(look(&below, &fo) && fo.fo_uid == 0);
	T_CHECK(!look(&below, &fo));
	kern_released(kern, fh[0]);
	kern_released(kern, fh[2]);
	front_down();
}

static void
calls_that_run(void)
{
	struct front_fileinfo fo, waiting[4];
	uint64_t below = UINT64_MAX, fh, other, read, open;
	struct kern_reply r;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	other = kern_opened(kern, O_RDWR);
	read = kern_read(kern, fh, 10, 0, 0);
	wait_asleep(1);
	T_CHECK(look(&below, &fo));
	T_EQ(fo.fo_calls, 0);
	T_CHECK(look(&below, &fo));
	T_EQ(fo.fo_calls, READS);
	T_EQ(front_openers(MINOR, waiting, 4), 0);
	hk.open_mode = HK_SLEEP;
	kern_as(kern, 44, 0, (unsigned)getpid());
	open = kern_open(kern, O_RDWR);
	wait_asleep(2);
	T_EQ(front_openers(MINOR, waiting, 4), 1);
	T_EQ(waiting[0].fo_uid, 44);
	T_CHECK(waiting[0].fo_opening);
	T_EQ(waiting[0].fo_calls, OPENS);
	kern_interrupt(kern, open);
	T_EQ(kern_wait(kern, open, &r), EINTR);
	hk_feed(node, 1);
	T_EQ(kern_wait(kern, read, &r), 0);
	kern_released(kern, fh);
	kern_released(kern, other);
	front_down();
}

static void
dead_files(void)
{
	uint64_t below = UINT64_MAX, fh;
	struct front_fileinfo fo;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.revents = HYP_POLLERR | HYP_POLLHUP;
	T_CHECK(look(&below, &fo) && fo.fo_stale);
	hk.revents = 0;
	below = UINT64_MAX;
	T_CHECK(look(&below, &fo) && !fo.fo_stale);
	kern_released(kern, fh);
	front_down();
}

static atomic_bool looked;

static void
look_once(void *arg)
{
	uint64_t below = UINT64_MAX;
	struct front_fileinfo fo;

	(void)arg;
	T_CHECK(look(&below, &fo));
	looked = true;
}

/* K's double asserts that nothing is in a file that is closed. */
static void
a_close_waits_for_who_looks(void)
{
	struct t_thread *t;
	uint64_t fh, close, again;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	looked = false;
	hk.poll_mode = HK_DEAF;
	t = t_spawn(look_once, NULL);
	wait_asleep(1);
	close = kern_release(kern, fh);
	/* Others are served meanwhile. */
	again = kern_opened(kern, O_RDWR);
	t_msleep(50);
	T_EQ(hk.closing, 0);
	T_CHECK(!looked);
	hk_release();
	t_join(t);
	T_EQ(kern_wait(kern, close, NULL), 0);
	T_CHECK(looked);
	hk.poll_mode = HK_NORMAL;
	kern_released(kern, again);
	front_down();
}

/* A driver that never comes back from it: the client does, at the deadline. */
static void
a_look_that_does_not_end(void)
{
	unsigned zombies = 1;
	struct t_thread *t;
	uint64_t fh, close;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.poll_mode = HK_DEAF;
	t = t_spawn(look_once, NULL);
	wait_asleep(1);
	close = kern_release(kern, fh);
	T_EQ(kern_wait(kern, close, NULL), EINTR);
	T_UNTIL(front_has_zombies, &zombies);
	hk_release();
	t_join(t);
	zombies = 0;
	T_UNTIL(front_has_zombies, &zombies);
	front_down();
}

static char told[256];

static void
tell(enum front_event event, const struct front_nodeinfo *ni,
    const struct front_fileinfo *fo)
{
	const size_t n = strlen(told);

	snprintf(told + n, sizeof(told) - n, "%d %s %u %d\n", (int)event,
	    ni->fi_name, (unsigned)ni->fi_minor,
	    fo != NULL ? (int)fo->fo_uid : -1);
}

static void
opens_and_closes_are_told(void)
{
	struct front_config fc;
	uint64_t fh;

	memset(&fc, 0, sizeof(fc));
	fc.event = tell;
	front_up_with(&fc);
	told[0] = '\0';
	kern_as(kern, 9, 0, (unsigned)getpid());
	fh = kern_opened(kern, O_RDWR);
	T_CHECK(strcmp(told, "0 ttyX0 7 9\n") == 0);
	kern_released(kern, fh);
	T_CHECK(strcmp(told, "0 ttyX0 7 9\n1 ttyX0 7 9\n") == 0);
	hk.error = EIO;
	T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), NULL), EIO);
	T_CHECK(strcmp(told, "0 ttyX0 7 9\n1 ttyX0 7 9\n") == 0);
	hk.error = 0;
	hyp_node_stuck(nodehost);
	T_CHECK(strstr(told, "2 ttyX0 7 -1\n") != NULL);
	front_down();
}

const struct t_case t_cases[] = {
	{ "a file remembers its opener", a_file_remembers_its_opener },
	{ "an ID that is used again is not him", an_id_that_is_used_again },
	{ "the newest comes first", newest_first },
	{ "calls that run, and opens that wait", calls_that_run },
	{ "a dead file is stale", dead_files },
	{ "a close waits for who looks at the file",
	    a_close_waits_for_who_looks },
	{ "a look that does not end holds up no client",
	    a_look_that_does_not_end },
	{ "opens and closes are told", opens_and_closes_are_told },
	{ NULL, NULL },
};
