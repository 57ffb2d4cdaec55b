/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_control.c - the daemon's control port with a double of K: who is served,
 * who is turned away, that a revoke which lasts holds up nobody, and that
 * nothing but bytes gets in.  Needs root, to be other users, too.
 * (Names and real nodes: tests/vm/t_revoke.py.)
 */
#undef NDEBUG
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <linux/netlink.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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
#include "hyp/hyp_trace.h"
#include "hyp/hyp_usb.h"
#include "libdevsw/control.h"
#include "host/usbsys.h"
#include "main/control.h"
#include "main/events.h"
#include "main/watch.h"

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

const struct front_died *
front_died(void)
{

	return NULL;
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

/* Where the adapter of sysfs's double is, if it is plugged in. */
#define	PLACE	"1-2"
static atomic_bool plugged;

void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{

	assert(hn == NULL);
	memset(hs, 0, sizeof(*hs));
	hs->hs_iface = -1;
	if (!plugged)
		return;
	hs->hs_attached = hs->hs_opens = 1;
	strcpy(hs->hs_place, PLACE);
	strcpy(hs->hs_driver, "uftdi0");
	strcpy(hs->hs_semantics, "netbsd");
	strcpy(hs->hs_next, "linux");
}

const char *
hyp_usb_probe(const struct hyp_usb_info *hi, const void *desc, size_t len,
    const char **chip)
{
	const bool fits = len == 18 && hi->hi_vendor == 0x0403;

	assert(entered && desc != NULL);
	*chip = fits ? "a \"chip\"" : NULL;
	return fits ? "uftdi" : NULL;
}

/* Two, of what is uftdi's. */
int
hyp_usb_driver(const struct hyp_usb_info *hi, unsigned i,
    char name[HYP_USB_DRIVERNAME])
{

	snprintf(name, HYP_USB_DRIVERNAME, "uftdi%u", i);
	return hi->hi_vendor == 0x0403 && i < 2;
}

/* One file, of this process, which is dead; and one who waits. */
bool
front_file_next(uint32_t minor, uint64_t *below, struct front_fileinfo *fo)
{

	assert(minor <= 500 && !entered);
	if (*below <= 7)
		return false;
	*below = 7;
	memset(fo, 0, sizeof(*fo));
	fo->fo_pid = getpid();
	fo->fo_uid = 1000;
	fo->fo_time = UINT64_C(1500000000);
	strcpy(fo->fo_command, "a\"b\\\033c");
	fo->fo_stale = true;
	fo->fo_calls = 1 << 1 | 1 << 4;
	return true;
}

unsigned
front_openers(uint32_t minor, struct front_fileinfo *fo, unsigned max)
{

	assert(minor <= 500 && max > 0);
	memset(fo, 0, sizeof(*fo));
	fo->fo_opening = true;
	fo->fo_calls = 1;
	return 1;
}

bool
front_file_command(struct front_fileinfo *fo)
{

	return fo->fo_pid != 0;
}

bool
front_node_line(uint32_t minor, struct front_line *line)
{

	assert(minor <= 500);
	memset(line, 0, sizeof(*line));
	line->fi_cflag = 0000060 | 0000400;	/* CS8 PARENB */
	line->fi_ospeed = 9600;
	line->fi_rate = 9615;
	line->fi_modem = 0x002 | 0x040;		/* DTR DCD */
	line->fi_counted = true;
	line->fi_counts = (struct serial_icounter_struct){ .rx = -1, .tx = 2,
	    .frame = 3, .parity = 4, .overrun = 5, .buf_overrun = 6,
	    .brk = 7 };
	return true;
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
	host_tap_init(NULL, 60000);
	snprintf(path, sizeof(path), "/tmp/t_control.%d", (int)getpid());
	T_EQ(stat("/dev/null", &st), 0);
	revokes = 0;
	revoke_holds = stopping = false;
	fd = control_start(path, major(st.st_rdev));
	T_CHECK(fd != -1);
	plugged = false;
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
	for (uint32_t what = CONTROL_PING; what <= CONTROL_LAST; what++) {
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

/* ---- questions ------------------------------------------------------ */

/* The answer, whose error is that one; the caller frees it. */
static char *
text_of(struct control_request *cr, int error)
{
	struct control_answer ca;
	char *text = NULL;
	size_t len, all;
	struct control co;
	FILE *out;

	T_CHECK((out = open_memstream(&text, &all)) != NULL);
	co = ask_for(cr);
	do {
		T_EQ(control_answer(&co, &ca, &len), error);
		fwrite(ca.ca_text, 1, len, out);
	} while ((ca.ca_flags & CONTROL_MORE) != 0);
	control_close(&co);
	fclose(out);
	return text;
}

static void
has(const char *text, const char *part)
{

	if (text == NULL || strstr(text, part) == NULL)
		t_fail(__FILE__, __LINE__, "no %s in %.1000s", part,
		    text != NULL ? text : "nothing");
}

static void
has_not(const char *text, const char *part)
{

	if (text == NULL || strstr(text, part) != NULL)
		t_fail(__FILE__, __LINE__, "%s in %.1000s", part,
		    text != NULL ? text : "nothing");
}

static void
put(const char *dir, const char *name, const void *data, size_t len)
{
	char file[256];
	FILE *f;

	snprintf(file, sizeof(file), "%s/%s", dir, name);
	T_CHECK((f = fopen(file, "w")) != NULL);
	T_EQ(fwrite(data, 1, len, f), len);
	T_EQ(fclose(f), 0);
}

/* sysfs with one adapter, that calls itself what no terminal should see. */
static void
make_sysfs(char *root)
{
	static const unsigned char desc[18] = { 18, 1 };
	static const char serial[] =
	    "e\"\\\033[2J\xff\xe2\x80\xae\xf0\x9f\x98\x80";
	char dir[128];

	T_CHECK(mkdtemp(root) != NULL);
	snprintf(dir, sizeof(dir), "%s/devices", root);
	T_EQ(mkdir(dir, 0755), 0);
	strcat(dir, "/" PLACE);
	T_EQ(mkdir(dir, 0755), 0);
	put(dir, "busnum", "1\n", 2);
	put(dir, "devnum", "5\n", 2);
	put(dir, "idVendor", "0403\n", 5);
	put(dir, "idProduct", "6001\n", 5);
	put(dir, "bcdDevice", "0600\n", 5);
	put(dir, "speed", "12\n", 3);
	put(dir, "serial", serial, sizeof(serial) - 1);
	put(dir, "product", "p\n", 2);
	put(dir, "descriptors", desc, sizeof(desc));
	usbsys_root(root);
}

/* What K's double says of the node, to watch.c. */
static void
node_is(bool there)
{
	struct node_state is, was;

	memset(&was, 0, sizeof(was));
	strcpy(was.ns_info.fi_name, "a node with a name 0");
	is = was;
	plugged = there;
	strcpy(there ? is.ns_place : was.ns_place, PLACE);
	strcpy(there ? is.ns_driver : was.ns_driver, "uftdi0");
	is.ns_attached = there;
	was.ns_attached = !there;
	watch_nodes(&is, &was);
}

static void
list_tells_what_is_plugged_in(void)
{
	struct control_request cr = { .cr_what = CONTROL_LIST };
	char root[] = "/tmp/t_control.XXXXXX", *text, command[64];
	struct usbsys_dev *ud = malloc(sizeof(*ud));

	up();
	make_sysfs(root);
	T_CHECK(ud != NULL);
	text = text_of(&cr, 0);
	has(text, "{\"vid\": \"0403\", \"pid\": \"6001\", \"vendor\": \"\", "
	    "\"product\": \"p\", ");
	has(text, "\"port\": \"1-2\", \"bus\": 1, \"address\": 5, "
	    "\"speed\": \"full\", \"drivers\": [\"uftdi0\", \"uftdi1\"], "
	    "\"fits\": \"uftdi\", "
	    "\"chip\": \"a \\\"chip\\\"\", \"driver\": null, \"semantics\": null, \"kernel\": \"\", "
	    "\"claim\": null, "
	    "\"at\": null, \"refused\": false, \"detached\": false, "
	    "\"nodes\": []}");
	for (const char *p = text; *p != '\0'; p++)
		T_CHECK(*p == '\n' || (*p >= ' ' && *p <= '~'));
	free(text);
	plugged = true;
	T_EQ(usbsys_read(PLACE, ud), 0);
	watch_plugged(&ud->ud_info, "a \"claim\"", "f:3", false);
	watch_detached(PLACE, true);
	/* The same is told again by a reload, say. */
	watch_plugged(&ud->ud_info, "a \"claim\"", "f:3", false);
	be_user(5);
	text = text_of(&cr, 0);
	be_user(0);
	has(text, "\"driver\": \"uftdi0\", \"semantics\": \"linux\", "
	    "\"kernel\": \"\", "
	    "\"claim\": \"a \\\"claim\\\"\", \"at\": \"f:3\", "
	    "\"refused\": false, \"detached\": true, "
	    "\"nodes\": [\"a node with a name 0\", ");
	has(text, "{\"name\": \"a node with a name 500\", "
	    "\"attached\": true, \"port\": \"1-2\"}]}");
	free(text);
	watch_detached(PLACE, false);
	text = text_of(&cr, 0);
	has_not(text, "\"detached\": true");
	free(text);
	watch_left(PLACE, "unplugged");
	snprintf(command, sizeof(command), "rm -r %s", root);
	T_EQ(system(command), 0);
	free(ud);
	down(1000, 0);
}

/* With one supplementary group, or none (0). */
static char *
ask_node(uid_t uid, gid_t gid, gid_t more)
{
	struct control_request cr = { .cr_what = CONTROL_NODE };
	struct stat st;
	char *text;

	T_EQ(stat("/dev/null", &st), 0);
	cr.cr_major = major(st.st_rdev);
	cr.cr_minor = minor(st.st_rdev);
	T_EQ(syscall(SYS_setgroups, more != 0, &more), 0);
	T_EQ(syscall(SYS_setresgid, -1, gid, -1), 0);
	be_user(uid);
	text = text_of(&cr, 0);
	be_user(0);
	T_EQ(syscall(SYS_setresgid, -1, 0, -1), 0);
	T_EQ(syscall(SYS_setgroups, 0, &more), 0);
	return text;
}

/*
 * devswctl.8: the adapter is for everybody, who has it open for the owner,
 * root, and members of the group: by the user database, and by the group of
 * the process.  "daemon" is a user with that group in every Debian.
 */
static void
a_node_and_who_may_see_its_use(void)
{
	static const struct {
		uid_t	uid;
		gid_t	gid;
		gid_t	more;
		bool	sees;
	} who[] = {
		{ 0, 0, 0, true }, { 4, 0, 0, true }, { 5, 0, 0, false },
		{ 1, 0, 0, true }, { 5, 1, 0, true }, { 5, 2, 0, false },
		{ 5, 2, 1, true }, { 65534, 65534, 1, true },
		{ 5, 2, 3, false }, { 65534, 65534, 0, false },
	};
	char *text;

	control_set_group("daemon");
	up();
	node_owner = 4;
	node_is(true);
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		text = ask_node(who[i].uid, who[i].gid, who[i].more);
		has(text, "{\"name\": \"a node with a name 3\", \"major\": ");
		has(text, "\"attached\": true, \"driver\": \"uftdi0\", "
		    "\"interface\": null, \"semantics\": \"netbsd\", "
		    "\"next\": \"linux\", ");
		if (!who[i].sees) {
			has_not(text, "opens");
			has_not(text, "files");
			has_not(text, "line");
			free(text);
			continue;
		}
		has(text, "\"line\": {\"speed\": 9600, \"rate\": 9615, \"format\": \"8E1\", ");
		has(text, "\"counts\": {\"rx\": 4294967295, \"tx\": 2, "
		    "\"frame\": 3, \"parity\": 4, \"overrun\": 5, "
		    "\"buf_overrun\": 6, \"breaks\": 7}");
		has(text, "\"rts\": false, \"dtr\": true, ");
		has(text, "\"dcd\": true, ");
		has(text, "\"uid\": 1000, "
		    "\"command\": \"a\\\"b\\\\\\u001bc\", "
		    "\"since\": 1.500, \"ended\": false, "
		    "\"stale\": true, \"opening\": false, "
		    "\"calls\": [\"read\", \"poll\"]}]");
		has(text, "\"opening\": true, \"calls\": [\"open\"]}");
		free(text);
	}
	control_set_group("no such group");
	text = ask_node(5, 1, 1);
	has_not(text, "files");
	free(text);
	control_set_group(CONTROL_GROUP);
	node_owner = 1;
	node_is(false);
	down(1000, 0);
}

static void
the_last_unplug_and_why(void)
{
	struct hyp_usb_info hi = { .hi_path = PLACE, .hi_vendor = 0x0403,
	    .hi_product = 0x6001, .hi_serial = "s1", .hi_productstr = "",
	    .hi_vendorstr = "" };
	struct watch_node wn;

	watch_plugged(&hi, "c", "", false);
	node_is(true);
	T_CHECK(watch_node(0, &wn) && wn.wn_attached);
	T_CHECK(strcmp(wn.wn_adapter.wa_serial, "s1") == 0);
	/* A driver gives it up; later udev says that it was pulled. */
	node_is(false);
	T_CHECK(watch_node(0, &wn) && !wn.wn_attached && wn.wn_left != 0);
	T_CHECK(strcmp(wn.wn_why, "detached") == 0);
	T_CHECK(strcmp(wn.wn_last.wa_serial, "s1") == 0);
	watch_left(PLACE, "unplugged");
	T_CHECK(watch_node(0, &wn) && strcmp(wn.wn_why, "unplugged") == 0);
	/* The other order. */
	watch_plugged(&hi, "c", "", false);
	node_is(true);
	watch_left(PLACE, "released");
	node_is(false);
	T_CHECK(watch_node(0, &wn) && strcmp(wn.wn_why, "released") == 0);
}

/* ---- events --------------------------------------------------------- */

static unsigned long long
ping_of(const char *text)
{
	static const char ping[] = "{\"event\": \"ping\", \"seq\": ";
	const char *at = strstr(text, ping);

	T_CHECK(at != NULL);
	return strtoull(at + sizeof(ping) - 1, NULL, 10);
}

static char *
events_since(uint64_t after)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS,
	    .cr_after = after };

	return text_of(&cr, 0);
}

