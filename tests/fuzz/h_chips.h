/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_chips.h - descriptors of devices that our drivers attach to, one for each
 * kind, for devices without hardware (h_device.h).
 */
#ifndef TESTS_FUZZ_H_CHIPS_H
#define TESTS_FUZZ_H_CHIPS_H

#include "usbdi/h_desc.h"

static const uint8_t hid[] = {
	H_DEV(0x046d, 0xc077, 0x7200, 0, 0, 0, 1), H_CONF(41, 1, 1),
	H_IFACE(0, 0, 2, 3, 0, 0),
	9, 0x21, 0x11, 0x01, 0, 1, 0x22, 0xff, 0x00,
	H_EP(0x81, 3, 64), H_EP(0x02, 3, 64),
};
static const uint8_t printer[] = {
	H_DEV(0x04f9, 0x0027, 0x0100, 0, 0, 0, 1), H_CONF(32, 1, 1),
	H_IFACE(0, 0, 2, 7, 1, 2), H_EP(0x81, 2, 64), H_EP(0x02, 2, 64),
};

static const struct chip {
	const char	*c_name;
	const uint8_t	*c_bytes;
	size_t		 c_len;
} chips[] = {
	{ "uftdi", h_ftdi, sizeof(h_ftdi) },
	{ "uftdi2", h_dual, sizeof(h_dual) },
	{ "umodem", h_acm, sizeof(h_acm) },
	{ "uchcom", h_ch340, sizeof(h_ch340) },
	{ "uslsa", h_cp2102, sizeof(h_cp2102) },
	{ "uplcom", h_pl2303, sizeof(h_pl2303) },
	{ "uhid", hid, sizeof(hid) },
};
#define	NCHIPS	(sizeof(chips) / sizeof(chips[0]))

#endif /* TESTS_FUZZ_H_CHIPS_H */
