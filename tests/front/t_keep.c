/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_keep.c - a front end that is killed is followed by another one, on the
 * same channels (docs/contract.md, "When devswd dies").
 *
 * The dead one is a child, the successor the test itself; between them are the
 * journal and the channels' descriptors, which the test has as a keeper would.
 * The kernel's end is h_kern.c.  Children are made before there is a thread,
 * and get their descriptors later.
 */
#undef NDEBUG
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "h_front.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_state.h"

#define	NODES	2

static const char *const names[NODES] = { "ttyX0", "uhid5" };
static const int classes[NODES] = { HYP_NODE_TTY, HYP_NODE_HID };
static const uint32_t minors[NODES] = { 7, 9 };

static struct journal *journal;
static int journal_fd;
static struct kern *kerns[NODES];
static int fds[NODES];
static pid_t child, second;
static int child_end, second_end;	/* sockets to them */

/* What the keeper hears. */
static _Atomic unsigned kept, unkept;

static void
keep(uint32_t minor, int fd)
{

	(void)minor;
	T_CHECK(fd != -1);
	kept++;
}

static void
unkeep(uint32_t minor)
{

	struct timespec soon;

	(void)minor;
	unkept++;
	/* The keeper may be waited for, which nobody else is to do. */
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec += 2;
	T_EQ(pthread_mutex_timedlock(&front.fl_lock, &soon), 0);
	pthread_mutex_unlock(&front.fl_lock);
}

static void
config(struct front_config *fc)
{

	memset(fc, 0, sizeof(*fc));
	fc->deadline_ms = DEADLINE_MS;
	fc->idle_ms = IDLE_MS;
	fc->devdir = "/nonexistent";
	fc->journal = journal;
	fc->keep = keep;
	fc->unkeep = unkeep;
}

static int
next_channel(void *arg)
{
	static int next;

	(void)arg;
	return fcntl(fds[next++], F_DUPFD_CLOEXEC, 3);
}

union rights {
	struct cmsghdr	 hdr;
	char		 buf[CMSG_SPACE((NODES + 1) * sizeof(int))];
};

static void
put_fds(int end)
{
	struct iovec iov = { .iov_base = (char[1]){ 0 }, .iov_len = 1 };
	union rights r = { .hdr = { CMSG_LEN((NODES + 1) * sizeof(int)),
	    SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &r, .msg_controllen = sizeof(r) };

	memcpy(CMSG_DATA(&r.hdr), &journal_fd, sizeof(int));
	memcpy(CMSG_DATA(&r.hdr) + sizeof(int), fds, sizeof(fds));
	T_EQ(sendmsg(end, &msg, 0), 1);
}

/* It ends if there are none. */
static void
get_fds(int end)
{
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	union rights r;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &r, .msg_controllen = sizeof(r) };

	if (recvmsg(end, &msg, 0) != 1)
		_exit(10);
	memcpy(&journal_fd, CMSG_DATA(&r.hdr), sizeof(int));
	memcpy(fds, CMSG_DATA(&r.hdr) + sizeof(int), sizeof(fds));
	if (journal_open(&journal, journal_fd) != 0)
		_exit(11);
}

/* Says so when its nodes are there. */
static volatile sig_atomic_t asked;

static void
ask(int sig)
{

	(void)sig;
	asked = 1;
}

static _Noreturn void
child_main(int status)
{
	struct hyp_node *first = NULL;
	struct hyp_node_stat hs;
	struct front_config fc;
	void *host;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hyp_posix_set_loglevel(0);
	host_crash_catch();
	signal(SIGUSR2, ask);
	get_fds(status);
	front_died_open(journal, false);
	config(&fc);
	fc.open_channel = next_channel;
	if (front_start(&fc) != 0)
		_exit(1);
	for (int i = 0; i < NODES; i++) {
		node = hk_node();
		if (i == 0)
			first = node;
		if (hyp_node_create(node, names[i], classes[i], minors[i],
		    &host) != 0)
			_exit(2);
	}
	hk.read_mode = HK_SLEEP;
	hk.write_mode = HK_SLEEP;
	hk.ioctl_mode = HK_CRASH;
	if (kept != NODES || write(status, "", 1) != 1)
		_exit(3);
	while (!asked)
		pause();
	/* The first node's device can go on; the journal's place is that of
	   what this one leaves. */
	if (front_hand_begin() != 0)
		_exit(4);
	hyp_node_getstat(first, &hs);
	if (hyp_hand_put(hs.hs_device, "well", 4) != 0 ||
	    (journal_fd = front_hand_end()) < 0)
		_exit(5);
	put_fds(status);
	_exit(0);
}

