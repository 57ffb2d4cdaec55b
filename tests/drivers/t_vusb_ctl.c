/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_vusb_ctl.c - the sockets through which another process plays with
 * software adapters.
 */
#undef NDEBUG
#include <sys/socket.h>
#include <sys/un.h>

#include <asm/ioctls.h>
#include <asm/termbits.h>

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drivers/h_adapter.h"
#include "drivers/h_serial.h"

#define	CROWD	16

static char dir[64];
static unsigned nrecv;			/* atomic; calls of recv(2) */

/* In libc's place. */
ssize_t
recv(int fd, void *buf, size_t len, int flags)
{

	__atomic_add_fetch(&nrecv, 1, __ATOMIC_RELAXED);
	return syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
}

static int
connect_to(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, n;

	n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/%s", dir, name);
	assert(n > 0 && (size_t)n < sizeof(sun.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert(fd != -1);
	T_EQ(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
ask(int fd, const char *cmd, char *answer, size_t size)
{
	char line[256];
	size_t len = 0;
	int n;

	n = snprintf(line, sizeof(line), "%s\n", cmd);
	T_EQ(write(fd, line, (size_t)n), n);
	do {
		T_CHECK(len < size - 1);
		T_EQ(read(fd, answer + len, 1), 1);
	} while (answer[len++] != '\n');
	answer[len - 1] = '\0';
}

static void
ok(int fd, const char *cmd)
{
	char answer[512];

	ask(fd, cmd, answer, sizeof(answer));
	if (strncmp(answer, "ok", 2) != 0)
		t_fail(__FILE__, __LINE__, "%s: %s", cmd, answer);
}

static void
refused(int fd, const char *cmd)
{
	char answer[512];

	ask(fd, cmd, answer, sizeof(answer));
	if (strncmp(answer, "error ", 6) != 0)
		t_fail(__FILE__, __LINE__, "%s: %s", cmd, answer);
}

static void
read_socket(int fd, void *buf, size_t len)
{
	ssize_t n;
	size_t done = 0;

	while (done < len) {
		n = read(fd, (char *)buf + done, len - done);
		T_CHECK(n > 0);
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

static int
control(void)
{

	s_boot();
	strcpy(dir, "/tmp/t_vusb_ctl.XXXXXX");
	assert(mkdtemp(dir) != NULL);
	T_EQ(vusb_ctl_start(dir), 0);
	return connect_to("control");
}

static void
finish(int fd)
{
	struct vusb *v = vusb_lookup("ftdi0");

	close(fd);
	vusb_ctl_stop();
	if (v != NULL) {
		s_unplug(v);
		vusb_destroy(v);
	}
	/* It leaves nothing behind. */
	T_EQ(rmdir(dir), 0);
}

static void
commands(void)
{
	int fd = control();
	char answer[512];

	refused(fd, "");
	refused(fd, "frobnicate");
	refused(fd, "plug ftdi0");
	refused(fd, "create ftdi0 toaster");
	refused(fd, "create a/b ftdi");
	ok(fd, "create ftdi0 ftdi");
	refused(fd, "create ftdi0 ftdi");
	ask(fd, "list", answer, sizeof(answer));
	T_EQ(strcmp(answer, "ok ftdi0"), 0);
	refused(fd, "unplug ftdi0");
	ok(fd, "plug ftdi0");
	refused(fd, "plug ftdi0");
	refused(fd, "lines ftdi0 +xyz");
	refused(fd, "fault ftdi0 in nonsense");
	refused(fd, "limit ftdi0 0 0");
	ok(fd, "rescan ftdi0");
	ask(fd, "status ftdi0", answer, sizeof(answer));
	T_CHECK(strstr(answer, "plugged=1") != NULL);
	ok(fd, "unplug ftdi0");
	finish(fd);
}

static int
carrier_is_off(void *arg)
{

	return (s_modem(arg) & TIOCM_CD) == 0;
}

static void
whole_road(void)
{
	static uint8_t buf[200000], want[200000];
	struct s_op so = { .so_call = S_WRITE, .so_buf = want,
	    .so_len = sizeof(want) };
	char answer[512];
	struct s_file sf;
	int fd = control(), far;

	ok(fd, "create ftdi0 ftdi");
	ok(fd, "plug ftdi0");
	s_plug_wait("ttyU0");
	far = connect_to("ftdi0");
	h_open_raw(&sf, 115200);
	s_pattern(want, sizeof(want), 3);
	so.so_file = &sf;
	s_start(&so);
	read_socket(far, buf, sizeof(buf));
	T_EQ(s_finish(&so), 0);
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	T_EQ(write(far, want, 50000), 50000);
	s_read_all(&sf, buf, 50000);
	T_EQ(memcmp(buf, want, 50000), 0);

	ask(fd, "status ftdi0", answer, sizeof(answer));
	T_CHECK(strstr(answer, "baud=115385 format=8N1 flow=N dtr=1 rts=1") !=
	    NULL);
	ok(fd, "lines ftdi0 -dcd +ri");
	T_UNTIL(carrier_is_off, &sf);
	T_CHECK((s_modem(&sf) & TIOCM_RI) != 0);
	ok(fd, "lines ftdi0 +dcd");
	ok(fd, "fault ftdi0 control error 1");
	ok(fd, "fault ftdi0 control none");

	/* A second client of the line is sent away; the next one is not. */
	T_EQ(read(connect_to("ftdi0"), buf, 1), 0);
	close(far);
	ok(fd, "unplug ftdi0");
	s_close(&sf);
	finish(fd);
}

static int
has_received(void *arg)
{

	return h_status(vusb_lookup("ftdi0")).vs_received == *(uint64_t *)arg;
}

/* Who reads late has all of it, though nothing new comes of the device. */
static void
late_reader(void)
{
	static uint8_t buf[1000000], want[1000000];
	uint64_t all = sizeof(want);
	struct s_file sf;
	int fd = control(), far;

	ok(fd, "create ftdi0 ftdi");
	ok(fd, "plug ftdi0");
	s_plug_wait("ttyU0");
	far = connect_to("ftdi0");
	h_open_raw(&sf, 115200);
	s_pattern(want, sizeof(want), 5);
	s_write_all(&sf, want, sizeof(want));
	T_UNTIL(has_received, &all);
	read_socket(far, buf, sizeof(buf));
	T_EQ(memcmp(buf, want, sizeof(buf)), 0);
	close(far);
	ok(fd, "unplug ftdi0");
	s_close(&sf);
	finish(fd);
}

static int
carrier_is_on(void *arg)
{

	return (s_modem(arg) & TIOCM_CD) != 0;
}

/* Nobody there: no lines, and what is sent then is not for who comes. */
static void
modem(void)
{
	uint64_t sent = 5;
	struct termios2 mode;
	struct s_file sf;
	int fd = control(), far;
	char buf[8];

	ok(fd, "create ftdi0 ftdi");
	refused(fd, "modem ftdi0");
	ok(fd, "modem ftdi0 1");
	ok(fd, "plug ftdi0");
	s_plug_wait("ttyU0");
	h_open_raw(&sf, 115200);
	T_EQ(s_ioctl(&sf, TCGETS2, &mode), 0);
	mode.c_cflag |= CLOCAL;
	T_EQ(s_ioctl(&sf, TCSETS2, &mode), 0);
	T_UNTIL(carrier_is_off, &sf);
	s_write_all(&sf, "stale", 5);
	T_UNTIL(has_received, &sent);
	far = connect_to("ftdi0");
	T_UNTIL(carrier_is_on, &sf);
	s_write_all(&sf, "fresh", 5);
	read_socket(far, buf, 5);
	T_EQ(memcmp(buf, "fresh", 5), 0);
	close(far);
	T_UNTIL(carrier_is_off, &sf);
	ok(fd, "unplug ftdi0");
	s_close(&sf);
	finish(fd);
}

/* In step: a command is seen after what came before it. */
static void
crowd(void)
{
	int fd = control(), far[CROWD];
	char cmd[32];
	unsigned i, before;

	for (i = 0; i < CROWD; i++) {
		snprintf(cmd, sizeof(cmd), "create c%u ftdi", i);
		ok(fd, cmd);
		snprintf(cmd, sizeof(cmd), "c%u", i);
		far[i] = connect_to(cmd);
	}
	ok(fd, "list");
	before = __atomic_load_n(&nrecv, __ATOMIC_RELAXED);
	for (i = 0; i < 100; i++) {
		T_EQ(write(far[0], "x", 1), 1);
		ok(fd, "list");
	}
	/* Fewer than one for each of them and byte. */
	T_CHECK(__atomic_load_n(&nrecv, __ATOMIC_RELAXED) - before <
	    100 * CROWD);
	for (i = 0; i < CROWD; i++) {
		close(far[i]);
		snprintf(cmd, sizeof(cmd), "destroy c%u", i);
		ok(fd, cmd);
	}
	finish(fd);
}

const struct t_case t_cases[] = {
	{ "commands, and refusals", commands },
	{ "bytes, lines and plugs through sockets", whole_road },
	{ "who reads late has all of it", late_reader },
	{ "a modem's lines are up while somebody is there", modem },
	{ "a byte costs nothing at the other far ends", crowd },
	{ NULL, NULL }
};
