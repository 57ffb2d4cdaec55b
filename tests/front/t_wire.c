/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_wire.c - what the front end says to the kernel, message by message.
 */
#undef NDEBUG
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_front.h"
#include "hyp/hyp.h"

#define	PATHLEN	64		/* of a node in a directory of the test */

static void
init_tells_name_number_and_limits(void)
{
	unsigned major, minor, max_write, flags;
	char name[64];

	front_up(0);
	kern_init_answer(kern, name, sizeof(name), &major, &minor, &max_write,
	    &flags);
	T_CHECK(strcmp(name, "DEVNAME=ttyX0") == 0);
	T_EQ(major, 120);
	T_EQ(minor, 7);
	T_EQ(max_write, 128 * 1024);
	T_EQ(flags, CUSE_UNRESTRICTED_IOCTL);
	front_down();
}

static void
open_read_write_release(void)
{
	struct fuse_write_out wout;
	struct kern_reply r;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	T_EQ(hk.flags, HYP_F_READ | HYP_F_WRITE);
	hk_feed(node, 5);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 100, 0, 0), &r), 0);
	T_EQ(r.kr_len, 5);
	T_CHECK(memcmp(r.kr_data, "rrrrr", 5) == 0);
	T_EQ(hk.len, 100);
	T_EQ(hk.flags, 0);
	T_EQ(kern_wait(kern, kern_write(kern, fh, "hello", 5, 0, O_NONBLOCK),
	    &r), 0);
	memcpy(&wout, r.kr_data, sizeof(wout));
	T_EQ(wout.size, 5);
	T_EQ(hk.flags, HYP_F_NONBLOCK);
	T_EQ(hk.closes, 0);
	kern_released(kern, fh);
	front_down();
	T_EQ(hk.opens, 1);
}

/*
 * O_NONBLOCK at a close is what fcntl(2) has made of it: NetBSD's vn_close
 * takes the file's flags as they are then, and so does Linux's RELEASE.
 */
static void
close_is_told_of_nonblock(void)
{
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	T_EQ(kern_wait(kern, kern_release_flags(kern, fh, O_RDWR | O_NONBLOCK),
	    NULL), 0);
	T_EQ(hk.closeflags, HYP_F_NONBLOCK);
	fh = kern_opened(kern, O_RDWR | O_NONBLOCK);
	T_EQ(kern_wait(kern, kern_release_flags(kern, fh, O_RDWR), NULL), 0);
	T_EQ(hk.closeflags, 0);
	front_down();
}

/*
 * On a tty Linux sends what was written before a close, whatever the flag, and
 * programs such as pyserial rely on that; --defaults bsd is BSD's word.
 */
static void
close_of_a_tty_is_as_linux_has_it(void)
{
	struct front_config fc;
	uint64_t fh;

	for (int bsd = 0; bsd < 2; bsd++) {
		memset(&fc, 0, sizeof(fc));
		fc.tty_nonblock_close = bsd != 0;
		front_begin(&fc);
		node = hk_node();
		T_EQ(hyp_node_create(node, "ttyX0", HYP_NODE_TTY, 7,
		    &nodehost), 0);
		kern = kern_last();
		fh = kern_opened(kern, O_RDWR | O_NONBLOCK);
		T_EQ(kern_wait(kern, kern_release_flags(kern, fh,
		    O_RDWR | O_NONBLOCK), NULL), 0);
		T_EQ(hk.closeflags, bsd ? HYP_F_NONBLOCK : 0);
		front_down();
	}
}

static void
open_flags_and_errors(void)
{
	struct kern_reply r;

	front_up(0);
	kern_released(kern, kern_opened(kern, O_RDONLY | O_NONBLOCK));
	T_EQ(hk.flags, HYP_F_READ | HYP_F_NONBLOCK);
	kern_released(kern, kern_opened(kern, O_WRONLY));
	T_EQ(hk.flags, HYP_F_WRITE);
	kern_released(kern, kern_opened(kern, O_ACCMODE));
	T_EQ(hk.flags, HYP_F_READ | HYP_F_WRITE);
	hk.error = ENXIO;
	T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), &r), ENXIO);
	T_EQ(r.kr_len, 0);
	hk.error = 0;
	front_down();
	T_EQ(hk.opens, 3);
}

