/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - the daemon's side of the control socket.
 */
#ifndef MAIN_CONTROL_H
#define MAIN_CONTROL_H

#define	CONTROL_CLIENTS	64	/* at one time; more get EBUSY */
#define	CONTROL_SHARE	16	/* of them of one user, but root */
#define	CONTROL_SILENCE	5	/* s until a client has to have asked */

/*
 * fd = control_start(path, major)
 *
 *	Listen at path, where there is no daemon; what a dead one has left
 *	there goes.  Anybody may connect.  major is that of the nodes.  -1:
 *	it cannot be, and the log says why.  Main's thread, once.
 */
int	control_start(const char *, unsigned);

/*
 * control_dispatch()
 *
 *	The descriptor is readable: serve who is there, each on a thread of
 *	its own.  Main's thread; does not block.
 */
void	control_dispatch(void);

/*
 * left = control_stop(ms)
 *
 *	Listen no more, and wait for requests that are being served, at most
 *	so long.  After hyp_halt, which ends the revokes; before front_stop,
 *	which takes the nodes away.  How many are still served: their threads
 *	stay.
 */
unsigned control_stop(unsigned);

#endif /* MAIN_CONTROL_H */
