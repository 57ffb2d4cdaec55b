/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/vnode.h - vnodes, as far as device nodes are concerned.
 *
 * A vnode is one incarnation of a device node: it is born at a lookup,
 * shared by all opens of the node, and dies at a revoke or with its last
 * reference.  Two names of one device have two vnodes.  v_op is spec_vnodeops
 * while it lives and dead_vnodeops after a revoke.
 */
#ifndef _SYS_VNODE_H_
#define _SYS_VNODE_H_

#include <sys/kauth.h>
#include <sys/queue.h>
#include <sys/types.h>

struct hyp_file;
struct lwp;
struct specdev;
struct uio;
struct vnode;

enum vtype { VNON, VBLK, VCHR };

#define	REVOKEALL	0x0001

struct vnodeops {
	int	(*vop_open)(struct vnode *, int, struct lwp *);
	int	(*vop_close)(struct vnode *, int, struct lwp *);
	int	(*vop_read)(struct vnode *, struct uio *, int);
	int	(*vop_write)(struct vnode *, struct uio *, int);
	int	(*vop_ioctl)(struct vnode *, u_long, void *, int, struct lwp *);
	int	(*vop_poll)(struct vnode *, int, struct lwp *);
	int	(*vop_revoke)(struct vnode *, int);
};

struct specnode {
	LIST_ENTRY(specnode) sn_hash;	/* (d) */
	struct specdev	*sn_dev;	/* const */
	const struct spec_semantics *sn_ss; /* (d) const while it has files:
					   those of their first open */
	u_int		 sn_opencnt;	/* (d) this vnode's opens */
	u_int		 sn_serial;	/* const: the order of making;
					   a clone has its open's */
	bool		 sn_gone;	/* (d)+atomic: revoked or being so */
	bool		 sn_taken;	/* (d) sn_opencnt is a revoke's now */
	bool		 sn_hashed;	/* (d) can be found */
};

/* (d) device_lock, see spec_vnops.c */
struct vnode {
	const struct vnodeops *v_op;	/* (d)+atomic */
	enum vtype	 v_type;	/* const */
	dev_t		 v_rdev;	/* const */
	const void	*v_node;	/* const: its name; NULL: a clone */
	bool		 v_istty;	/* set before d_open, then const */
	u_int		 v_usecount;	/* (d) */
	struct specnode	 v_spec;
	LIST_HEAD(, hyp_file) v_files;	/* (d) whom a revoke wakes */
};

#define	VOP_OPEN(vp, m, l)	vnops(vp)->vop_open((vp), (m), (l))
#define	VOP_CLOSE(vp, m, l)	vnops(vp)->vop_close((vp), (m), (l))
#define	VOP_READ(vp, u, f)	vnops(vp)->vop_read((vp), (u), (f))
#define	VOP_WRITE(vp, u, f)	vnops(vp)->vop_write((vp), (u), (f))
#define	VOP_IOCTL(vp, c, d, m, l) vnops(vp)->vop_ioctl((vp), (c), (d), (m), (l))
#define	VOP_POLL(vp, e, l)	vnops(vp)->vop_poll((vp), (e), (l))
#define	VOP_REVOKE(vp, f)	vnops(vp)->vop_revoke((vp), (f))

#define	vnops(vp)		__atomic_load_n(&(vp)->v_op, __ATOMIC_ACQUIRE)

void	vdevgone(devmajor_t, devminor_t, devminor_t, enum vtype);

#endif /* _SYS_VNODE_H_ */
