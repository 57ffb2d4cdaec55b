/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbhid.h - the USB side of the HID class: its descriptor, its requests
 * and the ioctls that set how uhid(4) talks to the device.
 *
 * Numbers: Device Class Definition for Human Interface Devices 1.11,
 * sections 6.2.1, 7.1 and 7.2.
 */
#ifndef _DEV_USB_USBHID_H_
#define	_DEV_USB_USBHID_H_

#include <dev/usb/usb.h>

#define	UR_GET_HID_DESCRIPTOR	0x06
#define	 UDESC_HID		0x21
#define	 UDESC_REPORT		0x22
#define	 UDESC_PHYSICAL		0x23
#define	UR_GET_REPORT		0x01
#define	UR_GET_IDLE		0x02
#define	UR_GET_PROTOCOL		0x03
#define	UR_SET_REPORT		0x09
#define	UR_SET_IDLE		0x0a
#define	UR_SET_PROTOCOL		0x0b

typedef struct usb_hid_descriptor {
	uByte	bLength;
	uByte	bDescriptorType;
	uWord	bcdHID;
	uByte	bCountryCode;
	uByte	bNumDescriptors;
	struct {
		uByte	bDescriptorType;
		uWord	wDescriptorLength;
	} UPACKED descrs[1];
} UPACKED usb_hid_descriptor_t;
#define	USB_HID_DESCRIPTOR_SIZE(n)	(9 + ((n) - 1) * 3)

#define	UHID_INPUT_REPORT	0x01
#define	UHID_OUTPUT_REPORT	0x02
#define	UHID_FEATURE_REPORT	0x03

#define	USB_HID_GET_RAW		_IOR('h', 1, int)
#define	USB_HID_SET_RAW		_IOW('h', 2, int)

#endif /* _DEV_USB_USBHID_H_ */
