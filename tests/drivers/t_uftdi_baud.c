/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uftdi_baud.c - divisors of FTDI chips, against the published values.
 */
#include <sys/param.h>
#include <sys/systm.h>

#include "drivers/uftdireg.h"
#include "h_test.h"

struct row {
	uint32_t	baud;
	uint32_t	code;
	uint32_t	actual;
};

/* Values of the chip's application note on baud rates. */
static const struct row bm[] = {
	{ 300, 0x2710, 300 },
	{ 600, 0x1388, 600 },
	{ 1200, 0x09c4, 1200 },
	{ 2400, 0x04e2, 2400 },
	{ 4800, 0x0271, 4800 },
	{ 9600, 0x4138, 9600 },
	{ 19200, 0x809c, 19200 },
	{ 38400, 0xc04e, 38400 },
	{ 57600, 0xc034, 57554 },
	{ 115200, 0x001a, 115385 },
	{ 230400, 0x000d, 230769 },
	{ 460800, 0x4006, 461538 },
	{ 921600, 0x8003, 923077 },
	{ 1000000, 0x0003, 1000000 },
	{ 1500000, 0x0002, 1500000 },
	{ 2000000, 0x0001, 2000000 },
	{ 3000000, 0x0000, 3000000 },
};

static const struct row am[] = {
	{ 300, 0x2710, 300 },
	{ 9600, 0x4138, 9600 },
	{ 19200, 0x809c, 19200 },
	{ 38400, 0xc04e, 38400 },
	{ 57600, 0xc034, 57554 },
	{ 115200, 0x001a, 115385 },
	{ 230400, 0x000d, 230769 },
	{ 460800, 0x4006, 461538 },
	{ 921600, 0x8003, 923077 },
	{ 3000000, 0x0000, 3000000 },
};

static const struct row h[] = {
	{ 300, 0x02710, 300 },		/* the slow base */
	{ 1200, 0x22710, 1200 },
	{ 9600, 0x204e2, 9600 },
	{ 115200, 0x2c068, 115246 },
	{ 921600, 0x2000d, 923077 },
	{ 3000000, 0x20004, 3000000 },
	{ 6000000, 0x20002, 6000000 },
	{ 8000000, 0x20001, 8000000 },
	{ 12000000, 0x20000, 12000000 },
};

static void
check(enum uftdi_type type, const struct row *rows, u_int n)
{
	uint32_t code = 0, actual = 0;
	u_int i;

	for (i = 0; i < n; i++) {
		t_note("%u", rows[i].baud);
		T_EQ(uftdi_divisor(type, rows[i].baud, &code, &actual), 0);
		T_EQ(code, rows[i].code);
		T_EQ(actual, rows[i].actual);
	}
}

static void
bm_table(void)
{

	check(UFTDI_TYPE_BM, bm, __arraycount(bm));
	check(UFTDI_TYPE_R, bm, __arraycount(bm));
	check(UFTDI_TYPE_X, bm, __arraycount(bm));
	check(UFTDI_TYPE_2232C, bm, __arraycount(bm));
}

static void
am_table(void)
{

	check(UFTDI_TYPE_AM, am, __arraycount(am));
}

static void
h_table(void)
{

	check(UFTDI_TYPE_2232H, h, __arraycount(h));
	check(UFTDI_TYPE_4232H, h, __arraycount(h));
	check(UFTDI_TYPE_232H, h, __arraycount(h));
}

static void
refused(void)
{
	static const uint32_t none[] = { 0, 100, 2500000, 3200000, 1750000,
	    4000000, 0xffffffff };
	uint32_t code, actual;
	u_int i;

	for (i = 0; i < __arraycount(none); i++)
		T_EQ(uftdi_divisor(UFTDI_TYPE_R, none[i], &code, &actual),
		    EINVAL);
	T_EQ(uftdi_divisor(UFTDI_TYPE_AM, 2000000, &code, &actual), EINVAL);
	T_EQ(uftdi_divisor(UFTDI_TYPE_232H, 10000000, &code, &actual),
	    EINVAL);
	T_EQ(uftdi_divisor(UFTDI_TYPE_232H, 13000000, &code, &actual),
	    EINVAL);
}

