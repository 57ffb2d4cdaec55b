/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_node.c - system calls on device nodes: the up-calls of hyp_node.h.
 *
 * A node is a name for a dev_t.  An open finds the device's living vnode
 * or makes one; the file keeps it until its close, through any revoke.
 *
 * Restarts.  ERESTART from below means "as if the system call were made
 * again".  It never leaves this file:
 *
 *	something was moved already	success with what was moved
 *	an interrupt is pending, and
 *	the vnode is not dead		EINTR
 *	the vnode is being revoked	wait until it is dead, then again
 *	this lwp may not sleep, and
 *	it is not the first time	EAGAIN, but for what is dead
 *	otherwise			again
 *
 * A driver may have made EINTR of it: usbdi(9) has one word for both.  So an
 * EINTR without an interrupt, of an lwp that may not sleep, is EAGAIN, too.
 *
 * An open starts again from the name: a new vnode, and the node's owner and
 * mode are checked once more for the caller.
 *
 * Who may open.  The kernel has checked when it queued the request, which may
 * have been long before it comes here; and getty takes a terminal back by
 * chown and revoke.  So each round of an open checks for itself, after it has
 * taken its vnode:
 *
 *	open				getty
 *	takes a vnode
 *	checks: may
 *					chown
 *					revoke: finds that vnode
 *	VOP_OPEN: gone, again;
 *	  or the file is dead
 *
 *	open				getty
 *	takes a vnode
 *					chown
 *	checks: may not			revoke
 *
 * If it checked first it could take, after both, a vnode that the revoke had
 * nothing to do with, and live on.
 *
 * The credentials of an operation are the opener's, whoever holds the file
 * now; so they are kept with the file.  O_NONBLOCK is not: fcntl(2) changes
 * it, and a read, a write and the close bring what it is then.  An ioctl and a
 * poll do not, so d_ioctl never sees FNONBLOCK.
 *
 * Lifetime: the front end calls hyp_file_close once, when no other call on
 * the file runs or comes.
 */
#include <sys/atomic.h>
#include <sys/conf.h>
#include <sys/errno.h>
#include <sys/fcntl.h>
#include <sys/kmem.h>
#include <sys/lwp.h>
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/uio.h>

#include <hyp/hyp_node.h>

#include "compat/compat.h"
#include "specfs/specfs_impl.h"

static int
mode_in(int flags)
{

	return ((flags & HYP_F_READ) ? FREAD : 0) |
	    ((flags & HYP_F_WRITE) ? FWRITE : 0) |
	    ((flags & HYP_F_NONBLOCK) ? FNONBLOCK : 0) |
	    ((flags & HYP_F_AGAIN) ? FAGAIN : 0);
}

/*
 * ERESTART is all that is left below: turn it into EINTR, or go on.  Whoever
 * goes on begins with what the client has given, whatever a driver that has
 * moved nothing has done to its copy.
 *
 *	a call, in the driver		unplug; then front_stop, or a signal
 *	ERESTART, perhaps again		hang-up
 *					d_cancel; dead
 *					interrupts
 *	here: what is dead has its own answer, and does not sleep
 */
static bool
again(struct vnode *vp, int *errorp, u_int *tries)
{
	int error;

	if (*errorp == EINTR && cv_sig_error() == ERESTART)
		*errorp = EAGAIN;
	if (*errorp != ERESTART)
		return false;
	vn_deadwait(vp);
	/* Nobody else would run, perhaps, and end what it spins for. */
	if (*tries > 0 && curlwp->l_nosleep && !vn_is_dead(vp)) {
		*errorp = EAGAIN;
		return false;
	}
	/*
	 * A driver may ask for a restart until something in it has ended,
	 * for instance the close of a dial-out node of the same line: do
	 * not spin meanwhile.
	 */
	error = (*tries)++ > 0 ? kpause("restart", true, 1, NULL) :
	    EWOULDBLOCK;
	if (error == EWOULDBLOCK && lwp_intr_pending(curlwp))
		error = EINTR;
	if (error == EWOULDBLOCK || vn_is_dead(vp))
		return true;
	*errorp = error;
	return false;
}

/* May the caller open the node, as it is now?  Who had it open may. */
static int
node_access(struct hyp_node *hn, int flags)
{
	const struct kauth_cred *const cr = curlwp->l_cred;
	const struct hyp_cred hc = {
		.hc_uid = cr->cr_uid,
		.hc_gid = cr->cr_gid,
		.hc_pid = cr->cr_pid,
		.hc_ngroups = cr->cr_ngroups,
		.hc_groups = cr->cr_groups,
	};
	void *host = atomic_load_acquire(&hn->hn_host);

	LOCKDEBUG_NONE("hyp_node_access");
	return host == NULL || (flags & HYP_F_AGAIN) != 0 ? 0 :
	    compat_errno_in(hyp_node_access(host, &hc, flags));
}

