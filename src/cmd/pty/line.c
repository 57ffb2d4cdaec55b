/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - terminal settings: those of the slave, carried to the node.
 *
 * The slave has a line discipline, the kernel's: echo, lines, signals, and
 * what else is about the person at the far end.  The node is raw.  What is
 * about the wire is the node's: speed, stop bits, RTS/CTS, XON/XOFF, CLOCAL,
 * HUPCL, what is done with parity errors and breaks.  A program makes those
 * settings on the slave, where they have no effect; here they are seen, and
 * made on the node.
 *
 * How they are seen: the kernel tells a pty's master of a change (TIOCPKT_IOCTL)
 * only while EXTPROC is set on the slave, and with EXTPROC the slave's line
 * discipline does nothing of what a login needs it for.  But TCGETS on a
 * master gives the slave's settings, for less than a microsecond.  So the
 * loop asks whenever it wakes, and after each read before it passes on what it
 * has read: a byte that a program writes after it has changed the speed leaves
 * with the new one.
 *
 * Only what changes is carried; the rest is as the node has it.
 *
 * Known gaps, all of the kernel's ptys: they have 8 bits and no parity, and
 * forget what tcsetattr(3) says about it, so that those two are the node's own
 * (stty -F NODE); tcdrain(3) does not wait, tcsendbreak(3) does nothing, and
 * TIOCM* are errors on a slave.  XON and XOFF that are quoted (^V^S) are XON
 * and XOFF.
 *
 * No locks: one thread.
 */
#include <asm/termbits.h>
#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pty/pty.h"

#define	CARRY_CFLAG	(CBAUD | CIBAUD | CSTOPB | CRTSCTS | CLOCAL | HUPCL)
#define	CARRY_IFLAG	(IGNBRK | BRKINT | IGNPAR | INPCK | IXON | IXOFF | \
			    IXANY)

struct line {
	int		 ln_node;
	int		 ln_master;
	struct termios2	 ln_before;	/* the node's, when it was opened */
	struct termios2	 ln_slave;	/* as the slave was last seen */
	bool		 ln_marked;	/* the node marks breaks */
};

/*
 * line_open(node)
 *
 *	NULL with errno: ENOTTY, or what else TCGETS2 says.
 */
struct line *
line_open(int node)
{
	struct line *ln;

	ln = calloc(1, sizeof(*ln));
	if (ln == NULL)
		return NULL;
	ln->ln_node = node;
	ln->ln_master = -1;
	if (ioctl(node, TCGETS2, &ln->ln_before) == -1) {
		const int error = errno;

		free(ln);
		errno = error;
		return NULL;
	}
	return ln;
}

/* The node gets its settings back, if it is still there to take them. */
void
line_close(struct line *ln)
{

	(void)ioctl(ln->ln_node, TCSETS2, &ln->ln_before);
	free(ln);
}

/* Do a and b say the same about the wire? */
static bool
same(const struct termios2 *a, const struct termios2 *b)
{

	return ((a->c_cflag ^ b->c_cflag) & CARRY_CFLAG) == 0 &&
	    ((a->c_iflag ^ b->c_iflag) & CARRY_IFLAG) == 0 &&
	    a->c_ispeed == b->c_ispeed && a->c_ospeed == b->c_ospeed &&
	    a->c_cc[VSTART] == b->c_cc[VSTART] &&
	    a->c_cc[VSTOP] == b->c_cc[VSTOP];
}

/*
 * wish(slave, node)
 *
 *	Make of the node's settings those that the slave wants.  A break that
 *	is to be a SIGINT is marked by the node (marks.c), since the node has
 *	no session to signal; without BRKINT it is a NUL or ignored, there.
 */