/* One that takes over, and dies. */
static _Noreturn void
second_main(int status)
{
	struct front_kept fk[NODES];
	struct front_config fc;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	hyp_posix_set_loglevel(0);
	get_fds(status);
	config(&fc);
	fc.open_channel = kern_open_channel;
	if (front_start(&fc) != 0)
		_exit(1);
	for (int i = 0; i < NODES; i++)
		fk[i] = (struct front_kept){ minors[i], fds[i] };
	if (front_adopt(fk, NODES) != NODES)
		_exit(2);
	kill(getpid(), SIGKILL);
	_exit(3);
}

static pid_t
spawn(void (*func)(int), int *end)
{
	int pair[2];
	pid_t pid;

	T_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	fflush(NULL);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		close(pair[0]);
		(*func)(pair[1]);
	}
	close(pair[1]);
	*end = pair[0];
	return pid;
}

/* The front end's threads may be on their way out when it has stopped. */
static int
is_alone(void *arg)
{
	char path[300], name[16];
	const struct dirent *de;
	unsigned n = 0;
	FILE *file;
	DIR *dir;

	(void)arg;
	dir = opendir("/proc/self/task");
	assert(dir != NULL);
	while ((de = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
		    de->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		n += fgets(name, sizeof(name), file) != NULL &&
		    strncmp(name, "front", 5) == 0;
		fclose(file);
	}
	closedir(dir);
	return n == 0;
}

static void
child_up(void)
{
	char byte;

	/* The thread sanitizer starts no threads in a fork of several. */
	T_UNTIL(is_alone, NULL);
	child = spawn(child_main, &child_end);
	second = spawn(second_main, &second_end);
	T_EQ(journal_make(&journal, &journal_fd), 0);
	for (int i = 0; i < NODES; i++) {
		fds[i] = kern_open_channel(NULL);
		kerns[i] = kern_last();
	}
	put_fds(child_end);
	T_EQ(read(child_end, &byte, 1), 1);
}

static void
child_kill(void)
{
	int status;

	kill(child, SIGKILL);
	T_EQ(waitpid(child, &status, 0), child);
	T_CHECK(WIFSIGNALED(status));
	close(child_end);
	close(second_end);
	for (int i = 0; i < NODES; i++)
		kern_allow_unasked(kerns[i]);
}

/* The last thing that a successor says to the kernel. */
static int
was_asked_again(void *arg)
{

	return kern_resends(arg) > 0;
}

/* The successor has a mapping of its own. */
static void
successor_up(void)
{
	struct front_kept fk[NODES];
	struct front_config fc;

	journal_close(journal);
	T_EQ(journal_open(&journal, journal_fd), 0);
	config(&fc);
	fc.open_channel = kern_open_channel;
	kept = unkept = 0;
	front_begin(&fc);
	for (int i = 0; i < NODES; i++)
		fk[i] = (struct front_kept){ minors[i], fds[i] };
	T_EQ(front_adopt(fk, NODES), NODES);
	T_EQ(unkept, 0);
	/* The double takes an answer to a call that comes later for one to it:
	   let it have them all. */
	for (int i = 0; i < NODES; i++)
		T_UNTIL(was_asked_again, kerns[i]);
}

static void
node_comes(int i, struct hyp_node **np)
{
	void *host;

	*np = hk_node();
	T_EQ(hyp_node_create(*np, names[i], classes[i], minors[i], &host), 0);
}

/* The second, if it had nothing to do. */
static void
second_down(void)
{

	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

static void
all_down(void)
{

	second_down();
	T_EQ(front_end(), 0);
	T_EQ(unkept, NODES);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
	T_EQ(hk.opens, hk.closes);
	T_EQ(journal_nodes(journal), NODES);	/* there have been */
	for (unsigned i = 0; i < NODES; i++) {
		struct journal_node jn;

		T_CHECK(!journal_node(journal, i, &jn));
	}
	journal_close(journal);
	close(journal_fd);
}

/* ---- cases ---------------------------------------------------------- */

static int
is_in_hand(void *arg)
{
	const uint64_t *unique = arg;
	struct journal_call jc;

	for (unsigned i = 0; i < journal_calls(journal); i++) {
		if (journal_call(journal, i, &jc) && jc.jc_unique == *unique)
			return 1;
	}
	return 0;
}

static int
is_not_in_hand(void *arg)
{

	return !is_in_hand(arg);
}

/* Reads of a terminal end, all others fail; a write is not run again. */
static void
calls_in_hand_end_as_of_a_revoked_file(void)
{
	uint64_t fh[NODES], r[NODES], w;
	struct hyp_node *hn;
	struct kern_reply reply;

	child_up();
	for (int i = 0; i < NODES; i++)
		fh[i] = kern_opened(kerns[i], O_RDWR);
	r[0] = kern_read(kerns[0], fh[0], 10, 0, 0);
	T_UNTIL(is_in_hand, &r[0]);
	w = kern_write(kerns[0], fh[0], "once", 4, 0, 0);
	T_UNTIL(is_in_hand, &w);
	r[1] = kern_ioctl(kerns[1], fh[1], HK_SET, 4096, 0, NULL, 0, 0);
	T_EQ(kern_wait(kerns[1], r[1], NULL), 0);	/* asks again */
	child_kill();
	T_EQ(kern_done(kerns[0], r[0]), 0);
	successor_up();
	/* Nobody has made a node or begun to serve. */
	T_EQ(kern_wait(kerns[0], r[0], &reply), 0);
	T_EQ(reply.kr_len, 0);
	T_EQ(kern_wait(kerns[0], w, NULL), EIO);
	node_comes(0, &hn);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], kern_write(kerns[0], fh[0], "x", 1, 0, 0),
	    NULL), EIO);
	kern_released(kerns[0], fh[0]);
	kern_released(kerns[1], fh[1]);
	T_EQ(hk.writes + hk.reads + hk.opens + hk.closes, 0);
	T_EQ(kern_resends(kerns[0]), 1);
	all_down();
}

