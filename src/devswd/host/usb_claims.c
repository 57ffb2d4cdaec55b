/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * usb_claims.c - the interfaces that this process has claimed, kept so that
 * a crash can give them back.
 *
 * Model
 *	claims[] is a fixed table of atomic words, so that a signal handler
 *	can read it at any moment: 0, or a claim (descriptor and interface)
 *	with a flag "busy".  An entry is made before the kernel is asked for
 *	the interface and removed after it was given back; releasing what is
 *	not claimed does no harm.  Beyond claims_end there never was one, and
 *	nobody looks there.
 *
 *	A busy entry is one whose device has a request under way that may be
 *	stuck in the kernel with the device's lock.  The handler's own request
 *	would wait behind it, perhaps until the plug is pulled, and the crash
 *	with it.  So a child does those, which has nothing else of the daemon
 *	open and which nobody waits for:
 *
 *	handler				another thread, kernel
 *					busy; has the device's lock
 *	gives the others back
 *	makes the child
 *	dies				its request ends with the process, or
 *					does not
 *	child: waits for the lock,
 *	gives it back
 *
 * Known gaps
 *	After SIGKILL nothing here runs: the kernel releases the interface
 *	and no driver is bound.  The next devswd that claims the device and
 *	ends orderly gives it back, or "devswd --release" does it at once.
 */
#include <sys/ioctl.h>

#include <dirent.h>
#include <errno.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usbvar.h"

#define	NCLAIMS		1024	/* 200 adapters with 4 interfaces, say */
#define	CLAIM_VALID	UINT64_C(1)
#define	CLAIM_BUSY	UINT64_C(2)
#define	CLAIM_FD(c)	((int)((c) >> 32))
#define	CLAIM_IFNO(c)	((unsigned)((c) >> 8) & 0xff)

static _Atomic uint64_t claims[NCLAIMS];
static _Atomic size_t claims_end;

static uint64_t
claim_make(int fd, uint8_t ifno)
{

	return (uint64_t)(unsigned)fd << 32 | (uint64_t)ifno << 8 |
	    CLAIM_VALID;
}

/*
 * n = claims_give_back(c, busy)
 *
 *	Give back those of the table's copy whose flag "busy" is that one; how
 *	many others there are.  RELEASEINTERFACE for all first: a driver may
 *	want two interfaces.
 */
static unsigned
claims_give_back(const uint64_t *c, uint64_t busy)
{
	struct usbdevfs_ioctl connect = { .ioctl_code = USBDEVFS_CONNECT };
	unsigned ifno, others = 0;
	size_t i;

	for (i = 0; i < NCLAIMS; i++) {
		ifno = CLAIM_IFNO(c[i]);
		if (c[i] != 0 && (c[i] & CLAIM_BUSY) == busy)
			(void)ioctl(CLAIM_FD(c[i]), USBDEVFS_RELEASEINTERFACE,
			    &ifno);
		else if (c[i] != 0)
			others++;
	}
	for (i = 0; i < NCLAIMS; i++) {
		connect.ifno = (int)CLAIM_IFNO(c[i]);
		if (c[i] != 0 && (c[i] & CLAIM_BUSY) == busy)
			(void)ioctl(CLAIM_FD(c[i]), USBDEVFS_IOCTL, &connect);
	}
	return others;
}

/*
 * Close all descriptors but those of the busy claims: with the others the
 * daemon's nodes and locks would live on.  False: this kernel cannot.
 */
static int
claims_close_others(const uint64_t *c)
{
	unsigned first = 0, next, fd;
	size_t i;

	do {
		next = ~0u;
		for (i = 0; i < NCLAIMS; i++) {
			fd = (unsigned)CLAIM_FD(c[i]);
			if ((c[i] & CLAIM_BUSY) != 0 && fd >= first &&
			    fd < next)
				next = fd;
		}
		if (next > first && close_range(first, next - 1, 0) == -1)
			return 0;
		first = next + 1;
	} while (next != ~0u);
	return 1;
}

