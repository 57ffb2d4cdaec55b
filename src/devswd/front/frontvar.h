/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * frontvar.h - what the files of src/devswd/front share.
 *
 *	front_helm.c	the helm: who takes the next request, and runs it
 *	front_park.c	a request sleeps while its thread is at the helm
 *	front_threads.c	threads: spares, the guard, start and stop
 *	front_req.c	one request: interrupt, deadline, exactly one answer
 *	front_ops.c	the CUSE operations
 *	front_hand.c	a planned restart: what is said to the next process
 *	front_handed.c	the same: calls and files go on in this one
 *	front_handle.c	open files by the numbers that the kernel has for them
 *	front_node.c	nodes: what K makes, who asks; start and stop
 *	front_chan.c	their channels: make, lose, make again
 *	front_perm.c	owner and mode of nodes
 *	front_access.c	who may open a node
 *	front_share.c	who may have how many of the threads
 *	front_state.c	what devices want to know again (states.c)
 *	front_keep.c	what outlives the daemon, and taking it over
 *	journal.c	what a successor has to know
 *	front_io.c	reading from and writing to a channel
 *	front_who.c	who has a node open, for those who ask
 *
 * Objects
 *	struct front_node	a name in /dev.  Made by hyp_node_create, lives
 *				until front_stop.
 *	struct front_chan	an open file of /dev/cuse and libfuse's session
 *				on it.  A node has one; it loses it when the
 *				kernel ends the connection, and gets another.
 *	struct front_file	a client's open file.
 *	struct front_user	a user who has any.
 *	struct front_thread	a front thread and the one request it runs.
 *
 * Locks
 *	fl_lock		(front.fl_lock) a leaf: under it nothing of libfuse,
 *			nothing of K and no system call that waits.  K's
 *			locks may be held when it is taken (front_park).
 *	libfuse's	req->lock is held when front_interrupted() is called,
 *			which takes fl_lock and posts to K.  So no call of
 *			fuse_req_interrupt_func with fl_lock held.
 *
 * Keys used below:  (l) fl_lock   (a) atomic   (t) the thread itself
 *		     (c) constant once made
 */
#ifndef FRONT_FRONTVAR_H
#define FRONT_FRONTVAR_H

#define	FUSE_USE_VERSION	314
#include <cuse_lowlevel.h>

#include <sys/queue.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "front/front.h"
#include "host/host.h"
#include "hyp/hyp_node.h"

/*
 * The kernel splits a read or a write into requests of at most 32 pages.  A
 * request's buffer also holds the headers; what the kernel asks for is
 * max_write + 80.
 */
#define	FRONT_MAXIO	((size_t)128 * 1024)
#define	FRONT_INSZ	(FRONT_MAXIO + 4096)

#define	FRONT_PATH	512	/* of a node */
#define	FRONT_MAXERRNO	133		/* EHWPOISON, Linux's last */

struct front_node {
	LIST_ENTRY(front_node)	 fn_list;	/* (l) */
	_Atomic(struct hyp_node *) fn_node;	/* (a) NULL: taken over, and
						   not yet K's */
	char			*fn_name;	/* (c) */
	int			 fn_class;	/* (c) */
	uint32_t		 fn_minor;	/* (c) */
	struct front_chan	*fn_chan;	/* (l) NULL: dead */
	struct front_perm	 fn_perm;	/* (l) its own, if fn_own */
	bool			 fn_own;	/* (l) not its class's */
	struct front_perm	 fn_given;	/* (l) what it was given last */
	bool			 fn_orphan;	/* its channel frees it */
	bool			 fn_away;	/* (l) given up */
	bool			 fn_held;	/* (l) taken over, calls wait */
	int			 fn_record;	/* in the journal, or -1 */
	atomic_bool		 fn_nowhere;	/* (a) made, but not in devdir */
	_Atomic unsigned	 fn_unsettled;	/* (a) udev has yet to say so many
						   times that it is done */
	_Atomic unsigned	 fn_busy;	/* (a) calls in K */
};

