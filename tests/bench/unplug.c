/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unplug.c - how long after an unplug does a blocked read return?
 *
 *	unplug NODE FAR UDCFILE
 *
 * NODE is a serial adapter that is a gadget of configfs, UDCFILE the gadget's
 * file "UDC" and FAR its far end, which is held open.  A thread reads NODE;
 * when the kernel says that it sleeps in read(2) the gadget is unplugged, by
 * a write to UDCFILE.  Prints the microseconds from just before that write to
 * the return of the read, and what the read returned.  The gadget stays
 * unplugged.
 *
 * Two threads and no lock: the reader writes r_* and ends, then main reads.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/h_bench.h"

struct reader {
	int		r_fd;
	_Atomic pid_t	r_tid;
	double		r_when;
	ssize_t		r_n;
	int		r_errno;
};

static void *
reader(void *arg)
{
	struct reader *r = arg;
	char buf[64];

	atomic_store(&r->r_tid, (pid_t)syscall(SYS_gettid));
	r->r_n = read(r->r_fd, buf, sizeof(buf));
	r->r_when = b_now();
	r->r_errno = errno;
	return NULL;
}

/* Does the thread sleep in read(2)?  /proc says "running" or the number. */
static int
reads(pid_t tid)
{
	char path[64], text[16] = "";
	FILE *f;
	int is;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", tid);
	if ((f = fopen(path, "r")) == NULL)
		b_die(path);
	is = fscanf(f, "%15s", text) == 1 && strcmp(text, "0") == 0;
	fclose(f);
	return is;
}

/* Until it has been seen there 20 times in a row, 10 ms apart. */
static void
wait_blocked(struct reader *r)
{
	int quiet = 0;

	for (int i = 0; quiet < 20; i++) {
		if (i == 2000) {
			errno = ETIMEDOUT;
			b_die("the read does not block");
		}
		usleep(10000);
		quiet = atomic_load(&r->r_tid) != 0 && reads(r->r_tid) ?
		    quiet + 1 : 0;
	}
}

int
main(int argc, char **argv)
{
	struct reader r = { .r_fd = -1 };
	pthread_t thread;
	double begin;
	int farfd, udc;

	if (argc != 4) {
		fprintf(stderr, "usage: unplug NODE FAR UDCFILE\n");
		return 2;
	}
	farfd = b_tty(argv[2]);
	r.r_fd = b_tty(argv[1]);
	if ((udc = open(argv[3], O_WRONLY | O_CLOEXEC)) == -1)
		b_die(argv[3]);
	if ((errno = pthread_create(&thread, NULL, reader, &r)) != 0)
		b_die("pthread_create");
	wait_blocked(&r);
	begin = b_now();
	b_write(udc, "\n", 1);
	pthread_join(thread, NULL);
	printf("%.1f %s\n", r.r_when - begin, r.r_n == -1 ?
	    strerrorname_np(r.r_errno) : r.r_n == 0 ? "0" : "data");
	close(udc);
	close(r.r_fd);
	close(farfd);
	return r.r_n > 0;
}