/* The opener's are kept, whoever uses the file later. */
static void
credentials_are_the_openers(void)
{
	gid_t groups[1000];
	uint64_t fh;
	int n;

	n = getgroups(1000, groups);
	T_CHECK(n >= 0);
	front_up(0);
	kern_as(kern, 1000, 100, (unsigned)getpid());
	fh = kern_opened(kern, O_RDWR);
	T_EQ(hk.uid, 1000);
	T_EQ(hk.gid, 100);
	T_EQ(hk.pid, getpid());
	T_EQ(hk.ngroups, (unsigned)(n < HYP_NGROUPS ? n : HYP_NGROUPS));
	kern_as(kern, 0, 0, 0);
	hk_feed(node, 1);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 1, 0, 0), NULL), 0);
	T_EQ(hk.uid, 1000);
	T_EQ(hk.pid, getpid());
	kern_released(kern, fh);
	/* Nobody of that number: no groups, and no failure either. */
	kern_as(kern, 7, 8, 0x3fffffff);
	kern_released(kern, kern_opened(kern, O_RDONLY));
	T_EQ(hk.ngroups, 0);
	front_down();
}

static void
later_pieces_of_a_read_do_not_wait(void)
{
	struct kern_reply r;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 131072, 131072, 0), &r),
	    EAGAIN);
	T_EQ(hk.flags, HYP_F_CONT);
	T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 131072, 0), &r), 0);
	T_EQ(hk.flags, HYP_F_CONT);
	kern_released(kern, fh);
	front_down();
}

static void
largest_read_and_write(void)
{
	char *data = calloc(1, 131072);
	struct kern_reply r;
	uint64_t fh;

	assert(data != NULL);
	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk_feed(node, 200000);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 131072, 0, 0), &r), 0);
	T_EQ(r.kr_len, 131072);
	T_EQ(r.kr_data[255], 'r');
	T_EQ(kern_wait(kern, kern_write(kern, fh, data, 131072, 0, 0), &r), 0);
	T_EQ(hk.len, 131072);
	/* More than the kernel ever asks for: less is right, more is not. */
	T_EQ(kern_wait(kern, kern_read(kern, fh, 1 << 20, 0, 0), &r), 0);
	T_EQ(r.kr_len, 200000 - 131072);
	T_EQ(hk.len, 131072);
	kern_released(kern, fh);
	front_down();
	free(data);
}

static void
answer_is_never_longer_than_asked(void)
{
	struct kern_reply r;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.read_mode = HK_OVERRUN;
	hk_feed(node, 100);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 10, 0, 0), &r), EIO);
	T_EQ(r.kr_len, 0);
	hk.write_mode = HK_OVERRUN;
	T_EQ(kern_wait(kern, kern_write(kern, fh, "abc", 3, 0, 0), &r), EIO);
	T_EQ(r.kr_len, 0);
	/* An error is the answer, and not what was moved before. */
	hk.error = ENOSPC;
	T_EQ(kern_wait(kern, kern_write(kern, fh, "abc", 3, 0, 0), &r),
	    ENOSPC);
	hk.error = 0;
	kern_released(kern, fh);
	front_down();
}

static void
errno_is_clamped(void)
{
	static const struct {
		int k, client;
	} e[] = {
		{ 600, EIO }, { -1, EIO }, { -3, EIO }, { 134, EIO },
		{ 512, EIO }, { 1000, EIO }, { ENOSYS, EOPNOTSUPP },
		{ 133, 133 }, { EIO, EIO }, { ENOTTY, ENOTTY },
	};
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	for (size_t i = 0; i < sizeof(e) / sizeof(e[0]); i++) {
		hk.error = e[i].k;
		T_EQ(kern_wait(kern, kern_open(kern, O_RDWR), NULL),
		    e[i].client);
		T_EQ(kern_wait(kern, kern_read(kern, fh, 1, 0, 0), NULL),
		    e[i].client);
		T_EQ(kern_wait(kern, kern_write(kern, fh, "x", 1, 0, 0),
		    NULL), e[i].client);
		T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_FLUSH, 0, 0,
		    NULL, 0, 0), NULL), e[i].client);
		T_EQ(kern_wait(kern, kern_poll(kern, fh, POLLIN, 0), NULL),
		    0);
	}
	hk.error = 0;
	kern_released(kern, fh);
	front_down();
}

/* ---- ioctl ---------------------------------------------------------- */

