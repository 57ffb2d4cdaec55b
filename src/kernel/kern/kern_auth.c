/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_auth.c - kauth(9): the superuser may, others may not.
 */
#include <sys/errno.h>
#include <sys/kauth.h>

uid_t
kauth_cred_geteuid(kauth_cred_t cr)
{

	return cr->cr_uid;
}

gid_t
kauth_cred_getegid(kauth_cred_t cr)
{

	return cr->cr_gid;
}

/*
 * error = kauth_authorize_device_tty(cred, action, tty)
 *
 *	May cred open an exclusive tty, change what only root may change, or
 *	put bytes into its input?  0 or EPERM.
 */
int
kauth_authorize_device_tty(kauth_cred_t cr,
    kauth_device_action_t action __unused, struct tty *tp __unused)
{

	return cr->cr_uid == 0 ? 0 : EPERM;
}
