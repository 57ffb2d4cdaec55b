/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udevdb.h - what udevd's rules are told of nodes.
 *
 * All functions are for one thread, main's.
 */
#ifndef HOST_UDEVDB_H
#define HOST_UDEVDB_H

/* Events that we have caused have this SYNTH_UUID. */
#define	UDEVDB_UUID	"2e3f0f2f-edbf-4fb5-8615-419690e3c4d0"

/* The hardware of a node. */
struct host_hardware {
	const char	*hh_place;	/* "1-1.4" */
	int		 hh_iface;	/* its number; -1: the whole device */
	const char	*hh_driver;	/* "uftdi0" */
	const char	*hh_name;	/* of the link in /dev/devsw; "": none */
	int		 hh_token;	/* a security key */
};

/*
 * error = host_udevdb_open()
 *
 *	Make the folders, and take away what another daemon, which is gone,
 *	has left.  An errno; the functions below fail with EBADF then.
 */
int	host_udevdb_open(void);

/*
 * known = host_udevdb_known(place)
 *
 *	Has udevd been through its rules for the device at the place?  Its
 *	properties are there then.  Does not wait for the device.
 */
int	host_udevdb_known(const char *);

/*
 * error = host_udevdb_set(node, hardware)
 *
 *	Say what is behind a node ("ttyU0"), or with NULL that nothing is.
 *	If that cannot be written, nothing is said of the node at all, and
 *	never what was true before.  EINVAL: node is no name of a file.
 */
int	host_udevdb_set(const char *, const struct host_hardware *);

/*
 * host_udevdb_unset(node)
 *
 *	The node is not ours any more.
 */
void	host_udevdb_unset(const char *);

/*
 * error = host_udevdb_tell(node)
 *
 *	Have udevd go through its rules for the node.  Does not wait for that.
 *	EACCES: not root, and udevd has not been through them before (its
 *	rules allow it then).  ENOENT: there is no such node.
 */
int	host_udevdb_tell(const char *);

/*
 * host_udevdb_close()
 *
 *	Take everything away that was made.
 */
void	host_udevdb_close(void);

/*
 * host_udevdb_root(run, class, data)
 *
 *	Use other folders than /run/devsw, /sys/class/cuse and /run/udev/data,
 *	for tests.  They are not copied.
 */
void	host_udevdb_root(const char *, const char *, const char *);

#endif /* HOST_UDEVDB_H */
