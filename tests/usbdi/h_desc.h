/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_desc.h - raw descriptors of devices that the tests plug.
 */
#ifndef TESTS_USBDI_H_DESC_H
#define TESTS_USBDI_H_DESC_H

#include <stddef.h>
#include <stdint.h>

/* Device descriptor: vendor, product, release, class, subclass, protocol,
   number of configurations. */
#define	H_DEV(v, p, r, c, s, pr, n)					\
	18, 1, 0x00, 0x02, (c), (s), (pr), 64, (v) & 0xff, (v) >> 8,	\
	(p) & 0xff, (p) >> 8, (r) & 0xff, (r) >> 8, 1, 2, 3, (n)
/* Configuration: total length, interfaces, value. */
#define	H_CONF(len, nif, value)						\
	9, 2, (len) & 0xff, (len) >> 8, (nif), (value), 0, 0x80, 50
/* Interface: number, setting, endpoints, class, subclass, protocol. */
#define	H_IFACE(no, alt, nep, c, s, p)					\
	9, 4, (no), (alt), (nep), (c), (s), (p), 0
/* Endpoint: address, type, packet size. */
#define	H_EP(addr, type, size)						\
	7, 5, (addr), (type), (size) & 0xff, (size) >> 8, 1
/* Interface association: first, count, class, subclass, protocol. */
#define	H_IAD(first, n, c, s, p)	8, 11, (first), (n), (c), (s), (p), 0

/* FT232R: one vendor interface with two bulk endpoints. */
static const uint8_t h_ftdi[] __attribute__((__unused__)) = {
	H_DEV(0x0403, 0x6001, 0x0600, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0xff, 0xff),
	H_EP(0x81, 2, 64),
	H_EP(0x02, 2, 64),
};

/* CDC-ACM: control interface with functional descriptors and a
   notification endpoint, data interface with two settings. */
static const uint8_t h_acm[] __attribute__((__unused__)) = {
	H_DEV(0x2341, 0x0043, 0x0001, 0xef, 2, 1, 1),
	H_CONF(84, 2, 1),
	H_IAD(0, 2, 2, 2, 1),
	H_IFACE(0, 0, 1, 2, 2, 1),
	5, 0x24, 0, 0x10, 0x01,		/* header */
	5, 0x24, 1, 3, 1,		/* call management */
	4, 0x24, 2, 6,			/* ACM */
	5, 0x24, 6, 0, 1,		/* union */
	H_EP(0x82, 3, 8),
	H_IFACE(1, 0, 0, 10, 0, 0),
	H_IFACE(1, 1, 2, 10, 0, 0),
	H_EP(0x04, 2, 64),
	H_EP(0x83, 2, 64),
};

/* Two interfaces of one kind, an interrupt endpoint among them. */
static const uint8_t h_dual[] __attribute__((__unused__)) = {
	H_DEV(0x0403, 0x6010, 0x0500, 0, 0, 0, 1),
	H_CONF(62, 2, 1),
	H_IFACE(0, 0, 3, 0xff, 0xff, 0xff),
	H_EP(0x81, 2, 64),
	H_EP(0x02, 2, 64),
	H_EP(0x85, 3, 16),
	H_IFACE(1, 0, 2, 0xff, 0xff, 0xff),
	H_EP(0x83, 2, 64),
	H_EP(0x04, 2, 64),
};

/* One of each: CH340, CP2102 and PL2303HX. */
static const uint8_t h_ch340[] __attribute__((__unused__)) = {
	H_DEV(0x1a86, 0x7523, 0x0264, 0xff, 0, 0, 1),
	H_CONF(39, 1, 1),
	H_IFACE(0, 0, 3, 0xff, 1, 2),
	H_EP(0x82, 2, 32),
	H_EP(0x02, 2, 32),
	H_EP(0x81, 3, 8),
};
static const uint8_t h_cp2102[] __attribute__((__unused__)) = {
	H_DEV(0x10c4, 0xea60, 0x0100, 0, 0, 0, 1),
	H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 0xff, 0, 0),
	H_EP(0x81, 2, 64),
	H_EP(0x01, 2, 64),
};
static const uint8_t h_pl2303[] __attribute__((__unused__)) = {
	H_DEV(0x067b, 0x2303, 0x0300, 0, 0, 0, 1),
	H_CONF(39, 1, 1),
	H_IFACE(0, 0, 3, 0xff, 0, 0),
	H_EP(0x81, 3, 10),
	H_EP(0x02, 2, 64),
	H_EP(0x83, 2, 64),
};

#endif /* TESTS_USBDI_H_DESC_H */
