/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk.c - what may have to wait for a disk, on a thread of its own.
 *
 * Model
 *	A disk that is full says so at once, but one that is broken, or a server
 *	that is away, keeps whoever writes to it, and nothing can end that.  The
 *	loop must not be who waits; so there is one thread, which does jobs in
 *	the order in which they come:
 *
 *	    loop				thread
 *	    disk_run(job) -- jobs -->		jb_do(job)
 *	    jb_done(job)  <-- done, a byte in the pipe --
 *
 *	One thread for all logs, as there may be hundreds of them: a disk that
 *	hangs keeps the logs of other disks waiting, which their queues (log.c)
 *	bear for a while; then they lose bytes, and count them.  No session
 *	waits for anything.
 *
 *	How many jobs there are at one time is the callers' to limit: a log has
 *	two, a download one.
 *
 *	At the end there is DISK_END ms for what is still to be done.  If the
 *	disk hangs then the thread is left alone with its jobs, and the program
 *	ends.
 *
 * Locks
 *	disk_lock	both queues; disk_cv when jobs or disk_ends changes.
 */
#include <event2/event.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/gateway.h"

STAILQ_HEAD(job_head, job);

static pthread_mutex_t disk_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t disk_cv = PTHREAD_COND_INITIALIZER;
static struct job_head disk_jobs = STAILQ_HEAD_INITIALIZER(disk_jobs);
static struct job_head disk_done = STAILQ_HEAD_INITIALIZER(disk_done);
static bool disk_ends;
static bool disk_ended;			/* the thread has */
static bool disk_runs;			/* there is a thread; the loop's */
static pthread_t disk_thread;
static int disk_pipe[2] = { -1, -1 };
static struct event *disk_event;

/* ---- the thread ----------------------------------------------------- */

static void *
work(void *arg)
{
	struct job *jb;

	(void)arg;
	pthread_mutex_lock(&disk_lock);
	for (;;) {
		while ((jb = STAILQ_FIRST(&disk_jobs)) == NULL && !disk_ends)
			pthread_cond_wait(&disk_cv, &disk_lock);
		if (jb == NULL)
			break;
		STAILQ_REMOVE_HEAD(&disk_jobs, jb_entry);
		pthread_mutex_unlock(&disk_lock);
		jb->jb_do(jb);
		pthread_mutex_lock(&disk_lock);
		STAILQ_INSERT_TAIL(&disk_done, jb, jb_entry);
		/* A pipe that is full has been told already. */
		(void)!write(disk_pipe[1], "", 1);
	}
	disk_ended = true;
	pthread_cond_broadcast(&disk_cv);
	pthread_mutex_unlock(&disk_lock);
	return NULL;
}

/* Signals are the loop's.  false: there is no thread. */
static bool
start(void)
{
	sigset_t all, before;

	if (disk_runs)
		return true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	disk_runs = pthread_create(&disk_thread, NULL, work, NULL) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (disk_runs)
		(void)pthread_setname_np(disk_thread, "disk");
	return disk_runs;
}

/* ---- the loop ------------------------------------------------------- */

static void
finish(void)
{
	struct job_head done = STAILQ_HEAD_INITIALIZER(done);
	struct job *jb;

	pthread_mutex_lock(&disk_lock);
	STAILQ_CONCAT(&done, &disk_done);
	pthread_mutex_unlock(&disk_lock);
	while ((jb = STAILQ_FIRST(&done)) != NULL) {
		STAILQ_REMOVE_HEAD(&done, jb_entry);
		jb->jb_done(jb);
	}
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
	char bytes[256];

	(void)what;
	(void)arg;
	while (read(fd, bytes, sizeof(bytes)) > 0)
		continue;
	finish();
}

/*
 * disk_run(job)
 *
 *	It is done later, and jb_done called from the loop, in any case but that
 *	the program ends before.  If there can be no thread, that is jb_done
 *	without jb_do.
 */
void
disk_run(struct job *jb)
{
	const bool runs = start();

	pthread_mutex_lock(&disk_lock);
	if (runs)
		STAILQ_INSERT_TAIL(&disk_jobs, jb, jb_entry);
	else {
		STAILQ_INSERT_TAIL(&disk_done, jb, jb_entry);
		(void)!write(disk_pipe[1], "", 1);
	}
	pthread_cond_broadcast(&disk_cv);
	pthread_mutex_unlock(&disk_lock);
}

/* Once, before the first job.  false: no memory. */
bool
disk_begin(struct event_base *base)
{

	if (pipe2(disk_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		return false;
	disk_event = event_new(base, disk_pipe[0], EV_READ | EV_PERSIST,
	    on_done, NULL);
	return disk_event != NULL && event_add(disk_event, NULL) == 0;
}

/*
 * disk_end(ms)
 *
 *	Do what is left, in so much time, and no more.  The loop runs no longer.
 */
void
disk_end(unsigned ms)
{
	struct timespec until;
	bool ended;

	if (disk_event != NULL)
		event_free(disk_event);
	disk_event = NULL;
	if (!disk_runs) {
		finish();
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	pthread_mutex_lock(&disk_lock);
	disk_ends = true;
	pthread_cond_broadcast(&disk_cv);
	while (!disk_ended) {
		if (pthread_cond_clockwait(&disk_cv, &disk_lock,
		    CLOCK_MONOTONIC, &until) != 0)
			break;
	}
	ended = disk_ended;
	pthread_mutex_unlock(&disk_lock);
	if (!ended) {
		say("a disk hangs; what is not written yet is lost");
		return;
	}
	(void)pthread_join(disk_thread, NULL);
	finish();
}
