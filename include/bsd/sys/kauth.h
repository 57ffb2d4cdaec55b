/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/kauth.h - kauth(9), as far as device drivers ask.
 */
#ifndef _SYS_KAUTH_H_
#define _SYS_KAUTH_H_

#include <sys/types.h>

#define	KAUTH_NGROUPS	64

/* Credentials are copied, never shared: no reference count. */
struct kauth_cred {
	uid_t	cr_uid;
	gid_t	cr_gid;
	pid_t	cr_pid;
	u_int	cr_ngroups;
	gid_t	cr_groups[KAUTH_NGROUPS];
};
typedef struct kauth_cred *kauth_cred_t;

typedef enum kauth_device_action_t {
	KAUTH_DEVICE_TTY_OPEN,
	KAUTH_DEVICE_TTY_PRIVSET,
	KAUTH_DEVICE_TTY_STI
} kauth_device_action_t;

struct tty;

uid_t	kauth_cred_geteuid(kauth_cred_t);
gid_t	kauth_cred_getegid(kauth_cred_t);
int	kauth_authorize_device_tty(kauth_cred_t, kauth_device_action_t,
	    struct tty *);

#endif /* _SYS_KAUTH_H_ */