static uint64_t
events_now(void)
{
	char *text = events_since(UINT64_MAX);
	uint64_t now;

	has(text, "{\"event\": \"begin\", \"major\": ");
	now = ping_of(text);
	free(text);
	return now;
}

static void
events_come_in_order(void)
{
	uint64_t now;
	char *text;

	up();
	now = events_now();
	events_post(-1, "\"event\": \"one\"");
	events_post(3, "\"event\": \"two\"");
	text = events_since(now);
	has(text, "\"event\": \"one\"}\n{\"seq\": ");
	has(text, "\"event\": \"two\"}\n{\"event\": \"ping\"");
	T_EQ(ping_of(text), now + 2);
	free(text);
	text = events_since(now + 1);
	has_not(text, "one");
	has(text, "two");
	free(text);
	/* The node of another, and of nobody; a revoke is told, though. */
	node_owner = 4;
	T_EQ(answer_of(ask(CONTROL_REVOKE, "/dev/null")), 0);
	be_user(5);
	text = events_since(now);
	be_user(0);
	has(text, "one");
	has_not(text, "two");
	has(text, "\"event\": \"revoke\", \"node\": \"a node with a name 3\", "
	    "\"uid\": 0}");
	T_EQ(ping_of(text), now + 3);
	free(text);
	node_owner = 1;
	down(1000, 0);
}

