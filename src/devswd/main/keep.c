/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep.c - the daemon's side of whoever keeps its descriptors; keep.h.
 *
 * Model
 *	systemd's protocol, whoever is at the other end.  A descriptor is sent
 *	to NOTIFY_SOCKET, with FDSTORE=1 and a name, and taken back with
 *	FDSTOREREMOVE=1; a process that is started again finds all of them
 *	from 3 on: how many, whose and under which names say LISTEN_FDS,
 *	LISTEN_PID and LISTEN_FDNAMES (sd_pid_notify_with_fds(3),
 *	sd_listen_fds_with_names(3)).  It is written here and not taken from
 *	libsystemd, as that waits without a bound for a manager that does not
 *	read.  Names:
 *
 *		journal		front/journal.h's memfd
 *		hand		front/front_hand.c's memfd, of one that ends for the
 *				next
 *		node-N		an open file of /dev/cuse, the node with minor
 *				number N
 *
 *	The journal is sent before the first node.  Messages are read in their
 *	order, also those of a process that has died since: a channel is kept
 *	when the message has left.  front/handover.pml relies on both.
 *
 *	What is found under these names is not believed: a journal that is none
 *	is dropped, and channels without one with it; the names of /dev are then
 *	made anew.  Any other descriptor is closed.
 *
 *	Nodes that have been taken over wait for their hardware, but no longer
 *	than SERVE_MS.
 *
 *	What devswctl(8) has told is in the journal as well (front/told.h), so it
 *	counts until the daemon stops, or nobody keeps the journal.
 *
 *	A device with which ALONE daemons in a row have crashed while they attached
 *	it (front/suspects.h) is left alone, until it is plugged in again, a minute
 *	later, or somebody says to try once more.
 *
 * Locks
 *	None: keep_* is main's.  keep_node and unkeep_node come from any thread
 *	and have no state but two flags, and the environment, which nobody
 *	changes.  keep_attaching comes from the ports' threads, and keep_tell
 *	from clients': keep_lock, last of all, guards the suspects, what was told,
 *	and keep_journal against keep_close.
 *
 * systemd does not say (before 254) whether it keeps anything, and somebody who
 * does not even read would have the nodes of a daemon that has ended; so this
 * is done only if it is asked for (--keep).
 */
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/journal.h"
#include "front/suspects.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_usb.h"
#include "main/daemon.h"
#include "main/keep.h"

#define	FIRST_FD	3
#define	SERVE_MS	1000
#define	HAND_MS		15000	/* to go on, instead */
#define	BARRIER_MS	1000
#define	KEPT_MAX	JOURNAL_NODES
#define	ALONE		3

static pthread_mutex_t keep_lock = PTHREAD_MUTEX_INITIALIZER;
static struct journal *keep_journal;
static struct front_kept keep_kept[KEPT_MAX];
static unsigned keep_n;
static int keep_timer = -1;
static atomic_bool keep_stopping;
static atomic_bool keep_deaf;

/* ---- telling -------------------------------------------------------- */

/*
 * Who has once not taken a message in time is not waited for again: nodes are
 * no longer kept, and none of them is held up.
 */
static void
say(const char *text, int fd)
{

	if (atomic_load(&keep_deaf) || daemon_notify_fd(text, fd) ||
	    atomic_exchange(&keep_deaf, true))
		return;
	host_logf(HYP_LOG_ERR, "nobody keeps the nodes any more: they will go "
	    "with this process");
}

static void
keep_node(uint32_t minor, int fd)
{
	char text[64];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=node-%" PRIu32, minor);
	say(text, fd);
}

static void
remove_name(const char *name)
{
	char text[64];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	say(text, -1);
}

/*
 * Wait until all that has been said is done: BARRIER=1 has a descriptor, which
 * is closed then.  Without it a name of /dev could be taken yet when the
 * kernel is asked for it again.
 */
static void
barrier(void)
{
	struct pollfd pfd;
	int fds[2], n;

	if (pipe2(fds, O_CLOEXEC) == -1)
		return;
	say("BARRIER=1", fds[1]);
	close(fds[1]);
	pfd = (struct pollfd){ .fd = fds[0] };
	do {
		n = poll(&pfd, 1, BARRIER_MS);
	} while (n == -1 && errno == EINTR);
	close(fds[0]);
	if (n == 0)
		host_logf(HYP_LOG_WARNING, "who keeps the nodes does not "
		    "answer");
}

/* When the daemon stops there are many, and one barrier for all at the end. */
static void
unkeep_node(uint32_t minor)
{
	char name[32];

	snprintf(name, sizeof(name), "node-%" PRIu32, minor);
	remove_name(name);
	if (!atomic_load(&keep_stopping))
		barrier();
}

