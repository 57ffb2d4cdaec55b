/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb.h - what the USB specifications fix: descriptors, requests, class
 * codes; and the ioctl interface of usb(4) devices.
 *
 * Numbers are those of the Universal Serial Bus Specification 2.0, chapter
 * 9, the 3.2 specification for the types from 0x0f on, and the class
 * documents; names are NetBSD's.  Descriptors are arrays of bytes without
 * padding or alignment, so any byte of a device's answer can be one; read
 * and write their 16 and 32-bit fields with UGETW and friends.
 *
 * Who may trust what: a descriptor that a driver gets from usbdi has passed
 * the parser of src/kernel/usbdi/usb_desc.c; everything that a driver reads
 * from the device itself has not.
 */
#ifndef _DEV_USB_USB_H_
#define	_DEV_USB_USB_H_

#include <sys/types.h>
#include <sys/ioccom.h>

#define	USB_STACK_VERSION	2

/* There is no USB_DEBUG, with which a driver's functions would have names for
   a debugger. */
#define	Static	static

#define	USB_MAX_DEVICES		128	/* addresses 0..127 */
#define	USB_START_ADDR		0
#define	USB_CONTROL_ENDPOINT	0
#define	USB_MAX_ENDPOINTS	16	/* numbers 0..15 per direction */
#define	USB_MAX_CONFIGS		8
#define	USB_FRAMES_PER_SECOND	1000

/*
 * Wire types: little-endian, unaligned.
 */
typedef uint8_t uByte;
typedef uint8_t uWord[2];
typedef uint8_t uDWord[4];

#define	UGETW(w)	((uint16_t)((w)[0] | ((w)[1] << 8)))
#define	USETW(w, v)	((w)[0] = (uint8_t)(v), (w)[1] = (uint8_t)((v) >> 8))
#define	USETW2(w, h, l)	((w)[0] = (uint8_t)(l), (w)[1] = (uint8_t)(h))
#define	UGETDW(w)							\
	((uint32_t)(w)[0] | ((uint32_t)(w)[1] << 8) |			\
	    ((uint32_t)(w)[2] << 16) | ((uint32_t)(w)[3] << 24))
#define	USETDW(w, v)							\
	((w)[0] = (uint8_t)(v), (w)[1] = (uint8_t)((v) >> 8),		\
	    (w)[2] = (uint8_t)((v) >> 16), (w)[3] = (uint8_t)((v) >> 24))

#define	UPACKED	__attribute__((__packed__))

/*
 * Requests (9.3).
 */
typedef struct {
	uByte	bmRequestType;
	uByte	bRequest;
	uWord	wValue;
	uWord	wIndex;
	uWord	wLength;
} UPACKED usb_device_request_t;

#define	UT_GET_DIR(a)		((a) & 0x80)
#define	UT_WRITE		0x00
#define	UT_READ			0x80

#define	UT_GET_TYPE(a)		((a) & 0x60)
#define	UT_STANDARD		0x00
#define	UT_CLASS		0x20
#define	UT_VENDOR		0x40

#define	UT_GET_RECIPIENT(a)	((a) & 0x1f)
#define	UT_DEVICE		0x00
#define	UT_INTERFACE		0x01
#define	UT_ENDPOINT		0x02
#define	UT_OTHER		0x03