/*
 * nodes.h: the same may be told twice, which is no event; but it is one if the
 * adapter has been another meanwhile.
 */
static void
what_is_told_twice(void)
{
	struct hyp_usb_info hi = { .hi_path = PLACE, .hi_vendor = 0x0403,
	    .hi_product = 0x6001, .hi_serial = "s1", .hi_productstr = "",
	    .hi_vendorstr = "", .hi_bus = 1, .hi_addr = 1 };
	struct node_state is;
	uint64_t now;
	char *text;

	up();
	watch_plugged(&hi, "c", "", false);
	node_is(true);
	memset(&is, 0, sizeof(is));
	is.ns_attached = 1;
	strcpy(is.ns_place, PLACE);
	strcpy(is.ns_driver, "uftdi0");
	now = events_now();
	watch_nodes(&is, &is);
	watch_plugged(&hi, "other", "", false);
	T_EQ(events_now(), now);
	watch_left(PLACE, "unplugged");
	hi.hi_addr = 2;
	watch_plugged(&hi, "c", "", false);
	watch_nodes(&is, &is);
	text = events_since(now);
	has(text, "\"event\": \"unplug\"");
	has(text, "\"event\": \"plug\"");
	has(text, "\"event\": \"away\"");
	has(text, "\"event\": \"there\"");
	free(text);
	watch_left(PLACE, "unplugged");
	node_is(false);
	down(1000, 0);
}

