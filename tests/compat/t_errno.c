/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_errno.c - the errno table is total, in range, and right by this
 * machine's own headers.
 */
#include <sys/param.h>
#include <sys/systm.h>

#include "compat/compat.h"
#include "h_linux.h"
#include "h_test.h"

static void
test_total(void)
{
	int e, lx;

	T_EQ(compat_errno(0), 0);
	for (e = -1000; e < 1000; e++) {
		if (e == 0)
			continue;
		lx = compat_errno(e);
		if (lx < 1 || lx > 133 || lx == h_enosys)
			t_fail(__FILE__, __LINE__, "%d becomes %d", e, lx);
		if (e >= 1 && e <= ELAST && e != EIO && lx == h_eio)
			t_fail(__FILE__, __LINE__, "%d is not in the table",
			    e);
	}
	T_EQ(compat_errno(97), h_eio);
	T_EQ(compat_errno(-1), h_eio);
}

static void
test_names(void)
{
	const struct h_errno *he;

	for (he = h_errnos; he->he_bsd != 0; he++) {
		if (compat_errno(he->he_bsd) != he->he_linux)
			t_fail(__FILE__, __LINE__, "%d becomes %d, not %d",
			    he->he_bsd, compat_errno(he->he_bsd),
			    he->he_linux);
	}
}

static void
test_inside(void)
{

	T_EQ(compat_errno(EPASSTHROUGH), h_enotty);
	T_EQ(compat_errno(ERESTART), h_eintr);
	T_EQ(compat_errno(ENOSYS), h_eopnotsupp);
}

static void
test_back(void)
{
	const struct h_errno *he;
	int lx, e;

	T_EQ(compat_errno_in(0), 0);
	for (he = h_errnos; he->he_bsd != 0; he++) {
		if (he->he_bsd == ENOTSUP)	/* the same in Linux */
			continue;
		T_EQ(compat_errno_in(he->he_linux), he->he_bsd);
	}
	T_EQ(compat_errno_in(h_enosys), ENOSYS);
	for (lx = 1; lx < 600; lx++) {
		e = compat_errno_in(lx);
		T_CHECK(e >= 1 && e <= ELAST);
	}
	T_EQ(compat_errno_in(599), EIO);
}

const struct t_case t_cases[] = {
	{ "every number becomes one that CUSE accepts", test_total },
	{ "names are kept", test_names },
	{ "what never leaves", test_inside },
	{ "and back", test_back },
	{ NULL, NULL }
};
