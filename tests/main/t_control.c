/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_control.c - the daemon's control port with a double of K: who is served,
 * who is turned away, that a revoke which lasts holds up nobody, and that
 * nothing but bytes gets in.  Needs root, to be other users, too.
 * (Names and real nodes: tests/vm/t_revoke.py.)
 */
#undef NDEBUG
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <linux/netlink.h>

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
#define	NODE_GONE	99	/* it is not in /dev */
static atomic_uint node_owner = 1;
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
	*uid = node_owner;
	return *uid == NODE_GONE ? ENOENT : 0;
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

/* The calling thread only, whose word the port takes. */
static void
be_user(uid_t uid)
{

	T_EQ(syscall(SYS_setresuid, -1, uid, -1), 0);
}

static struct control
ask_for(struct control_request *cr)
{
	struct control co;

	T_EQ(control_connect(&co, path), 0);
	T_EQ(control_ask(&co, cr), 0);
	return co;
}

static struct control
ask(uint32_t what, const char *node)
{
	struct control_request cr = { .cr_what = what };
	struct stat st;

	if (node != NULL) {
		T_EQ(stat(node, &st), 0);
		cr.cr_major = major(st.st_rdev);
		cr.cr_minor = minor(st.st_rdev);
		cr.cr_dev = st.st_dev;
		cr.cr_ino = st.st_ino;
		strcpy(cr.cr_text, node);
	}
	return ask_for(&cr);
}

static int
answer_of(struct control co)
{
	struct control_answer ca;
	size_t len;
	int error;

	error = control_answer(&co, &ca, &len);
	control_close(&co);
	return error;
}

static int
is_answered(void *arg)
{
	struct pollfd pfd = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* Of one that may be served by mistake, and wait for what is held. */
static int
refusal_of(struct control co)
{

	T_UNTIL(is_answered, &co.co_fd);
	return answer_of(co);
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
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/tty")), ENODEV);
	T_EQ(answer_of(ask(CONTROL_REVOKE, NULL)), ENODEV);
	T_EQ(answer_of(ask(77, NULL)), EOPNOTSUPP);
	T_EQ(revokes, 1);
	down(1000, 0);
}

static void
the_owner_and_root(void)
{

	up();
	node_owner = 4;
	be_user(5);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), EPERM);
	T_EQ(answer_of(ask(CONTROL_MODLOAD, "/dev/null")), EPERM);
	be_user(0);
	T_EQ(revokes, 0);
	be_user(4);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), 0);
	be_user(0);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), 0);
	T_EQ(revokes, 2);
	node_owner = 1;
	down(1000, 0);
}

static int
ask_name(uint32_t what, const char *name)
{
	struct control_request cr = { .cr_what = what };

	strcpy(cr.cr_text, name);
	return answer_of(ask_for(&cr));
}

static void
modules(void)
{
	struct control_request other = { .cr_what = CONTROL_MODLOAD };
	struct control_answer ca;
	struct control co;
	size_t len;

	up();
	T_EQ(answer_of(ask(CONTROL_MODLOAD, "/dev/null")), 0);
	T_EQ(loads, 1);
	co = ask(CONTROL_MODLOAD, "/dev/zero");
	T_EQ(control_answer(&co, &ca, &len), ENOEXEC);
	control_close(&co);
	T_EQ(len, strlen("not this one"));
	T_CHECK(memcmp(ca.ca_text, "not this one", len) == 0);
	T_EQ(answer_of(ask(CONTROL_MODLOAD, NULL)), EINVAL);
	/* The path is another file to the client. */
	strcpy(other.cr_text, "/dev/null");
	T_EQ(answer_of(ask_for(&other)), ESTALE);
	T_EQ(loads, 1);
	T_EQ(ask_name(CONTROL_MODUNLOAD, "m"), 0);
	T_EQ(ask_name(CONTROL_MODUNLOAD, "n"), ENOENT);
	T_EQ(unloads, 2);
	down(1000, 0);
}

/* A request that is not whole, and one without an end of its text. */
static void
garbage(void)
{
	struct control_request cr;
	struct control co;
	size_t sizes[] = { 1, 8, sizeof(cr) - 1, sizeof(cr) };

	up();
	memset(&cr, 'm', sizeof(cr));
	cr.cr_version = CONTROL_VERSION;
	for (size_t i = 0; i < 4; i++) {
		T_EQ(control_connect(&co, path), 0);
		co.co_cookie = sizes[i] > 16 ? cr.cr_cookie : 0;
		cr.cr_what = CONTROL_MODUNLOAD;
		if (sizes[i] == 8)
			cr.cr_version++;
		T_EQ(send(co.co_fd, &cr, sizes[i], 0), (ssize_t)sizes[i]);
		/* The cookie was perhaps cut: take the answer as it is. */
		if (sizes[i] <= 16) {
			T_EQ(recv(co.co_fd, &cr, CONTROL_HEAD, 0),
			    (ssize_t)CONTROL_HEAD);
			T_EQ(((struct control_answer *)&cr)->ca_error,
			    sizes[i] == 8 ? EPROTONOSUPPORT : EINVAL);
			control_close(&co);
		} else
			T_EQ(answer_of(co), EINVAL);
		memset(&cr, 'm', sizeof(cr));
		cr.cr_version = CONTROL_VERSION;
	}
	T_EQ(unloads, 2);
	down(1000, 0);
}

