/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_k.c - a double of the kernel side; see h_k.h.
 *
 * Every sleep waits for one word, hk_word, that changes with every event, in
 * hyp_park as K's do, and looks again at what it waits for.  hk_lock stands
 * for K's locks: hyp_file_pollwake is called with it held.
 *
 * The rules of hyp_node.h are checked: enter and exit in pairs, no interrupt
 * of an lwp that has exited, no operation on a closed file, no close of a
 * file in which an operation runs.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h_k.h"
#include "hyp/hyp.h"
#include "hyp/hyp_state.h"

struct hyp_lwp {
	atomic_bool	 hl_active;
	atomic_bool	 hl_intr;
	bool		 hl_nosleep;
};

struct hyp_file {
	struct hyp_file	*hf_next;
	struct hyp_node	*hf_node;
	void		*hf_host;
	bool		 hf_polled;
	bool		 hf_closed;
	_Atomic unsigned hf_busy;
};

struct hyp_node {
	unsigned	 hn_number;
	struct hyp_node	*hn_next;
	enum hk_kind	 hn_kind;
	enum hk_mode	 hn_mode;
	size_t		 hn_bytes;
	_Atomic unsigned hn_turn;
	struct hyp_file	*hn_files;
};

struct hk hk;
void (*hk_count_front)(struct hk_counts *);

static pthread_mutex_t hk_lock = PTHREAD_MUTEX_INITIALIZER;
static struct hyp_node *nodes;
static _Atomic uint32_t hk_word;
static _Atomic uint32_t own_word;
static atomic_bool released;
static _Thread_local struct hyp_lwp self;

static void
event(void)
{

	atomic_fetch_add(&hk_word, 1);
	hyp_unpark((uint32_t *)(uintptr_t)&hk_word, ~0u);
}

static void
wait_event(uint32_t seen)
{

	(void)hyp_park((uint32_t *)(uintptr_t)&hk_word, seen, 0);
}

/* For the one who sleeps on a word that is nobody else's, as K's threads do. */
static void
own_event(void)
{

	atomic_fetch_add(&own_word, 1);
	hyp_unpark((uint32_t *)(uintptr_t)&own_word, 1);
}

static void
wait_own_event(uint32_t seen)
{

	(void)hyp_park((uint32_t *)(uintptr_t)&own_word, seen, 0);
}

/* What is left of the last case; no thread is in K. */
void
hk_reset(void)
{
	struct hyp_node *hn;
	struct hyp_file *hf;

	while ((hn = nodes) != NULL) {
		nodes = hn->hn_next;
		while ((hf = hn->hn_files) != NULL) {
			hn->hn_files = hf->hf_next;
			free(hf);
		}
		free(hn);
	}
	memset(&hk, 0, sizeof(hk));
	atomic_store(&released, false);
}

static unsigned numbers;

struct hyp_node *
hk_node_of(enum hk_kind kind, enum hk_mode mode)
{
	struct hyp_node *hn = calloc(1, sizeof(*hn));

	assert(hn != NULL);
	hn->hn_kind = kind;
	hn->hn_number = numbers++;
	hn->hn_mode = mode;
	hn->hn_next = nodes;
	nodes = hn;
	return hn;
}

struct hyp_node *
hk_node(void)
{

	return hk_node_of(HK_QUEUE, HK_NORMAL);
}

static void
wake_pollers(struct hyp_node *hn, bool all)
{
	struct hyp_file *hf;

	for (hf = hn->hn_files; hf != NULL; hf = hf->hf_next)
		if (!hf->hf_closed && (hf->hf_polled || all)) {
			hf->hf_polled = false;
			hyp_file_pollwake(hf->hf_host);
		}
}

void
hk_feed(struct hyp_node *hn, size_t n)
{

	pthread_mutex_lock(&hk_lock);
	hn->hn_bytes += n;
	wake_pollers(hn, false);
	pthread_mutex_unlock(&hk_lock);
	if (hn == hk.alone)
		own_event();
	else
		event();
}