struct front_user {
	LIST_ENTRY(front_user)	 fu_list;	/* (l) */
	uid_t			 fu_uid;	/* (c) */
	unsigned		 fu_refs;	/* (l) open files */
	_Atomic unsigned	 fu_busy;	/* (a) calls in K */
};

#define	FRONT_NUSERS	64			/* lists of them, by number */
LIST_HEAD(front_users, front_user);

struct front_chan {
	struct front_node	*fc_node;	/* (c) */
	struct fuse_session	*fc_se;		/* (c) */
	int			 fc_fd;		/* (c) fc_se closes it */
	int			 fc_error;	/* why a read failed; reader's */
	bool			 fc_inited;	/* CUSE_INIT has been answered */
	atomic_bool		 fc_lost;	/* (a) the connection is gone */
	_Atomic unsigned	 fc_refs;	/* (a) 1 while it lives, and 1
						   for each thread in it */
	LIST_HEAD(, front_file)	 fc_files;	/* (l) */
};

struct front_file {
	LIST_ENTRY(front_file)	 ff_list;	/* (l) */
	struct front_chan	*ff_chan;	/* (c) */
	struct hyp_file		*ff_file;	/* (c) */
	struct front_user	*ff_user;	/* (c) the opener */
	_Atomic unsigned	 ff_refs;	/* (a) 1 while the client has it
						   open, 1 for each request */
	_Atomic(struct fuse_pollhandle *) ff_ph; /* (a) set once */
	atomic_bool		 ff_armed;	/* (a) a client waits for a
						   wake-up */
	struct front_thread	*ff_closer;	/* (t) of the RELEASE that has no
						   answer yet, or NULL */
	uint64_t		 ff_number;	/* (l) rises with each open */
	uint32_t		 ff_slot;	/* (c) see front_handle.c */
	bool			 ff_slotted;	/* (l) the slot is its own */
	bool			 ff_recorded;	/* (l) in the journal */
	unsigned		 ff_peeks;	/* (l) who looks at it */
	struct front_fileinfo	 ff_info;	/* (c) */
	int			 ff_flags;	/* (c) HYP_F_*, of its open */
	bool			 ff_nonblock;	/* set by the RELEASE, read by
						   who closes the file */
	struct hyp_cred		 ff_cred;	/* (c) of the opener */
	uint32_t		 ff_groups[];	/* (c) what ff_cred points to */
};

enum front_op {
	FRONT_OPEN,
	FRONT_READ,
	FRONT_WRITE,
	FRONT_IOCTL,
	FRONT_POLL,
	FRONT_RELEASE,
};

/* ft_state; the allowed moves are in front_req.c. */
enum front_state {
	FT_IDLE,		/* no request, or claimed by the thread */
	FT_RUNNING,		/* in K; whoever is first may claim it */
	FT_PINNED,		/* another thread looks at it; the thread
				   waits before it goes on */
	FT_ANSWERED,		/* the watchdog has answered */
};

struct front_thread {
	TAILQ_ENTRY(front_thread) ft_all;	/* (l) */
	TAILQ_ENTRY(front_thread) ft_spare;	/* (l) */
	uint32_t		 ft_calls;	/* (l) a spare waits for more */
	uint64_t		 ft_helm;	/* (t) the value of fl_helm that
						   is this thread's, or 0 */
	struct front_chan	*ft_hot;	/* (t) last served at the helm */
	unsigned		 ft_luck;	/* (t) see front_helm.c */
	unsigned		 ft_streak;	/* (t) */
	unsigned		 ft_burst;	/* (t) requests of this turn */
	bool			 ft_nosleep;	/* (t) nobody could take over */
	bool			 ft_busy;	/* (t) counted in fl_busy */
	bool			 ft_over;	/* (t) its call is over a share */
	void			*ft_in;		/* (t) FRONT_INSZ; and behind it */
	char			*ft_buf;	/* (t) FRONT_MAXIO, its own even
						   if it comes back too late */
	uint32_t		 ft_slot;	/* (c) in the journal */
	uint32_t		 ft_handslot;	/* (t) of a call that goes on */
	size_t			 ft_done;	/* (t) what that has written */
	bool			 ft_handed;	/* (t) goes on elsewhere */
	atomic_bool		 ft_signalled;	/* (a) by its client */
	int			 ft_record;	/* (t) of the node there; -1 */

