/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_claims.c - the table of the interfaces that are claimed.
 */
#undef NDEBUG
#include <errno.h>

#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"
#include "h_test.h"
#include "host/host.h"
#include "host/usbvar.h"

#define	FIRST	100		/* no descriptor of ours; nobody crashes here */
#define	MOST	100000

/* Until there is no room; how many went. */
static unsigned
fill(void)
{
	unsigned n = 0;

	while (n < MOST && usb_claims_add(FIRST + (int)n / 2,
	    (uint8_t)(n % 2)) == 0)
		n++;
	return n;
}

static void
empty(unsigned n)
{

	while (n-- > 0)
		usb_claims_remove(FIRST + (int)n / 2, (uint8_t)(n % 2));
}

static void
test_room(void)
{
	unsigned i;

	for (i = 0; i < 400; i++)
		T_EQ(usb_claims_add(FIRST + (int)i / 2, (uint8_t)(i % 2)), 0);
	empty(400);
}

static void
test_full(void)
{
	const unsigned n = fill();

	T_CHECK(n < MOST);
	T_EQ(usb_claims_add(FIRST, 7), ENOMEM);
	usb_claims_busy(FIRST + 1, 1);	/* removed as busy, too */
	usb_claims_remove(FIRST + 1, 1);
	T_EQ(usb_claims_add(FIRST, 7), 0);
	T_EQ(usb_claims_add(FIRST, 8), ENOMEM);
	usb_claims_remove(FIRST, 7);
	empty(n);
	T_EQ(fill(), n);
	empty(n);
}

const struct t_case t_cases[] = {
	{ "200 adapters with two interfaces each have room", test_room },
	{ "what has no room is refused, and fits when another has left",
	  test_full },
	{ NULL, NULL }
};
