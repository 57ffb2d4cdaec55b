/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_torture_front: failures in turn of the front end: its system calls, its
 * threads, its memory (docs/testing.md).
 *
 * A day: the front end starts and makes a node; the file is opened, read from,
 * written to, polled with a notification, a read sleeps and is interrupted, one
 * does not end and is answered for by the watchdog; the kernel ends the
 * connection, and the node comes back; a user who may not open the node asks;
 * the front end stops.  The kernel's end of the channel and the kernel side
 * are those of tests/front.
 *
 * Whatever fails: every request is answered, once, but for those of a
 * connection that is over, and then the node comes back; who polls is told;
 * who may not open the node never can; the front end stops with no thread and
 * no descriptor left, and the next day is one like any other.  Where it cannot
 * go on it says why, in a line, and ends.
 */
#undef NDEBUG
#include <sys/stat.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/front.h"
#include "front/h_k.h"
#include "front/h_kern.h"
#include "h_test.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "torture/h_day.h"
#include "torture/h_fail.h"

#define	STRANGER	4242	/* a user who may not */
#define	KERNS		64
#define	WAIT_MS		10000

static struct kern *kerns[KERNS];	/* those that are not forgotten */
static unsigned nkerns;
static struct kern *_Atomic kern;	/* the node's last */
static struct kern *chan;		/* the client's */
static struct hyp_node *node;
static void *host;			/* NULL: there is no node */
static char dir[64];
static pthread_t client;
static jmp_buf lost;			/* where the client sees its end */
static bool may_lose;

/* ---- h_test.h, for the doubles -------------------------------------- */

uint64_t
t_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/*
 * A request that cannot be sent, or is not answered, is nothing to complain of
 * if its connection is over.
 */
void
t_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	/* The double sees it a moment later than a write that fails. */
	for (int ms = 0; may_lose && ms < 1000 &&
	    pthread_equal(pthread_self(), client); ms++) {
		if (kern_closed(chan))
			longjmp(lost, 1);
		usleep(1000);
	}
	printf("%s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	day_broken("a check of tests/front", line);
}

void
t_fail_eq(const char *file, int line, const char *as, long long a,
    const char *bs, long long b)
{

	t_fail(file, line, "%s is %lld, %s is %lld", as, a, bs, b);
}

static void
until(int (*func)(void *), void *arg, const char *what, int line)
{
	const uint64_t end = t_now_ms() + WAIT_MS;

	while (!func(arg)) {
		if (may_lose && kern_closed(chan))
			longjmp(lost, 1);
		if (t_now_ms() > end)
			day_broken(what, line);
		usleep(200);
	}
}
#define	UNTIL(func, arg)	until((func), (arg), #func, __LINE__)

/* ---- the channel ---------------------------------------------------- */

static int
open_channel(void *arg)
{
	const int fd = kern_open_channel(arg);

	if (fd >= 0) {
		assert(nkerns < KERNS);
		kern = kerns[nkerns++] = kern_last();
	}
	return fd;
}

static void
forget_kern(struct kern *k)
{

	for (unsigned i = 0; i < nkerns; i++)
		if (kerns[i] == k)
			kerns[i] = kerns[--nkerns];
}

static bool
is_over(void)
{

	return kern == NULL || kern_closed(kern);
}

/* The kernel ends the connection. */
static void
end_connection(void)
{
	struct kern *const k = kern;

	kern = NULL;
	forget_kern(k);
	kern_abort(k);
}

/*
 * And it has another one.  A thread that makes one may fail at any time after
 * the end, and says then that it waits for a SIGHUP.
 */
static int
has_channel(void *arg)
{
	struct front_stats fs;

	(void)arg;
	front_nodes_again();
	front_getstats(&fs);
	return fs.nodes == 1 && !is_over();
}

/* ---- what clients do ------------------------------------------------ */

