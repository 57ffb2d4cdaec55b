/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_line.h - a port whose terminal is the test's own: a pty has no modem lines,
 * no breaks and no errors, so tty.c is not the program's here but one that writes
 * down what it is asked (struct call), on a socket in the place of a node; all
 * else is.
 */
#ifndef H_LINE_H
#define H_LINE_H

#include <event2/event.h>

#include "gateway/gateway.h"
#include "h_test.h"

#define	CALLS		256
#define	AS_IT_IS	(-1)

enum what { APPLY = 1, LINES, BREAK };

struct call {
	enum what	 what;
	int		 dtr, rts;	/* LINES; BREAK: dtr is on */
	double		 ms;
};
extern struct call calls[CALLS];
extern unsigned ncalls;
extern int far;			/* the device's end */
extern int fails;		/* errno of tty_pulse */
extern int is_dtr, is_rts;
extern uint32_t (*makes)(uint32_t);	/* of a speed; NULL: as it is */
/* Who comes to this call of the terminal's waits until it is another one. */
enum hold { HOLD_NONE, HOLD_OPEN, HOLD_APPLY, HOLD_MODEM, HOLD_BREAK,
	    HOLD_MARKS };
void	hold(enum hold);
unsigned opens(void);

extern struct counts counted;
extern bool counts;		/* the driver does */
extern bool marked;		/* tty_marks */

extern struct event_base *base;
extern struct port_conf conf;
extern struct port *port;
extern int ends[4];

double	now(void);
void	begin(const char *);
void	end(void);
int	join(enum role);
int	join_as(const struct proto *, enum role);
void	until_open(void);
void	run(unsigned);
void	say_to(int, const void *, size_t);
bool	hears(int, const char *);

#endif /* H_LINE_H */
