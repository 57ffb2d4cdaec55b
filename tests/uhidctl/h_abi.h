/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_abi.h - what <devsw/uhid.h> and the kernel side's <dev/usb/usb.h> must
 * agree on, as numbers: each world fills a table of its own, from the same
 * list and its own header.
 */
#ifndef TESTS_UHIDCTL_H_ABI_H
#define TESTS_UHIDCTL_H_ABI_H

#include <stddef.h>
#include <stdint.h>

#define	H_ABI_COMMANDS(X)						\
	X(USB_GET_REPORT_DESC) X(USB_SET_IMMED) X(USB_GET_REPORT)	\
	X(USB_SET_REPORT) X(USB_GET_REPORT_ID) X(USB_GET_DEVICE_DESC)	\
	X(USB_GET_STRING_DESC) X(USB_GET_DEVICEINFO) X(USB_HID_GET_RAW)	\
	X(USB_HID_SET_RAW)

#define	H_ABI_NUMBERS(N, S, F)						\
	N(UHID_INPUT_REPORT) N(UHID_OUTPUT_REPORT) N(UHID_FEATURE_REPORT) \
	N(USB_LANGUAGE_TABLE) N(USB_MAX_ENCODED_STRING_LEN)		\
	N(USB_SPEED_LOW) N(USB_SPEED_FULL) N(USB_SPEED_HIGH)		\
	N(USB_SPEED_SUPER)						\
	S(usb_device_descriptor_t)					\
	F(usb_device_descriptor_t, bcdUSB)				\
	F(usb_device_descriptor_t, bMaxPacketSize)			\
	F(usb_device_descriptor_t, idVendor)				\
	F(usb_device_descriptor_t, idProduct)				\
	F(usb_device_descriptor_t, bcdDevice)				\
	F(usb_device_descriptor_t, iSerialNumber)			\
	F(usb_device_descriptor_t, bNumConfigurations)			\
	S(usb_string_descriptor_t)					\
	F(usb_string_descriptor_t, bString)				\
	S(struct usb_string_desc)					\
	F(struct usb_string_desc, usd_language_id)			\
	F(struct usb_string_desc, usd_desc)				\
	S(struct usb_ctl_report_desc)					\
	F(struct usb_ctl_report_desc, ucrd_data)			\
	S(struct usb_ctl_report)					\
	F(struct usb_ctl_report, ucr_data)				\
	S(struct usb_device_info)					\
	F(struct usb_device_info, udi_addr)				\
	F(struct usb_device_info, udi_product)				\
	F(struct usb_device_info, udi_vendor)				\
	F(struct usb_device_info, udi_release)				\
	F(struct usb_device_info, udi_serial)				\
	F(struct usb_device_info, udi_productNo)			\
	F(struct usb_device_info, udi_vendorNo)				\
	F(struct usb_device_info, udi_releaseNo)			\
	F(struct usb_device_info, udi_class)				\
	F(struct usb_device_info, udi_subclass)				\
	F(struct usb_device_info, udi_protocol)				\
	F(struct usb_device_info, udi_config)				\
	F(struct usb_device_info, udi_speed)				\
	F(struct usb_device_info, udi_power)				\
	F(struct usb_device_info, udi_nports)				\
	F(struct usb_device_info, udi_devnames)				\
	F(struct usb_device_info, udi_ports)

struct h_abi {
	const char	*a_name;
	uint32_t	 a_value;
};

#define	H_ABI_VALUE(n)		{ #n, (uint32_t)(n) },
#define	H_ABI_SIZE(t)		{ "sizeof " #t, (uint32_t)sizeof(t) },
#define	H_ABI_FIELD(t, f)	{ #t "." #f, (uint32_t)offsetof(t, f) },

#define	H_ABI_END		{ NULL, 0 }

/* h_abi.c: the kernel side's. */
extern const struct h_abi h_abi_commands[];
extern const struct h_abi h_abi_numbers[];

#endif /* TESTS_UHIDCTL_H_ABI_H */
