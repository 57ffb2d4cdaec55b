/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_hyp_posix.c - the hypercalls of hyp.h on this host: parking, threads,
 * clocks, the log that must not wait, and the end by a crash.
 *
 * The lost wake-up is looked for by a ping-pong in which each side parks
 * without a deadline: one wake-up that goes missing hangs the test, and the
 * runner's timeout reports it.
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"
#include "h_test.h"

#define	ROUNDS		50000
#define	MS		UINT64_C(1000000)
#define	NHERD		8

static uint32_t
word_load(uint32_t *w)
{

	return __atomic_load_n(w, __ATOMIC_ACQUIRE);
}

static void
word_store(uint32_t *w, uint32_t v)
{

	__atomic_store_n(w, v, __ATOMIC_RELEASE);
}

/* ---- ping-pong ------------------------------------------------------ */

static uint32_t ball;		/* even: main's turn; odd: the other's */

static void
pong(void *arg)
{
	uint32_t v;
	int *seen = arg;

	for (;;) {
		v = word_load(&ball);
		if (v >= 2 * ROUNDS)
			return;
		if ((v & 1) == 0) {
			(void)hyp_park(&ball, v, 0);
			continue;
		}
		(*seen)++;
		word_store(&ball, v + 1);
		hyp_unpark(&ball, 1);
	}
}

static void
test_pingpong(void)
{
	struct hyp_thread *t;
	int seen = 0;
	uint32_t v;

	T_CHECK(hyp_thread_create("pong", pong, &seen, &t) == 0);
	while ((v = word_load(&ball)) < 2 * ROUNDS) {
		if ((v & 1) != 0) {
			(void)hyp_park(&ball, v, 0);
			continue;
		}
		word_store(&ball, v + 1);
		hyp_unpark(&ball, 1);
	}
	hyp_unpark(&ball, 1);
	hyp_thread_join(t);
	T_EQ(seen, ROUNDS);
}

/* ---- wake n of many ------------------------------------------------- */

static uint32_t herd_word;
static atomic_int herd_tickets;
static atomic_int herd_out;

static void
herd(void *arg)
{
	int n;

	(void)arg;
	for (;;) {
		n = atomic_load(&herd_tickets);
		while (n > 0) {
			if (atomic_compare_exchange_weak(&herd_tickets, &n,
			    n - 1)) {
				atomic_fetch_add(&herd_out, 1);
				return;
			}
		}
		(void)hyp_park(&herd_word, 0, 0);
	}
}

static void
test_herd(void)
{
	struct hyp_thread *t[NHERD];
	int i;

	for (i = 0; i < NHERD; i++)
		T_CHECK(hyp_thread_create("herd", herd, NULL, &t[i]) == 0);
	atomic_store(&herd_tickets, NHERD);
	word_store(&herd_word, 1);	/* who comes late does not sleep */
	hyp_unpark(&herd_word, UINT32_MAX);
	for (i = 0; i < NHERD; i++)
		hyp_thread_join(t[i]);
	T_EQ(atomic_load(&herd_out), NHERD);
}

/* ---- deadlines ------------------------------------------------------ */

static void
test_deadline(void)
{
	uint32_t word = 7;
	uint64_t start, end;

	T_EQ(hyp_park(&word, 8, 0), 0);
	start = hyp_clock();
	T_EQ(hyp_park(&word, 7, start + 30 * MS), 1);
	end = hyp_clock();
	T_CHECK(end >= start + 30 * MS);
	T_CHECK(end < start + 5000 * MS);
	T_EQ(hyp_park(&word, 7, 1), 1);
	T_EQ(hyp_park(&word, 8, 1), 1);
}

static void
test_clock(void)
{
	uint64_t a = hyp_clock(), b = hyp_clock();

	T_CHECK(b >= a && a != 0);
	T_CHECK(hyp_realtime() > UINT64_C(1600000000) * 1000 * MS);
}

static void
test_memory(void)
{
	unsigned char *p = hyp_alloc(1000);
	size_t i;
	int sum = 0;

	T_CHECK(p != NULL);
	for (i = 0; i < 1000; i++)
		sum |= p[i];
	T_EQ(sum, 0);
	T_CHECK(((uintptr_t)p & 15) == 0);
	hyp_free(p, 1000);
	p = hyp_alloc(0);
	T_CHECK(p != NULL);
	hyp_free(p, 0);
}

/* ---- threads -------------------------------------------------------- */

