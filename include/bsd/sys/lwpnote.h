/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/lwpnote.h - which function of which driver an lwp is in, for the report
 * of who comes after a crash (hyp/hyp_trace.h).  Not NetBSD's.
 *
 * Around each call of a driver: what the lwp was in before is kept on the stack
 * of the caller, so these nest.
 *
 *	d_*		lwp_note_call, lwp_note_return	two stores
 *	the others	lwp_note_enter, lwp_note_exit	a name as well
 *
 * Whoever was in a driver when it made a callout, a softint, a thread or a pipe
 * is the owner of what is called for it later.
 */
#ifndef _SYS_LWPNOTE_H_
#define _SYS_LWPNOTE_H_

#include <sys/lwp.h>
#include <sys/types.h>

#include <hyp/hyp_trace.h>

#define	LWP_NOTE_UNITS	13	/* bits of unit in a node's minor (specfs) */

struct lwp_note {
	struct hyp_note	*ln_note;
	uint64_t	 ln_word;
	uint64_t	 ln_name[2];
};

/* NODEV, and what has too high a unit, has no node. */
static inline uint64_t
lwp_note_minor(dev_t dev)
{
	const uint32_t unit = (uint32_t)minor(dev);

	return unit >> LWP_NOTE_UNITS != 0 ? 0 :
	    (uint64_t)((unit | (uint32_t)major(dev) << LWP_NOTE_UNITS) + 1) <<
	    32;
}

/*
 * lwp_note_call(ln, what, dev)
 * lwp_note_return(ln)
 *
 *	A d_* of a character device begins; it has come back.
 */
static inline void
lwp_note_call(struct lwp_note *ln, uint64_t what, dev_t dev)
{

	ln->ln_note = curlwp->l_note;
	ln->ln_word = __atomic_load_n(&ln->ln_note->hn_word, __ATOMIC_RELAXED);
	__atomic_store_n(&ln->ln_note->hn_word, what | lwp_note_minor(dev),
	    __ATOMIC_RELAXED);
}

static inline bool
lwp_note_in(uint64_t word)
{

	return word != 0 && (word & HYP_NOTE_BACK) == 0;
}

static inline void
lwp_note_return(const struct lwp_note *ln)
{
	uint64_t *const word = &ln->ln_note->hn_word;

	__atomic_store_n(word, lwp_note_in(ln->ln_word) ? ln->ln_word :
	    __atomic_load_n(word, __ATOMIC_RELAXED) | HYP_NOTE_BACK,
	    __ATOMIC_RELAXED);
}

/*
 * lwp_note_enter(ln, what, name)
 * lwp_note_owned(ln, what, owner)
 * lwp_note_exit(ln)
 *
 *	Something else of a device of that name, or of an owner, begins; it has
 *	come back.
 *
 * lwp_note_owner(owner)
 *
 *	Who is in a driver now; nobody's if none is.
 */
void	lwp_note_enter(struct lwp_note *, u_int, const char *);
void	lwp_note_owned(struct lwp_note *, u_int, const uint64_t [2]);
void	lwp_note_exit(const struct lwp_note *);
void	lwp_note_owner(uint64_t [2]);

#endif /* _SYS_LWPNOTE_H_ */
