/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_kern.c - the kernel's end of a CUSE channel; see h_kern.h.
 *
 * A SOCK_SEQPACKET pair keeps message boundaries as /dev/cuse does.  One
 * thread per channel reads answers and notifications as they come and keeps
 * them by their number, until the front end closes its end.  k_lock guards
 * all of a struct kern; it is a leaf.  An answer to a number that was not
 * asked, or a second one, fails the case: the kernel would return ENOENT,
 * but the front end must not even try.
 */
#undef NDEBUG
#include <sys/socket.h>
#include <sys/uio.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "h_kern.h"
#include "h_test.h"

#define	BUFSIZE	(256 * 1024)

struct ask {
	struct ask	*a_next;
	uint64_t	 a_unique;
	int		 a_done;
	struct kern_reply a_reply;
};

struct kern {
	int		 k_fd;
	pthread_t	 k_thread;
	pthread_mutex_t	 k_lock;
	pthread_cond_t	 k_cond;
	struct ask	*k_asks;
	uint64_t	 k_unique;
	unsigned	 k_notified;
	unsigned	 k_again;
	int		 k_allow;
	unsigned	 k_unasked, k_resends;
	int		 k_closed;
	int		 k_paused;
	int		 k_held;
	unsigned	 k_uid, k_gid, k_pid;
	unsigned char	 k_buf[BUFSIZE];
};

static struct kern *_Atomic last;
static _Atomic unsigned opened;

static struct ask *
find(struct kern *k, uint64_t unique)
{
	struct ask *a;

	for (a = k->k_asks; a != NULL && a->a_unique != unique; a = a->a_next)
		continue;
	return a;
}

/*
 * An INTERRUPT that found no request.  To the kernel this means to send it
 * again if the request is still there, else nothing.  k_lock held.
 */
static void
take_again(struct kern *k, const struct fuse_out_header *out)
{
	const struct ask *a = find(k, out->unique & ~(uint64_t)1);

	T_EQ(out->error, -EAGAIN);
	T_CHECK(a != NULL);
	k->k_again += !a->a_done;
}

/* k_lock held. */
static void
take(struct kern *k, const struct fuse_out_header *out, const void *data)
{
	const size_t len = out->len - sizeof(*out);
	struct ask *a;

	if (out->unique == 0 && k->k_allow && out->error == 7) {
		T_EQ(len, 0);
		k->k_resends++;
		return;
	}
	if (out->unique == 0) {
		T_EQ(out->error, FUSE_NOTIFY_POLL);
		k->k_notified++;
		return;
	}
	if (out->unique & 1) {
		take_again(k, out);
		return;
	}
	a = find(k, out->unique);
	if ((a == NULL || a->a_done) && k->k_allow) {
		k->k_unasked++;
		return;
	}
	if (a == NULL || a->a_done) {
		t_fail(__FILE__, __LINE__, "answer %llu %s",
		    (unsigned long long)out->unique,
		    a == NULL ? "not asked" : "given twice");
		return;
	}
	a->a_done = 1;
	a->a_reply.kr_error = -out->error;
	a->a_reply.kr_len = len;
	memcpy(a->a_reply.kr_data, data, len < sizeof(a->a_reply.kr_data) ?
	    len : sizeof(a->a_reply.kr_data));
}

static void *
reader(void *arg)
{
	struct kern *const k = arg;
	struct fuse_out_header out;
	ssize_t n;

	while ((n = read(k->k_fd, k->k_buf, sizeof(k->k_buf))) > 0) {
		assert((size_t)n >= sizeof(out));
		memcpy(&out, k->k_buf, sizeof(out));
		assert(out.len == (size_t)n);
		pthread_mutex_lock(&k->k_lock);
		k->k_held = k->k_paused;
		while (k->k_paused)
			pthread_cond_wait(&k->k_cond, &k->k_lock);
		take(k, &out, k->k_buf + sizeof(out));
		pthread_cond_broadcast(&k->k_cond);
		pthread_mutex_unlock(&k->k_lock);
	}
	pthread_mutex_lock(&k->k_lock);
	k->k_closed = 1;
	pthread_cond_broadcast(&k->k_cond);
	pthread_mutex_unlock(&k->k_lock);
	return NULL;
}

