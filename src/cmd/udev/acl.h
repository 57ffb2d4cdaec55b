/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acl.h - what udev's "uaccess" has given is taken away again.
 *
 * No state; any thread.
 */
#ifndef UDEV_ACL_H
#define UDEV_ACL_H

#include <sys/types.h>

/*
 * error = acl_clear(path, dev)
 *
 *	Owner, group and others have the rights that they had, and nobody else
 *	has any.  An errno; ENODEV: the path is not this device's node.
 */
int	acl_clear(const char *, dev_t);

#endif /* UDEV_ACL_H */
