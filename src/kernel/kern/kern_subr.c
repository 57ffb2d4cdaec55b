/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_subr.c - uiomove(9) and the functions that only fail.
 */
#include <sys/errno.h>
#include <sys/poll.h>
#include <sys/systm.h>
#include <sys/uio.h>

/*
 * error = uiomove(buf, n, uio)
 *
 *	Move up to n bytes between buf and the buffers of uio, in the
 *	direction of uio_rw, and account for them.  Never sleeps here: the
 *	buffers are the daemon's own memory.  EFAULT: they are a client's.
 */
int
uiomove(void *buf, size_t n, struct uio *uio)
{
	char *p = buf;

	if (uio->uio_vmspace != NULL)
		return EFAULT;
	while (n > 0 && uio->uio_resid > 0) {
		struct iovec *iov = uio->uio_iov;
		const size_t cnt = iov->iov_len < n ? iov->iov_len : n;

		if (cnt == 0) {
			KASSERT(uio->uio_iovcnt > 1);
			uio->uio_iov++;
			uio->uio_iovcnt--;
			continue;
		}
		if (uio->uio_rw == UIO_READ)
			memcpy(iov->iov_base, p, cnt);
		else
			memcpy(p, iov->iov_base, cnt);
		iov->iov_base = (char *)iov->iov_base + cnt;
		iov->iov_len -= cnt;
		uio->uio_resid -= cnt;
		uio->uio_offset += (off_t)cnt;
		p += cnt;
		n -= cnt;
	}
	return 0;
}

/*
 * error = ureadc(c, uio)
 *
 *	Give one byte to a reader.
 */
int
ureadc(int c, struct uio *uio)
{
	char ch = (char)c;

	KASSERT(uio->uio_resid > 0);
	return uiomove(&ch, 1, uio);
}

int enodev(void) { return ENODEV; }
int enxio(void) { return ENXIO; }
int enosys(void) { return ENOSYS; }
int eopnotsupp(void) { return EOPNOTSUPP; }
int enoioctl(void) { return EPASSTHROUGH; }
int nullop(void *v __unused) { return 0; }

/*
 * revents = seltrue(dev, events, l)
 *
 *	d_poll of a device that is always ready.
 */
int
seltrue(dev_t dev __unused, int events, struct lwp *l __unused)
{

	return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}
