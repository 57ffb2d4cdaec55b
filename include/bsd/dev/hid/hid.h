/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev/hid/hid.h - HID report descriptors and reports.
 *
 * The functions are NetBSD's, and what is said of them here is what differs
 * or what NetBSD leaves open; src/kernel/hid/hid.c has the rest.  Those
 * without a counterpart in NetBSD are marked "ours".
 *
 * Numbers: Device Class Definition for HID 1.11, sections 6.2.2.4 to
 * 6.2.2.6, and the HID Usage Tables.
 */
#ifndef _DEV_HID_HID_H_
#define	_DEV_HID_HID_H_

#include <sys/types.h>

enum hid_kind {
	hid_input,
	hid_output,
	hid_feature,
	hid_collection,
	hid_endcollection,
	hid_none
};

/* Where in a report, which is without its report ID byte. */
struct hid_location {
	uint32_t	size;		/* bits of one element */
	uint32_t	count;		/* elements; 1 unless an array */
	uint32_t	pos;		/* bits */
};

/*
 * What hid_get_item returns.  A variable item comes field by field, each
 * with its own usage (and string and designator); an array comes once, with
 * the first of its usages.  Alternative usages between delimiters: only the
 * first of them.  unit_exponent is as the descriptor has it.
 */
struct hid_item {
	/* From global items. */
	uint32_t	_usage_page;	/* in the upper half */
	int32_t		logical_minimum; /* below 0: the field is signed */
	int32_t		logical_maximum; /* INT32_MAX also if more */
	int32_t		physical_minimum;
	int32_t		physical_maximum;
	uint32_t	unit_exponent;
	uint32_t	unit;
	uint32_t	report_ID;	/* 0: none */
	/* From local items; usages with their page in the upper half. */
	uint32_t	usage;
	uint32_t	usage_minimum;	/* of the latest range */
	uint32_t	usage_maximum;
	uint32_t	designator_index;
	uint32_t	designator_minimum;
	uint32_t	designator_maximum;
	uint32_t	string_index;
	uint32_t	string_minimum;
	uint32_t	string_maximum;
	uint32_t	set_delimiter;	/* 1: had alternatives */
	/* From main items. */
	uint32_t	collection;	/* type of the latest collection */
	int		collevel;
	enum hid_kind	kind;
	uint32_t	flags;
	struct hid_location loc;
	struct hid_item	*next;		/* not used */
};

/* What is wrong with a descriptor, and with its byte at which offset. */
struct hid_fault {
	size_t		 hf_off;
	const char	*hf_text;
};

struct hid_data;

/* Is a descriptor good?  EINVAL: no.  Ours; call it at attach. */
int	hid_parse_check(const void *, int, struct hid_fault *);

/* A walk over collections and the fields of one kind. */
struct hid_data *hid_start_parse(const void *, int, enum hid_kind);
int	hid_get_item(struct hid_data *, struct hid_item *);
void	hid_end_parse(struct hid_data *);

/* Reports: bytes without the ID; hid_report_size_max and hid_report_ids
   are ours. */
int	hid_report_size(const void *, int, enum hid_kind, uint8_t);
int	hid_report_size_max(const void *, int, enum hid_kind, uint8_t *);
int	hid_report_ids(const void *, int, uint8_t *);

int	hid_locate(const void *, int, uint32_t, uint8_t, enum hid_kind,
	    struct hid_location *, uint32_t *);
int	hid_is_collection(const void *, int, uint8_t, uint32_t);

/* Values in a report; hid_put_data and hid_location_fits are ours. */
long	hid_get_data(const u_char *, const struct hid_location *);
u_long	hid_get_udata(const u_char *, const struct hid_location *);
void	hid_put_data(u_char *, const struct hid_location *, u_long);
bool	hid_location_fits(const struct hid_location *, size_t);

#define	HID_USAGE2(p, u)	(((uint32_t)(p) << 16) | (u))
#define	HID_GET_USAGE(u)	((u) & 0xffff)
#define	HID_GET_USAGE_PAGE(u)	(((u) >> 16) & 0xffff)

/* Collections */
#define	HCOLL_PHYSICAL		0
#define	HCOLL_APPLICATION	1
#define	HCOLL_LOGICAL		2
#define	HCOLL_REPORT		3
#define	HCOLL_NAMED_ARRAY	4
#define	HCOLL_USAGE_SWITCH	5
#define	HCOLL_USAGE_MODIFIER	6

