/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * props.h - from what devswd says of a node to what udevd says of it.
 *
 * No state; any thread.
 */
#ifndef UDEV_PROPS_H
#define UDEV_PROPS_H

#include <stddef.h>
#include <stdio.h>

/* What devswd has written of a node that has hardware. */
struct props_node {
	char		 pn_place[64];	/* "1-1.4" */
	int		 pn_iface;	/* -1: the whole device */
	char		 pn_driver[16];	/* "uftdi0" */
	char		 pn_name[32];	/* of the claim, or "" */
	int		 pn_token;	/* a security key */
};

/* The interface of the device that the node's driver has. */
struct props_iface {
	const char	*pi_name;	/* "1-1.4:1.0" */
	const char	*pi_number;	/* as sysfs has them: "00", */
	const char	*pi_class;	/* "ff" */
};

/* The value of one of the device's own properties, or NULL. */
typedef const char *props_get_t(void *, const char *);

/*
 * ok = props_node_name(name)
 *
 *	Is it one that a node can have, and so no way to another folder?
 */
int	props_node_name(const char *);

/*
 * ok = props_parse(text, node)
 *
 *	Understand what devswd has written.  0: there is no hardware, or it is
 *	not what it should be to the last character.
 */
int	props_parse(const char *, struct props_node *);

/*
 * props_print(stream, node, iface, get, arg)
 *
 *	The properties of the node, in lines as udev's IMPORT wants them.
 */
void	props_print(FILE *, const struct props_node *,
	    const struct props_iface *, props_get_t *, void *);

#endif /* UDEV_PROPS_H */
