/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * front_ops.c - the CUSE operations: a client's system calls become up-calls.
 *
 * Each operation is called by libfuse on the thread at the helm and runs
 * where it is called, until K returns; the request's memory (the bytes of a
 * write, of an ioctl) is the thread's and stays for as long.  The shape is
 * always
 *
 *	front_req_enter		an lwp, interruptible from here on
 *	hyp_...			K; may sleep
 *	front_req_claim		false: too late, somebody has answered
 *	answer
 *	front_req_exit
 *
 * Who may do what is decided at open(2), by the kernel from the node's owner
 * and mode and by K, which asks again (front_access.c); the file then acts
 * with its opener's credentials, whoever has inherited it.  That is also all
 * there is: RELEASE and INTERRUPT carry none.
 *
 * A struct front_file is made before K is asked to open, because K may call
 * hyp_file_pollwake with it at once; it lives until hyp_file_close has
 * returned, after which there are no such calls.  While the client has it
 * open it is in its channel's list, so that it can be closed when the kernel
 * ends the connection without telling of each file.  The session outlives it.
 *
 * Poll: the kernel's handle of an open file never changes, so the first one
 * is stored and serves until the file is freed: hyp_file_pollwake takes no
 * lock and cannot meet a handle that goes away.  It is stored, and ff_armed
 * set, before K evaluates:
 *
 *	poll				hyp_file_pollwake
 *					(nobody armed: nothing to tell)
 *	ff_armed = true
 *	K sees what was before
 *					ff_armed = false: tells the kernel,
 *					which wakes all who poll the file
 *	answers "nothing"
 *	the client asks again
 *
 * A notification before the answer wakes the client as well: it is on the
 * file's queue before the kernel sends the request.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "front/frontvar.h"
#include "host/host.h"
#include "hyp/hyp.h"

/*
 * ff = file_of(req, op, fi)
 *
 *	The open file of the request, with a reference; NULL: there is none,
 *	the client has been told, and req is gone.
 */
static struct front_file *
file_of(fuse_req_t req, enum front_op op, const struct fuse_file_info *fi)
{
	struct front_chan *const fc = fuse_req_userdata(req);
	struct front_file *const ff = front_file_get(fc, fi->fh);

	if (ff == NULL)
		front_dead(req, op, fi->poll_events, fc);
	return ff;
}

static int
open_flags(int oflags)
{
	int flags = 0;

	/* Mode 3 is Linux's "ioctl only", for those who may do both. */
	switch (oflags & O_ACCMODE) {
	case O_RDONLY:
		flags = HYP_F_READ;
		break;
	case O_WRONLY:
		flags = HYP_F_WRITE;
		break;
	default:
		flags = HYP_F_READ | HYP_F_WRITE;
		break;
	}
	if (oflags & O_NONBLOCK)
		flags |= HYP_F_NONBLOCK;
	return flags;
}

/* Every system call starts at offset 0; more means a later piece of it. */
static int
io_flags(const struct fuse_file_info *fi, off_t off)
{

	return ((fi->flags & O_NONBLOCK) ? HYP_F_NONBLOCK : 0) |
	    (off != 0 ? HYP_F_CONT : 0);
}

/*
 * error = moved(error, &done, len, fc)
 *
 *	The kernel refuses an answer that moves more than was asked for, and
 *	the client would wait for ever.  With an error done is 0: the error is
 *	the answer, whatever was moved.
 */
static int
moved(int error, size_t *donep, size_t len, const struct front_chan *fc)
{
	static struct host_quiet quiet;
	const size_t done = *donep;
	unsigned n;

	if (error == 0 && done <= len)
		return 0;
	*donep = 0;
	if (error != 0)
		return error;
	n = host_log_quiet(&quiet);
	if (n != 0)
		host_logf(HYP_LOG_ERR, "front: %s: a driver moved %zu bytes, "
		    "asked for %zu (%u of these)", fc->fc_node->fn_name, done,
		    len, n);
	return EIO;
}

