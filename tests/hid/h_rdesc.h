/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_rdesc.h - report descriptors in the shapes of real devices, and the
 * items that they are made of.  Written for these tests; no device has
 * exactly one of them.
 */
#ifndef TESTS_HID_H_RDESC_H
#define TESTS_HID_H_RDESC_H

#include <stddef.h>
#include <stdint.h>

/* Data of 1, 2 and 4 bytes */
#define	H_1(v)		(uint8_t)((v) & 0xff)
#define	H_2(v)		H_1(v), H_1((uint32_t)(v) >> 8)
#define	H_4(v)		H_2(v), H_2((uint32_t)(v) >> 16)

/* Main */
#define	H_INPUT(f)	0x81, H_1(f)
#define	H_OUTPUT(f)	0x91, H_1(f)
#define	H_FEATURE(f)	0xb1, H_1(f)
#define	H_COLL(t)	0xa1, (t)
#define	H_END		0xc0
#define	H_PHYSICAL	H_COLL(0)
#define	H_APPLICATION	H_COLL(1)
#define	H_LOGICAL	H_COLL(2)
/* Global */
#define	H_PAGE(v)	0x05, H_1(v)
#define	H_PAGE2(v)	0x06, H_2(v)
#define	H_LMIN(v)	0x15, H_1(v)
#define	H_LMAX(v)	0x25, H_1(v)
#define	H_LMIN2(v)	0x16, H_2(v)
#define	H_LMAX2(v)	0x26, H_2(v)
#define	H_LMIN4(v)	0x17, H_4(v)
#define	H_LMAX4(v)	0x27, H_4(v)
#define	H_PMIN(v)	0x35, H_1(v)
#define	H_PMAX(v)	0x45, H_1(v)
#define	H_PMIN2(v)	0x36, H_2(v)
#define	H_PMAX2(v)	0x46, H_2(v)
#define	H_EXP(v)	0x55, H_1(v)
#define	H_UNIT(v)	0x65, H_1(v)
#define	H_UNIT2(v)	0x66, H_2(v)
#define	H_SIZE(v)	0x75, H_1(v)
#define	H_COUNT(v)	0x95, H_1(v)
#define	H_COUNT2(v)	0x96, H_2(v)
#define	H_SIZE4(v)	0x77, H_4(v)
#define	H_COUNT4(v)	0x97, H_4(v)
#define	H_ID(v)		0x85, H_1(v)
#define	H_PUSH		0xa4
#define	H_POP		0xb4
/* Local */
#define	H_USAGE(v)	0x09, H_1(v)
#define	H_USAGE2(v)	0x0a, H_2(v)
#define	H_USAGE4(v)	0x0b, H_4(v)
#define	H_UMIN(v)	0x19, H_1(v)
#define	H_UMAX(v)	0x29, H_1(v)
#define	H_UMIN2(v)	0x1a, H_2(v)
#define	H_UMAX2(v)	0x2a, H_2(v)
#define	H_UMIN4(v)	0x1b, H_4(v)
#define	H_UMAX4(v)	0x2b, H_4(v)
#define	H_DESIG(v)	0x39, H_1(v)
#define	H_DMIN(v)	0x49, H_1(v)
#define	H_DMAX(v)	0x59, H_1(v)
#define	H_STRING(v)	0x79, H_1(v)
#define	H_SMIN(v)	0x89, H_1(v)
#define	H_SMAX(v)	0x99, H_1(v)
#define	H_DELIM(v)	0xa9, H_1(v)
/* Flags: data array, data variable absolute, relative, constant */
#define	H_ARR		0x00
#define	H_ABS		0x02
#define	H_REL		0x06
#define	H_CONST		0x03
#define	H_NULL		0x40

/* Modifiers, padding, LEDs with padding, six keys. */
static const uint8_t h_keyboard[] = {
	H_PAGE(1), H_USAGE(6), H_APPLICATION,
		H_PAGE(7), H_UMIN(0xe0), H_UMAX(0xe7), H_LMIN(0), H_LMAX(1),
		H_SIZE(1), H_COUNT(8), H_INPUT(H_ABS),
		H_COUNT(1), H_SIZE(8), H_INPUT(1),
		H_COUNT(5), H_SIZE(1), H_PAGE(8), H_UMIN(1), H_UMAX(5),
		H_OUTPUT(H_ABS),
		H_COUNT(1), H_SIZE(3), H_OUTPUT(1),
		H_COUNT(6), H_SIZE(8), H_LMIN(0), H_LMAX(101), H_PAGE(7),
		H_UMIN(0), H_UMAX(101), H_INPUT(H_ARR),
	H_END,
};