/* ---- what there is -------------------------------------------------- */

/* How many descriptors were passed to this process. */
static int
passed(void)
{
	const char *const pid = getenv("LISTEN_PID");
	const char *const n = getenv("LISTEN_FDS");

	if (pid == NULL || n == NULL || atol(pid) != (long)getpid())
		return 0;
	return atoi(n) > 0 && atoi(n) <= 2 * KEPT_MAX ? atoi(n) : 0;
}

/* "node-N" */
static bool
is_node(const char *name, uint32_t *minor)
{
	unsigned long n;
	char *end;

	if (strncmp(name, "node-", 5) != 0 || name[5] < '0' || name[5] > '9')
		return false;
	errno = 0;
	n = strtoul(name + 5, &end, 10);
	*minor = (uint32_t)n;
	return errno == 0 && *end == '\0' && n < UINT32_MAX;
}

/*
 * What a process that has ended for this one has left.  The journal's calls,
 * and its files, are what counts if this one dies as well.
 */
static void
take_hand(int fd)
{

	if (!front_hand_open(fd))
		host_logf(HYP_LOG_WARNING, "what was open does not go on: it "
		    "was left by another version, or not to the end");
	remove_name("hand");
	(void)!ftruncate(fd, 0);
	close(fd);
}

/* One of them; *journal is the journal's. */
static void
take(int fd, const char *name, int *journal)
{
	uint32_t minor;

	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (strcmp(name, "journal") == 0 && *journal == -1)
		*journal = fd;
	else if (strcmp(name, "hand") == 0)
		take_hand(fd);
	else if (is_node(name, &minor) && keep_n < KEPT_MAX)
		keep_kept[keep_n++] = (struct front_kept){ minor, fd };
	else {
		host_logf(HYP_LOG_WARNING, "%s: a descriptor that nobody here "
		    "knows; closed", name);
		remove_name(name);
		close(fd);
	}
}

static int
take_all(void)
{
	const int n = passed();
	const char *const list = getenv("LISTEN_FDNAMES");
	char *copy, *rest, *name;
	int journal = -1;

	copy = rest = strdup(n > 0 && list != NULL ? list : "");
	if (copy == NULL)
		hyp_panic("out of memory");
	for (int i = 0; i < n; i++) {
		name = strsep(&rest, ":");
		take(FIRST_FD + i, name != NULL ? name : "unknown", &journal);
	}
	free(copy);
	/* No child's. */
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return journal;
}

/* What is there is not to be used. */
static void
drop_all(void)
{

	while (keep_n > 0) {
		unkeep_node(keep_kept[--keep_n].fk_minor);
		close(keep_kept[keep_n].fk_fd);
	}
}

/* The journal of a predecessor, or a new one; NULL: neither. */
static struct journal *
journal_get(int fd)
{
	struct journal *j;
	int error;

	if (fd != -1 && (error = journal_open(&j, fd)) == 0) {
		front_died_open(j, !front_hand_is());
		return j;
	}
	if (fd != -1) {
		host_logf(HYP_LOG_WARNING, "the journal of the last devswd "
		    "cannot be read (%s): its nodes are made anew",
		    strerror(-error));
		remove_name("journal");
		close(fd);
	}
	drop_all();
	if ((error = journal_make(&j, &fd)) != 0) {
		host_logf(HYP_LOG_ERR, "no journal: %s; nodes will go with "
		    "this process", strerror(-error));
		return NULL;
	}
	front_died_open(j, false);
	say("FDSTORE=1\nFDNAME=journal", fd);
	close(fd);
	return j;
}

/* ---- for main ------------------------------------------------------- */

void
keep_open(void)
{
	int fd;

	if (getenv("NOTIFY_SOCKET") == NULL)
		return;
	fd = take_all();
	keep_journal = journal_get(fd);
}

void
keep_front(struct front_config *fc)
{

	if (keep_journal == NULL)
		return;
	fc->journal = keep_journal;
	fc->keep = keep_node;
	fc->unkeep = unkeep_node;
}

int
keep_adopt(void)
{
	const unsigned ms = front_hand_is() ? HAND_MS : SERVE_MS;
	const struct itimerspec its = { .it_value = {
	    .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 } };
	unsigned n;

	if (keep_journal == NULL)
		return -1;
	n = front_adopt(keep_kept, keep_n);
	keep_n = 0;
	if (n == 0)
		return -1;
	keep_timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC |
	    TFD_NONBLOCK);
	if (keep_timer != -1 &&
	    timerfd_settime(keep_timer, 0, &its, NULL) == 0)
		return keep_timer;
	host_logf(HYP_LOG_ERR, "timerfd: %s", strerror(errno));
	front_nodes_serve();
	return -1;
}

