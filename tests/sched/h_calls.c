/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_calls.c - see h_calls.h.
 */
#include <sys/param.h>
#include <sys/kernel.h>
#include <sys/lwp.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include "sched/h_calls.h"
#include "sched/sched.h"

int
c_open(struct h_client *c, int flags)
{
	struct hyp_lwp *l = h_enter(1000);

	c->c_error = hyp_node_open(c->c_node, HYP_F_READ | HYP_F_WRITE |
	    flags, &c->c_host, &c->c_file);
	h_exit(l);
	sched_note("open: %d", c->c_error);
	return c->c_error;
}

int
c_read(struct h_client *c, void *buf, size_t len, size_t *done)
{
	struct hyp_lwp *l = h_enter(1000);
	int error;

	*done = 0;
	error = hyp_file_read(c->c_file, buf, len, 0, done);
	h_exit(l);
	sched_note("read: %d, %zu bytes", error, *done);
	return error;
}

int
c_write(struct h_client *c, const void *buf, size_t len, size_t *done)
{
	struct hyp_lwp *l = h_enter(1000);
	int error;

	*done = 0;
	error = hyp_file_write(c->c_file, buf, len, 0, done);
	h_exit(l);
	sched_note("write: %d, %zu bytes", error, *done);
	return error;
}

int
c_ioctl(struct h_client *c, uint32_t cmd, uint64_t arg)
{
	struct hyp_lwp *l = h_enter(1000);
	int error, result;

	error = hyp_file_ioctl(c->c_file, cmd, arg, NULL, 0, NULL, NULL,
	    &result);
	h_exit(l);
	sched_note("ioctl %#x: %d", cmd, error);
	return error;
}

int
c_setattr(struct h_client *c, uint32_t cmd)
{
	struct hyp_lwp *l = h_enter(1000);
	u_char t[64];		/* Linux's struct termios */
	size_t insize, outsize, outoff;
	int error, result;

	error = hyp_ioctl_size(L_TCGETS, &insize, &outsize, &outoff);
	if (error == 0)
		error = hyp_file_ioctl(c->c_file, L_TCGETS, 0, NULL, 0, t,
		    &outsize, &result);
	if (error == 0)
		error = hyp_file_ioctl(c->c_file, cmd, 0, t, outsize, NULL, NULL,
		    &result);
	h_exit(l);
	sched_note("tcsetattr: %d", error);
	return error;
}

void
c_raw(struct tty *tp, int vmin, int vtime)
{

	ttylock(tp);
	tp->t_iflag = tp->t_oflag = tp->t_lflag = 0;
	tp->t_cc[VMIN] = (cc_t)vmin;
	tp->t_cc[VTIME] = (cc_t)vtime;
	ttyunlock(tp);
}

void
c_await(int (*func)(void *), void *arg)
{
	u_int n;

	for (n = 0; !func(arg); n++) {
		if (n == 10000)
			sched_fail("what was waited for does not come");
		(void)kpause("await", false, 1, NULL);
	}
}

/* ---- signals -------------------------------------------------------- */

static kmutex_t intr_lock;
static struct hyp_lwp *intr_lwp;	/* intr_lock: who is in its call */
static bool intr_over;			/* intr_lock */

void
c_intr_begin(void)
{

	mutex_init(&intr_lock, MUTEX_DEFAULT, IPL_NONE);
	intr_lwp = NULL;
	intr_over = false;
}

struct hyp_lwp *
c_intr_enter(void)
{
	struct hyp_lwp *const l = h_enter(1000);

	mutex_enter(&intr_lock);
	intr_lwp = l;
	mutex_exit(&intr_lock);
	return l;
}

void
c_intr_exit(struct hyp_lwp *l)
{

	mutex_enter(&intr_lock);
	intr_lwp = NULL;
	intr_over = true;
	mutex_exit(&intr_lock);
	h_exit(l);
}

static int
is_in_call(void *arg __unused)
{
	int is;

	mutex_enter(&intr_lock);
	is = intr_lwp != NULL || intr_over;
	mutex_exit(&intr_lock);
	return is;
}

void
c_interrupts(void *arg __unused)
{

	c_await(is_in_call, NULL);
	mutex_enter(&intr_lock);
	if (intr_lwp != NULL)
		hyp_lwp_interrupt(intr_lwp);
	mutex_exit(&intr_lock);
}
