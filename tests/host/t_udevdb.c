/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_udevdb.c - what is written for udevd's rules: whole files or none, no
 * name that leads elsewhere, and nothing left of a daemon that is gone.
 */
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/udevdb.h"
#include "host/usbsys.h"
#include "h_test.h"

static char top[] = "/tmp/t_udevdb.XXXXXX";
static char run[64], class[64], data[64], usb[64];

static const struct host_hardware gps = {
	"1-1.4", 0, "uftdi0", "gps", 0
};

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{

	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void
end(void)
{

	host_udevdb_close();
	(void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new place, in which ttyU0 is a device. */
static void
begin(void)
{
	char path[128];

	end();
	T_EQ(mkdir(top, 0755), 0);
	snprintf(run, sizeof(run), "%s/run", top);
	snprintf(class, sizeof(class), "%s/class", top);
	T_EQ(mkdir(class, 0755), 0);
	snprintf(path, sizeof(path), "%s/ttyU0", class);
	T_EQ(mkdir(path, 0755), 0);
	snprintf(data, sizeof(data), "%s/data", top);
	T_EQ(mkdir(data, 0755), 0);
	host_udevdb_root(run, class, data);
}

static const char *
in_run(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", run, name);
	return path;
}

static int
there(const char *name)
{
	struct stat st;

	return lstat(in_run(name), &st) == 0;
}

static const char *
text_of(const char *path)
{
	static char buf[1024];
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY);
	if (fd == -1)
		return NULL;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

static void
put(const char *path, const char *text)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	T_CHECK(fd != -1);
	T_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void
test_set(void)
{
	struct stat st;

	begin();
	T_EQ(umask(077), 022);
	T_EQ(host_udevdb_open(), 0);
	T_EQ(host_udevdb_set("ttyU0", &gps), 0);
	(void)umask(022);
	T_CHECK(strcmp(text_of(in_run("udev/ttyU0")), "PLACE=1-1.4\n"
	    "INTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n") == 0);
	T_EQ(stat(in_run("udev/ttyU0"), &st), 0);
	T_EQ(st.st_mode & 07777, 0644);
	T_EQ(host_udevdb_set("ttyU0", NULL), 0);
	T_CHECK(strcmp(text_of(in_run("udev/ttyU0")), "") == 0);
	host_udevdb_unset("ttyU0");
	T_CHECK(!there("udev/ttyU0"));
	host_udevdb_unset("ttyU0");
	end();
}

static void
test_names(void)
{
	static const char *const bads[] = { "", ".", "..", "../ttyU0", ".new",
	    "a/b", "/etc/x", "0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789" };
	size_t i;

	begin();
	T_EQ(host_udevdb_open(), 0);
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		T_EQ(host_udevdb_set(bads[i], &gps), EINVAL);
		T_EQ(host_udevdb_tell(bads[i]), EINVAL);
	}
	end();
}

/* EFBIG for ENOSPC: what was true before must not stay. */
static void
test_full(void)
{
	struct rlimit none = { 0, 0 }, old;

	begin();
	T_EQ(host_udevdb_open(), 0);
	T_EQ(host_udevdb_set("ttyU0", &gps), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	T_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	none.rlim_max = old.rlim_max;
	T_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
	T_EQ(host_udevdb_set("ttyU0", &gps), EFBIG);
	T_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	T_CHECK(!there("udev/ttyU0"));
	T_CHECK(!there("udev/.new"));
	end();
}

static void
test_stale(void)
{

	begin();
	T_EQ(mkdir(run, 0755), 0);
	T_EQ(mkdir(in_run("udev"), 0755), 0);
	put(in_run("udev/ttyU0"), "");
	put(in_run("udev/ttyU1"), "");
	put(in_run("udev/.new"), "");
	T_EQ(host_udevdb_open(), 0);
	T_CHECK(there("udev/ttyU0"));
	T_CHECK(!there("udev/ttyU1"));
	T_CHECK(!there("udev/.new"));
	end();
}

/* Somebody else's folder, or one that leads elsewhere, is none. */
static void
test_folders(void)
{

	begin();
	T_EQ(mkdir(run, 0755), 0);
	T_EQ(symlink(class, in_run("udev")), 0);
	T_CHECK(host_udevdb_open() != 0);
	T_CHECK(there("../class/ttyU0"));
	T_EQ(unlink(in_run("udev")), 0);
	T_EQ(chmod(run, 0777), 0);
	T_EQ(host_udevdb_open(), EPERM);
	T_CHECK(host_udevdb_set("ttyU0", &gps) != 0);
	T_EQ(host_udevdb_known("1-1"), 0);
	T_EQ(chmod(run, 0755), 0);
	T_EQ(host_udevdb_open(), 0);
	end();
}

/*
 * For its uevent, as for its strings, the kernel would wait for the device:
 * who opens one of these waits here.
 */
static void
test_known(void)
{
	static const char *const held[] = { "uevent", "serial" };
	char path[128];

	begin();
	snprintf(usb, sizeof(usb), "%s/usb", top);
	usbsys_root(usb);
	T_EQ(host_udevdb_known("1-1"), 0);
	T_EQ(mkdir(usb, 0755), 0);
	snprintf(path, sizeof(path), "%s/devices", usb);
	T_EQ(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/devices/1-1", usb);
	T_EQ(mkdir(path, 0755), 0);
	for (unsigned i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/devices/1-1/%s", usb, held[i]);
		T_EQ(mkfifo(path, 0644), 0);
	}
	T_EQ(host_udevdb_known("1-1"), 0);
	snprintf(path, sizeof(path), "%s/devices/1-1/dev", usb);
	put(path, "189:5\n");
	T_EQ(host_udevdb_known("1-1"), 0);
	snprintf(path, sizeof(path), "%s/c189:5", data);
	put(path, "I:1\n");
	T_EQ(host_udevdb_known("1-1"), 1);
	T_EQ(host_udevdb_known("../1-1"), 0);
	snprintf(path, sizeof(path), "%s/devices/1-1/dev", usb);
	put(path, "../c189:5\n");
	T_EQ(host_udevdb_known("1-1"), 0);
	end();
}

static void
test_tell(void)
{
	char path[128];

	begin();
	T_EQ(host_udevdb_open(), 0);
	T_EQ(host_udevdb_tell("ttyU9"), ENOENT);
	snprintf(path, sizeof(path), "%s/ttyU0/uevent", class);
	put(path, "");
	T_EQ(host_udevdb_tell("ttyU0"), 0);
	T_CHECK(strcmp(text_of(path), "change " UDEVDB_UUID) == 0);
	end();
}

const struct t_case t_cases[] = {
	{ "a node's hardware is a file that udevd can read", test_set },
	{ "names that lead elsewhere are refused", test_names },
	{ "no room: nothing is said, not what was", test_full },
	{ "what a daemon that is gone has left is taken away", test_stale },
	{ "a folder that others can write to is refused", test_folders },
	{ "what udevd knows is found without asking the device", test_known },
	{ "udevd is woken by the node's uevent file", test_tell },
	{ NULL, NULL },
};

__attribute__((constructor))
static void
make_top(void)
{

	if (mkdtemp(top) == NULL || rmdir(top) == -1)
		abort();
}
