/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_watchdog.c - the service manager is told that all is well only while the
 * front end and the kernel side answer, and nothing that does not answer keeps
 * main's loop (watchdog.c; sd_notify(3), sd_watchdog_enabled(3)).
 * (A real systemd: tests/vm/t_service.py.)
 */
#undef NDEBUG
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/front.h"
#include "h_test.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "main/daemon.h"
#include "main/watchdog.h"

/* ---- doubles -------------------------------------------------------- */

static atomic_bool front_is_deaf, lock_is_stuck;
static atomic_uint looks;
static bool pinged;

void
front_ping(void)
{

	pinged = true;
}

bool
front_pong(void)
{

	return pinged && !front_is_deaf;
}

/* Three nodes, two of them with hardware, each open twice. */
bool
front_node_next(uint32_t minor, struct front_nodeinfo *fi)
{

	if (minor > 2)
		return false;
	fi->fi_node = NULL;
	fi->fi_minor = minor;
	return true;
}

void
hyp_node_getstat(struct hyp_node *hn, struct hyp_node_stat *hs)
{
	static atomic_uint nth;

	(void)hn;
	while (lock_is_stuck)
		t_msleep(1);
	memset(hs, 0, sizeof(*hs));
	hs->hs_attached = nth++ % 3 != 0;
	hs->hs_opens = 2;
	looks++;
}

/* ---- the service manager -------------------------------------------- */

static char path[64];
static int manager = -1, dog = -1;

static void
begin(const char *usec, const char *pid)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	hyp_posix_set_loglevel(-1);
	front_is_deaf = lock_is_stuck = false;
	snprintf(path, sizeof(path), "/tmp/t_watchdog.%d", (int)getpid());
	strcpy(sun.sun_path, path);
	(void)unlink(path);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	T_CHECK(manager != -1);
	T_EQ(bind(manager, (struct sockaddr *)&sun, sizeof(sun)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (usec != NULL)
		setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	dog = watchdog_start();
}

static void
finish(void)
{

	watchdog_stop();
	close(manager);
	unlink(path);
}

/* Main's loop, until the next tick is over. */
static bool
tick(void)
{
	struct pollfd pfd = { .fd = dog, .events = POLLIN };

	T_EQ(poll(&pfd, 1, 20000), 1);
	return watchdog_dispatch(4);
}

static int
is_fed(void *arg)
{

	(void)arg;
	return tick();
}

/* Has it been told this, among what there is to read? */
static bool
told(const char *text)
{
	bool found = false;
	char buf[256];
	ssize_t n;

	while ((n = recv(manager, buf, sizeof(buf) - 1, MSG_DONTWAIT)) > 0) {
		buf[n] = '\0';
		found |= strcmp(buf, text) == 0;
	}
	return found;
}

/* ---- cases ---------------------------------------------------------- */

static void
all_is_well(void)
{

	begin("300000", NULL);
	T_CHECK(dog != -1);
	T_UNTIL(is_fed, NULL);
	T_CHECK(told("WATCHDOG=1"));
	T_UNTIL(is_fed, NULL);
	T_CHECK(told("WATCHDOG=1"));
	finish();
}

static void
status(void)
{

	begin("30000", NULL);
	T_UNTIL(is_fed, NULL);
	T_CHECK(told("STATUS=4 claims; 3 nodes, 2 with hardware, 6 open"));
	for (int i = 0; i < 5; i++)
		T_UNTIL(is_fed, NULL);
	T_CHECK(!told("STATUS=4 claims; 3 nodes, 2 with hardware, 6 open"));
	finish();
}

static void
deaf_front(void)
{

	begin("30000", NULL);
	T_UNTIL(is_fed, NULL);
	front_is_deaf = true;
	(void)told("");
	for (int i = 0; i < 10; i++)
		T_CHECK(!tick());
	T_CHECK(!told("WATCHDOG=1"));
	front_is_deaf = false;
	T_UNTIL(is_fed, NULL);
	T_CHECK(told("WATCHDOG=1"));
	finish();
}

static void
stuck_lock(void)
{
	const uint64_t begun = t_now_ms();

	begin("30000", NULL);
	T_UNTIL(is_fed, NULL);
	lock_is_stuck = true;
	(void)tick();			/* asked before */
	(void)tick();
	(void)told("");
	for (int i = 0; i < 10; i++)
		T_CHECK(!tick());
	T_CHECK(!told("WATCHDOG=1"));
	lock_is_stuck = false;
	T_UNTIL(is_fed, NULL);
	finish();
	T_CHECK(t_now_ms() - begun < 10000);
}

/* The daemon's end does not wait for it either. */
static void
stop_when_stuck(void)
{
	uint64_t begun;

	begin("30000", NULL);
	lock_is_stuck = true;
	(void)tick();
	(void)tick();
	begun = t_now_ms();
	watchdog_stop();
	T_CHECK(t_now_ms() - begun < 5000);
	lock_is_stuck = false;
	t_msleep(50);
	finish();
}

static void
not_asked(void)
{

	begin(NULL, NULL);
	T_EQ(dog, -1);
	finish();
	begin("30000", "1");		/* meant for somebody else */
	T_EQ(dog, -1);
	finish();
	begin("nonsense", NULL);
	T_EQ(dog, -1);
	finish();
	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", "30000", 1);
	T_EQ(watchdog_start(), -1);
	watchdog_stop();
}

static void
manager_does_not_read(void)
{
	uint64_t begun;

	begin("30000", NULL);
	for (int i = 0; i < 300; i++) {
		begun = t_now_ms();
		daemon_notify("STATUS=full");
		if (t_now_ms() - begun > 1000)
			break;
		T_CHECK(i < 299);	/* it is full some time */
	}
	T_CHECK(t_now_ms() - begun < 10000);
	finish();
}

const struct t_case t_cases[] = {
	{ "while all is well the service manager hears of it", all_is_well },
	{ "and how things stand, once", status },
	{ "not while the front end does not answer", deaf_front },
	{ "not while a lock of the kernel side is stuck, which keeps nobody",
	    stuck_lock },
	{ "who has not asked is not told", not_asked },
	{ "a service manager that does not read holds up for seconds only",
	    manager_does_not_read },
	/* Last: its thread may be there for some time yet. */
	{ "nor does a stuck lock hold up the end", stop_when_stuck },
	{ NULL, NULL },
};
