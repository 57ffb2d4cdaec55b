/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front.h - the CUSE front end: start, stop, look at.
 *
 * The device nodes themselves are made by the kernel side through
 * hyp_node_create (hyp/hyp_node.h).
 */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include <linux/serial.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

/* Owner, group and mode of the nodes of a class; a mode of 0 leaves all three
   to the kernel and udev (root, root, 0600). */
struct front_perm {
	uid_t		 uid;
	gid_t		 gid;
	mode_t		 mode;
};

struct front_nodeinfo;
struct front_fileinfo;

/* What happens in the front end; see front_config's event. */
enum front_event {
	FRONT_EV_OPEN,		/* a file has been opened */
	FRONT_EV_CLOSE,		/* its client has closed it */
	FRONT_EV_STUCK,		/* a driver lets its deadline pass */
	FRONT_EV_LATE,		/* a call does not end; it was answered for */
	FRONT_EV_LOST,		/* the kernel has ended the connection */
	FRONT_EV_AGAIN,		/* the node has another one */
};

/* A zero or NULL member means the default that is given with it. */
struct front_config {
	struct front_perm tty;		/* class HYP_NODE_TTY */
	struct front_perm hid;		/* class HYP_NODE_HID */
	struct front_perm lp;		/* class HYP_NODE_LP */
	struct front_perm usb;		/* class HYP_NODE_USB */
	unsigned	 major;		/* of all nodes, < 512 (120) */
	unsigned	 max_threads;	/* that run clients' calls, >= 2
					   (1024) */
	unsigned	 max_files;	/* open at one time, of all nodes, <=
					   65536 (65536) */
	unsigned	 deadline_ms;	/* from an interrupt to the answer
					   (5000) */
	unsigned	 idle_ms;	/* how long a thread that is not needed
					   any more stays (2000) */
	unsigned	 guard_ms;	/* until a call that neither ends nor
					   sleeps loses the helm (10) */
	const char	*devdir;	/* where nodes appear ("/dev") */
	void		(*changed)(uint32_t); /* K's hyp_node_changed, with the
					   node's minor number; any thread,
					   must not sleep or call up */
	bool		 strict;	/* a new node is root's alone, until
					   front_node_setperm (false) */
	/*
	 * Something has happened to the node; with the file for OPEN and
	 * CLOSE, else NULL.  Any thread; must not sleep or call up.  (none)
	 */
	void		(*event)(enum front_event,
			    const struct front_nodeinfo *,
			    const struct front_fileinfo *);
	/*
	 * Who keeps channels when the daemon dies, and the journal for its
	 * successor (front/journal.h); all or none of them.  keep is told of a
	 * channel of the node with this minor number, before there is a node,
	 * and has to have the descriptor when it returns; unkeep, before it
	 * is closed.  Any thread that makes or loses a node; may wait for a
	 * short time; must not call up.  (none)
	 */
	struct journal	*journal;
	void		(*keep)(uint32_t, int);
	void		(*unkeep)(uint32_t);

	bool		 tty_nonblock_close; /* a client's O_NONBLOCK counts when
					   it closes a tty: BSD's (false) */

	/*
	 * For tests: the other end of a socket that somebody else serves in
	 * the kernel's place, instead of a new open file of /dev/cuse.
	 * Returns a descriptor, O_NONBLOCK, or a negative errno.
	 */
	int		(*open_channel)(void *);
	void		*open_arg;
};

/* How things stand; a moment's picture. */
struct front_stats {
	unsigned	 threads;	/* all of them */
	unsigned	 idle;		/* of those: not running a request */
	unsigned	 zombies;	/* of those: answered by the watchdog */
	unsigned	 nodes;		/* that live */
};

/*
 * error = front_start(config)
 *
 *	Start the front end's threads.  Before any hyp_node_create.  config
 *	is copied.  Negative: -EMFILE, -ENFILE, -ENOMEM, -EAGAIN.
 */
int	front_start(const struct front_config *);

/*
 * n = front_adopt(kept, n)
 *
 *	Take over the channels that a predecessor has left, which was killed,
 *	with what front_config's journal says of them: the calls that it had are
 *	answered as those on revoked files, its files are dead, and who sleeps in
 *	a poll is woken.  The nodes are there all the time.  What is of no
 *	use is given back to unkeep, and closed.  How many are of use; their
 *	calls wait until front_node_serve.  Right after front_start.
 *
 * front_node_serve(minor)
 * front_nodes_serve()
 *
 *	The node can be served, it has hardware; all can, whether or not they
 *	have.  No effect on those that are.  Any thread.
 */
struct front_kept {
	uint32_t	 fk_minor;
	int		 fk_fd;
};
unsigned front_adopt(const struct front_kept *, unsigned);
void	front_node_serve(uint32_t);
void	front_nodes_serve(void);