	/* The request; written by the thread while ft_state is FT_IDLE. */
	_Atomic int		 ft_state;	/* (a) enum front_state */
	_Atomic uint64_t	 ft_deadline;	/* (a) 0: none */
	fuse_req_t		 ft_req;
	struct hyp_lwp		*ft_lwp;
	struct front_chan	*ft_chan;
	struct front_file	*ft_file;	/* NULL: not yet open */
	struct front_file	*ft_for;	/* ditto, and while it opens */
	enum front_op		 ft_op;
};

TAILQ_HEAD(front_threads, front_thread);

struct front {
	struct front_config	 fl_config;	/* (c) */
	pthread_mutex_t		 fl_lock;
	pthread_cond_t		 fl_cond;	/* a pin is gone, a thread too */

	_Atomic uint64_t	 fl_helm;	/* (a) see helmvar.h */
	atomic_bool		 fl_watching;	/* (a) set and cleared (l) */
	atomic_bool		 fl_stopping;	/* (a) set (l) */
	atomic_bool		 fl_handing;	/* (a) to another process */
	atomic_bool		 fl_handed;	/* (a) calls, by the one before */
	bool			 fl_capped;	/* (l) has been logged */
	unsigned		 fl_nthreads;	/* (l) */
	unsigned		 fl_nspare;	/* (l) with those that start */
	struct front_threads	 fl_all;	/* (l) */
	struct front_threads	 fl_spares;	/* (l) last in, first out */

	int			 fl_epoll;	/* (c) */
	int			 fl_stopfd;	/* (c) eventfd */
	int			 fl_timerfd;	/* (c) */
	int			 fl_pingfd;	/* (c) eventfd */
	int			 fl_parkfd;	/* (c) eventfd */
	_Atomic uintptr_t	 fl_parked;	/* (a) see front_park.c */
	unsigned		 fl_luck;	/* of who has PARKED the helm */
	unsigned		 fl_streak;	/* ditto */
	atomic_bool		 fl_pong;	/* (a) nothing is asked */
	uint64_t		 fl_timer;	/* (l) when it fires; 0: never */
	_Atomic unsigned	 fl_zombies;	/* (a) */
	_Atomic unsigned	 fl_busy;	/* (a) see front_share.c */
	struct host_quiet	 fl_refused;	/* lines about calls over */
	struct host_quiet	 fl_full;	/* ... and about no thread */
	struct front_users	 fl_users[FRONT_NUSERS]; /* (l) */
	LIST_HEAD(front_nodes, front_node) fl_nodes;	/* (l) */
	struct front_nodes	 fl_kept;	/* (l) taken over, not K's */
	uint64_t		 fl_number;	/* (l) the last ff_number */
	unsigned		 fl_unheard;	/* (l) settled, but not in it */
};

extern struct front front;

/* front_helm.c */
bool	front_run(struct front_thread *);

/* front_threads.c */
int	front_threads_start(void);
void	front_threads_stop(void);
unsigned front_idle(void);
struct front_thread *front_self(void);
struct front_thread *front_maybe_self(void);

/* front_req.c */
void	front_req_enter(struct front_thread *, fuse_req_t, enum front_op,
	    struct front_file *);
bool	front_req_claim(struct front_thread *);
void	front_req_exit(struct front_thread *);
int	front_reply_err(fuse_req_t, int, const struct front_chan *);
void	front_interrupt_all(const struct front_chan *, unsigned);
void	front_watchdog(void);
unsigned front_calls_of(const struct front_file *);
struct front_file *front_opening(const struct front_chan *, unsigned,
	    struct front_fileinfo *);

