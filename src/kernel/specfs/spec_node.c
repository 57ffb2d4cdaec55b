/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spec_node.c - specfs: vnodes and specdevs, how they are made, found and
 * freed.  spec_vnops.c says what they are.
 *
 * A hash table by dev_t, whose buckets have a lock each.  In a bucket are the
 * vnodes that can be found, living ones and those whose revoke goes on
 * (sb_nodes), and the specdevs, but for those of clones, which nobody looks for
 * (sb_devs).
 *
 * Locks: device_lock(dev) guards the bucket of dev, and all that it has.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/file.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/systm.h>

#include <hyp/hyp_node.h>

#include "specfs/specfs_impl.h"

struct spec_bucket spec_buckets[SPEC_BUCKETS];

#define	SN_VNODE(sn)	__containerof(sn, struct vnode, v_spec)

/*
 * spec_node_init()
 *
 *	Nothing is there.
 */
void
spec_node_init(void)
{
	struct spec_bucket *sb;

	SPEC_FOREACH_BUCKET(sb) {
		mutex_init(&sb->sb_lock, MUTEX_DEFAULT, IPL_NONE);
		cv_init(&sb->sb_iocv, "specio");
		LIST_INIT(&sb->sb_nodes);
		LIST_INIT(&sb->sb_devs);
		spec_close_init(sb);
	}
}

/*
 * sd = specdev_find(type, dev)
 *
 *	The specdev, without a reference, or NULL; clones are not found.
 *	device_lock held.
 */
struct specdev *
specdev_find(enum vtype type, dev_t dev)
{
	struct specdev *sd;

	LIST_FOREACH(sd, &spec_bucket(dev)->sb_devs, sd_hash) {
		if (sd->sd_dev == dev && sd->sd_type == type)
			break;
	}
	return sd;
}

/* device_lock held: the specdev of type and dev, made if need be. */
static struct specdev *
specdev_get(enum vtype type, dev_t dev)
{
	struct specdev *sd = specdev_find(type, dev);

	if (sd == NULL) {
		sd = kmem_zalloc(sizeof(*sd), KM_SLEEP);
		sd->sd_dev = dev;
		sd->sd_type = type;
		sd->sd_ss = spec_semantics_of(type, dev, NULL);
		LIST_INSERT_HEAD(&spec_bucket(dev)->sb_devs, sd, sd_hash);
	}
	sd->sd_refcnt++;
	return sd;
}

/*
 * spec_node_unhash(vp)
 *
 *	vp cannot be found any more.  device_lock held.
 */
void
spec_node_unhash(struct vnode *vp)
{

	KASSERT(mutex_owned(device_lock(vp->v_rdev)));
	if (vp->v_spec.sn_hashed)
		LIST_REMOVE(&vp->v_spec, sn_hash);
	vp->v_spec.sn_hashed = false;
}

/*
 * vp = spec_next_by_dev(type, dev, vp)
 *
 *	The first vnode of the device that can be found, for NULL, or the next
 *	one.  device_lock held.
 */
struct vnode *
spec_next_by_dev(enum vtype type, dev_t dev, struct vnode *vp)
{
	struct specnode *sn;

	KASSERT(mutex_owned(device_lock(dev)));
	sn = vp == NULL ? LIST_FIRST(&spec_bucket(dev)->sb_nodes) :
	    LIST_NEXT(&vp->v_spec, sn_hash);
	for (; sn != NULL; sn = LIST_NEXT(sn, sn_hash)) {
		vp = SN_VNODE(sn);
		if (vp->v_rdev == dev && vp->v_type == type)
			return vp;
	}
	return NULL;
}

/*
 * specdev_rele(sd)
 *
 *	One reference less; the last one frees it.  device_lock held.
 */
void
specdev_rele(struct specdev *sd)
{

	if (--sd->sd_refcnt > 0)
		return;
	KASSERTMSG(sd->sd_opencnt == 0, "opencnt=%u", sd->sd_opencnt);
	KASSERTMSG(atomic_load_relaxed(&sd->sd_iocnt) == 0, "iocnt=%u",
	    atomic_load_relaxed(&sd->sd_iocnt));
	KASSERT(!atomic_load_relaxed(&sd->sd_opened) && !sd->sd_closing);
	if (sd->sd_file != NULL)
		kmem_free(sd->sd_file, sizeof(*sd->sd_file));
	else
		LIST_REMOVE(sd, sd_hash);
	kmem_free(sd, sizeof(*sd));
}

/*
 * device_lock held: the living vnode of dev with this name, or any one that is
 * not dead if that is NULL.
 */
static struct vnode *
spec_find(enum vtype type, dev_t dev, const void *node)
{
	struct specnode *sn;
	struct vnode *vp;

	LIST_FOREACH(sn, &spec_bucket(dev)->sb_nodes, sn_hash) {
		vp = SN_VNODE(sn);
		if (vp->v_rdev == dev && vp->v_type == type &&
		    (node == NULL || (vp->v_node == node && !spec_gone(vp))))
			return vp;
	}
	return NULL;
}

