/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_linux.h - see h_linux.c.
 */
#ifndef TESTS_COMPAT_H_LINUX_H
#define TESTS_COMPAT_H_LINUX_H

#include <stddef.h>
#include <stdint.h>

struct h_size {
	const char	*hs_name;
	unsigned	 hs_cmd;
	size_t		 hs_in;
	size_t		 hs_out;
};
extern const struct h_size h_sizes[];
extern const unsigned h_refused[];

struct h_bit {
	char		 hb_word;	/* i, o, c, l */
	const char	*hb_name;
	uint32_t	 hb_bit;
	int		 hb_kept;
};
extern const struct h_bit h_bits[];

struct h_speed {
	long		 hp_code;	/* -1 ends */
	unsigned	 hp_speed;
};
extern const struct h_speed h_speeds[];
extern const unsigned h_bother;

struct h_errno {
	int		 he_bsd;
	int		 he_linux;
};
extern const struct h_errno h_errnos[];
extern const int h_enosys, h_enotty, h_eintr, h_eio, h_eopnotsupp;

#endif /* TESTS_COMPAT_H_LINUX_H */
