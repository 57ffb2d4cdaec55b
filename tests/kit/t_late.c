/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_late.c - a driver whose match does not come back is named, with the call,
 * and the daemon goes on; and where it cannot go on, as the driver keeps the
 * kernel lock from others, the process ends with that name: docs/drivers.md,
 * "When it goes wrong".  The driver is looper.c.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/h_log.h"
#include "drivers/h_serial.h"
#include "hyp/hyp.h"
#include "kit/h_dies.h"

#define	DEADLINE_MS	300

static int
load(void)
{
	struct hyp_lwp *l = h_enter(0);
	char path[512], why[512];
	int error;

	snprintf(path, sizeof(path), "%s/looper.so", getenv("DEVSW_KIT"));
	error = hyp_module_load(path, why, sizeof(why));
	h_exit(l);
	if (error != 0)
		t_note("%s", why);
	return error;
}

static int
unload(void)
{
	struct hyp_lwp *l = h_enter(0);
	const int error = hyp_module_unload("looper");

	h_exit(l);
	return error;
}

static struct vusb *
plug(const char *chip, unsigned product)
{
	struct vusb_config vc;
	struct vusb *v;

	T_CHECK(vusb_chip(chip, &vc));
	if (product != 0) {
		vc.vc_vendor = 0x1209;
		vc.vc_product = (uint16_t)product;
	}
	T_CHECK((v = vusb_create("late", &vc)) != NULL);
	vusb_plug(v);
	return v;
}

static int
said(void *text)
{

	return h_log_has(text);
}

static void
goes_on(void)
{
	struct vusb *v, *other;
	struct s_file sf;
	size_t n;

	s_boot();
	hyp_set_deadline(DEADLINE_MS);
	T_EQ(load(), 0);
	h_log_begin();
	v = plug("pl2303hx", 1);
	t_until(said, (void *)(uintptr_t)"looper: match has not come back for ",
	    "the log names driver and call");
	/* Another device gets its driver, and works. */
	other = plug("acm", 0);
	s_plug_wait("dtyU0");
	T_EQ(s_open("dtyU0", S_RDWR | HYP_F_NONBLOCK, &sf), 0);
	s_close(&sf);
	s_unplug(other);
	vusb_destroy(other);
	/* Its module does not wait either, nor does another one's search. */
	T_EQ(unload(), EBUSY);
	T_EQ(s_open("lctl0", S_RDWR, &sf), 0);
	T_EQ(s_write(&sf, "x", 1, 0, &n), 0);
	s_close(&sf);
	t_until(said, (void *)(uintptr_t)"looper: match has come back",
	    "and that it has come back");
	h_log_end();
	s_unplug(v);
	vusb_destroy(v);
	T_EQ(unload(), 0);
}

/* In a process of its own: dies of hooper's match, as lctl0 wants the lock. */
static void
die(void)
{
	struct s_file sf;

	signal(SIGALRM, SIG_DFL);
	alarm(60);
	s_boot();
	hyp_set_deadline(DEADLINE_MS);
	if (load() != 0)
		_exit(3);
	(void)plug("pl2303hx", 2);
	/* With nobody who wants it the process goes on. */
	t_msleep(3 * DEADLINE_MS + 1500);
	fprintf(stderr, "goes on so far\n");
	(void)s_open("lctl0", S_RDWR, &sf);
	_exit(4);
}

static void
ends(void)
{
	static char text[65536];

	T_EQ(h_dies("match", text, sizeof(text)), SIGABRT);
	T_CHECK(strstr(text, "hooper: match has not come back for ") != NULL);
	T_CHECK(strstr(text, "goes on so far") != NULL);
	T_CHECK(strstr(text, " ms and keeps the kernel lock, for which other "
	    "drivers wait: this process ends with it") != NULL);
}

__attribute__((__constructor__)) static void
arguments(int argc, char **argv)
{

	if (argc == 3 && strcmp(argv[1], "--die") == 0)
		die();
}

const struct t_case t_cases[] = {
	{ "a match that loops is named; others attach, its module is EBUSY",
	    goes_on },
	{ "one that keeps the kernel lock from others ends the process, by "
	    "name", ends },
	{ NULL, NULL },
};