static int
is_done(void *arg)
{

	return kern_done(chan, *(uint64_t *)arg);
}

/* The answer's errno. */
static int
answer(uint64_t request, struct kern_reply *r)
{

	UNTIL(is_done, &request);
	return kern_wait(chan, request, r);
}

/* 0: refused. */
static uint64_t
opened(int flags)
{
	struct fuse_open_reply {
		uint64_t	fh;
		uint32_t	flags, padding;
	} out;
	struct kern_reply r;

	if (answer(kern_open(chan, flags), &r) != 0)
		return 0;
	memcpy(&out, r.kr_data, sizeof(out));
	return out.fh;
}

static void
closed(uint64_t fh)
{

	(void)answer(kern_release(chan, fh), NULL);
}

static void
read_and_write(void)
{
	const uint64_t fh = opened(O_RDWR);
	struct kern_reply r;
	int error;

	if (fh == 0)
		return;
	/* Of a client that was lost. */
	(void)answer(kern_read(chan, fh, 100, 0, O_NONBLOCK), NULL);
	hk_feed(node, 5);
	error = answer(kern_read(chan, fh, 100, 0, O_NONBLOCK), &r);
	PROMISE(error != 0 || (r.kr_len == 5 &&
	    memcmp(r.kr_data, "rrrrr", 5) == 0));
	error = answer(kern_write(chan, fh, "hello", 5, 0, 0), &r);
	PROMISE(error != 0 || (r.kr_len == 8 && r.kr_data[0] == 5));
	(void)answer(kern_ioctl(chan, fh, HK_FLUSH, 0, 0, NULL, 0, 0),
	    &r);
	closed(fh);
}

struct notified {
	struct kern	*n_kern;
	unsigned	 n_before;
};

static int
is_notified(void *arg)
{
	const struct notified *const n = arg;

	return kern_notified(n->n_kern) > n->n_before;
}

/* Who has been told that there is nothing yet is told when there is. */
static void
poll_and_wait(void)
{
	const uint64_t fh = opened(O_RDWR);
	struct notified n = { chan, kern_notified(chan) };
	struct kern_reply r;

	if (fh == 0)
		return;
	(void)answer(kern_read(chan, fh, 100, 0, O_NONBLOCK), NULL);
	if (answer(kern_poll(chan, fh, POLLIN, 1), &r) == 0 &&
	    r.kr_data[0] == 0) {
		hk_feed(node, 1);
		UNTIL(is_notified, &n);
	}
	closed(fh);
}

/* Two reads that sleep: one is interrupted, and the other gets something. */
static void
sleep_and_interrupt(void)
{
	const uint64_t fh = opened(O_RDWR);
	uint64_t one, two;

	if (fh == 0)
		return;
	(void)answer(kern_read(chan, fh, 100, 0, O_NONBLOCK), NULL);
	one = kern_read(chan, fh, 10, 0, 0);
	two = kern_read(chan, fh, 10, 0, 0);
	usleep(2000);
	kern_interrupt(chan, one);
	UNTIL(is_done, &one);
	hk_feed(node, 1);
	UNTIL(is_done, &two);
	closed(fh);
}

/* A driver that is deaf: the watchdog answers. */
static void
deaf_driver(void)
{
	const uint64_t fh = opened(O_RDWR);
	uint64_t one;

	if (fh == 0)
		return;
	(void)answer(kern_read(chan, fh, 100, 0, O_NONBLOCK), NULL);
	hk.read_mode = HK_DEAF;
	one = kern_read(chan, fh, 10, 0, 0);
	usleep(2000);
	kern_interrupt(chan, one);
	UNTIL(is_done, &one);
	hk.read_mode = HK_NORMAL;
	hk_release();
	closed(fh);
}

/* Only the owner may open it, at any time, whatever fails. */
static void
stranger_asks(void)
{
	const struct hyp_cred cred = { .hc_uid = STRANGER,
	    .hc_gid = STRANGER };

	PROMISE(hyp_node_access(host, &cred, HYP_F_READ) != 0);
}

