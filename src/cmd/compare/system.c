/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - who drives the hardware: the kernel, or a devswd of our own.
 *
 * At most one system is started at a time.  A devswd has a major number that
 * is not its default, so that one which runs anyway is not in the way; its
 * log and its trace are files in a folder of this process.
 *
 * Used by devsw-compare itself.  A run's process, which is forked from it,
 * has the same static variables and only reads them.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compare/compare.h"
#include "libdevsw/control.h"

#define	MAJOR		"127"
#define	MAJOR_NUMBER	127u
#define	LIMIT_MS	30000u
#define	SETTLE_MS	20u

const struct system systems[NSYSTEMS] = {
	{ KERNEL, "kernel", "Linux", "the kernel's own driver" },
	{ NETBSD, "netbsd", "netbsd", "devswd --semantics netbsd" },
	{ LEGACY, "netbsd-legacy", "netbsd legacy",
	  "devswd --semantics netbsd-legacy" },
	{ FREEBSD, "freebsd", "freebsd", "devswd --semantics freebsd" },
	{ TRACKCLOSE, "freebsd-trackclose", "freebsd trackclose",
	  "devswd --semantics freebsd-trackclose" },
	{ LINUX, "linux", "linux", "devswd --semantics linux" },
};

const struct reading_system reading_systems[NREADING] = {
	{ "src-netbsd", "NetBSD", "2022 and later, drivers with d_cancel" },
	{ "src-netbsd-legacy", "NetBSD 7", "drivers with d_close only" },
	{ "src-freebsd", "FreeBSD", "15, drivers without D_TRACKCLOSE; "
	  "hidraw(4)" },
	{ "src-freebsd-trackclose", "FreeBSD D_TRACKCLOSE", "15, uhid(4)" },
	{ "src-openbsd", "OpenBSD", "5.8, parts of it later" },
};

static const struct system *current;
static const char *devswd;		/* the program */
static pid_t daemon_pid = -1;
static char folder[64], log_path[96], trace_path[96];
static long settled;			/* the trace, up to there */

/* ---- devswd ---------------------------------------------------------- */

static bool
make_folder(void)
{

	if (folder[0] != '\0')
		return true;
	snprintf(folder, sizeof(folder), "/tmp/devsw-compare.XXXXXX");
	if (mkdtemp(folder) == NULL) {
		fprintf(stderr, "devsw-compare: %s: %s\n", folder,
		    strerror(errno));
		folder[0] = '\0';
		return false;
	}
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(trace_path, sizeof(trace_path), "%s/trace", folder);
	return true;
}

static void
claim(const struct hardware *hw, char *text, size_t size)
{
	size_t len;

	len = (size_t)snprintf(text, size, "%04x:%04x", hw->h_vendor,
	    hw->h_product);
	if (hw->h_serial[0] != '\0') {
		len += (size_t)snprintf(text + len, size - len, ",serial=");
		for (const char *p = hw->h_serial; *p != '\0' &&
		    len + 3 < size; p++) {
			if (*p == ',' || *p == '\\')
				text[len++] = '\\';
			text[len++] = *p;
		}
		text[len] = '\0';
	}
	if (hw->h_port[0] != '\0')
		(void)snprintf(text + len, size - len, ",port=%s", hw->h_port);
}

static void
exec_daemon(const struct hardware *hw)
{
	char what[512];
	int fd;

	claim(hw, what, sizeof(what));
	fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd == -1 || dup2(fd, STDOUT_FILENO) == -1 ||
	    dup2(fd, STDERR_FILENO) == -1)
		_exit(126);
	execl(devswd, devswd, "-f", "-v", "--major", MAJOR, "--semantics",
	    current->s_id, "--trace", trace_path, "--claim", what,
	    (char *)NULL);
	fprintf(stderr, "%s: %s\n", devswd, strerror(errno));
	_exit(126);
}

static bool
start_daemon(const struct hardware *hw)
{

	if (!make_folder())
		return false;
	(void)unlink(trace_path);
	settled = 0;
	daemon_pid = fork();
	if (daemon_pid == 0)
		exec_daemon(hw);
	return daemon_pid > 0;
}

static void
stop_daemon(void)
{
	int status;

	if (daemon_pid <= 0)
		return;
	kill(daemon_pid, SIGTERM);
	for (unsigned ms = 0; ms < LIMIT_MS; ms += 10) {
		if (waitpid(daemon_pid, &status, WNOHANG) != 0) {
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				fprintf(stderr, "devsw-compare: devswd ended "
				    "with status %#x\n", (unsigned)status);
			daemon_pid = -1;
			return;
		}
		pause_ms(10);
	}
	fprintf(stderr, "devsw-compare: devswd does not end\n");
	kill(daemon_pid, SIGKILL);
	daemon_pid = -1;
}