/*
 * spec_node_learn(vp, dv)
 *
 *	An open has its driver now, and its device dv (NULL: the driver has
 *	none), and is about to be counted: note what the driver says of itself,
 *	and the semantics that the configuration wants for the device.  Not
 *	when the vnode is made, as the open may have loaded the driver since:
 *
 *		takes a vnode: there is no driver
 *		autoload
 *		d_open of a tty, whose revoked files have to read 0
 *
 *	What is open, or closing, keeps what it began with.  A file that is dead
 *	has it in its vnode, since the specdev may be others' by now:
 *
 *		A				B, and a reload
 *		open: linux
 *		unplugged; dead
 *						now: netbsd
 *						replug, open: sd_ss is netbsd
 *		write: EIO, as linux has it
 *
 *	device_lock held.
 */
void
spec_node_learn(struct vnode *vp, device_t dv)
{
	struct specdev *const sd = vp->v_spec.sn_dev;
	const dev_t dev = sd->sd_dev;
	const struct spec_semantics *ss;

	KASSERT(mutex_owned(device_lock(vp->v_rdev)));
	if (vp->v_spec.sn_opencnt == 0)
		vp->v_istty = sd->sd_type == VCHR && cdev_type(dev) == D_TTY;
	if (sd->sd_opencnt == 0 && !sd->sd_closing) {
		ss = spec_semantics_of(sd->sd_type, dev, dv);
		sd->sd_ss = ss;
		sd->sd_tracks = sd->sd_type == VCHR && sd->sd_ss->ss_each &&
		    (cdev_flags(dev) & D_TRACKCLOSE) != 0;
	}
	if (vp->v_spec.sn_opencnt == 0)
		vp->v_spec.sn_ss = sd->sd_ss;
}

/*
 * vp = spec_vnode_create(sd, node)
 *
 *	A vnode of sd, whose reference it takes over, that can be found from
 *	now on; with one reference.  device_lock held; does not sleep.
 */
struct vnode *
spec_vnode_create(struct specdev *sd, const void *node)
{
	struct vnode *const vp = kmem_zalloc(sizeof(*vp), KM_SLEEP);

	KASSERT(mutex_owned(device_lock(sd->sd_dev)));
	vp->v_op = &spec_vnodeops;
	vp->v_type = sd->sd_type;
	vp->v_rdev = sd->sd_dev;
	vp->v_node = node;
	vp->v_spec.sn_dev = sd;
	vp->v_spec.sn_ss = sd->sd_ss;
	vp->v_spec.sn_serial = spec_bucket(sd->sd_dev)->sb_serial++;
	vp->v_usecount = 1;
	LIST_INIT(&vp->v_files);
	vp->v_spec.sn_hashed = true;
	LIST_INSERT_HEAD(&spec_bucket(sd->sd_dev)->sb_nodes, &vp->v_spec,
	    sn_hash);
	return vp;
}

/*
 * error = spec_vnode_get(type, dev, node, &vp)
 *
 *	The living vnode of the device that has this name (any pointer that
 *	is not NULL), with a reference: the one that others have open, or a
 *	fresh one.  Does not sleep.  Always 0.
 */
int
spec_vnode_get(enum vtype type, dev_t dev, const void *node,
    struct vnode **vpp)
{
	struct vnode *vp;

	KASSERT(type == VCHR || type == VBLK);
	KASSERT(node != NULL);
	mutex_enter(device_lock(dev));
	if ((vp = spec_find(type, dev, node)) != NULL)
		vp->v_usecount++;
	else
		vp = spec_vnode_create(specdev_get(type, dev), node);
	mutex_exit(device_lock(dev));
	*vpp = vp;
	return 0;
}

/*
 * error = spec_lookup_by_dev(type, dev, &vp)
 *
 *	Any vnode of the device that is not dead yet, with a reference; one
 *	whose revoke has begun elsewhere counts.  ENOENT: there is none.
 */
int
spec_lookup_by_dev(enum vtype type, dev_t dev, struct vnode **vpp)
{
	struct vnode *vp;

	mutex_enter(device_lock(dev));
	if ((vp = spec_find(type, dev, NULL)) != NULL)
		vp->v_usecount++;
	mutex_exit(device_lock(dev));
	*vpp = vp;
	return vp == NULL ? ENOENT : 0;
}

/*
 * serial = spec_serial(dev)
 * error = spec_lookup_before(type, dev, serial, &vp)
 *
 *	spec_lookup_by_dev, of those vnodes only that were made before
 *	spec_serial was asked.
 */
u_int
spec_serial(dev_t dev)
{
	u_int serial;

	mutex_enter(device_lock(dev));
	serial = spec_bucket(dev)->sb_serial;
	mutex_exit(device_lock(dev));
	return serial;
}

int
spec_lookup_before(enum vtype type, dev_t dev, u_int serial,
    struct vnode **vpp)
{
	struct vnode *vp = NULL;

