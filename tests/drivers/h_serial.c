/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_serial.c - see h_serial.h.
 */
#undef NDEBUG
#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/h_serial.h"
#include "drivers/h_sleep.h"
#include "hyp/hyp.h"

void
s_boot(void)
{
	static bool booted;

	if (booted)
		return;
	booted = true;
	T_EQ(hyp_boot(HYP_VERSION), 0);
}

/* ---- system calls --------------------------------------------------- */

static bool nosleep;

void
s_nosleep(bool on)
{

	nosleep = on;
}

static struct hyp_lwp *
enter(void)
{
	struct hyp_lwp *const l = h_enter(0);

	if (nosleep)
		hyp_lwp_nosleep(l);
	return l;
}

static int
open_node(const char *name, int flags, struct s_file *sf)
{
	struct hyp_node *hn = h_node_find(name);
	int error;

	if (hn == NULL)
		return ENOENT;
	sf->sf_host = calloc(1, sizeof(*sf->sf_host));
	assert(sf->sf_host != NULL);
	error = hyp_node_open(hn, flags, sf->sf_host, &sf->sf_file);
	if (error != 0)
		free(sf->sf_host);
	return error;
}

static void
close_file(struct s_file *sf, int flags)
{

	hyp_file_close(sf->sf_file, flags);
	free(sf->sf_host);
	sf->sf_file = NULL;
	sf->sf_host = NULL;
}

int
s_open(const char *name, int flags, struct s_file *sf)
{
	struct hyp_lwp *l = h_enter(0);
	int error = open_node(name, flags, sf);

	h_exit(l);
	return error;
}

void
s_close(struct s_file *sf)
{

	s_close_flags(sf, 0);
}

void
s_close_flags(struct s_file *sf, int flags)
{
	struct hyp_lwp *l = h_enter(0);

	close_file(sf, flags);
	h_exit(l);
}

int
s_read(struct s_file *sf, void *buf, size_t len, int flags, size_t *done)
{
	struct hyp_lwp *l = enter();
	int error;

	*done = 0;
	error = hyp_file_read(sf->sf_file, buf, len, flags, done);
	h_exit(l);
	return error;
}

int
s_write(struct s_file *sf, const void *buf, size_t len, int flags,
    size_t *done)
{
	struct hyp_lwp *l = enter();
	int error;

	*done = 0;
	error = hyp_file_write(sf->sf_file, buf, len, flags, done);
	h_exit(l);
	return error;
}

static int
ioctl_file(struct s_file *sf, unsigned long cmd, void *arg)
{
	uint8_t in[8192] = { 0 }, out[8192] = { 0 };
	size_t insize, outsize, outoff;
	int error, result;

	error = hyp_ioctl_size((uint32_t)cmd, &insize, &outsize, &outoff);
	if (error != 0)
		return error;
	assert(insize <= sizeof(in) && outsize <= sizeof(out));
	if (insize > 0)
		memcpy(in, arg, insize);
	error = hyp_file_ioctl(sf->sf_file, (uint32_t)cmd,
	    (uint64_t)(uintptr_t)arg, in, insize, out, &outsize,
	    &result);
	if (error == 0 && outsize > 0)
		memcpy((char *)arg + outoff, out, outsize);
	return error;
}

int
s_ioctl(struct s_file *sf, unsigned long cmd, void *arg)
{
	struct hyp_lwp *l = enter();
	int error = ioctl_file(sf, cmd, arg);

	h_exit(l);
	return error;
}

uint32_t
s_poll(struct s_file *sf, uint32_t events)
{
	struct hyp_lwp *l = h_enter(0);
	uint32_t revents = hyp_file_poll(sf->sf_file, events, 1);

	h_exit(l);
	return revents;
}

void
s_read_all(struct s_file *sf, void *buf, size_t len)
{
	size_t n, done = 0;

	while (done < len) {
		T_EQ(s_read(sf, (uint8_t *)buf + done, len - done, 0, &n), 0);
		T_CHECK(n > 0);
		if (n == 0)
			return;
		done += n;
	}
}

void
s_write_all(struct s_file *sf, const void *buf, size_t len)
{
	size_t n, done = 0;

	while (done < len) {
		T_EQ(s_write(sf, (const uint8_t *)buf + done, len - done, 0,
		    &n), 0);
		T_CHECK(n > 0);
		if (n == 0)
			return;
		done += n;
	}
}

void
s_far_read_all(struct vusb *v, unsigned port, void *buf, size_t len)
{
	size_t n, done = 0;

	while (done < len) {
		n = vusb_far_read(v, port, (uint8_t *)buf + done, len - done,
		    20000);
		T_CHECK(n > 0);
		if (n == 0)
			return;
		done += n;
	}
}

int
s_raw(struct s_file *sf, unsigned baud, unsigned bits, unsigned flags)
{
	static const tcflag_t size[] = { CS5, CS6, CS7, CS8 };
	struct termios2 t;
	int error;

	error = s_ioctl(sf, TCGETS2, &t);
	if (error != 0)
		return error;
	t.c_iflag = flags & S_XONXOFF ? IXON | IXOFF : 0;
	t.c_oflag = t.c_lflag = 0;
	t.c_cflag = size[bits - 5] | CREAD | BOTHER;
	if (flags & S_CRTSCTS)
		t.c_cflag |= CRTSCTS;
	if (flags & S_TWOSTOP)
		t.c_cflag |= CSTOPB;
	if (flags & S_EVEN)
		t.c_cflag |= PARENB;
	if (flags & S_ODD)
		t.c_cflag |= PARENB | PARODD;
	if (flags & S_MARK)
		t.c_cflag |= CMSPAR;
	if (flags & S_CLOCAL)
		t.c_cflag |= CLOCAL;
	if ((flags & S_NOHUPCL) == 0)
		t.c_cflag |= HUPCL;
	t.c_ispeed = t.c_ospeed = baud;
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	return s_ioctl(sf, TCSETS2, &t);
}

