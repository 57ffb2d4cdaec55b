/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_control.c - the daemon's control socket with a double of K: who is
 * served, who is turned away, and that a revoke which lasts holds up nobody.
 * (Users, names and real nodes: tests/vm/t_revoke.py.)
 */
#undef NDEBUG
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "h_test.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "libdevsw/control.h"
#include "main/control.h"

/* ---- doubles -------------------------------------------------------- */

/* The node is whatever /dev/null is. */
static atomic_uint revokes;
static atomic_bool revoke_holds;
static _Thread_local bool entered;

bool
front_node_find(uint32_t minor, struct front_nodeinfo *fi)
{

	return front_node_next(minor, fi) && fi->fi_minor == minor;
}

bool
front_node_next(uint32_t minor, struct front_nodeinfo *fi)
{

	if (minor > 500)
		return false;
	fi->fi_node = NULL;
	fi->fi_minor = minor;
	snprintf(fi->fi_name, sizeof(fi->fi_name), "a node with a name %u",
	    minor);
	return true;
}

int
front_node_owner(const struct front_nodeinfo *fi, uid_t *uid)
{

	assert(fi->fi_minor <= 500);
	*uid = 1;
	return 0;
}

void
front_getstats(struct front_stats *fs)
{

	memset(fs, 0, sizeof(*fs));
}

struct hyp_lwp *
hyp_lwp_enter(const struct hyp_cred *cred)
{

	assert(!entered && cred->hc_uid == 0);
	entered = true;
	return NULL;
}

void
hyp_lwp_exit(struct hyp_lwp *l)
{

	assert(entered && l == NULL);
	entered = false;
}

int
hyp_node_revoke(struct hyp_node *hn)
{

	assert(entered && hn == NULL);
	revokes++;
	while (revoke_holds)
		t_msleep(1);
	return 0;
}

void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{

	assert(hn == NULL);
	memset(hs, 0, sizeof(*hs));
}

uint64_t
hyp_memory(uint32_t *pieces)
{

	*pieces = 1;
	return 2;
}

unsigned
hyp_zombies(void)
{

	return 0;
}

unsigned
hyp_usb_zombies(void)
{

	return 0;
}

/* There is one module, "m"; a file loads if it is /dev/null. */
static atomic_uint loads, unloads;

int
hyp_module_load(const char *file, char *why, size_t len)
{
	struct stat st, null;

	assert(entered && stat("/dev/null", &null) == 0);
	if (stat(file, &st) == 0 && st.st_rdev == null.st_rdev) {
		loads++;
		return 0;
	}
	snprintf(why, len, "not this one");
	return ENOEXEC;
}

int
hyp_module_unload(const char *name)
{

	assert(entered);
	unloads++;
	return strcmp(name, "m") == 0 ? 0 : ENOENT;
}

const char *
hyp_semantics(void)
{

	return "netbsd";
}

int
hyp_module_next(const char *name, char *next, size_t len)
{

	if (name[0] != '\0')
		return 0;
	snprintf(next, len, "m");
	return 1;
}

/* ---- main's thread -------------------------------------------------- */

static char path[64];
static struct t_thread *loop;
static atomic_bool stopping;

static void
dispatch(void *arg)
{
	struct pollfd pfd = { .fd = *(int *)arg, .events = POLLIN };

	while (!stopping) {
		if (poll(&pfd, 1, 10) == 1)
			control_dispatch();
	}
}

static void
up(void)
{
	static int fd;
	struct stat st;

	hyp_posix_set_loglevel(HYP_LOG_ERR);
	snprintf(path, sizeof(path), "/tmp/t_control.%d", (int)getpid());
	T_EQ(stat("/dev/null", &st), 0);
	revokes = 0;
	revoke_holds = stopping = false;
	fd = control_start(path, major(st.st_rdev));
	T_CHECK(fd != -1);
	loop = t_spawn(dispatch, &fd);
}

static void
down(unsigned ms, unsigned left)
{

	stopping = true;
	t_join(loop);
	T_EQ(control_stop(ms), left);
	T_EQ(access(path, F_OK), -1);
}

/* ---- clients -------------------------------------------------------- */

static int
ask(uint32_t what, const char *node)
{
	int fd = control_connect(path), passed = -1;

	T_CHECK(fd != -1);
	if (node != NULL)
		T_CHECK((passed = open(node, O_PATH)) != -1);
	T_EQ(control_ask(fd, what, passed, NULL), 0);
	if (passed != -1)
		close(passed);
	return fd;
}

static int
answer_of(int fd)
{
	struct control_answer ca;
	size_t len;
	int error;

	error = control_answer(fd, &ca, &len);
	close(fd);
	return error;
}

static int
revokes_are(void *arg)
{

	return revokes == *(unsigned *)arg;
}

static void
wait_revokes(unsigned n)
{

	T_UNTIL(revokes_are, &n);
}

