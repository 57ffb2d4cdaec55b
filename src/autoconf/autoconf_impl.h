/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf_impl.h - struct device; shared by the files of src/autoconf.
 */
#ifndef AUTOCONF_AUTOCONF_IMPL_H
#define AUTOCONF_AUTOCONF_IMPL_H

#include <sys/device.h>

/* (a) alldevs_lock */
struct device {
	char		 dv_xname[DEVICE_XNAME_SIZE];	/* const */
	int		 dv_unit;			/* const */
	cfdriver_t	 dv_cfdriver;			/* const */
	cfattach_t	 dv_cfattach;			/* const */
	cfdata_t	 dv_cfdata;			/* const */
	device_t	 dv_parent;			/* const */
	void		*dv_private;			/* const */
	size_t		 dv_devsize;			/* const: of that */
	int		 dv_pin;	/* (a) wanted unit of children, or -1 */
	cfdriver_t	 dv_pincd;	/* (a) of this driver's; NULL: any */
	u_int		 dv_pending;	/* (a) config_pending_incr */
	struct lwp	*dv_attaching;	/* (a) who runs ca_attach */
	struct lwp	*dv_detaching;	/* (a) who runs config_detach */
	bool		 dv_detached;	/* (a) config_detach_commit */
	bool		 dv_active;	/* (a) */
	struct localcount dv_localcount;
	LIST_HEAD(, device) dv_children; /* (a) */
	LIST_ENTRY(device) dv_sibling;	/* (a) */
};

extern kmutex_t alldevs_lock;
extern kcondvar_t config_cv;

#endif /* AUTOCONF_AUTOCONF_IMPL_H */
