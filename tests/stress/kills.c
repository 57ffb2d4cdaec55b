/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kills.c - devswd is killed again and again, in the middle of whatever it
 * does, under clients that go on.
 *
 *	kills [-s SECONDS] KILLS FIRST CLIENTS KEEPER LOCK NODE=FAR... NODE...
 *
 * LOCK is the file that says which process is devswd, KEEPER the process that
 * starts the next one.  Of NODE=FAR, a line and the socket at its far end, one
 * client writes to the node and one reads what is sent there; a byte says
 * which one it is (kills_client.c), from FIRST on, so that both ends see that
 * none comes twice.
 * All other clients, of CLIENTS, open, poll and ask these nodes, and read and
 * write the last ones too, each of which has its own output for input.
 *
 * The daemon is killed in most cases a little while after all nodes were open
 * again, in some without waiting for that.  Every tenth time a client is killed
 * with it.  What must hold:
 *
 *	A call of a client that was in hand has ended when the daemon has come
 *	back STUCK_KILLS times, and STUCK_S seconds have passed.
 *	A file from before is dead.
 *	A node has the settings that it had.
 *	No byte comes twice.
 *
 * With -s there is a line every so many seconds: a JSON list of the seconds,
 * the kills; of the keeper its descriptors and resident KiB, of devswd the
 * same; /sys/class/cuse's nodes, the system's open files, KiB of the kernel's
 * memory that it cannot give back; and in how many ms after a kill all nodes
 * could be opened: half of the times, all but one in a hundred, and all.  At
 * the end a JSON object: what was done, how often each errno was the answer, and
 * the last three over the whole time.
 *
 * Exit status 1: something did not hold, and standard error has it; 2: the
 * command line.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "stress/kills.h"

#define	STUCK_KILLS	5
#define	STUCK_S		60
#define	BACK_S		120	/* since anything has happened */
#define	KILLS_MAX	100000

struct shared *sh;
struct line lines[LINES_MAX];
unsigned nlines, nnumbered;

static const char *const call_names[NCALLS] = { KILLS_CALLS };
static pid_t keeper;
static const char *lock;
static unsigned nclients, nkills, first_number;
static struct client {
	pid_t		 c_pid;
	unsigned long	 c_calls;	/* at some kill */
	unsigned	 c_kill;	/* which */
	uint64_t	 c_since;	/* ms */
} clients[CLIENTS_MAX];
static unsigned back[KILLS_MAX];	/* ms */
static unsigned nback, nsampled;

uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void
wrong(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (sh->s_wrong++ > 20)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "kills: after %u kills, process %d: %s\n",
	    sh->s_kills, (int)getpid(), text);
}

static _Noreturn void
give_up(const char *what)
{

	fprintf(stderr, "kills: after %u kills: %s\n", sh->s_kills, what);
	for (unsigned i = 0; i < nclients; i++)
		kill(clients[i].c_pid, SIGKILL);
	exit(1);
}

/* ---- the system ------------------------------------------------------ */

/* The number after a word in a file; 0: there is none. */
static unsigned long
number_in(const char *path, const char *word)
{
	char text[4096];
	const char *at;
	ssize_t n;
	int fd = open(path, O_RDONLY);

	n = fd != -1 ? read(fd, text, sizeof(text) - 1) : 0;
	if (fd != -1)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, word);
	return at != NULL ? strtoul(at + strlen(word), NULL, 10) : 0;
}

static unsigned
entries(const char *path)
{
	const struct dirent *de;
	unsigned n = 0;
	DIR *dir;

	if ((dir = opendir(path)) == NULL)
		return 0;
	while ((de = readdir(dir)) != NULL)
		n += de->d_name[0] != '.';
	closedir(dir);
	return n;
}

static pid_t
daemon_pid(void)
{

	return (pid_t)number_in(lock, "");
}

