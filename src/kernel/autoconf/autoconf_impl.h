/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * autoconf_impl.h - struct device; shared by the files of src/kernel/autoconf.
 */
#ifndef AUTOCONF_AUTOCONF_IMPL_H
#define AUTOCONF_AUTOCONF_IMPL_H

#include <sys/device.h>
#include <sys/pserialize.h>

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
	char		 dv_place[DEVICE_PLACE_SIZE];	/* const; "": none */
	int		 dv_iface;			/* const: there */
	bool		 dv_token;	/* const after ca_attach */
	int		 dv_part;			/* const: first locator */
	const u_int	*dv_semantics;	/* const; or NULL: nobody has a wish */
	struct cfpin	*dv_pins;	/* (a) wanted units: its, and below */
	u_int		 dv_npins;	/* (a) 0: look further up */
	struct lwp	*dv_attaching;	/* (a)+atomic: who runs ca_attach */
	struct lwp	*dv_detaching;	/* (a)+atomic: who runs config_detach */
	bool		 dv_detached;	/* (a) config_detach_commit */
	bool		 dv_active;	/* (a) */
	bool		 dv_gone;	/* (a) out of the tree; see dv_waiters */
	struct prop_dictionary dv_properties;		/* its own lock */
	u_int		 dv_waiters;	/* (a) who wait for that; the last frees */
	struct localcount dv_localcount;
	LIST_HEAD(, device) dv_children; /* (a) */
	LIST_ENTRY(device) dv_sibling;	/* (a) */
};

LIST_HEAD(cfdriverlist, cfdriver);

/* ---- subr_device.c: what there is ----------------------------------- */

extern kmutex_t alldevs_lock;
extern kcondvar_t config_cv;
extern pserialize_t config_psz;			/* lookups without (a) */
extern struct cfdriverlist allcfdrivers;	/* (a) */

cfdriver_t config_cfdriver_lookup(const char *);

/* ---- subr_cftable.c: which driver ----------------------------------- */

void	config_tables_init(void);
cfattach_t config_cfattach_lookup(const char *, const char *);
cfdata_t config_rootsearch_acquire(const char *);
bool	config_lock(const struct cfattach *);
void	config_unlock(bool, const char *);

/* ---- subr_cfcall.c: what does not come back -------------------------- */

u_int	config_call_begin(const char *, const char *, bool);
void	config_call_end(u_int);

/* ---- subr_cfunit.c: which unit -------------------------------------- */

int	config_unit_alloc(device_t);
void	config_unit_unpin(device_t);
void	config_units_free(cfdriver_t);

#endif /* AUTOCONF_AUTOCONF_IMPL_H */
