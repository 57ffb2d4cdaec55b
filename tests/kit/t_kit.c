/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_kit.c - drivers that devsw-driver has made (build.sh) are loaded, and do what
 * devsw-driver(1) and devsw-ioconf(5) promise: the skeletons work on software
 * devices and survive an unplug under a blocked call; a module that only
 * registers a switch has a node; hardware that is there when a module comes gets
 * its driver; what a module cannot have it leaves as it was; and a driver that
 * takes the process along is named (devsw-driver(1), DIAGNOSTICS).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/h_log.h"
#include "drivers/h_serial.h"
#include "drivers/h_sleep.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "kit/h_dies.h"

static char why[512];

static int
load(const char *name)
{
	struct hyp_lwp *l = h_enter(0);
	char path[512];
	int error;

	snprintf(path, sizeof(path), "%s/%s.so", getenv("DEVSW_KIT"), name);
	error = hyp_module_load(path, why, sizeof(why));
	h_exit(l);
	if (error != 0)
		t_note("%s: %s", name, why);
	return error;
}

static int
unload(const char *name)
{
	struct hyp_lwp *l = h_enter(0);
	const int error = hyp_module_unload(name);

	h_exit(l);
	return error;
}

/* A software chip whose output is its input. */
static struct vusb *
device(unsigned product)
{
	struct vusb_config vc;
	struct vusb *v;

	T_CHECK(vusb_chip("pl2303hx", &vc));
	vc.vc_vendor = 0x1209;
	vc.vc_product = (uint16_t)product;
	T_CHECK((v = vusb_create("kit", &vc)) != NULL);
	T_EQ(vusb_wire(v, 0, v, 0, false), 0);
	return v;
}

static int
is_open(void *arg)
{

	return vusb_in_use(arg);
}

static int
has_closed(void *arg)
{

	return !vusb_in_use(arg);
}

static int
has_node(void *arg)
{

	return h_node_find(arg) != NULL;
}

static int
has_said(void *arg)
{

	return h_log_has(arg);
}

static void
echo(struct s_file *sf)
{
	char text[5] = "";

	s_write_all(sf, "ping", 4);
	s_read_all(sf, text, 4);
	T_CHECK(strcmp(text, "ping") == 0);
}

static void
cdev(void)
{
	struct s_file sf;
	char text[16];
	size_t n;

	s_boot();
	T_EQ(load("kcdev"), 0);
	T_EQ(s_open("kcdev0", S_RDWR, &sf), 0);
	T_EQ(s_read(&sf, text, 3, 0, &n), 0);
	T_CHECK(n == 3 && memcmp(text, "hel", 3) == 0);
	T_EQ(s_read(&sf, text, sizeof(text), 0, &n), 0);
	T_CHECK(n == 3 && memcmp(text, "lo\n", 3) == 0);
	T_EQ(s_read(&sf, text, sizeof(text), 0, &n), 0);
	T_EQ(n, 0);
	T_EQ(s_write(&sf, "x", 1, 0, &n), ENODEV);
	T_EQ(unload("kcdev"), EBUSY);
	s_close(&sf);
	T_EQ(unload("kcdev"), 0);
	T_EQ(s_open("kcdev0", S_RDWR, &sf), ENXIO);
	T_EQ(load("kcdev"), 0);
	T_EQ(s_open("kcdev0", S_RDWR, &sf), 0);
	s_close(&sf);
	T_EQ(unload("kcdev"), 0);
}

/* A read that waits, and what it has got when the plug is pulled. */
static void
unplug_under_read(struct vusb *v, struct s_file *sf, const char *wchan,
    int error)
{
	char buf[8];
	struct s_op op = { .so_call = S_READ, .so_file = sf, .so_buf = buf,
	    .so_len = sizeof(buf) };

	s_start(&op);
	s_wait_sleep(&op, wchan);
	vusb_unplug(v, 0);
	T_EQ(s_finish(&op), error);
	T_UNTIL(has_closed, v);
}