static void
post_later(void *arg)
{

	(void)arg;
	t_msleep(100);
	events_post(-1, "\"event\": \"late\"");
}

static void
a_follower_waits(void)
{
	const uint64_t began = t_now_ms();
	struct t_thread *later;
	uint64_t now;
	char *text;

	up();
	now = events_now();
	later = t_spawn(post_later, NULL);
	text = events_since(now);
	T_CHECK(t_now_ms() - began >= 90);
	has(text, "late");
	T_EQ(ping_of(text), now + 1);
	free(text);
	t_join(later);
	/* Nothing happens: he is let go, with the same number. */
	text = events_since(now + 1);
	T_CHECK(text[0] != '\0' && strchr(text, '\n')[1] == '\0');
	T_EQ(ping_of(text), now + 1);
	free(text);
	down(1000, 0);
}

/* Who is slower than the ring is told; floods of use push out no plugs. */
static void
what_was_lost_is_told(void)
{
	uint64_t now, after;
	unsigned n = 0;
	char *text;

	up();
	now = after = events_now();
	events_post(-1, "\"event\": \"plug\"");
	for (int i = 0; i < 5000; i++)
		events_post(3, "\"event\": \"open\", \"i\": %d", i);
	text = events_since(after);
	has(text, "{\"event\": \"lost\", \"of\": \"use\"}\n");
	has_not(text, "\"plugs\"");
	has(text, "\"plug\"");
	while (ping_of(text) != now + 5001) {
		T_CHECK(ping_of(text) > after && ++n < 5000);
		after = ping_of(text);
		free(text);
		text = events_since(after);
		has_not(text, "lost");
	}
	has(text, "\"i\": 4999}");
	free(text);
	down(1000, 0);
}

