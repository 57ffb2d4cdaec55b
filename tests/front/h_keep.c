/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_keep.c - see h_keep.h.
 */
#undef NDEBUG
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "h_keep.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_state.h"

const char *const names[NODES] = { "ttyX0", "uhid5" };
const int classes[NODES] = { HYP_NODE_TTY, HYP_NODE_HID };
const uint32_t minors[NODES] = { 7, 9 };

struct journal *journal;
int journal_fd;
struct kern *kerns[NODES];
int fds[NODES];
pid_t child, second;
int child_end, second_end;
int child_write_mode = HK_SLEEP;
_Atomic unsigned kept, unkept;

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

void
config(struct front_config *fc)
{

	memset(fc, 0, sizeof(*fc));
	/* Nobody waits for it. */
	fc->deadline_ms = 20000;
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

void
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
	kept = 0;
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
	hk.write_mode = child_write_mode;
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

void
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

void
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

/* It has a mapping of its own. */
void
successor_begin(struct front_config *fc)
{

	journal_close(journal);
	T_EQ(journal_open(&journal, journal_fd), 0);
	fc->open_channel = kern_open_channel;
	kept = unkept = 0;
	front_begin(fc);
}

void
successor_adopts(void)
{
	struct front_kept fk[NODES];

	for (int i = 0; i < NODES; i++)
		fk[i] = (struct front_kept){ minors[i], fds[i] };
	T_EQ(front_adopt(fk, NODES), NODES);
	T_EQ(unkept, 0);
}

void
successor_up(void)
{
	struct front_config fc;

	config(&fc);
	successor_begin(&fc);
	successor_adopts();
	/* The double takes an answer to a call that comes later for one to it:
	   let it have them all. */
	for (int i = 0; i < NODES; i++)
		T_UNTIL(was_asked_again, kerns[i]);
}

void
node_comes(int i, struct hyp_node **np)
{
	void *host;

	*np = hk_node();
	T_EQ(hyp_node_create(*np, names[i], classes[i], minors[i], &host), 0);
}

/* The second, if it had nothing to do. */
void
second_down(void)
{

	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

void
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

/* Of the node with that minor number, or of any. */
static int
in_hand(uint64_t unique, const uint32_t *minor)
{
	struct journal_call jc;
	struct journal_node jn;

	for (unsigned i = 0; i < journal_calls(journal); i++) {
		if (journal_call(journal, i, &jc) && jc.jc_unique == unique &&
		    (minor == NULL || (journal_node(journal, jc.jc_node, &jn) &&
		    jn.jn_minor == *minor)))
			return 1;
	}
	return 0;
}

int
is_in_hand(void *arg)
{
	const uint64_t *unique = arg;

	return in_hand(*unique, NULL);
}

struct call {
	uint64_t	 c_unique;
	uint32_t	 c_minor;
};

static int
is_of_node(void *arg)
{
	const struct call *c = arg;

	return in_hand(c->c_unique, &c->c_minor);
}

void
wait_in_hand(int i, uint64_t unique)
{
	struct call c = { unique, minors[i] };

	T_UNTIL(is_of_node, &c);
}

int
is_not_in_hand(void *arg)
{

	return !is_in_hand(arg);
}

int
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
