/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/lockdebug.h - options LOCKDEBUG: every use of a mutex is checked; the
 * model is in src/kernel/kern/subr_lockdebug.c.
 *
 * Without the option there is nothing of it: no field, no call.  With it the
 * calls of mutex(9) are macros that tell the checker where they stand, and
 * a violation is a panic.
 *
 * What is used outside of the runtime:
 *
 *	ASSERT_SLEEPABLE()	(sys/systm.h) what follows may sleep: no
 *				mutex is held, except the kernel lock, which
 *				every sleep gives up
 *	MUTEX_NODEBUG		as the type of a mutex: not checked
 *	MUTEX_INITIALIZER(name)	for a static mutex without mutex_init
 */
#ifndef _SYS_LOCKDEBUG_H_
#define _SYS_LOCKDEBUG_H_

#include <sys/types.h>

void	callout_mem_check(const void *, size_t);	/* kern_softclock.c */

#ifdef LOCKDEBUG

struct kmutex;

/* One for each place that makes mutexes. */
struct lockdebug_class {
	u_int		 lc_id;		/* atomic; 0: not seen yet */
	bool		 lc_module;	/* a module's */
	bool		 lc_spin;	/* atomic; same, and a spin mutex */
	const char	*lc_name;
	const char	*lc_site;
};

#define	LOCKDEBUG_NHELD	12

/* What a thread holds; in its lwp and touched by itself only. */
struct lockdebug_lwp {
	const char	*ll_soft;	/* what it is in that must not sleep */
	u_int	ll_nheld;
	struct lockdebug_held {
		const struct kmutex	*lh_lock;
		const char		*lh_where;
		u_int			 lh_id;
		bool			 lh_spin;
	}	ll_held[LOCKDEBUG_NHELD];
};

/* What it was in before, and held then. */
struct lockdebug_soft {
	const char	*ls_what;
	u_int		 ls_nheld;
};

#define	LOCKDEBUG_STRING1(x)	#x
#define	LOCKDEBUG_STRING(x)	LOCKDEBUG_STRING1(x)
#define	LOCKDEBUG_HERE		__FILE__ ":" LOCKDEBUG_STRING(__LINE__)
#ifdef _MODULE
#define	LOCKDEBUG_MODULE	true
#else
#define	LOCKDEBUG_MODULE	false
#endif
#define	LOCKDEBUG_CLASS(name)						\
	{ .lc_name = (name), .lc_site = LOCKDEBUG_HERE,			\
	    .lc_module = LOCKDEBUG_MODULE }

void	lockdebug_mutex_init(struct kmutex *, int, int,
	    struct lockdebug_class *);
void	lockdebug_mutex_destroy(struct kmutex *);
void	lockdebug_mutex_enter(struct kmutex *, const char *);
void	lockdebug_mutex_exit(struct kmutex *, const char *);
int	lockdebug_mutex_tryenter(struct kmutex *, const char *);
const char *lockdebug_where(const struct kmutex *);
void	lockdebug_barrier(const struct kmutex *, const char *, const char *);
void	lockdebug_none(const char *, const char *);
void	lockdebug_return(const char *);
void	lockdebug_soft_enter(struct lockdebug_soft *, const char *);
void	lockdebug_soft_exit(const struct lockdebug_soft *);
void	lockdebug_alloc(bool, const char *);
void	lockdebug_mem_check(const void *, size_t);

#define	mutex_init(m, type, ipl) do {					\
	static struct lockdebug_class lockdebug_class_ =		\
	    LOCKDEBUG_CLASS(#m);					\
									\
	lockdebug_mutex_init((m), (type), (ipl), &lockdebug_class_);	\
} while (0)
#define	mutex_destroy(m)	lockdebug_mutex_destroy(m)
#define	mutex_enter(m)		lockdebug_mutex_enter((m), LOCKDEBUG_HERE)
#define	mutex_exit(m)		lockdebug_mutex_exit((m), LOCKDEBUG_HERE)
#define	mutex_tryenter(m)	lockdebug_mutex_tryenter((m), LOCKDEBUG_HERE)

#define	MUTEX_INITIALIZER(name)						\
	{ .mtx_class = &(struct lockdebug_class)LOCKDEBUG_CLASS(#name) }

#define	LOCKDEBUG_WHERE(m)	lockdebug_where(m)
#define	LOCKDEBUG_REENTER(m, where)	lockdebug_mutex_enter((m), (where))
#define	LOCKDEBUG_BARRIER(m, what)					\
	lockdebug_barrier((m), (what), LOCKDEBUG_HERE)
#define	LOCKDEBUG_NONE(what)	lockdebug_none((what), LOCKDEBUG_HERE)
#define	LOCKDEBUG_RETURN(what)	lockdebug_return(what)
#define	LOCKDEBUG_SOFT(what, call)	do {				\
	struct lockdebug_soft lockdebug_soft_;				\
									\
	lockdebug_soft_enter(&lockdebug_soft_, (what));			\
	call;								\
	lockdebug_soft_exit(&lockdebug_soft_);				\
} while (0)
#define	LOCKDEBUG_MEM_CHECK(p, size)	lockdebug_mem_check((p), (size))
#define	LOCKDEBUG_SOFTC(p, size)	callout_mem_check((p), (size))

#else /* LOCKDEBUG */

#define	MUTEX_INITIALIZER(name)	{ .mtx_word = 0 }

/* Where m was taken; take it again and say that it was there. */
#define	LOCKDEBUG_WHERE(m)	NULL
#define	LOCKDEBUG_REENTER(m, where)	((void)(where), mutex_enter(m))

/* No lock is held but m, which may be NULL, and the kernel lock. */
#define	LOCKDEBUG_BARRIER(m, what)	((void)0)

/* None at all, the kernel lock included. */
#define	LOCKDEBUG_NONE(what)	((void)0)

/* A driver's function has returned: no lock is held but the kernel lock. */
#define	LOCKDEBUG_RETURN(what)	((void)0)

/* A callout, a softint or a callback: it does not sleep, and leaves no lock. */
#define	LOCKDEBUG_SOFT(what, call)	(call)

/* No lock that is held is in this memory. */
#define	LOCKDEBUG_MEM_CHECK(p, size)	((void)0)

/* A softc is about to be freed: no callout in it comes yet, or runs. */
#define	LOCKDEBUG_SOFTC(p, size)	((void)0)

#endif /* LOCKDEBUG */

#endif /* _SYS_LOCKDEBUG_H_ */