static uint64_t
ask_init(struct kern *k)
{
	struct fuse_init_in in;

	memset(&in, 0, sizeof(in));
	in.major = FUSE_KERNEL_VERSION;
	in.minor = 38;
	in.flags = CUSE_UNRESTRICTED_IOCTL;
	return kern_send(k, CUSE_INIT, &in, 16, NULL, 0);
}

int
kern_open_channel(void *arg)
{
	struct kern *k = calloc(1, sizeof(*k));
	const int size = 192 * 1024;
	int fd[2];

	(void)arg;
	assert(k != NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) == -1)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	k->k_fd = fd[0];
	pthread_mutex_init(&k->k_lock, NULL);
	pthread_cond_init(&k->k_cond, NULL);
	pthread_create(&k->k_thread, NULL, reader, k);
	(void)ask_init(k);
	last = k;
	opened++;
	return fd[1];
}

struct kern *
kern_last(void)
{

	return last;
}

unsigned
kern_count(void)
{

	return opened;
}

void
kern_init_answer(struct kern *k, char *name, size_t size, unsigned *major,
    unsigned *minor, unsigned *max_write, unsigned *flags)
{
	struct cuse_init_out out;
	struct kern_reply r;

	T_EQ(kern_wait(k, 2, &r), 0);
	T_CHECK(r.kr_len > sizeof(out) && r.kr_len <= sizeof(r.kr_data));
	memcpy(&out, r.kr_data, sizeof(out));
	*major = out.dev_major;
	*minor = out.dev_minor;
	*max_write = out.max_write;
	*flags = out.flags;
	T_CHECK(memchr(r.kr_data + sizeof(out), '\0', r.kr_len -
	    sizeof(out)) == r.kr_data + r.kr_len - 1);
	strncpy(name, (const char *)r.kr_data + sizeof(out), size);
}

void
kern_abort(struct kern *k)
{

	shutdown(k->k_fd, SHUT_RDWR);
	kern_free(k);
}

void
kern_free(struct kern *k)
{
	struct ask *a;

	pthread_join(k->k_thread, NULL);
	close(k->k_fd);
	while ((a = k->k_asks) != NULL) {
		k->k_asks = a->a_next;
		free(a);
	}
	pthread_cond_destroy(&k->k_cond);
	pthread_mutex_destroy(&k->k_lock);
	free(k);
}

int
kern_closed(void *arg)
{
	struct kern *const k = arg;
	int closed;

	pthread_mutex_lock(&k->k_lock);
	closed = k->k_closed;
	pthread_mutex_unlock(&k->k_lock);
	return closed;
}

void
kern_as(struct kern *k, unsigned uid, unsigned gid, unsigned pid)
{

	k->k_uid = uid;
	k->k_gid = gid;
	k->k_pid = pid;
}

static void
put(struct kern *k, const struct fuse_in_header *in, const void *arg,
    size_t len, const void *data, size_t datalen)
{
	struct iovec iov[3] = {
		{ .iov_base = (void *)(uintptr_t)in,
		  .iov_len = sizeof(*in) },
		{ .iov_base = (void *)(uintptr_t)arg, .iov_len = len },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = datalen },
	};
	ssize_t n;

	n = writev(k->k_fd, iov, 3);
	T_EQ(n, in->len);
}

