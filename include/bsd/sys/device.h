/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/device.h - autoconf(9), driver(9).
 *
 * The tables are NetBSD's, written by hand where config(8) would generate
 * them (src/drivers/devswd.ioconf).
 */
#ifndef _SYS_DEVICE_H_
#define _SYS_DEVICE_H_

#include <sys/device_if.h>
#include <sys/localcount.h>
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <lib/libkern/libkern.h>
#include <prop/proplib.h>

typedef struct cfdriver	*cfdriver_t;
typedef struct cfattach	*cfattach_t;

enum devclass {
	DV_DULL,
	DV_CPU,
	DV_DISK,
	DV_IFNET,
	DV_TAPE,
	DV_TTY,
	DV_BUS,
	DV_VIRTUAL
};

/* DVACT_PARKING, DVACT_PARK: additions, see config_park. */
enum devact { DVACT_DEACTIVATE, DVACT_PARKING, DVACT_PARK };

#define	UNCONF		1	/* cfprint_t: nothing found */
#define	QUIET		0
#define	UNSUPP		2

/* flags of config_detach and ca_detach */
#define	DETACH_FORCE	0x01	/* the hardware is gone; no way back */
#define	DETACH_QUIET	0x02
#define	DETACH_SHUTDOWN	0x04

/* Where a device can attach: an attribute of the parent ("usbifif"), and
   if not NULL and not -1 a driver and unit of it. */
struct cfparent {
	const char	*cfp_iattr;
	const char	*cfp_parent;
	int		 cfp_unit;
};

#define	FSTATE_STAR	2	/* any number of instances */
struct cfdata {
	const char	*cf_name;	/* driver */
	const char	*cf_atname;	/* attachment */
	short		 cf_fstate;
	int		*cf_loc;
	int		 cf_flags;
	const struct cfparent *cf_pspec;
};

/* ca_flags */
#define	DVF_DETACH_SHUTDOWN	0x0080	/* all are detached then */
#define	DVF_ATTACH_MPSAFE	0x0100	/* not NetBSD's: see below */

/*
 * As in NetBSD, the functions run under the kernel lock, which is dropped while
 * they sleep; those of an attachment that is DVF_ATTACH_MPSAFE do not.
 */
struct cfattach {
	const char	*ca_name;
	size_t		 ca_devsize;
	int		(*ca_match)(device_t, cfdata_t, void *);
	void		(*ca_attach)(device_t, device_t, void *);
	int		(*ca_detach)(device_t, int);
	int		(*ca_activate)(device_t, enum devact);
	int		(*ca_rescan)(device_t, const char *, const int *);
	void		(*ca_childdetached)(device_t, device_t);
	int		 ca_flags;
	LIST_ENTRY(cfattach) ca_list;
};

struct cfdriver {
	LIST_ENTRY(cfdriver) cd_list;
	LIST_HEAD(, cfattach) cd_attach;
	device_t	*cd_devs;	/* by unit; alldevs_lock, but to read */
	const char	*cd_name;
	enum devclass	 cd_class;
	int		 cd_ndevs;
	const char *const *cd_attrs;	/* attributes of it as a parent */
	uint32_t	*cd_reserved;	/* bitmap of pinned units */
	int		 cd_nreserved;
	bool		 cd_full;	/* that there is no unit is logged */
};

#define	CFDRIVER_DECL(name, class, attrs)				\
	struct cfdriver __CONCAT(name, _cd) = {				\
		.cd_name = __STRING(name),				\
		.cd_class = class,					\
		.cd_attrs = attrs,					\
	}
#define	CFATTACH_DECL3_NEW(name, size, matchf, attachf, detachf, actf,	\
	    rescanf, childf, flags)					\
	struct cfattach __CONCAT(name, _ca) = {				\
		.ca_name = __STRING(name),				\
		.ca_devsize = size,					\
		.ca_match = matchf,					\
		.ca_attach = attachf,					\
		.ca_detach = detachf,					\
		.ca_activate = actf,					\
		.ca_rescan = rescanf,					\
		.ca_childdetached = childf,				\
		.ca_flags = flags,					\
	}
#define	CFATTACH_DECL2_NEW(name, size, matchf, attachf, detachf, actf,	\
	    rescanf, childf)						\
	CFATTACH_DECL3_NEW(name, size, matchf, attachf, detachf, actf,	\
	    rescanf, childf, 0)
#define	CFATTACH_DECL_NEW(name, size, matchf, attachf, detachf, actf)	\
	CFATTACH_DECL2_NEW(name, size, matchf, attachf, detachf, actf,	\
	    NULL, NULL)

typedef int (*cfprint_t)(void *, const char *);
typedef int (*cfsubmatch_t)(device_t, cfdata_t, const int *, void *);

/* Units that the configuration wants for drivers' devices; what comes first
   counts before. */
struct cfpin {
	char		 cp_driver[DEVICE_XNAME_SIZE]; /* "ucom"; "": whichever
							  has kept it */
	int		 cp_unit;
	int		 cp_iface;	/* below this one only; -1: any */
	int		 cp_part;	/* device_part; -1: any */
};
struct cfpins {
	const struct cfpin *cps_pin;
	u_int		 cps_n;
};