static struct hyp_file *
file_create(struct hyp_node *hn, struct vnode *vp, int mode, void *host)
{
	struct hyp_file *fp = kmem_zalloc(sizeof(*fp), KM_SLEEP);

	fp->f_vp = vp;
	fp->f_node = hn;
	fp->f_flag = mode & (FREAD | FWRITE);
	fp->f_host = host;
	fp->f_cred = *curlwp->l_cred;
	selpoller_init(&fp->f_poller, hyp_file_pollwake, host);
	vn_file_insert(vp, fp);
	return fp;
}

int
hyp_node_open(struct hyp_node *hn, int flags, void *host,
    struct hyp_file **fpp)
{
	const int mode = mode_in(flags);
	struct vnode *vp;
	u_int tries = 0;
	int error;
	bool retry;

	do {
		(void)spec_vnode_get(VCHR, hn->hn_dev, hn, &vp);
		/* Not before: see "Who may open". */
		error = node_access(hn, flags);
		if (error == 0)
			error = VOP_OPEN(vp, mode, curlwp);
		if (error == EMOVEFD) {
			vrele(vp);
			vp = curlwp->l_clonevp;
			error = 0;
		}
		if (error == 0) {
			*fpp = file_create(hn, vp, mode, host);
			LOCKDEBUG_NONE(__func__);
			return 0;
		}
		retry = again(vp, &error, &tries);
		vrele(vp);
	} while (retry);
	LOCKDEBUG_NONE(__func__);
	return compat_errno(error);
}

/*
 * The later pieces of a big read take what is there: the reader has bytes
 * already.  Those of a big write sleep like the first: write(2) is over
 * when everything is written.
 */
static int
ioflag_in(int flags, enum uio_rw rw)
{
	const int nonblock = rw == UIO_READ ? HYP_F_NONBLOCK | HYP_F_CONT :
	    HYP_F_NONBLOCK;

	return (flags & nonblock) ? IO_NDELAY : 0;
}

/* An operation is about to use the opener's rights. */
static void
file_enter(struct hyp_file *fp)
{

	curlwp->l_cred = &fp->f_cred;
}

static void
file_exit(void)
{

	curlwp->l_cred = &curlwp->l_credstore;
	LOCKDEBUG_NONE(__func__);
}

/* Ends that take nothing from what was moved before; as in NetBSD. */
static bool
short_is_well(int error)
{

	return error == ERESTART || error == EINTR || error == EWOULDBLOCK;
}

/*
 * read(2) and write(2) but for the direction.  uio_offset counts what this
 * open has moved, as in NetBSD; Linux does not know it, and a CUSE node has
 * no lseek(2), so it begins with 0 and only grows.  Two threads that read at
 * once may see the same, as there.
 */
static int
file_rw(struct hyp_file *fp, void *buf, size_t len, int flags,
    enum uio_rw rw, size_t *done)
{
	struct iovec iov;
	struct uio uio;
	u_int tries = 0;
	int error;

	*done = 0;
	if ((fp->f_flag & (rw == UIO_READ ? FREAD : FWRITE)) == 0)
		return compat_errno(EBADF);
	file_enter(fp);
	do {
		iov = (struct iovec){ .iov_base = buf, .iov_len = len };
		uio = (struct uio){
			.uio_iov = &iov,
			.uio_iovcnt = 1,
			.uio_resid = len,
			.uio_offset = atomic_load_relaxed(&fp->f_offset),
			.uio_rw = rw,
		};
		error = rw == UIO_READ ?
		    VOP_READ(fp->f_vp, &uio, ioflag_in(flags, rw)) :
		    VOP_WRITE(fp->f_vp, &uio, ioflag_in(flags, rw));
		*done = len - uio.uio_resid;
		if (*done > 0 && short_is_well(error))
			error = 0;
	} while (again(fp->f_vp, &error, &tries));
	atomic_add_64(&fp->f_offset, (int64_t)*done);
	file_exit();
	/* A later piece of a big read: nothing more, but no error. */
	if (error == EWOULDBLOCK && rw == UIO_READ && (flags & HYP_F_CONT) &&
	    (flags & HYP_F_NONBLOCK) == 0)
		error = 0;
	return compat_errno(error);
}

int
hyp_file_read(struct hyp_file *fp, void *buf, size_t len, int flags,
    size_t *done)
{

	return file_rw(fp, buf, len, flags, UIO_READ, done);
}

int
hyp_file_write(struct hyp_file *fp, const void *buf, size_t len, int flags,
    size_t *done)
{

	return file_rw(fp, __UNCONST(buf), len, flags, UIO_WRITE, done);
}

int
hyp_ioctl_size(uint32_t cmd, size_t *insize, size_t *outsize, size_t *outoff)
{

	*outoff = compat_ioctl_outoff(cmd);
	return compat_errno(compat_ioctl_size(cmd, insize, outsize));
}

/* One BSD ioctl of the one or more that a Linux one becomes. */
static int
file_ioctl(void *cookie, u_long cmd, void *data)
{
	struct hyp_file *const fp = cookie;

	return VOP_IOCTL(fp->f_vp, cmd, data, fp->f_flag, curlwp);
}

