/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_prf.c - the formats of snprintf(9) and uiomove(9).
 */
#include <sys/systm.h>
#include <sys/uio.h>

#include "h_test.h"

#pragma GCC diagnostic ignored "-Wformat-truncation"

#define	FMT(want, ...) do {						\
	char buf[64];							\
	const int n = snprintf(buf, sizeof(buf), __VA_ARGS__);		\
	if (strcmp(buf, want) != 0)					\
		t_fail(__FILE__, __LINE__, "\"%s\" not \"%s\"", buf, want); \
	T_EQ(n, strlen(want));						\
} while (0)

static void
formats(void)
{

	FMT("-7|  42|42  |0042", "%d|%4d|%-4d|%04d", -7, 42, 42, 42);
	FMT("ff|0xff|00FF|17", "%x|%#x|%04X|%o", 255, 255, 255, 15);
	FMT("18446744073709551615", "%lu", ~0UL);
	FMT("-9223372036854775808", "%ld", -0x7fffffffffffffffL - 1);
	FMT("ab|   ab|ab   |a", "%s|%5s|%-5s|%.1s", "ab", "ab", "ab", "ab");
	FMT("x%y", "%c%%%c", 'x', 'y');
	FMT("+3| 3|003", "%+d|% d|%.3d", 3, 3, 3);
	FMT("7|  7", "%*d|%*d", 1, 7, 3, 7);
	FMT("fe", "%hhx", 0xfffe);
	FMT("12", "%zu", (size_t)12);
}

static void
cut(void)
{
	char buf[4];

	T_EQ(snprintf(buf, sizeof(buf), "%s", "abcdef"), 6);
	T_CHECK(strcmp(buf, "abc") == 0);
	T_EQ(strlcpy(buf, "xyzw", sizeof(buf)), 4);
	T_CHECK(strcmp(buf, "xyz") == 0);
	T_EQ(strlcpy(buf, "a", sizeof(buf)), 1);
	T_EQ(strlcat(buf, "bcd", sizeof(buf)), 4);
	T_CHECK(strcmp(buf, "abc") == 0);
}

static void
moves(void)
{
	char a[4] = "", b[4] = "", src[9] = "12345678";
	struct iovec iov[2] = { { a, 3 }, { b, 3 } };
	struct uio uio = {
		.uio_iov = iov,
		.uio_iovcnt = 2,
		.uio_resid = 6,
		.uio_rw = UIO_READ,
	};

	T_EQ(uiomove(src, 4, &uio), 0);
	T_EQ(uio.uio_resid, 2);
	T_EQ(ureadc('x', &uio), 0);
	T_EQ(uiomove(src, 8, &uio), 0);
	T_EQ(uio.uio_resid, 0);
	T_EQ(uio.uio_offset, 6);
	T_CHECK(strcmp(a, "123") == 0);
	T_CHECK(strcmp(b, "4x1") == 0);
}

const struct t_case t_cases[] = {
	{ "formats", formats },
	{ "what does not fit is cut and counted", cut },
	{ "uiomove moves at most uio_resid", moves },
	{ NULL, NULL },
};