/* ---- open and release ----------------------------------------------- */

/*
 * The opener's credentials.  The protocol does not carry the supplementary
 * groups; they are looked up in /proc while the opener waits in open(2).
 * Where that fails (another pid namespace, hidepid) it has none.  No more are
 * kept than K takes: somebody may be in 65,536, and open many files.
 */
static struct front_file *
file_alloc(fuse_req_t req, struct front_chan *fc)
{
	const struct fuse_ctx *ctx = fuse_req_ctx(req);
	gid_t groups[HYP_NGROUPS];
	struct front_file *ff;
	int n, i;

	n = ctx->pid != 0 ? fuse_req_getgroups(req, HYP_NGROUPS, groups) : 0;
	if (n < 0)
		n = 0;
	if (n > HYP_NGROUPS)
		n = HYP_NGROUPS;
	ff = calloc(1, sizeof(*ff) + (size_t)n * sizeof(ff->ff_groups[0]));
	if (ff != NULL && (ff->ff_user = front_user_get(ctx->uid)) == NULL) {
		free(ff);
		ff = NULL;
	}
	if (ff != NULL) {
		for (i = 0; i < n; i++)
			ff->ff_groups[i] = groups[i];
		ff->ff_chan = fc;
		atomic_store(&ff->ff_refs, 1);
		ff->ff_cred.hc_uid = ctx->uid;
		ff->ff_cred.hc_gid = ctx->gid;
		ff->ff_cred.hc_pid = ctx->pid;
		ff->ff_cred.hc_ngroups = (uint32_t)n;
		ff->ff_cred.hc_groups = ff->ff_groups;
		front_who(ff);
	}
	return ff;
}

static void
file_free(struct front_file *ff)
{
	struct fuse_pollhandle *ph = atomic_load(&ff->ff_ph);

	if (ph != NULL)
		fuse_pollhandle_destroy(ph);
	front_file_noslot(ff);
	front_user_put(ff->ff_user);
	free(ff);
}

/*
 * Its O_NONBLOCK when the client closed it, which may be another one than at
 * the open; a file that no RELEASE came for waits for what was written.  Of a
 * tty a client of Linux does not mean that what it has written is to be
 * dropped: there a close sends it, and pyserial has the flag all the time.
 */
static int
close_flags(const struct front_file *ff)
{

	if (ff->ff_chan->fc_node->fn_class == HYP_NODE_TTY &&
	    !front.fl_config.tty_nonblock_close)
		return 0;
	return ff->ff_nonblock ? HYP_F_NONBLOCK : 0;
}

/*
 * The last close, of a file that is in no list any more and that no RELEASE
 * waits for.  Nobody does but who opens the device next, in K: what was
 * written still goes out.  If no other thread is left to take requests (or
 * only root's are) the close must not wait either; nor in a thread that
 * attaches hardware (front_hand_files), which has a detach to do next, perhaps
 * of what the close would wait for.
 */
static void
file_close(struct front_file *ff)
{
	struct front_thread *ft = front_maybe_self();
	struct hyp_lwp *l;
	bool nosleep;

	nosleep = ft != NULL ? front_run(ft) :
	    !atomic_load(&front.fl_stopping);
	l = hyp_lwp_enter(&ff->ff_cred);
	if (front_share_enter(ft, ff, true) || nosleep)
		hyp_lwp_nosleep(l);
	front_file_unseen(ff);
	hyp_file_close(ff->ff_file, close_flags(ff));
	hyp_lwp_exit(l);
	front_share_exit(ff);
	file_free(ff);
}

/*
 * front_file_rele(ff)
 *
 *	The client, or a request, is done with the file; the last one closes
 *	it, and sleeps for as long as that takes.  The calling thread is no
 *	lwp.
 */
void
front_file_rele(struct front_file *ff)
{

	assert(ff->ff_refs > 0);
	if (atomic_fetch_sub(&ff->ff_refs, 1) == 1)
		file_close(ff);
}