static void
ping(void)
{

	front_ping();
	for (int ms = 0; !front_pong() && ms < 100; ms++)
		usleep(1000);
}

/* Its clients are gone, if the connection is. */
static void
attempt(void (*func)(void))
{

	if (host == NULL)
		return;
	if (is_over()) {
		front_nodes_again();
		if (is_over())
			return;
	}
	chan = kern;
	may_lose = true;
	if (setjmp(lost) == 0)
		(*func)();
	may_lose = false;
	hk.read_mode = HK_NORMAL;
	hk_release();
}

/* ---- a day ---------------------------------------------------------- */

static int
begin(void)
{
	struct front_config fc;

	memset(&fc, 0, sizeof(fc));
	fc.deadline_ms = 3000;		/* no day waits for it: it is the machine's */
	fc.idle_ms = 10;
	fc.guard_ms = 2;
	fc.devdir = dir;
	fc.tty = (struct front_perm){ geteuid(), getegid(), 0600 };
	fc.open_channel = open_channel;
	hk_reset();
	return front_start(&fc);
}

static void
make_node(void)
{

	node = hk_node();
	if (hyp_node_create(node, "ttyX0", HYP_NODE_TTY, 7, &host) != 0)
		host = NULL;
}

static unsigned
descriptors(void)
{
	DIR *const d = opendir("/proc/self/fd");
	unsigned n = 0;

	assert(d != NULL);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void
stop(void)
{

	PROMISE(front_stop() == 0);
	while (nkerns > 0)
		kern_free(kerns[--nkerns]);
	PROMISE(hk.opens == hk.closes);
	PROMISE(hk.asleep == 0);
	PROMISE(front_zombies() == 0);
	host = NULL;
}

static void
node_settled(void)
{

	front_node_settled("ttyX0");
}

/* Of a day on which nothing fails. */
static void
day_that_works(void)
{

	PROMISE(begin() == 0);
	make_node();
	PROMISE(host != NULL);
	node_settled();
	chan = kern;
	PROMISE(opened(O_RDWR) != 0);
	read_and_write();
	poll_and_wait();
	sleep_and_interrupt();
	stranger_asks();
	PHASE(stop());
}

static void
live(void)
{
	char path[sizeof(dir) + 8];
	unsigned before;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	client = pthread_self();
	hyp_posix_set_loglevel(HYP_LOG_ERR);
	strcpy(dir, "/tmp/t_torture.XXXXXX");
	assert(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/ttyX0", dir);
	assert((fd = open(path, O_CREAT | O_WRONLY, 0600)) != -1);
	close(fd);
	before = descriptors();

	day_failures_begin();
	if (PHASE(begin()) == 0) {
		PHASE(make_node());
		PHASE(attempt(stranger_asks));
		PHASE(attempt(node_settled));
		PHASE(attempt(read_and_write));
		PHASE(attempt(poll_and_wait));
		PHASE(attempt(sleep_and_interrupt));
		PHASE(attempt(deaf_driver));
		PHASE(ping());
		if (host != NULL && !is_over()) {
			PHASE(end_connection());
			usleep(5000);
			PHASE(front_nodes_again());
			PHASE(attempt(read_and_write));
			PHASE(attempt(stranger_asks));
		}
		if (host != NULL)
			PHASE(UNTIL(has_channel, NULL));
		PHASE(stop());
	}
	day_failures_end();
	PHASE(day_that_works());
	(void)unlink(path);
	(void)rmdir(dir);
	day->d_nodes = 1;
	day->d_memory = descriptors() - before;
	day->d_over = true;
}

const struct day_life day_lives[] = {
	{ "front", live, FAIL_CALLS | FAIL_MEMORY, 1, 1 },
	{ NULL, NULL, 0, 0, 0 },
};
