/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_conf.c - line disciplines: the table of them.
 *
 * There is one, termios; others can be attached and are found by name or by
 * their old number.  A tty holds a reference on its discipline, and a
 * discipline with references cannot be detached.
 *
 * Lock: ttyldisc_lock guards the list and the reference counts; a leaf.
 */
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/tty.h>

static struct linesw termios_disc = {
	.l_name = "termios",
	.l_no = TTYDISC,
	.l_open = ttylopen,
	.l_close = ttylclose,
	.l_read = ttread,
	.l_write = ttwrite,
	.l_ioctl = ttynullioctl,
	.l_rint = ttyinput,
	.l_start = ttstart,
	.l_modem = ttymodem,
	.l_poll = ttpoll,
	.l_rintb = ttyinput_block,
};

static kmutex_t ttyldisc_lock = MUTEX_INITIALIZER(ttyldisc_lock);
static LIST_HEAD(, linesw) ttyldisc_list = LIST_HEAD_INITIALIZER(ttyldisc_list);

/*
 * error = ttynullioctl(tp, cmd, data, flag, l)
 *
 *	l_ioctl of a discipline without ioctls: EPASSTHROUGH.
 */
int
ttynullioctl(struct tty *tp __unused, u_long cmd __unused,
    void *data __unused, int flag __unused, struct lwp *l __unused)
{

	return EPASSTHROUGH;
}

/*
 * ok = nullmodem(tp, carrier)
 *
 *	l_modem of a discipline that ignores loss of carrier.
 */
int
nullmodem(struct tty *tp, int carrier)
{

	ttylock(tp);
	if (carrier)
		SET(tp->t_state, TS_CARR_ON);
	else
		CLR(tp->t_state, TS_CARR_ON);
	ttyunlock(tp);
	return carrier || ISSET(tp->t_cflag, CLOCAL);
}

/* The termios discipline is always there, the first in the list. */
static void
ttyldisc_start(void)
{

	KASSERT(mutex_owned(&ttyldisc_lock));
	if (LIST_EMPTY(&ttyldisc_list))
		LIST_INSERT_HEAD(&ttyldisc_list, &termios_disc, l_list);
}

/*
 * disc = ttyldisc_default()
 * disc = ttyldisc_lookup(name)
 * disc = ttyldisc_lookup_bynum(number)
 *
 *	A discipline with a reference, for ttyldisc_release(); NULL if there
 *	is none such.  Do not sleep.
 */
struct linesw *
ttyldisc_default(void)
{

	return ttyldisc_lookup("termios");
}

struct linesw *
ttyldisc_lookup(const char *name)
{
	struct linesw *disc;

	mutex_enter(&ttyldisc_lock);
	ttyldisc_start();
	LIST_FOREACH(disc, &ttyldisc_list, l_list) {
		if (strcmp(disc->l_name, name) == 0) {
			disc->l_refcnt++;
			break;
		}
	}
	mutex_exit(&ttyldisc_lock);
	return disc;
}

struct linesw *
ttyldisc_lookup_bynum(int no)
{
	struct linesw *disc;

	mutex_enter(&ttyldisc_lock);
	ttyldisc_start();
	LIST_FOREACH(disc, &ttyldisc_list, l_list) {
		if (disc->l_no == no) {
			disc->l_refcnt++;
			break;
		}
	}
	mutex_exit(&ttyldisc_lock);
	return disc;
}

/*
 * ttyldisc_release(disc)
 *
 *	Give a reference back.
 */
void
ttyldisc_release(struct linesw *disc)
{

	mutex_enter(&ttyldisc_lock);
	KASSERTMSG(disc->l_refcnt > 0, "discipline %s", disc->l_name);
	disc->l_refcnt--;
	mutex_exit(&ttyldisc_lock);
}

/*
 * error = ttyldisc_attach(disc)
 * error = ttyldisc_detach(disc)
 *
 *	Add a discipline (EEXIST: its name or number is taken) and remove it
 *	(EBUSY: a tty uses it).
 */
int
ttyldisc_attach(struct linesw *disc)
{
	struct linesw *d;

	mutex_enter(&ttyldisc_lock);
	ttyldisc_start();
	LIST_FOREACH(d, &ttyldisc_list, l_list) {
		if (d->l_no == disc->l_no || strcmp(d->l_name,
		    disc->l_name) == 0)
			break;
	}
	if (d == NULL) {
		disc->l_refcnt = 0;
		LIST_INSERT_HEAD(&ttyldisc_list, disc, l_list);
	}
	mutex_exit(&ttyldisc_lock);
	return d == NULL ? 0 : EEXIST;
}

int
ttyldisc_detach(struct linesw *disc)
{
	int error = 0;

	KASSERT(disc != &termios_disc);
	mutex_enter(&ttyldisc_lock);
	if (disc->l_refcnt > 0)
		error = EBUSY;
	else
		LIST_REMOVE(disc, l_list);
	mutex_exit(&ttyldisc_lock);
	return error;
}
