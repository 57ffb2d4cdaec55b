/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioconf.h - what config(8) would generate for the drivers to include.
 */
#ifndef DRIVERS_IOCONF_H
#define DRIVERS_IOCONF_H

#include <sys/device.h>

#include <locators.h>

extern struct cfdriver usb_cd;
extern struct cfdriver uhub_cd;
extern struct cfdriver uftdi_cd;
extern struct cfdriver umodem_cd;
extern struct cfdriver uchcom_cd;
extern struct cfdriver uplcom_cd;
extern struct cfdriver uslsa_cd;
extern struct cfdriver ucom_cd;

#endif /* DRIVERS_IOCONF_H */