/* Where on the host a device is, for those who look for it there. */
#define	DEVICE_PLACE_SIZE	64
struct cfplace {
	const char	*cl_place;	/* "1-1.4" */
	int		 cl_iface;	/* number of the interface; -1: all */
};

struct cfargs {
	const char	*iattr;
	cfsubmatch_t	 submatch;
	const int	*locators;
	const struct cfpins *pins; /* wanted below it, or NULL */
	const struct cfplace *place; /* its own, and theirs below it; or NULL */
	const u_int *semantics;	/* atomic: the same, see device_semantics */
};
#define	CFARGS(...)	(&(const struct cfargs){ __VA_ARGS__ })
#define	CFARGS_NONE	((const struct cfargs *)NULL)

/* Component tables, as config(8) writes them; NULL-terminated. */
struct cfattachinit {
	const char		*cfai_name;	/* driver */
	struct cfattach *const	*cfai_list;
};

int	config_init_component(struct cfdriver *const *,
	    const struct cfattachinit *, struct cfdata *);
int	config_fini_component(struct cfdriver *const *,
	    const struct cfattachinit *, struct cfdata *);

void	config_init(void);
device_t config_rootfound(const char *, void *);
cfdata_t config_search(device_t, void *, const struct cfargs *);
cfdata_t config_search_acquire(device_t, void *, const struct cfargs *);
void	config_search_release(void);
device_t config_attach_acquired(device_t, cfdata_t, void *, cfprint_t,
	    const struct cfargs *);
device_t config_attach(device_t, cfdata_t, void *, cfprint_t,
	    const struct cfargs *);
device_t config_found(device_t, void *, cfprint_t, const struct cfargs *);
int	config_match(device_t, cfdata_t, void *);
int	config_stdsubmatch(device_t, cfdata_t, const int *, void *);
int	config_detach(device_t, int);
int	config_detach_release(device_t, int);
int	config_detach_children(device_t, int);
void	config_detach_commit(device_t);

/* Unit numbers that the configuration gives to certain devices. */
#define	CONFIG_UNITS	8192
int	config_unit_reserve(const char *, int);
void	config_unit_release(const char *, int);
void	config_unit_pin(device_t, const struct cfpins *);

/* Called after each attach, no lock held: nodes are made here, and told of. */
void	config_set_attach_hooks(void (*)(device_t),
	    void (*)(const char *, int));

device_t device_lookup(cfdriver_t, int);
void	*device_lookup_private(cfdriver_t, int);
device_t device_lookup_acquire(cfdriver_t, int);
int	device_lookup_sig(cfdriver_t, int, device_t *); /* not NetBSD's */
device_t device_lookup_hold(cfdriver_t, int);
bool	device_attached(cfdriver_t, int);
void	device_acquire(device_t);
void	device_release(device_t);

/*
 * config_park()
 *
 *	An addition: another process is going to have the devices.  Each driver
 *	instance with a ca_activate is told DVACT_PARKING, and when all have
 *	been, DVACT_PARK.  At the first one that is open and can go on there
 *	begins nothing new, and does not wait; at the second it stops, which may
 *	take a while, and says what it has to know (usbd_park_put).  0, or an
 *	errno.  No client calls meanwhile, but for a revoke, and a detach waits.
 *	Sleeps; with no lock, one thread, nothing but the end of the process
 *	after it.
 */
void	config_park(void);

const char *device_xname(device_t);
int	device_unit(device_t);
void	*device_private(device_t);
device_t device_parent(device_t);
cfdata_t device_cfdata(device_t);
cfdriver_t device_cfdriver(device_t);
bool	device_is_active(device_t);
bool	device_is_childless(device_t);		/* not NetBSD's */
device_t device_place(device_t, const char **, int *); /* not NetBSD's */
int	device_part(device_t);				/* not NetBSD's */
u_int	device_semantics(device_t);			/* not NetBSD's */
void	device_set_token(device_t);		/* not NetBSD's */
bool	device_is_token(device_t);		/* not NetBSD's */
bool	device_is_a(device_t, const char *);
prop_dictionary_t device_properties(device_t);
void	device_printf(device_t, const char *, ...) __printflike(2, 3);

void	aprint_normal(const char *, ...) __printflike(1, 2);
void	aprint_naive(const char *, ...) __printflike(1, 2);
void	aprint_verbose(const char *, ...) __printflike(1, 2);
void	aprint_error(const char *, ...) __printflike(1, 2);
void	aprint_debug(const char *, ...) __printflike(1, 2);
void	aprint_normal_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_verbose_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_error_dev(device_t, const char *, ...) __printflike(2, 3);
void	aprint_debug_dev(device_t, const char *, ...) __printflike(2, 3);

/* There is no power management to register with: a host that sleeps takes
   the daemon along. */
static inline bool
pmf_device_register(device_t dev __unused,
    bool (*suspend)(device_t, const void *) __unused,
    bool (*resume)(device_t, const void *) __unused)
{

	return true;
}

static inline void
pmf_device_deregister(device_t dev __unused)
{
}

#endif /* _SYS_DEVICE_H_ */
