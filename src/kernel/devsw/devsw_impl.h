/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw_impl.h - shared by the files of src/kernel/devsw only.
 */
#ifndef DEVSW_DEVSW_IMPL_H
#define DEVSW_DEVSW_IMPL_H

#include <sys/conf.h>

int	devsw_keep(bool, dev_t, struct devsw_ref *);
void	devsw_getdevname(bool, dev_t, char *);

/* Can it be attached?  If not, why is in the log. */
bool	bdevsw_whole(const char *, const struct bdevsw *);
bool	cdevsw_whole(const char *, const struct cdevsw *);

/* A driver's entry, for its caller when DEVTRACE(). */
int	devsw_trace_call(const char *, dev_type_open((*)), bool, dev_t, int,
	    int, struct lwp *);
int	devsw_trace_rw(const char *, dev_type_read((*)), dev_t, struct uio *,
	    int);
int	devsw_trace_ioctl(dev_type_ioctl((*)), bool, dev_t, u_long, void *,
	    int, struct lwp *);
int	devsw_trace_poll(dev_type_poll((*)), dev_t, int, struct lwp *);

#endif /* DEVSW_DEVSW_IMPL_H */