/* Every accepted rate is made within 3 per cent, and none is skipped where
   the chip's steps are finer than that. */
static void
error_bound(void)
{
	static const struct {
		enum uftdi_type	type;
		uint32_t	fine;	/* no gaps up to this rate */
	} chips[] = {
		{ UFTDI_TYPE_AM, 340000 },
		{ UFTDI_TYPE_BM, 1400000 },
		{ UFTDI_TYPE_232H, 5600000 },
	};
	uint32_t baud, code, actual, diff;
	u_int i;

	for (i = 0; i < __arraycount(chips); i++) {
		for (baud = 184; baud < 13000000; baud += baud / 97 + 1) {
			if (uftdi_divisor(chips[i].type, baud, &code,
			    &actual)) {
				T_CHECK(baud > chips[i].fine);
				continue;
			}
			diff = actual > baud ? actual - baud : baud - actual;
			T_CHECK((uint64_t)diff * 100 <= (uint64_t)baud * 3);
		}
	}
}

static void
types(void)
{
	static const struct {
		uint16_t release;
		u_int nifaces;
		bool known;
		enum uftdi_type type;
	} rows[] = {
		{ 0x0200, 1, true, UFTDI_TYPE_AM },
		{ 0x0400, 1, true, UFTDI_TYPE_BM },
		{ 0x0500, 2, true, UFTDI_TYPE_2232C },
		{ 0x0600, 1, true, UFTDI_TYPE_R },
		{ 0x0700, 2, true, UFTDI_TYPE_2232H },
		{ 0x0800, 4, true, UFTDI_TYPE_4232H },
		{ 0x0900, 1, true, UFTDI_TYPE_232H },
		{ 0x1000, 1, true, UFTDI_TYPE_X },
		{ 0x2800, 2, true, UFTDI_TYPE_2232H },
		{ 0x2900, 4, true, UFTDI_TYPE_4232H },
		{ 0x3000, 2, true, UFTDI_TYPE_2232H },
		{ 0x3100, 4, true, UFTDI_TYPE_4232H },
		{ 0x3200, 1, true, UFTDI_TYPE_232H },
		{ 0x3300, 1, true, UFTDI_TYPE_232H },
		{ 0x3600, 4, true, UFTDI_TYPE_4232H },
		{ 0x0100, 1, false, UFTDI_TYPE_AM },
		{ 0x9999, 1, false, UFTDI_TYPE_R },
		{ 0x9999, 2, false, UFTDI_TYPE_2232C },
	};
	enum uftdi_type type;
	u_int i;

	for (i = 0; i < __arraycount(rows); i++) {
		t_note("%#x", rows[i].release);
		T_EQ(uftdi_type(rows[i].release, rows[i].nifaces, &type),
		    rows[i].known);
		T_EQ(type, rows[i].type);
	}
}

/* By bcdDevice; one that is new has no name, though it has a type. */
static void
names(void)
{

	T_EQ(strcmp(uftdi_chip(0x0200), "FT232AM"), 0);
	T_EQ(strcmp(uftdi_chip(0x0600), "FT232R"), 0);
	T_EQ(strcmp(uftdi_chip(0x0800), "FT4232H"), 0);
	T_EQ(strcmp(uftdi_chip(0x3600), "FT4232HA"), 0);
	T_CHECK(uftdi_chip(0x4000) == NULL && uftdi_chip(0) == NULL);
}

const struct t_case t_cases[] = {
	{ "FT232BM, R, X, 2232C: the published divisors", bm_table },
	{ "FT232AM: the published divisors", am_table },
	{ "FT2232H, 4232H, 232H: the published divisors", h_table },
	{ "what a chip cannot make within 3 per cent is EINVAL", refused },
	{ "every accepted rate is within 3 per cent", error_bound },
	{ "chips by bcdDevice", types },
	{ "their names; none of one that is new", names },
	{ NULL, NULL }
};