int
hyp_file_ioctl(struct hyp_file *fp, uint32_t cmd, uint64_t arg,
    const void *in, size_t insize, void *out, size_t *outsize, int *result)
{
	size_t outlen;
	u_int tries = 0;
	int error;

	file_enter(fp);
	do {
		outlen = outsize != NULL ? *outsize : 0;
		error = compat_ioctl(cmd, arg, in, insize, out, &outlen,
		    result, file_ioctl, fp);
	} while (again(fp->f_vp, &error, &tries));
	file_exit();
	if (outsize != NULL)
		*outsize = outlen;
	return compat_errno(error);
}

uint32_t
hyp_file_poll(struct hyp_file *fp, uint32_t events, int wait)
{
	struct lwp *const l = curlwp;
	int revents;

	file_enter(fp);
	l->l_poller = wait ? &fp->f_poller : NULL;
	revents = VOP_POLL(fp->f_vp, (int)events, l);
	l->l_poller = NULL;
	file_exit();
	return (uint32_t)revents;
}

void
hyp_file_close(struct hyp_file *fp, int flags)
{
	struct vnode *const vp = fp->f_vp;

	file_enter(fp);
	curlwp->l_closing = fp->f_host;
	(void)VOP_CLOSE(vp, fp->f_flag | (mode_in(flags) & FNONBLOCK), curlwp);
	vn_close_known();
	file_exit();
	vn_file_remove(vp, fp);
	selpoller_destroy(&fp->f_poller);
	vrele(vp);
	kmem_free(fp, sizeof(*fp));
	LOCKDEBUG_NONE(__func__);
}

int
hyp_file_alive(struct hyp_file *fp)
{

	return !spec_gone(fp->f_vp);
}

void
hyp_node_dead(struct hyp_node *hn, int tty, struct hyp_dead *hd)
{
	const struct spec_semantics *const ss = hn != NULL ?
	    spec_semantics_next(VCHR, hn->hn_dev) : spec_semantics_any();
	const struct spec_dead *const dr =
	    (hn != NULL ? cdev_type(hn->hn_dev) == D_TTY : tty != 0) ?
	    &ss->ss_tty : &ss->ss_other;

	hd->hd_read = compat_errno(dr->dr_read);
	hd->hd_write = compat_errno(dr->dr_write);
	hd->hd_ioctl = compat_errno(dr->dr_ioctl);
	hd->hd_asked = (uint32_t)dr->dr_asked;
	hd->hd_always = (uint32_t)dr->dr_always;
}

/* Where the hardware of a node is; nothing is changed if there is none. */
static void
node_place(dev_t dev, struct hyp_node_stat *hs)
{
	struct devsw_ref dr;
	device_t at, dv;
	const char *place;
	int iface;

	if (devsw_look(false, dev, &dr) != 0)
		return;
	dv = dr.dr_device;
	if (!cdev_attached(dev)) {
		devsw_release(&dr);
		return;
	}
	hs->hs_attached = true;
	if (dv != NULL) {
		strlcpy(hs->hs_device, device_xname(dv),
		    sizeof(hs->hs_device));
		hs->hs_token = device_is_token(dv);
		hs->hs_part = device_part(dv);
	}
	if ((at = device_place(dv, &place, &iface)) != NULL) {
		strlcpy(hs->hs_place, place, sizeof(hs->hs_place));
		strlcpy(hs->hs_driver, device_xname(at),
		    sizeof(hs->hs_driver));
		hs->hs_iface = iface;
	}
	devsw_release(&dr);
}

void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{

	memset(hs, 0, sizeof(*hs));
	hs->hs_iface = -1;
	hs->hs_part = -1;
	strlcpy(hs->hs_next, spec_semantics_next(VCHR, hn->hn_dev)->ss_name,
	    sizeof(hs->hs_next));
	node_place(hn->hn_dev, hs);
	spec_getstat(VCHR, hn->hn_dev, hs);
	LOCKDEBUG_NONE(__func__);
}

/*
 * Is what is open, or what would be opened, of a system without revoke?  A
 * first open that comes after this is one that came after the revoke, or
 * before it and lost its file.
 */
static bool
spec_lingers_now(enum vtype type, dev_t dev)
{
	struct hyp_node_stat hs;

	memset(&hs, 0, sizeof(hs));
	spec_getstat(type, dev, &hs);
	return hs.hs_opens > 0 ? spec_lingers_open(type, dev) :
	    spec_semantics_next(type, dev)->ss_linger;
}

int
hyp_node_revoke(struct hyp_node *hn)
{
	struct vnode *vp;
	int error = 0;

	if (DEVTRACE())
		spec_trace_begin("revoke", VCHR, hn->hn_dev);
	(void)spec_vnode_get(VCHR, hn->hn_dev, hn, &vp);
	if (spec_lingers_now(VCHR, hn->hn_dev))
		error = EOPNOTSUPP;
	else
		vrevoke(vp);
	vrele(vp);
	if (DEVTRACE())
		spec_trace_end("revoke", VCHR, hn->hn_dev, error);
	LOCKDEBUG_NONE(__func__);
	return compat_errno(error);
}