static char thread_name[32];
static sigset_t thread_mask;

static void
thread_look(void *arg)
{

	(void)arg;
	(void)pthread_getname_np(pthread_self(), thread_name,
	    sizeof(thread_name));
	(void)pthread_sigmask(SIG_SETMASK, NULL, &thread_mask);
}

static uint32_t detached_word;

static void
thread_detached(void *arg)
{

	(void)arg;
	word_store(&detached_word, 1);
	hyp_unpark(&detached_word, 1);
}

static void
test_threads(void)
{
	struct hyp_thread *t;
	sigset_t mine;

	T_CHECK(hyp_thread_create("a-name-that-is-too-long", thread_look,
	    NULL, &t) == 0);
	hyp_thread_join(t);
	T_CHECK(strcmp(thread_name, "a-name-that-is-") == 0);
	T_CHECK(sigismember(&thread_mask, SIGTERM) == 1 &&
	    sigismember(&thread_mask, SIGHUP) == 1 &&
	    sigismember(&thread_mask, SIGALRM) == 1);
	T_CHECK(sigismember(&thread_mask, SIGSEGV) == 0);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &mine);
	T_CHECK(sigismember(&mine, SIGTERM) == 0);
	T_CHECK(hyp_thread_create("detached", thread_detached, NULL,
	    NULL) == 0);
	while (word_load(&detached_word) == 0)
		(void)hyp_park(&detached_word, 0, 0);
}

/* ---- the log -------------------------------------------------------- */

/* Run fn in a child whose standard error is fd; its wait status. */
static int
in_child(int fd, void (*fn)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fd, STDERR_FILENO);
		fn();
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

static void
child_flood(void)
{
	int i;

	for (i = 0; i < 5000; i++)
		hyp_log(HYP_LOG_INFO, "a line that nobody reads, and that "
		    "is long enough to fill a pipe soon");
}

static void
child_levels(void)
{

	hyp_log(HYP_LOG_DEBUG, "not-shown");
	hyp_posix_set_loglevel(HYP_LOG_DEBUG);
	hyp_log(HYP_LOG_DEBUG, "shown-one");
	host_logf(HYP_LOG_ERR, "shown-%s", "two");
	host_logf(HYP_LOG_INFO, "process 1 (%s) is it",
	    "a\033[2J\n12:00:00.000 devswd: forged\302\23331m");
}

/* Where the journal says that it is, and where it is not. */
static void
child_journal(void)
{
	struct stat st;
	char env[64];

	if (fstat(STDERR_FILENO, &st) == -1)
		_exit(1);
	snprintf(env, sizeof(env), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	(void)setenv("JOURNAL_STREAM", env, 1);
	hyp_log(HYP_LOG_WARNING, "to the journal");
	host_log_to(HOST_LOG_STDERR);		/* looks again */
	(void)setenv("JOURNAL_STREAM", "1:1", 1);
	hyp_log(HYP_LOG_WARNING, "to a terminal");
}

/* A disk that is full in the middle of a line, and is not any more. */
static void
child_disk(void)
{
	struct rlimit full = { 100, RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &full) == -1)
		_exit(1);
	full.rlim_cur = 100;
	if (setrlimit(RLIMIT_FSIZE, &full) == -1)
		_exit(1);
	hyp_log(HYP_LOG_INFO, "short");
	hyp_log(HYP_LOG_INFO, "a line of which the end is no longer on the disk, "
	    "as that is full before it");
	hyp_log(HYP_LOG_INFO, "nothing of this one");
	full.rlim_cur = full.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &full) == -1)
		_exit(1);
	hyp_log(HYP_LOG_INFO, "again");
}

static void
read_all(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0)
		len += (size_t)n;
	buf[len] = '\0';
}

static void
test_log_full(void)
{
	int fds[2];

	T_CHECK(pipe(fds) == 0);
	T_EQ(in_child(fds[1], child_flood), 0);
	/* The descriptor of the shell stays as it was. */
	T_CHECK((fcntl(fds[1], F_GETFL) & O_NONBLOCK) == 0);
	close(fds[0]);
	close(fds[1]);
}

