/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * download.c - files of a log, sent to who asks for them by HTTP.
 *
 * Model
 *	The path is the configuration's (web.c); the file is opened and read by
 *	the disk's thread (disk.c), a piece at a time, when the one before has
 *	been sent: so neither the disk nor who reads slowly holds up anything,
 *	and there is one piece of each in memory.
 *
 *	    OPENING --> answered: its length is that of this moment
 *	       |            |
 *	       | 404        v
 *	       |         READING --> SENDING --> READING ... --> CLOSING --> freed
 *	       +------------------------------------------------^
 *
 *	A file that becomes FILE.1 meanwhile is read on.  If it is shorter than
 *	it was the connection ends before the length that was said.
 *
 *	There are DOWNLOADS at one time.  Who takes nothing for SEND_S loses the
 *	connection; and who has had a piece for longer than PIECE_S, if somebody
 *	else wants his place: so a slow line may take its time while there is
 *	room, and bytes that are taken one by one hold no place.
 *
 * A job in the thread has the download until it is done; d_gone says that
 * nobody wants it any more.
 */
#include <sys/stat.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/disk.h"
#include "gateway/gateway.h"
#include "gateway/http.h"

#define	DOWNLOADS	4
#define	PIECE		65536
#define	SEND_S		60
#define	PIECE_S		20	/* some 3 KiB/s */

struct download {
	struct job	 d_job;		/* the first: a job is its download */
	LIST_ENTRY(download) d_entry;
	struct http_request *d_request;	/* until it is answered; or NULL */
	struct bufferevent *d_bev;	/* from then on */
	char		 d_path[160];
	char		 d_name[48];	/* for who saves it */
	int		 d_fd;
	uint64_t	 d_left;	/* bytes to be read */
	ssize_t		 d_got;
	time_t		 d_since;	/* that piece, or the answer, is sent */
	bool		 d_busy;	/* a job is under way */
	bool		 d_gone;
	bool		 d_closes;
	char		 d_bytes[PIECE];
};

static LIST_HEAD(, download) downloads = LIST_HEAD_INITIALIZER(downloads);
static unsigned ndownloads;

/* ---- on the disk's thread ------------------------------------------- */

static void
do_open(struct job *jb)
{
	struct download *const d = (struct download *)(void *)jb;
	struct stat st;

	d->d_fd = open(d->d_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK | O_NOCTTY);
	if (d->d_fd != -1 && fstat(d->d_fd, &st) == 0 && S_ISREG(st.st_mode)) {
		d->d_left = (uint64_t)st.st_size;
		return;
	}
	if (d->d_fd != -1)
		close(d->d_fd);
	d->d_fd = -1;
}

static void
do_read(struct job *jb)
{
	struct download *const d = (struct download *)(void *)jb;

	d->d_got = read(d->d_fd, d->d_bytes, d->d_left < PIECE ?
	    (size_t)d->d_left : PIECE);
}

static void
do_close(struct job *jb)
{
	struct download *const d = (struct download *)(void *)jb;

	if (d->d_fd != -1)
		close(d->d_fd);
	d->d_fd = -1;
}

/* ---- in the loop ---------------------------------------------------- */

static time_t
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void
run(struct download *d, void (*what)(struct job *))
{

	d->d_busy = true;
	d->d_job.jb_do = what;
	disk_run(&d->d_job);
}

static void
download_free(struct download *d)
{

	LIST_REMOVE(d, d_entry);
	ndownloads--;
	if (d->d_request != NULL)
		http_answer(d->d_request, 404, NULL, NULL, NULL);
	if (d->d_bev != NULL)
		bufferevent_free(d->d_bev);
	free(d);
}

/* Nobody wants it any more. */
static void
end(struct download *d)
{

	if (d->d_bev != NULL)
		bufferevent_free(d->d_bev);
	d->d_bev = NULL;
	d->d_gone = true;
	if (d->d_busy)
		return;			/* done() goes on */
	d->d_closes = true;
	run(d, do_close);
}

