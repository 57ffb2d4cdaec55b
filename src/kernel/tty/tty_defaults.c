/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tty_defaults.c - the mode of a line that nobody has set: Linux's or BSD's.
 *
 *	linux	what a new serial port has there.  Less on two points: ^O
 *		(DISCARD) works with IEXTEN as in BSD, which Linux does not
 *		do at all; and CLOCAL is off, where Linux's USB ports have it
 *		on, because a dial-in node is the one that waits for carrier
 *	bsd	NetBSD's <sys/ttydefaults.h>: tabs become spaces (OXTABS), any
 *		byte undoes a STOP (IXANY), BRKINT, IMAXBEL, no ECHOK
 *
 * Linux's are the default: a program that sets only what it knows of would
 * else find tabs expanded.  A driver asks for these with ttydefaults(); one
 * that sets t_iflag and the others from the macros of <sys/ttydefaults.h>
 * itself has BSD's whatever the choice.  The characters are the same in both.
 *
 * No lock: the choice is made once, before the first tty is there.
 */
#include <sys/param.h>
#include <sys/errno.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <hyp/hyp_node.h>

#include "tty/tty_impl.h"

struct tty_default {
	const char	*td_name;
	tcflag_t	 td_iflag;
	tcflag_t	 td_oflag;
	tcflag_t	 td_cflag;
	tcflag_t	 td_lflag;
};

static const struct tty_default tty_defaults[] = {
	{ "linux", ICRNL | IXON, OPOST | ONLCR, CREAD | CS8 | HUPCL,
	    ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN },
	{ "bsd", TTYDEF_IFLAG, TTYDEF_OFLAG, TTYDEF_CFLAG, TTYDEF_LFLAG },
};

static const struct tty_default *tty_default = &tty_defaults[0];

/*
 * ttydefaults(tp)
 *
 *	An addition: tp has the chosen mode, at 9600 Bd.  First open, before
 *	t_param is called; ttylock held.  Does not sleep.
 */
void
ttydefaults(struct tty *tp)
{

	KASSERT(ttylocked(tp));
	tp->t_iflag = tty_default->td_iflag;
	tp->t_oflag = tty_default->td_oflag;
	tp->t_cflag = tty_default->td_cflag;
	tp->t_lflag = tty_default->td_lflag;
	tp->t_ispeed = 0;
	tp->t_ospeed = TTYDEF_SPEED;
	ttychars(tp);
}

/* The up-call; contract in hyp_node.h. */
int
hyp_set_tty_defaults(const char *name)
{

	for (u_int i = 0; i < __arraycount(tty_defaults); i++) {
		if (strcmp(tty_defaults[i].td_name, name) == 0) {
			tty_default = &tty_defaults[i];
			return 0;
		}
	}
	return EINVAL;		/* the same number in Linux */
}
