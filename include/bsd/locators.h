/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * locators.h - where below its parent a device can be, as config(8) numbers it
 * for the buses that are here.  Those of the USB are in dev/usb/usbdi.h.
 */
#ifndef _LOCATORS_H_
#define _LOCATORS_H_

#define	UCOMBUSCF_NLOCS			1
#define	UCOMBUSCF_PORTNO		0
#define	UCOMBUSCF_PORTNO_DEFAULT	(-1)

#define	UHIDBUSCF_NLOCS			1
#define	UHIDBUSCF_REPORTID		0
#define	UHIDBUSCF_REPORTID_DEFAULT	(-1)

#endif /* _LOCATORS_H_ */
