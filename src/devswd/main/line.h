/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h - what a claim says of its nodes: serial lines, and semantics.
 */
#ifndef MAIN_LINE_H
#define MAIN_LINE_H

#include "hyp/hyp_usb.h"

/*
 * yes = line_has_key(key)
 *
 * why = line_set(line, key, value)
 *
 *	key: "speed", "format", "flow", "dtr", "rts", "latency",
 *	"hupcl", "clocal" or "semantics";
 *	into line, where it has not been set yet.  NULL, or what is wrong, as
 *	the end of a sentence; line is as it was then.
 *
 * same = line_same(a, b)
 *
 * name = line_semantics(line)
 *
 *	NULL: it says nothing of them.
 */
int	line_has_key(const char *);
const char *line_set(struct hyp_usb_line *, const char *, const char *);
int	line_same(const struct hyp_usb_line *, const struct hyp_usb_line *);
const char *line_semantics(const struct hyp_usb_line *);

#endif /* MAIN_LINE_H */