static uint64_t
send_with(struct kern *k, unsigned opcode, const void *arg, size_t len,
    const void *data, size_t datalen, uint64_t bits)
{
	struct fuse_in_header in;
	struct ask *a = calloc(1, sizeof(*a));

	assert(a != NULL);
	memset(&in, 0, sizeof(in));
	in.len = (uint32_t)(sizeof(in) + len + datalen);
	in.opcode = opcode;
	in.uid = k->k_uid;
	in.gid = k->k_gid;
	in.pid = k->k_pid;
	pthread_mutex_lock(&k->k_lock);
	in.unique = (k->k_unique += 2) | bits;
	a->a_unique = in.unique;
	a->a_next = k->k_asks;
	k->k_asks = a;
	pthread_mutex_unlock(&k->k_lock);
	put(k, &in, arg, len, data, datalen);
	return in.unique;
}

uint64_t
kern_send(struct kern *k, unsigned opcode, const void *arg, size_t len,
    const void *data, size_t datalen)
{

	return send_with(k, opcode, arg, len, data, datalen, 0);
}

/* Marked as one that was sent before. */
uint64_t
kern_send_again(struct kern *k, unsigned opcode, const void *arg, size_t len)
{

	return send_with(k, opcode, arg, len, NULL, 0, UINT64_C(1) << 63);
}

uint64_t
kern_open(struct kern *k, int flags)
{
	const struct fuse_open_in in = { .flags = (uint32_t)flags };

	return kern_send(k, FUSE_OPEN, &in, sizeof(in), NULL, 0);
}

uint64_t
kern_read(struct kern *k, uint64_t fh, size_t size, uint64_t off, int flags)
{
	const struct fuse_read_in in = {
		.fh = fh, .size = (uint32_t)size, .offset = off,
		.flags = (uint32_t)flags,
	};

	return kern_send(k, FUSE_READ, &in, sizeof(in), NULL, 0);
}

uint64_t
kern_write(struct kern *k, uint64_t fh, const void *data, size_t size,
    uint64_t off, int flags)
{
	const struct fuse_write_in in = {
		.fh = fh, .size = (uint32_t)size, .offset = off,
		.flags = (uint32_t)flags,
	};

	return kern_send(k, FUSE_WRITE, &in, sizeof(in), data, size);
}

uint64_t
kern_ioctl(struct kern *k, uint64_t fh, unsigned cmd, uint64_t arg,
    unsigned flags, const void *data, size_t insize, size_t outsize)
{
	const struct fuse_ioctl_in in = {
		.fh = fh, .cmd = cmd, .arg = arg,
		.flags = FUSE_IOCTL_UNRESTRICTED | flags,
		.in_size = (uint32_t)insize, .out_size = (uint32_t)outsize,
	};

	return kern_send(k, FUSE_IOCTL, &in, sizeof(in), data, insize);
}

uint64_t
kern_poll(struct kern *k, uint64_t fh, unsigned events, int notify)
{
	const struct fuse_poll_in in = {
		.fh = fh, .kh = 77, .events = events,
		.flags = notify ? FUSE_POLL_SCHEDULE_NOTIFY : 0,
	};

	return kern_send(k, FUSE_POLL, &in, sizeof(in), NULL, 0);
}

uint64_t
kern_release(struct kern *k, uint64_t fh)
{

	return kern_release_flags(k, fh, 0);
}

/* flags: the file's at its close. */
uint64_t
kern_release_flags(struct kern *k, uint64_t fh, int flags)
{
	const struct fuse_release_in in = { .fh = fh,
	    .flags = (uint32_t)flags };

	return kern_send(k, FUSE_RELEASE, &in, sizeof(in), NULL, 0);
}

/* No answer is wanted; EAGAIN would make the kernel send it again. */
void
kern_interrupt(struct kern *k, uint64_t unique)
{
	const struct fuse_interrupt_in arg = { .unique = unique };
	struct fuse_in_header in;

	memset(&in, 0, sizeof(in));
	in.len = sizeof(in) + sizeof(arg);
	in.opcode = FUSE_INTERRUPT;
	in.unique = unique | 1;
	put(k, &in, &arg, sizeof(arg), NULL, 0);
}

