/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * miscfs/specfs/specdev.h - one struct specdev for each dev_t and type
 * that has vnodes, and one for each clone (spec_clone.c).
 */
#ifndef _MISCFS_SPECFS_SPECDEV_H_
#define _MISCFS_SPECFS_SPECDEV_H_

#include <sys/queue.h>
#include <sys/lwp.h>
#include <sys/vnode.h>

/* What a dead file answers: errno of read, write and ioctl; of the events
   that were asked for those in dr_asked hold, and dr_always besides. */
struct spec_dead {
	int		 dr_read, dr_write, dr_ioctl;
	int		 dr_asked, dr_always;
};

/* How close, revoke and unplug work; spec_semantics.c. */
struct spec_semantics {
	const char	*ss_name;
	bool		 ss_exact;	/* a close keeps opens waiting */
	bool		 ss_drain;	/* drain before d_close */
	bool		 ss_wait;	/* and after it */
	bool		 ss_each;	/* D_TRACKCLOSE is honoured */
	bool		 ss_linger;	/* unplugged, until the last close */
	struct spec_dead ss_tty, ss_other;
};

/* (d) device_lock, see spec_vnops.c */
struct specdev {
	LIST_ENTRY(specdev) sd_hash;	/* (d) but for clones */
	dev_t		 sd_dev;	/* const */
	enum vtype	 sd_type;	/* const */
	struct file	*sd_file;	/* const: a clone's, or NULL */
	const struct spec_semantics *sd_ss; /* (d) const while open, and while
					   sd_closing */
	bool		 sd_tracks;	/* (d) d_close for each open */
	u_int		 sd_refcnt;	/* (d) vnodes */
	u_int		 sd_opencnt;	/* (d) opens through all vnodes */
	u_int		 sd_iocnt;	/* atomic: operations in the driver */
	u_int		 sd_draining;	/* atomic: how many wait for that to
					   be 0 */
	bool		 sd_opened;	/* atomic: a d_open succeeded, no d_close
					   since */
	bool		 sd_left;	/* (d) a revoke has left opens in the
					   driver, as others had it open */
	bool		 sd_closing;	/* (d) d_cancel, drain, d_close going on */
	u_int		 sd_ncloses;	/* (d) how many of those have begun */
	bool		 sd_overdue;	/* (d) for too long */
	bool		 sd_cancelled;	/* (d) d_cancel without d_close yet */
	struct lwp	*sd_drainer;	/* (d) who closes, if that may wait for
					   output */
	bool		 sd_cut;	/* (d) and must not any more... */
	u_int		 sd_cut_at;	/* (d) ...since then, getticks() */
	struct lwp_progress sd_progress; /* atomic: of a close */
	TAILQ_ENTRY(specdev) sd_closelist; /* (d) while sd_closing */
};

extern const struct vnodeops spec_vnodeops;
extern const struct vnodeops dead_vnodeops;

void	spec_init(void);
int	spec_vnode_get(enum vtype, dev_t, const void *, struct vnode **);
int	spec_lookup_by_dev(enum vtype, dev_t, struct vnode **);
void	vref(struct vnode *);
void	vrele(struct vnode *);
void	vn_deadwait(struct vnode *);
bool	vn_is_dead(struct vnode *);
void	vrevoke(struct vnode *);
void	vn_file_insert(struct vnode *, struct hyp_file *);
void	vn_file_remove(struct vnode *, struct hyp_file *);
bool	spec_lingers(u_int);
void	spec_halt(void);

#endif /* _MISCFS_SPECFS_SPECDEV_H_ */
