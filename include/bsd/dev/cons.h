/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev/cons.h - the console, which there is none of: cn_tab stays as NULL unless
 * a driver sets it, and nothing is ever written to it or read from it.
 *
 * Of cnmagic(9), the sequence of characters that enters the debugger, all is
 * there but the debugger.
 */
#ifndef _DEV_CONS_H_
#define _DEV_CONS_H_

#include <sys/types.h>

struct consdev {
	void	(*cn_probe)(struct consdev *);
	void	(*cn_init)(struct consdev *);
	int	(*cn_getc)(dev_t);
	void	(*cn_putc)(dev_t, int);
	void	(*cn_pollc)(dev_t, int);
	void	(*cn_bell)(dev_t, u_int, u_int, u_int);
	void	(*cn_halt)(dev_t);
	void	(*cn_flush)(dev_t);
	dev_t	cn_dev;
	int	cn_pri;			/* CN_* */
};
#define	CN_DEAD		0
#define	CN_NULL		1
#define	CN_NORMAL	2
#define	CN_INTERNAL	3
#define	CN_REMOTE	4

extern struct consdev *cn_tab;
#define	cn_isconsole(d)	(cn_tab != NULL && (d) == cn_tab->cn_dev)

/*
 * A state of the sequence: the character that it wants, of 9 bits, and the
 * state that follows.
 */
#define	CNS_LEN		128
#define	CNS_TERM	0x7f
#define	CNS_MAGIC_VAL(x)	((x) & 0x1ff)
#define	CNS_MAGIC_NEXT(x)	(((x) >> 9) & 0x7f)
#define	CNC_BREAK	0x100		/* the "character" of a break */

struct cnm_state {
	int	 cnm_state;
	u_short	*cnm_magic;
};

void	cn_init_magic(struct cnm_state *);
void	cn_destroy_magic(struct cnm_state *);
int	cn_set_magic(const char *);
int	cn_get_magic(char *, size_t);
void	cn_trap(void);

/* k has come from d: one more step of s, a struct cnm_state. */
#define	cn_check_magic(d, k, s) do {					\
	if (cn_isconsole(d)) {						\
		const u_short cn_m = (s).cnm_magic[(s).cnm_state];	\
		(s).cnm_state = CNS_MAGIC_VAL(cn_m) == (k) ?		\
		    CNS_MAGIC_NEXT(cn_m) : 0;				\
		if ((s).cnm_state == CNS_TERM) {			\
			(s).cnm_state = 0;				\
			cn_trap();					\
		}							\
	}								\
} while (0)

#endif /* _DEV_CONS_H_ */
