/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_pserialize.c - pserialize(9): readers who hold each other up by
 * nothing, and a writer who waits for all of them.
 *
 * Model
 *	A mutex for each CPU, in a cache line of its own.  A reader has that of
 *	the CPU on which it has begun, which hardly anybody else wants.  A
 *	writer changes what new readers find, and then goes through the mutexes
 *	one after the other: whoever had found it as it was before has left.
 *
 *	reader				writer
 *	read_enter: its CPU's mutex
 *	finds the object
 *					takes it out, or marks it
 *					perform: waits for this mutex
 *	takes a reference
 *	read_exit
 *					perform returns: the reference is
 *					  there to be drained; without one
 *					  the object may be freed
 *
 *	A reader that enters after the writer has left its mutex sees all that
 *	the writer had done before.
 *
 * All users share the mutexes, as they share the CPUs in NetBSD; so there is
 * nothing in a pserialize_t.  A thread may be moved to another CPU as a reader:
 * it keeps the mutex that it has, and its number is the cookie.
 *
 * Locks: a reader does not sleep, does not become one again, and wants no lock
 * that somebody holds over a perform.  Lock order: a caller's -> ps_lock.
 *
 * Memory: a line for each CPU, at most PS_CPUS; CPUs beyond share.
 */
#include <sys/mutex.h>
#include <sys/param.h>
#include <sys/pserialize.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	PS_LINE		64
#define	PS_CPUS		64

struct ps_cpu {
	kmutex_t	ps_lock;
	char		ps_pad[PS_LINE - sizeof(kmutex_t)];
} __aligned(PS_LINE);

struct pserialize {
	u_int		psz_ncpu;	/* const after pserialize_init */
	struct ps_cpu	psz_cpus[PS_CPUS];
};

static struct pserialize pserialize;

/*
 * pserialize_init()
 *
 *	From kern_init.
 */
void
pserialize_init(void)
{

	pserialize.psz_ncpu = MIN(hyp_ncpu(), PS_CPUS);
	for (u_int i = 0; i < pserialize.psz_ncpu; i++)
		mutex_init(&pserialize.psz_cpus[i].ps_lock, MUTEX_DEFAULT,
		    IPL_SCHED);
}

/*
 * psz = pserialize_create()
 * pserialize_destroy(psz)
 *
 *	For pserialize_perform.  All are the same one.
 */
pserialize_t
pserialize_create(void)
{

	return &pserialize;
}

void
pserialize_destroy(pserialize_t psz)
{

	KASSERTMSG(psz == &pserialize, "%p", (void *)psz);
}

/*
 * s = pserialize_read_enter()
 * pserialize_read_exit(s)
 *
 *	A pserialize_perform that begins between them waits for the second.
 *	No sleep, and not once more, in between.
 */
int
pserialize_read_enter(void)
{
	const u_int cpu = hyp_cpu() % pserialize.psz_ncpu;

	mutex_enter(&pserialize.psz_cpus[cpu].ps_lock);
	return (int)cpu;
}

void
pserialize_read_exit(int s)
{

	mutex_exit(&pserialize.psz_cpus[s].ps_lock);
}

/*
 * pserialize_perform(psz)
 *
 *	Wait until all readers that were there when this was called have left.
 *	The caller is none.  As short as a reader.
 */
void
pserialize_perform(pserialize_t psz)
{

	for (u_int i = 0; i < psz->psz_ncpu; i++) {
		mutex_enter(&psz->psz_cpus[i].ps_lock);
		mutex_exit(&psz->psz_cpus[i].ps_lock);
	}
}