void
hk_wake_all(struct hyp_node *hn)
{

	pthread_mutex_lock(&hk_lock);
	wake_pollers(hn, true);
	pthread_mutex_unlock(&hk_lock);
}

void
hk_release(void)
{

	atomic_store(&released, true);
	own_event();
	event();
}

int
hk_asleep(void *arg)
{
	const unsigned *n = arg;

	return hk.asleep == *n;
}

unsigned
hk_turn(struct hyp_node *hn)
{

	return hn->hn_turn;
}

/* ---- lwps ----------------------------------------------------------- */

struct hyp_lwp *
hyp_lwp_enter(const struct hyp_cred *cred)
{

	assert(!self.hl_active);
	atomic_store(&self.hl_intr, false);
	self.hl_nosleep = false;
	atomic_store(&self.hl_active, true);
	hk.uid = cred->hc_uid;
	hk.gid = cred->hc_gid;
	hk.pid = cred->hc_pid;
	hk.ngroups = cred->hc_ngroups;
	return &self;
}

void
hyp_lwp_nosleep(struct hyp_lwp *l)
{

	assert(l == &self && l->hl_active);
	l->hl_nosleep = true;
}

void
hyp_lwp_interrupt(struct hyp_lwp *l)
{

	assert(l->hl_active);
	atomic_store(&l->hl_intr, true);
	event();
}

void
hyp_lwp_exit(struct hyp_lwp *l)
{

	assert(l == &self && l->hl_active);
	atomic_store(&l->hl_active, false);
}

/* ---- sleeping ------------------------------------------------------- */

/*
 * Sleep until there is an interrupt or, with a node, a byte.
 */
static int
sleep_for(struct hyp_node *hn)
{
	const bool alone = hn != NULL && hn == hk.alone;
	uint32_t seen;
	size_t bytes;
	int error = 0;
	bool asleep = false;

	for (;;) {
		seen = atomic_load(alone ? &own_word : &hk_word);
		pthread_mutex_lock(&hk_lock);
		bytes = hn != NULL ? hn->hn_bytes : 0;
		pthread_mutex_unlock(&hk_lock);
		if (bytes != 0)
			break;
		error = self.hl_intr ? EINTR : self.hl_nosleep ? EAGAIN : 0;
		if (error != 0)
			break;
		/* Not before: who is refused has never been asleep. */
		if (!asleep)
			hk.asleep++;
		asleep = true;
		(alone ? wait_own_event : wait_event)(seen);
	}
	if (asleep)
		hk.asleep--;
	return error;
}

static void
sleep_deaf(bool spin)
{
	uint32_t seen;

	hk.asleep++;
	for (;;) {
		seen = atomic_load(&hk_word);
		if (atomic_load(&released))
			break;
		if (spin)
			sched_yield();
		else
			wait_event(seen);
	}
	hk.asleep--;
}

static void
sleep_alone(void)
{
	uint32_t seen;

	hk.asleep++;
	for (;;) {
		seen = atomic_load(&own_word);
		if (atomic_load(&released))
			break;
		wait_own_event(seen);
	}
	hk.asleep--;
}

/* What comes before each operation. */
static int
prelude(int mode)
{
	static uint32_t never;

	assert(self.hl_active);
	switch (mode) {
	case HK_SLEEP:
	case HK_HALF:
		return sleep_for(NULL);
	case HK_DEAF:
		sleep_deaf(false);
		break;
	case HK_SPIN:
		sleep_deaf(true);
		break;
	case HK_LATE:
		sleep_deaf(true);
		(void)hyp_park(&never, 0, hyp_clock() + 1000000);
		break;
	case HK_WORKS:
		sleep_alone();
		while (!hk.worked)
			sched_yield();
		break;
	case HK_WOKEN:
		(void)hyp_park(&never, 1, 0);
		break;
	case HK_CRASH:
		hyp_panic("the double of K cannot go on");
	}
	return hk.error;
}

