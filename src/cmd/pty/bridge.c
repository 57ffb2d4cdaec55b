/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bridge.c - the loop between a node and the master of a pty.
 *
 *	node -> reader -> br_in -> master | slave, a program
 *	node <----------- br_out <- master |
 *
 * Two bounded queues.  A side is read only while its queue has room, so that
 * a program that does not read stops the node, whose flow control stops the
 * far end; and a far end that takes nothing stops the program's write(2).  The
 * kernel's pty holds some 64 KiB each way besides.  Nothing is dropped but by
 * tcflush(3), by a break with BRKINT, and what comes while nobody has the
 * slave open, which a tty does not keep either.
 *
 * Is the slave open?  While it is not, the master's poll says POLLHUP for ever
 * and its read EIO, after the last byte.  So:
 *
 *	br_open, !br_hup	ask the master for input
 *	br_open, br_hup		closed, or perhaps opened again: read at once
 *				while there is room, until EIO or EAGAIN
 *	!br_open		the master is not asked; inotify tells of an open
 *
 * COMMAND's end is not a closed slave: login(1) closes all of its terminal, and
 * opens it again; input that comes between waits.
 *
 * A change of the line's settings (line.c) comes between two bytes: br_before
 * counts those that were read before it.  They leave first, and the change
 * waits until they are sent, SENT_MS at most; meanwhile nothing more is read.
 *
 * The end of the node is that of the reader's pipe, or an error of a write that
 * is not EAGAIN, or POLLHUP or POLLERR of the node, which is polled while
 * it has to take output or its input is not taken: a program that does not read
 * its terminal is hung up all the same.
 *
 * Nothing here waits but poll(2).  No locks: one thread.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "pty/pty.h"

#define	QUEUE		16384
/* How often a slave is asked whose program does nothing else (line.c). */
#define	FRESH_MS	500	/* so long after an open ... */
#define	FRESH_ASK_MS	5
#define	BUSY_MS		2000	/* ... after a byte or an open ... */
#define	BUSY_ASK_MS	20
#define	IDLE_ASK_MS	250	/* ... and later */
#define	SENT_ASK_MS	5	/* is it sent? */
#define	SAY_MS		60000	/* between two lines of log of one kind */

struct queue {
	size_t		 q_len;
	unsigned char	 q_buf[QUEUE];
};

struct bridge {
	struct session	*br_ss;
	struct queue	 br_in;
	struct queue	 br_out;
	struct marks	 br_marks;
	bool		 br_open;
	bool		 br_hup;
	bool		 br_dropped;	/* DTR, by us */
	bool		 br_pending;	/* a change */
	size_t		 br_before;
	int64_t		 br_pending_end;
	int64_t		 br_fresh;	/* last open */
	int64_t		 br_busy;	/* last byte or open */
	int64_t		 br_moved;	/* last byte of output */
	int64_t		 br_said;	/* that the node refuses; 0: never */
	bool		 br_node_ended;
};

enum { P_READER, P_NODE, P_MASTER, P_SIGNALS, P_INOTIFY, P_COUNT };

static size_t
queue_room(const struct queue *q)
{

	return sizeof(q->q_buf) - q->q_len;
}

static void
queue_take(struct queue *q, size_t n)
{

	q->q_len -= n;
	memmove(q->q_buf, q->q_buf + n, q->q_len);
}