int
s_modem(struct s_file *sf)
{
	int lines = 0;

	T_EQ(s_ioctl(sf, TIOCMGET, &lines), 0);
	return lines;
}

struct lines_arg {
	struct s_file	*la_sf;
	int		 la_mask;
	int		 la_want;
};

static int
lines_are(void *arg)
{
	struct lines_arg *la = arg;

	return (s_modem(la->la_sf) & la->la_mask) == la->la_want;
}

void
s_wait_lines(struct s_file *sf, int mask, int want)
{
	struct lines_arg la = { sf, mask, want };

	T_UNTIL(lines_are, &la);
}

int
s_revoke(const char *node)
{
	struct hyp_lwp *l = h_enter(0);
	const int error = hyp_node_revoke(h_node_find(node));

	h_exit(l);
	return error;
}

/* ---- plugging ------------------------------------------------------- */

static int
can_open(void *arg)
{
	struct s_file sf;
	int error = s_open(arg, S_RDWR | HYP_F_NONBLOCK, &sf);

	if (error == 0)
		s_close(&sf);
	return error == 0;
}

void
s_plug_wait(const char *node)
{

	t_until(can_open, (void *)(uintptr_t)node, "the unit can be opened");
}

void
s_plug(struct vusb *v, const char *node)
{

	vusb_plug(v);
	s_plug_wait(node);
}

static int
is_closed(void *arg)
{

	return !vusb_in_use(arg);
}

void
s_unplug(struct vusb *v)
{

	if (vusb_plugged(v))
		vusb_unplug(v, 0);
	t_until(is_closed, v, "the device is closed");
}

static int
memory_is(void *arg)
{

	return h_memory() <= *(size_t *)arg;
}

void
s_settle(size_t bytes)
{

	T_UNTIL(memory_is, &bytes);
}

/* ---- system calls on threads ---------------------------------------- */

static void
op_run(void *arg)
{
	struct s_op *so = arg;
	struct hyp_lwp *l = h_enter(0);
	const uint64_t start = t_now_ms();

	__atomic_store_n(&so->so_lwp, l, __ATOMIC_RELEASE);
	switch (so->so_call) {
	case S_OPEN:
		so->so_error = open_node(so->so_node, so->so_flags,
		    so->so_file);
		break;
	case S_READ:
		so->so_error = hyp_file_read(so->so_file->sf_file, so->so_buf,
		    so->so_len, so->so_flags, &so->so_done);
		break;
	case S_WRITE:
		so->so_error = hyp_file_write(so->so_file->sf_file,
		    so->so_buf, so->so_len, so->so_flags, &so->so_done);
		break;
	case S_IOCTL:
		so->so_error = ioctl_file(so->so_file, so->so_cmd, so->so_buf);
		break;
	case S_CLOSE:
		close_file(so->so_file, 0);
		so->so_error = 0;
		break;
	case S_REVOKE:
		so->so_error = hyp_node_revoke(h_node_find(so->so_node));
		break;
	}
	so->so_ms = t_now_ms() - start;
	__atomic_store_n(&so->so_finished, true, __ATOMIC_RELEASE);
	/* s_interrupt may be using it: until s_finish. */
	while (__atomic_load_n(&so->so_lwp, __ATOMIC_ACQUIRE) != NULL)
		t_msleep(1);
	h_exit(l);
}

void
s_start(struct s_op *so)
{

	so->so_error = -1;
	so->so_done = 0;
	so->so_finished = false;
	so->so_lwp = NULL;
	so->so_thread = t_spawn(op_run, so);
}

struct sleep_arg {
	struct s_op	*sa_op;
	const char	*sa_wmesg;
};

static int
op_sleeps(void *arg)
{
	struct sleep_arg *sa = arg;
	struct hyp_lwp *l;
	const char *wmesg;

	l = __atomic_load_n(&sa->sa_op->so_lwp, __ATOMIC_ACQUIRE);
	wmesg = l == NULL ? NULL : h_sleeps(l);
	return wmesg != NULL && strcmp(wmesg, sa->sa_wmesg) == 0;
}

void
s_wait_sleep(struct s_op *so, const char *wmesg)
{
	struct sleep_arg sa = { so, wmesg };

	t_until(op_sleeps, &sa, wmesg);
}

void
s_interrupt(struct s_op *so)
{

	hyp_lwp_interrupt(__atomic_load_n(&so->so_lwp, __ATOMIC_ACQUIRE));
}

bool
s_finished(struct s_op *so)
{

	return __atomic_load_n(&so->so_finished, __ATOMIC_ACQUIRE);
}

static int
op_finished(void *arg)
{

	return s_finished(arg);
}

int
s_finish(struct s_op *so)
{

	T_UNTIL(op_finished, so);
	__atomic_store_n(&so->so_lwp, NULL, __ATOMIC_RELEASE);
	t_join(so->so_thread);
	so->so_thread = NULL;
	return so->so_error;
}

void
s_pattern(uint8_t *buf, size_t len, uint64_t off)
{
	uint32_t x;

	for (size_t i = 0; i < len; i++) {
		x = (uint32_t)(off + i) * 2654435761u;
		buf[i] = (uint8_t)(x >> 24);
	}
}