/* The daemon's status, which devswctl prints; NULL: it does not answer. */
static json_t *
daemon_status(void)
{
	struct control_request cr = { .cr_what = CONTROL_STATUS };
	struct control_answer ca;
	struct control co;
	char *text = NULL;
	size_t all = 0, len;
	json_t *status = NULL;
	FILE *out;
	char path[64];
	int error;

	snprintf(path, sizeof(path), CONTROL_FILE, MAJOR_NUMBER);
	if (control_connect(&co, path) != 0)
		return NULL;
	out = open_memstream(&text, &all);
	if (out != NULL) {
		error = control_ask(&co, &cr);
		do {
			if (error == 0)
				error = control_answer(&co, &ca, &len);
			if (error == 0)
				fwrite(ca.ca_text, 1, len, out);
		} while (error == 0 && (ca.ca_flags & CONTROL_MORE) != 0);
		fclose(out);
		if (error == 0)
			status = json_loads(text, 0, NULL);
		free(text);
	}
	control_close(&co);
	return status;
}

static bool
daemon_node(const char *prefix, char *path, size_t size)
{
	json_t *const status = daemon_status(), *node;
	const char *name;
	bool found = false;
	size_t i;

	json_array_foreach(json_object_get(status, "nodes"), i, node) {
		name = json_string_value(json_object_get(node, "name"));
		if (name == NULL ||
		    strncmp(name, prefix, strlen(prefix)) != 0 ||
		    !json_is_true(json_object_get(node, "attached")))
			continue;
		snprintf(path, size, "/dev/%s", name);
		found = access(path, F_OK) == 0;
		if (found)
			break;
	}
	json_decref(status);
	return found;
}

/* ---- any of them ----------------------------------------------------- */

const char *
system_node(const struct hardware *hw, bool dialout, char *path, size_t size)
{
	bool found;

	if (current->s_bit == KERNEL)
		found = hardware_kernel_node(hw, path, size);
	else
		found = daemon_node(is_hid(hw) ? "uhid" :
		    dialout ? "dtyU" : "ttyU", path, size);
	return found ? path : NULL;
}

const char *
system_trace(void)
{

	return current->s_bit == KERNEL ? NULL : trace_path;
}

pid_t
system_pid(void)
{

	return daemon_pid > 0 ? daemon_pid : 0;
}

/*
 * After a close: wait until the driver has had it, and the trace tells so,
 * or the next run would find the end of it in its own part of the trace.
 */
static void
settle(void)
{
	long size = -1, now;

	if (current->s_bit == KERNEL || access(trace_path, F_OK) == -1)
		return;
	for (unsigned ms = 0; ms < LIMIT_MS; ms += SETTLE_MS) {
		now = trace_size(trace_path);
		if (now == size && trace_closed(trace_path, settled))
			break;
		size = now;
		pause_ms(SETTLE_MS);
	}
	settled = trace_size(trace_path);
}

/* Wait until the node can be opened. */
static bool
usable(const struct hardware *hw)
{
	char path[64];
	int fd;

	for (unsigned ms = 0; ms < LIMIT_MS; ms += 5) {
		if (system_node(hw, true, path, sizeof(path)) != NULL) {
			fd = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY |
			    O_CLOEXEC);
			if (fd != -1) {
				close(fd);
				settle();
				return true;
			}
		}
		if (daemon_pid > 0 &&
		    waitpid(daemon_pid, NULL, WNOHANG) == daemon_pid) {
			daemon_pid = -1;
			return false;
		}
		pause_ms(5);
	}
	return false;
}

int
system_start(const struct system *sys, const struct hardware *hw,
    const char *program)
{
	int error;

	current = sys;
	devswd = program;
	error = hardware_plug(hw);
	if (error != 0) {
		fprintf(stderr, "devsw-compare: %s: cannot be plugged: %s\n",
		    hw->h_id, strerror(error));
		return error;
	}
	if (sys->s_bit != KERNEL && !start_daemon(hw))
		return EIO;
	if (usable(hw))
		return 0;
	fprintf(stderr, "devsw-compare: %s: %s has no node for it\n",
	    hw->h_id, sys->s_text);
	if (sys->s_bit != KERNEL)
		system_say_log(stderr);
	system_stop();
	return ENODEV;
}

void
system_stop(void)
{

	if (current != NULL && current->s_bit != KERNEL)
		stop_daemon();
	if (folder[0] != '\0') {
		(void)unlink(log_path);
		(void)unlink(trace_path);
		(void)rmdir(folder);
		folder[0] = '\0';
	}
}

bool
system_repair(const struct hardware *hw)
{

	if (hardware_plug(hw) != 0)
		return false;
	if (usable(hw))
		return true;
	if (current->s_bit == KERNEL)
		return false;
	system_say_log(stderr);
	stop_daemon();
	return start_daemon(hw) && usable(hw);
}

/* The end of what the daemon has said. */
void
system_say_log(FILE *to)
{
	char line[512];
	FILE *const in = fopen(log_path, "re");

	if (in == NULL)
		return;
	(void)fseek(in, -4096, SEEK_END);
	while (fgets(line, sizeof(line), in) != NULL)
		fprintf(to, "  %s", line);
	fclose(in);
}