/* They have threads of their own share, and none is left at the end. */
static void
followers_are_few(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct control held[EVENTS_SHARE];

	up();
	cr.cr_after = events_now();
	be_user(9);
	for (int i = 0; i < EVENTS_SHARE; i++)
		held[i] = ask_for(&cr);
	T_EQ(refusal_of(ask_for(&cr)), EBUSY);
	T_EQ(answer_of(ask(CONTROL_STATUS, NULL)), 0);
	be_user(0);
	events_post(-1, "\"event\": \"x\"");
	for (int i = 0; i < EVENTS_SHARE; i++)
		T_EQ(answer_of(held[i]), 0);
	down(1000, 0);
}

/* Another socket has the port of one who has gone: it gets nothing. */
static void
a_port_that_changes_hands(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct sockaddr_nl snl;
	socklen_t len = sizeof(snl);
	struct control co;
	char buf[256];
	int thief;

	up();
	cr.cr_after = events_now();
	co = ask_for(&cr);
	t_msleep(200);		/* it is served, and waits */
	T_EQ(getsockname(co.co_fd, (struct sockaddr *)&snl, &len), 0);
	control_close(&co);
	thief = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_USERSOCK);
	T_EQ(bind(thief, (struct sockaddr *)&snl, sizeof(snl)), 0);
	events_post(3, "\"event\": \"secret\"");
	t_msleep(300);
	T_EQ(recv(thief, buf, sizeof(buf), MSG_DONTWAIT), -1);
	T_EQ(errno, EAGAIN);
	close(thief);
	down(1000, 0);
}

