/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_line.c - a port whose terminal is the test's own; h_line.h has the model.
 */
#undef NDEBUG
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "h_line.h"

/* ---- the terminal --------------------------------------------------- */

static pthread_mutex_t hold_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t hold_cv = PTHREAD_COND_INITIALIZER;
static enum hold held;
static unsigned nopens;

void
hold(enum hold what)
{

	pthread_mutex_lock(&hold_lock);
	held = what;
	pthread_cond_broadcast(&hold_cv);
	pthread_mutex_unlock(&hold_lock);
}

/* That were begun, since begin. */
unsigned
opens(void)
{
	unsigned n;

	pthread_mutex_lock(&hold_lock);
	n = nopens;
	pthread_mutex_unlock(&hold_lock);
	return n;
}

static void
pass(enum hold what)
{

	pthread_mutex_lock(&hold_lock);
	nopens += what == HOLD_OPEN;
	while (held == what)
		pthread_cond_wait(&hold_cv, &hold_lock);
	pthread_mutex_unlock(&hold_lock);
}

struct call calls[CALLS];
unsigned ncalls;
int far = -1, fails, is_dtr = 1, is_rts = 1;
uint32_t (*makes)(uint32_t);
struct counts counted;
bool counts, marked;

double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
called(enum what what, int dtr, int rts)
{
	const struct call ca = { what, dtr, rts, now() };

	T_CHECK(ncalls < CALLS);
	calls[ncalls++] = ca;
	if (what == LINES && dtr != AS_IT_IS)
		is_dtr = dtr;
	if (what == LINES && rts != AS_IT_IS)
		is_rts = rts;
}

int
tty_open(const char *path)
{
	int fds[2];

	(void)path;
	pass(HOLD_OPEN);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds) == -1)
		return -1;
	pthread_mutex_lock(&hold_lock);
	far = fds[1];
	pthread_mutex_unlock(&hold_lock);
	return fds[0];
}

int
tty_apply(int fd, struct settings *st)
{

	(void)fd;
	pass(HOLD_APPLY);
	called(APPLY, AS_IT_IS, AS_IT_IS);
	if (st->st_speed == 0)
		st->st_speed = 9600;
	if (makes != NULL)
		st->st_speed = makes(st->st_speed);
	st->st_size = 8;
	st->st_parity = st->st_stop = 1;
	st->st_rtscts = st->st_ixon = st->st_ixoff = 0;
	return 0;
}

void
tty_lines(int fd, struct settings *st)
{

	(void)fd;
	if (st->st_dtr != AS_IT_IS || st->st_rts != AS_IT_IS)
		called(LINES, st->st_dtr, st->st_rts);
	st->st_dtr = (int8_t)is_dtr;
	st->st_rts = (int8_t)is_rts;
}

int
tty_pulse(int fd, int dtr, int rts)
{

	(void)fd;
	called(LINES, dtr, rts);
	return fails;
}

int
tty_break(int fd, bool on)
{

	(void)fd;
	pass(HOLD_BREAK);
	called(BREAK, on, AS_IT_IS);
	return 0;
}

int
tty_marks(int fd, bool on)
{

	(void)fd;
	pass(HOLD_MARKS);
	marked = on;
	return 0;
}

int
tty_counts(int fd, struct counts *ct)
{

	(void)fd;
	*ct = counted;
	return counts ? 0 : ENOTTY;
}

int
tty_modem(int fd)
{

	(void)fd;
	pass(HOLD_MODEM);
	return 0;
}

void
tty_flush(int fd, bool in, bool out)
{

	(void)fd;
	(void)in;
	(void)out;
}

/* ---- the port ------------------------------------------------------- */

/* A hand opens the device. */
void
until_open(void)
{
	const double until = now() + 20000;

	while (!line_is_open(port_line(port)) && now() < until)
		run(1);
	T_CHECK(line_is_open(port_line(port)));
}

struct event_base *base;
struct port_conf conf;
struct port *port;
int ends[4];
static unsigned nends;

void
begin(const char *reset)
{
	static const struct settings none = SETTINGS_NONE;

	(void)signal(SIGPIPE, SIG_IGN);
	memset(&conf, 0, sizeof(conf));
	strcpy(conf.pc_name, "x");
	strcpy(conf.pc_node, "/dev/null");	/* a device, and no pty */
	conf.pc_settings = none;
	conf.pc_notice = NOTICE_PEOPLE;
	conf.pc_buffer = 16;
	conf.pc_clients = 4;
	conf.pc_break = 30;
	if (reset != NULL)
		T_CHECK(reset_parse(reset, &conf.pc_reset) == NULL);
	is_dtr = is_rts = 1;
	ncalls = nends = 0;
	pthread_mutex_lock(&hold_lock);
	nopens = 0;
	pthread_mutex_unlock(&hold_lock);
	fails = 0;
	marked = false;
	base = event_base_new();
	port = port_new(base, &conf);
	T_CHECK(port != NULL);
	port_begin(port);
	if (held != HOLD_OPEN)
		until_open();
}

void
end(void)
{

	if (port != NULL)
		port_free(port);
	port = NULL;
	clients_end();
	while (nends > 0)
		close(ends[--nends]);
	event_base_free(base);
	if (far != -1)
		close(far);
	far = -1;
}

int
join(enum role role)
{

	return join_as(&proto_telnet, role);
}

int
join_as(const struct proto *proto, enum role role)
{
	struct client *cl;
	int fds[2];

	T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds), 0);
	cl = client_new(base, fds[0], NULL, proto, role, "h");
	T_CHECK(cl != NULL);
	port_attach(port, cl);
	ends[nends++] = fds[1];
	return fds[1];
}

static unsigned ticks;

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{

	(void)fd;
	(void)what;
	if (ticks <= 1)
		(void)event_base_loopbreak(arg);
	else
		ticks--;
}

/*
 * The loop turns for so long, and once for each ms: who was kept from running by
 * others has not had his time.
 */
void
run(unsigned ms)
{
	const struct timeval tv = { 0, ms > 0 ? 1000 : 0 };
	struct event *const ev = event_new(base, -1, EV_PERSIST, on_tick, base);

	ticks = ms;
	(void)event_add(ev, &tv);
	(void)event_base_dispatch(base);
	event_free(ev);
}

void
say_to(int fd, const void *bytes, size_t n)
{

	T_EQ(write(fd, bytes, n), n);
}

/* Does the client get this text? */
bool
hears(int fd, const char *text)
{
	static char got[65536];
	const ssize_t n = read(fd, got, sizeof(got));

	return n > 0 && memmem(got, (size_t)n, text, strlen(text)) != NULL;
}
