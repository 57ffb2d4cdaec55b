/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * compat_impl.h - shared by the files of src/kernel/compat only.
 */
#ifndef COMPAT_COMPAT_IMPL_H
#define COMPAT_COMPAT_IMPL_H

#include "compat/compat.h"

/* One Linux ioctl in progress. */
struct compat_req {
	uint64_t	 r_arg;		/* the argument as a number */
	const void	*r_in;		/* the bytes that it points to... */
	void		*r_out;		/* ...and those it will point to */
	size_t		*r_outlen;	/* how many of these: all, or less */
	u_long		 r_bsd;		/* from the table */
	int		*r_result;	/* what ioctl(2) returns */
	compat_ioctl_t	*r_fn;
	void		*r_cookie;
};

/* One Linux command without size bits: how long its argument is, and what
   it becomes. */
struct compat_cmd {
	uint32_t	 cc_cmd;
	uint16_t	 cc_insz;
	uint16_t	 cc_outsz;
	int		(*cc_func)(const struct compat_req *);
	u_long		 cc_bsd;	/* for cc_func */
};

/* compat_tty.c */
const struct compat_cmd *compat_tty_lookup(uint32_t);

/* compat_hid.c */
bool	compat_is_hid(uint32_t);
void	compat_hid_size(uint32_t, size_t *, size_t *);
size_t	compat_hid_outoff(uint32_t);
int	compat_hid(uint32_t, const struct compat_req *);

static inline int
compat_do(const struct compat_req *r, u_long cmd, void *data)
{

	return (*r->r_fn)(r->r_cookie, cmd, data);
}

#endif /* COMPAT_COMPAT_IMPL_H */
