/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/file.h - open files, as far as cloning drivers make them.
 *
 * A driver with state for each open (a "cloning device") makes it in d_open
 * and hands it to the system as an open file of its own:
 *
 *	error = fd_allocfile(&fp, &fd);
 *	if (error)
 *		return error;
 *	...
 *	return fd_clone(fp, fd, flag, &foo_fileops, data);
 *
 * From then on the client's calls go to the fileops, not to the switch, and
 * fo_close comes exactly once for each such open: after the client's last
 * close(2), a revoke of the node, or vdevgone(9), and never during another
 * call on the file.
 */
#ifndef _SYS_FILE_H_
#define _SYS_FILE_H_

#include <sys/fcntl.h>
#include <sys/kauth.h>
#include <sys/types.h>

struct file;
struct knote;
struct proc;
struct uio;

/*
 * May sleep, all but fo_restart and fo_poll; called without the kernel lock.
 * The int of fo_read and fo_write is that of d_read (IO_NDELAY).  fo_restart
 * makes calls in progress return, and those that still begin fail, until
 * fo_close: it is to a file what d_cancel is to a device.  ENODEV, EIO,
 * EBADF and so on are the driver's; ERESTART starts the call again.
 * Without fo_poll, poll(2) asks the filters of fo_kqfilter, see sys/event.h.
 */
struct fileops {
	const char	*fo_name;
	int	(*fo_read)(struct file *, off_t *, struct uio *, kauth_cred_t,
		    int);
	int	(*fo_write)(struct file *, off_t *, struct uio *,
		    kauth_cred_t, int);
	int	(*fo_ioctl)(struct file *, u_long, void *);
	int	(*fo_poll)(struct file *, int);
	int	(*fo_close)(struct file *);
	int	(*fo_kqfilter)(struct file *, struct knote *);
	void	(*fo_restart)(struct file *);
};

typedef struct file {
	off_t		 f_offset;
	int		 f_flag;	/* FREAD, FWRITE; FNONBLOCK as at the
					   open, or in fo_close at the close */
	const struct fileops *f_ops;
	void		*f_data;
} file_t;

int	fd_allocfile(file_t **, int *);
void	fd_abort(struct proc *, file_t *, unsigned);
int	fd_clone(file_t *, unsigned, int, const struct fileops *, void *);

int	fbadop_read(struct file *, off_t *, struct uio *, kauth_cred_t, int);
int	fbadop_write(struct file *, off_t *, struct uio *, kauth_cred_t, int);
int	fbadop_ioctl(struct file *, u_long, void *);
int	fnullop_poll(struct file *, int);
int	fnullop_kqfilter(struct file *, struct knote *);
void	fnullop_restart(struct file *);

#endif /* _SYS_FILE_H_ */
