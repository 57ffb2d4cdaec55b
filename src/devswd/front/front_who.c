/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_who.c - who has a node open, and what they do with it, for devswctl(8).
 *
 * Model
 *	A file remembers who opened it: process, user and time, and the name of
 *	the thread.  The protocol brings the thread's ID; which process that
 *	is can be asked only while it waits in open(2).  What the process is
 *	called when somebody asks is looked up then, as a shell opens a file
 *	first and becomes the program afterwards; if the process that has the
 *	ID now began after the open, it is another one.
 *
 *	Whether a file is dead only K knows: its poll says POLLERR, or POLLHUP
 *	(of FreeBSD's), which a living terminal without carrier says too but
 *	answers an ioctl.  To ask, the file must stay: who looks at it counts
 *	in ff_peeks, and its close waits for them, after it has its deadline
 *	and the helm may go to another thread.
 *
 *	who looks			close
 *	fl_lock: it is in the list
 *	  ff_peeks++
 *					fl_lock: out of the list
 *	hyp_file_poll			ff_peeks != 0: waits
 *	fl_lock: ff_peeks--
 *					hyp_file_close
 *
 *	So no reference is taken: with one, the close would be answered before
 *	the driver knows of it, and an open right after it find the device
 *	busy.
 *
 * Locks
 *	fl_lock; none while K is asked, and while a line is asked for no sleep
 *	of K's that could be interrupted lasts.
 */
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

#define	NSEC_PER_SEC	UINT64_C(1000000000)
#define	STAT_START	20	/* fields of /proc/PID/stat behind the name */

static const char *const call_names[] = { FRONT_CALLS };
_Static_assert(sizeof(call_names) / sizeof(call_names[0]) == FRONT_NCALLS &&
    FRONT_RELEASE == FRONT_NCALLS - 1, "names of enum front_op");

static uint64_t
clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* The first bytes of a file of /proc/pid, as a string; false: none. */
static bool
read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/*
 * front_who(ff)
 *
 *	Note who opens the file.  While he waits; ff_cred is known.
 */
void
front_who(struct front_file *ff)
{
	struct front_fileinfo *const fo = &ff->ff_info;
	const char *at;
	char buf[256];

	fo->fo_pid = ff->ff_cred.hc_pid;
	fo->fo_uid = ff->ff_cred.hc_uid;
	fo->fo_gid = ff->ff_cred.hc_gid;
	fo->fo_time = clock_ns(CLOCK_REALTIME);
	fo->fo_boottime = clock_ns(CLOCK_BOOTTIME);
	if (fo->fo_pid == 0 ||
	    !read_proc(fo->fo_pid, "status", buf, sizeof(buf)))
		return;
	/* The first line, in which a newline is "\n", is the name. */
	if (strncmp(buf, "Name:\t", 6) == 0)
		snprintf(fo->fo_command, sizeof(fo->fo_command), "%.*s",
		    (int)strcspn(buf + 6, "\n"), buf + 6);
	at = strstr(buf, "\nTgid:");
	if (at != NULL && atoi(at + 6) > 0)
		fo->fo_pid = atoi(at + 6);
}

/* When the process began, in clock ticks since boot; 0: not known. */
static uint64_t
began(pid_t pid)
{
	char buf[1024], *at;
	int i;

	/* A name may have anything in it, and be the only thing that does. */
	if (!read_proc(pid, "stat", buf, sizeof(buf)) ||
	    (at = strrchr(buf, ')')) == NULL)
		return 0;
	for (i = 0; i < STAT_START && at != NULL; i++)
		at = strchr(at + 1, ' ');
	return at != NULL ? strtoull(at, NULL, 10) : 0;
}

bool
front_file_command(struct front_fileinfo *fo)
{
	const uint64_t tick = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	char name[sizeof(fo->fo_command)];
	uint64_t start;

	if (fo->fo_pid == 0)
		return true;	/* nobody knows */
	start = began(fo->fo_pid);
	if (start == 0 || start > fo->fo_boottime / tick)
		return false;
	if (read_proc(fo->fo_pid, "comm", name, sizeof(name)) &&
	    began(fo->fo_pid) == start) {
		name[strcspn(name, "\n")] = '\0';
		strcpy(fo->fo_command, name);
	}
	return true;
}

/* ---- looking at files ----------------------------------------------- */

/* fl_lock held. */
static struct front_chan *
chan_of(uint32_t minor)
{
	struct front_node *fn;

	LIST_FOREACH(fn, &front.fl_nodes, fn_list) {
		if (fn->fn_minor == minor)
			return fn->fn_chan;
	}
	return NULL;
}

/* The newest file below a number, which is looked at from now on; or NULL. */
static struct front_file *
peek_begin(uint32_t minor, uint64_t below, struct front_fileinfo *fo)
{
	struct front_file *ff = NULL;
	struct front_chan *fc;

	pthread_mutex_lock(&front.fl_lock);
	fc = chan_of(minor);
	if (fc != NULL) {
		LIST_FOREACH(ff, &fc->fc_files, ff_list) {
			if (ff->ff_number < below)
				break;
		}
	}
	if (ff != NULL) {
		ff->ff_peeks++;
		*fo = ff->ff_info;
		fo->fo_calls = front_calls_of(ff);
	}
	pthread_mutex_unlock(&front.fl_lock);
	return ff;
}

static void
peek_end(struct front_file *ff)
{

	pthread_mutex_lock(&front.fl_lock);
	if (--ff->ff_peeks == 0)
		pthread_cond_broadcast(&front.fl_cond);
	pthread_mutex_unlock(&front.fl_lock);
}

/*
 * front_file_unseen(ff)
 *
 *	Wait until nobody looks at the file, which is in no list any more.
 */
void
front_file_unseen(struct front_file *ff)
{

	pthread_mutex_lock(&front.fl_lock);
	while (ff->ff_peeks != 0)
		pthread_cond_wait(&front.fl_cond, &front.fl_lock);
	pthread_mutex_unlock(&front.fl_lock);
}

static struct hyp_lwp *
look_enter(void)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	struct hyp_lwp *const l = hyp_lwp_enter(&root);

	hyp_lwp_nosleep(l);
	return l;
}