/*
 * Whoever could have the daemon hold a file of his could have it wait for him
 * in that file's last close.
 */
static void
no_descriptor_gets_in(void)
{
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(int))];
	} control;
	struct control_request cr = { .cr_version = CONTROL_VERSION,
	    .cr_what = CONTROL_STATUS };
	struct iovec iov = { &cr, sizeof(cr) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cm;
	struct control co;
	int fds[2], type;
	socklen_t len = sizeof(type);

	up();
	T_EQ(control_connect(&co, path), 0);
	T_EQ(getsockopt(co.co_fd, SOL_SOCKET, SO_DOMAIN, &type, &len), 0);
	T_CHECK(type != AF_UNIX);
	T_EQ(pipe(fds), 0);
	memset(&control, 0, sizeof(control));
	cm = CMSG_FIRSTHDR(&msg);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fds[1], sizeof(int));
	for (uint32_t what = CONTROL_PING; what <= CONTROL_MODUNLOAD; what++) {
		cr.cr_what = what;
		T_EQ(sendmsg(co.co_fd, &msg, 0), -1);
		T_EQ(errno, EINVAL);
	}
	control_close(&co);
	/* Nobody else has it. */
	close(fds[1]);
	T_EQ(read(fds[0], &type, 1), 0);
	close(fds[0]);
	down(1000, 0);
}

static void
a_revoke_holds_up_nobody(void)
{
	struct control slow;

	up();
	revoke_holds = true;
	slow = ask(CONTROL_REVOKE, "/dev/null");
	wait_revokes(1);
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/tty")), ENODEV);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	revoke_holds = false;
	T_EQ(answer_of(slow), 0);
	down(1000, 0);
}

/* The revoke goes on, and nobody minds. */
static void
a_client_that_goes(void)
{
	struct control gone;

	up();
	revoke_holds = true;
	gone = ask(CONTROL_REVOKE, "/dev/null");
	control_close(&gone);
	wait_revokes(1);
	revoke_holds = false;
	down(1000, 0);
}

static void
a_stop_does_not_wait_for_ever(void)
{
	struct control slow;

	up();
	revoke_holds = true;
	slow = ask(CONTROL_REVOKE, "/dev/null");
	wait_revokes(1);
	down(20, 1);
	revoke_holds = false;
	T_EQ(answer_of(slow), 0);
	T_EQ(control_connect(&slow, path), ENOENT);
}

/* The whole answer, in how many packets; the caller frees it. */
static char *
status(unsigned *packets)
{
	struct control_answer ca;
	char *text = NULL;
	size_t len, all;
	struct control co;
	FILE *out;

	T_CHECK((out = open_memstream(&text, &all)) != NULL);
	*packets = 0;
	co = ask(CONTROL_STATUS, NULL);
	do {
		T_EQ(control_answer(&co, &ca, &len), 0);
		T_CHECK(len > 0 && len <= sizeof(ca.ca_text));
		fwrite(ca.ca_text, 1, len, out);
		++*packets;
	} while ((ca.ca_flags & CONTROL_MORE) != 0);
	control_close(&co);
	fclose(out);
	return text;
}

/* All of them answer, in more than one packet each. */
static void
long_answers(void)
{
	unsigned packets;
	char *text;

	up();
	text = status(&packets);
	T_CHECK(packets > 5 && strlen(text) > 500 * 80);
	T_EQ(text[strlen(text) - 1], '\n');
	free(text);
	down(1000, 0);
}

/* What a user is told of the first node. */
static void
user_sees(uid_t uid, const char *line)
{
	unsigned packets;
	char *text;

	be_user(uid);
	text = status(&packets);
	be_user(0);
	if (strstr(text, line) == NULL)
		t_fail(__FILE__, __LINE__, "%.500s", text);
	free(text);
}

/*
 * Everybody sees names and devices, as in /dev; what those who use a node do
 * with it only root and its owner, who may revoke it (devswctl.8).
 */
static void
a_status_tells_of_use_only_root_and_the_owner(void)
{
	const char *const all = "\n  {\"name\": \"a node with a name 0\", "
	    "\"minor\": 0, \"attached\": false, \"opens\": 0, "
	    "\"calls\": 0, \"closing\": false, \"stuck\": false}";
	const char *const some = "\n  {\"name\": \"a node with a name 0\", "
	    "\"minor\": 0, \"attached\": false}";

	up();
	node_owner = 4;
	user_sees(0, all);
	user_sees(4, all);
	user_sees(5, some);
	node_owner = NODE_GONE;
	user_sees(0, all);
	user_sees(4, some);
	node_owner = 1;
	down(1000, 0);
}