/* What the child leaves when it ends for the next one. */
static int
child_hands_over(void)
{
	struct iovec iov = { .iov_base = (char[1]){ 0 }, .iov_len = 1 };
	union rights r;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
	    .msg_control = &r, .msg_controllen = sizeof(r) };
	int fd, status, more[NODES];

	/* It may be just about to sleep. */
	do {
		kill(child, SIGUSR2);
	} while (poll(&(struct pollfd){ .fd = child_end, .events = POLLIN }, 1,
	    100) == 0);
	T_EQ(recvmsg(child_end, &msg, 0), 1);
	memcpy(&fd, CMSG_DATA(&r.hdr), sizeof(int));
	memcpy(more, CMSG_DATA(&r.hdr) + sizeof(int), sizeof(more));
	for (int i = 0; i < NODES; i++)
		close(more[i]);
	T_EQ(waitpid(child, &status, 0), child);
	T_EQ(status, 0);
	close(child_end);
	close(second_end);
	return fd;
}

static void
handed_over_it_goes_on(void)
{
	uint64_t fh[NODES], r, w, o;
	struct hyp_node *hn[NODES];
	struct front_kept fk[NODES];
	struct kern_reply reply;
	struct front_config fc;
	char text[8];
	int fd;

	child_up();
	for (int i = 0; i < NODES; i++)
		fh[i] = kern_opened(kerns[i], O_RDWR);
	r = kern_read(kerns[0], fh[0], 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	w = kern_write(kerns[0], fh[0], "once", 4, 0, 0);
	T_UNTIL(is_in_hand, &w);
	o = kern_read(kerns[1], fh[1], 10, 0, 0);
	T_UNTIL(is_in_hand, &o);
	fd = child_hands_over();
	T_CHECK(front_hand_open(fd));
	close(fd);
	T_EQ(hyp_hand_get("k", text, sizeof(text)), 0);
	/* The next one. */
	journal_close(journal);
	T_EQ(journal_open(&journal, journal_fd), 0);
	config(&fc);
	fc.open_channel = kern_open_channel;
	kept = unkept = 0;
	front_begin(&fc);
	for (int i = 0; i < NODES; i++)
		fk[i] = (struct front_kept){ minors[i], fds[i] };
	T_EQ(front_adopt(fk, NODES), NODES);
	T_CHECK(is_in_hand(&r));
	for (int i = 0; i < NODES; i++) {
		node_comes(i, &hn[i]);
		front_node_serve(minors[i]);
	}
	T_EQ(hk.opens, 1);
	/* A file of a device that has said nothing is dead. */
	T_EQ(kern_wait(kerns[1], o, &reply), 0);
	T_EQ(reply.kr_len, 0);
	T_EQ(kern_wait(kerns[1], kern_write(kerns[1], fh[1], "x", 1, 0, 0),
	    NULL), EIO);
	/* The other one's reader still waits. */
	T_EQ(kern_done(kerns[0], r), 0);
	hk_feed(hn[0], 3);
	T_EQ(kern_wait(kerns[0], r, &reply), 0);
	T_EQ(reply.kr_len, 3);
	T_EQ(kern_wait(kerns[0], w, NULL), 0);
	T_EQ(kern_wait(kerns[0], kern_write(kerns[0], fh[0], "x", 1, 0, 0),
	    NULL), 0);
	/* Which its thread writes down when the answer has gone. */
	T_UNTIL(is_not_in_hand, &r);
	for (int i = 0; i < NODES; i++)
		kern_released(kerns[i], fh[i]);
	T_EQ(hk.closes, 1);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

static const struct front_died *
next_is_told(void)
{

	journal_close(journal);
	T_EQ(journal_open(&journal, journal_fd), 0);
	front_died_open(journal, true);
	T_CHECK(front_died() != NULL);
	return front_died();
}

/* Among its last calls is one of that node's, which had an answer or not. */
static void
has_last(const struct front_died *fd, unsigned call, unsigned which,
    bool answered)
{
	const struct front_died_last *dl = fd->fd_last;

	for (unsigned i = 0; i < fd->fd_nlast; i++, dl++) {
		if (dl->dl_call == call && dl->dl_minor == minors[which] &&
		    (dl->dl_took >= 0) == answered &&
		    strcmp(dl->dl_name, names[which]) == 0)
			return;
	}
	t_fail(__FILE__, __LINE__, "no call %u of %s among %u", call,
	    names[which], fd->fd_nlast);
}

static void
has_died_of(const struct front_died *fd, const char *words, unsigned call)
{

	if (strcmp(fd->fd_words, words) != 0)
		t_fail(__FILE__, __LINE__, "it died of: %s", fd->fd_words);
	T_EQ(fd->fd_ncalls, 2);
	T_EQ(fd->fd_nfiles, NODES);
	for (unsigned i = 0; i < 2; i++) {
		T_EQ(fd->fd_calls[i].dc_minor, fd->fd_calls[i].dc_call ==
		    FRONT_READ ? minors[0] : minors[1]);
		T_CHECK(fd->fd_calls[i].dc_call == FRONT_READ ||
		    fd->fd_calls[i].dc_call == call);
	}
	for (unsigned i = 0; i < NODES; i++) {
		T_EQ(fd->fd_files[i].df_minor, minors[i]);
		T_EQ(fd->fd_files[i].df_uid, 1000 + i);
		T_EQ(fd->fd_files[i].df_pid, getpid());
		T_CHECK(strcmp(fd->fd_files[i].df_name, names[i]) == 0);
	}
	has_last(fd, FRONT_OPEN, 0, true);
	has_last(fd, FRONT_OPEN, 1, true);
	has_last(fd, FRONT_READ, 0, false);
	T_EQ(fd->fd_last[0].dl_before, 0);
}

/* By itself, by a signal, and by one that nobody hears of. */
static void
the_next_is_told_why(void)
{
	static const struct {
		int		 sig;
		const char	*words;
	} ways[] = {
		{ 0, "the double of K cannot go on; in thread front, ioctl "
		    "of uhid5" },
		{ SIGSEGV, "fatal: SIGSEGV; in thread t_keep" },
		{ SIGKILL, "" },
	};
	uint64_t fh[NODES], r;
	int status;

	for (unsigned w = 0; w < 3; w++) {
		child_up();
		for (unsigned i = 0; i < NODES; i++) {
			kern_as(kerns[i], 1000 + i, 20, (unsigned)getpid());
			fh[i] = kern_opened(kerns[i], O_RDWR);
		}
		r = kern_read(kerns[0], fh[0], 10, 0, 0);
		T_UNTIL(is_in_hand, &r);
		if (ways[w].sig == 0)
			(void)kern_ioctl(kerns[1], fh[1], HK_FLUSH, 0, 0, NULL,
			    0, 0);
		else {
			r = kern_read(kerns[0], fh[0], 10, 0, 0);
			T_UNTIL(is_in_hand, &r);
			/* By the main thread: another could take it, too. */
			(void)syscall(SYS_tgkill, child, child, ways[w].sig);
		}
		T_EQ(waitpid(child, &status, 0), child);
		T_CHECK(WIFSIGNALED(status));
		close(child_end);
		close(second_end);
		second_down();
		has_died_of(next_is_told(), ways[w].words, FRONT_IOCTL);
		if (ways[w].sig == 0)
			has_last(front_died(), FRONT_IOCTL, 1, false);
		/* Once, and not again. */
		T_CHECK(next_is_told()->fd_words[0] == '\0');
		T_EQ(front_died()->fd_nlast, 0);
		host_crash_words(NULL, 0);
		for (int i = 0; i < NODES; i++) {
			close(fds[i]);
			kern_free(kerns[i]);
		}
		journal_close(journal);
		close(journal_fd);
	}
}

/*
 * One that the dead daemon had read and not recorded is answered too; one
 * that it had not read is not.
 */
static void
a_call_that_was_not_recorded_is_answered(void)
{
	uint64_t fh, lost, unread;
	struct hyp_node *hn;
	char buf[4096];
	int status;

	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	kill(child, SIGSTOP);
	T_EQ(waitpid(child, &status, WUNTRACED), child);
	lost = kern_read(kerns[0], fh, 10, 0, O_NONBLOCK);
	/* The child's read(2), its last. */
	T_CHECK(read(fds[0], buf, sizeof(buf)) > 0);
	child_kill();
	unread = kern_open(kerns[0], O_RDWR);
	/* The double does not know who has read what: the kernel does. */
	successor_up();
	T_EQ(kern_wait(kerns[0], lost, NULL), EIO);
	T_CHECK(kern_unasked(kerns[0]) > 0);
	(void)unread;
	node_comes(0, &hn);
	front_nodes_serve();
	T_UNTIL(front_quiet, NULL);
	T_EQ(kern_wait(kerns[0], kern_read(kerns[0], fh, 1, 0, 0), NULL), 0);
	kern_released(kerns[0], fh);
	all_down();
}

static void
sleepers_in_poll_are_woken(void)
{
	struct fuse_poll_out out;
	struct kern_reply r;
	struct hyp_node *hn;
	uint64_t fh;
	unsigned n;

	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	T_EQ(kern_wait(kerns[0], kern_poll(kerns[0], fh, POLLIN, 1), NULL), 0);
	n = kern_notified(kerns[0]);
	child_kill();
	successor_up();
	kern_wait_notified(kerns[0], n + 1);
	node_comes(0, &hn);
	front_node_serve(minors[0]);
	T_EQ(kern_wait(kerns[0], kern_poll(kerns[0], fh, POLLIN, 1), &r), 0);
	memcpy(&out, r.kr_data, sizeof(out));
	T_CHECK((out.revents & POLLERR) != 0);
	kern_released(kerns[0], fh);
	all_down();
}

/* An open waits for the node's hardware, and is a file like any other. */
static void
new_opens_wait_and_succeed(void)
{
	uint64_t old, fh, unique, number;
	struct fuse_open_out out;
	struct kern_reply r;
	struct hyp_node *hn;

	child_up();
	old = kern_opened(kerns[0], O_RDWR);
	number = old >> 16;
	child_kill();
	successor_up();
	node_comes(0, &hn);
	unique = kern_open(kerns[0], O_RDWR);
	t_msleep(20);
	T_EQ(kern_done(kerns[0], unique), 0);
	front_node_serve(minors[1]);		/* another */
	t_msleep(20);
	T_EQ(kern_done(kerns[0], unique), 0);
	front_node_serve(minors[0]);
	T_EQ(kern_wait(kerns[0], unique, &r), 0);
	memcpy(&out, r.kr_data, sizeof(out));
	fh = out.fh;
	T_CHECK(fh >> 16 > number);
	hk_feed(hn, 3);
	T_EQ(kern_wait(kerns[0], kern_read(kerns[0], fh, 10, 0, 0), &r), 0);
	T_EQ(r.kr_len, 3);
	kern_released(kerns[0], fh);
	kern_released(kerns[0], old);
	all_down();
}

/* It is there, and ENXIO; and K's when K makes it. */
static void
a_node_that_nobody_makes_stays(void)
{
	struct hyp_node *hn;
	uint64_t fh;

	child_up();
	child_kill();
	successor_up();
	front_nodes_serve();
	T_EQ(kern_wait(kerns[1], kern_open(kerns[1], O_RDWR), NULL), ENXIO);
	node_comes(1, &hn);
	fh = kern_opened(kerns[1], O_RDWR);
	kern_released(kerns[1], fh);
	T_EQ(hk.opens, 1);
	T_EQ(kern_count() % NODES, 0);		/* no new channel */
	all_down();
}

/* Sent again by a kernel from 6.9 on. */
static void
what_is_sent_again_is_not_run_again(void)
{
	const struct fuse_open_in in = { .flags = O_RDWR };
	struct hyp_node *hn;

	child_up();
	child_kill();
	successor_up();
	node_comes(0, &hn);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], kern_send_again(kerns[0], FUSE_OPEN, &in,
	    sizeof(in)), NULL), EINTR);
	T_EQ(hk.opens, 0);
	all_down();
}