/*
 * Who cannot be told from another is told nothing: the process has no descriptor
 * left, neither before nor after.
 */
static void
a_port_that_cannot_be_seen(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct rlimit rl, none;
	struct control co;
	int error;

	up();
	cr.cr_after = UINT64_MAX;
	T_EQ(control_connect(&co, path), 0);
	T_EQ(getrlimit(RLIMIT_NOFILE, &rl), 0);
	none = rl;
	none.rlim_cur = 3;	/* all below are open */
	T_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	error = control_ask(&co, &cr);
	if (error == 0)
		T_UNTIL(is_answered, &co.co_fd);
	T_EQ(setrlimit(RLIMIT_NOFILE, &rl), 0);
	T_EQ(error, 0);
	T_EQ(answer_of(co), EMFILE);
	T_EQ(answer_of(ask_for(&cr)), 0);
	down(1000, 0);
}

static void
a_stop_lets_followers_go(void)
{
	struct control_request cr = { .cr_what = CONTROL_EVENTS };
	struct control co;
	uint64_t began;

	up();
	cr.cr_after = events_now();
	co = ask_for(&cr);
	t_msleep(100);
	began = t_now_ms();
	down(4000, 0);
	T_CHECK(t_now_ms() - began < 3000);
	T_EQ(answer_of(co), 0);
}

/* ---- trace ---------------------------------------------------------- */

static void
trace_put(uint32_t minor, unsigned n)
{
	struct hyp_trace ht = { .ht_event = "d_read", .ht_key = "bytes" };

	for (ht.ht_value = 0; ht.ht_value < n; ht.ht_value++) {
		snprintf(ht.ht_dev, sizeof(ht.ht_dev),
		    "a node with a name %u", (unsigned)minor);
		hyp_trace(&ht);
	}
}

static struct control_request
trace_of(uint32_t minor_number, uint64_t after)
{
	struct control_request cr = { .cr_what = CONTROL_TRACE };
	struct stat st;

	T_EQ(stat("/dev/null", &st), 0);
	cr.cr_major = major(st.st_rdev);
	cr.cr_minor = minor_number;
	cr.cr_after = after;
	return cr;
}

static uint64_t
seq_of(const char *text)
{
	const char *const seq = strstr(text, "\"ping\",\"seq\":");

	T_CHECK(seq != NULL);
	return strtoull(seq + 13, NULL, 10);
}

/* Complete, in as many packets as it takes, and what was missed is counted. */
static void
a_trace_is_complete(void)
{
	struct control_request cr = trace_of(3, UINT64_MAX);
	unsigned lines = 0, lost = 0;
	const char *p;
	char *text;

	up();
	text = text_of(&cr, 0);
	has(text, "{\"event\":\"begin\",\"dev\":\"a node with a name 3\"}\n");
	cr.cr_after = seq_of(text);
	free(text);
	trace_put(4, 1000);
	trace_put(3, 3000);
	while (lines + lost < 3000) {
		text = text_of(&cr, 0);
		has_not(text, "name 4");
		for (p = text; (p = strstr(p, "\"d_read\"")) != NULL; p++)
			lines++;
		if ((p = strstr(text, "\"lost\",\"count\":")) != NULL)
			lost += (unsigned)atoi(p + 15);
		cr.cr_after = seq_of(text);
		free(text);
	}
	T_EQ(lines, 2048);
	T_EQ(lost, 3000 - 2048);
	/* It is not of this daemon. */
	cr.cr_after = 5;
	text = text_of(&cr, 0);
	has(text, "\"begin\"");
	free(text);
	cr.cr_minor = 501;
	T_EQ(answer_of(ask_for(&cr)), ENODEV);
	cr.cr_minor = 3;
	cr.cr_major++;
	T_EQ(answer_of(ask_for(&cr)), ENODEV);
	down(1000, 0);
}

