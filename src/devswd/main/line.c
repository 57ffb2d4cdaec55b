/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - what a claim says of its nodes, from text; line.h.
 *
 * The words are those of ser2net(8) and of people: 8N1, rtscts.  A value is
 * checked for what a line can have at all; what a chip cannot make is known to
 * its driver only, which says so in the log when the line is opened.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "hyp/hyp_node.h"
#include "main/line.h"
#include "main/perm.h"

#define	SPEED_MIN	50
#define	SPEED_MAX	12000000	/* of an FTDI's high speed chips */

#define	TWICE		"is given twice"

/* A word and what it is; ends with NULL. */
struct word {
	const char	*w_word;
	uint8_t		 w_value;
};

static const struct word flows[] = {
	{ "none", HYP_USB_FLOW_NONE },
	{ "rtscts", HYP_USB_FLOW_RTSCTS },
	{ "xonxoff", HYP_USB_FLOW_XONXOFF },
	{ NULL, 0 }
};

static const struct word pins[] = {
	{ "on", HYP_USB_PIN_ON },
	{ "off", HYP_USB_PIN_OFF },
	{ "keep", HYP_USB_PIN_KEEP },
	{ NULL, 0 }
};

/* 0: none of them. */
static uint8_t
find_word(const struct word *w, const char *text)
{

	while (w->w_word != NULL && strcmp(w->w_word, text) != 0)
		w++;
	return w->w_value;
}

static const char *
set_speed(struct hyp_usb_line *hl, const char *text)
{
	const long val = perm_number(text, 10, SPEED_MAX);

	if (hl->hl_speed != 0)
		return TWICE;
	if (val < SPEED_MIN)
		return "wants a number of baud from 50 to 12000000";
	hl->hl_speed = (uint32_t)val;
	return NULL;
}

/* "8N1" */
static const char *
set_format(struct hyp_usb_line *hl, const char *text)
{
	const int parity = strlen(text) == 3 ?
	    toupper((unsigned char)text[1]) : 0;

	if (hl->hl_bits != 0)
		return TWICE;
	if (parity == 0 || strchr("5678", text[0]) == NULL ||
	    strchr("NEOMS", parity) == NULL || strchr("12", text[2]) == NULL)
		return "wants bits (5 to 8), parity (N, E, O, M or S) and "
		    "stop bits (1 or 2), such as 8N1";
	hl->hl_bits = (uint8_t)(text[0] - '0');
	hl->hl_parity = (uint8_t)parity;
	hl->hl_stop = (uint8_t)(text[2] - '0');
	return NULL;
}

static const char *
set_flow(struct hyp_usb_line *hl, const char *text)
{
	const uint8_t flow = find_word(flows, text);

	if (hl->hl_flow != 0)
		return TWICE;
	if (flow == 0)
		return "wants none, rtscts or xonxoff";
	hl->hl_flow = flow;
	return NULL;
}

static const char *
set_pin(uint8_t *pin, const char *text)
{
	const uint8_t val = find_word(pins, text);

	if (*pin != 0)
		return TWICE;
	if (val == 0)
		return "wants on, off or keep";
	*pin = val;
	return NULL;
}

static const char *
set_dtr(struct hyp_usb_line *hl, const char *text)
{

	return set_pin(&hl->hl_dtr, text);
}

static const char *
set_rts(struct hyp_usb_line *hl, const char *text)
{

	return set_pin(&hl->hl_rts, text);
}

static const char *
set_latency(struct hyp_usb_line *hl, const char *text)
{
	const long val = perm_number(text, 10, UINT8_MAX);

	if (hl->hl_latency != 0)
		return TWICE;
	if (val < 1)
		return "wants a number of milliseconds from 1 to 255";
	hl->hl_latency = (uint8_t)val;
	return NULL;
}

static const char *
set_switch(uint8_t *val, const char *text)
{

	if (*val != 0)
		return TWICE;
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return "wants on or off";
	*val = strcmp(text, "on") == 0 ? HYP_USB_PIN_ON : HYP_USB_PIN_OFF;
	return NULL;
}

static const char *
set_hupcl(struct hyp_usb_line *hl, const char *text)
{

	return set_switch(&hl->hl_hupcl, text);
}

static const char *
set_clocal(struct hyp_usb_line *hl, const char *text)
{

	return set_switch(&hl->hl_clocal, text);
}

static const struct word semantics[] = {
	{ "netbsd", HYP_SEMANTICS_NETBSD },
	{ "netbsd-legacy", HYP_SEMANTICS_NETBSD_LEGACY },
	{ "freebsd", HYP_SEMANTICS_FREEBSD },
	{ "freebsd-trackclose", HYP_SEMANTICS_FREEBSD_TRACKCLOSE },
	{ "linux", HYP_SEMANTICS_LINUX },
	{ NULL, 0 }
};

static const char *
set_semantics(struct hyp_usb_line *hl, const char *text)
{
	const uint8_t val = find_word(semantics, text);

	if (hl->hl_semantics != 0)
		return TWICE;
	if (val == 0)
		return "wants one of " HYP_SEMANTICS_LIST;
	hl->hl_semantics = val;
	return NULL;
}

const char *
line_semantics(const struct hyp_usb_line *hl)
{
	const struct word *w = semantics;

	while (w->w_word != NULL && w->w_value != hl->hl_semantics)
		w++;
	return w->w_word;
}

static const struct key {
	const char	*k_name;
	const char	*(*k_set)(struct hyp_usb_line *, const char *);
} keys[] = {
	{ "speed", set_speed },
	{ "format", set_format },
	{ "flow", set_flow },
	{ "dtr", set_dtr },
	{ "rts", set_rts },
	{ "latency", set_latency },
	{ "hupcl", set_hupcl },
	{ "clocal", set_clocal },
	{ "semantics", set_semantics },
};

/* NULL: there is no such key. */
static const struct key *
find_key(const char *name)
{

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].k_name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

int
line_has_key(const char *name)
{

	return find_key(name) != NULL;
}

const char *
line_set(struct hyp_usb_line *hl, const char *name, const char *value)
{
	const struct key *const k = find_key(name);

	return k != NULL ? k->k_set(hl, value) : "is no setting of a line";
}

int
line_same(const struct hyp_usb_line *a, const struct hyp_usb_line *b)
{

	return a->hl_speed == b->hl_speed && a->hl_bits == b->hl_bits &&
	    a->hl_parity == b->hl_parity && a->hl_stop == b->hl_stop &&
	    a->hl_flow == b->hl_flow && a->hl_dtr == b->hl_dtr &&
	    a->hl_rts == b->hl_rts && a->hl_latency == b->hl_latency &&
	    a->hl_hupcl == b->hl_hupcl && a->hl_clocal == b->hl_clocal &&
	    a->hl_semantics == b->hl_semantics;
}
