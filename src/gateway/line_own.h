/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_own.h - struct line, which line.c and line_set.c share; line.c has the
 * model.
 */
#ifndef GATEWAY_LINE_OWN_H
#define GATEWAY_LINE_OWN_H

#include "gateway/hand.h"

struct line {
	struct event_base *ln_base;
	const char	*ln_name;
	char		 ln_path[PATH];	/* "": not known yet */
	const struct line_ops *ln_ops;
	void		*ln_arg;

	struct hand	*ln_hand;	/* NULL: AWAY */
	struct hand	*ln_old;	/* of before; it may not be over */
	struct settings	 ln_tried;	/* ln_want and ln_marks, at the open */
	bool		 ln_tried_marks;
	struct stat	 ln_stat;	/* while open */
	int		 ln_fd;		/* for bytes; -1: not OPEN */
	struct event	*ln_read;	/* while open */
	struct event	*ln_write;
	struct event	*ln_retry;
	struct event	*ln_breaks;	/* the end of one, at ln_break_due */
	uint64_t	 ln_break_due;
	struct event	*ln_counts;	/* the next look at the counters */
	unsigned	 ln_next;	/* ms until the next try */
	int		 ln_error;	/* of the last, which was told */

	struct settings	 ln_want;
	struct evbuffer	*ln_out;
	bool		 ln_was_full;
	bool		 ln_held;
	bool		 ln_broken;
	bool		 ln_look;
	bool		 ln_marks;	/* are wanted */
	struct marks	 ln_mark;
	unsigned	 ln_modem;
	struct pulse	*ln_pulse;
};

void	line_after(struct event *, unsigned);
void	line_tell_error(struct line *, unsigned);
void	line_count(struct line *);
void	line_set_modem(struct line *, int);
void	line_restored(struct line *, const struct found *);
void	line_answers_again(struct line *);
void	line_on_break_end(evutil_socket_t, short, void *);
void	line_on_reset_done(void *, int);

#endif /* GATEWAY_LINE_OWN_H */