/* Bits of input, output and feature items */
#define	HIO_CONST		0x001
#define	HIO_VARIABLE		0x002
#define	HIO_RELATIVE		0x004
#define	HIO_WRAP		0x008
#define	HIO_NONLINEAR		0x010
#define	HIO_NOPREF		0x020
#define	HIO_NULLSTATE		0x040
#define	HIO_VOLATILE		0x080
#define	HIO_BUFBYTES		0x100

/* Country codes of the HID descriptor */
#define	HCC_UNDEFINED		0x00
#define	HCC_MAX			0x23

/* Usage pages */
#define	HUP_UNDEFINED		0x0000
#define	HUP_GENERIC_DESKTOP	0x0001
#define	HUP_SIMULATION		0x0002
#define	HUP_VR_CONTROLS		0x0003
#define	HUP_SPORTS_CONTROLS	0x0004
#define	HUP_GAMING_CONTROLS	0x0005
#define	HUP_GENERIC_DEVICE	0x0006
#define	HUP_KEYBOARD		0x0007
#define	HUP_LEDS		0x0008
#define	HUP_BUTTON		0x0009
#define	HUP_ORDINALS		0x000a
#define	HUP_TELEPHONY		0x000b
#define	HUP_CONSUMER		0x000c
#define	HUP_DIGITIZERS		0x000d
#define	HUP_PHYSICAL_IFACE	0x000f
#define	HUP_UNICODE		0x0010
#define	HUP_ALPHANUM_DISPLAY	0x0014
#define	HUP_SENSOR		0x0020
#define	HUP_MONITOR		0x0080
#define	HUP_MONITOR_ENUM_VAL	0x0081
#define	HUP_VESA_VC		0x0082
#define	HUP_POWER		0x0084
#define	HUP_BATTERY		0x0085
#define	HUP_BARCODE_SCANNER	0x008c
#define	HUP_SCALE		0x008d
#define	HUP_CAMERA_CONTROL	0x0090
#define	HUP_ARCADE		0x0091
#define	HUP_FIDO		0xf1d0
#define	HUP_MICROSOFT		0xff00

/* Usages, Generic Desktop */
#define	HUG_POINTER		0x0001
#define	HUG_MOUSE		0x0002
#define	HUG_JOYSTICK		0x0004
#define	HUG_GAME_PAD		0x0005
#define	HUG_KEYBOARD		0x0006
#define	HUG_KEYPAD		0x0007
#define	HUG_X			0x0030
#define	HUG_Y			0x0031
#define	HUG_Z			0x0032
#define	HUG_RX			0x0033
#define	HUG_RY			0x0034
#define	HUG_RZ			0x0035
#define	HUG_SLIDER		0x0036
#define	HUG_DIAL		0x0037
#define	HUG_WHEEL		0x0038
#define	HUG_HAT_SWITCH		0x0039
#define	HUG_SYSTEM_CONTROL	0x0080

/* Usages, LEDs */
#define	HUD_LED_NUM_LOCK	0x0001
#define	HUD_LED_CAPS_LOCK	0x0002
#define	HUD_LED_SCROLL_LOCK	0x0003
#define	HUD_LED_COMPOSE		0x0004
#define	HUD_LED_KANA		0x0005

/* Usages, Consumer */
#define	HUC_AC_PAN		0x0238

/* Usages, Digitizers */
#define	HUD_DIGITIZER		0x0001
#define	HUD_PEN			0x0002
#define	HUD_TOUCH_SCREEN	0x0004
#define	HUD_TOUCHPAD		0x0005
#define	HUD_CONFIG		0x000e
#define	HUD_FINGER		0x0022
#define	HUD_TIP_PRESSURE	0x0030
#define	HUD_BARREL_PRESSURE	0x0031
#define	HUD_IN_RANGE		0x0032
#define	HUD_X_TILT		0x003d
#define	HUD_Y_TILT		0x003e
#define	HUD_TIP_SWITCH		0x0042
#define	HUD_BARREL_SWITCH	0x0044
#define	HUD_ERASER		0x0045
#define	HUD_CONFIDENCE		0x0047
#define	HUD_WIDTH		0x0048
#define	HUD_HEIGHT		0x0049
#define	HUD_CONTACTID		0x0051
#define	HUD_INPUT_MODE		0x0052
#define	HUD_CONTACTCOUNT	0x0054
#define	HUD_CONTACT_MAX		0x0055
#define	HUD_SCAN_TIME		0x0056

/* Usages, FIDO */
#define	HUF_U2FHID		0x0001
#define	HUF_RAW_IN		0x0020
#define	HUF_RAW_OUT		0x0021

#endif /* _DEV_HID_HID_H_ */