static void
two_deaths_one_after_the_other(void)
{
	struct hyp_node *hn;
	uint64_t fh, r;
	int status, end;

	child_up();
	end = dup(second_end);
	fh = kern_opened(kerns[0], O_RDWR);
	r = kern_read(kerns[0], fh, 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	child_kill();
	put_fds(end);
	close(end);
	T_EQ(waitpid(second, &status, 0), second);
	T_CHECK(WIFSIGNALED(status));
	T_EQ(kern_wait(kerns[0], r, NULL), 0);
	successor_up();
	node_comes(0, &hn);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], kern_write(kerns[0], fh, "x", 1, 0, 0),
	    NULL), EIO);
	T_CHECK(kern_opened(kerns[0], O_RDWR) >> 16 > fh >> 16);
	all_down();
}

/* What the keeper has and the journal does not know goes. */
static void
a_stranger_is_given_back(void)
{
	struct front_kept fk[2];
	struct front_config fc;

	child_up();
	child_kill();
	config(&fc);
	fc.open_channel = kern_open_channel;
	kept = unkept = 0;
	front_begin(&fc);
	fk[0] = (struct front_kept){ minors[0], fds[0] };
	fk[1] = (struct front_kept){ 77, fds[1] };
	T_EQ(front_adopt(fk, 2), 1);
	second_down();
	T_EQ(unkept, 1);
	T_UNTIL(kern_closed, kerns[1]);
	T_EQ(front_end(), 0);
	T_EQ(unkept, 2);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
	journal_close(journal);
	close(journal_fd);
}