void
kern_forget(struct kern *k)
{
	struct ask **ap = &k->k_asks, *a;

	pthread_mutex_lock(&k->k_lock);
	while ((a = *ap) != NULL) {
		if (a->a_done) {
			*ap = a->a_next;
			free(a);
		} else
			ap = &a->a_next;
	}
	pthread_mutex_unlock(&k->k_lock);
}

int
kern_done(struct kern *k, uint64_t unique)
{
	struct ask *a;
	int done;

	pthread_mutex_lock(&k->k_lock);
	a = find(k, unique);
	done = a != NULL && a->a_done;
	pthread_mutex_unlock(&k->k_lock);
	return done;
}

/* Wait until *word, or the ask, is as wanted; 0 after 20 s. */
static int
wait_locked(struct kern *k, const struct ask *a, unsigned notified)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 20;
	while (a != NULL ? !a->a_done : k->k_notified < notified)
		if (pthread_cond_timedwait(&k->k_cond, &k->k_lock, &ts) ==
		    ETIMEDOUT)
			return 0;
	return 1;
}

int
kern_wait(struct kern *k, uint64_t unique, struct kern_reply *reply)
{
	struct ask *a;
	int ok = 0, error = 0;

	pthread_mutex_lock(&k->k_lock);
	a = find(k, unique);
	if (a != NULL && (ok = wait_locked(k, a, 0)) != 0) {
		error = a->a_reply.kr_error;
		if (reply != NULL)
			*reply = a->a_reply;
	}
	pthread_mutex_unlock(&k->k_lock);
	if (!ok)
		t_fail(__FILE__, __LINE__, "request %llu is not answered",
		    (unsigned long long)unique);
	return error;
}

uint64_t
kern_opened(struct kern *k, int flags)
{
	struct fuse_open_out out;
	struct kern_reply r;

	T_EQ(kern_wait(k, kern_open(k, flags), &r), 0);
	T_EQ(r.kr_len, sizeof(out));
	memcpy(&out, r.kr_data, sizeof(out));
	return out.fh;
}

void
kern_released(struct kern *k, uint64_t fh)
{

	T_EQ(kern_wait(k, kern_release(k, fh), NULL), 0);
}

void
kern_pause(struct kern *k, int paused)
{

	pthread_mutex_lock(&k->k_lock);
	k->k_paused = paused;
	pthread_cond_broadcast(&k->k_cond);
	pthread_mutex_unlock(&k->k_lock);
}

int
kern_holds(void *arg)
{
	struct kern *const k = arg;
	int held;

	pthread_mutex_lock(&k->k_lock);
	held = k->k_held;
	pthread_mutex_unlock(&k->k_lock);
	return held;
}

unsigned
kern_again(struct kern *k)
{
	unsigned n;

	pthread_mutex_lock(&k->k_lock);
	n = k->k_again;
	pthread_mutex_unlock(&k->k_lock);
	return n;
}

void
kern_allow_unasked(struct kern *k)
{

	pthread_mutex_lock(&k->k_lock);
	k->k_allow = 1;
	pthread_mutex_unlock(&k->k_lock);
}

static unsigned
value(struct kern *k, const unsigned *at)
{
	unsigned n;

	pthread_mutex_lock(&k->k_lock);
	n = *at;
	pthread_mutex_unlock(&k->k_lock);
	return n;
}

unsigned
kern_unasked(struct kern *k)
{

	return value(k, &k->k_unasked);
}

unsigned
kern_resends(struct kern *k)
{

	return value(k, &k->k_resends);
}

unsigned
kern_notified(struct kern *k)
{
	unsigned n;

	pthread_mutex_lock(&k->k_lock);
	n = k->k_notified;
	pthread_mutex_unlock(&k->k_lock);
	return n;
}

void
kern_wait_notified(struct kern *k, unsigned n)
{
	int ok;

	pthread_mutex_lock(&k->k_lock);
	ok = wait_locked(k, NULL, n);
	pthread_mutex_unlock(&k->k_lock);
	if (!ok)
		t_fail(__FILE__, __LINE__, "no notification %u", n);
}
