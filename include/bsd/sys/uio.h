/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/uio.h - uiomove(9).
 *
 * What a client reads and writes is in buffers of this process.  The client's
 * own memory (p_vmspace), where an ioctl's argument may point to, cannot be
 * reached: a uio of it moves nothing.
 */
#ifndef _SYS_UIO_H_
#define _SYS_UIO_H_

#include <sys/types.h>

struct iovec {
	void	*iov_base;
	size_t	 iov_len;
};

enum uio_rw { UIO_READ, UIO_WRITE };

struct vmspace;

struct uio {
	struct iovec	*uio_iov;
	int		 uio_iovcnt;
	off_t		 uio_offset;
	size_t		 uio_resid;
	enum uio_rw	 uio_rw;
	struct vmspace	*uio_vmspace;	/* NULL: of this process */
};
#define	UIO_SETUP_SYSSPACE(uio)	((void)((uio)->uio_vmspace = NULL))

int	uiomove(void *, size_t, struct uio *);
int	ureadc(int, struct uio *);

#endif /* _SYS_UIO_H_ */
