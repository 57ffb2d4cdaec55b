/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw/ugen.h - the ioctls of ugen(4) that are not in devsw/uhid.h, for
 * programs on Linux.
 *
 * Names, numbers and structures are those of BSD's <dev/usb/usb.h>, made with
 * Linux's _IOR and _IOW.  Two of BSD's point to their data, which no ioctl of a
 * node from user space can follow; in their place are two that carry them.
 */
#ifndef DEVSW_UGEN_H
#define DEVSW_UGEN_H

#include <devsw/uhid.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	uByte	bmRequestType;
	uByte	bRequest;
	uWord	wValue;
	uWord	wIndex;
	uWord	wLength;
} usb_device_request_t;

#define	USETW(w, v)							\
	((w)[0] = (uByte)(v), (w)[1] = (uByte)((v) >> 8))

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uWord	wTotalLength;
	uByte	bNumInterface;
	uByte	bConfigurationValue;
	uByte	iConfiguration;
	uByte	bmAttributes;
	uByte	bMaxPower;
} usb_config_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bInterfaceNumber;
	uByte	bAlternateSetting;
	uByte	bNumEndpoints;
	uByte	bInterfaceClass;
	uByte	bInterfaceSubClass;
	uByte	bInterfaceProtocol;
	uByte	iInterface;
} usb_interface_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bEndpointAddress;
	uByte	bmAttributes;
	uWord	wMaxPacketSize;
	uByte	bInterval;
} usb_endpoint_descriptor_t;

struct usb_alt_interface {
	int	uai_config_index;
	int	uai_interface_index;
	int	uai_alt_no;
};

#define	USB_CURRENT_CONFIG_INDEX	(-1)
#define	USB_CURRENT_ALT_INDEX		(-1)

struct usb_config_desc {
	int			ucd_config_index;
	usb_config_descriptor_t	ucd_desc;
};

struct usb_interface_desc {
	int				uid_config_index;
	int				uid_interface_index;
	int				uid_alt_index;
	usb_interface_descriptor_t	uid_desc;
};

struct usb_endpoint_desc {
	int				ued_config_index;
	int				ued_interface_index;
	int				ued_alt_index;
	int				ued_endpoint_index;
	usb_endpoint_descriptor_t	ued_desc;
};

#define	USB_GET_CONFIG		_IOR('U', 100, int)
#define	USB_SET_CONFIG		_IOW('U', 101, int)
#define	USB_GET_ALTINTERFACE	_IOWR('U', 102, struct usb_alt_interface)
#define	USB_SET_ALTINTERFACE	_IOWR('U', 103, struct usb_alt_interface)
#define	USB_GET_NO_ALT		_IOWR('U', 104, struct usb_alt_interface)
#define	USB_GET_CONFIG_DESC	_IOWR('U', 106, struct usb_config_desc)
#define	USB_GET_INTERFACE_DESC	_IOWR('U', 107, struct usb_interface_desc)
#define	USB_GET_ENDPOINT_DESC	_IOWR('U', 108, struct usb_endpoint_desc)
#define	USB_SET_SHORT_XFER	_IOW('U', 113, int)
#define	USB_SET_TIMEOUT		_IOW('U', 114, int)

/* How large a buffer of read-ahead or write-behind is, and its transfers. */
struct usb_bulk_ra_wb_opt {
	unsigned int	ra_wb_buffer_size;
	unsigned int	ra_wb_request_size;
};

#define	USB_SET_BULK_RA		_IOW('U', 115, int)
#define	USB_SET_BULK_WB		_IOW('U', 116, int)
#define	USB_SET_BULK_RA_OPT	_IOW('U', 117, struct usb_bulk_ra_wb_opt)
#define	USB_SET_BULK_WB_OPT	_IOW('U', 118, struct usb_bulk_ra_wb_opt)

/* A request, and room for len bytes of data behind it (at most 8175). */
#ifndef USBD_SHORT_XFER_OK
#define	USBD_SHORT_XFER_OK	0x04
#endif
struct ugen_request {
	usb_device_request_t	ur_request;
	int32_t			ur_flags;	/* USBD_SHORT_XFER_OK */
	int32_t			ur_actlen;
};
#define	UGEN_DO_REQUEST(len)						\
	_IOC(_IOC_READ | _IOC_WRITE, 'U', 200,				\
	    sizeof(struct ugen_request) + (len))

/* The present configuration with all that belongs to it, in uf_size bytes
   behind this, at most len. */
struct ugen_full_desc {
	int32_t			uf_config_index; /* USB_CURRENT_CONFIG_INDEX */
	int32_t			uf_size;
};
#define	UGEN_GET_FULL_DESC(len)						\
	_IOC(_IOC_READ | _IOC_WRITE, 'U', 201,				\
	    sizeof(struct ugen_full_desc) + (len))

#ifdef __cplusplus
}
#endif

#endif /* DEVSW_UGEN_H */