static void
expect_retry_at(struct kern *k, uint64_t unique, uint64_t arg, size_t in,
    uint64_t outarg, size_t out)
{
	struct fuse_ioctl_iovec iov;
	struct fuse_ioctl_out o;
	struct kern_reply r;

	T_EQ(kern_wait(k, unique, &r), 0);
	memcpy(&o, r.kr_data, sizeof(o));
	T_EQ(o.flags, FUSE_IOCTL_RETRY);
	T_EQ(o.in_iovs, in != 0);
	T_EQ(o.out_iovs, out != 0);
	T_EQ(r.kr_len, sizeof(o) + (o.in_iovs + o.out_iovs) * sizeof(iov));
	for (unsigned i = 0; i < o.in_iovs + o.out_iovs; i++) {
		memcpy(&iov, r.kr_data + sizeof(o) + i * sizeof(iov),
		    sizeof(iov));
		T_EQ(iov.base, i < o.in_iovs ? arg : outarg);
		T_EQ(iov.len, i < o.in_iovs ? in : out);
	}
}

static void
expect_retry(struct kern *k, uint64_t unique, uint64_t arg, size_t in,
    size_t out)
{

	expect_retry_at(k, unique, arg, in, arg, out);
}

static void
ioctl_takes_two_rounds(void)
{
	struct fuse_ioctl_out o;
	struct kern_reply r;
	char data[HK_SIZE];
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	memset(data, 'd', sizeof(data));

	expect_retry(kern, kern_ioctl(kern, fh, HK_GET, 0x1234, 0, NULL, 0,
	    0), 0x1234, 0, HK_SIZE);
	T_EQ(hk.ioctls, 0);
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_GET, 0x1234, 0, NULL, 0,
	    HK_SIZE), &r), 0);
	T_EQ(hk.arg, 0x1234);
	memcpy(&o, r.kr_data, sizeof(o));
	T_EQ(o.result, 0);
	T_EQ(o.flags, 0);
	T_EQ(r.kr_len, sizeof(o) + HK_SIZE);
	T_EQ(r.kr_data[sizeof(o)], 'g');

	expect_retry(kern, kern_ioctl(kern, fh, HK_SET, 99, FUSE_IOCTL_COMPAT,
	    NULL, 0, 0), 99, HK_SIZE, 0);
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_SET, 99,
	    FUSE_IOCTL_COMPAT, data, HK_SIZE, 0), &r), 0);
	T_EQ(r.kr_len, sizeof(o));

	/* The sign bit of the command's int is no sign. */
	expect_retry(kern, kern_ioctl(kern, fh, HK_SWAP, 5, 0, NULL, 0, 0),
	    5, 8, 8);
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_SWAP, 5, 0, data, 8, 8),
	    &r), 0);
	T_EQ(r.kr_data[sizeof(o)], 'e');

	/* A number: one round. */
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_FLUSH, 2, 0, NULL, 0,
	    0), &r), 0);
	T_EQ(hk.arg, 2);
	T_EQ(hk.ioctls, 4);
	kern_released(kern, fh);
	front_down();
}

/*
 * What is not the answer is not asked for, and not written back.  The length
 * counts that comes with the bytes: what it was a round before nobody knows.
 */
static void
ioctl_writes_only_what_it_has_to_say(void)
{
	static const uint32_t lens[] = { 0, 1, 5, HK_PARTMAX - 1, HK_PARTMAX,
	    HK_PARTMAX + 1, 0xffffffff };
	struct fuse_ioctl_out o;
	struct kern_reply r;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	expect_retry_at(kern, kern_ioctl(kern, fh, HK_PART, 0x1000, 0, NULL,
	    0, 0), 0x1000, 4, 0x1004, HK_PARTMAX);
	T_EQ(hk.ioctls, 0);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_PART, 0x1000, 0,
		    &lens[i], 4, HK_PARTMAX), &r), 0);
		T_EQ(r.kr_len, sizeof(o) + (lens[i] < HK_PARTMAX ? lens[i] :
		    HK_PARTMAX));
	}
	/* Not even a driver's mistake writes more than there is room for. */
	hk.ioctl_mode = HK_OVERRUN;
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_PART, 0x1000, 0,
	    &lens[1], 4, HK_PARTMAX), &r), EIO);
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, HK_GET, 0x1000, 0, NULL, 0,
	    HK_SIZE), &r), EIO);
	T_EQ(r.kr_len, 0);
	kern_released(kern, fh);
	front_down();
}

