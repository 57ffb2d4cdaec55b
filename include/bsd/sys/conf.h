/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/conf.h - devsw(9): the switch from device numbers to drivers.
 */
#ifndef _SYS_CONF_H_
#define _SYS_CONF_H_

#include <sys/device.h>
#include <sys/event.h>
#include <sys/localcount.h>
#include <sys/poll.h>
#include <sys/select.h>
#include <sys/types.h>

struct buf;
struct cfdriver;
struct lwp;
struct tty;
struct uio;
struct vnode;

/* d_flag */
#define	D_OTHER		0x0000
#define	D_TAPE		0x0001
#define	D_DISK		0x0002
#define	D_TTY		0x0003
#define	D_TYPEMASK	0x00ff
#define	D_MPSAFE	0x0100	/* without the kernel lock */
#define	D_NEGOFFSAFE	0x0200
#define	D_TRACKCLOSE	0x0800	/* FreeBSD's, see devsw_semantics */

#define	dev_type_open(n)	int n(dev_t, int, int, struct lwp *)
#define	dev_type_cancel(n)	int n(dev_t, int, int, struct lwp *)
#define	dev_type_close(n)	int n(dev_t, int, int, struct lwp *)
#define	dev_type_read(n)	int n(dev_t, struct uio *, int)
#define	dev_type_write(n)	int n(dev_t, struct uio *, int)
#define	dev_type_ioctl(n)	int n(dev_t, u_long, void *, int, struct lwp *)
#define	dev_type_stop(n)	void n(struct tty *, int)
#define	dev_type_tty(n)		struct tty *n(dev_t)
#define	dev_type_poll(n)	int n(dev_t, int, struct lwp *)
#define	dev_type_mmap(n)	paddr_t n(dev_t, off_t, int)
#define	dev_type_kqfilter(n)	int n(dev_t, struct knote *)
#define	dev_type_discard(n)	int n(dev_t, off_t, off_t)
#define	dev_type_strategy(n)	void n(struct buf *)
#define	dev_type_dump(n)	int n(dev_t, int64_t, void *, size_t)
#define	dev_type_size(n)	int n(dev_t)

/*
 * d_cancel makes calls that sleep in the driver return, and those that still
 * come fail (d_open: ERESTART) until d_close; an open may come late, and
 * d_close is called when it has left again.  Prompt; ENODEV if d_close does
 * it.  d_close is alone with the device (block or character, and minor).
 *
 * Without d_poll (NULL, or nopoll) poll(2) asks the filters of d_kqfilter, see
 * sys/event.h.  With it d_kqfilter is never called: there is no kqueue(2).
 *
 * d_mmap and d_discard are for drivers that name them: CUSE has no mmap(2), and
 * discards are for disks.  They are never called.
 */
struct bdevsw {
	int		(*d_open)(dev_t, int, int, struct lwp *);
	int		(*d_cancel)(dev_t, int, int, struct lwp *);
	int		(*d_close)(dev_t, int, int, struct lwp *);
	void		(*d_strategy)(struct buf *);
	int		(*d_ioctl)(dev_t, u_long, void *, int, struct lwp *);
	int		(*d_dump)(dev_t, int64_t, void *, size_t);
	int		(*d_psize)(dev_t);
	int		(*d_discard)(dev_t, off_t, off_t);
	int		(*d_devtounit)(dev_t);
	struct cfdriver	*d_cfdriver;
	int		d_flag;
};

struct cdevsw {
	int		(*d_open)(dev_t, int, int, struct lwp *);
	int		(*d_cancel)(dev_t, int, int, struct lwp *);
	int		(*d_close)(dev_t, int, int, struct lwp *);
	int		(*d_read)(dev_t, struct uio *, int);
	int		(*d_write)(dev_t, struct uio *, int);
	int		(*d_ioctl)(dev_t, u_long, void *, int, struct lwp *);
	void		(*d_stop)(struct tty *, int);
	struct tty *	(*d_tty)(dev_t);
	int		(*d_poll)(dev_t, int, struct lwp *);
	paddr_t		(*d_mmap)(dev_t, off_t, int);
	int		(*d_kqfilter)(dev_t, struct knote *);
	int		(*d_discard)(dev_t, off_t, off_t);
	int		(*d_devtounit)(dev_t);
	struct cfdriver	*d_cfdriver;
	int		d_flag;
};

/* Entries for what a driver does not do; calls through them end with the
   error that the name says. */
int	devenodev(void);
paddr_t	devnommap(dev_t, off_t, int);
dev_type_open(nullopen);
dev_type_close(nullclose);
dev_type_read(noread_fn);
dev_type_write(nowrite_fn);
dev_type_ioctl(noioctl_fn);
dev_type_stop(nostop_fn);
dev_type_poll(nopoll_fn);
dev_type_kqfilter(nokqfilter_fn);
dev_type_discard(nodiscard_fn);
#define	noread		noread_fn
#define	nowrite		nowrite_fn
#define	noioctl		noioctl_fn
#define	nostop		nostop_fn
#define	notty		NULL
#define	nopoll		nopoll_fn
#define	nommap		devnommap
#define	nokqfilter	nokqfilter_fn
#define	nodiscard	nodiscard_fn