/*
 * The file goes into the list before the answer, because a client that has
 * it can be done with it before this returns.  An error of the answer means
 * that there is no client any more and no RELEASE will come.
 */
static void
front_open(fuse_req_t req, struct fuse_file_info *fi)
{
	struct front_thread *const ft = front_self();
	struct front_chan *const fc = fuse_req_userdata(req);
	struct front_file *ff;
	bool mine, lost;
	int error;

	/* Taken over, and there is no driver for it (yet). */
	if (fc->fc_node->fn_node == NULL) {
		(void)front_reply_err(req, ENXIO, fc);
		return;
	}
	ff = file_alloc(req, fc);
	if (ff == NULL) {
		(void)front_reply_err(req, ENOMEM, fc);
		return;
	}
	error = front_file_slot(ff);
	if (error != 0) {
		(void)front_reply_err(req, error, fc);
		file_free(ff);
		return;
	}
	ff->ff_flags = open_flags(fi->flags);
	front_req_enter(ft, req, FRONT_OPEN, ff);
	error = hyp_node_open(fc->fc_node->fn_node, ff->ff_flags, ff,
	    &ff->ff_file);
	mine = front_req_claim(ft);
	lost = true;
	if (error == 0 && mine) {
		fi->fh = front_file_insert(ff);
		front_tell(FRONT_EV_OPEN, fc->fc_node, ff);
		lost = fuse_reply_open(req, fi) != 0;
		if (lost) {
			front_file_remove(ff);
			front_tell(FRONT_EV_CLOSE, fc->fc_node, ff);
		}
	} else if (mine) {
		(void)front_reply_err(req, error, fc);
	}
	front_req_exit(ft);
	if (error != 0)
		file_free(ff);
	else if (lost)
		front_file_rele(ff);
}

/* K's word, from front_release: the client need not wait any longer. */
void
hyp_file_closing(void *host)
{
	struct front_file *const ff = host;
	struct front_thread *const ft = ff->ff_closer;

	if (ft == NULL)
		return;
	ff->ff_closer = NULL;
	if (front_req_claim(ft))
		(void)front_reply_err(ft->ft_req, 0, ff->ff_chan);
}

/*
 * close(2) of the last reference waits for this answer, unkillably: so it
 * comes as soon as K says that the next open will find a device that is
 * closing, and in any case at the deadline.  A file whose call the watchdog
 * has answered is closed by that one.
 */
static void
front_release(fuse_req_t req, struct fuse_file_info *fi)
{
	struct front_thread *const ft = front_self();
	struct front_chan *const fc = fuse_req_userdata(req);
	struct front_file *const ff = front_file_take(fc, fi->fh);

	if (ff == NULL) {
		front_dead(req, FRONT_RELEASE, 0, fc);
		return;
	}
	front_tell(FRONT_EV_CLOSE, ff->ff_chan->fc_node, ff);
	ff->ff_nonblock = (fi->flags & O_NONBLOCK) != 0;
	if (atomic_load(&ff->ff_refs) > 1) {
		(void)front_reply_err(req, 0, ff->ff_chan);
		front_file_rele(ff);
		return;
	}
	front_req_enter(ft, req, FRONT_RELEASE, ff);
	ff->ff_closer = ft;
	front_file_unseen(ff);
	hyp_file_close(ff->ff_file, close_flags(ff));
	hyp_file_closing(ff);
	front_req_exit(ft);
	front_share_exit(ff);
	file_free(ff);
}

/* ---- read and write ------------------------------------------------- */

