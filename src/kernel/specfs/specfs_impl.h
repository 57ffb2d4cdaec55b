/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * specfs_impl.h - shared by the files of src/kernel/specfs only.
 */
#ifndef SPECFS_SPECFS_IMPL_H
#define SPECFS_SPECFS_IMPL_H

#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/conf.h>
#include <sys/devtrace.h>
#include <sys/kauth.h>
#include <sys/select.h>
#include <sys/vnode.h>

#include <miscfs/specfs/specdev.h>

#define	SPEC_NAMELEN	32

/*
 * All that there is of the devices whose numbers come to the same, as if there
 * were no others; spec_node.c makes it, spec_vnops.c says who locks what.
 */
#define	SPEC_BUCKETS	8
struct spec_bucket {
	kmutex_t	 sb_lock;	/* device_lock(dev) */
	kcondvar_t	 sb_iocv;	/* specfs_iocv(dev) */
	LIST_HEAD(, specnode) sb_nodes;	/* (d) vnodes that can be found */
	u_int		 sb_serial;	/* (d) of the next */
	LIST_HEAD(, specdev) sb_devs;	/* (d) specdevs but those of clones */
	TAILQ_HEAD(, specdev) sb_closing; /* (d) oldest first */
	callout_t	 sb_watch;	/* for those */
	u_int		 sb_watch_at;	/* (d) when that fires */
	bool		 sb_watching;	/* (d) if it will */
} __cacheline_aligned;
extern struct spec_bucket spec_buckets[SPEC_BUCKETS];

#define	SPEC_FOREACH_BUCKET(sb)						\
	for ((sb) = spec_buckets; (sb) < spec_buckets + SPEC_BUCKETS; (sb)++)

/* Units that follow each other are apart. */
static inline struct spec_bucket *
spec_bucket(dev_t dev)
{

	return &spec_buckets[((u_int)major(dev) * 31 + (u_int)minor(dev)) %
	    SPEC_BUCKETS];
}
#define	device_lock(dev)	(&spec_bucket(dev)->sb_lock)
#define	specfs_iocv(dev)	(&spec_bucket(dev)->sb_iocv)

/* One device node: a name and a dev_t.  Never freed. */
struct hyp_node {
	LIST_ENTRY(hyp_node) hn_list;	/* nodes_lock */
	dev_t		 hn_dev;	/* const */
	int		 hn_class;	/* const: HYP_NODE_* */
	uint32_t	 hn_linuxminor;	/* const */
	void		*hn_host;	/* atomic: the front end's, or NULL */
	bool		 hn_made;	/* nodes_lock: hyp_node_create has begun
					   or succeeded */
	char		 hn_name[SPEC_NAMELEN]; /* const */
};

/* One open file description. */
struct hyp_file {
	struct vnode	*f_vp;		/* const, with a reference */
	struct hyp_node	*f_node;	/* const */
	int		 f_flag;	/* const: FREAD, FWRITE */
	off_t		 f_offset;	/* atomic: bytes read and written */
	void		*f_host;	/* const */
	struct kauth_cred f_cred;	/* const: the opener's */
	struct selpoller f_poller;
	LIST_ENTRY(hyp_file) f_vlist;	/* (d) */
};

/* Is vp being revoked, or dead? */
static inline bool
spec_gone(struct vnode *vp)
{

	return atomic_load_seq_cst(&vp->v_spec.sn_gone);
}

void	spec_node_init(void);
struct specdev *specdev_find(enum vtype, dev_t);
void	specdev_rele(struct specdev *);
struct vnode *spec_find_open(struct spec_bucket *, int, devmajor_t);
int	spec_close(struct vnode *, int, struct lwp *);
void	spec_node_learn(struct vnode *, device_t);
struct vnode *spec_vnode_create(struct specdev *, const void *);
int	spec_clone(struct vnode *, struct lwp *);
int	spec_clone_rw(struct specdev *, struct uio *, int);
int	spec_clone_ioctl(struct specdev *, u_long, void *);
int	spec_clone_poll(struct specdev *, int);
void	spec_clone_restart(struct specdev *);
void	spec_clone_close(struct specdev *);
void	spec_clone_driver_gone(void);
struct vnode *spec_next_by_dev(enum vtype, dev_t, struct vnode *);
u_int	spec_serial(dev_t);
int	spec_lookup_before(enum vtype, dev_t, u_int, struct vnode **);
void	spec_node_dead(struct vnode *);
void	spec_node_unhash(struct vnode *);

void	spec_semantics_init(void);
const struct spec_semantics *spec_semantics_of(enum vtype, dev_t, device_t);
const struct spec_semantics *spec_semantics_next(enum vtype, dev_t);
const struct spec_semantics *spec_semantics_any(void);
bool	spec_lingers_open(enum vtype, dev_t);
bool	spec_halts(void);
void	spec_close_inexact(struct vnode *, int);
void	spec_linger(enum vtype, dev_t);

void	vn_close_known(void);
void	spec_close_init(struct spec_bucket *);
void	spec_close_device(struct specdev *, int);
void	spec_close_start(struct vnode *, int);
void	spec_close_unguarded(struct specdev *, int);
bool	spec_is_left(const struct specdev *);
void	spec_close_late(struct specdev *);
void	spec_io_drain(struct specdev *);
void	spec_io_exit(struct specdev *);
void	spec_close_wait(enum vtype, dev_t);
int	spec_close_await(struct specdev *, int, u_int);
void	spec_close_cut(struct specdev *);
void	spec_close_press(struct specdev *, u_int);
struct specdev *spec_close_pending(struct spec_bucket *, enum vtype,
	    devmajor_t);

struct hyp_node_stat;
void	spec_getstat(enum vtype, dev_t, struct hyp_node_stat *);

void	spec_trace_name(int, dev_t, char *);
void	spec_trace_enter(const struct devtrace *, enum vtype, dev_t);
void	spec_trace_exit(const struct devtrace *, enum vtype, dev_t, int);
void	spec_trace_begin(const char *, enum vtype, dev_t);
void	spec_trace_end(const char *, enum vtype, dev_t, int);
void	spec_trace_drain(struct specdev *);

void	spec_makedev_init(void);
void	*spec_node_lookup(dev_t, char *);
void	spec_makedev_hook(device_t);
void	spec_makedev_modules(void);
void	spec_makedev_attached(const char *, int);
void	spec_makedev_gone(dev_t);

#endif /* SPECFS_SPECFS_IMPL_H */
