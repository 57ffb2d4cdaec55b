/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb-serve.c - software USB devices on the kernel's own bus.
 *
 *	vusb-serve [-a] [-d DIR] [NAME=]CHIP[,loop][,SERIAL]...
 *	vusb-serve -l
 *
 * Makes the devices of src/vusb that are named, and plugs them into the ports of
 * vhci_hcd (15 of each of its 8 controllers, as Debian's kernel has them), where
 * Linux's own drivers find them, and devswd through the real libusb.  NAME is
 * CHIP unless it is said; SERIAL is the serial number.
 *
 *	-a	absent: nothing is plugged at first
 *	-d DIR	commands on the socket DIR/control, far ends on DIR/NAME
 *		(vusb.h, vusb_ctl_start); with that, devices can be made later
 *	-l	list the chips
 *	loop	a loopback plug: each port of it gets back what it sends
 *
 * It is all in memory before it says "ready", and stays there: a page that is read
 * from a slow disk would be a chip that takes its time to answer, and Linux's
 * pl2303 gives most requests 100 ms.
 *
 * Says "ready" when everything is plugged; ends with SIGTERM or SIGINT, and
 * pulls everything out.  Exit status: 0, 1 if something could not be plugged,
 * 2 usage.  Root's, for tests and the demo; vhci-hcd has to be loaded.
 *
 * The up-calls of the devices come one at a time (vusb.c's plug_lock), on the
 * thread that plugs: main()'s, or the control socket's.  served[] is theirs.
 */
#include <sys/mman.h>

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/serve.h"
#include "vusb/vusb.h"

#define	PORTS	(VHCI_HUBS * VHCI_PORTS)

static struct {
	struct usbip	*usbip;
	uint32_t	 addr;
} served[PORTS];
static bool failed;

/* ---- up-calls ------------------------------------------------------- */

/* The port for a place of vusb.c, "9-1" and so on; PORTS: there is none. */
static unsigned
port_of(const char *path)
{
	const char *dash = strchr(path, '-');
	const unsigned long n = dash == NULL ? 0 : strtoul(dash + 1, NULL, 10);

	return n >= 1 && n <= PORTS ? (unsigned)n - 1 : PORTS;
}

void
hyp_usb_arrived(const struct hyp_usb_info *hi)
{
	const unsigned port = port_of(hi->hi_path);
	int error;

	if (port == PORTS) {
		complain("%s: there are %u ports", hi->hi_productstr, PORTS);
		failed = true;
		return;
	}
	if (served[port].usbip != NULL && served[port].addr == hi->hi_addr)
		return;			/* a rescan */
	hyp_usb_left(hi->hi_path);
	error = usbip_start(hi->hi_bus, hi->hi_addr,
	    hi->hi_speed == HYP_USB_SPEED_HIGH ? 3 : 2, port,
	    &served[port].usbip);
	if (error != 0) {
		complain("%s: port %u: %s", hi->hi_productstr, port,
		    error == ENODEV ? "no vhci_hcd" : strerror(error));
		failed = true;
		return;
	}
	served[port].addr = hi->hi_addr;
}

void
hyp_usb_left(const char *path)
{
	const unsigned port = port_of(path);

	if (port == PORTS || served[port].usbip == NULL)
		return;
	usbip_stop(served[port].usbip);
	served[port].usbip = NULL;
}

void
hyp_usb_line(const char *path, const struct hyp_usb_line *hl)
{

	(void)path;
	(void)hl;
}

/* The fault "nodev": its transfers say so too, and that is all there is. */
void
hyp_usb_gone(void *cookie)
{

	(void)cookie;
}

/* ---- the program ---------------------------------------------------- */

static void __attribute__((__noreturn__))
usage(void)
{

	fprintf(stderr, "usage: vusb-serve [-a] [-d DIR] "
	    "[NAME=]CHIP[,loop][,SERIAL]...\n       vusb-serve -l\n");
	exit(2);
}

static void
list(void)
{
	const char *name;

	for (unsigned i = 0; (name = vusb_chip_name(i)) != NULL; i++)
		puts(name);
}

/* Make what an argument says; it is taken apart. */
static struct vusb *
make(char *arg)
{
	struct vusb_config vc;
	const char *name = NULL;
	bool loop = false;
	struct vusb *v;
	char *chip, *word, *save = NULL;

	chip = strtok_r(arg, ",", &save);
	if (chip == NULL)
		usage();
	if ((word = strchr(chip, '=')) != NULL) {
		*word = '\0';
		name = chip;
		chip = word + 1;
	}
	if (!vusb_chip(chip, &vc)) {
		complain("no chip %s", chip);
		usage();
	}
	while ((word = strtok_r(NULL, ",", &save)) != NULL) {
		if (strcmp(word, "loop") == 0)
			loop = true;
		else
			vc.vc_serial = word;
	}
	name = name == NULL ? chip : name;
	if (strlen(name) >= VUSB_MAXNAME || strchr(name, '/') != NULL ||
	    vusb_lookup(name) != NULL || (vc.vc_serial != NULL &&
	    strlen(vc.vc_serial) >= VUSB_MAXNAME))
		usage();
	v = vusb_create(name, &vc);
	for (unsigned i = 0; loop && v != NULL && i < vusb_nports(v); i++) {
		if (vusb_wire(v, i, v, i, false) != 0)
			v = NULL;
	}
	if (v == NULL) {
		complain("%s: no memory", name);
		exit(1);
	}
	return v;
}

int
main(int argc, char **argv)
{
	struct vusb *made[PORTS];
	const char *dir = NULL;
	bool absent = false;
	unsigned n = 0;
	sigset_t set;
	int c, sig;

	while ((c = getopt(argc, argv, "ad:l")) != -1) {
		if (c == 'a')
			absent = true;
		else if (c == 'd')
			dir = optarg;
		else if (c == 'l')
			return list(), 0;
		else
			usage();
	}
	if ((optind == argc && dir == NULL) || argc - optind > PORTS)
		usage();
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (optind < argc)
		made[n++] = make(argv[optind++]);
	if (dir != NULL && (c = vusb_ctl_start(dir)) != 0) {
		complain("%s: %s", dir, strerror(c));
		return 1;
	}
	if (mlockall(MCL_CURRENT) != 0)
		complain("not locked in memory: %s", strerror(errno));
	for (unsigned i = 0; i < n && !absent; i++)
		vusb_plug(made[i]);
	if (!failed) {
		printf("ready\n");
		fflush(stdout);
		(void)sigwait(&set, &sig);
	}
	if (dir != NULL)
		vusb_ctl_stop();
	for (unsigned i = 0; i < PORTS; i++) {
		if (served[i].usbip != NULL)
			usbip_stop(served[i].usbip);
	}
	return failed;
}
