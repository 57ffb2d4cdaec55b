/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vusb_cmd.c - the commands of the control socket.
 *
 * A line is split into words; the first is looked up in a table, the second
 * is a device, with ".PORT" behind it if it is not the first port.  A command
 * writes one line of at most VUSB_CMDLINE bytes: "ok ..." or "error ...".
 *
 * All on vusb_ctl.c's thread.  A command may wait for the device's lock, and
 * plug and unplug for as long as the up-calls take.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vusb/vusbvar.h"

static const char *const kind_names[VUSB_NKINDS] = {
	"control", "in", "out", "intr"
};
static const char *const fault_names[] = {
	"none", "never", "stuck", "late", "stall", "short", "nodev", "error",
	"submit", "lost"
};
static const char *const line_names[] = { "cts", "dsr", "ri", "dcd" };
#define	NELEM(a)	(sizeof(a) / sizeof((a)[0]))

static int
name_index(const char *const *names, size_t n, const char *name)
{

	for (size_t i = 0; i < n; i++) {
		if (name != NULL && strcmp(names[i], name) == 0)
			return (int)i;
	}
	return -1;
}

static void __attribute__((__format__(__printf__, 2, 3)))
reply(char *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(out, VUSB_CMDLINE, fmt, ap);
	va_end(ap);
}

static void
cmd_create(char **argv, char *out)
{
	struct vusb_config vc;
	struct vusb *v;
	int error;

	if (argv[1] == NULL || argv[2] == NULL ||
	    strchr(argv[1], '/') != NULL || strlen(argv[1]) >= VUSB_MAXNAME) {
		reply(out, "error create NAME CHIP");
		return;
	}
	if (vusb_lookup(argv[1]) != NULL) {
		reply(out, "error %s exists", argv[1]);
		return;
	}
	if (!vusb_chip(argv[2], &vc)) {
		reply(out, "error no chip %s", argv[2]);
		return;
	}
	v = vusb_create(argv[1], &vc);
	error = v == NULL ? ENOMEM : vusb_ctl_add(v);
	if (error != 0)
		reply(out, "error %s", strerror(error));
	else
		reply(out, "ok");
}

static void
cmd_plug(struct vusb *v, unsigned port, char **argv, char *out)
{
	const bool in = strcmp(argv[0], "plug") == 0;

	(void)port;
	if (vusb_plugged(v) == in) {
		reply(out, "error %s is %s", argv[1], in ? "in" : "out");
		return;
	}
	if (in)
		vusb_plug(v);
	else
		vusb_unplug(v, 0);
	reply(out, "ok");
}

static void
cmd_lines(struct vusb *v, unsigned port, char **argv, char *out)
{
	unsigned lines = vusb_get_lines(v, port);
	int i;

	for (argv += 2; *argv != NULL; argv++) {
		i = name_index(line_names, NELEM(line_names), *argv + 1);
		if (i == -1 || (**argv != '+' && **argv != '-')) {
			reply(out, "error no line %s", *argv);
			return;
		}
		if (**argv == '+')
			lines |= 1u << i;
		else
			lines &= ~(1u << i);
	}
	vusb_set_lines(v, port, lines);
	reply(out, "ok");
}

static void
cmd_fault(struct vusb *v, unsigned port, char **argv, char *out)
{
	int kind = name_index(kind_names, VUSB_NKINDS, argv[2]);
	int fault = argv[2] == NULL ? -1 : name_index(fault_names,
	    NELEM(fault_names), argv[3]);
	unsigned count = 0, arg = 0;

	if (kind == -1 || fault == -1) {
		reply(out, "error fault NAME KIND FAULT [COUNT [ARG]]");
		return;
	}
	if (argv[4] != NULL) {
		count = (unsigned)strtoul(argv[4], NULL, 10);
		if (argv[5] != NULL)
			arg = (unsigned)strtoul(argv[5], NULL, 10);
	}
	(void)port;
	vusb_fault(v, (enum vusb_kind)kind, (enum vusb_fault)fault, count,
	    arg);
	reply(out, "ok");
}

