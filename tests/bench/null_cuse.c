/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * null_cuse.c - the least that a CUSE device can be: what devsw is measured
 * against.
 *
 *	null_cuse NAME
 *
 * One device, one thread, plain libfuse, one blocking read of /dev/cuse and
 * one answer for each request: reads are full of zeros, writes swallowed.  No
 * request can wait, no signal is passed on.  Prints "ready" when the node is
 * there and runs until it is killed.
 */
#define	FUSE_USE_VERSION	314
#include <cuse_lowlevel.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define	NULL_MAJOR	121

static char zeros[128 * 1024];

static void
null_open(fuse_req_t req, struct fuse_file_info *fi)
{

	fuse_reply_open(req, fi);
}

static void
null_read(fuse_req_t req, size_t size, off_t off, struct fuse_file_info *fi)
{

	(void)off;
	(void)fi;
	fuse_reply_buf(req, zeros, size);
}

static void
null_write(fuse_req_t req, const char *buf, size_t size, off_t off,
    struct fuse_file_info *fi)
{

	(void)buf;
	(void)off;
	(void)fi;
	fuse_reply_write(req, size);
}

static void
null_init_done(void *arg)
{

	(void)arg;
	printf("ready\n");
	fflush(stdout);
}

static const struct cuse_lowlevel_ops null_ops = {
	.init_done = null_init_done,
	.open = null_open,
	.read = null_read,
	.write = null_write,
};

/*
 * Have memory behind every page: what was never written is the kernel's one
 * page of zeros, which it is slow to copy from.
 */
static void
null_touch(void)
{
	volatile char *p = zeros;

	for (size_t i = 0; i < sizeof(zeros); i += 4096)
		p[i] = 0;
}

static struct fuse_session *
null_session(const char *name)
{
	char devname[256], argv0[] = "null_cuse", path[32];
	const char *info[] = { devname };
	char *argv[] = { argv0, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	const struct cuse_info ci = {
		.dev_major = NULL_MAJOR,
		.dev_info_argc = 1,
		.dev_info_argv = info,
		.flags = CUSE_UNRESTRICTED_IOCTL,
	};
	struct fuse_session *se;
	int fd;

	snprintf(devname, sizeof(devname), "DEVNAME=%s", name);
	se = cuse_lowlevel_new(&args, &ci, &null_ops, NULL);
	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (se == NULL || fd == -1) {
		fprintf(stderr, "null_cuse: /dev/cuse: %s\n", strerror(errno));
		exit(1);
	}
	snprintf(path, sizeof(path), "/dev/fd/%d", fd);
	if (fuse_session_mount(se, path) != 0)
		exit(1);
	return se;
}

int
main(int argc, char **argv)
{
	struct fuse_session *se;
	int error;

	if (argc != 2) {
		fprintf(stderr, "usage: null_cuse NAME\n");
		return 2;
	}
	null_touch();
	se = null_session(argv[1]);
	error = fuse_session_loop(se);
	fuse_session_destroy(se);
	return error != 0;
}