static void
one_that_is_another_now_goes(void)
{
	struct front_kept fk[NODES];
	struct front_config fc;
	struct front_node *fn;

	child_up();
	child_kill();
	config(&fc);
	fc.open_channel = kern_open_channel;
	unkept = 0;
	front_begin(&fc);
	for (int i = 0; i < NODES; i++)
		fk[i] = (struct front_kept){ minors[i], fds[i] };
	T_EQ(front_adopt(fk, NODES), NODES);
	T_EQ(front_kept_take(NULL, "another", HYP_NODE_TTY, minors[0], &fn),
	    0);
	T_CHECK(fn == NULL);
	T_EQ(unkept, 1);
	T_UNTIL(kern_closed, kerns[0]);
	T_EQ(front_end(), 0);
	T_EQ(unkept, NODES);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
	journal_close(journal);
	close(journal_fd);
}

const struct t_case t_cases[] = {
	{ "handed over, calls and files go on, where their device can",
	    handed_over_it_goes_on },
	{ "calls in hand end as of a revoked file",
	    calls_in_hand_end_as_of_a_revoked_file },
	{ "a call that was not recorded is answered",
	    a_call_that_was_not_recorded_is_answered },
	{ "the next one is told why, and who had what open",
	    the_next_is_told_why },
	{ "sleepers in poll are woken", sleepers_in_poll_are_woken },
	{ "new opens wait and succeed", new_opens_wait_and_succeed },
	{ "a node that nobody makes stays", a_node_that_nobody_makes_stays },
	{ "what is sent again is not run again",
	    what_is_sent_again_is_not_run_again },
	{ "two deaths, one after the other", two_deaths_one_after_the_other },
	{ "a stranger is given back", a_stranger_is_given_back },
	{ "one that is another node now goes, and nobody waits for the keeper",
	    one_that_is_another_now_goes },
	{ NULL, NULL },
};