#define	DEVSW_NAMELEN	16

/* What subr_devsw.c asks specfs about the vnodes of a major number. */
struct devsw_hooks {
	bool	(*dh_busy)(int, devmajor_t);	/* enum vtype */
	void	(*dh_gone)(int, devmajor_t);	/* revoke all, wait for all */
	void	(*dh_name)(int, dev_t, char *);	/* DEVTRACE_NAMELEN bytes */
};

void	devsw_init(void);
void	devsw_set_hooks(const struct devsw_hooks *);
int	devsw_attach(const char *, const struct bdevsw *, devmajor_t *,
	    const struct cdevsw *, devmajor_t *);
void	devsw_detach(const struct bdevsw *, const struct cdevsw *);
int	devsw_detach_idle(const struct bdevsw *, const struct cdevsw *);
int	devsw_semantics(const struct cdevsw *, const char *);
bool	bdevsw_getname(devmajor_t, char *);
bool	cdevsw_getname(devmajor_t, char *);

/* What an open holds until d_open has returned. */
struct devsw_ref {
	const void	*dr_switch;
	device_t	 dr_device;	/* or NULL */
	dev_t		 dr_dev;
	bool		 dr_block;
};
int	devsw_acquire(bool, dev_t, struct devsw_ref *);
int	devsw_look(bool, dev_t, struct devsw_ref *);
int	devsw_alive(const struct devsw_ref *);
int	devsw_open(const struct devsw_ref *, int, int, struct lwp *);
void	devsw_release(const struct devsw_ref *);

const struct bdevsw *bdevsw_lookup(dev_t);
const struct cdevsw *cdevsw_lookup(dev_t);
/* Of a driver that has no rows of nodes; by its name in the switch. */
bool	cdevsw_next(devmajor_t *, char *);
bool	cdevsw_unit_node(const char *, int, dev_t *, int *);
devmajor_t bdevsw_lookup_major(const struct bdevsw *);
devmajor_t cdevsw_lookup_major(const struct cdevsw *);

dev_type_open(bdev_open);
dev_type_cancel(bdev_cancel);
dev_type_close(bdev_close);
dev_type_ioctl(bdev_ioctl);
int	bdev_flags(dev_t);
void	bdev_detached(dev_t);

dev_type_open(cdev_open);
dev_type_cancel(cdev_cancel);
dev_type_close(cdev_close);
dev_type_read(cdev_read);
dev_type_write(cdev_write);
dev_type_ioctl(cdev_ioctl);
dev_type_stop(cdev_stop);
dev_type_tty(cdev_tty);
dev_type_poll(cdev_poll);
int	cdev_flags(dev_t);
int	cdev_type(dev_t);
void	cdev_detached(dev_t);
bool	cdev_attached(dev_t);
bool	cdev_hold(dev_t, struct device **);
bool	bdev_hold(dev_t, struct device **);
void	dev_unhold(struct device *);

/* Ready-made d_devtounit. */
int	dev_minor_unit(dev_t);
int	disklabel_dev_unit(dev_t);
int	tty_unit(dev_t);

/*
 * The device switch table and MAKEDEV(8) as data (src/drivers/devswd.ioconf).
 * A node row makes one name for each unit of a driver; dn_minor is or'ed
 * into the unit.  With DEVNODE_SUBS in it a unit can have DEVNODE_NSUBS nodes,
 * "ugen0.00" and so on, whose minor is unit * DEVNODE_NSUBS + which: the first
 * is made with the unit, others by devnode_make_subs.
 */
#define	DEVNODE_SUBS	0x40000000U
#define	DEVNODE_NSUBS	16
struct devsw_conv {
	const char		*d_name;
	const struct bdevsw	*d_bdevsw;
	const struct cdevsw	*d_cdevsw;
};
struct devnode {
	const char		*dn_driver;	/* cfdriver name */
	const char		*dn_prefix;	/* "ttyU" */
	const struct cdevsw	*dn_cdevsw;
	u_int			 dn_minor;
	int			 dn_class;	/* HYP_NODE_* */
};
extern const struct devsw_conv devsw_conv[];	/* d_name NULL ends */
extern const struct devnode devnodes[];		/* dn_driver NULL ends */
void	devnode_attach(const struct devnode *);
void	devnode_detach(const struct devnode *);
int	devnode_make(const char *, int);
int	devnode_make_subs(const char *, int, u_int);
extern struct cfdriver *const cfdriver_ioconf[];
extern const struct cfattachinit cfattach_ioconf[];
extern struct cfdata cfdata_ioconf[];

#endif /* _SYS_CONF_H_ */