static void
wish(const struct termios2 *slave, struct termios2 *node)
{

	node->c_cflag = (node->c_cflag & ~(tcflag_t)CARRY_CFLAG) |
	    (slave->c_cflag & CARRY_CFLAG) | CREAD;
	node->c_iflag = slave->c_iflag & CARRY_IFLAG;
	if ((node->c_iflag & (IGNBRK | BRKINT)) == BRKINT)
		node->c_iflag |= PARMRK;
	node->c_iflag &= ~(tcflag_t)BRKINT;
	node->c_oflag = 0;
	node->c_lflag = 0;
	node->c_ispeed = slave->c_ispeed;
	node->c_ospeed = slave->c_ospeed;
	node->c_cc[VSTART] = slave->c_cc[VSTART];
	node->c_cc[VSTOP] = slave->c_cc[VSTOP];
	node->c_cc[VMIN] = 1;
	node->c_cc[VTIME] = 0;
}

/*
 * line_start(ln, master, slave)
 *
 *	The slave begins with the settings that the node has, whose program it
 *	now serves; then the node is made raw.  -1 with errno.
 */
int
line_start(struct line *ln, int master, int slave)
{

	ln->ln_master = master;
	if (ioctl(slave, TCSETS2, &ln->ln_before) == -1 ||
	    ioctl(slave, TCGETS2, &ln->ln_slave) == -1)
		return -1;
	return line_apply(ln);
}

/* Has a program changed what is the node's?  line_apply is then next. */
bool
line_changed(struct line *ln)
{
	struct termios2 t;

	if (ioctl(ln->ln_master, TCGETS2, &t) == -1 ||
	    same(&t, &ln->ln_slave))
		return false;
	ln->ln_slave = t;
	return true;
}

/*
 * line_apply(ln)
 *
 *	Make the slave's settings on the node, at once.  -1 with errno if the
 *	node refuses (it may be a speed that it has not); it is then as before.
 */
int
line_apply(struct line *ln)
{
	struct termios2 t;

	if (ioctl(ln->ln_node, TCGETS2, &t) == -1)
		return -1;
	wish(&ln->ln_slave, &t);
	if (ioctl(ln->ln_node, TCSETS2, &t) == -1)
		return -1;
	ln->ln_marked = (t.c_iflag & PARMRK) != 0;
	return 0;
}

/* Has all output left?  A node that cannot tell: yes. */
bool
line_sent(const struct line *ln)
{
	int count;

	return ioctl(ln->ln_node, TIOCOUTQ, &count) == -1 || count == 0;
}

void
line_flush_input(const struct line *ln)
{

	(void)ioctl(ln->ln_node, TCFLSH, TCIFLUSH);
}

void
line_flush_output(const struct line *ln)
{

	(void)ioctl(ln->ln_node, TCFLSH, TCOFLUSH);
}

/* Is the line to be hung up when nobody has the slave open any more? */
bool
line_hangs_up(const struct line *ln)
{

	return (ln->ln_slave.c_cflag & HUPCL) != 0;
}

/* DTR and RTS, of a node that has them. */
void
line_modem(const struct line *ln, bool up)
{
	const int lines = TIOCM_DTR | TIOCM_RTS;

	(void)ioctl(ln->ln_node, up ? TIOCMBIS : TIOCMBIC, &lines);
}

/* Does the node mark breaks now? */
bool
line_marked(const struct line *ln)
{

	return ln->ln_marked;
}

/* SIGINT to those in the foreground of the slave's session, if it has one. */
void
line_interrupt(const struct line *ln)
{

	(void)ioctl(ln->ln_master, TIOCSIG, SIGINT);
}

/* Each read of the master begins with a byte that tells of flushes. */
void
line_packets(int master)
{
	const int on = 1;

	(void)ioctl(master, TIOCPKT, &on);
}

/* Drop input of the slave that nobody has read, while nobody has it open. */
void
line_flush_slave(const char *slave)
{
	const int fd = open(slave, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return;
	(void)ioctl(fd, TCFLSH, TCIFLUSH);
	close(fd);
}
