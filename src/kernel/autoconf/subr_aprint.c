/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_aprint.c - aprint(9) with a device's name in front.
 *
 * aprint_*_dev(dev, fmt, ...)
 * device_printf(dev, fmt, ...)
 *
 *	"name: " and the text; see log(9) for when a line is sent.
 */
#include <sys/device.h>
#include <sys/syslog.h>
#include <sys/systm.h>

#define	APRINT_DEV(func, level)						\
void									\
func(device_t dev, const char *fmt, ...)				\
{									\
	va_list ap;							\
									\
	log(level, "%s: ", device_xname(dev));			\
	va_start(ap, fmt);						\
	vlog(level, fmt, ap);					\
	va_end(ap);							\
}

APRINT_DEV(aprint_normal_dev, LOG_INFO)
APRINT_DEV(aprint_verbose_dev, LOG_DEBUG)
APRINT_DEV(aprint_error_dev, LOG_ERR)
APRINT_DEV(aprint_debug_dev, LOG_DEBUG)
APRINT_DEV(device_printf, LOG_INFO)