/* errno: an ioctl that only asks; out has room for what it answers. */
static int
ask(struct front_file *ff, uint32_t cmd, void *out, size_t size)
{
	size_t in, outsize, outoff;
	int error, result;

	error = hyp_ioctl_size(cmd, &in, &outsize, &outoff);
	if (error != 0 || in != 0 || outsize > size)
		return error != 0 ? error : EINVAL;
	return hyp_file_ioctl(ff->ff_file, cmd, 0, NULL, 0, out, &outsize,
	    &result);
}

static bool
is_stale(struct front_file *ff)
{
	const uint32_t revents = hyp_file_poll(ff->ff_file, 0, 0);
	struct termios2 t;
	int error;

	if ((revents & (HYP_POLLERR | HYP_POLLHUP)) != HYP_POLLHUP)
		return (revents & HYP_POLLERR) != 0;
	error = ask(ff, TCGETS2, &t, sizeof(t));
	return error == EBADF || error == EIO;
}

bool
front_file_next(uint32_t minor, uint64_t *below, struct front_fileinfo *fo)
{
	struct front_file *ff;
	struct hyp_lwp *l;

	ff = peek_begin(minor, *below, fo);
	if (ff == NULL)
		return false;
	*below = ff->ff_number;
	l = look_enter();
	fo->fo_stale = is_stale(ff);
	hyp_lwp_exit(l);
	peek_end(ff);
	return true;
}

unsigned
front_openers(uint32_t minor, struct front_fileinfo *fo, unsigned max)
{
	struct front_chan *fc;
	unsigned n = 0;

	pthread_mutex_lock(&front.fl_lock);
	fc = chan_of(minor);
	for (; fc != NULL && n < max && front_opening(fc, n, &fo[n]) != NULL;
	    n++) {
		fo[n].fo_opening = true;
		fo[n].fo_calls = 1U << FRONT_OPEN;
	}
	pthread_mutex_unlock(&front.fl_lock);
	return n;
}

/*
 * The speed that was asked for, if c_cflag names it; the other fields have what
 * the hardware makes of it.
 */
static uint32_t
named_speed(const struct termios2 *t)
{
	static const struct {
		tcflag_t	code;
		uint32_t	speed;
	} names[] = {
		{ B50, 50 },		{ B75, 75 },
		{ B110, 110 },		{ B134, 134 },
		{ B150, 150 },		{ B200, 200 },
		{ B300, 300 },		{ B600, 600 },
		{ B1200, 1200 },	{ B1800, 1800 },
		{ B2400, 2400 },	{ B4800, 4800 },
		{ B9600, 9600 },	{ B19200, 19200 },
		{ B38400, 38400 },	{ B57600, 57600 },
		{ B115200, 115200 },	{ B230400, 230400 },
		{ B460800, 460800 },	{ B500000, 500000 },
		{ B576000, 576000 },	{ B921600, 921600 },
		{ B1000000, 1000000 },	{ B1152000, 1152000 },
		{ B1500000, 1500000 },	{ B2000000, 2000000 },
		{ B2500000, 2500000 },	{ B3000000, 3000000 },
		{ B3500000, 3500000 },	{ B4000000, 4000000 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((t->c_cflag & CBAUD) == names[i].code)
			return names[i].speed;
	}
	return t->c_ospeed;
}

bool
front_node_line(uint32_t minor, struct front_line *line)
{
	struct front_fileinfo fo;
	struct front_file *ff;
	struct termios2 t;
	struct hyp_lwp *l;
	bool got;

	/* The newest is alive if any is. */
	ff = peek_begin(minor, UINT64_MAX, &fo);
	if (ff == NULL)
		return false;
	l = look_enter();
	got = ask(ff, TCGETS2, &t, sizeof(t)) == 0;
	if (got && ask(ff, TIOCMGET, &line->fi_modem,
	    sizeof(line->fi_modem)) != 0)
		line->fi_modem = -1;
	line->fi_counted = got && ask(ff, TIOCGICOUNT, &line->fi_counts,
	    sizeof(line->fi_counts)) == 0;
	hyp_lwp_exit(l);
	peek_end(ff);
	if (got) {
		line->fi_cflag = t.c_cflag;
		line->fi_iflag = t.c_iflag;
		line->fi_lflag = t.c_lflag;
		line->fi_ospeed = named_speed(&t);
		line->fi_rate = t.c_ospeed;
	}
	return got;
}

/* ---- telling -------------------------------------------------------- */

/*
 * front_tell(event, fn, ff)
 *
 *	Let who wants to know, know.  No lock held; does not sleep.
 */
void
front_tell(enum front_event event, const struct front_node *fn,
    const struct front_file *ff)
{
	struct front_nodeinfo fi;

	if (front.fl_config.event == NULL)
		return;
	fi.fi_node = fn->fn_node;
	fi.fi_minor = fn->fn_minor;
	snprintf(fi.fi_name, sizeof(fi.fi_name), "%s", fn->fn_name);
	(*front.fl_config.event)(event, &fi, ff != NULL ? &ff->ff_info : NULL);
}
