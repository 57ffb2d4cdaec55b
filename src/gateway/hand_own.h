/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand_own.h - struct hand, which hand.c and hand_work.c share; hand.c has the
 * model, and what (h) and (t) are.
 */
#ifndef GATEWAY_HAND_OWN_H
#define GATEWAY_HAND_OWN_H

#include <pthread.h>
#include <stdatomic.h>

#include "gateway/hand.h"

#define	PIECE		8192

enum what { NOTHING, APPLY, LINES, PULSE, BREAK, MARKS, COUNT, MODEM, RESTORE,
	    FLUSH };

struct ask {
	enum what	 as_what;
	struct settings	 as_settings;
	struct counts	 as_counts;
	int		 as_a, as_b;
	int		 as_error;
};

struct hand {
	bool		 h_thread;	/* there is one */
	int		 h_own;		/* the loop's end, or the pty */
	int		 h_wake;	/* eventfd: look at what is (h) */
	int		 h_tell;	/* eventfd: there are news */
	struct event	*h_event;
	struct event	*h_limit;	/* of a late one */
	void		(*h_call)(void *, enum hand_news);
	void		*h_arg;
	bool		 h_late;
	struct found	 h_seen;	/* h_found, for the loop */
	int		 h_modem_seen;
	struct ask	 h_restored;

	char		 h_path[PATH];
	struct settings	 h_want;	/* at the open */
	bool		 h_want_marks;

	int		 h_fd;		/* (t) -1: not open */
	int		 h_far;		/* (t) its end of the socketpair */
	uint8_t		 h_in[PIECE];	/* (t) of the device */
	uint8_t		 h_out[PIECE];	/* (t) for it */
	size_t		 h_nin, h_inat, h_nout, h_outat; /* (t) */

	atomic_uint_fast64_t h_taken;	/* of them, by the device */

	pthread_mutex_t	 h_lock;
	pthread_cond_t	 h_cv;
	unsigned	 h_refs;	/* (h) the loop's, the thread's */
	unsigned	 h_news;	/* (h) bits of enum hand_news */
	struct found	 h_found;	/* (h) */
	struct ask	 h_ask;		/* (h) */
	bool		 h_asked;	/* (h) */
	bool		 h_answered;	/* (h) */
	bool		 h_left;	/* (h) nobody waits for the answer */
	bool		 h_look;	/* (h) at the modem lines */
	bool		 h_count;	/* (h) look at the counters, once */
	int		 h_modem;	/* (h) */
	struct counts	 h_counts;	/* (h) */
	int		 h_counted;	/* (h) errno of it */
	int		 h_error;	/* (h) why it is over */
	bool		 h_dropped;	/* (h) the loop wants it no more */
	bool		 h_ended;	/* (h) nothing is asked any more */
	bool		 h_over;	/* (h) the descriptor is closed */
	bool		 h_forgotten;	/* (h) counted in lost */
};

void	*hand_work(void *);
int	hand_find(const struct hand *, struct found *);
void	hand_do(int, struct ask *);
void	hand_unref(struct hand *);
void	hand_ring(int);
void	hand_lose(void);
int64_t	hand_now(void);

#endif /* GATEWAY_HAND_OWN_H */