static void
test_log_levels(void)
{
	char buf[4096];
	int fds[2];

	T_CHECK(pipe(fds) == 0);
	T_EQ(in_child(fds[1], child_levels), 0);
	close(fds[1]);
	read_all(fds[0], buf, sizeof(buf));
	close(fds[0]);
	T_CHECK(strstr(buf, "not-shown") == NULL);
	T_CHECK(strstr(buf, "debug: shown-one\n") != NULL);
	T_CHECK(strstr(buf, "error: shown-two\n") != NULL);
	T_CHECK(strstr(buf, "process 1 (a?[2J?12:00:00.000 devswd: "
	    "forged?31m) is it\n") != NULL);
}

static void
test_log_journal(void)
{
	char buf[4096];
	int fds[2];

	T_CHECK(pipe(fds) == 0);
	T_EQ(in_child(fds[1], child_journal), 0);
	close(fds[1]);
	read_all(fds[0], buf, sizeof(buf));
	close(fds[0]);
	T_CHECK(strncmp(buf, "<4>to the journal\n", 18) == 0);
	T_CHECK(strstr(buf, "devswd: warning: to a terminal\n") != NULL);
}

static void
test_log_disk(void)
{
	char buf[4096], *line, *rest = buf;
	FILE *const f = tmpfile();
	int n = 0;

	T_CHECK(f != NULL);
	T_EQ(in_child(fileno(f), child_disk), 0);
	T_EQ(lseek(fileno(f), 0, SEEK_SET), 0);
	read_all(fileno(f), buf, sizeof(buf));
	fclose(f);
	T_CHECK(strstr(buf, "nothing of this one") == NULL);
	T_CHECK(strstr(buf, "2 lines of this log were lost\n") != NULL);
	/* Each begins with its time. */
	while ((line = strsep(&rest, "\n")) != NULL && line[0] != '\0') {
		T_CHECK(strspn(line, "0123456789:.") == 12);
		n++;
	}
	T_EQ(n, 4);
}

/* ---- crashes -------------------------------------------------------- */

static int hook_fd;

static void
crash_hook(void)
{

	if (write(hook_fd, "H", 1) != 1)
		_exit(99);
}

static void
child_prepare(void)
{

	(void)signal(SIGSEGV, SIG_DFL);
	host_emergency_add(crash_hook);
	host_emergency_add(crash_hook);
}

static void
child_panic(void)
{

	child_prepare();
	hyp_panic("the panic's\ntext\033[2J");
}

static void
child_panic_caught(void)
{

	child_prepare();
	host_crash_catch();
	hyp_panic("the panic's\ntext\033[2J");
}

/* A fault in a thread, where signals from outside are blocked. */
static void
crash_thread(void *arg)
{

	*(volatile int *)arg = 1;
}

static void
child_segv(void)
{
	struct hyp_thread *t;

	child_prepare();
	host_crash_catch();
	if (hyp_thread_create("crash", crash_thread, NULL, &t) == 0)
		hyp_thread_join(t);
}

static void
crash_case(void (*fn)(void), int sig)
{
	char buf[4096];
	int fds[2], hook[2], status;

	T_CHECK(pipe(fds) == 0 && pipe(hook) == 0);
	hook_fd = hook[1];
	status = in_child(fds[1], fn);
	T_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == sig);
	close(fds[1]);
	close(hook[1]);
	read_all(hook[0], buf, sizeof(buf));
	T_CHECK(strcmp(buf, "H") == 0);
	read_all(fds[0], buf, sizeof(buf));
	/* The text may be a device's, and is a line's all the same. */
	/* One line: abort(3) has nothing to add to it. */
	T_CHECK(sig != SIGABRT || strstr(buf, "fatal:") == NULL);
	T_CHECK(strstr(buf, sig == SIGABRT ? "the panic's?text?[2J\n" :
	    "SIGSEGV\n") != NULL);
	close(fds[0]);
	close(hook[0]);
}

static void
test_panic(void)
{

	crash_case(child_panic, SIGABRT);
}

static void
test_panic_caught(void)
{

	crash_case(child_panic_caught, SIGABRT);
}

static void
test_segv(void)
{

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	t_skip("the sanitizer has SIGSEGV");
#endif
	crash_case(child_segv, SIGSEGV);
}

/*
 * A blocked call is a thread, and so are two for each device: there may be a
 * thousand.  (Those of a TLS of 64 KiB, which libc clears, had it.)
 */
#define	IDLERS	64
#define	IDLER_KB	32

static uint32_t idle_word, idle_there;

static void
idle_thread(void *arg)
{

	(void)arg;
	__atomic_add_fetch(&idle_there, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&idle_word, __ATOMIC_ACQUIRE) == 0)
		(void)hyp_park(&idle_word, 0, 0);
}

