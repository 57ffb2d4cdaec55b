/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usbsysvar.h - what usbsys.c and usbstr.c share.
 */
#ifndef HOST_USBSYSVAR_H
#define HOST_USBSYSVAR_H

#include <sys/types.h>

#include "host/usbsys.h"

struct usbstr {
	char	 us_serial[USBSYS_STRING];
	char	 us_vendor[USBSYS_STRING];
	char	 us_product[USBSYS_STRING];
};

/*
 * error = usbstr_get(path, dir, &us)
 *
 *	The strings of the device at a place, whose open folder dir is.
 *	EAGAIN: not now; see usbsys_read.  ENOENT.  Any thread.
 */
int	usbstr_get(const char *, int, struct usbstr *);

/* Nothing is there any more; NULL: anywhere. */
void	usbstr_forget(const char *);

/*
 * n = usbstr_read(dir, name, buf, size)
 * usbstr_text(dir, name, buf, size)
 *
 *	A whole small file of a folder: its length, or -1 with errno; its first
 *	line, fit for a terminal, or "".
 */
ssize_t	usbstr_read(int, const char *, void *, size_t);
void	usbstr_text(int, const char *, char *, size_t);

#endif /* HOST_USBSYSVAR_H */
