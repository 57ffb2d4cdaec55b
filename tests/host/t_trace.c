/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_trace.c - the file of devswd --trace: lines that are whole, in order and
 * soon there, and a gap that is told of.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"
#include "host/host.h"
#include "h_test.h"

#define	NMANY		40000	/* more than the buffers and a pipe hold */
#define	NTHREADS	4

static char dir[64], path[80];

static void
setup(void)
{

	snprintf(dir, sizeof(dir), "/tmp/t_trace.XXXXXX");
	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/file", dir);
}

static void
teardown(void)
{

	(void)unlink(path);
	T_EQ(rmdir(dir), 0);
}

static void
put(const char *dev, int exits)
{
	struct hyp_trace ht = { .ht_event = "d_read", .ht_exit = exits != 0 };

	snprintf(ht.ht_dev, sizeof(ht.ht_dev), "%s", dev);
	if (exits) {
		snprintf(ht.ht_error, sizeof(ht.ht_error), "EIO");
		ht.ht_key = "bytes";
		ht.ht_value = 7;
	}
	hyp_trace(&ht);
}

/* The file, for the caller to free. */
static char *
contents(void)
{
	struct stat st;
	char *text;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	T_CHECK(fd != -1 && fstat(fd, &st) == 0);
	text = calloc(1, (size_t)st.st_size + 1);
	T_CHECK(text != NULL);
	T_EQ(read(fd, text, (size_t)st.st_size), st.st_size);
	close(fd);
	return text;
}

static int
has_lines(void *arg)
{
	char *const text = contents(), *p = text;
	int n = 0;

	while ((p = strchr(p, '\n')) != NULL) {
		n++;
		p++;
	}
	free(text);
	return n == *(int *)arg;
}

static void
test_refused(void)
{

	T_EQ(symlink("/dev/null", "/tmp/t_trace.link"), 0);
	T_EQ(host_trace_open("/tmp/t_trace.link"), ELOOP);
	T_EQ(unlink("/tmp/t_trace.link"), 0);
	T_EQ(host_trace_open("/no/such/directory/file"), ENOENT);
	host_trace_stop();
}

/* A file with this mode, owner and number of names. */
static void
make_file(mode_t mode, uid_t uid, int links)
{
	char other[90];
	int fd;

	snprintf(other, sizeof(other), "%s.2", path);
	(void)unlink(path);
	(void)unlink(other);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, 0600);
	T_CHECK(fd != -1);
	T_EQ(write(fd, "old\n", 4), 4);
	T_EQ(fchown(fd, uid, (gid_t)-1), 0);
	T_EQ(fchmod(fd, mode), 0);
	close(fd);
	if (links == 2)
		T_EQ(link(path, other), 0);
}

static int
has_mode(mode_t mode)
{
	struct stat st;

	T_EQ(lstat(path, &st), 0);
	return (st.st_mode & 07777) == mode;
}

/*
 * What --trace finds in its place is used only if it is the owner's alone, or
 * can be made so (devswd.8).  Until the start, which is after the lock, it may
 * be another daemon's, and is left as it is.
 */
static void
test_not_ours(void)
{
	struct stat st;
	int one = 1, fd;
	char *text;

	setup();
	make_file(0600, geteuid(), 2);
	T_EQ(host_trace_open(path), EMLINK);
	if (geteuid() == 0) {
		make_file(0600, 12345, 1);
		T_EQ(host_trace_open(path), EPERM);
		T_EQ(unlink(path), 0);
		T_EQ(mkfifo(path, 0600), 0);
		T_EQ(chown(path, 12345, 12345), 0);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		T_CHECK(fd != -1);
		T_EQ(host_trace_open(path), EPERM);
		close(fd);
	}
	make_file(0664, geteuid(), 1);
	T_EQ(host_trace_open(path), 0);
	T_CHECK(has_mode(0664));
	text = contents();
	T_CHECK(strcmp(text, "old\n") == 0);
	free(text);
	T_EQ(host_trace_start(), 0);
	T_CHECK(has_mode(0600));
	put("ttyU0", 0);
	T_UNTIL(has_lines, &one);
	host_trace_stop();
	teardown();

	/* What is no file, here a terminal, is not changed. */
	fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	T_CHECK(fd != -1 && unlockpt(fd) == 0);
	T_EQ(chmod(ptsname(fd), 0622), 0);
	T_EQ(host_trace_open(ptsname(fd)), 0);
	T_EQ(host_trace_start(), 0);
	host_trace_stop();
	T_EQ(stat(ptsname(fd), &st), 0);
	T_EQ(st.st_mode & 07777, 0622);
	close(fd);
}

static void
test_lines(void)
{
	const char *const wanted =
	    "{\"t\":%" SCNu64 ",\"thread\":%d,\"dev\":\"ttyU0\","
	    "\"event\":\"d_read\",\"phase\":\"enter\"}\n%n"
	    "{\"t\":%" SCNu64 ",\"thread\":%d,\"dev\":\"tty?U?0\","
	    "\"event\":\"d_read\",\"phase\":\"exit\",\"bytes\":7,"
	    "\"error\":\"EIO\"}\n%n";
	uint64_t t0, t1, before;
	int fd, two = 2, tid0, tid1, first = 0, end = 0;
	char *text;

	setup();
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	T_EQ(write(fd, "old\n", 4), 4);
	close(fd);
	T_EQ(host_trace_open(path), 0);
	text = contents();
	T_CHECK(strcmp(text, "old\n") == 0);	/* it may be another's */
	free(text);
	T_EQ(host_trace_start(), 0);
	before = hyp_clock();
	put("ttyU0", 0);
	put("tty\"U\\0", 1);
	/* Without being asked for. */
	T_UNTIL(has_lines, &two);
	text = contents();
	T_EQ(sscanf(text, wanted, &t0, &tid0, &first, &t1, &tid1, &end), 4);
	T_EQ(end, (int)strlen(text));
	T_CHECK(before <= t0 && t0 <= t1 && t1 <= hyp_clock());
	T_EQ(tid0, gettid());
	T_EQ(tid1, gettid());
	free(text);
	host_trace_stop();
	put("ttyU0", 0);	/* of a thread that came too late */
	T_CHECK(has_lines(&two));
	teardown();
}