static void
cmd_limit(struct vusb *v, unsigned port, char **argv, char *out)
{
	unsigned long to, from;

	if (argv[2] == NULL || argv[3] == NULL ||
	    (to = strtoul(argv[2], NULL, 10)) == 0 ||
	    (from = strtoul(argv[3], NULL, 10)) == 0) {
		reply(out, "error limit NAME TOHOST FROMHOST");
		return;
	}
	vusb_far_limit(v, port, to, from);
	reply(out, "ok");
}

static void
cmd_status(struct vusb *v, unsigned port, char **argv, char *out)
{
	struct vusb_status vs;

	(void)argv;
	vusb_get_status(v, port, &vs);
	reply(out, "ok plugged=%d baud=%u format=%u%c%u flow=%c dtr=%d rts=%d "
	    "break=%d reads=%u writes=%u sent=%llu received=%llu zombies=%u "
	    "enabled=%d events=%d ready=%d stopped=%d held=%u breaks=%u "
	    "overruns=%u resets=%u purges=%u latency=%u lines=%x",
	    vusb_plugged(v), vs.vs_baud, vs.vs_bits, vs.vs_parity, vs.vs_stop,
	    vs.vs_flow, vs.vs_dtr, vs.vs_rts, vs.vs_break, vs.vs_reads,
	    vs.vs_writes, (unsigned long long)vs.vs_sent,
	    (unsigned long long)vs.vs_received, hyp_usb_zombies(),
	    vs.vs_enabled, vs.vs_events, vs.vs_ready, vs.vs_stopped,
	    vs.vs_held, vs.vs_breaks, vs.vs_overruns, vs.vs_resets,
	    vs.vs_purges, vs.vs_latency, vusb_get_lines(v, port));
}

/* The device and port of NAME or NAME.PORT; NULL: none. */
static struct vusb *
find(char *name, unsigned *port)
{
	struct vusb *v;
	char *dot;

	*port = 0;
	if (name == NULL)
		return NULL;
	if ((v = vusb_lookup(name)) != NULL || (dot = strrchr(name, '.')) ==
	    NULL)
		return v;
	*dot = '\0';
	*port = (unsigned)strtoul(dot + 1, NULL, 10);
	v = vusb_lookup(name);
	*dot = '.';
	return v != NULL && *port < vusb_nports(v) ? v : NULL;
}

static void
cmd_wire(struct vusb *v, unsigned port, char **argv, char *out)
{
	struct vusb *other;
	unsigned oport;
	int error;

	other = find(argv[2], &oport);
	if (other == NULL) {
		reply(out, "error wire NAME NAME [paced]");
		return;
	}
	error = vusb_wire(v, port, other, oport, argv[3] != NULL &&
	    strcmp(argv[3], "paced") == 0);
	reply(out, error == 0 ? "ok" : "error %s", strerror(error));
}

static void
cmd_unwire(struct vusb *v, unsigned port, char **argv, char *out)
{

	(void)argv;
	vusb_unwire(v, port);
	reply(out, "ok");
}

/* Commands with one or two numbers. */
static void
cmd_number(struct vusb *v, unsigned port, char **argv, char *out)
{
	const unsigned a = argv[2] == NULL ? 0 :
	    (unsigned)strtoul(argv[2], NULL, 0);
	const unsigned b = argv[2] == NULL || argv[3] == NULL ? 0 :
	    (unsigned)strtoul(argv[3], NULL, 0);

	if (argv[2] == NULL) {
		reply(out, "error %s NAME NUMBER ...", argv[0]);
		return;
	}
	if (strcmp(argv[0], "char") == 0)
		vusb_far_char(v, port, (uint8_t)a, b & 0x1e);
	else if (strcmp(argv[0], "quirks") == 0)
		vusb_set_quirks(v, a);
	else if (strcmp(argv[0], "modem") == 0)
		vusb_ctl_modem(v, port, a != 0);
	else if (strcmp(argv[0], "statuslen") == 0)
		vusb_set_statuslen(v, (int)strtol(argv[2], NULL, 0));
	else
		vusb_refuse(v, a & 0xff, b != 0);
	reply(out, "ok");
}

static void
cmd_rescan(struct vusb *v, unsigned port, char **argv, char *out)
{

	(void)port;
	(void)argv;
	vusb_rescan(v);
	reply(out, "ok");
}

/*
 * One request, in the words of tests/vusb, ch341.req and its neighbours, and
 * the answer of an "in".  A device's lock is held; the file is a test's, and
 * is not waited for long.
 */