/*
 * error = front_hand_begin()
 * hyp_hand_over()
 * fd = front_hand_end()
 *
 *	A planned restart: another process is going to have the nodes, with what
 *	is open (front_hand.c).  No call is taken any more, and those in hand end,
 *	or are kept; then K's devices stop; and fd is what the next one has to
 *	have.  Nothing but the end of the process comes after.  Negative
 *	errno.
 *
 * yes = front_hand_open(fd)
 *
 *	The one before has left this, and it makes sense: front_adopt and
 *	front_node_serve go on with it.  Before front_start.
 */
int	front_hand_begin(void);
int	front_hand_end(void);
bool	front_hand_open(int);
bool	front_hand_is(void);	/* it did */
bool	front_hand_waits(void);	/* and not all of it goes on yet.  Any thread. */

/*
 * front_died_open(journal, was)
 *
 *	The journal is a predecessor's (was), which did not end by itself: its
 *	last words, calls and open files are told in the log, and kept.  What
 *	this process says when it dies will be in there.  Before front_start.
 *
 * died = front_died()
 *
 *	NULL: there was none.  Nothing of it changes.  Any thread.
 */
#define	FRONT_DIED_MAX	32
#define	FRONT_DIED_LAST	16
struct front_died {
	char		 fd_words[1024]; /* clean text; "": it was killed */
	unsigned	 fd_ncalls;	/* in hand; FRONT_DIED_MAX at most are
					   here */
	unsigned	 fd_nfiles;	/* open; same */
	struct front_died_call {
		uint32_t	 dc_minor;
		unsigned	 dc_call;	/* of FRONT_CALLS */
		char		 dc_name[64];
	}		 fd_calls[FRONT_DIED_MAX];
	struct front_died_file {
		uint32_t	 df_minor;
		pid_t		 df_pid;
		uid_t		 df_uid;
		char		 df_name[64];
	}		 fd_files[FRONT_DIED_MAX];
	unsigned	 fd_nlast;	/* calls, the last one first */
	struct front_died_last {
		uint32_t	 dl_minor;
		unsigned	 dl_call;	/* of FRONT_CALLS */
		unsigned	 dl_before;	/* so many ms before the last */
		int		 dl_took;	/* ms; -1: it had no answer */
		char		 dl_name[64];
	}		 fd_last[FRONT_DIED_LAST];
	unsigned	 fd_ndrivers;	/* threads in a driver; same as calls */
	struct front_died_driver {
		unsigned	 dd_entry;	/* of FRONT_ENTRIES */
		uint32_t	 dd_minor;	/* UINT32_MAX: of a device */
		char		 dd_name[64];	/* of node or device, or "" */
		char		 dd_thread[16];
	}		 fd_drivers[FRONT_DIED_MAX];
};
/* What of a driver is called, in the order of HYP_NOTE_*. */
#define	FRONT_ENTRIES							\
	"", "d_open", "d_cancel", "d_close", "d_read", "d_write",	\
	"d_ioctl", "d_poll", "match", "attach", "detach",		\
	"childdetached", "activate", "callback", "callout", "softint",	\
	"task", "thread"
struct journal;
void	front_died_open(struct journal *, bool);
const struct front_died *front_died(void);

/*
 * left = front_stop()
 *
 *	Interrupt every request that still runs, wait for all of them (the
 *	watchdog answers those that do not end in deadline_ms), and take the
 *	nodes away.  hyp_halt comes first, so that nothing has a reason to
 *	sleep.  Returns how many threads are stuck and were left behind; their
 *	nodes stay until the process ends.  Blocks; not from a front thread.
 */
unsigned front_stop(void);

/*
 * n = front_zombies()
 *
 *	Threads that did not end a request in time, so that the watchdog has
 *	answered for them, and have not come back since.  Any thread.
 */
unsigned front_zombies(void);

/*
 * front_ping()
 * yes = front_pong()
 *
 *	Ask for a sign of life; has it come since?  It comes from the thread
 *	that takes the clients' requests.  Not to be asked again before it
 *	has come.  Neither waits.  One thread, between front_start and
 *	front_stop.
 */
void	front_ping(void);
bool	front_pong(void);

/*
 * front_node_settled(name)
 *
 *	udev is done with the node /dev/name and has perhaps given it an owner
 *	and a mode of its own: set ours again, and let them alone count from
 *	now on, or what somebody makes of them.  No effect if the node is not
 *	ours.  NULL: for every node that waits for this; events were lost.
 *	Main's thread, before front_stop.
 */
void	front_node_settled(const char *);

