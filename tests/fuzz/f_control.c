/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_control.c - datagrams to devswd's control port, of any bytes, from root and
 * from others; and what a client of libdevsw makes of the answers.
 *
 * The port is the real one, below it doubles; what it would have a thread for
 * is done after the dispatch, by this one.  Questions that wait for something to
 * happen (events, traces) are asked from the end on, so that they do not.
 *
 * Input: who sends; what the doubles say; and some datagrams, with a length of
 * 2 bytes each.
 *
 * Promises: a question has no more than one last answer, and a ping none; a
 * text of status, list and node is JSON; users but root change nothing.
 * (That each is answered is t_control.c's to say.)
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "fuzz/h_fuzz.h"
#include "host/host.h"
#include "host/usbsys.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "libdevsw/control.h"
#include "main/control.h"
#include "main/events.h"

#define	MAJOR		120
#define	NODES		3
#define	JOBS		16
#define	USER		4242

static struct fuzz says;		/* the doubles */
static bool is_root;
static unsigned changes;

/* ---- doubles -------------------------------------------------------- */

/* Some of the input as a string; it may be anything. */
static void
string(char *buf, size_t size)
{
	const size_t n = fuzz_bytes(&says, buf, fuzz_u8(&says) % size);

	buf[n] = '\0';
}

bool
front_node_next(uint32_t minor, struct front_nodeinfo *fi)
{

	if (minor >= NODES)
		return false;
	memset(fi, 0, sizeof(*fi));
	fi->fi_minor = minor;
	string(fi->fi_name, sizeof(fi->fi_name));
	return true;
}

bool
front_node_find(uint32_t minor, struct front_nodeinfo *fi)
{

	return front_node_next(minor, fi);
}

int
front_node_owner(const struct front_nodeinfo *fi, uid_t *uid)
{

	(void)fi;
	*uid = 1;
	return (fuzz_u8(&says) & 1) != 0 ? ENOENT : 0;
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
	fs->threads = fuzz_u16(&says);
}

struct hyp_lwp *
hyp_lwp_enter(const struct hyp_cred *cred)
{

	(void)cred;
	return NULL;
}

void
hyp_lwp_exit(struct hyp_lwp *l)
{

	(void)l;
}

int
hyp_node_revoke(struct hyp_node *hn)
{

	(void)hn;
	FUZZ_PROMISE(is_root);	/* the owner is nobody who asks */
	return fuzz_u8(&says) & 1;
}

void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{

	(void)hn;
	memset(hs, 0, sizeof(*hs));
	hs->hs_iface = (int8_t)fuzz_u8(&says);
	hs->hs_attached = fuzz_u8(&says) & 1;
	hs->hs_opens = fuzz_u8(&says);
	string(hs->hs_place, sizeof(hs->hs_place));
	string(hs->hs_driver, sizeof(hs->hs_driver));
	string(hs->hs_semantics, sizeof(hs->hs_semantics));
	string(hs->hs_next, sizeof(hs->hs_next));
}

const char *
hyp_usb_probe(const struct hyp_usb_info *hi, const void *desc, size_t len,
    const char **chip)
{

	(void)hi;
	(void)desc;
	(void)len;
	*chip = NULL;
	return NULL;
}

int
hyp_usb_driver(const struct hyp_usb_info *hi, unsigned i,
    char name[HYP_USB_DRIVERNAME])
{

	(void)hi;
	(void)i;
	(void)name;
	return 0;
}

bool
front_file_next(uint32_t minor, uint64_t *below, struct front_fileinfo *fo)
{

	(void)minor;
	if (*below <= 7)
		return false;
	*below = *below > 9 ? 9 : *below - 1;
	memset(fo, 0, sizeof(*fo));
	fo->fo_pid = fuzz_u16(&says);
	fo->fo_uid = fuzz_u32(&says);
	fo->fo_time = fuzz_u32(&says);
	string(fo->fo_command, sizeof(fo->fo_command));
	fo->fo_calls = fuzz_u8(&says);
	return true;
}

unsigned
front_openers(uint32_t minor, struct front_fileinfo *fo, unsigned max)
{

	(void)minor;
	FUZZ_PROMISE(max > 0);
	memset(fo, 0, sizeof(*fo));
	fo->fo_opening = true;
	return fuzz_u8(&says) & 1;
}

bool
front_file_command(struct front_fileinfo *fo)
{

	return fo->fo_pid != 0;
}

bool
front_node_line(uint32_t minor, struct front_line *line)
{

	(void)minor;
	(void)fuzz_bytes(&says, line, sizeof(*line));
	line->fi_counted = fuzz_u8(&says) & 1;	/* no byte of any value */
	return true;
}

uint64_t
hyp_memory(uint32_t *pieces)
{

	*pieces = 1;
	return fuzz_u32(&says);
}

unsigned
hyp_zombies(void)
{

	return 0;
}

unsigned
hyp_usb_zombies(void)
{

	return fuzz_u16(&says);
}

int
hyp_module_load(const char *file, char *why, size_t len)
{

	FUZZ_PROMISE(is_root && file[0] == '/');
	string(why, len);
	return fuzz_u8(&says);
}

int
hyp_module_unload(const char *name)
{

	FUZZ_PROMISE(is_root && name != NULL);
	return fuzz_u8(&says);
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

static char *
change(const struct control_request *cr, int *error)
{
	const size_t n = fuzz_u16(&says) % 20000;
	char *text;

	FUZZ_PROMISE(is_root && memchr(cr->cr_text, '\0',
	    sizeof(cr->cr_text)) != NULL);
	changes++;
	*error = fuzz_u8(&says);
	text = malloc(n + 1);
	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

/* ---- threads: later ------------------------------------------------- */

static struct job {
	void	(*j_func)(void *);
	void	*j_arg;
} jobs[JOBS];
static unsigned njobs;

int	__wrap_hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);
int
__wrap_hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **threadp)
{

	(void)name;
	if (threadp != NULL || njobs == JOBS)
		return EAGAIN;
	jobs[njobs++] = (struct job){ func, arg };
	return 0;
}

static void
run_jobs(void)
{

	for (unsigned i = 0; i < njobs; i++)
		(*jobs[i].j_func)(jobs[i].j_arg);
	njobs = 0;
}

/* ---- a client ------------------------------------------------------- */

static char path[64];
static struct control co;

static void
begin(void)
{

	usbsys_root("/nowhere");
	hyp_posix_set_loglevel(HYP_LOG_ERR);
	host_tap_init(NULL, 60000);
	control_set_change(change);
	snprintf(path, sizeof(path), "/tmp/fuzz_control.%d", (int)getpid());
	if (control_start(path, MAJOR) == -1 ||
	    control_connect(&co, path) != 0)
		fuzz_broken(__FILE__, __LINE__, "there is no control port");
	(void)unlink(path);
}

static void
be(uid_t uid)
{

	if (getuid() == 0)
		(void)syscall(SYS_setresuid, -1, uid, -1);
}

/* All answers; how many of them are the last of a question. */
static unsigned
answers(uint64_t cookie, uint32_t what)
{
	static char text[1 << 20];
	struct control_answer ca;
	struct pollfd pfd = { .fd = co.co_fd, .events = POLLIN };
	unsigned lasts = 0;
	size_t len, n = 0;
	json_error_t why;
	json_t *j;
	int error;

	co.co_cookie = cookie;
	/* EAGAIN: an answer to something else, which is dropped. */
	while (poll(&pfd, 1, 0) == 1) {
		if ((error = control_take(&co, &ca, &len)) == EAGAIN)
			continue;
		FUZZ_PROMISE(len <= sizeof(ca.ca_text));
		FUZZ_PROMISE(n + len <= sizeof(text));
		memcpy(text + n, ca.ca_text, len);
		n += len;
		if ((ca.ca_flags & CONTROL_MORE) != 0)
			continue;
		lasts++;
		if (error != 0 || (what != CONTROL_STATUS &&
		    what != CONTROL_LIST && what != CONTROL_NODE))
			continue;
		j = json_loadb(text, n, 0, &why);
		if (j == NULL) {
			fprintf(stderr, "%s, byte %d of %zu: %.*s\n", why.text,
			    why.position, n, (int)n, text);
			fuzz_broken(__FILE__, __LINE__, "this is no JSON");
		}
		json_decref(j);
	}
	return lasts;
}

/* As control_ask sends: with the sender's word, which the kernel checks. */
static bool
post_as(uid_t uid, const void *bytes, size_t n)
{
	const struct ucred me = { getpid(), uid, getegid() };
	struct iovec iov = { (void *)(uintptr_t)bytes, n };
	union {
		struct cmsghdr	head;
		char		room[CMSG_SPACE(sizeof(me))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control.room) };
	struct cmsghdr *cm;

	memset(&control, 0, sizeof(control));
	cm = CMSG_FIRSTHDR(&msg);
	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_CREDENTIALS;
	cm->cmsg_len = CMSG_LEN(sizeof(me));
	memcpy(CMSG_DATA(cm), &me, sizeof(me));
	return sendmsg(co.co_fd, &msg, MSG_DONTWAIT) != -1;
}

static bool
post(const void *bytes, size_t n)
{
	bool sent;

	be(is_root ? 0 : USER);
	sent = post_as(geteuid(), bytes, n);
	be(0);
	return sent;
}

static void
ask(struct fuzz *f)
{
	struct fuzz part = fuzz_part(f, fuzz_u16(f) % 5000);
	struct control_request cr;
	const size_t n = part.f_left;
	unsigned got;
	bool whole;

	(void)fuzz_bytes(&part, &cr, sizeof(cr));
	whole = n == sizeof(cr);
	if ((fuzz_u8(f) & 3) != 0) {	/* mostly something to work with */
		cr.cr_version = CONTROL_VERSION;
		cr.cr_what %= CONTROL_LAST + 2;
		cr.cr_major = MAJOR;
		cr.cr_minor %= NODES + 1;
		cr.cr_text[sizeof(cr.cr_text) - 1] = '\0';
		whole = true;
	}
	if (cr.cr_what == CONTROL_EVENTS || cr.cr_what == CONTROL_TRACE)
		cr.cr_after = UINT64_MAX;
	if (cr.cr_what == CONTROL_MODLOAD)
		cr.cr_dev = 0;		/* which stat(2) has nowhere */
	if (!post(&cr, whole ? sizeof(cr) : n < sizeof(cr) ? n : sizeof(cr)))
		return;
	control_dispatch();
	run_jobs();
	if (whole && cr.cr_version == CONTROL_VERSION) {
		got = answers(cr.cr_cookie, cr.cr_what);
		if (got > (cr.cr_what != CONTROL_PING)) {
			fprintf(stderr, "%u answers to question %u of %s\n",
			    got, cr.cr_what, is_root ? "root" : "a user");
			fuzz_broken(__FILE__, __LINE__, "more than one");
		}
	} else
		(void)answers(cr.cr_cookie, CONTROL_LAST + 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static bool up;
	struct fuzz f = fuzz_begin(bytes, n);

	is_root = (fuzz_u8(&f) & 1) == 0;
	if (!up)
		begin();
	up = true;
	says = fuzz_part(&f, fuzz_u16(&f));
	for (unsigned i = 0; i < 4 && f.f_left > 0; i++)
		ask(&f);
	return 0;
}

void
fuzz_seeds(void)
{
	static uint8_t buf[8192];
	static struct control_request asked, *const cr = &asked;
	char name[32];

	for (uint32_t what = 0; what <= CONTROL_LAST + 1; what++) {
		for (uint8_t user = 0; user < 2; user++) {
			uint8_t *p = buf;

			memset(buf, 0, sizeof(buf));
			*p++ = user;
			*p++ = 64;
			*p++ = 0;
			for (int i = 0; i < 64; i++)
				*p++ = (uint8_t)(i * 37 + 5);
			*p++ = sizeof(*cr) & 0xff;
			*p++ = sizeof(*cr) >> 8;
			memset(cr, 0, sizeof(*cr));
			cr->cr_version = CONTROL_VERSION;
			cr->cr_what = what;
			cr->cr_cookie = 77;
			cr->cr_major = MAJOR;
			strcpy(cr->cr_text, "/dev/null");
			memcpy(p, cr, sizeof(*cr));
			p += sizeof(*cr);
			*p++ = 1;
			snprintf(name, sizeof(name), "%u-%u", what, user);
			fuzz_seed(name, buf, (size_t)(p - buf));
		}
	}
}