static void
front_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct front_thread *const ft = front_self();
	struct front_chan *const fc = fuse_req_userdata(req);
	struct front_file *const ff = file_of(req, FRONT_READ, fi);
	char *const buf = ft->ft_buf;
	size_t done = 0;
	int error;

	if (ff == NULL)
		return;
	if (size > FRONT_MAXIO)
		size = FRONT_MAXIO;
	front_req_enter(ft, req, FRONT_READ, ff);
	error = hyp_file_read(ff->ff_file, buf, size, io_flags(fi, off),
	    &done);
	error = moved(error, &done, size, fc);
	if (front_req_claim(ft)) {
		if (error == 0)
			(void)fuse_reply_buf(req, buf, done);
		else
			(void)front_reply_err(req, error, fc);
	}
	front_req_exit(ft);
}

static void
front_write(fuse_req_t req, const char *buf, size_t size, off_t off,
    struct fuse_file_info *fi)
{
	struct front_thread *const ft = front_self();
	struct front_chan *const fc = fuse_req_userdata(req);
	struct front_file *const ff = file_of(req, FRONT_WRITE, fi);
	/* What it has written in the process before this one. */
	const size_t was = ft->ft_done < size ? ft->ft_done : 0;
	const int flags = io_flags(fi, off);
	size_t done = 0;
	int error;

	if (ff == NULL)
		return;
	front_req_enter(ft, req, FRONT_WRITE, ff);
	error = hyp_file_write(ff->ff_file, buf + was, size - was, flags,
	    &done);
	error = moved(error, &done, size - was, fc);
	done += was;
	if (front_req_claim(ft)) {
		if (done < size && (error == EINTR || (error == 0 &&
		    (flags & HYP_F_NONBLOCK) == 0)) &&
		    front_hand_call(ft, req, fc, done))
			;
		else if (error == 0 || done != 0)
			(void)fuse_reply_write(req, done);
		else
			(void)front_reply_err(req, error, fc);
	}
	front_req_exit(ft);
}

/* ---- ioctl ---------------------------------------------------------- */

/*
 * The first round of an ioctl brings only the argument as a number.  If it
 * is a pointer the kernel is told how many bytes to read there and to write
 * there, and asks again with them.  It reads exactly these, and writes only
 * what is answered then: of the others the client's memory may have none.
 */
static void
ioctl_again(fuse_req_t req, void *arg, size_t in, size_t out, size_t outoff)
{
	const struct iovec iniov = { .iov_base = arg, .iov_len = in };
	const struct iovec outiov = {
		.iov_base = (void *)((uintptr_t)arg + outoff),
		.iov_len = out,
	};

	(void)fuse_reply_ioctl_retry(req, &iniov, in != 0, &outiov, out != 0);
}

/*
 * error = ioctl_sizes(cmd, in, out, &outoff, &again)
 *
 *	Are these the sizes that the command has?  Rounds have no memory, so
 *	they are compared each time, with what cmd says and nothing else.
 */
static int
ioctl_sizes(uint32_t cmd, size_t *in, size_t *out, size_t *outoff,
    bool *again)
{
	size_t wantin, wantout;
	int error;

	error = hyp_ioctl_size(cmd, &wantin, &wantout, outoff);
	if (error != 0)
		return error;
	if (wantin > FRONT_MAXIO || wantout > FRONT_MAXIO)
		return ENOTTY;
	*again = *in == 0 && *out == 0 && (wantin != 0 || wantout != 0);
	if (!*again && (*in != wantin || *out != wantout))
		return EIO;
	*in = wantin;
	*out = wantout;
	return 0;
}

/*
 * cmd comes as an int and has its sign bit set for what reads; a 32-bit
 * client (FUSE_IOCTL_COMPAT) needs nothing else, as what terminals and HIDs
 * pass has the same layout there.  Whether the file is O_NONBLOCK the kernel
 * does not say.
 */