static void
root_is_always_served(void)
{
	const unsigned users = CONTROL_CLIENTS / CONTROL_SHARE;
	struct control held[CONTROL_CLIENTS + 1];
	unsigned n = 0;

	up();
	revoke_holds = true;
	for (unsigned user = 1; user <= users; user++) {
		node_owner = user;
		be_user(user);
		for (unsigned i = 0; i < CONTROL_SHARE; i++)
			held[n++] = ask(CONTROL_REVOKE, "/dev/null");
		be_user(0);
		wait_revokes(n);
		/* His share is used up, others' is not. */
		be_user(user);
		for (int i = 0; i < 100; i++)
			T_EQ(refusal_of(ask(CONTROL_REVOKE, "/dev/null")),
			    EBUSY);
		be_user(0);
	}
	be_user(users + 1);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), EBUSY);
	be_user(0);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	held[n++] = ask(CONTROL_REVOKE, "/dev/null");
	wait_revokes(n);
	revoke_holds = false;
	for (unsigned i = 0; i < n; i++)
		T_EQ(answer_of(held[i]), 0);
	T_EQ(revokes, n);
	node_owner = 1;
	down(1000, 0);
}

/* Those who say nothing have nothing of the daemon's. */
static void
silence_costs_nothing(void)
{
	struct control silent[200];

	up();
	be_user(9);
	for (unsigned i = 0; i < 200; i++)
		T_EQ(control_connect(&silent[i], path), 0);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	be_user(0);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	for (unsigned i = 0; i < 200; i++)
		control_close(&silent[i]);
	down(1000, 0);
}

/* A port, and the file that names it. */
static int
play_daemon(void)
{
	struct sockaddr_nl snl = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(snl);
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "/tmp/t_control.%d", (int)getpid());
	fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_USERSOCK);
	T_EQ(bind(fd, (struct sockaddr *)&snl, sizeof(snl)), 0);
	T_EQ(getsockname(fd, (struct sockaddr *)&snl, &len), 0);
	T_CHECK((file = fopen(path, "w")) != NULL);
	fprintf(file, "%u\n", snl.nl_pid);
	fclose(file);
	return fd;
}

/* Answer "done" to whoever has asked last. */
static void
play_answer(int fd)
{
	struct control_request cr;
	struct control_answer ca = { .ca_version = CONTROL_VERSION };
	struct sockaddr_nl to;
	socklen_t len;

	do {
		len = sizeof(to);
		T_EQ(recvfrom(fd, &cr, sizeof(cr), 0, (struct sockaddr *)&to,
		    &len), (ssize_t)sizeof(cr));
	} while (cr.cr_what == CONTROL_PING);
	ca.ca_cookie = cr.cr_cookie;
	T_EQ(sendto(fd, &ca, CONTROL_HEAD, 0, (struct sockaddr *)&to, len),
	    (ssize_t)CONTROL_HEAD);
}

static void
a_daemon_that_ends(void)
{
	struct control asker, co;
	int fd;

	fd = play_daemon();
	asker = ask(CONTROL_STATUS, NULL);
	play_answer(fd);
	T_EQ(answer_of(asker), 0);
	asker = ask(CONTROL_STATUS, NULL);
	close(fd);
	T_EQ(answer_of(asker), ECONNRESET);
	T_EQ(control_connect(&co, path), ECONNREFUSED);
	T_EQ(unlink(path), 0);
	T_EQ(control_connect(&co, path), ENOENT);
}

/* Who has a dead daemon's port is believed only if he is its user. */
static void
an_impostor(void)
{
	struct control asker;
	int fd;

	fd = play_daemon();
	T_EQ(chown(path, 7, 7), 0);
	asker = ask(CONTROL_REVOKE, "/dev/null");
	play_answer(fd);
	close(fd);
	T_EQ(answer_of(asker), ECONNRESET);
	T_EQ(unlink(path), 0);
}

const struct t_case t_cases[] = {
	{ "a revoke, and what is refused", revoke_and_refusals },
	{ "the owner and root may, others get EPERM", the_owner_and_root },
	{ "modules, and what is refused", modules },
	{ "requests that are none", garbage },
	{ "no descriptor gets in", no_descriptor_gets_in },
	{ "a revoke that lasts holds up nobody", a_revoke_holds_up_nobody },
	{ "a client that does not wait for its answer", a_client_that_goes },
	{ "a stop does not wait for ever", a_stop_does_not_wait_for_ever },
	{ "a long status comes in packets", long_answers },
	{ "a status tells of use only root and the owner",
	    a_status_tells_of_use_only_root_and_the_owner },
	{ "users have a share, and root is always served",
	    root_is_always_served },
	{ "who says nothing has nothing", silence_costs_nothing },
	{ "a client learns that its daemon has ended", a_daemon_that_ends },
	{ "another user's answer is not believed", an_impostor },
	{ NULL, NULL },
};
