/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_control.c - see h_control.h.
 */
#undef NDEBUG
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "h_control.h"
#include "h_test.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "main/control.h"
#include "main/watch.h"

/* ---- doubles -------------------------------------------------------- */

/* The node is whatever /dev/null is. */
atomic_uint revokes;
atomic_bool revoke_holds;
atomic_uint node_owner = 1;
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
atomic_bool plugged;

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
atomic_uint loads, unloads;

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

char path[64];
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

void
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

void
down(unsigned ms, unsigned left)
{

	stopping = true;
	t_join(loop);
	T_EQ(control_stop(ms), left);
	T_EQ(access(path, F_OK), -1);
}

/* ---- clients --------------------------------------------------------- */

/* The calling thread only, whose word the port takes. */
void
be_user(uid_t uid)
{

	T_EQ(syscall(SYS_setresuid, -1, uid, -1), 0);
}

struct control
ask_for(struct control_request *cr)
{
	struct control co;

	T_EQ(control_connect(&co, path), 0);
	T_EQ(control_ask(&co, cr), 0);
	return co;
}

struct control
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

int
answer_of(struct control co)
{
	struct control_answer ca;
	size_t len;
	int error;

	error = control_answer(&co, &ca, &len);
	control_close(&co);
	return error;
}

int
is_answered(void *arg)
{
	struct pollfd pfd = { .fd = *(int *)arg, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

/* Of one that may be served by mistake, and wait for what is held. */
int
refusal_of(struct control co)
{

	T_UNTIL(is_answered, &co.co_fd);
	return answer_of(co);
}

/* The answer, whose error is that one; the caller frees it. */
char *
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

void
has(const char *text, const char *part)
{

	if (text == NULL || strstr(text, part) == NULL)
		t_fail(__FILE__, __LINE__, "no %s in %.1000s", part,
		    text != NULL ? text : "nothing");
}

void
has_not(const char *text, const char *part)
{

	if (text == NULL || strstr(text, part) != NULL)
		t_fail(__FILE__, __LINE__, "%s in %.1000s", part,
		    text != NULL ? text : "nothing");
}

/* What K's double says of the node, to watch.c. */
void
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
