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
#include <sys/time.h>
#include <linux/netlink.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_control.h"
#include "h_test.h"
#include "host/usbsys.h"
#include "hyp/hyp_usb.h"
#include "main/control.h"
#include "main/watch.h"

/* ---- clients -------------------------------------------------------- */

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
	{ "users have a share, and root is always served",
	    root_is_always_served },
	{ "who says nothing has nothing", silence_costs_nothing },
	{ "a client learns that its daemon has ended", a_daemon_that_ends },
	{ "so does one that a timer interrupts all the time",
	    a_daemon_that_ends_and_a_timer },
	{ "another user's answer is not believed", an_impostor },
	{ NULL, NULL },
};