static void
ioctl_sizes_are_checked_again(void)
{
	static const struct {
		unsigned cmd;
		size_t in, out;
	} bad[] = {
		{ HK_GET, 0, HK_SIZE - 1 }, { HK_GET, 0, HK_SIZE + 1 },
		{ HK_GET, 1, HK_SIZE }, { HK_SET, HK_SIZE - 1, 0 },
		{ HK_SET, HK_SIZE + 1, 0 }, { HK_SET, HK_SIZE, 1 },
		{ HK_SWAP, 8, 0 }, { HK_SWAP, 0, 8 }, { HK_FLUSH, 1, 0 },
		{ HK_FLUSH, 0, 1 }, { HK_PART, 4, HK_PARTMAX - 1 },
		{ HK_PART, 4, HK_PARTMAX + 1 }, { HK_PART, 0, HK_PARTMAX },
		{ HK_PART, 8, HK_PARTMAX }, { HK_PART, 4, 0 },
	};
	char data[HK_SIZE + 1];
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	memset(data, 0, sizeof(data));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		T_EQ(kern_wait(kern, kern_ioctl(kern, fh, bad[i].cmd, 1, 0,
		    data, bad[i].in, bad[i].out), NULL), EIO);
	T_EQ(kern_wait(kern, kern_ioctl(kern, fh, 0x80041234, 1, 0, NULL, 0,
	    0), NULL), ENOTTY);
	T_EQ(hk.ioctls, 0);
	kern_released(kern, fh);
	front_down();
}

/* ---- poll ----------------------------------------------------------- */

static unsigned
revents(struct kern *k, uint64_t unique)
{
	struct fuse_poll_out out;
	struct kern_reply r;

	T_EQ(kern_wait(k, unique, &r), 0);
	memcpy(&out, r.kr_data, sizeof(out));
	return out.revents;
}

static void
poll_tells_and_notifies_once(void)
{
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	T_EQ(revents(kern, kern_poll(kern, fh, POLLIN, 0)), 0);
	hk_feed(node, 1);		/* nobody waits */
	T_EQ(revents(kern, kern_poll(kern, fh, POLLIN | POLLOUT, 0)),
	    POLLIN | POLLOUT);
	T_EQ(kern_wait(kern, kern_read(kern, fh, 10, 0, 0), NULL), 0);
	T_EQ(kern_notified(kern), 0);

	T_EQ(revents(kern, kern_poll(kern, fh, POLLIN, 1)), 0);
	T_EQ(revents(kern, kern_poll(kern, fh, POLLIN, 1)), 0);
	hk_feed(node, 1);
	kern_wait_notified(kern, 1);
	hk_feed(node, 1);		/* told already, and not asked since */
	hk_wake_all(node);
	T_EQ(revents(kern, kern_poll(kern, fh, POLLIN, 1)), POLLIN);
	T_EQ(kern_notified(kern), 1);
	hk_wake_all(node);
	kern_wait_notified(kern, 2);
	kern_released(kern, fh);
	front_down();
}

/* What happens between the look and the answer is not lost. */
static void
poll_notify_may_come_before_the_answer(void)
{
	unsigned n = 1;
	uint64_t fh, u;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	hk.poll_mode = HK_DEAF;
	u = kern_poll(kern, fh, POLLIN, 1);
	T_UNTIL(hk_asleep, &n);
	hk_wake_all(node);
	kern_wait_notified(kern, 1);
	T_EQ(kern_done(kern, u), 0);
	hk_release();
	T_EQ(revents(kern, u), 0);
	hk.poll_mode = HK_NORMAL;
	kern_released(kern, fh);
	front_down();
}

/* The close still runs in K, the client is gone: a wake-up is harmless. */
static void
poll_notify_after_release(void)
{
	unsigned n = 1;
	uint64_t fh;

	front_up(0);
	fh = kern_opened(kern, O_RDWR);
	T_EQ(revents(kern, kern_poll(kern, fh, POLLIN, 1)), 0);
	hk.close_mode = HK_DEAF;
	kern_released(kern, fh);
	T_UNTIL(hk_asleep, &n);
	hk_wake_all(node);
	kern_wait_notified(kern, 1);
	hk_release();
	T_UNTIL(front_all_closed, NULL);
	hk_wake_all(node);
	T_EQ(kern_notified(kern), 1);
	front_down();
}

/* ---- access --------------------------------------------------------- */

static int
access_as(unsigned uid, unsigned gid, unsigned ngroups, uint32_t *groups,
    int flags)
{
	const struct hyp_cred cred = {
		.hc_uid = uid, .hc_gid = gid, .hc_ngroups = ngroups,
		.hc_groups = groups,
	};

	return hyp_node_access(nodehost, &cred, flags);
}