static void
usb(void)
{
	struct s_file sf, other;
	struct vusb *v = device(1);
	char buf[8];
	struct s_op op = { .so_call = S_READ, .so_file = &sf, .so_buf = buf,
	    .so_len = sizeof(buf) };
	size_t n;

	s_boot();
	/* It is there first, and has no driver. */
	vusb_plug(v);
	t_msleep(100);
	T_UNTIL(has_closed, v);
	T_EQ(load("kusb"), 0);
	T_UNTIL(has_node, (void *)(uintptr_t)"kusb0");
	s_plug_wait("kusb0");
	T_EQ(s_open("kusb0", S_RDWR, &sf), 0);
	T_EQ(s_open("kusb0", S_RDWR, &other), EBUSY);
	echo(&sf);
	T_EQ(s_read(&sf, buf, 1, HYP_F_NONBLOCK, &n), EAGAIN);
	T_EQ(unload("kusb"), EBUSY);
	/* A revoke cancels and closes; the next open is a new one. */
	s_start(&op);
	s_wait_sleep(&op, "kusb");
	T_EQ(s_revoke("kusb0"), 0);
	T_EQ(s_finish(&op), EIO);
	s_close(&sf);
	T_EQ(s_open("kusb0", S_RDWR, &sf), 0);
	echo(&sf);
	/* A device that fails is an error, not a wait. */
	vusb_fault(v, VUSB_OUT, VUSB_FAULT_STALL, 1, 0);
	T_EQ(s_write(&sf, "x", 1, 0, &n), EIO);
	s_close(&sf);
	T_EQ(s_open("kusb0", S_RDWR, &sf), 0);
	unplug_under_read(v, &sf, "kusb", EIO);
	s_close(&sf);
	T_EQ(s_open("kusb0", S_RDWR, &sf), ENXIO);
	vusb_plug(v);
	s_plug_wait("kusb0");
	T_EQ(s_open("kusb0", S_RDWR, &sf), 0);
	echo(&sf);
	s_close(&sf);
	s_unplug(v);
	vusb_destroy(v);
	T_EQ(unload("kusb"), 0);
}

/* A device without what the driver needs stays, and is not used. */
static void
crippled(void)
{
	struct vusb *v = device(1);
	struct s_file sf;

	s_boot();
	T_EQ(load("kusb"), 0);
	vusb_set_quirks(v, VUSB_Q_NOIN);
	h_log_begin();
	vusb_plug(v);
	T_UNTIL(is_open, v);
	T_UNTIL(has_node, (void *)(uintptr_t)"kusb0");
	/* The last thing that attach does. */
	T_UNTIL(has_said, (void *)(uintptr_t)"kusb0: it lacks a bulk pipe\n");
	h_log_end();
	T_EQ(s_open("kusb0", S_RDWR, &sf), ENXIO);
	s_unplug(v);
	vusb_destroy(v);
	T_EQ(unload("kusb"), 0);
}

static void
ucom(void)
{
	struct s_file sf;
	struct vusb *v = device(1);

	s_boot();
	T_EQ(load("kucom"), 0);
	s_plug(v, "dtyU0");
	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	T_EQ(s_raw(&sf, 9600, 8, S_CLOCAL), 0);
	echo(&sf);
	T_EQ(unload("kucom"), EBUSY);
	unplug_under_read(v, &sf, "ttyraw", 0);
	s_close(&sf);
	vusb_destroy(v);
	T_EQ(unload("kucom"), 0);
}

static void
hid(void)
{
	struct vusb_config vc;
	struct s_file sf;
	struct vusb *v;
	char buf[9];
	struct s_op op = { .so_call = S_WRITE, .so_file = &sf, .so_buf = buf,
	    .so_len = 8 };
	size_t n;

	s_boot();
	T_EQ(load("khid"), 0);
	T_EQ(load("khid"), EEXIST);
	T_CHECK(vusb_chip("hid", &vc));
	T_CHECK((v = vusb_create("kit", &vc)) != NULL);
	T_EQ(vusb_wire(v, 0, v, 0, false), 0);
	s_plug(v, "khid0");
	T_EQ(s_open("khid0", S_RDWR, &sf), 0);
	T_EQ(s_write(&sf, "a report", 8, 0, &n), 0);
	T_EQ(s_read(&sf, buf, sizeof(buf), 0, &n), 0);
	T_CHECK(n == 8 && memcmp(buf, "a report", 8) == 0);
	T_EQ(s_write(&sf, "abc", 3, 0, &n), 0);
	T_EQ(s_read(&sf, buf, sizeof(buf), 0, &n), 0);
	T_CHECK(n == 8 && memcmp(buf, "abc\0\0\0\0\0", 8) == 0);
	T_EQ(s_write(&sf, buf, 9, 0, &n), EMSGSIZE);
	T_EQ(unload("khid"), EBUSY);
	/* A report that the device does not take ends with a revoke. */
	vusb_fault(v, VUSB_INTR, VUSB_FAULT_NEVER, 0, 0);
	s_start(&op);
	s_wait_sleep(&op, "uhidev");
	T_EQ(s_revoke("khid0"), 0);
	T_EQ(s_finish(&op), EIO);
	vusb_fault(v, VUSB_INTR, VUSB_FAULT_NONE, 0, 0);
	s_close(&sf);
	T_EQ(s_open("khid0", S_RDWR, &sf), 0);
	unplug_under_read(v, &sf, "khid", EIO);
	s_close(&sf);
	vusb_destroy(v);
	T_EQ(unload("khid"), 0);
}

