/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp_module.c - shared objects of K code; contracts in hyp/hyp.h.
 *
 * A module finds the kernel side in the program itself, which exports its
 * symbols (export_dynamic in meson.build), and shows nothing to others.  No
 * state, no locks but dlopen's own.
 *
 * What is loaded has all of the daemon's rights.  So it has to be root's, and
 * so has every directory on the way to it, and nobody else may be able to
 * write to any of them; in a directory with the sticky bit others may make
 * files, but not take root's away.  Then what has been looked at is what is
 * loaded, as only root could put something else there in between.
 */
#include <sys/stat.h>

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "hyp/hyp.h"

/*
 * what = distrust(path, directory)
 *
 *	What is wrong with it, as the end of a sentence; NULL: nothing.
 */
static const char *
distrust(const char *path, int directory)
{
	struct stat st;

	if (lstat(path, &st) == -1)
		return strerror(errno);
	if (directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return directory ? "is no directory" : "is no file";
	if (st.st_uid != 0)
		return "does not belong to root";
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0 &&
	    (!directory || (st.st_mode & S_ISVTX) == 0))
		return "can be written to by others than root";
	return NULL;
}

/*
 * error = trusted(path, why, len)
 *
 *	Has nobody but root a say in what path, without any link, names?
 *	EPERM, with a reason.
 */
static int
trusted(const char *path, char *why, size_t len)
{
	char part[PATH_MAX];
	const char *slash, *what = NULL;

	for (slash = path; what == NULL && slash != NULL;
	    slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
		what = distrust(part, 1);
	}
	if (what == NULL) {
		snprintf(part, sizeof(part), "%s", path);
		what = distrust(path, 0);
	}
	if (what == NULL)
		return 0;
	snprintf(why, len, "not loaded: %s %s", part, what);
	return EPERM;
}

/* Let a crash know it; see host_crash_module. */
static void
tell_crash(void *handle, int there)
{
	struct link_map *map;

	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0)
		host_crash_module(map->l_name, there);
}

int
hyp_module_open(const char *path, void **handle, char *why, size_t len)
{
	char *real;
	int error;

	real = realpath(path, NULL);
	if (real == NULL) {
		snprintf(why, len, "%s: %s", path, strerror(errno));
		return ENOEXEC;
	}
	error = trusted(real, why, len);
	if (error == 0) {
		/* What is not there is found now, not in the middle of a
		   call. */
		*handle = dlopen(real, RTLD_NOW | RTLD_LOCAL);
		if (*handle == NULL) {
			snprintf(why, len, "%s", dlerror());
			error = ENOEXEC;
		} else
			tell_crash(*handle, 1);
	}
	free(real);
	return error;
}

const void *
hyp_module_symbol(void *handle, const char *name)
{

	return dlsym(handle, name);
}

void
hyp_module_close(void *handle)
{

	tell_crash(handle, 0);
	if (dlclose(handle) != 0)
		hyp_panic(dlerror());
}