static void
file_enter(struct hyp_file *hf)
{

	assert(!hf->hf_closed);
	hf->hf_busy++;
}

static int
file_exit(struct hyp_file *hf, int error)
{

	assert(!hf->hf_closed);
	hf->hf_busy--;
	return error;
}

/* ---- operations ----------------------------------------------------- */

int
hyp_node_open(struct hyp_node *hn, int flags, void *host,
    struct hyp_file **fpp)
{
	struct hyp_file *hf;
	int error;

	hk.flags = flags;
	error = prelude(hk.open_mode);
	if (error != 0)
		return error;
	hf = calloc(1, sizeof(*hf));
	assert(hf != NULL);
	hf->hf_node = hn;
	hf->hf_host = host;
	pthread_mutex_lock(&hk_lock);
	hf->hf_next = hn->hn_files;
	hn->hn_files = hf;
	pthread_mutex_unlock(&hk_lock);
	hk.opens++;
	*fpp = hf;
	return 0;
}

int
hyp_file_alive(struct hyp_file *hf)
{

	return !hf->hf_closed;
}

/* All of them can go on. */
void
hyp_hand_over(void)
{
	char name[16];

	for (const struct hyp_node *hn = nodes; hn != NULL; hn = hn->hn_next) {
		snprintf(name, sizeof(name), "k%u", hn->hn_number);
		(void)hyp_hand_put(name, "well", 4);
	}
}

/* A device for each node. */
void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{

	memset(hs, 0, sizeof(*hs));
	snprintf(hs->hs_device, sizeof(hs->hs_device), "k%u", hn->hn_number);
}

/* A terminal's of NetBSD. */
void
hyp_node_dead(struct hyp_node *hn, int tty, struct hyp_dead *hd)
{

	(void)hn;
	(void)tty;
	hd->hd_read = 0;
	hd->hd_write = EIO;
	hd->hd_ioctl = EBADF;
	hd->hd_asked = ~0u;
	hd->hd_always = HYP_POLLERR | HYP_POLLHUP;
}

static size_t
take_bytes(struct hyp_node *hn, size_t len)
{

	pthread_mutex_lock(&hk_lock);
	if (len > hn->hn_bytes)
		len = hn->hn_bytes;
	hn->hn_bytes -= len;
	pthread_mutex_unlock(&hk_lock);
	return len;
}

int
hyp_file_read(struct hyp_file *hf, void *buf, size_t len, int flags,
    size_t *done)
{
	unsigned turn;
	int error;

	if (hf->hf_node->hn_kind == HK_ZERO) {
		*done = len;
		return 0;
	}
	file_enter(hf);
	turn = ++hk.reads;
	hf->hf_node->hn_turn = turn;
	if (turn == hk.gate)
		sleep_deaf(true);
	hk.flags = flags;
	hk.len = len;
	error = prelude(hk.read_mode != HK_NORMAL ? hk.read_mode :
	    (int)hf->hf_node->hn_mode);
	while (error == 0 &&
	    (*done = take_bytes(hf->hf_node, len)) == 0 && len > 0) {
		if (flags & (HYP_F_NONBLOCK | HYP_F_CONT))
			error = EAGAIN;
		else
			error = sleep_for(hf->hf_node);
	}
	if (error == 0)
		memset(buf, 'r', *done);
	if (error == 0 && hk.read_mode == HK_OVERRUN)
		*done = len + 1;
	return file_exit(hf, error);
}

