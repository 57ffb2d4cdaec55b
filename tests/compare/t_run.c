/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_run.c - devsw-compare's runs, without hardware: what becomes of a
 * scenario that hangs, dies, or goes wrong (devsw-compare(1)), what is seen
 * of calls that wait, and how outcomes are marked.
 *
 * The system and the hardware are stubs: a node that is /dev/null, a plug
 * that does nothing.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare/compare.h"
#include "h_test.h"

static struct hardware hw = { .h_id = "thing", .h_class = ACM };
static const struct system sys = { NETBSD, "netbsd", "netbsd", "" };
static char trace[64];

const char *
system_node(const struct hardware *h, bool dialout, char *path, size_t size)
{

	(void)h;
	(void)dialout;
	snprintf(path, size, "/dev/null");
	return path;
}

const char *
system_trace(void)
{

	return trace[0] == '\0' ? NULL : trace;
}

static int fds[2];
static pid_t daemon_pid;

pid_t
system_pid(void)
{

	return daemon_pid;
}

int
hardware_plug(const struct hardware *h)
{

	(void)h;
	return 0;
}

int
hardware_unplug(const struct hardware *h)
{

	(void)h;
	return 0;
}

bool
hardware_on_bus(const struct hardware *h)
{

	(void)h;
	return false;
}

/* ---- scenarios ------------------------------------------------------- */


static void
good(struct run *r)
{
	struct call *const c = call_read(r, "reader", fds[0], 8);
	struct call *const p = call_poll(r, "poller", fds[0], POLLIN, -1);

	if (!call_blocked(r, c) || !call_blocked(r, p))
		broken(r, "they do not wait");
	unplug(r);
	if (write(fds[1], "abc", 3) != 3)
		broken(r, "write");
	outcome(r, "read", c);
	if (write(fds[1], "d", 1) != 1)
		broken(r, "write");
	(void)call_result(r, p);
	outcome_set(r, "word", "other");
	outcome(r, "bad", call_read(r, "client", -1, 1));
}

static void
hang(struct run *r)
{

	outcome_set(r, "word", "said");
	for (;;)
		pause();
}

static void
blocked(struct run *r)
{

	outcome(r, "read", call_read(r, "reader", fds[0], 8));
}

/* A daemon that works for long (half a second's CPU time), then answers. */
static void
worker(void)
{

	while (clock() < CLOCKS_PER_SEC / 2)
		continue;
	T_CHECK(write(fds[1], "abc", 3) == 3);
	for (;;)
		pause();
}

static void
slow(struct run *r)
{

	daemon_pid = fork();
	if (daemon_pid == 0)
		worker();
	outcome_now(r, "read", call_read(r, "reader", fds[0], 8));
	outcome_now(r, "none", call_read(r, "reader", fds[0], 8));
	kill(daemon_pid, SIGKILL);
}

static void
die(struct run *r)
{

	(void)r;
	raise(SIGKILL);
}

static void
no_way(struct run *r)
{

	cannot(r, "no %s here", "teapot");
}

static void
wrong(struct run *r)
{

	outcome_set(r, "word", "said");
	broken(r, "it broke");
}

static void
far_socket(struct run *r)
{
	const int fd = far_open(r);

	far_write(r, fd, 3);
	outcome_set(r, "word", far_read(r, fd, 3) == 3 ? "said" : "lost");
	close(fd);
}

static const struct expect expects[] = {
	{ "read", HID, ALL, "9", "some.c" },
	{ "read", ANY, KERNEL, "8", "some.c" },
	{ "read", TTY, ALL, "1|3", "this.c" },
	{ "word", ANY, ALL, "said", "some.c", "other", "it is known" },
	{ "bad", ANY, ALL, "EBADF", "read(2)" },
	{ NULL, 0, 0, NULL, NULL, NULL, NULL }
};

static json_t *
run(void (*func)(struct run *), unsigned deadline)
{
	const struct scenario sc = { .sc_name = "test", .sc_class = ANY,
	    .sc_systems = ALL, .sc_run = func, .sc_expect = expects,
	    .sc_deadline_s = deadline };

	T_CHECK(pipe(fds) == 0);
	return run_scenario(&sc, &hw, &sys);
}

static const char *
str(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value == NULL ? "" : value;
}

static json_t *
find(json_t *json, const char *list, const char *key, const char *value)
{
	json_t *each;
	size_t i;

	json_array_foreach(json_object_get(json, list), i, each) {
		if (strcmp(str(each, key), value) == 0)
			return each;
	}
	T_CHECK(!"found");
	return NULL;
}

static void
ended(json_t *json, const char *status, const char *reason)
{

	t_note("%s: %s", str(json, "status"), str(json, "reason"));
	T_CHECK(strcmp(str(json, "status"), status) == 0);
	T_CHECK(strcmp(str(json, "reason"), reason) == 0);
}

/* ---- cases ----------------------------------------------------------- */

static void
t_good(void)
{
	json_t *const json = run(good, 20);
	json_t *oc, *ev;

	ended(json, "expected", "");
	oc = find(json, "outcomes", "what", "read");
	T_CHECK(strcmp(str(oc, "got"), "3") == 0);
	T_CHECK(strcmp(str(oc, "source"), "this.c") == 0);
	T_CHECK(json_is_true(json_object_get(oc, "ok")));
	T_CHECK(json_real_value(json_object_get(oc, "ms")) >= 0);
	oc = find(json, "outcomes", "what", "word");
	T_CHECK(!json_is_true(json_object_get(oc, "ok")));
	T_CHECK(strcmp(str(oc, "noted"), "it is known") == 0);
	T_CHECK(strcmp(str(find(json, "outcomes", "what", "bad"), "got"),
	    "EBADF") == 0);
	ev = find(json, "events", "lane", "reader");
	T_CHECK(json_real_value(json_object_get(ev, "to")) >=
	    json_real_value(json_object_get(find(json, "events", "lane",
	    "plug"), "from")));
	ev = find(json, "events", "lane", "poller");
	T_CHECK(strcmp(str(ev, "result"), "IN") == 0);
	json_decref(json);
}