static void
front_ioctl(fuse_req_t req, int icmd, void *arg, struct fuse_file_info *fi,
    unsigned flags, const void *in, size_t insize, size_t outsize)
{
	struct front_thread *const ft = front_self();
	struct front_chan *const fc = fuse_req_userdata(req);
	struct front_file *const ff = file_of(req, FRONT_IOCTL, fi);
	const uint32_t cmd = (uint32_t)icmd;
	size_t outoff, done;
	bool again = false;
	char *out = NULL;
	int error, result = 0;

	(void)flags;
	if (ff == NULL)
		return;
	error = ioctl_sizes(cmd, &insize, &outsize, &outoff, &again);
	if (error == 0 && again) {
		ioctl_again(req, arg, insize, outsize, outoff);
		front_file_rele(ff);
		return;
	}
	if (error != 0) {
		(void)front_reply_err(req, error, fc);
		front_file_rele(ff);
		return;
	}
	if (outsize != 0)
		out = memset(ft->ft_buf, 0, outsize);
	front_req_enter(ft, req, FRONT_IOCTL, ff);
	done = outsize;
	error = hyp_file_ioctl(ff->ff_file, cmd, (uintptr_t)arg, in, insize,
	    out, &done, &result);
	error = moved(error, &done, outsize, fc);
	if (front_req_claim(ft)) {
		if (error == 0)
			(void)fuse_reply_ioctl(req, result, out, done);
		else
			(void)front_reply_err(req, error, fc);
	}
	front_req_exit(ft);
}

/* ---- poll ----------------------------------------------------------- */

static void
poll_arm(struct front_file *ff, struct fuse_pollhandle *ph, const void *in)
{
	const struct fuse_poll_in *const arg = (const void *)
	    ((const char *)in + sizeof(struct fuse_in_header));
	struct fuse_pollhandle *none = NULL;

	/*
	 * In the journal before another thread finds it, whose client may
	 * sleep then though this one is killed here.
	 */
	if (atomic_load(&ff->ff_ph) == NULL)
		front_file_polled(ff, arg->kh);
	if (!atomic_compare_exchange_strong(&ff->ff_ph, &none, ph))
		fuse_pollhandle_destroy(ph);
	atomic_store(&ff->ff_armed, true);
}

static void
front_poll(fuse_req_t req, struct fuse_file_info *fi,
    struct fuse_pollhandle *ph)
{
	struct front_thread *const ft = front_self();
	struct front_file *const ff = file_of(req, FRONT_POLL, fi);
	uint32_t revents;

	if (ff == NULL) {
		if (ph != NULL)
			fuse_pollhandle_destroy(ph);
		return;
	}
	if (ph != NULL)
		poll_arm(ff, ph, ft->ft_in);
	front_req_enter(ft, req, FRONT_POLL, ff);
	revents = hyp_file_poll(ff->ff_file, fi->poll_events, ph != NULL);
	if (front_req_claim(ft))
		(void)fuse_reply_poll(req, revents);
	front_req_exit(ft);
}

void
hyp_file_pollwake(void *hostfile)
{
	struct front_file *const ff = hostfile;
	struct fuse_pollhandle *ph;

	if (!atomic_exchange(&ff->ff_armed, false))
		return;
	ph = atomic_load(&ff->ff_ph);
	assert(ph != NULL);
	/* What the kernel could not take the next event tells. */
	if (fuse_lowlevel_notify_poll(ph) != 0)
		atomic_store(&ff->ff_armed, true);
}

/* ---- the session ---------------------------------------------------- */

/*
 * libfuse offers 1 MiB for a write, the kernel never sends more than
 * FRONT_MAXIO; with that said, a buffer of FRONT_INSZ is large enough.
 */
static void
front_init(void *userdata, struct fuse_conn_info *conn)
{

	(void)userdata;
	if (conn->max_write > FRONT_MAXIO)
		conn->max_write = FRONT_MAXIO;
}

static void
front_init_done(void *userdata)
{
	struct front_chan *const fc = userdata;

	fc->fc_inited = true;
}

const struct cuse_lowlevel_ops front_ops = {
	.init = front_init,
	.init_done = front_init_done,
	.open = front_open,
	.read = front_read,
	.write = front_write,
	.release = front_release,
	.ioctl = front_ioctl,
	.poll = front_poll,
};