/* EAGAIN and its like: there is nothing now, and no end either. */
static bool
nothing_now(void)
{

	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* ---- the line ------------------------------------------------------- */

/* The node takes the new settings.  What it refuses is told once a minute. */
static void
change_apply(struct bridge *br)
{
	const int64_t now = now_ms();

	br->br_pending = false;
	if (line_apply(br->br_ss->ss_line) == -1 &&
	    (br->br_said == 0 || now - br->br_said >= SAY_MS)) {
		complain("%s does not take the settings of %s: %s",
		    br->br_ss->ss_options->o_node, br->br_ss->ss_slave,
		    strerror(errno));
		br->br_said = now;
	}
	if (!line_marked(br->br_ss->ss_line))
		br->br_marks.mk_state = MARKS_NONE;
}

/* A pending change, when its time has come. */
static void
change_finish(struct bridge *br)
{

	if (br->br_pending && (now_ms() >= br->br_pending_end ||
	    (br->br_before == 0 && line_sent(br->br_ss->ss_line))))
		change_apply(br);
}

/*
 * change_look(br, before)
 *
 *	Is there a change?  The first "before" bytes of output were read when
 *	there was none yet; behind them it is not known, and those who set the
 *	line first and then write are by far the most.
 */
static void
change_look(struct bridge *br, size_t before)
{

	if (!line_changed(br->br_ss->ss_line))
		return;
	if (!br->br_pending) {
		br->br_pending = true;
		br->br_before = before;
		br->br_pending_end = now_ms() + SENT_MS;
	}
	change_finish(br);
}

/* ---- the program's side --------------------------------------------- */

/* What packet mode tells: the program has flushed. */
static void
master_flushes(struct bridge *br, unsigned char what)
{
	enum { FLUSHREAD = 1, FLUSHWRITE = 2 };		/* TIOCPKT_* */

	if ((what & FLUSHREAD) != 0) {
		line_flush_input(br->br_ss->ss_line);
		reader_flush(&br->br_ss->ss_reader);
		br->br_in.q_len = 0;
	}
	if ((what & FLUSHWRITE) != 0) {
		br->br_out.q_len = br->br_before = 0;
		line_flush_output(br->br_ss->ss_line);
	}
}

/* Only the byte of packet mode, if it tells something: without room. */
static void
master_status(struct bridge *br)
{
	unsigned char what;

	if (read(br->br_ss->ss_master, &what, 1) == 1)
		master_flushes(br, what);
}

/*
 * master_read(br)
 *
 *	One read, behind what there is already.  False: there is nothing more
 *	now, or no room; a slave that is closed is then !br_open.
 *	The byte in front of the data is packet mode's.
 */
static bool
master_read(struct bridge *br)
{
	struct queue *q = &br->br_out;
	unsigned char buf[4096 + 1];
	const size_t before = q->q_len;
	size_t room = queue_room(q);
	ssize_t n;

	if (room == 0 || br->br_pending)
		return false;
	if (room > sizeof(buf) - 1)
		room = sizeof(buf) - 1;
	n = read(br->br_ss->ss_master, buf, room + 1);
	if (n <= 0) {
		br->br_hup = n == 0 || !nothing_now();
		if (br->br_hup)
			br->br_open = false;
		return false;
	}
	if (buf[0] != 0)
		master_flushes(br, buf[0]);
	else {
		memcpy(q->q_buf + q->q_len, buf + 1, (size_t)n - 1);
		q->q_len += (size_t)n - 1;
	}
	br->br_busy = br->br_moved = now_ms();
	change_look(br, before < q->q_len ? before : q->q_len);
	return true;
}

static void
master_write(struct bridge *br)
{
	struct queue *q = &br->br_in;
	ssize_t n;

	if (q->q_len == 0)
		return;
	if (!br->br_open) {
		if (br->br_ss->ss_options->o_command == NULL)
			q->q_len = 0;
		return;
	}
	n = write(br->br_ss->ss_master, q->q_buf, q->q_len);
	if (n > 0)
		queue_take(q, (size_t)n);
	else if (n == -1 && !nothing_now())
		br->br_hup = true;	/* EIO: the next read tells */
}

/* Nobody has it open any more: as a tty whose last close it was. */
static void
slave_closed(struct bridge *br)
{
	struct session *ss = br->br_ss;

	change_look(br, br->br_out.q_len);
	if (ss->ss_options->o_command != NULL)
		return;
	if (line_hangs_up(ss->ss_line)) {
		line_modem(ss->ss_line, false);
		br->br_dropped = true;
	}
	br->br_in.q_len = 0;
	line_flush_slave(ss->ss_slave);
	/* That open was our own; another's shows in what the master says. */
	session_opens(ss);
	br->br_open = true;
	while (master_read(br))
		;
}

static void
slave_opened(struct bridge *br)
{

	br->br_open = true;
	br->br_fresh = br->br_busy = now_ms();
	if (br->br_dropped)
		line_modem(br->br_ss->ss_line, true);
	br->br_dropped = false;
}

/*
 * master_service(br)
 *
 *	All of the master's that can be done now.
 */
static void
master_service(struct bridge *br)
{

	if (!br->br_open)
		return;
	while (master_read(br))
		;
	if (!br->br_open)
		slave_closed(br);
	if (br->br_open && br->br_dropped)
		slave_opened(br);
}

/* Somebody has opened or closed it; who, and whether still, is to be seen. */
static void
inotify_service(struct bridge *br)
{

	session_opens(br->br_ss);
	slave_opened(br);
	br->br_hup = true;
}

/* ---- the node's side ------------------------------------------------ */

/* A break that is a SIGINT: both queues go, as BRKINT says. */
static void
node_broken(struct bridge *br)
{

	br->br_in.q_len = 0;
	br->br_out.q_len = br->br_before = 0;
	line_flush_output(br->br_ss->ss_line);
	line_interrupt(br->br_ss->ss_line);
}

/* n bytes that the node has marked, from buf to the end of the queue. */
static void
node_marked(struct bridge *br, const unsigned char *buf, size_t n)
{
	struct queue *q = &br->br_in;
	bool broken = false;
	size_t len;

	len = marks_decode(&br->br_marks, q->q_buf + q->q_len, buf, n, &broken);
	if (broken) {
		memmove(q->q_buf, q->q_buf + q->q_len, len);
		node_broken(br);
	}
	q->q_len += len;
}

/* One read of what the node has given. */
static void
node_read(struct bridge *br)
{
	const bool marked = line_marked(br->br_ss->ss_line);
	struct queue *q = &br->br_in;
	unsigned char buf[QUEUE];
	ssize_t n;

	n = read(br->br_ss->ss_reader.rd_fd,
	    marked ? buf : q->q_buf + q->q_len, queue_room(q) - 1);
	if (n == 0 || (n == -1 && !nothing_now()))
		br->br_node_ended = true;
	if (n <= 0)
		return;
	if (marked)
		node_marked(br, buf, (size_t)n);
	else
		q->q_len += (size_t)n;
	br->br_busy = now_ms();
}

static void
node_write(struct bridge *br)
{
	struct queue *q = &br->br_out;
	const size_t len = br->br_pending ? br->br_before : q->q_len;
	ssize_t n;

	if (len == 0)
		return;
	n = write(br->br_ss->ss_node, q->q_buf, len);
	if (n == -1 && !nothing_now())
		br->br_node_ended = true;
	if (n <= 0)
		return;
	queue_take(q, (size_t)n);
	if (br->br_pending)
		br->br_before -= (size_t)n;
	br->br_moved = now_ms();
}

/* What poll has said of the node and its reader. */
static void
node_service(struct bridge *br, const struct pollfd pfd[P_COUNT])
{

	if (pfd[P_READER].revents != 0)
		node_read(br);
	else if ((pfd[P_NODE].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
		br->br_node_ended = true;
}

/* ---- the loop ------------------------------------------------------- */

/* How long, in ms; -1: until something is there. */
static int
bridge_timeout(const struct bridge *br)
{
	const struct session *ss = br->br_ss;
	const int64_t now = now_ms();

	if (br->br_pending)
		return SENT_ASK_MS;
	if (br->br_open && br->br_hup && queue_room(&br->br_out) > 0)
		return 0;
	if (ss->ss_options->o_command != NULL && ss->ss_pid == 0)
		return SENT_ASK_MS;
	if (!br->br_open)
		return -1;
	if (now - br->br_fresh < FRESH_MS)
		return FRESH_ASK_MS;
	return now - br->br_busy < BUSY_MS ? BUSY_ASK_MS : IDLE_ASK_MS;
}

/* What is waited for.  A flush (POLLPRI) is, even if there is no room. */
static void
bridge_want(const struct bridge *br, struct pollfd pfd[P_COUNT])
{
	const struct session *ss = br->br_ss;
	const size_t ready = br->br_pending ? br->br_before : br->br_out.q_len;
	const bool take = br->br_open || ss->ss_options->o_command == NULL;

	pfd[P_SIGNALS] = (struct pollfd){ ss->ss_signals, POLLIN, 0 };
	pfd[P_INOTIFY] = (struct pollfd){ ss->ss_inotify, POLLIN, 0 };
	pfd[P_READER] = (struct pollfd){ -1, POLLIN, 0 };
	pfd[P_NODE] = (struct pollfd){ -1, 0, 0 };
	if (take && queue_room(&br->br_in) > 1)	/* marks_decode wants one */
		pfd[P_READER].fd = ss->ss_reader.rd_fd;
	else
		pfd[P_NODE].fd = ss->ss_node;
	if (ready > 0) {
		pfd[P_NODE].fd = ss->ss_node;
		pfd[P_NODE].events = POLLOUT;
	}
	pfd[P_MASTER] = (struct pollfd){ ss->ss_master, POLLPRI, 0 };
	if (queue_room(&br->br_out) > 0 && !br->br_pending)
		pfd[P_MASTER].events |= POLLIN;
	if (br->br_in.q_len > 0)
		pfd[P_MASTER].events |= POLLOUT;
	/* A closed one says so for ever. */
	if (!br->br_open || br->br_hup)
		pfd[P_MASTER].fd = -1;
}

/*
 * bridge_turn(br, pfd)
 *
 *	Once around, after poll.  What has been read is passed on at once, and
 *	only what is not taken then waits for the next poll.
 */
static void
bridge_turn(struct bridge *br, const struct pollfd pfd[P_COUNT])
{

	if (pfd[P_INOTIFY].revents != 0)
		inotify_service(br);
	if ((pfd[P_MASTER].revents & POLLHUP) != 0)
		br->br_hup = true;
	if ((pfd[P_MASTER].revents & POLLPRI) != 0)
		master_status(br);
	if (pfd[P_MASTER].revents != 0 || br->br_hup)
		master_service(br);
	if (br->br_open)
		change_look(br, br->br_out.q_len);
	node_service(br, pfd);
	master_write(br);
	node_write(br);
	change_finish(br);
}

/*
 * bridge_drained(br)
 *
 *	COMMAND has ended: is everything sent that it has written?  True also
 *	when nothing has moved for STUCK_MS.
 */
static bool
bridge_drained(struct bridge *br)
{

	while (!br->br_pending && master_read(br))
		;
	if (now_ms() - br->br_moved >= STUCK_MS)
		return true;
	return !br->br_pending && br->br_out.q_len == 0 &&
	    line_sent(br->br_ss->ss_line);
}

/*
 * bridge_run(ss)
 *
 *	Carry bytes until there is an end, and say which.
 */
enum end
bridge_run(struct session *ss)
{
	const bool command = ss->ss_options->o_command != NULL;
	struct bridge br = { .br_ss = ss, .br_open = command };
	struct pollfd pfd[P_COUNT];
	bool was = command;

	br.br_fresh = br.br_busy = br.br_moved = now_ms();
	for (;;) {
		bridge_want(&br, pfd);
		if (poll(pfd, P_COUNT, bridge_timeout(&br)) == -1 &&
		    errno != EINTR) {
			complain("poll: %s", strerror(errno));
			return END_FAILED;
		}
		if (session_signals(ss))
			return END_SIGNAL;
		if (was && ss->ss_pid == 0) {
			was = false;
			br.br_moved = now_ms();
		}
		bridge_turn(&br, pfd);
		if (br.br_node_ended)
			return END_NODE;
		if (command && ss->ss_pid == 0 && bridge_drained(&br))
			return END_COMMAND;
	}
}