/* The same with uhidev_write_async: the device may take its time. */
static void
async(void)
{
	struct vusb_config vc;
	struct s_file sf;
	struct vusb *v;
	char buf[8];
	size_t n;

	s_boot();
	T_EQ(load("kasync"), 0);
	T_CHECK(vusb_chip("hid", &vc));
	T_CHECK((v = vusb_create("kit", &vc)) != NULL);
	T_EQ(vusb_wire(v, 0, v, 0, false), 0);
	s_plug(v, "kasync0");
	for (int i = 0; i < 2; i++) {
		T_EQ(s_open("kasync0", S_RDWR, &sf), 0);
		T_EQ(s_write(&sf, "a report", 8, 0, &n), 0);
		T_EQ(s_read(&sf, buf, sizeof(buf), 0, &n), 0);
		T_CHECK(n == 8 && memcmp(buf, "a report", 8) == 0);
		vusb_fault(v, VUSB_INTR, VUSB_FAULT_NEVER, 0, 0);
		T_EQ(s_write(&sf, "one", 3, 0, &n), 0);
		T_EQ(s_write(&sf, "two", 3, 0, &n), EIO);
		T_EQ(s_revoke("kasync0"), 0);
		vusb_fault(v, VUSB_INTR, VUSB_FAULT_NONE, 0, 0);
		s_close(&sf);
	}
	T_EQ(s_open("kasync0", S_RDWR, &sf), 0);
	vusb_fault(v, VUSB_INTR, VUSB_FAULT_NEVER, 0, 0);
	T_EQ(s_write(&sf, "one", 3, 0, &n), 0);
	s_unplug(v);
	s_close(&sf);
	vusb_destroy(v);
	T_EQ(unload("kasync"), 0);
}

static void
rooted(void)
{
	struct s_file sf;

	s_boot();
	T_EQ(load("rooted"), 0);
	T_CHECK(h_node_find("rrooted0") != NULL);
	T_EQ(s_open("rooted0", S_RDWR, &sf), 0);
	T_EQ(unload("rooted"), EBUSY);
	s_close(&sf);
	T_EQ(unload("rooted"), 0);
	T_EQ(load("rooted"), 0);
	T_EQ(unload("rooted"), 0);
}

/* The step of docs/drivers.md whose read waits. */
static void
step(void)
{
	struct s_file sf;
	struct s_op r;
	char got[100];
	size_t done;

	s_boot();
	T_EQ(load("post"), 0);
	T_EQ(s_open("post0", S_RDWR, &sf), 0);
	T_EQ(unload("post"), EBUSY);
	T_EQ(s_read(&sf, got, sizeof(got), HYP_F_NONBLOCK, &done), EAGAIN);
	T_EQ(s_write(&sf, got, sizeof(got), 0, &done), EMSGSIZE);
	for (int i = 0; i < 2; i++) {
		r = (struct s_op){ .so_call = S_READ, .so_file = &sf,
		    .so_buf = got, .so_len = sizeof(got) };
		s_start(&r);
		s_wait_sleep(&r, "post");
		T_EQ(s_poll(&sf, HYP_POLLIN), 0);
		if (i == 1)
			T_EQ(s_revoke("post0"), 0);
		else
			T_EQ(s_write(&sf, "a letter", 8, 0, &done), 0);
		s_finish(&r);
		T_EQ(r.so_error, i == 1 ? EIO : 0);
		T_EQ(r.so_done, i == 1 ? 0 : 8);
	}
	T_EQ(memcmp(got, "a letter", 8), 0);
	s_close(&sf);
	T_EQ(unload("post"), 0);
}

