/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw/uhid.h - the ioctls of uhid(4), for programs on Linux.
 *
 * The names, numbers and structures are those of BSD's <dev/usb/usb.h>, so
 * that a program written for them needs another #include only; but the
 * commands are made with Linux's _IOR and _IOW, whose direction bits differ
 * from BSD's, and a number written out does not work.  uhid(4) says what
 * each command does.
 */
#ifndef DEVSW_UHID_H
#define DEVSW_UHID_H

#include <stdint.h>
#include <sys/ioctl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Little-endian and unaligned, as they come over the wire. */
typedef uint8_t uByte;
typedef uint8_t uWord[2];

#ifndef UGETW
#define	UGETW(w)	((uint16_t)((w)[0] | ((w)[1] << 8)))
#endif

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uWord	bcdUSB;
	uByte	bDeviceClass;
	uByte	bDeviceSubClass;
	uByte	bDeviceProtocol;
	uByte	bMaxPacketSize;
	uWord	idVendor;
	uWord	idProduct;
	uWord	bcdDevice;
	uByte	iManufacturer;
	uByte	iProduct;
	uByte	iSerialNumber;
	uByte	bNumConfigurations;
} usb_device_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uWord	bString[126];	/* UTF-16; bLength - 2 bytes of it */
	uByte	bUnused;
} usb_string_descriptor_t;

#define	USB_LANGUAGE_TABLE	0	/* the index of the languages */

struct usb_string_desc {
	int			usd_string_index;
	int			usd_language_id;
	usb_string_descriptor_t	usd_desc;
};

struct usb_ctl_report_desc {
	int		ucrd_size;
	unsigned char	ucrd_data[1024];
};

/* ucr_report */
#define	UHID_INPUT_REPORT	1
#define	UHID_OUTPUT_REPORT	2
#define	UHID_FEATURE_REPORT	3

struct usb_ctl_report {
	int		ucr_report;
	unsigned char	ucr_data[1024];	/* without the report ID */
};

#define	USB_MAX_STRING_LEN		128
#define	USB_MAX_ENCODED_STRING_LEN	(USB_MAX_STRING_LEN * 3)
#define	USB_MAX_DEVNAMES		4
#define	USB_MAX_DEVNAMELEN		16

struct usb_device_info {
	uint8_t		udi_bus;
	uint8_t		udi_addr;
	char		udi_product[USB_MAX_ENCODED_STRING_LEN];
	char		udi_vendor[USB_MAX_ENCODED_STRING_LEN];
	char		udi_release[8];
	char		udi_serial[USB_MAX_ENCODED_STRING_LEN];
	uint16_t	udi_productNo;
	uint16_t	udi_vendorNo;
	uint16_t	udi_releaseNo;
	uint8_t		udi_class;
	uint8_t		udi_subclass;
	uint8_t		udi_protocol;
	uint8_t		udi_config;
	uint8_t		udi_speed;
	int		udi_power;	/* mA; 0: it has its own */
	int		udi_nports;
	char		udi_devnames[USB_MAX_DEVNAMES][USB_MAX_DEVNAMELEN];
	uint8_t		udi_ports[16];
};

/* udi_speed */
#define	USB_SPEED_LOW		1
#define	USB_SPEED_FULL		2
#define	USB_SPEED_HIGH		3
#define	USB_SPEED_SUPER		4

#define	USB_GET_REPORT_DESC	_IOR('U', 21, struct usb_ctl_report_desc)
#define	USB_SET_IMMED		_IOW('U', 22, int)
#define	USB_GET_REPORT		_IOWR('U', 23, struct usb_ctl_report)
#define	USB_SET_REPORT		_IOW('U', 24, struct usb_ctl_report)
#define	USB_GET_REPORT_ID	_IOR('U', 25, int)

#define	USB_GET_DEVICE_DESC	_IOR('U', 105, usb_device_descriptor_t)
#define	USB_GET_STRING_DESC	_IOWR('U', 110, struct usb_string_desc)
#define	USB_GET_DEVICEINFO	_IOR('U', 112, struct usb_device_info)

#define	USB_HID_GET_RAW		_IOR('h', 1, int)
#define	USB_HID_SET_RAW		_IOW('h', 2, int)

#ifdef __cplusplus
}
#endif

#endif /* DEVSW_UHID_H */