static void
log_request(void *arg, const uint8_t *p, const uint8_t *data, int n)
{
	const bool in = (p[0] & 0x80) != 0;
	FILE *file = arg;

	fprintf(file, "%-3s %02x %02x %02x%02x %02x%02x", in ? "in" : "out",
	    p[0], p[1], p[3], p[2], p[5], p[4]);
	if (in)
		fprintf(file, " %u", p[6] | (unsigned)p[7] << 8);
	if (n < 0)
		fprintf(file, " stall");
	else if (n > 0)
		fprintf(file, in ? " = " : " ");
	for (int i = 0; i < n; i++)
		fprintf(file, "%02x", data[i]);
	fprintf(file, "\n");
}

static void
cmd_log(struct vusb *v, unsigned port, char **argv, char *out)
{
	FILE *file = NULL, *old;

	(void)port;
	if (argv[2] == NULL) {
		reply(out, "error log NAME FILE|-");
		return;
	}
	if (strcmp(argv[2], "-") != 0) {
		file = fopen(argv[2], "ae");
		if (file == NULL) {
			reply(out, "error %s: %s", argv[2], strerror(errno));
			return;
		}
		setlinebuf(file);
	}
	old = v->v_onrequest == log_request ? v->v_onrequestarg : NULL;
	vusb_on_request(v, file != NULL ? log_request : NULL, file);
	if (old != NULL)
		fclose(old);
	reply(out, "ok");
}

static void
cmd_destroy(struct vusb *v, unsigned port, char **argv, char *out)
{
	char nothing[] = "-", *off[] = { argv[0], argv[1], nothing, NULL };

	if (vusb_plugged(v) || vusb_in_use(v)) {
		reply(out, "error %s is in use", argv[1]);
		return;
	}
	cmd_log(v, port, off, out);
	vusb_ctl_remove(v);
	vusb_destroy(v);
	reply(out, "ok");
}

static void
list_one(struct vusb *v, void *arg)
{
	char *out = arg;
	size_t len = strlen(out);

	(void)snprintf(out + len, VUSB_CMDLINE - len, " %s", vusb_name(v));
}

static const struct {
	const char	*name;
	void		(*func)(struct vusb *, unsigned, char **, char *);
} commands[] = {
	{ "plug", cmd_plug }, { "unplug", cmd_plug }, { "lines", cmd_lines },
	{ "fault", cmd_fault }, { "limit", cmd_limit },
	{ "status", cmd_status }, { "rescan", cmd_rescan },
	{ "wire", cmd_wire }, { "unwire", cmd_unwire },
	{ "char", cmd_number }, { "quirks", cmd_number },
	{ "statuslen", cmd_number }, { "refuse", cmd_number },
	{ "modem", cmd_number },
	{ "log", cmd_log }, { "destroy", cmd_destroy },
};

/*
 * command(line, out)
 *
 *	Run a command; line is taken apart, out has VUSB_CMDLINE bytes.
 */
static void
command(char *line, char *out)
{
	char *argv[10] = { NULL };
	struct vusb *v;
	unsigned n = 0, port;
	char *save = NULL;

	for (char *w = strtok_r(line, " \t\r", &save);
	    w != NULL && n < NELEM(argv) - 1;
	    w = strtok_r(NULL, " \t\r", &save))
		argv[n++] = w;
	if (n == 0) {
		reply(out, "error no command");
		return;
	}
	if (strcmp(argv[0], "list") == 0) {
		reply(out, "ok");
		vusb_foreach(list_one, out);
		return;
	}
	if (strcmp(argv[0], "create") == 0) {
		cmd_create(argv, out);
		return;
	}
	v = find(argv[1], &port);
	if (v == NULL) {
		reply(out, "error no device %s",
		    argv[1] == NULL ? "" : argv[1]);
		return;
	}
	for (unsigned i = 0; i < NELEM(commands); i++) {
		if (strcmp(argv[0], commands[i].name) == 0) {
			commands[i].func(v, port, argv, out);
			return;
		}
	}
	reply(out, "error no command %s", argv[0]);
}

int
vusb_ctl_start(const char *dir)
{

	return vusb_ctl_open(dir, command);
}
