/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hid_parse_impl.h - what hid_parse.c, which walks over the items, asks of
 * hid_local.c, which keeps the local ones and knows how a walk fails.
 */
#ifndef _HID_HID_PARSE_IMPL_H_
#define	_HID_HID_PARSE_IMPL_H_

#include "hid/hid_parse.h"

/* One short item. */
struct hidp_short {
	uint8_t		s_type;
	uint8_t		s_tag;
	struct hidp_raw	s_raw;
};

bool	hidp_fail(struct hidp *, enum hidp_code);
bool	hidp_local(struct hidp *, const struct hidp_short *);
bool	hidp_locals_end(struct hidp *);
void	hidp_locals_fill(const struct hidp *, struct hidp_item *);
void	hidp_locals_take(struct hidp *, struct hidp_item *);
void	hidp_locals_clear(struct hidp *);

#endif /* _HID_HID_PARSE_IMPL_H_ */