static void
putter(void *arg)
{

	(void)arg;
	for (int i = 0; i < NMANY / NTHREADS; i++)
		put("ttyU0", i % 2);
}

static atomic_uint_fast64_t told;	/* events, by the lines */

static int
all_are_told(void *arg)
{

	(void)arg;
	return atomic_load(&told) == NMANY;
}

/* Somebody who reads, but late. */
static void
late_reader(void *arg)
{
	FILE *const f = fdopen(*(int *)arg, "r");
	uint64_t t, last = 0, count, lost = 0, lines = 0;
	char line[256];

	T_CHECK(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL) {
		T_EQ(sscanf(line, "{\"t\":%" SCNu64, &t), 1);
		T_CHECK(t >= last);
		T_CHECK(strstr(line, "}\n") != NULL);
		last = t;
		if (strstr(line, "\"event\":\"lost\"") != NULL) {
			T_EQ(sscanf(strstr(line, "\"count\""),
			    "\"count\":%" SCNu64, &count), 1);
			lost += count;
		} else
			lines++;
		atomic_store(&told, lines + lost);
	}
	fclose(f);
	T_CHECK(lost > 0);
	T_EQ(lines + lost, NMANY);
	t_note("%" PRIu64 " lines, %" PRIu64 " lost", lines, lost);
}

/* A trace into a pipe: its other end. */
static int
setup_fifo(void)
{
	int fd;

	(void)signal(SIGPIPE, SIG_IGN);
	setup();
	T_EQ(mkfifo(path, 0600), 0);
	T_EQ(host_trace_open(path), ENXIO);	/* nobody reads */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	T_CHECK(fd != -1);
	T_EQ(host_trace_open(path), 0);
	T_EQ(fcntl(fd, F_SETFL, 0), 0);
	T_EQ(host_trace_start(), 0);
	return fd;
}

static void
test_lost(void)
{
	struct t_thread *t[NTHREADS], *reader;
	int fd;

	fd = setup_fifo();
	for (int i = 0; i < NTHREADS; i++)
		t[i] = t_spawn(putter, NULL);
	for (int i = 0; i < NTHREADS; i++)
		t_join(t[i]);
	reader = t_spawn(late_reader, &fd);
	T_UNTIL(all_are_told, NULL);
	host_trace_stop();
	t_join(reader);
	teardown();
}

/* Somebody who takes a page of it now and then, as long as there is any. */
static void
slow_reader(void *arg)
{
	char page[4096];

	while (read(*(int *)arg, page, sizeof(page)) > 0)
		t_msleep(300);
	close(*(int *)arg);
}

static void
test_slow_end(void)
{
	struct t_thread *reader;
	uint64_t began;
	int fd;

	fd = setup_fifo();
	for (int i = 0; i < NMANY; i++)
		put("ttyU0", i % 2);
	reader = t_spawn(slow_reader, &fd);
	began = t_now_ms();
	host_trace_stop();
	T_CHECK(t_now_ms() - began < 20000);
	t_join(reader);
	teardown();
}

/* One that has ended by an error leaves nothing to the next. */
static void
test_again(void)
{
	int fd, n = 3;

	fd = setup_fifo();
	close(fd);
	for (int i = 0; i < NMANY; i++)
		put("ttyU0", 0);
	host_trace_stop();
	T_EQ(unlink(path), 0);
	T_EQ(host_trace_open(path), 0);
	T_EQ(host_trace_start(), 0);
	for (int i = 0; i < n; i++)
		put("ttyU0", 0);
	host_trace_stop();
	T_CHECK(has_lines(&n));
	teardown();
}

/* A child that dies; its status. */
static int
dying(void (*func)(void))
{
	pid_t pid;
	int status;

	fflush(NULL);
	pid = fork();
	T_CHECK(pid != -1);
	if (pid == 0) {
		func();
		_exit(0);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	return status;
}

static void
crash(void)
{

	if (host_trace_open(path) != 0 || host_trace_start() != 0)
		_exit(1);
	for (int i = 0; i < 1000; i++)
		put("ttyU0", 0);
	hyp_panic("this is a test");
}

static void
unstarted(void)
{

	if (host_trace_open(path) != 0)
		_exit(1);
	put("ttyU0", 0);
}

static void
test_crash(void)
{
	int n = 1000, none = 0, status;

	setup();
	status = dying(crash);
	T_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	T_CHECK(has_lines(&n));
	T_EQ(unlink(path), 0);
	status = dying(unstarted);
	T_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	T_CHECK(has_lines(&none));
	teardown();
}

const struct t_case t_cases[] = {
	{ "a file that cannot be made is refused", test_refused },
	{ "a file that is not its owner's alone is refused, or made so",
	    test_not_ours },
	{ "a line for each, soon, with time and thread", test_lines },
	{ "nothing waits for a reader, and what is lost is told", test_lost },
	{ "one that is read slowly ends all the same", test_slow_end },
	{ "one that has ended by an error leaves nothing to the next",
	    test_again },
	{ "a crash writes the last lines; nothing comes unasked", test_crash },
	{ NULL, NULL },
};