static void
access_is_owner_then_group_then_others(void)
{
	const int rw = HYP_F_READ | HYP_F_WRITE;
	char dir[] = "/tmp/t_wire.XXXXXX", path[PATHLEN];
	struct front_config fc;
	uint32_t groups[2];
	unsigned uid, gid;
	int fd;

	T_CHECK(mkdtemp(dir) != NULL);
	memset(&fc, 0, sizeof(fc));
	fc.devdir = dir;
	front_up_with(&fc);
	/* It never was there: what the kernel has said stands. */
	T_EQ(access_as(1, 1, 0, NULL, rw), 0);

	strcpy(path, dir);
	strcat(path, "/ttyX0");
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	T_CHECK(fd != -1);
	uid = getuid() != 0 ? getuid() : 1000;
	gid = getuid() != 0 ? getgid() : 1000;
	T_EQ(fchown(fd, uid, gid), 0);
	groups[0] = gid + 5;
	groups[1] = gid;

	T_EQ(fchmod(fd, 0640), 0);
	T_EQ(access_as(uid, gid, 0, NULL, rw), 0);
	T_EQ(access_as(uid + 1, gid, 0, NULL, HYP_F_READ), 0);
	T_EQ(access_as(uid + 1, gid, 0, NULL, rw), EACCES);
	T_EQ(access_as(uid + 1, gid + 1, 2, groups, HYP_F_READ), 0);
	T_EQ(access_as(uid + 1, gid + 1, 1, groups, HYP_F_READ), EACCES);
	T_EQ(access_as(0, 0, 0, NULL, rw), 0);
	/* The owner's bits count for the owner, though others may. */
	T_EQ(fchmod(fd, 0066), 0);
	T_EQ(access_as(uid, gid, 0, NULL, HYP_F_READ), EACCES);
	T_EQ(access_as(uid + 1, gid, 0, NULL, rw), 0);
	T_EQ(access_as(uid + 1, gid + 1, 0, NULL, rw), 0);
	T_EQ(access_as(0, 0, 0, NULL, rw), 0);

	close(fd);
	unlink(path);
	rmdir(dir);
	front_down();
}

/* A directory for a node, and the node's path in it. */
static void
access_up(char *dir, char *path, struct front_config *fc, mode_t mode)
{
	int fd;

	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, PATHLEN, "%s/ttyX0", dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, mode);
	T_CHECK(fd != -1);
	T_EQ(fchmod(fd, mode), 0);
	close(fd);
	memset(fc, 0, sizeof(*fc));
	fc->devdir = dir;
	front_up_with(fc);
}

static void
access_down(const char *dir, const char *path)
{

	T_EQ(unlink(path), 0);
	T_EQ(access_as(getuid() + 1, 7, 0, NULL, 0), ENOENT);
	T_EQ(rmdir(dir), 0);
	front_down();
}

/* As setfacl(1) would write it. */
struct aclent {
	uint16_t tag, perm;
	uint32_t id;
};

static void
access_follows_the_acl(void)
{
	const int rw = HYP_F_READ | HYP_F_WRITE;
	char dir[] = "/tmp/t_wire.XXXXXX", path[PATHLEN];
	const uid_t me = getuid();
	const uint32_t seat = me + 5, mod = me + 6;
	struct front_config fc;
	uint32_t groups[2] = { 7777, 7778 };
	struct {
		uint32_t version;
		struct aclent e[8];
	} acl = { 2, {
		{ 0x01, 6, ~0u },		/* user:: */
		{ 0x02, 6, seat },		/* user:seat: */
		{ 0x02, 4, mod },
		{ 0x04, 0, ~0u },		/* group:: */
		{ 0x08, 4, 7777 },
		{ 0x08, 2, 7778 },
		{ 0x10, 6, ~0u },		/* mask:: */
		{ 0x20, 6, ~0u },		/* other:: */
	} };

	access_up(dir, path, &fc, 0660);
	if (setxattr(path, "system.posix_acl_access", &acl, sizeof(acl),
	    0) != 0) {
		T_EQ(errno, ENOTSUP);
		t_note("no ACLs in /tmp");
		access_down(dir, path);
		return;
	}
	/* A named user, the one entry that counts for him. */
	T_EQ(access_as(seat, 1, 0, NULL, rw), 0);
	T_EQ(access_as(mod, 1, 0, NULL, HYP_F_READ), 0);
	T_EQ(access_as(mod, 1, 1, groups, rw), EACCES);
	/* Groups: one entry has to give everything; others are others. */
	T_EQ(access_as(me + 9, 1, 1, groups, HYP_F_READ), 0);
	T_EQ(access_as(me + 9, 1, 2, groups, HYP_F_WRITE), 0);
	T_EQ(access_as(me + 9, 1, 2, groups, rw), EACCES);
	T_EQ(access_as(me + 9, 1, 0, NULL, rw), 0);
	/* The mask, which chmod sets, takes away. */
	T_EQ(chmod(path, 0646), 0);
	T_EQ(access_as(seat, 1, 0, NULL, HYP_F_READ), 0);
	T_EQ(access_as(seat, 1, 0, NULL, rw), EACCES);
	T_EQ(access_as(me + 9, 1, 2, groups, HYP_F_WRITE), EACCES);
	T_EQ(access_as(me + 9, 1, 0, NULL, rw), 0);
	access_down(dir, path);
}