static const uint8_t h_mouse[] = {
	H_PAGE(1), H_USAGE(2), H_APPLICATION,
		H_USAGE(1), H_PHYSICAL,
			H_PAGE(9), H_UMIN(1), H_UMAX(3), H_LMIN(0), H_LMAX(1),
			H_COUNT(3), H_SIZE(1), H_INPUT(H_ABS),
			H_COUNT(1), H_SIZE(5), H_INPUT(H_CONST),
			H_PAGE(1), H_USAGE(0x30), H_USAGE(0x31),
			H_USAGE(0x38), H_LMIN(-127), H_LMAX(127), H_SIZE(8),
			H_COUNT(3), H_INPUT(H_REL),
		H_END,
	H_END,
};

/* Four axes of 0..255 (the maximum in one byte), a hat with a null state
   and a physical range in degrees, ten buttons. */
static const uint8_t h_gamepad[] = {
	H_PAGE(1), H_USAGE(5), H_APPLICATION,
		H_LMIN(0), H_LMAX(255), H_SIZE(8), H_COUNT(4),
		H_USAGE(0x30), H_USAGE(0x31), H_USAGE(0x32), H_USAGE(0x35),
		H_INPUT(H_ABS),
		H_LMAX(7), H_PMIN(0), H_PMAX2(315), H_UNIT(0x14), H_SIZE(4),
		H_COUNT(1), H_USAGE(0x39), H_INPUT(H_ABS | H_NULL),
		H_PMAX(0), H_UNIT(0),
		H_PAGE(9), H_UMIN(1), H_UMAX(10), H_LMAX(1), H_SIZE(1),
		H_COUNT(10), H_INPUT(H_ABS),
		H_COUNT(2), H_INPUT(H_CONST),
	H_END,
};

/* One finger: tip, confidence, contact, x and y. */
#define	H_CONTACT							\
	H_PAGE(0x0d), H_USAGE(0x22), H_LOGICAL,				\
		H_LMIN(0), H_LMAX(1), H_SIZE(1), H_COUNT(2),		\
		H_USAGE(0x42), H_USAGE(0x47), H_INPUT(H_ABS),		\
		H_LMAX(15), H_SIZE(6), H_COUNT(1), H_USAGE(0x51),	\
		H_INPUT(H_ABS),						\
		H_PAGE(1), H_LMAX2(4095), H_SIZE(12), H_COUNT(1),	\
		H_USAGE(0x30), H_INPUT(H_ABS), H_USAGE(0x31),		\
		H_INPUT(H_ABS),						\
	H_END

/* Touch, its capabilities, a mode, a certificate, and a mouse, which comes
   back to a report ID used before. */
static const uint8_t h_touch[] = {
	H_PAGE(0x0d), H_USAGE(4), H_APPLICATION,
		H_ID(1),
		H_CONTACT, H_CONTACT, H_CONTACT, H_CONTACT, H_CONTACT,
		H_PAGE(0x0d), H_LMAX(127), H_SIZE(8), H_COUNT(1),
		H_USAGE(0x54), H_INPUT(H_ABS),
		H_ID(2), H_USAGE(0x55), H_LMAX(10), H_FEATURE(H_ABS),
		H_PAGE2(0xff00), H_ID(5), H_USAGE(0xc5), H_LMAX2(255),
		H_COUNT2(256), H_FEATURE(H_ABS),
	H_END,
	H_PAGE(0x0d), H_USAGE(0x0e), H_APPLICATION,
		H_ID(3), H_USAGE(0x22), H_LOGICAL,
			H_USAGE(0x52), H_LMAX(10), H_COUNT(1), H_SIZE(8),
			H_FEATURE(H_ABS),
		H_END,
	H_END,
	H_PAGE(1), H_USAGE(2), H_APPLICATION,
		H_ID(4), H_PAGE(9), H_UMIN(1), H_UMAX(2), H_LMAX(1),
		H_SIZE(1), H_COUNT(2), H_INPUT(H_ABS),
		H_ID(1), H_PAGE(0x0d), H_USAGE(0x56), H_LMAX4(65535),
		H_SIZE(16), H_COUNT(1), H_INPUT(H_ABS),
		H_ID(4), H_COUNT(6), H_SIZE(1), H_INPUT(H_CONST),
		H_PAGE(1), H_USAGE(0x30), H_USAGE(0x31), H_LMIN(-127),
		H_LMAX(127), H_SIZE(8), H_COUNT(2), H_INPUT(H_REL),
	H_END,
};

static const uint8_t h_fido[] = {
	H_PAGE2(0xf1d0), H_USAGE(1), H_APPLICATION,
		H_USAGE(0x20), H_LMIN(0), H_LMAX2(255), H_SIZE(8),
		H_COUNT(64), H_INPUT(H_ABS),
		H_USAGE(0x21), H_LMIN(0), H_LMAX2(255), H_SIZE(8),
		H_COUNT(64), H_OUTPUT(H_ABS),
	H_END,
};