/* One that waits; the thread of the request before may be there for a moment. */
static struct control
hold(struct control_request *cr)
{
	struct control co;

	for (;;) {
		co = ask_for(cr);
		t_msleep(50);
		if (!is_answered(&co.co_fd))
			return co;
		T_EQ(answer_of(co), EBUSY);
	}
}

static void
a_trace_is_for_who_may_see_its_node(void)
{
	struct control_request cr = trace_of(3, UINT64_MAX);
	struct control held[EVENTS_SHARE];
	char *text;

	up();
	node_owner = 4;
	be_user(5);
	T_EQ(answer_of(ask_for(&cr)), EPERM);
	be_user(0);
	be_user(4);
	text = text_of(&cr, 0);
	be_user(0);
	cr.cr_after = seq_of(text);
	free(text);
	/* Another owner while he waits: he is told no more. */
	be_user(4);
	for (int i = 0; i < EVENTS_SHARE; i++)
		held[i] = hold(&cr);
	T_EQ(answer_of(ask_for(&cr)), EBUSY);
	be_user(0);
	node_owner = 6;
	trace_put(3, 1);
	for (int i = 0; i < EVENTS_SHARE; i++)
		T_EQ(answer_of(held[i]), EPERM);
	node_owner = 1;
	down(1000, 0);
}

static void
a_stop_lets_those_who_trace_go(void)
{
	struct control_request cr = trace_of(3, UINT64_MAX);
	struct control co;
	uint64_t began;
	char *text;

	up();
	text = text_of(&cr, 0);
	cr.cr_after = seq_of(text);
	free(text);
	co = ask_for(&cr);
	t_msleep(100);
	began = t_now_ms();
	down(4000, 0);
	T_CHECK(t_now_ms() - began < 3000);
	T_EQ(answer_of(co), 0);
}

/* ---- reload --------------------------------------------------------- */

static char *
change(const struct control_request *cr, int *error)
{
	char *text = malloc(10001);

	T_CHECK(text != NULL && strcmp(cr->cr_text, "what") == 0);
	memset(text, 'r', 10000);
	text[10000] = '\0';
	*error = EINVAL;
	return text;
}

static void
a_change_is_roots(void)
{
	static const uint32_t changes[] = { CONTROL_RELOAD, CONTROL_CLAIM,
	    CONTROL_RELEASE, CONTROL_DETACH, CONTROL_ATTACH,
	    CONTROL_UPGRADE };
	char *text;

	up();
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct control_request cr = { .cr_what = changes[i],
		    .cr_text = "what" };

		control_set_change(NULL);
		T_EQ(answer_of(ask_for(&cr)), EOPNOTSUPP);
		control_set_change(change);
		be_user(5);
		T_EQ(answer_of(ask_for(&cr)), EPERM);
		be_user(0);
		text = text_of(&cr, EINVAL);
		T_EQ(strlen(text), 10000);
		free(text);
	}
	control_set_change(NULL);
	down(1000, 0);
}

