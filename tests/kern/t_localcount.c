/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_localcount.c - localcount(9): a drain ends exactly when the last
 * reference goes, and the object may be freed at once.  From NetBSD's manual
 * page, and its device references by counts per CPU.
 */
#include <sys/atomic.h>
#include <sys/kmem.h>
#include <sys/localcount.h>
#include <sys/systm.h>

#include "h_test.h"

#define	NTHREAD	4
#define	NROUND	2000

struct obj {
	struct localcount o_lc;
	u_int		 o_users;	/* atomic */
};

static kmutex_t lock;
static kcondvar_t cv;
static struct obj *current;	/* under lock */
static bool stop;		/* same */
static u_int wrong;		/* atomic */

static void
user(void *arg __unused)
{
	struct obj *o;
	bool done;

	do {
		mutex_enter(&lock);
		if ((o = current) != NULL)
			localcount_acquire(&o->o_lc);
		done = stop;
		mutex_exit(&lock);
		if (o == NULL)
			continue;
		atomic_inc_uint(&o->o_users);
		/* It moves, from CPU to CPU, while a drain may add up. */
		for (u_int n = t_random() % 64; n > 0; n--) {
			localcount_acquire(&o->o_lc);
			localcount_release(&o->o_lc, &cv, &lock);
		}
		atomic_dec_uint(&o->o_users);
		localcount_release(&o->o_lc, &cv, &lock);
	} while (!done);
}

static void
drain_exact(void)
{
	struct t_thread *t[NTHREAD];
	u_int before, after;
	size_t bytes;

	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "drain");
	current = NULL;
	stop = false;
	wrong = 0;
	bytes = kmem_inuse(&before);
	for (u_int i = 0; i < NTHREAD; i++)
		t[i] = t_spawn(user, NULL);
	for (u_int i = 0; i < NROUND; i++) {
		struct obj *o = kmem_zalloc(sizeof(*o), KM_SLEEP);

		localcount_init(&o->o_lc);
		mutex_enter(&lock);
		current = o;
		mutex_exit(&lock);
		if (i % 16 == 0)
			t_msleep(1);
		mutex_enter(&lock);
		current = NULL;
		localcount_drain(&o->o_lc, &cv, &lock);
		mutex_exit(&lock);
		if (atomic_load_relaxed(&o->o_users) != 0)
			wrong++;
		localcount_fini(&o->o_lc);
		kmem_free(o, sizeof(*o));
	}
	mutex_enter(&lock);
	stop = true;
	mutex_exit(&lock);
	for (u_int i = 0; i < NTHREAD; i++)
		t_join(t[i]);
	T_EQ(wrong, 0);
	T_EQ(kmem_inuse(&after), bytes);
	T_EQ(after, before);
}

const struct t_case t_cases[] = {
	{ "a drain ends with the last reference, not before", drain_exact },
	{ NULL, NULL },
};