static void
claims_emergency(void)
{
	static uint64_t copy[NCLAIMS];	/* this runs once */
	size_t i;

	for (i = 0; i < atomic_load(&claims_end); i++)
		copy[i] = atomic_load(&claims[i]);
	if (claims_give_back(copy, 0) > 0 && _Fork() == 0) {
		if (claims_close_others(copy))
			(void)claims_give_back(copy, CLAIM_BUSY);
		_exit(0);
	}
}

int
usb_claims_add(int fd, uint8_t ifno)
{
	static struct host_quiet quiet;
	size_t end, i;
	uint64_t old;

	host_emergency_add(claims_emergency);
	for (i = 0; i < NCLAIMS; i++) {
		old = 0;
		if (!atomic_compare_exchange_strong(&claims[i], &old,
		    claim_make(fd, ifno)))
			continue;
		end = atomic_load(&claims_end);
		while (end <= i && !atomic_compare_exchange_weak(&claims_end,
		    &end, i + 1))
			continue;
		return 0;
	}
	if (host_log_quiet(&quiet) != 0)
		host_logf(HYP_LOG_ERR, "usb: %u interfaces are claimed, and "
		    "there is no room for more", NCLAIMS);
	return ENOMEM;
}

void
usb_claims_remove(int fd, uint8_t ifno)
{
	uint64_t c, want = claim_make(fd, ifno);
	size_t i;

	for (i = 0; i < atomic_load(&claims_end); i++) {
		c = atomic_load(&claims[i]);
		while ((c & ~CLAIM_BUSY) == want) {
			if (atomic_compare_exchange_weak(&claims[i], &c, 0))
				return;
		}
	}
}

/* Compare and swap: the entry may be removed in between. */
void
usb_claims_busy(int fd, int busy)
{
	uint64_t c;
	size_t i;

	for (i = 0; i < atomic_load(&claims_end); i++) {
		c = atomic_load(&claims[i]);
		while (c != 0 && CLAIM_FD(c) == fd &&
		    !atomic_compare_exchange_weak(&claims[i], &c,
		    busy ? c | CLAIM_BUSY : c & ~CLAIM_BUSY))
			continue;
	}
}

/* Does the process have the node open? */
static int
who_has_open(const char *pid, const char *node)
{
	char dir[64], path[400], target[64];
	struct dirent *de;
	ssize_t n;
	int found = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), "/proc/%.20s/fd", pid);
	d = opendir(dir);
	if (d == NULL)
		return 0;
	while (!found && (de = readdir(d)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, de->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = '\0';
			found = strcmp(target, node) == 0;
		}
	}
	closedir(d);
	return found;
}

static void
who_name(const char *pid, char *buf, size_t size)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f == NULL || fgets(buf, (int)size, f) == NULL)
		snprintf(buf, size, "?");
	buf[strcspn(buf, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
}

/*
 * usb_claims_who(hd, interface, buf, size)
 *
 *	usbfs tells only that some program has it; which one is found by
 *	looking at everybody's descriptors.  For a message, so a race with a
 *	program that ends does no harm.
 */
void
usb_claims_who(struct hyp_usb *hd, uint8_t ifno, char *buf, size_t size)
{
	struct usbdevfs_getdriver gd = { .interface = ifno };
	char node[40], name[32];
	struct dirent *de;
	DIR *d;

	if (ioctl(hd->hd_fd, USBDEVFS_GETDRIVER, &gd) == 0 &&
	    strcmp(gd.driver, "usbfs") != 0) {
		snprintf(buf, size, "the kernel's driver %s", gd.driver);
		return;
	}
	snprintf(buf, size, "another program");
	snprintf(node, sizeof(node), "/dev/bus/usb/%03u/%03u", hd->hd_bus,
	    hd->hd_addr);
	d = opendir("/proc");
	while (d != NULL && (de = readdir(d)) != NULL) {
		if (atoi(de->d_name) <= 0 || atoi(de->d_name) == getpid() ||
		    !who_has_open(de->d_name, node))
			continue;
		who_name(de->d_name, name, sizeof(name));
		snprintf(buf, size, "process %.20s (%s)", de->d_name, name);
		break;
	}
	if (d != NULL)
		closedir(d);
}
