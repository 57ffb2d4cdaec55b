/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * real.c - the functions whose places are taken.
 *
 * Model
 *	They are looked for once, all of them, by whoever comes first: another
 *	library's constructor may open a file before ours has run.  Two threads
 *	that do so find the same, and neither waits for the other.
 */
#include <sys/auxv.h>

#include <dlfcn.h>
#include <stdatomic.h>

#include "lookup/lookup.h"

static struct lookup_real real;
static atomic_int ready;

/* The next library's function of this name. */
#define	FIND(field, name)	(*(void **)&real.field = dlsym(RTLD_NEXT, name))

const struct lookup_real *
lookup_real(void)
{

	if (atomic_load_explicit(&ready, memory_order_acquire))
		return &real;
	FIND(lr_open, "open");
	FIND(lr_open64, "open64");
	FIND(lr_stat, "stat");
	FIND(lr_stat64, "stat64");
	FIND(lr_lstat, "lstat");
	FIND(lr_lstat64, "lstat64");
	FIND(lr_readlink, "readlink");
	FIND(lr_enumerate_new, "udev_enumerate_new");
	FIND(lr_add_match_subsystem, "udev_enumerate_add_match_subsystem");
	FIND(lr_scan_devices, "udev_enumerate_scan_devices");
	FIND(lr_new_from_syspath, "udev_device_new_from_syspath");
	FIND(lr_new_from_devnum, "udev_device_new_from_devnum");
	FIND(lr_ref, "udev_device_ref");
	FIND(lr_unref, "udev_device_unref");
	FIND(lr_parent, "udev_device_get_parent_with_subsystem_devtype");
	FIND(lr_sysattr, "udev_device_get_sysattr_value");
	atomic_store_explicit(&ready, 1, memory_order_release);
	return &real;
}

int
lookup_off(void)
{

	return getauxval(AT_SECURE) != 0;
}