#define	UT_READ_DEVICE		(UT_READ | UT_STANDARD | UT_DEVICE)
#define	UT_READ_INTERFACE	(UT_READ | UT_STANDARD | UT_INTERFACE)
#define	UT_READ_ENDPOINT	(UT_READ | UT_STANDARD | UT_ENDPOINT)
#define	UT_WRITE_DEVICE		(UT_WRITE | UT_STANDARD | UT_DEVICE)
#define	UT_WRITE_INTERFACE	(UT_WRITE | UT_STANDARD | UT_INTERFACE)
#define	UT_WRITE_ENDPOINT	(UT_WRITE | UT_STANDARD | UT_ENDPOINT)
#define	UT_READ_CLASS_DEVICE	(UT_READ | UT_CLASS | UT_DEVICE)
#define	UT_READ_CLASS_INTERFACE	(UT_READ | UT_CLASS | UT_INTERFACE)
#define	UT_READ_CLASS_OTHER	(UT_READ | UT_CLASS | UT_OTHER)
#define	UT_READ_CLASS_ENDPOINT	(UT_READ | UT_CLASS | UT_ENDPOINT)
#define	UT_WRITE_CLASS_DEVICE	(UT_WRITE | UT_CLASS | UT_DEVICE)
#define	UT_WRITE_CLASS_INTERFACE (UT_WRITE | UT_CLASS | UT_INTERFACE)
#define	UT_WRITE_CLASS_OTHER	(UT_WRITE | UT_CLASS | UT_OTHER)
#define	UT_WRITE_CLASS_ENDPOINT	(UT_WRITE | UT_CLASS | UT_ENDPOINT)
#define	UT_READ_VENDOR_DEVICE	(UT_READ | UT_VENDOR | UT_DEVICE)
#define	UT_READ_VENDOR_INTERFACE (UT_READ | UT_VENDOR | UT_INTERFACE)
#define	UT_READ_VENDOR_OTHER	(UT_READ | UT_VENDOR | UT_OTHER)
#define	UT_READ_VENDOR_ENDPOINT	(UT_READ | UT_VENDOR | UT_ENDPOINT)
#define	UT_WRITE_VENDOR_DEVICE	(UT_WRITE | UT_VENDOR | UT_DEVICE)
#define	UT_WRITE_VENDOR_INTERFACE (UT_WRITE | UT_VENDOR | UT_INTERFACE)
#define	UT_WRITE_VENDOR_OTHER	(UT_WRITE | UT_VENDOR | UT_OTHER)
#define	UT_WRITE_VENDOR_ENDPOINT (UT_WRITE | UT_VENDOR | UT_ENDPOINT)

/* bRequest (table 9-4) */
#define	UR_GET_STATUS		0x00
#define	UR_CLEAR_FEATURE	0x01
#define	UR_SET_FEATURE		0x03
#define	UR_SET_ADDRESS		0x05
#define	UR_GET_DESCRIPTOR	0x06
#define	UR_SET_DESCRIPTOR	0x07
#define	UR_GET_CONFIG		0x08
#define	UR_SET_CONFIG		0x09
#define	UR_GET_INTERFACE	0x0a
#define	UR_SET_INTERFACE	0x0b
#define	UR_SYNCH_FRAME		0x0c

/* Feature selectors (table 9-6) */
#define	UF_ENDPOINT_HALT	0
#define	UF_DEVICE_REMOTE_WAKEUP	1
#define	UF_TEST_MODE		2

/* Descriptor types (table 9-5 and the class documents) */
#define	UDESC_DEVICE		0x01
#define	UDESC_CONFIG		0x02
#define	UDESC_STRING		0x03
#define	UDESC_INTERFACE		0x04
#define	UDESC_ENDPOINT		0x05
#define	UDESC_DEVICE_QUALIFIER	0x06
#define	UDESC_OTHER_SPEED_CONFIGURATION 0x07
#define	UDESC_INTERFACE_POWER	0x08
#define	UDESC_OTG		0x09
#define	UDESC_DEBUG		0x0a
#define	UDESC_INTERFACE_ASSOC	0x0b
#define	UDESC_BOS		0x0f
#define	UDESC_DEVICE_CAPABILITY	0x10
#define	UDESC_CS_DEVICE		0x21
#define	UDESC_CS_CONFIG		0x22
#define	UDESC_CS_STRING		0x23
#define	UDESC_CS_INTERFACE	0x24
#define	UDESC_CS_ENDPOINT	0x25
#define	UDESC_HUB		0x29
#define	UDESC_SS_HUB		0x2a
#define	UDESC_ENDPOINT_SS_COMP	0x30

