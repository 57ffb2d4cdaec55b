/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * claim.h - which devices the daemon takes: the arguments of --claim.
 */
#ifndef MAIN_CLAIM_H
#define MAIN_CLAIM_H

#include <sys/queue.h>

#include <stdint.h>

#include "host/udev.h"
#include "hyp/hyp_usb.h"
#include "main/line.h"
#include "main/perm.h"

#define	CLAIM_UNIT_MAX	4095
#define	CLAIM_NAME	32

/* VID:PID[,serial=S][,port=P][,unit=N][,driver=D][,force][,LINE=V]... */
struct claim {
	TAILQ_ENTRY(claim) c_entry;
	char		 c_text[256];	/* as it was given */
	char		 c_name[CLAIM_NAME]; /* of its section; "" for --claim */
	char		 c_at[288];	/* where that begins: "FILE:LINE" */
	struct perm	 c_perm;	/* of its nodes */
	struct hyp_usb_line c_line;	/* of its lines, and semantics */
	uint16_t	 c_vendor;
	uint16_t	 c_product;
	char		 c_serial[128];	/* "" if any */
	char		 c_port[64];	/* "" if any */
	int		 c_unit;	/* or -1 */
	char		 c_driver[16];	/* whose unit it is */
	int		 c_force;	/* boot keyboards and mice too */
	int		 c_now;		/* devswctl(8) has made it: now.h */
	char		 c_holder[64];	/* place of the device that has
					   c_unit, "" if none */
	int		 c_warned;
	int		 c_seen;	/* has fitted a device */
};
TAILQ_HEAD(claim_head, claim);

/*
 * why = claim_parse(text, claim)
 *
 *	Fill in claim.  NULL, or what is wrong with text, as the end of a
 *	sentence, which is valid until the next call.
 */
const char *claim_parse(const char *, struct claim *);

/*
 * why = claim_add(head, text)
 *
 *	Parse and append; also refuses a claim or a unit that is there
 *	already.
 */
const char *claim_add(struct claim_head *, const char *);

/*
 * claim = claim_find(head, info)
 *
 *	The claim that counts for a device, or NULL: the most exact one, serial
 *	before port before neither, and the first one given among equals.
 */
struct claim *claim_find(struct claim_head *, const struct hyp_usb_info *);

/*
 * score = claim_score(claim, info)
 *
 *	How exactly the claim fits the device; 0: not at all.
 *
 * claim_adopt(claim, old)
 *
 *	claim, of the same text, takes over what old knows of its devices.
 */
int	claim_score(const struct claim *, const struct hyp_usb_info *);
void	claim_adopt(struct claim *, const struct claim *);

/*
 * verdict = claim_match(head, dev, again, &unit, &driver)
 *
 *	A host_udev_match_t.  Refuses a boot keyboard or mouse whose claim has
 *	no force, with a warning.  Of several devices that one claim with a
 *	unit fits, the first to arrive gets the unit; the others get -1, with
 *	one warning.
 *
 * claim_left(head, path)
 *
 *	A host_udev_left_t: a unit is free again.
 */
enum host_udev_verdict claim_match(void *, const struct usbsys_dev *,
	    int, int *, const char **);
void	claim_left(void *, const char *);

#define	CLAIM_TEXT	sizeof(((struct claim *)0)->c_text)

/*
 * claim_propose(info, with_port, text)
 *
 *	A claim that this device fits, CLAIM_TEXT bytes: with its serial
 *	number, if it has one that a claim can express, and with its place if
 *	that is wanted or nothing else tells it apart from its like.  claim_add
 *	takes it.
 */
void	claim_propose(const struct hyp_usb_info *, int, char *);

/*
 * claim_shell(text, buf, size)
 *
 *	text as one word for a shell, in single quotes.  buf has room for
 *	four times as much, and three bytes.
 */
#define	CLAIM_SHELL(n)	(4 * (n) + 3)
void	claim_shell(const char *, char *, size_t);

/*
 * claim_free(head)
 */
void	claim_free(struct claim_head *);

#endif /* MAIN_CLAIM_H */
