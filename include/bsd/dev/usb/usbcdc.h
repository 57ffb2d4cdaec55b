/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbcdc.h - Communications Device Class: functional descriptors, requests
 * and notifications that umodem(4) and its relatives use.
 *
 * Numbers: CDC 1.2, sections 5.2.3 and 6; PSTN subclass 1.2, sections 5.3
 * and 6.
 */
#ifndef _DEV_USB_USBCDC_H_
#define	_DEV_USB_USBCDC_H_

#include <dev/usb/usb.h>

/* bDescriptorSubtype of a CS_INTERFACE descriptor (CDC table 13) */
#define	UDESCSUB_CDC_HEADER	0
#define	UDESCSUB_CDC_CM		1	/* call management */
#define	UDESCSUB_CDC_ACM	2	/* abstract control management */
#define	UDESCSUB_CDC_DLM	3
#define	UDESCSUB_CDC_TRF	4
#define	UDESCSUB_CDC_TCLSR	5
#define	UDESCSUB_CDC_UNION	6
#define	UDESCSUB_CDC_CS		7
#define	UDESCSUB_CDC_TOM	8
#define	UDESCSUB_CDC_USBT	9
#define	UDESCSUB_CDC_NCT	10
#define	UDESCSUB_CDC_PUF	11
#define	UDESCSUB_CDC_EUF	12
#define	UDESCSUB_CDC_MCMF	13
#define	UDESCSUB_CDC_CAPIF	14
#define	UDESCSUB_CDC_ENF	15
#define	UDESCSUB_CDC_ANF	16

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bDescriptorSubtype;
} UPACKED usb_cdc_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bDescriptorSubtype;
	uWord	bcdCDC;
} UPACKED usb_cdc_header_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bDescriptorSubtype;
	uByte	bmCapabilities;
#define	USB_CDC_CM_DOES_CM	0x01
#define	USB_CDC_CM_OVER_DATA	0x02
	uByte	bDataInterface;
} UPACKED usb_cdc_cm_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bDescriptorSubtype;
	uByte	bmCapabilities;
#define	USB_CDC_ACM_HAS_FEATURE	0x01
#define	USB_CDC_ACM_HAS_LINE	0x02
#define	USB_CDC_ACM_HAS_BREAK	0x04
#define	USB_CDC_ACM_HAS_NETWORK_CONN 0x08
} UPACKED usb_cdc_acm_descriptor_t;

typedef struct {
	uByte	bLength;
	uByte	bDescriptorType;
	uByte	bDescriptorSubtype;
	uByte	bMasterInterface;
	uByte	bSlaveInterface[1];
} UPACKED usb_cdc_union_descriptor_t;

/* bRequest (CDC table 19, PSTN table 13) */
#define	UCDC_SEND_ENCAPSULATED_COMMAND	0x00
#define	UCDC_GET_ENCAPSULATED_RESPONSE	0x01
#define	UCDC_SET_COMM_FEATURE		0x02
#define	UCDC_GET_COMM_FEATURE		0x03
#define	 UCDC_ABSTRACT_STATE		0x01
#define	 UCDC_COUNTRY_SETTING		0x02
#define	UCDC_CLEAR_COMM_FEATURE		0x04
#define	UCDC_SET_LINE_CODING		0x20
#define	UCDC_GET_LINE_CODING		0x21
#define	UCDC_SET_CONTROL_LINE_STATE	0x22
#define	 UCDC_LINE_DTR			0x0001
#define	 UCDC_LINE_RTS			0x0002
#define	UCDC_SEND_BREAK			0x23
#define	 UCDC_BREAK_ON			0xffff
#define	 UCDC_BREAK_OFF			0x0000

typedef struct {
	uWord	wState;
#define	UCDC_IDLE_SETTING		0x0001
#define	UCDC_DATA_MULTIPLEXED		0x0002
} UPACKED usb_cdc_abstract_state_t;
#define	UCDC_ABSTRACT_STATE_LENGTH	2

typedef struct {
	uDWord	dwDTERate;
	uByte	bCharFormat;
#define	UCDC_STOP_BIT_1			0
#define	UCDC_STOP_BIT_1_5		1
#define	UCDC_STOP_BIT_2			2
	uByte	bParityType;
#define	UCDC_PARITY_NONE		0
#define	UCDC_PARITY_ODD			1
#define	UCDC_PARITY_EVEN		2
#define	UCDC_PARITY_MARK		3
#define	UCDC_PARITY_SPACE		4
	uByte	bDataBits;
} UPACKED usb_cdc_line_state_t;
#define	UCDC_LINE_STATE_LENGTH		7

/* Notifications on the interrupt endpoint (CDC table 20) */
typedef struct {
	uByte	bmRequestType;
#define	UCDC_NOTIFICATION		0xa1
	uByte	bNotification;
#define	UCDC_N_NETWORK_CONNECTION	0x00
#define	UCDC_N_RESPONSE_AVAILABLE	0x01
#define	UCDC_N_AUX_JACK_HOOK_STATE	0x08
#define	UCDC_N_RING_DETECT		0x09
#define	UCDC_N_SERIAL_STATE		0x20
#define	UCDC_N_CALL_STATE_CHANGED	0x28
#define	UCDC_N_LINE_STATE_CHANGED	0x29
#define	UCDC_N_CONNECTION_SPEED_CHANGE	0x2a
	uWord	wValue;
	uWord	wIndex;
	uWord	wLength;
	uByte	data[16];
} UPACKED usb_cdc_notification_t;
#define	UCDC_NOTIFICATION_LENGTH	8

/* Data of SERIAL_STATE (PSTN table 31) */
#define	UCDC_N_SERIAL_OVERRUN		0x40
#define	UCDC_N_SERIAL_PARITY		0x20
#define	UCDC_N_SERIAL_FRAMING		0x10
#define	UCDC_N_SERIAL_RI		0x08
#define	UCDC_N_SERIAL_BREAK		0x04
#define	UCDC_N_SERIAL_DSR		0x02
#define	UCDC_N_SERIAL_DCD		0x01

#endif /* _DEV_USB_USBCDC_H_ */