static long
resident_kb(void)
{
	long size, resident;
	FILE *file = fopen("/proc/self/statm", "re");

	T_CHECK(file != NULL && fscanf(file, "%ld %ld", &size, &resident) == 2);
	fclose(file);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void
test_thread_memory(void)
{
	struct hyp_thread *ht[IDLERS];
	long before;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	t_skip("the sanitizer has memory of its own for each thread");
#endif
	before = resident_kb();
	for (int i = 0; i < IDLERS; i++)
		T_EQ(hyp_thread_create("idle", idle_thread, NULL, &ht[i]), 0);
	while (__atomic_load_n(&idle_there, __ATOMIC_ACQUIRE) < IDLERS)
		usleep(1000);
	T_CHECK(resident_kb() - before < IDLERS * IDLER_KB);
	__atomic_store_n(&idle_word, 1, __ATOMIC_RELEASE);
	hyp_unpark(&idle_word, IDLERS);
	for (int i = 0; i < IDLERS; i++)
		hyp_thread_join(ht[i]);
}

/* What devices call themselves, as host.h says: RFC 8259 and plain ASCII. */
static void
test_text_json(void)
{
	static const struct {
		const char	*text, *json;
	} cases[] = {
		{ "", "" },
		{ "plain ~", "plain ~" },
		{ "\"\\/", "\\\"\\\\/" },
		{ "\033[2J\n\177", "\\u001b[2J\\u000a\\u007f" },
		{ "\xc3\xa4\xe2\x80\xae", "\\u00e4\\u202e" },
		{ "\xf0\x9f\x98\x80", "\\ud83d\\ude00" },
		{ "\xff" "a\xc3", "\\ufffda\\ufffd" },
		{ "\xc0\x80\xed\xa0", "\\ufffd\\ufffd\\ufffd\\ufffd" },
	};
	char buf[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		T_EQ(host_text_json(cases[i].text, buf, sizeof(buf)),
		    strlen(cases[i].json));
		T_CHECK(strcmp(buf, cases[i].json) == 0);
	}
	/* Cut at a character, never in it. */
	T_EQ(host_text_json("ab\033c", buf, 8), 2);
	T_CHECK(strcmp(buf, "ab") == 0);
	T_EQ(host_text_json("ab\033c", buf, 9), 8);
	T_EQ(host_text_json("ab", buf, 1), 0);
}

/* And in a log or on a terminal. */
static void
test_text_clean(void)
{
	static const struct {
		const char	*text, *clean;
	} cases[] = {
		{ "plain ~\xc3\xa4\xf0\x9f\x98\x80", "plain ~\xc3\xa4"
		    "\xf0\x9f\x98\x80" },
		{ "\033[2J\n\177\xc2\x9b", "?[2J???" },
		{ "\xd8\x9c\xe2\x80\x8e\xe2\x80\xae\xe2\x80\xa9", "????" },
		{ "\xe2\x81\xa6x\xe2\x81\xa9", "?x?" },
		{ "\xff" "a\xc3", "?a?" },
	};
	char text[64];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(text, cases[i].text);
		host_text_clean(text);
		T_CHECK(strcmp(text, cases[i].clean) == 0);
	}
}

const struct t_case t_cases[] = {
	{ "a text from outside has nothing that a terminal obeys",
	    test_text_clean },
	{ "memory is zeroed and aligned", test_memory },
	{ "clocks are monotonic and of this century", test_clock },
	{ "deadlines are absolute and reported", test_deadline },
	{ "threads have names and block signals, but no crash",
	    test_threads },
	{ "a thread that does nothing has hardly any memory",
	    test_thread_memory },
	{ "no wake-up is lost in a ping-pong", test_pingpong },
	{ "an unpark of all wakes all", test_herd },
	{ "a log that nobody reads stops nobody", test_log_full },
	{ "a disk that is full in a line spoils no other", test_log_disk },
	{ "levels filter the log, and a line stays one", test_log_levels },
	{ "the journal gets prefixes, a terminal times", test_log_journal },
	{ "a text of others' is JSON in plain ASCII", test_text_json },
	{ "a panic runs the hooks once, says why, aborts", test_panic },
	{ "and so with handlers installed", test_panic_caught },
	{ "a fault in a thread runs the hooks", test_segv },
	{ NULL, NULL },
};
