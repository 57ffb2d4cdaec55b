/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - adapters and nodes as they come and go: what is known of them for
 * those who ask, and the events of it.
 */
#ifndef MAIN_WATCH_H
#define MAIN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "front/front.h"
#include "hyp/hyp_usb.h"
#include "main/nodes.h"

/* An adapter that a claim names; strings as the device has them. */
struct watch_adapter {
	char		wa_place[64];
	uint16_t	wa_vendor;
	uint16_t	wa_product;
	char		wa_serial[128];
	char		wa_productstr[128];
	char		wa_claim[256];
	char		wa_at[288];	/* where it stands: "FILE:LINE"; "" */
	bool		wa_refused;	/* claimed, but not taken */
	bool		wa_detached;	/* taken, but let go by hand */
};

/* What a node's hardware is, or was last. */
struct watch_node {
	bool		wn_attached;
	uint64_t	wn_since;	/* CLOCK_REALTIME, ns; 0: never */
	struct watch_adapter wn_adapter; /* wa_place "": unknown */
	uint64_t	wn_left;	/* when it was last pulled; 0: never */
	const char	*wn_why;	/* "unplugged", ... */
	struct watch_adapter wn_last;	/* what was pulled */
};

/*
 * watch_plugged(info, claim, at, refused)
 * watch_left(place, why)
 * watch_detached(place, yes)
 *
 *	An adapter that is claimed has come, or is claimed otherwise now; the
 *	place has none any more: "unplugged", or what else the reason is, a
 *	constant; it has been detached by hand, or is not any more.  Any thread.
 */
void	watch_plugged(const struct hyp_usb_info *, const char *, const char *,
	    bool);
void	watch_left(const char *, const char *);
void	watch_detached(const char *, bool);

/*
 * watch_nodes(is, was)
 *
 *	A nodes_func_t.
 *
 * watch_event(event, node, file)
 *
 *	front_config's event.
 */
void	watch_nodes(const struct node_state *, const struct node_state *);
void	watch_event(enum front_event, const struct front_nodeinfo *,
	    const struct front_fileinfo *);

/*
 * yes = watch_find(place, adapter)
 * yes = watch_node(minor, node)
 *
 *	What is known now.  Any thread.
 */
bool	watch_find(const char *, struct watch_adapter *);
bool	watch_node(uint32_t, struct watch_node *);

#endif /* MAIN_WATCH_H */
