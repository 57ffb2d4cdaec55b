/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhci.c - ports of vhci_hcd, Linux's USB host controller without hardware.
 *
 * A port is plugged by writing its number, a socket, a device number and a
 * speed to "attach".  It must not be plugged again before the kernel has let
 * go of the device that was there.  vhci_hcd has one structure for a port,
 * whatever is plugged into it, and would send the cancellation of what the old
 * device has not answered to the new one, which has never heard of it:
 *
 *	hub's thread, a client		we
 *					shut the old socket down
 *					attach a new one
 *	usb_kill_urb of a transfer to
 *	the old device			are told to cancel what never came
 *	waits for ever, and the new
 *	device is never looked at
 *
 * So a port is free when its status says so, the hub's thread has been waited
 * for (reading the hub's bConfigurationValue takes its lock), and the device is
 * gone from sysfs.
 *
 * And a shut socket loses transfers: from then until vhci_hcd has told the
 * hub, its sender has ended, and the cancellation of a transfer that was never
 * sent is dropped; who cancels waits for ever, with the device's lock, and the
 * hub for that.  So the plug is pulled at the hub, whose port has a switch: the
 * kernel does just what it does when a device is gone, with a vhci_hcd that
 * still works.  Only a device that does not let a transfer go keeps that from
 * ending; after 5 s the socket is shut all the same.
 *
 * A port's number is that of its controller times VHCI_PORTS, and its place there.
 * Devices of one hub are looked at one after the other, those of several at once.
 *
 * No state.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "serve/serve.h"

#define	VHCI		"/sys/devices/platform/vhci_hcd."
#define	FIRST		VHCI "0/"	/* has the files for all controllers */
#define	HUB(port)	((port) / VHCI_PORTS)
#define	PLACE(port)	((port) % VHCI_PORTS)
/* As vhci_hcd counts: a controller has as many ports of super speed. */
#define	RHPORT(port)	(HUB(port) * 2 * VHCI_PORTS + PLACE(port))
#define	UNUSED		4		/* VDEV_ST_NULL */
#define	POLL_US		20000
#define	GONE_POLLS	500		/* 10 s */
#define	OFF_S		5

/* Is the port's status "unused"? */
static bool
status_unused(unsigned port)
{
	char path[64], line[256], hub[8];
	unsigned number, state;
	bool unused = false;
	FILE *file;

	if (HUB(port) == 0)
		snprintf(path, sizeof(path), FIRST "status");
	else
		snprintf(path, sizeof(path), FIRST "status.%u", HUB(port));
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "%7s %u %u", hub, &number, &state) == 3 &&
		    strcmp(hub, "hs") == 0 && number == RHPORT(port))
			unused = state == UNUSED;
	}
	fclose(file);
	return unused;
}

/* Do something with each file of a pattern; how many there are. */
static unsigned
each(const char *pattern, void (*func)(const char *, const char *),
    const char *arg)
{
	unsigned n = 0;
	glob_t g;

	if (glob(pattern, 0, NULL, &g) == 0) {
		for (n = 0; n < g.gl_pathc; n++) {
			if (func != NULL)
				func(g.gl_pathv[n], arg);
		}
	}
	globfree(&g);
	return n;
}

static void
read_one(const char *path, const char *arg)
{
	char buf[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	(void)arg;
	if (fd != -1) {
		(void)!read(fd, buf, sizeof(buf));
		close(fd);
	}
}

static void
write_one(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd != -1) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static bool
is_gone(unsigned port)
{
	char pattern[128];

	snprintf(pattern, sizeof(pattern), VHCI "%u/usb*/[0-9]*-%u", HUB(port),
	    PLACE(port) + 1);
	return each(pattern, NULL, NULL) == 0;
}

static bool
is_free(unsigned port)
{
	char pattern[128];

	if (!status_unused(port))
		return false;
	snprintf(pattern, sizeof(pattern), VHCI "%u/usb*/bConfigurationValue",
	    HUB(port));
	each(pattern, read_one, NULL);
	return is_gone(port);
}

static bool
wait_for(bool (*func)(unsigned), unsigned port)
{

	for (unsigned i = 0; i < GONE_POLLS; i++) {
		if (func(port))
			return true;
		usleep(POLL_US);
	}
	return false;
}

void
vhci_wait_gone(unsigned port)
{

	if (!wait_for(is_gone, port))
		complain("port %u: the kernel does not let go of it", port);
}

int
vhci_attach(unsigned port, int fd, unsigned speed)
{
	char text[64], pattern[128];
	int attach, n, error = 0;

	attach = open(FIRST "attach", O_WRONLY | O_CLOEXEC);
	if (attach == -1)
		return errno == ENOENT ? ENODEV : errno;
	if (!wait_for(is_free, port)) {
		close(attach);
		return EBUSY;
	}
	snprintf(pattern, sizeof(pattern),
	    VHCI "%u/usb*/*-0:1.0/*-port%u/disable", HUB(port),
	    PLACE(port) + 1);
	each(pattern, write_one, "0");
	n = snprintf(text, sizeof(text), "%u %d %u %u", RHPORT(port), fd,
	    1u << 16 | (port + 2), speed);
	if (write(attach, text, (size_t)n) != n)
		error = errno;
	close(attach);
	return error;
}

/* May wait for as long as the device likes: a thread that nobody joins. */
static void *
switch_off(void *arg)
{
	char pattern[128];
	unsigned *port = arg;

	snprintf(pattern, sizeof(pattern),
	    VHCI "%u/usb*/[0-9]*-%u/port/disable", HUB(*port),
	    PLACE(*port) + 1);
	/* None: the kernel has not got so far as to look at it. */
	each(pattern, write_one, "1");
	return NULL;
}

void
vhci_switch_off(unsigned port)
{
	static unsigned ports[VHCI_HUBS * VHCI_PORTS];
	struct timespec ts;
	pthread_t thread;

	ports[port] = port;
	if (pthread_create(&thread, NULL, switch_off, &ports[port]) != 0)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += OFF_S;
	if (pthread_timedjoin_np(thread, NULL, &ts) != 0) {
		complain("port %u: its hub still waits for a transfer", port);
		pthread_detach(thread);
	}
}