/* front_ops.c */
extern const struct cuse_lowlevel_ops front_ops;
void	front_file_rele(struct front_file *);

/* front_handle.c */
int	front_handles_start(void);
int	front_file_slot(struct front_file *);
void	front_file_noslot(struct front_file *);
uint64_t front_file_insert(struct front_file *);
void	front_file_remove(struct front_file *);
bool	front_file_restore(struct front_file *, uint32_t, uint64_t);
bool	front_slot_reserve(uint32_t);
void	front_slot_free(uint32_t);
void	front_file_polled(struct front_file *, uint64_t);
struct front_file *front_file_first(struct front_chan *);
struct front_file *front_file_get(struct front_chan *, uint64_t);
struct front_file *front_file_take(struct front_chan *, uint64_t);
void	front_dead(fuse_req_t, enum front_op, uint32_t, struct front_chan *);

/* front_node.c */
struct front_node *front_node_alloc(struct hyp_node *, const char *, int,
	    uint32_t);
void	front_node_free(struct front_node *);
void	front_nodes_stop(void);

/* front_chan.c */
int	front_chan_make(struct front_node *);
struct front_chan *front_chan_alloc(struct front_node *, int);
void	front_chan_free(struct front_chan *);
int	front_chan_watch(struct front_chan *);
void	front_chan_lost(struct front_thread *, struct front_chan *);
void	front_chan_rele(struct front_chan *);

/* front_keep.c; FRONT_MADE_UP is no call of the kernel's. */
#define	FRONT_MADE_UP	(UINT64_C(1) << 62)
void	front_kept_add(struct front_node *, int);
void	front_kept_made(struct front_node *);
void	front_kept_given(struct front_node *, const struct front_perm *);
void	front_kept_remove(struct front_node *);
void	front_call_begin(struct front_thread *, const struct front_chan *);
void	front_call_end(struct front_thread *);
void	front_answer_dead(const struct front_chan *, uint64_t, uint32_t);
void	front_interrupt_again(const struct front_chan *, uint64_t);
bool	front_is_resent(const struct front_chan *, const void *);
int	front_kept_take(struct hyp_node *, const char *, int, uint32_t,
	    struct front_node **);

/* front_hand.c */
bool	front_hand_call(struct front_thread *, fuse_req_t,
	    const struct front_chan *, size_t);

/* front_handed.c */
void	front_hand_slots(void);
bool	front_hand_has(const struct front_node *, uint64_t);
void	front_hand_journal(uint32_t);
void	front_hand_files(struct front_node *);
void	front_hand_forget(const struct front_node *);
void	front_hand_gone(const struct front_node *);
struct front_chan *front_hand_next(struct front_thread *);

/* front_perm.c */
struct stat;
void	front_node_path(const struct front_node *, char [FRONT_PATH]);
int	front_node_own(struct front_node *, bool);
void	front_node_heard(struct front_node *, unsigned);
bool	front_node_is_ours(const struct front_node *, const struct stat *);
bool	front_node_perm(const struct front_node *, struct front_perm *);

/* front_share.c */
struct front_user *front_user_get(uid_t);
void	front_user_put(struct front_user *);
bool	front_share_enter(struct front_thread *, struct front_file *, bool);
void	front_share_exit(struct front_file *);
void	front_share_idle(struct front_thread *);
void	front_share_refused(const struct front_file *);

/* front_who.c */
void	front_who(struct front_file *);
void	front_file_unseen(struct front_file *);
void	front_tell(enum front_event, const struct front_node *,
	    const struct front_file *);

/* front_io.c */
int	front_io_attach(struct front_chan *);
int	front_io_receive(struct front_chan *, struct fuse_buf *);

#endif /* FRONT_FRONTVAR_H */
