/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * right.c - the right of the daemon's user to a device that is claimed for now.
 *
 * Model
 *	devswd as a service is not root, and may open those USB devices that
 *	udev gives to its group, as "devswd --claimed" tells it.  That reads
 *	CONTROL_CLAIMS also, which is written here, by root: whoever can write
 *	there can give the daemon's user any USB device, so it is root's file in
 *	a directory of root's, and has what root has typed, never what a daemon
 *	has answered.  Taking a line out only takes a right away.
 *
 *	Several devswctl take turns (a lock on a file beside it); a reader finds
 *	the old file or the new one.  Then udevd is asked to look at the devices
 *	of this vendor and product again.
 */
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "devswctl/devswctl.h"

#define	UDEVADM_MS	30000	/* for udevd to have looked */
#define	STEP_MS		20

/* The lines of the file into out, but for this one; how many. */
static int
copy_others(const char *line, FILE *out)
{
	FILE *const in = fopen(CONTROL_CLAIMS, "re");
	char *have = NULL;
	size_t size = 0;
	ssize_t len;
	int n = 0;

	if (in == NULL)
		return 0;
	while ((len = getline(&have, &size, in)) > 0) {
		if (have[len - 1] == '\n')
			have[len - 1] = '\0';
		if (strcmp(have, line) == 0)
			continue;
		fprintf(out, "%s\n", have);
		n++;
	}
	free(have);
	fclose(in);
	return n;
}

/* errno; the lock is held. */
static int
write_lines(const char *line, bool add)
{
	static const char new[] = CONTROL_CLAIMS ".new";
	int error = 0, fd, n = 0;
	FILE *out;

	(void)unlink(new);
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd == -1)
		return errno;
	if ((out = fdopen(fd, "w")) == NULL) {
		error = errno;
		close(fd);
	} else {
		n = copy_others(line, out);
		if (add)
			n += fprintf(out, "%s\n", line) > 0;
		if (fchmod(fd, 0644) == -1 || fflush(out) != 0)
			error = errno;
		else if (ferror(out))	/* full before, and no longer */
			error = ENOSPC;
		if (fclose(out) != 0 && error == 0)
			error = errno;
		if (error == 0 && n > 0)
			error = rename(new, CONTROL_CLAIMS) == -1 ? errno : 0;
		else if (error == 0)
			(void)unlink(CONTROL_CLAIMS);
	}
	if (error != 0 || n == 0)
		(void)unlink(new);
	return error;
}

/* errno */
static int
edit(const char *line, bool add)
{
	int error, fd;

	fd = open(CONTROL_CLAIMS ".lock", O_RDWR | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (fd == -1)
		return errno;
	error = flock(fd, LOCK_EX) == -1 ? errno : write_lines(line, add);
	close(fd);
	return error;
}

/* The child's exit status, or -1: it did not come to an end, and is none. */
static int
await(pid_t child)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };
	int status;

	for (int ms = 0; ms < UDEVADM_MS; ms += STEP_MS) {
		if (waitpid(child, &status, WNOHANG) == child)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		(void)nanosleep(&step, NULL);
	}
	(void)kill(child, SIGKILL);
	(void)waitpid(child, &status, 0);
	return -1;
}

/* Have udevd look at the devices that may be meant; complains. */
static void
look_again(const char *claim)
{
	static char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char vendor[32], product[32];
	unsigned vid, pid;
	pid_t child;

	if (sscanf(claim, "%4x:%4x", &vid, &pid) != 2)
		return;
	snprintf(vendor, sizeof(vendor), "--attr-match=idVendor=%04x", vid);
	snprintf(product, sizeof(product), "--attr-match=idProduct=%04x", pid);
	fflush(stdout);
	/* Were it ignored, as somebody may have left it, no child would tell. */
	(void)signal(SIGCHLD, SIG_DFL);
	child = fork();
	if (child == 0) {
		char *const argv[] = { "udevadm", "trigger", "--settle",
		    "--action=change", "--subsystem-match=usb", vendor,
		    product, NULL };

		(void)execve("/usr/bin/udevadm", argv, environment);
		(void)execve("/bin/udevadm", argv, environment);
		_exit(127);
	}
	if (child == -1 || await(child) != 0)
		complain("udevd could not be asked to look at %.9s again "
		    "(udevadm trigger)", claim);
}

/* root needs no right of udev's. */
static bool
is_roots(const char *path)
{
	struct stat st;

	return lstat(path, &st) == -1 || st.st_uid == 0;
}

int
right_give(const char *path, const char *claim)
{
	int error;

	if (is_roots(path))
		return 0;
	error = edit(claim, true);
	if (error == 0)
		look_again(claim);
	return error;
}

void
right_take(const char *path, const char *claim)
{
	int error;

	if (is_roots(path) || access(CONTROL_CLAIMS, F_OK) == -1)
		return;
	error = edit(claim, false);
	if (error != 0)
		complain("%s: %s; devswd's right to the device stays",
		    CONTROL_CLAIMS, strerror(error));
	else
		look_again(claim);
}