int
hyp_file_write(struct hyp_file *hf, const void *buf, size_t len, int flags,
    size_t *done)
{
	int error;

	(void)buf;
	file_enter(hf);
	hk.writes++;
	hk.flags = flags;
	hk.len = len;
	error = prelude(hk.write_mode);
	/* K's word for it: it is short, and no error. */
	if (error == EINTR && hk.write_mode == HK_HALF) {
		len /= 2;
		error = 0;
	}
	if (error == 0)
		*done = len;
	/* Also with an error, as of K. */
	if (hk.write_mode == HK_OVERRUN)
		*done = error == 0 ? len + 1 : 1;
	if (error == 0 && hf->hf_node->hn_kind == HK_ECHO)
		hk_feed(hf->hf_node, len);
	return file_exit(hf, error);
}

int
hyp_ioctl_size(uint32_t cmd, size_t *in, size_t *out, size_t *outoff)
{

	*in = *out = *outoff = 0;
	switch (cmd) {
	case HK_GET:
		*out = HK_SIZE;
		return 0;
	case HK_SET:
		*in = HK_SIZE;
		return 0;
	case HK_FLUSH:
		return 0;
	case HK_SWAP:
		*in = *out = 8;
		return 0;
	case HK_PART:
		*in = *outoff = sizeof(uint32_t);
		*out = HK_PARTMAX;
		return 0;
	default:
		return ENOTTY;
	}
}

static void
count(void *out)
{
	struct hk_counts c;

	memset(&c, 0, sizeof(c));
	c.opens = hk.opens;
	c.closes = hk.closes;
	c.reads = hk.reads;
	c.asleep = hk.asleep;
	c.closing = hk.closing;
	hk_count_front(&c);
	static_assert(sizeof(c) == HK_SIZE, "fits struct termios");
	memcpy(out, &c, sizeof(c));
}

int
hyp_file_ioctl(struct hyp_file *hf, uint32_t cmd, uint64_t arg,
    const void *in, size_t insize, void *out, size_t *outsize, int *result)
{
	size_t wantin, wantout, outoff;
	uint32_t len;
	int error;

	file_enter(hf);
	hk.ioctls++;
	*result = 0;
	hk.arg = arg;
	error = hyp_ioctl_size(cmd, &wantin, &wantout, &outoff);
	assert(error == 0 && insize == wantin && *outsize == wantout);
	error = prelude(hk.ioctl_mode);
	if (error == 0 && *outsize != 0)
		memset(out, insize != 0 ? *(const char *)in + 1 : 'g',
		    *outsize);
	if (error == 0 && cmd == HK_PART) {
		memcpy(&len, in, sizeof(len));
		*outsize = len < HK_PARTMAX ? len : HK_PARTMAX;
	}
	if (error == 0 && hk.ioctl_mode == HK_OVERRUN)
		*outsize = wantout + 1;
	if (error == 0 && cmd == HK_GET && hk_count_front != NULL)
		count(out);
	return file_exit(hf, error);
}

uint32_t
hyp_file_poll(struct hyp_file *hf, uint32_t events, int wait)
{
	uint32_t revents;

	file_enter(hf);
	hk.polls++;
	(void)prelude(hk.poll_mode);
	pthread_mutex_lock(&hk_lock);
	if (wait)
		hf->hf_polled = true;
	revents = HYP_POLLOUT | (hf->hf_node->hn_bytes ? HYP_POLLIN : 0);
	pthread_mutex_unlock(&hk_lock);
	(void)file_exit(hf, 0);
	return (revents & events) | hk.revents;
}

void
hyp_file_close(struct hyp_file *hf, int flags)
{
	struct hyp_file **p;

	assert(!hf->hf_closed && hf->hf_busy == 0);
	hk.closing++;
	hk.closeflags = flags;
	(void)prelude(hk.cancel_mode);
	hyp_file_closing(hf->hf_host);
	(void)prelude(hk.close_mode);
	pthread_mutex_lock(&hk_lock);
	hf->hf_closed = true;
	for (p = &hf->hf_node->hn_files; *p != hf; p = &(*p)->hf_next)
		continue;
	*p = hf->hf_next;
	pthread_mutex_unlock(&hk_lock);
	free(hf);
	hk.closing--;
	hk.closes++;
}