/* A number that is not the group's, also one of an earlier daemon. */
static void
a_key_is_the_groups_alone(void)
{
	struct control_request cr = { .cr_what = CONTROL_NODE };
	char file[80], buf[32];
	struct control co;
	struct stat st;
	uint64_t key;
	FILE *f;

	control_set_group("daemon");
	up();
	snprintf(file, sizeof(file), "%s.key", path);
	T_EQ(stat(file, &st), 0);
	T_EQ(st.st_gid, 1);
	T_EQ(st.st_mode & 07777, 0640);
	T_CHECK((f = fopen(file, "r")) != NULL);
	T_CHECK(fgets(buf, sizeof(buf), f) != NULL);
	fclose(f);
	key = strtoull(buf, NULL, 16);
	T_CHECK(key != 0);
	down(1000, 0);
	T_EQ(access(file, F_OK), -1);
	up();
	T_EQ(stat("/dev/null", &st), 0);
	cr.cr_major = major(st.st_rdev);
	cr.cr_minor = minor(st.st_rdev);
	for (int i = 0; i < 2; i++) {
		be_user(5);
		T_EQ(control_connect(&co, path), 0);
		T_EQ(co.co_key, 0);
		co.co_key = i == 0 ? key : 1;
		T_EQ(control_ask(&co, &cr), 0);
		be_user(0);
		{
			struct control_answer ca;
			char text[CONTROL_TEXT + 1];
			size_t len;

			T_EQ(control_answer(&co, &ca, &len), 0);
			memcpy(text, ca.ca_text, len);
			text[len] = '\0';
			has_not(text, "files");
		}
		control_close(&co);
	}
	/* Another's file is not believed: it could be any number's. */
	T_EQ(chown(file, 7, 1), 0);
	T_EQ(control_connect(&co, path), 0);
	T_EQ(co.co_key, 0);
	control_close(&co);
	control_set_group(CONTROL_GROUP);
	down(1000, 0);
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

static volatile sig_atomic_t rings;

/* Six seconds of it. */
static void
ring(int sig)
{
	static const struct itimerval off;

	(void)sig;
	if (++rings == 300)
		setitimer(ITIMER_REAL, &off, NULL);
}

static void
a_daemon_that_ends_and_a_timer(void)
{
	const struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
	const struct itimerval off = { { 0, 0 }, { 0, 0 } };
	const struct sigaction sa = { .sa_handler = ring };
	struct control asker;
	int fd;

	fd = play_daemon();
	asker = ask(CONTROL_STATUS, NULL);
	close(fd);
	T_EQ(sigaction(SIGALRM, &sa, NULL), 0);
	T_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	T_EQ(answer_of(asker), ECONNRESET);
	setitimer(ITIMER_REAL, &off, NULL);
	T_CHECK(rings < 300);
	T_EQ(unlink(path), 0);
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
	{ "list tells everybody what is plugged in, in plain ASCII",
	    list_tells_what_is_plugged_in },
	{ "a node's use is for owner, root and members of the group",
	    a_node_and_who_may_see_its_use },
	{ "the key of the group is read by its members alone",
	    a_key_is_the_groups_alone },
	{ "why hardware has gone, whoever sees it first",
	    the_last_unplug_and_why },
	{ "what changes the daemon is root's, and its text is told",
	    a_change_is_roots },
	{ "events come in order, those of use to who may see it",
	    events_come_in_order },
	{ "what is told twice is no event", what_is_told_twice },
	{ "a follower waits, and is let go", a_follower_waits },
	{ "what was lost is told, and a flood of use loses no plug",
	    what_was_lost_is_told },
	{ "followers have a share of their own", followers_are_few },
	{ "a port that changes hands is told nothing",
	    a_port_that_changes_hands },
	{ "who cannot be told from another is told nothing",
	    a_port_that_cannot_be_seen },
	{ "users have a share, and root is always served",
	    root_is_always_served },
	{ "who says nothing has nothing", silence_costs_nothing },
	{ "a client learns that its daemon has ended", a_daemon_that_ends },
	{ "so does one that a timer interrupts all the time",
	    a_daemon_that_ends_and_a_timer },
	{ "another user's answer is not believed", an_impostor },
	{ "a stop lets followers go", a_stop_lets_followers_go },
	{ "a trace is complete, and what is missed is counted",
	    a_trace_is_complete },
	{ "a trace is for who may see its node, as long as he may",
	    a_trace_is_for_who_may_see_its_node },
	{ "a stop lets those who trace go", a_stop_lets_those_who_trace_go },
	{ NULL, NULL },
};