/*
 * Descriptors.
 */
typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bDescriptorSubtype;
} UPACKED usb_descriptor_t;
#define	USB_DESCRIPTOR_SIZE	3

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
} UPACKED usb_device_descriptor_t;
#define	USB_DEVICE_DESCRIPTOR_SIZE	18

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uWord	wTotalLength;
	uByte	bNumInterface;
	uByte	bConfigurationValue;
	uByte	iConfiguration;
	uByte	bmAttributes;
	uByte	bMaxPower;
} UPACKED usb_config_descriptor_t;
#define	USB_CONFIG_DESCRIPTOR_SIZE	9
#define	UC_BUS_POWERED		0x80
#define	UC_SELF_POWERED		0x40
#define	UC_REMOTE_WAKEUP	0x20
#define	UC_POWER_FACTOR		2	/* bMaxPower is in units of 2 mA */

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
} UPACKED usb_interface_descriptor_t;
#define	USB_INTERFACE_DESCRIPTOR_SIZE	9

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bFirstInterface;
	uByte	bInterfaceCount;
	uByte	bFunctionClass;
	uByte	bFunctionSubClass;
	uByte	bFunctionProtocol;
	uByte	iFunction;
} UPACKED usb_interface_assoc_descriptor_t;
#define	USB_INTERFACE_ASSOC_DESCRIPTOR_SIZE	8

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bEndpointAddress;
	uByte	bmAttributes;
	uWord	wMaxPacketSize;
	uByte	bInterval;
} UPACKED usb_endpoint_descriptor_t;
#define	USB_ENDPOINT_DESCRIPTOR_SIZE	7

/* bEndpointAddress */
#define	UE_GET_DIR(a)		((a) & 0x80)
#define	UE_SET_DIR(a, d)	((a) | (((d) & 1) << 7))
#define	UE_DIR_IN		0x80
#define	UE_DIR_OUT		0x00
#define	UE_ADDR			0x0f
#define	UE_GET_ADDR(a)		((a) & UE_ADDR)

/* bmAttributes */
#define	UE_XFERTYPE		0x03
#define	UE_GET_XFERTYPE(a)	((a) & UE_XFERTYPE)
#define	UE_CONTROL		0x00
#define	UE_ISOCHRONOUS		0x01
#define	UE_BULK			0x02
#define	UE_INTERRUPT		0x03

/* wMaxPacketSize */
#define	UE_GET_SIZE(a)		((a) & 0x7ff)
#define	UE_GET_TRANS(a)		(((a) >> 11) & 3)

#define	USB_MAX_STRING_LEN	128
#define	USB_MAX_ENCODED_STRING_LEN (USB_MAX_STRING_LEN * 3)
#define	USB_LANGUAGE_TABLE	0

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uWord	bString[126];
	uByte	bUnused;
} UPACKED usb_string_descriptor_t;
#define	USB_MAX_STRING_DESCRIPTOR_SIZE	255

typedef struct {
	uWord	wStatus;
} UPACKED usb_status_t;
#define	UDS_SELF_POWERED	0x0001
#define	UDS_REMOTE_WAKEUP	0x0002
#define	UES_HALT		0x0001

/*
 * Class codes: of the device (UDCLASS_*), of an interface (UICLASS_*).
 */
#define	UDCLASS_IN_INTERFACE	0x00
#define	UDCLASS_COMM		0x02
#define	UDCLASS_HUB		0x09
#define	 UDSUBCLASS_HUB		0x00
#define	UDCLASS_DIAGNOSTIC	0xdc
#define	UDCLASS_WIRELESS	0xe0
#define	UDCLASS_MISC		0xef
#define	 UDSUBCLASS_COMMON	0x02
#define	  UDPROTO_IAD		0x01
#define	UDCLASS_VENDOR		0xff

