/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_desc.h - a device's descriptors, checked and in a tree.
 *
 * udesc_parse() takes the raw bytes (device descriptor, then each
 * configuration in full), copies them, checks the copy, and builds a tree of
 * pointers into it.  It does no I/O and has no state, and whatever the bytes
 * are, it reads and writes nothing outside them and the tree; so it can be
 * fed with anything.
 *
 * A tree that exists keeps these promises, and nobody checks them again:
 *	- every descriptor lies inside its configuration, and has at least the
 *	  length that its type needs; their lengths add up;
 *	- configuration values are not 0 and differ; there are as many
 *	  configurations as bNumConfigurations says;
 *	- there are as many interface numbers as bNumInterfaces says, each
 *	  with an alternate setting 0 and none twice;
 *	- each setting has as many endpoints as its bNumEndpoints, with valid
 *	  addresses that differ, and no address occurs in two interfaces;
 *	- interface associations name existing interfaces and do not overlap.
 */
#ifndef _USBDI_USB_DESC_H_
#define	_USBDI_USB_DESC_H_

#include <sys/types.h>

#include <dev/usb/usb.h>

/* Caps: far above real devices, low enough to bound memory and time. */
#define	UDESC_MAXLEN	65536	/* raw bytes of one device */
#define	UDESC_MAXCONF	USB_MAX_CONFIGS
#define	UDESC_MAXIFACE	32	/* per configuration */
#define	UDESC_MAXALT	256	/* settings, per configuration */
#define	UDESC_MAXEP	30	/* per setting: 15 in, 15 out */

struct udesc_ep {
	usb_endpoint_descriptor_t *de_d;
};

/* One alternate setting of one interface. */
struct udesc_alt {
	usb_interface_descriptor_t *da_d;
	struct udesc_ep	*da_ep;
	u_int		 da_nep;	/* == bNumEndpoints */
};

struct udesc_conf {
	usb_config_descriptor_t *dc_d;
	size_t		 dc_off;	/* of dc_d in the raw bytes */
	size_t		 dc_len;	/* == wTotalLength */
	struct udesc_alt *dc_alt;	/* in the order of the bytes */
	u_int		 dc_nalt;
	u_int		 dc_niface;	/* == bNumInterface */
	uint8_t		 dc_ifaceno[UDESC_MAXIFACE]; /* by first appearance */
};

struct udesc {
	size_t		 d_size;	/* of this allocation */
	usb_device_descriptor_t *d_dev;
	u_int		 d_nconf;
	struct udesc_conf *d_conf;
	uint8_t		*d_raw;
	size_t		 d_len;
};

/* What is wrong with the bytes, and where. */
struct udesc_error {
	size_t		 e_off;
	char		 e_text[112];
};

int	udesc_parse(const void *, size_t, struct udesc **,
	    struct udesc_error *);
void	udesc_free(struct udesc *);

const struct udesc_conf *udesc_conf_by_value(const struct udesc *, uint8_t);
const struct udesc_alt *udesc_alt_nth(const struct udesc_conf *, u_int,
	    u_int);

#endif /* _USBDI_USB_DESC_H_ */