static void
revoke_and_refusals(void)
{

	up();
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), 0);
	T_EQ(revokes, 1);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/tmp")), EINVAL);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/tty")), ENODEV);
	T_EQ(answer_of(ask(CONTROL_REVOKE, NULL)), EBADF);
	T_EQ(answer_of(ask(77, NULL)), EOPNOTSUPP);
	T_EQ(revokes, 1);
	down(1000, 0);
}

static int
ask_name(uint32_t what, const char *name)
{
	int fd = control_connect(path);

	T_CHECK(fd != -1);
	T_EQ(control_ask(fd, what, -1, name), 0);
	return answer_of(fd);
}

static void
modules(void)
{
	struct control_request raw = { CONTROL_VERSION, CONTROL_MODUNLOAD,
	    "" };
	struct control_answer ca;
	size_t len;
	int fd;

	up();
	T_EQ(answer_of(ask(CONTROL_MODLOAD, "/dev/null")), 0);
	T_EQ(loads, 1);
	fd = ask(CONTROL_MODLOAD, "/dev/zero");
	T_EQ(control_answer(fd, &ca, &len), ENOEXEC);
	close(fd);
	T_EQ(len, strlen("not this one"));
	T_CHECK(memcmp(ca.ca_text, "not this one", len) == 0);
	T_EQ(answer_of(ask(CONTROL_MODLOAD, NULL)), EBADF);
	T_EQ(ask_name(CONTROL_MODUNLOAD, "m"), 0);
	T_EQ(ask_name(CONTROL_MODUNLOAD, "n"), ENOENT);
	T_EQ(unloads, 2);
	T_EQ(control_ask(-1, CONTROL_MODUNLOAD, -1,
	    "a name that is longer than any module can have"), ENAMETOOLONG);

	/* A text without an end, and a request that is too short. */
	memset(raw.cr_text, 'm', sizeof(raw.cr_text));
	fd = control_connect(path);
	T_EQ(send(fd, &raw, sizeof(raw), 0), (ssize_t)sizeof(raw));
	T_EQ(answer_of(fd), EINVAL);
	fd = control_connect(path);
	T_EQ(send(fd, &raw, 8, 0), 8);
	T_EQ(answer_of(fd), EINVAL);
	T_EQ(unloads, 2);
	down(1000, 0);
}

static void
a_revoke_holds_up_nobody(void)
{
	int slow;

	up();
	revoke_holds = true;
	slow = ask(CONTROL_REVOKE, "/dev/null");
	wait_revokes(1);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/tmp")), EINVAL);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	revoke_holds = false;
	T_EQ(answer_of(slow), 0);
	down(1000, 0);
}

/* The revoke goes on, and nobody minds. */
static void
a_client_that_goes(void)
{

	up();
	revoke_holds = true;
	close(ask(CONTROL_REVOKE, "/dev/null"));
	wait_revokes(1);
	revoke_holds = false;
	down(1000, 0);
}

static void
a_stop_does_not_wait_for_ever(void)
{
	int slow;

	up();
	revoke_holds = true;
	slow = ask(CONTROL_REVOKE, "/dev/null");
	wait_revokes(1);
	down(20, 1);
	revoke_holds = false;
	T_EQ(answer_of(slow), 0);
	T_EQ(control_connect(path), -1);
	T_EQ(errno, ENOENT);
}

/* All of them answer, in more than one packet each. */
static void
long_answers(void)
{
	struct control_answer ca;
	size_t len, total = 0;
	unsigned packets = 0;
	char last = 0;
	int fd;

	up();
	fd = ask(CONTROL_STATUS, NULL);
	do {
		T_EQ(control_answer(fd, &ca, &len), 0);
		T_CHECK(len > 0 && len <= sizeof(ca.ca_text));
		last = ca.ca_text[len - 1];
		total += len;
		packets++;
	} while ((ca.ca_flags & CONTROL_MORE) != 0);
	close(fd);
	T_CHECK(packets > 5 && total > 500 * 80);
	T_EQ(last, '\n');
	down(1000, 0);
}

static void
too_many(void)
{
	int fds[CONTROL_CLIENTS];

	up();
	revoke_holds = true;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		fds[i] = ask(CONTROL_REVOKE, "/dev/null");
	wait_revokes(CONTROL_CLIENTS);
	for (int i = 0; i < 100; i++)
		T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), EBUSY);
	revoke_holds = false;
	for (unsigned i = 0; i < CONTROL_CLIENTS; i++)
		T_EQ(answer_of(fds[i]), 0);
	T_EQ(revokes, CONTROL_CLIENTS);
	down(1000, 0);
}

const struct t_case t_cases[] = {
	{ "a revoke, and what is refused", revoke_and_refusals },
	{ "modules, and what is refused", modules },
	{ "a revoke that lasts holds up nobody", a_revoke_holds_up_nobody },
	{ "a client that does not wait for its answer", a_client_that_goes },
	{ "a stop does not wait for ever", a_stop_does_not_wait_for_ever },
	{ "a long status comes in packets", long_answers },
	{ "too many at once are turned away with an answer", too_many },
	{ NULL, NULL },
};