static void
t_hang(void)
{
	json_t *const json = run(hang, 1);

	ended(json, "hung", "hung after 1 s");
	T_CHECK(strcmp(str(find(json, "outcomes", "what", "word"), "got"),
	    "said") == 0);
	json_decref(json);
}

static void
t_blocked(void)
{
	json_t *const json = run(blocked, 20);

	ended(json, "differs", "");
	T_CHECK(strcmp(str(find(json, "outcomes", "what", "read"), "got"),
	    "still waits") == 0);
	T_CHECK(json_is_null(json_object_get(find(json, "events", "lane",
	    "reader"), "to")));
	json_decref(json);
}

/* Slow is not stuck: the daemon of a busy machine is still at it. */
static void
t_slow(void)
{
	json_t *const json = run(slow, 20);

	T_CHECK(strcmp(str(find(json, "outcomes", "what", "read"), "got"),
	    "3") == 0);
	T_CHECK(strcmp(str(find(json, "outcomes", "what", "none"), "got"),
	    "waits") == 0);
	json_decref(json);
}

static void
t_die(void)
{
	json_t *const json = run(die, 20);

	ended(json, "differs", "the scenario ended with status 0x9");
	json_decref(json);
}

static void
t_cannot(void)
{
	json_t *json = run(no_way, 20);

	ended(json, "cannot", "no teapot here");
	json_decref(json);
	json = run(wrong, 20);
	ended(json, "differs", "it broke");
	json_decref(json);
}

/* Sends back what one client sends. */
static void
echo(int listening)
{
	char buffer[16];
	ssize_t n;
	const int fd = accept(listening, NULL, NULL);

	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		T_CHECK(write(fd, buffer, (size_t)n) == n);
	_exit(0);
}

static void
t_far(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	json_t *json;
	pid_t pid;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "/tmp/t_run.%d", getpid());
	T_EQ(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	T_EQ(listen(fd, 1), 0);
	pid = fork();
	if (pid == 0)
		echo(fd);
	snprintf(hw.h_far, sizeof(hw.h_far), "%s", sun.sun_path);
	json = run(far_socket, 20);
	ended(json, "expected", "");
	json_decref(json);
	T_EQ(waitpid(pid, NULL, 0), pid);
	close(fd);
	unlink(sun.sun_path);
	json = run(far_socket, 20);
	T_CHECK(strstr(str(json, "reason"), strerror(ENOENT)) != NULL);
	json_decref(json);
	hw.h_far[0] = '\0';
}

/* What the daemon says, and what is made of it. */
static void
t_trace(void)
{
	static const char text[] =
	    "{\"t\":1,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_open\","
	    "\"phase\":\"enter\"}\n"
	    "{\"t\":2,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_open\","
	    "\"phase\":\"exit\",\"error\":\"ENXIO\"}\n"
	    "{\"t\":3,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_open\","
	    "\"phase\":\"exit\",\"error\":\"0\"}\n"
	    "{\"t\":4,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_open\","
	    "\"phase\":\"exit\",\"error\":\"0\"}\n"
	    "{\"t\":5,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_cancel\","
	    "\"phase\":\"enter\"}\n"
	    "{\"t\":6,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"drain\","
	    "\"phase\":\"enter\",\"calls\":1}\n"
	    "{\"t\":7,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_close\","
	    "\"phase\":\"enter\"}\n"
	    "{\"t\":8,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"drain\","
	    "\"phase\":\"enter\",\"calls\":0}\n"
	    "{\"t\":9,\"thread\":7,\"dev\":\"ttyU0\",\"event\":\"d_read\","
	    "\"phase\":\"enter\"";	/* not written to its end */
	char words[80];
	int fd;

	snprintf(trace, sizeof(trace), "/tmp/t_run.XXXXXX");
	fd = mkstemp(trace);
	T_CHECK(fd != -1);
	T_CHECK(trace_driver(trace, 0, words, sizeof(words)));
	T_CHECK(strcmp(words, "nothing") == 0);
	T_CHECK(write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	T_CHECK(trace_driver(trace, 0, words, sizeof(words)));
	t_note("%s", words);
	T_CHECK(strcmp(words, "open x2 cancel drain close") == 0);
	T_EQ(trace_time(trace, 0, "d_close", false), 7);
	T_EQ(trace_time(trace, 0, "d_close", true), 0);
	T_EQ(trace_size(trace), (long)sizeof(text) - 1);
	close(fd);
	unlink(trace);
	trace[0] = '\0';
	T_CHECK(!trace_driver(NULL, 0, words, sizeof(words)));
}

const struct t_case t_cases[] = {
	{ "outcomes, their marks, times and events", t_good },
	{ "a scenario that hangs is ended at its deadline; nothing is lost",
	  t_hang },
	{ "a call that does not return is told", t_blocked },
	{ "a call waits when nobody is at work who could end it, not before",
	  t_slow },
	{ "a scenario that dies is told", t_die },
	{ "what cannot be run, and what goes wrong, says why", t_cannot },
	{ "the far end may be a socket", t_far },
	{ "the driver's calls in one line, from the trace", t_trace },
	{ NULL, NULL }
};
