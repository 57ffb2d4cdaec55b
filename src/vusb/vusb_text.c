/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_text.c - what somebody types for a software device.  No state.
 */
#include <stdio.h>
#include <string.h>

#include "vusb/vusb.h"

/* NULL, or what is wrong with it. */
static const char *
vusb_parse(const char *text, struct vusb_config *vc)
{
	unsigned vendor, product;
	char name[64], *ids, rest;

	if (strncmp(text, "vusb:", 5) == 0)
		text += 5;
	if (snprintf(name, sizeof(name), "%s", text) >= (int)sizeof(name))
		return "there is no such chip";
	if ((ids = strchr(name, ',')) != NULL)
		*ids++ = '\0';
	if (!vusb_chip(strcmp(name, "ftdi") == 0 ? "ft232r" : name, vc))
		return "there is no such chip";
	if (ids == NULL)
		return NULL;
	if (sscanf(ids, "%4x:%4x%c", &vendor, &product, &rest) != 2)
		return "not VID:PID, in hexadecimal";
	vc->vc_vendor = (uint16_t)vendor;
	vc->vc_product = (uint16_t)product;
	return NULL;
}

struct vusb *
vusb_from_text(const char *name, const char *text, const char **why)
{
	struct vusb_config vc;
	struct vusb *v;

	if ((*why = vusb_parse(text, &vc)) != NULL)
		return NULL;
	v = vusb_create(name, &vc);
	if (v != NULL && vusb_wire(v, 0, v, 0, false) == 0)
		return v;
	if (v != NULL)
		vusb_destroy(v);
	*why = "no memory";
	return NULL;
}

void
vusb_list_chips(FILE *to)
{
	const char *name;

	fprintf(to, "chips:");
	for (unsigned i = 0; (name = vusb_chip_name(i)) != NULL; i++)
		fprintf(to, " %s", name);
	fprintf(to, "; printer, hid\n");
}