static int
by_size(const void *a, const void *b)
{
	const unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

/* Of back[first...]: half, 99 of 100, all. */
static void
print_back(unsigned first)
{
	const unsigned n = nback - first;
	unsigned *const sorted = calloc(n + 1, sizeof(*sorted));

	if (sorted == NULL)
		give_up("no memory");
	memcpy(sorted, back + first, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	printf("%u, %u, %u", n > 0 ? sorted[n / 2] : 0,
	    n > 0 ? sorted[n - 1 - n / 100] : 0, n > 0 ? sorted[n - 1] : 0);
	free(sorted);
}

static void
print_sample(uint64_t began)
{
	char fds[2][64], status[2][64];
	const pid_t pids[2] = { keeper, daemon_pid() };

	for (unsigned i = 0; i < 2; i++) {
		snprintf(fds[i], sizeof(fds[i]), "/proc/%d/fd", (int)pids[i]);
		snprintf(status[i], sizeof(status[i]), "/proc/%d/status",
		    (int)pids[i]);
	}
	printf("[%u, %u, %u, %lu, %u, %lu, %u, %lu, %lu, ",
	    (unsigned)((now_ms() - began) / 1000), sh->s_kills,
	    entries(fds[0]), number_in(status[0], "VmRSS:"), entries(fds[1]),
	    number_in(status[1], "VmRSS:"), entries("/sys/class/cuse"),
	    number_in("/proc/sys/fs/file-nr", ""),
	    number_in("/proc/meminfo", "SUnreclaim:"));
	print_back(nsampled);
	printf("]\n");
	fflush(stdout);
	nsampled = nback;
}

/* ---- clients --------------------------------------------------------- */

static void
client_start(unsigned i)
{
	struct client *const c = &clients[i];

	fflush(stdout);
	c->c_pid = fork();
	if (c->c_pid == -1)
		give_up("fork");
	if (c->c_pid == 0) {
		client_main(i);
		_exit(0);
	}
	c->c_kill = 0;
}

/* One that has ended is waited for; else it is in the middle of what? */
static void
client_wait(unsigned i, const char *when)
{
	const uint64_t since = now_ms();
	char command[256];

	while (waitpid(clients[i].c_pid, NULL, WNOHANG) == 0) {
		if (now_ms() - since < STUCK_S * 1000) {
			usleep(5000);
			continue;
		}
		snprintf(command, sizeof(command), "grep . /proc/%d/stack "
		    "/proc/%d/syscall >&2; grep State /proc/%d/status >&2",
		    (int)clients[i].c_pid, (int)clients[i].c_pid,
		    (int)clients[i].c_pid);
		(void)!system(command);
		give_up(when);
	}
}

/* The daemon is back: what was in hand has ended, or will very soon. */
static void
look_for_stuck(void)
{
	const uint64_t now = now_ms();

	for (unsigned i = 0; i < nclients; i++) {
		struct client *const c = &clients[i];

		if (c->c_kill == 0 || c->c_calls != sh->s_calls[i]) {
			c->c_calls = sh->s_calls[i];
			c->c_kill = sh->s_kills;
			c->c_since = now;
		} else if (sh->s_kills - c->c_kill > STUCK_KILLS &&
		    now - c->c_since > STUCK_S * 1000) {
			kill(c->c_pid, SIGKILL);
			client_wait(i, "a client is stuck, and cannot be "
			    "killed");
			give_up("a client was stuck in one call");
		}
	}
}

/* ---- kills ----------------------------------------------------------- */

/* Until there is another process than before. */
static pid_t
next_daemon(pid_t before)
{
	const uint64_t since = now_ms();
	pid_t pid;

	/* Its file is empty for a moment. */
	while ((pid = daemon_pid()) == before || pid < 2 ||
	    kill(pid, 0) == -1) {
		if (kill(keeper, 0) == -1)
			give_up("the keeper has ended");
		if (now_ms() - since > BACK_S * 1000)
			give_up("nobody has started a new daemon");
		usleep(1000);
	}
	return pid;
}

/* Until all nodes can be opened. */
static void
wait_back(uint64_t since)
{
	uint64_t progress = since;

	for (unsigned i = 0; i < nlines; i++) {
		const int fd = open(lines[i].l_node, O_RDWR | O_NOCTTY |
		    O_NONBLOCK);

		if (fd != -1) {
			close(fd);
			progress = now_ms();
			continue;
		}
		if (errno == ENOENT)
			wrong("%s is gone", lines[i].l_node);
		if (now_ms() - progress > BACK_S * 1000)
			give_up("a node does not come back");
		usleep(1000);
		i--;
	}
	back[nback++] = (unsigned)(now_ms() - since);
}

static void
kill_one(pid_t *daemon)
{
	const unsigned victim = (unsigned)rand() % nclients;
	const bool with = rand() % 10 == 0, waits = rand() % 4 != 0;
	const uint64_t since = now_ms();

	kill(*daemon, SIGKILL);
	sh->s_kills++;
	if (with)
		kill(clients[victim].c_pid, SIGKILL);
	if (waits)
		wait_back(since);
	*daemon = next_daemon(*daemon);
	if (waits) {
		sh->s_dead = sh->s_kills;
		look_for_stuck();
	}
	if (with) {
		client_wait(victim, "a client that was killed does not end");
		client_start(victim);
	}
	usleep((useconds_t)rand() % (waits ? 100000 : 400000));
}

static void
print_counts(void)
{
	const char *comma = "";

	printf("{");
	for (int call = 0; call < NCALLS; call++)
		printf("\"%s\": %lu, ", call_names[call], sh->s_done[call]);
	printf("\"kills\": %u, \"sent\": %lu, \"received\": %lu, \"back\": [",
	    sh->s_kills, sh->s_sent, sh->s_received);
	print_back(0);
	printf("], \"errors\": {");
	for (int call = 0; call < NCALLS; call++) {
		for (int e = 0; e < ERRNOS; e++) {
			if (sh->s_errno[call][e] == 0)
				continue;
			printf("%s\"%s %s\": %lu", comma, call_names[call],
			    strerrorname_np(e), sh->s_errno[call][e]);
			comma = ", ";
		}
	}
	printf("}}\n");
}

/* ---- begin ----------------------------------------------------------- */

static void
line_add(char *text)
{
	struct line *const l = &lines[nlines];
	char *const far = strchr(text, '=');
	int fd;

	if (nlines == LINES_MAX)
		give_up("too many nodes");
	l->l_node = text;
	if (far != NULL) {
		*far = '\0';
		l->l_far = far + 1;
		nnumbered = nlines + 1;
	}
	sh->s_next[nlines] = first_number;
	sh->s_in[nlines] = first_number;
	fd = open(l->l_node, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (fd == -1 || tcgetattr(fd, &l->l_mode) == -1)
		give_up(l->l_node);
	cfmakeraw(&l->l_mode);
	l->l_mode.c_cflag |= CLOCAL;
	cfsetspeed(&l->l_mode, B115200);
	if (tcsetattr(fd, TCSANOW, &l->l_mode) == -1 ||
	    tcgetattr(fd, &l->l_mode) == -1)
		give_up(l->l_node);
	close(fd);
	nlines++;
}

static void
run(unsigned sample)
{
	const uint64_t began = now_ms();
	uint64_t next = began;
	pid_t daemon = next_daemon(0);

	for (unsigned i = 0; i < nclients; i++)
		client_start(i);
	for (unsigned i = 0; i < nnumbered; i++)
		far_start(&lines[i], first_number);
	while (sh->s_kills < nkills && sh->s_wrong == 0) {
		kill_one(&daemon);
		if (sample > 0 && now_ms() >= next) {
			print_sample(began);
			next = now_ms() + sample * 1000;
		}
	}
	/* Who sleeps in a call is woken by the last one. */
	sh->s_stop = true;
	kill(daemon, SIGKILL);
	wait_back(now_ms());
	nback--;
	for (unsigned i = 0; i < nclients; i++)
		client_wait(i, "a client does not end");
	if (sample > 0)
		print_sample(began);
}

int
main(int argc, char **argv)
{
	unsigned sample = 0;

	if (argc > 3 && strcmp(argv[1], "-s") == 0) {
		sample = (unsigned)atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc < 7 || (nkills = (unsigned)atoi(argv[1])) >= KILLS_MAX ||
	    (nclients = (unsigned)atoi(argv[3])) > CLIENTS_MAX) {
		fprintf(stderr, "usage: kills [-s SECONDS] KILLS FIRST CLIENTS "
		    "KEEPER LOCK NODE=FAR ... NODE ...\n");
		return 2;
	}
	first_number = (uint32_t)atoi(argv[2]);
	keeper = (pid_t)atoi(argv[4]);
	lock = argv[5];
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		return 1;
	for (int i = 6; i < argc; i++)
		line_add(argv[i]);
	run(sample);
	print_counts();
	return sh->s_wrong != 0;
}