#define	UICLASS_UNSPEC		0x00
#define	UICLASS_AUDIO		0x01
#define	UICLASS_CDC		0x02
#define	 UISUBCLASS_DIRECT_LINE_CONTROL_MODEL	1
#define	 UISUBCLASS_ABSTRACT_CONTROL_MODEL	2
#define	 UISUBCLASS_TELEPHONE_CONTROL_MODEL	3
#define	 UISUBCLASS_MULTICHANNEL_CONTROL_MODEL	4
#define	 UISUBCLASS_CAPI_CONTROLMODEL		5
#define	 UISUBCLASS_ETHERNET_NETWORKING_CONTROL_MODEL 6
#define	 UISUBCLASS_ATM_NETWORKING_CONTROL_MODEL 7
#define	  UIPROTO_CDC_NOCLASS	0
#define	  UIPROTO_CDC_AT	1
#define	UICLASS_HID		0x03
#define	 UISUBCLASS_BOOT	1
#define	  UIPROTO_BOOT_KEYBOARD	1
#define	  UIPROTO_MOUSE		2
#define	UICLASS_PHYSICAL	0x05
#define	UICLASS_IMAGE		0x06
#define	UICLASS_PRINTER		0x07
#define	 UISUBCLASS_PRINTER	1
#define	  UIPROTO_PRINTER_UNI	1
#define	  UIPROTO_PRINTER_BI	2
#define	  UIPROTO_PRINTER_1284	3
#define	UICLASS_MASS		0x08
#define	UICLASS_HUB		0x09
#define	UICLASS_CDC_DATA	0x0a
#define	 UISUBCLASS_DATA	0
#define	UICLASS_SMARTCARD	0x0b
#define	UICLASS_SECURITY	0x0d
#define	UICLASS_VIDEO		0x0e
#define	UICLASS_DIAGNOSTIC	0xdc
#define	UICLASS_WIRELESS	0xe0
#define	UICLASS_APPL_SPEC	0xfe
#define	UICLASS_VENDOR		0xff

#define	USB_HUB_MAX_DEPTH	5

#define	USB_UNCONFIG_NO		0
#define	USB_UNCONFIG_INDEX	(-1)

/* Speeds, as in udi_speed. */
#define	USB_SPEED_LOW		1
#define	USB_SPEED_FULL		2
#define	USB_SPEED_HIGH		3
#define	USB_SPEED_SUPER		4
#define	USB_IS_SS(s)		((s) >= USB_SPEED_SUPER)

/*
 * The ioctl interface of uhid(4), ugen(4) and usb(4).
 */
struct usb_ctl_request {
	int			 ucr_addr;
	usb_device_request_t	 ucr_request;
	void			*ucr_data;
	int			 ucr_flags;
#define	USBD_SHORT_XFER_OK	0x04	/* see usbdi.h */
	int			 ucr_actlen;
};

struct usb_alt_interface {
	int	uai_config_index;
	int	uai_interface_index;
	int	uai_alt_no;
};

#define	USB_CURRENT_CONFIG_INDEX (-1)
#define	USB_CURRENT_ALT_INDEX	(-1)

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

struct usb_full_desc {
	int	 ufd_config_index;
	u_int	 ufd_size;
	u_char	*ufd_data;
};

struct usb_string_desc {
	int			usd_string_index;
	int			usd_language_id;
	usb_string_descriptor_t	usd_desc;
};

struct usb_ctl_report_desc {
	int	ucrd_size;
	u_char	ucrd_data[1024];
};

struct usb_ctl_report {
	int	ucr_report;
	u_char	ucr_data[1024];
};

#define	USB_MAX_DEVNAMES	4
#define	USB_MAX_DEVNAMELEN	16
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
	int		udi_power;	/* mA, 0 if self powered */
	int		udi_nports;
	char		udi_devnames[USB_MAX_DEVNAMES][USB_MAX_DEVNAMELEN];
	uint8_t		udi_ports[16];
};

