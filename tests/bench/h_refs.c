/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_refs.c - see h_refs.h.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/fcntl.h>
#include <sys/localcount.h>
#include <sys/lwp.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/vnode.h>

#include <miscfs/specfs/specdev.h>

#include "bench/h_null.h"
#include "bench/h_refs.h"

static struct vnode *vp;
static dev_t dev;

static struct localcount count;
static kmutex_t lock;
static kcondvar_t cv;

static struct {
	char	pad[64];
	u_int	word;
	char	more[64];
} shared;

void
refs_init(void)
{
	devmajor_t maj;

	for (maj = 0; cdevsw_lookup(makedev(maj, 0)) == NULL; maj++)
		KASSERT(maj < 100);
	dev = makedev(maj, 0);
	(void)spec_vnode_get(VCHR, dev, &vp, &vp);
	if (VOP_OPEN(vp, FREAD, curlwp) != 0)
		panic("the null device does not open");
	mutex_init(&lock, MUTEX_DEFAULT, IPL_NONE);
	cv_init(&cv, "refs");
	localcount_init(&count);
}

void
refs_io(unsigned n)
{

	while (n-- > 0)
		(void)VOP_POLL(vp, POLLIN, curlwp);
}

void
refs_no_io(unsigned n)
{

	while (n-- > 0)
		(void)cdev_poll(dev, POLLIN, curlwp);
}

void
refs_count(unsigned n)
{

	while (n-- > 0) {
		localcount_acquire(&count);
		localcount_release(&count, &cv, &lock);
	}
}

void
refs_shared(unsigned n)
{

	while (n-- > 0) {
		atomic_inc_uint(&shared.word);
		atomic_dec_uint(&shared.word);
	}
}