static void
netbsd(void)
{
	struct vusb *v = device(2);

	s_boot();
	T_EQ(load("netbsd"), 0);
	s_plug(v, "netbsd0");
	T_EQ(unload("netbsd"), EBUSY);
	s_unplug(v);
	vusb_destroy(v);
	T_EQ(unload("netbsd"), 0);
}

static void
half(void)
{
	struct vusb_config vc;
	struct s_file sf;
	struct vusb *v;

	s_boot();
	for (int i = 0; i < 3; i++) {
		T_EQ(load("half"), EEXIST);
		T_CHECK(strstr(why, "half") != NULL);
		T_EQ(unload("half"), ENOENT);
	}
	T_CHECK(h_node_find("half0") == NULL);
	/* What has that name already works as before. */
	T_CHECK(vusb_chip("acm", &vc));
	T_CHECK((v = vusb_create("kit", &vc)) != NULL);
	s_plug(v, "dtyU0");
	T_EQ(s_open("dtyU0", S_RDWR, &sf), 0);
	s_close(&sf);
	s_unplug(v);
	vusb_destroy(v);
}

static void
undefined(void)
{

	s_boot();
	T_EQ(load("undefined"), ENOEXEC);
	T_CHECK(strstr(why, "undefined symbol: splnothing") != NULL);
	T_EQ(unload("undefined"), ENOENT);
}

/* ---- what takes the process along ----------------------------------- */

/* In a process of its own: dies of boom0. */
static void
die(const char *call)
{
	struct s_file sf;
	char byte = 0;
	size_t n;

	signal(SIGALRM, SIG_DFL);
	alarm(60);
	host_crash_catch();
	s_boot();
	if (load("boom") != 0 || s_open("boom0", S_RDWR, &sf) != 0)
		_exit(3);
	if (strcmp(call, "read") == 0)
		(void)s_read(&sf, &byte, 1, 0, &n);
	else
		(void)s_write(&sf, &byte, 1, 0, &n);
	_exit(4);
}

static void
panics(void)
{
	static char text[65536];

	T_EQ(h_dies("read", text, sizeof(text)), SIGABRT);
	T_CHECK(strstr(text, "boom: 1 bytes are too many") != NULL);
	T_CHECK(strstr(text, "the driver is in boom.so+0x") != NULL);
	T_CHECK(strstr(text, ", called by cdev_read; this process ends with "
	    "it\n") != NULL);
}

static void
crashes(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

	t_skip("the sanitizer has the signal");
#else
	static char text[65536];

	T_EQ(h_dies("write", text, sizeof(text)), SIGSEGV);
	T_CHECK(strstr(text, "fatal: SIGSEGV") != NULL);
	T_CHECK(strstr(text, "the driver is in boom.so+0x") != NULL);
	T_CHECK(strstr(text, ", called by cdev_write;") != NULL);
#endif
}

__attribute__((__constructor__)) static void
arguments(int argc, char **argv)
{

	if (argc == 3 && strcmp(argv[1], "--die") == 0)
		die(argv[2]);
}

const struct t_case t_cases[] = {
	{ "the cdev skeleton: devsw_attach alone makes a node that reads", cdev },
	{ "the usb skeleton: hardware that is there gets it; echo, revoke, "
	    "fault, unplug under a read", usb },
	{ "the usb skeleton on a device that lacks a pipe says so: ENXIO",
	    crippled },
	{ "the ucom skeleton: a terminal; unplug under a read", ucom },
	{ "the hid skeleton: reports both ways; revoke under a write that is "
	    "held, unplug under a read", hid },
	{ "and with writes that nobody waits for: one at a time, ended by a "
	    "revoke and an unplug", async },
	{ "a text can say: at root, two nodes, block, flags", rooted },
	{ "the step that waits: a letter, and a revoke", step },
	{ "a driver with NetBSD's own MODULE() needs a text only", netbsd },
	{ "a module that starts half way leaves all as it was", half },
	{ "a module with an undefined symbol is refused by that name",
	    undefined },
	{ "a panic says which driver, and which call", panics },
	{ "so does a fault", crashes },
	{ NULL, NULL },
};