/* For a driver's hook that serves programs of NetBSD 3; see compat_stub.h. */
struct usb_device_info_old {
	uint8_t		udi_bus;
	uint8_t		udi_addr;
	uint32_t	udi_cookie;
	char		udi_product[USB_MAX_STRING_LEN];
	char		udi_vendor[USB_MAX_STRING_LEN];
	char		udi_release[8];
	uint16_t	udi_productNo;
	uint16_t	udi_vendorNo;
	uint16_t	udi_releaseNo;
	uint8_t		udi_class;
	uint8_t		udi_subclass;
	uint8_t		udi_protocol;
	uint8_t		udi_config;
	uint8_t		udi_speed;
	int		udi_power;
	int		udi_nports;
	char		udi_devnames[USB_MAX_DEVNAMES][USB_MAX_DEVNAMELEN];
	uint8_t		udi_ports[16];
};

struct usb_bulk_ra_wb_opt {
	u_int	ra_wb_buffer_size;
	u_int	ra_wb_request_size;
};

#define	USB_SETDEBUG		_IOW('U', 0, u_int)

#define	USB_GET_REPORT_DESC	_IOR('U', 21, struct usb_ctl_report_desc)
#define	USB_SET_IMMED		_IOW('U', 22, int)
#define	USB_GET_REPORT		_IOWR('U', 23, struct usb_ctl_report)
#define	USB_SET_REPORT		_IOW('U', 24, struct usb_ctl_report)
#define	USB_GET_REPORT_ID	_IOR('U', 25, int)

#define	USB_GET_CONFIG		_IOR('U', 100, int)
#define	USB_SET_CONFIG		_IOW('U', 101, int)
#define	USB_GET_ALTINTERFACE	_IOWR('U', 102, struct usb_alt_interface)
#define	USB_SET_ALTINTERFACE	_IOWR('U', 103, struct usb_alt_interface)
#define	USB_GET_NO_ALT		_IOWR('U', 104, struct usb_alt_interface)
#define	USB_GET_DEVICE_DESC	_IOR('U', 105, usb_device_descriptor_t)
#define	USB_GET_CONFIG_DESC	_IOWR('U', 106, struct usb_config_desc)
#define	USB_GET_INTERFACE_DESC	_IOWR('U', 107, struct usb_interface_desc)
#define	USB_GET_ENDPOINT_DESC	_IOWR('U', 108, struct usb_endpoint_desc)
#define	USB_GET_FULL_DESC	_IOWR('U', 109, struct usb_full_desc)
#define	USB_GET_STRING_DESC	_IOWR('U', 110, struct usb_string_desc)
#define	USB_DO_REQUEST		_IOWR('U', 111, struct usb_ctl_request)
#define	USB_GET_DEVICEINFO	_IOR('U', 112, struct usb_device_info)
#define	USB_SET_SHORT_XFER	_IOW('U', 113, int)
#define	USB_GET_DEVICEINFO_OLD	_IOR('U', 112, struct usb_device_info_old)
#define	USB_GET_DEVICEINFO_30	USB_GET_DEVICEINFO_OLD
#define	USB_SET_TIMEOUT		_IOW('U', 114, int)
#define	USB_SET_BULK_RA		_IOW('U', 115, int)
#define	USB_SET_BULK_WB		_IOW('U', 116, int)
#define	USB_SET_BULK_RA_OPT	_IOW('U', 117, struct usb_bulk_ra_wb_opt)
#define	USB_SET_BULK_WB_OPT	_IOW('U', 118, struct usb_bulk_ra_wb_opt)

#define	USB_GET_CM_OVER_DATA	_IOR('U', 130, int)
#define	USB_SET_CM_OVER_DATA	_IOW('U', 131, int)

#endif /* _DEV_USB_USB_H_ */