	mutex_enter(device_lock(dev));
	do {
		vp = spec_next_by_dev(type, dev, vp);
	} while (vp != NULL && (int)(vp->v_spec.sn_serial - serial) >= 0);
	if (vp != NULL)
		vp->v_usecount++;
	mutex_exit(device_lock(dev));
	*vpp = vp;
	return vp == NULL ? ENOENT : 0;
}

/*
 * vref(vp)
 * vrele(vp)
 *
 *	One more reference; one less, and the last one frees the vnode, which
 *	nobody has open then.
 */
void
vref(struct vnode *vp)
{

	mutex_enter(device_lock(vp->v_rdev));
	KASSERT(vp->v_usecount > 0);
	vp->v_usecount++;
	mutex_exit(device_lock(vp->v_rdev));
}

void
vrele(struct vnode *vp)
{

	mutex_enter(device_lock(vp->v_rdev));
	KASSERT(vp->v_usecount > 0);
	if (--vp->v_usecount > 0) {
		mutex_exit(device_lock(vp->v_rdev));
		return;
	}
	KASSERTMSG(vp->v_spec.sn_opencnt == 0, "opencnt=%u",
	    vp->v_spec.sn_opencnt);
	KASSERT(LIST_EMPTY(&vp->v_files));
	spec_node_unhash(vp);
	specdev_rele(vp->v_spec.sn_dev);
	mutex_exit(device_lock(vp->v_rdev));
	kmem_free(vp, sizeof(*vp));
}

/*
 * vn_deadwait(vp)
 *
 *	If a revoke of vp is going on, sleep until it has finished or an
 *	interrupt comes.  The caller has no I/O reference.
 */
void
vn_deadwait(struct vnode *vp)
{

	mutex_enter(device_lock(vp->v_rdev));
	while (spec_gone(vp) && vp->v_op != &dead_vnodeops) {
		if (cv_wait_sig(specfs_iocv(vp->v_rdev),
		    device_lock(vp->v_rdev)) != 0)
			break;
	}
	mutex_exit(device_lock(vp->v_rdev));
}

/*
 * yes = vn_is_dead(vp)
 *
 *	It has been revoked, and no call on it sleeps.
 */
bool
vn_is_dead(struct vnode *vp)
{
	bool dead;

	mutex_enter(device_lock(vp->v_rdev));
	dead = vp->v_op == &dead_vnodeops;
	mutex_exit(device_lock(vp->v_rdev));
	return dead;
}

/*
 * vn_file_insert(vp, file)
 * vn_file_remove(vp, file)
 *
 *	Whom a revoke of vp tells that polling again is worthwhile.
 */
void
vn_file_insert(struct vnode *vp, struct hyp_file *fp)
{

	mutex_enter(device_lock(vp->v_rdev));
	LIST_INSERT_HEAD(&vp->v_files, fp, f_vlist);
	mutex_exit(device_lock(vp->v_rdev));
}

void
vn_file_remove(struct vnode *vp __unused, struct hyp_file *fp)
{

	mutex_enter(device_lock(vp->v_rdev));
	LIST_REMOVE(fp, f_vlist);
	mutex_exit(device_lock(vp->v_rdev));
}

/* device_lock held. */
static void
spec_addstat(const struct specdev *sd, struct hyp_node_stat *hs)
{

	if (sd->sd_opencnt > 0 && hs->hs_semantics[0] == '\0')
		strlcpy(hs->hs_semantics, sd->sd_ss->ss_name,
		    sizeof(hs->hs_semantics));
	hs->hs_opens += sd->sd_opencnt;
	hs->hs_calls += atomic_load_relaxed(&sd->sd_iocnt);
	hs->hs_closing |= sd->sd_closing;
	hs->hs_stuck |= sd->sd_overdue;
}

/*
 * spec_getstat(type, dev, hs)
 *
 *	How things stand with a device; nothing is changed if it has no
 *	vnodes.
 */
void
spec_getstat(enum vtype type, dev_t dev, struct hyp_node_stat *hs)
{
	const struct specnode *sn;
	const struct specdev *sd;

	mutex_enter(device_lock(dev));
	if ((sd = specdev_find(type, dev)) != NULL)
		spec_addstat(sd, hs);
	LIST_FOREACH(sn, &spec_bucket(dev)->sb_nodes, sn_hash) {
		sd = sn->sn_dev;
		if (sd->sd_file != NULL && sd->sd_dev == dev &&
		    sd->sd_type == type)
			spec_addstat(sd, hs);
	}
	mutex_exit(device_lock(dev));
}

/*
 * vp = spec_find_open(sb, type, major)
 *
 *	A vnode of this driver in a bucket that is open or on its way there, or
 *	NULL.  sb_lock held.
 */
struct vnode *
spec_find_open(struct spec_bucket *sb, int type, devmajor_t maj)
{
	struct specnode *sn;
	struct vnode *vp;

	LIST_FOREACH(sn, &sb->sb_nodes, sn_hash) {
		vp = SN_VNODE(sn);
		if ((int)vp->v_type == type && sn->sn_opencnt > 0 &&
		    major(vp->v_rdev) == maj)
			return vp;
	}
	return NULL;
}