/*
 * front_node_setperm(minor, perm)
 *
 *	From now on the node has this owner, group and mode; NULL: its
 *	class's.  Set at once, unless it is what the node was given last, which
 *	somebody may have changed; what could not be set is logged.  No effect
 *	if there is no such node.  Main's thread, before front_stop.
 *
 * front_setperms(tty, hid, strict)
 *
 *	The members of front_config, for nodes to come and for those without
 *	their own, which front_node_setperm sets.  The same.
 */
void	front_node_setperm(uint32_t, const struct front_perm *);
void	front_setperms(const struct front_perm *, const struct front_perm *,
	    bool);

/*
 * front_nodes_again()
 *
 *	Try once more to make the channels of nodes that have lost theirs and
 *	got no other.  Says in the log which are there again.  Sleeps for each
 *	as hyp_node_create does.  Main's thread, before front_stop.
 */
void	front_nodes_again(void);

/*
 * front_nodes_within(ms)
 *
 *	Nodes that the calling thread makes from now on, all of them together,
 *	wait so long for a kernel that does not answer; then each fails at once
 *	(ETIMEDOUT), and is one that could not be made.  0: no longer together,
 *	but 5 s each.
 */
void	front_nodes_within(unsigned);

struct hyp_node;

/* A node, by the minor number of its name in /dev. */
struct front_nodeinfo {
	struct hyp_node	*fi_node;	/* K's; lives as long as K */
	uint32_t	 fi_minor;
	char		 fi_name[64];	/* in devdir */
	int		 fi_class;	/* HYP_NODE_* */
};

/*
 * yes = front_node_find(minor, info)
 * yes = front_node_next(minor, info)
 *
 *	The node of this minor number; that, or else the next one.  Any
 *	thread.
 */
bool	front_node_find(uint32_t, struct front_nodeinfo *);
bool	front_node_next(uint32_t, struct front_nodeinfo *);

/*
 * error = front_node_owner(info, &uid)
 *
 *	Who owns the node in devdir now.  errno: ENOENT, or EXDEV if what has
 *	its name there is something else.  Any thread.
 */
int	front_node_owner(const struct front_nodeinfo *, uid_t *);

/* What runs on a file, by bits of fo_calls. */
#define	FRONT_CALLS	"open", "read", "write", "ioctl", "poll", "close"
#define	FRONT_NCALLS	6

/*
 * A client's open file.  Who it is was true when it opened it: a file can be
 * inherited, and its opener end.
 */
struct front_fileinfo {
	pid_t		 fo_pid;	/* the process; 0: not of our pid
					   namespace */
	uid_t		 fo_uid;
	gid_t		 fo_gid;
	uint64_t	 fo_time;	/* CLOCK_REALTIME, ns */
	uint64_t	 fo_boottime;	/* CLOCK_BOOTTIME, ns */
	char		 fo_command[32]; /* the thread's name */
	bool		 fo_opening;	/* the open waits yet */
	bool		 fo_stale;	/* revoked, or its device has left */
	unsigned	 fo_calls;	/* those that run now */
};

/*
 * yes = front_file_next(minor, &below, info)
 *
 *	The newest open file of the node whose number is less than below, which
 *	becomes its number; UINT64_MAX at first.  A moment's picture each.  Asks
 *	K, and so is for a thread that is no lwp; a close of the file waits
 *	for it.
 *
 * n = front_openers(minor, infos, max)
 *
 *	Who waits in open(2) of the node; max of them at most.  Any thread.
 */
bool	front_file_next(uint32_t, uint64_t *, struct front_fileinfo *);
unsigned front_openers(uint32_t, struct front_fileinfo *, unsigned);

/*
 * yes = front_file_command(info)
 *
 *	Give fo_command the name that the process has now, as programs are
 *	often opened for.  False: the process that opened the file has ended.
 *	Any thread.
 */
bool	front_file_command(struct front_fileinfo *);

/* How a serial line is set: termios(3) of Linux, and TIOCM_ bits. */
struct front_line {
	uint32_t	 fi_cflag;
	uint32_t	 fi_iflag;
	uint32_t	 fi_lflag;
	uint32_t	 fi_ospeed;	/* as set */
	uint32_t	 fi_rate;	/* what the hardware makes of it */
	int		 fi_modem;	/* -1: not known */
	bool		 fi_counted;	/* of what has come, and gone wrong: */
	struct serial_icounter_struct fi_counts;
};

/*
 * yes = front_node_line(minor, line)
 *
 *	Of a node that somebody has open: asked through his file.  False: nobody
 *	has, or it is no terminal.  As front_file_next.
 */
bool	front_node_line(uint32_t, struct front_line *);

/*
 * front_getstats(stats)
 *
 *	Any thread.
 */
void	front_getstats(struct front_stats *);

#endif /* FRONT_FRONT_H */