/*
 * pid = child_as(ngroups, groups, caps)
 *
 *	A process that has given root up, but for these groups and
 *	capabilities, and waits.  A case that fails leaves it behind: so it
 *	has nothing of ours open, as who reads our output waits for all who
 *	have it, and ends with us at the latest.
 */
static pid_t
child_as(size_t ngroups, const gid_t *groups, uint32_t caps)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { caps, caps, 0 }, { 0, 0, 0 } };
	const pid_t parent = getpid();
	int ready[2];
	char c = 0;
	pid_t pid;

	T_EQ(pipe(ready), 0);
	pid = fork();
	T_CHECK(pid != -1);
	if (pid == 0) {
		/* Last what would be taken back by a change of the user. */
		if (setgroups(ngroups, groups) != 0 || setgid(12345) != 0 ||
		    prctl(PR_SET_KEEPCAPS, 1) != 0 || setuid(12345) != 0 ||
		    syscall(SYS_capset, &h, d) != 0 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
		    getppid() != parent || write(ready[1], &c, 1) != 1)
			_exit(1);
		(void)close_range(0, ~0U, 0);
		for (;;)
			pause();
	}
	close(ready[1]);	/* a child that fails is an end of file */
	T_EQ(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
child_end(pid_t pid)
{

	kill(pid, SIGKILL);
	T_EQ(waitpid(pid, NULL, 0), pid);
}

static int
access_by(pid_t pid, int flags)
{
	const struct hyp_cred cred = {
		.hc_uid = 12345, .hc_gid = 12345, .hc_pid = pid,
	};

	return hyp_node_access(nodehost, &cred, flags);
}

static void
access_with_capabilities(void)
{
	const int rw = HYP_F_READ | HYP_F_WRITE;
	char dir[] = "/tmp/t_wire.XXXXXX", path[PATHLEN];
	struct front_config fc;
	pid_t none, all, reads;

	if (getuid() != 0) {
		t_note("only root can give capabilities away");
		return;
	}
	none = child_as(0, NULL, 0);
	all = child_as(0, NULL, 1u << CAP_DAC_OVERRIDE);
	reads = child_as(0, NULL, 1u << CAP_DAC_READ_SEARCH);
	access_up(dir, path, &fc, 0600);
	T_EQ(access_by(none, HYP_F_READ), EACCES);
	T_EQ(access_by(all, rw), 0);
	T_EQ(access_by(reads, HYP_F_READ), 0);
	T_EQ(access_by(reads, rw), EACCES);
	T_EQ(access_by(0, HYP_F_READ), EACCES);
	child_end(none);
	child_end(all);
	child_end(reads);
	T_EQ(access_by(all, rw), EACCES);
	access_down(dir, path);
}

#define	MANY	1000

/*
 * A file keeps HYP_NGROUPS of its opener's groups, whatever their number; a
 * node's is looked for in all of them, as the kernel does.
 */
static void
access_by_the_last_of_many_groups(void)
{
	char dir[] = "/tmp/t_wire.XXXXXX", path[PATHLEN];
	uint32_t kept[HYP_NGROUPS];
	struct hyp_cred cred = {
		.hc_uid = 12345, .hc_gid = 12345,
		.hc_ngroups = HYP_NGROUPS, .hc_groups = kept,
	};
	struct front_config fc;
	gid_t groups[MANY];
	uint64_t fh;
	pid_t pid;

	if (getuid() != 0) {
		t_note("only root can give groups");
		return;
	}
	for (unsigned i = 0; i < MANY; i++)
		groups[i] = 20000 + i;
	memcpy(kept, groups, sizeof(kept));
	pid = child_as(MANY, groups, 0);
	cred.hc_pid = pid;
	access_up(dir, path, &fc, 0660);
	T_EQ(chown(path, 0, 20000 + MANY - 1), 0);
	T_EQ(hyp_node_access(nodehost, &cred, HYP_F_READ), 0);
	T_EQ(chown(path, 0, 20000 + MANY), 0);
	T_EQ(hyp_node_access(nodehost, &cred, HYP_F_READ), EACCES);
	/* And who is in the group that may not is not one of the others. */
	T_EQ(chown(path, 0, 20000 + MANY - 1), 0);
	T_EQ(chmod(path, 0606), 0);
	T_EQ(hyp_node_access(nodehost, &cred, HYP_F_READ), EACCES);
	access_down(dir, path);

	front_up(0);
	kern_as(kern, 12345, 12345, (unsigned)pid);
	fh = kern_opened(kern, O_RDWR);
	T_EQ(hk.ngroups, HYP_NGROUPS);
	kern_released(kern, fh);
	front_down();
	child_end(pid);
}

/* A node of this class: is it given that owner and mode? */
static void
node_gets(const char *name, int class, struct front_config *fc,
    const struct front_perm *fp)
{
	char path[PATHLEN];
	struct hyp_node *hn;
	struct kern *k;
	struct stat st;
	void *host;
	int fd;

	front_up_with(fc);
	snprintf(path, sizeof(path), "%s/%s", fc->devdir, name);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
	T_CHECK(fd != -1);
	hn = hk_node();
	T_EQ(hyp_node_create(hn, name, class, 0, &host), 0);
	k = kern_last();
	T_EQ(fstat(fd, &st), 0);
	T_EQ(st.st_mode & 07777, fp != NULL ? fp->mode : 0644);
	if (fp != NULL)
		T_EQ(st.st_gid, fp->gid);
	close(fd);
	unlink(path);
	front_down();
	kern_free(k);
}

static void
nodes_get_owner_and_mode(void)
{
	char dir[] = "/tmp/t_wire.XXXXXX";
	struct front_config fc;

	T_CHECK(mkdtemp(dir) != NULL);
	memset(&fc, 0, sizeof(fc));
	fc.devdir = dir;
	fc.tty.uid = fc.hid.uid = getuid();
	fc.tty.gid = getuid() == 0 ? 20 : getgid();
	fc.tty.mode = 0660;
	fc.hid.gid = getuid() == 0 ? 21 : getgid();
	fc.hid.mode = 0600;
	node_gets("ttyU0", HYP_NODE_TTY, &fc, &fc.tty);
	node_gets("uhid0", HYP_NODE_HID, &fc, &fc.hid);
	fc.lp.gid = getuid() == 0 ? 7 : getgid();
	fc.lp.mode = 0660;
	node_gets("ulpt0", HYP_NODE_LP, &fc, &fc.lp);
	fc.usb.mode = 0600;
	node_gets("ugen0.00", HYP_NODE_USB, &fc, &fc.usb);
	node_gets("null0", HYP_NODE_OTHER, &fc, NULL);
	fc.hid.mode = 0;
	node_gets("uhid0", HYP_NODE_HID, &fc, NULL);
	rmdir(dir);
}

/* ---- udev ----------------------------------------------------------- */

/* A front end with a place for ttyU0 in dir, which is to have that mode. */
static void
tty_up(char *dir, char *path, struct front_config *fc, mode_t mode,
    int (*open_channel)(void *))
{

	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, PATHLEN, "%s/ttyU0", dir);
	close(open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	memset(fc, 0, sizeof(*fc));
	fc->devdir = dir;
	fc->tty.uid = getuid();
	fc->tty.gid = getgid();
	fc->tty.mode = mode;
	fc->open_channel = open_channel;
	fc->open_arg = path;
	front_begin(fc);
}

static void
tty_made(void)
{

	node = hk_node();
	T_EQ(hyp_node_create(node, "ttyU0", HYP_NODE_TTY, 7, &nodehost), 0);
	kern = kern_last();
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	T_EQ(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

/* There is a new channel, and the node has been set to what it should be. */
static int
made_again(void *arg)
{
	struct front_stats fs;

	front_getstats(&fs);
	return kern_count() > *(const unsigned *)arg && fs.nodes == 1;
}

/*
 * udev's rules loosen a node after it has been made with a stricter mode, and
 * we hear of it later: until then both must let a client in (devswd.8,
 * --mode).
 */
static void
access_until_udev_is_done_needs_both(void)
{
	char dir[] = "/tmp/t_wire.XXXXXX", path[PATHLEN];
	const unsigned other = getuid() + 1;
	struct front_config fc;
	unsigned n;

	tty_up(dir, path, &fc, 0604, NULL);
	tty_made();
	T_EQ(mode_of(path), 0604);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_READ), 0);
	T_EQ(chmod(path, 0666), 0);		/* udev */
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_READ), 0);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_WRITE), EACCES);
	T_EQ(chmod(path, 0600), 0);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_READ), EACCES);
	front_node_settled("ttyU1");		/* another node's */
	T_EQ(mode_of(path), 0600);
	T_EQ(chmod(path, 0666), 0);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_WRITE), EACCES);
	front_node_settled("ttyU0");
	T_EQ(mode_of(path), 0604);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_WRITE), EACCES);
	/* From now on root's word counts, until udev has set it again. */
	T_EQ(chmod(path, 0666), 0);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_WRITE), 0);
	front_node_settled(NULL);
	T_EQ(mode_of(path), 0666);
	front_node_settled("ttyU0");
	T_EQ(mode_of(path), 0604);

	/* Made again, it is a new node. */
	n = kern_count();
	kern_abort(kern);
	T_UNTIL(made_again, &n);
	kern = kern_last();
	T_EQ(chmod(path, 0666), 0);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_WRITE), EACCES);
	front_node_settled(NULL);		/* its own was lost */
	T_EQ(mode_of(path), 0604);
	T_EQ(chmod(path, 0666), 0);
	T_EQ(access_as(other, 1, 0, NULL, HYP_F_WRITE), 0);
	T_EQ(unlink(path), 0);
	T_EQ(rmdir(dir), 0);
	front_down();
}