/* Feature reports only, of three sizes, one of them in two parts. */
static const uint8_t h_features[] = {
	H_PAGE2(0xff00), H_USAGE(1), H_APPLICATION,
		H_LMIN(0), H_LMAX2(255), H_SIZE(8),
		H_ID(0x10), H_USAGE(2), H_COUNT(3), H_FEATURE(H_ABS),
		H_ID(0x20), H_USAGE(3), H_COUNT(63), H_FEATURE(H_ABS),
		H_ID(0xff), H_USAGE(4), H_COUNT(1), H_FEATURE(H_ABS),
		H_ID(0x10), H_USAGE(5), H_SIZE(1), H_COUNT(1),
		H_FEATURE(H_ABS),
	H_END,
};

static const uint8_t h_leds[] = {
	H_PAGE(8), H_USAGE(0x4b), H_APPLICATION,
		H_LMIN(0), H_LMAX(1), H_SIZE(1), H_COUNT(3),
		H_USAGE(0x48), H_USAGE(0x49), H_USAGE(0x4a), H_OUTPUT(H_ABS),
		H_COUNT(5), H_OUTPUT(H_CONST),
	H_END,
};

/* An array of 16 bits over a range, and one over single usages and a
   range. */
static const uint8_t h_consumer[] = {
	H_PAGE(0x0c), H_USAGE(1), H_APPLICATION,
		H_ID(3), H_LMIN(1), H_LMAX2(0x3ff), H_UMIN(1),
		H_UMAX2(0x3ff), H_SIZE(16), H_COUNT(2), H_INPUT(H_ARR),
		H_ID(4), H_LMIN(1), H_LMAX(6), H_USAGE(0xe2), H_UMIN(0xb0),
		H_UMAX(0xb2), H_USAGE(0xe9), H_USAGE(0xea), H_SIZE(8),
		H_COUNT(1), H_INPUT(H_ARR),
	H_END,
};

/* X and Y in 0.01 mm, pressure, tilts in degrees; the units come and go
   with Push and Pop. */
static const uint8_t h_digitizer[] = {
	H_PAGE(0x0d), H_USAGE(2), H_APPLICATION,
		H_ID(2), H_USAGE(0x20), H_PHYSICAL,
			H_USAGE(0x42), H_USAGE(0x44), H_USAGE(0x32),
			H_LMIN(0), H_LMAX(1), H_SIZE(1), H_COUNT(3),
			H_INPUT(H_ABS),
			H_COUNT(5), H_INPUT(H_CONST),
			H_PAGE(1), H_COUNT(1), H_SIZE(16),
			H_PUSH,
				H_UNIT(0x11), H_EXP(0x0d), H_PMIN(0),
				H_PMAX2(21000), H_LMAX2(21000),
				H_USAGE(0x30), H_INPUT(H_ABS),
				H_PMAX2(14800), H_LMAX2(14800),
				H_USAGE(0x31), H_INPUT(H_ABS),
			H_POP,
			H_PAGE(0x0d), H_USAGE(0x30), H_LMAX2(2047),
			H_INPUT(H_ABS),
			H_PUSH, H_UNIT(0x14), H_EXP(0), H_LMIN(-60),
			H_LMAX(60), H_PMIN(-60), H_PMAX(60), H_SIZE(8),
			H_USAGE(0x3d), H_USAGE(0x3e), H_COUNT(2),
			H_INPUT(H_ABS),
			H_POP,
			H_USAGE(0x3b), H_SIZE(8), H_LMAX(100), H_INPUT(H_ABS),
		H_END,
	H_END,
};

/* Strings, designators, alternative usages, extended usages. */
static const uint8_t h_power[] = {
	H_PAGE(0x84), H_USAGE(4), H_APPLICATION,
		H_LMIN(0), H_LMAX2(255), H_SIZE(8),
		H_USAGE(0xfd), H_USAGE(0xfe), H_USAGE(0xff),
		H_SMIN(4), H_SMAX(6), H_DESIG(9), H_COUNT(3), H_FEATURE(H_ABS),
		H_USAGE(0x30), H_USAGE4(0x00850066), H_STRING(7),
		H_DMIN(2), H_DMAX(3), H_COUNT(2), H_INPUT(H_ABS),
		H_DELIM(1), H_USAGE4(0x0085002c), H_USAGE(0x16), H_DELIM(0),
		H_DELIM(1), H_USAGE(0x35), H_USAGE(0x36), H_DELIM(0),
		H_COUNT(2), H_OUTPUT(H_ABS),
	H_END,
};

struct h_rdesc {
	const char	*r_name;
	const uint8_t	*r_bytes;
	size_t		 r_len;
};

#define	H_RDESC(n)	{ #n, h_##n, sizeof(h_##n) }
static const struct h_rdesc h_rdescs[] = {
	H_RDESC(keyboard), H_RDESC(mouse), H_RDESC(gamepad), H_RDESC(touch),
	H_RDESC(fido), H_RDESC(features), H_RDESC(leds), H_RDESC(consumer),
	H_RDESC(digitizer), H_RDESC(power),
};
#define	H_NRDESC	(sizeof(h_rdescs) / sizeof(h_rdescs[0]))

#endif /* TESTS_HID_H_RDESC_H */