void
keep_serve(void)
{
	uint64_t n;

	if (read(keep_timer, &n, sizeof(n)) == (ssize_t)sizeof(n))
		front_nodes_serve();
}

bool
keep_keeps(void)
{
	bool keeps;

	pthread_mutex_lock(&keep_lock);
	keeps = keep_journal != NULL && !atomic_load(&keep_deaf);
	pthread_mutex_unlock(&keep_lock);
	return keeps;
}

void
keep_hand_over(void)
{
	int fd;

	fd = front_hand_begin();
	if (fd == 0) {
		hyp_hand_over();
		fd = front_hand_end();
	}
	if (fd < 0)
		host_logf(HYP_LOG_ERR, "what is open cannot go on: %s",
		    strerror(-fd));
	else
		say("FDSTORE=1\nFDNAME=hand", fd);
	barrier();
}

void
keep_stop(void)
{

	atomic_store(&keep_stopping, true);
}

void
keep_close(void)
{

	if (keep_timer != -1)
		close(keep_timer);
	keep_timer = -1;
	if (keep_journal == NULL)
		return;
	remove_name("journal");
	barrier();
	host_crash_words(NULL, 0);
	pthread_mutex_lock(&keep_lock);
	journal_close(keep_journal);
	keep_journal = NULL;
	pthread_mutex_unlock(&keep_lock);
}

/* ---- devices that end the daemon ------------------------------------ */

/* Some number that follows from the text. */
static uint32_t
digest(const char *text)
{
	uint32_t h = 0;

	while (*text != '\0')
		h = h * 33 + (unsigned char)*text++;
	return (h ^ h >> 16) & 0xffff;
}

static struct suspect
suspect_of(const struct hyp_usb_info *hi)
{

	return (struct suspect){ hi->hi_path, digest(hi->hi_serial),
	    hi->hi_addr, hi->hi_vendor, hi->hi_product };
}

void
keep_attaching(const struct hyp_usb_info *hi, int what)
{
	const struct suspect s = suspect_of(hi);

	pthread_mutex_lock(&keep_lock);
	if (keep_journal != NULL)
		suspect_set(keep_journal, &s, what == HYP_USB_AT_WORK ?
		    SUSPECT_WORKS : what == HYP_USB_AT_WAIT ? SUSPECT_WAITS :
		    SUSPECT_NONE);
	pthread_mutex_unlock(&keep_lock);
}

bool
keep_leaves_alone(const struct hyp_usb_info *hi)
{
	const struct suspect s = suspect_of(hi);
	unsigned deaths = 0;

	pthread_mutex_lock(&keep_lock);
	if (keep_journal != NULL)
		(void)suspect_get(keep_journal, &s, &deaths);
	pthread_mutex_unlock(&keep_lock);
	return deaths >= ALONE;
}

void
keep_forgive(void)
{

	pthread_mutex_lock(&keep_lock);
	if (keep_journal != NULL)
		suspects_forgive(keep_journal);
	pthread_mutex_unlock(&keep_lock);
}

/* ---- what somebody has told ----------------------------------------- */

const char *
keep_tell(enum told_kind kind, const char *text, unsigned deaths)
{
	int error = 0;

	pthread_mutex_lock(&keep_lock);
	if (keep_journal != NULL)
		error = told_add(keep_journal, kind, text, deaths);
	pthread_mutex_unlock(&keep_lock);
	return error == 0 ? NULL : error == -ENOSPC ? "there is no room for "
	    "more that the next devswd would have to know" :
	    "it is too long to be kept for the next devswd";
}

void
keep_untell(enum told_kind kind, const char *text)
{

	pthread_mutex_lock(&keep_lock);
	if (keep_journal != NULL)
		told_drop(keep_journal, kind, text);
	pthread_mutex_unlock(&keep_lock);
}

void
keep_trying(enum told_kind kind, const char *text, bool on)
{

	pthread_mutex_lock(&keep_lock);
	if (keep_journal != NULL)
		told_try(keep_journal, kind, text, on);
	pthread_mutex_unlock(&keep_lock);
}

bool
keep_told(enum told_kind kind, uint32_t after, struct told *told)
{
	bool found;

	pthread_mutex_lock(&keep_lock);
	found = keep_journal != NULL &&
	    told_next(keep_journal, kind, after, told);
	pthread_mutex_unlock(&keep_lock);
	return found;
}