/* udev was quicker than we: the node is in no list of ours yet. */
static int
open_channel_late(void *arg)
{
	const int fd = kern_open_channel(NULL);

	T_EQ(chmod(arg, 0666), 0);
	front_node_settled("ttyU0");
	return fd;
}

static void
udev_may_be_done_before_we_are(void)
{
	char dir[] = "/tmp/t_wire.XXXXXX", path[PATHLEN];
	struct front_config fc;

	tty_up(dir, path, &fc, 0600, open_channel_late);
	tty_made();
	T_EQ(mode_of(path), 0600);
	T_EQ(chmod(path, 0666), 0);
	T_EQ(access_as(getuid() + 1, 1, 0, NULL, HYP_F_WRITE), 0);
	T_EQ(unlink(path), 0);
	T_EQ(rmdir(dir), 0);
	front_down();
}

const struct t_case t_cases[] = {
	{ "init_tells_name_number_and_limits",
	    init_tells_name_number_and_limits },
	{ "open_read_write_release", open_read_write_release },
	{ "close_is_told_of_nonblock", close_is_told_of_nonblock },
	{ "close_of_a_tty_is_as_linux_has_it",
	    close_of_a_tty_is_as_linux_has_it },
	{ "open_flags_and_errors", open_flags_and_errors },
	{ "credentials_are_the_openers", credentials_are_the_openers },
	{ "later_pieces_of_a_read_do_not_wait",
	    later_pieces_of_a_read_do_not_wait },
	{ "largest_read_and_write", largest_read_and_write },
	{ "answer_is_never_longer_than_asked",
	    answer_is_never_longer_than_asked },
	{ "errno_is_clamped", errno_is_clamped },
	{ "ioctl_takes_two_rounds", ioctl_takes_two_rounds },
	{ "ioctl_writes_only_what_it_has_to_say",
	    ioctl_writes_only_what_it_has_to_say },
	{ "ioctl_sizes_are_checked_again", ioctl_sizes_are_checked_again },
	{ "poll_tells_and_notifies_once", poll_tells_and_notifies_once },
	{ "poll_notify_may_come_before_the_answer",
	    poll_notify_may_come_before_the_answer },
	{ "poll_notify_after_release", poll_notify_after_release },
	{ "access_is_owner_then_group_then_others",
	    access_is_owner_then_group_then_others },
	{ "access_follows_the_acl", access_follows_the_acl },
	{ "access_with_capabilities", access_with_capabilities },
	{ "access_by_the_last_of_many_groups",
	    access_by_the_last_of_many_groups },
	{ "nodes_get_owner_and_mode", nodes_get_owner_and_mode },
	{ "access_until_udev_is_done_needs_both",
	    access_until_udev_is_done_needs_both },
	{ "udev_may_be_done_before_we_are", udev_may_be_done_before_we_are },
	{ NULL, NULL },
};