/* SENDING: all of the piece is with the kernel. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct download *const d = arg;

	if (d->d_busy || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return;
	if (d->d_left > 0)
		run(d, do_read);
	else
		end(d);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{

	(void)bev;
	(void)what;
	end(arg);
}

/* All places are taken: the one that has its piece for the longest goes. */
static void
make_room(void)
{
	struct download *d, *slowest = NULL;

	LIST_FOREACH(d, &downloads, d_entry) {
		if (d->d_bev != NULL && !d->d_busy && (slowest == NULL ||
		    d->d_since < slowest->d_since))
			slowest = d;
	}
	if (slowest != NULL && now() - slowest->d_since > PIECE_S)
		end(slowest);
}

static void
answer(struct download *d)
{
	static const struct timeval limit = { SEND_S, 0 };
	struct http_request *const rq = d->d_request;
	char more[128];

	d->d_request = NULL;
	snprintf(more, sizeof(more), "Content-Disposition: attachment; "
	    "filename=\"%s\"\r\n", d->d_name);
	d->d_bev = http_stream(rq, "application/octet-stream", more,
	    (unsigned long long)d->d_left);
	if (d->d_bev == NULL) {
		end(d);
		return;
	}
	d->d_since = now();
	bufferevent_setcb(d->d_bev, NULL, on_write, on_event, d);
	bufferevent_set_timeouts(d->d_bev, NULL, &limit);
	/* Its end is seen by writing; nothing is to be read. */
	(void)bufferevent_enable(d->d_bev, EV_WRITE);
}

static void
done(struct job *jb)
{
	struct download *const d = (struct download *)(void *)jb;

	d->d_busy = false;
	if (d->d_closes || (d->d_gone && d->d_fd == -1))
		download_free(d);
	else if (d->d_gone)
		end(d);
	else if (d->d_bev == NULL && (d->d_request == NULL || d->d_fd == -1)) {
		if (d->d_request != NULL)
			http_answer(d->d_request, 404, NULL, NULL, NULL);
		d->d_request = NULL;
		end(d);
	} else if (d->d_bev == NULL)
		answer(d);
	else if (d->d_got <= 0 || bufferevent_write(d->d_bev, d->d_bytes,
	    (size_t)d->d_got) == -1)
		end(d);
	else {
		d->d_left -= (uint64_t)d->d_got;
		d->d_since = now();
	}
}

/*
 * download(rq, path, name)
 *
 *	Answer with the file, some time; name is for who saves it.
 */
void
download(struct http_request *rq, const char *path, const char *name)
{
	struct download *const d = ndownloads >= DOWNLOADS ? NULL :
	    calloc(1, sizeof(*d));

	if (d == NULL) {
		make_room();		/* for when it asks again */
		http_answer(rq, 503, NULL, "Retry-After: 5\r\n", NULL);
		return;
	}
	d->d_fd = -1;
	d->d_job.jb_done = done;
	snprintf(d->d_path, sizeof(d->d_path), "%s", path);
	snprintf(d->d_name, sizeof(d->d_name), "%s", name);
	LIST_INSERT_HEAD(&downloads, d, d_entry);
	ndownloads++;
	http_wait(rq, &d->d_request);
	run(d, do_open);
}

/*
 * Neither loop nor thread runs any more; if the thread hangs, the one that it
 * has stays.
 */
void
downloads_end(void)
{
	struct download *d, *next;

	for (d = LIST_FIRST(&downloads); d != NULL; d = next) {
		next = LIST_NEXT(d, d_entry);
		d->d_request = NULL;
		if (d->d_bev != NULL)
			bufferevent_free(d->d_bev);
		d->d_bev = NULL;
		if (d->d_busy)
			continue;
		if (d->d_fd != -1)
			close(d->d_fd);
		download_free(d);
	}
}
