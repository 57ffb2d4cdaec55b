/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * check.h - what the files of devsw-check share; check.c has the model.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "hyp/hyp_node.h"
#include "vusb/vusb.h"

#define	CHECK_MAX	16	/* devices */
#define	CHECK_NODES	64
#define	CHECK_NAME	32

/* ---- lwp.c ----------------------------------------------------------- */

/* An lwp of root for this thread. */
struct hyp_lwp *check_enter(void);
uint64_t check_now(void);		/* ms */
void	check_sleep(unsigned);		/* ms */

/* ---- devices.c ------------------------------------------------------- */

extern struct vusb *check_devices[CHECK_MAX];
extern unsigned check_ndevices;
extern const char *check_module;	/* its file */
extern char check_name[64];		/* its name, when it is loaded */

int	check_load(char *, size_t);	/* by an lwp; errno, and why */
/* From now on devices take no output, or they do. */
void	check_hold(bool);
/* Plug all in that are not; pull all out.  Each waits until it is so, or says
   that a driver does not come back. */
void	check_plug(void);
void	check_unplug(void);

/* ---- nodes.c --------------------------------------------------------- */

/* A node, and what the calls of its driver have come to (watch.c's lock). */
struct cnode {
	char		 n_name[CHECK_NAME];
	struct hyp_node	*n_node;
	char		 n_device[CHECK_NAME];	/* whose it was last; "": none */
	bool		 n_open;	/* d_open, and no d_close yet */
	bool		 n_gone;	/* its device is detached */
	uint64_t	 n_cancelled;	/* ms; when d_cancel came back; 0: not */
	uint64_t	 n_closed;	/* the same of d_close without d_cancel */
	unsigned	 n_closes;	/* d_close by the kernel side */
	unsigned	 n_clones;	/* d_open gave one, and no fo_close yet */
	void		*n_closer;	/* its d_close, when it has run */
	const char	*n_own;		/* who called its d_close besides */
	void		*n_ownsite;	/* and where */
};
extern struct cnode check_nodes[CHECK_NODES];
unsigned check_nnodes(void);
struct cnode *check_node(const char *);	/* NULL */
/* error = check_open(node, flags, &file): by an lwp. */
int	check_open(struct cnode *, int, struct hyp_file **);

/* ---- clones.c -------------------------------------------------------- */

/* A file of a cloning device (watch.c's lock), by hyp_trace's ht_file. */
struct cclone {
	uintptr_t	 cc_file;	/* 0: a free row */
	uint64_t	 cc_restarted;	/* ms; when fo_restart came back; 0: not */
};
/* That one's row, a new one if need be; NULL: none is free. */
struct cclone *check_clone(uintptr_t);

/* ---- watch.c --------------------------------------------------------- */

/* Has there been a device of that name? */
bool	watch_attached(const char *);

/* Look at every call from now on. */
void	watch_start(void);

/*
 * fault(site, format, ...)
 *
 *	The driver has broken this rule, at this place (NULL: unknown): the end
 *	of the process.  Any thread, any lock.
 */
_Noreturn void fault(const void *, const char *, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* The module's code has moved out. */
void	watch_unloaded(void);

/* ---- storm.c --------------------------------------------------------- */

struct storm_count {
	unsigned	c_opens, c_calls, c_revokes, c_unplugs, c_unloads;
};
/* error = one_call(file, what): some call of that number; by an lwp. */
#define	CALL_READ	0
#define	CALL_WRITE	1
#define	CALL_POLL	2
#define	CALL_IOCTL	3
#define	CALL_KINDS	4
int	one_call(struct hyp_file *, unsigned, int, unsigned);
void	storm(unsigned, struct storm_count *);	/* ms */

#endif /* CHECK_CHECK_H */
