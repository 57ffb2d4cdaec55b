/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plug.h - see plug.c.
 */
#ifndef MAIN_PLUG_H
#define MAIN_PLUG_H

#include "host/udev.h"

/* For host_udev_open, with the claims as its argument. */
extern const struct host_udev_ops plug_ops;

#endif /* MAIN_PLUG_H */
