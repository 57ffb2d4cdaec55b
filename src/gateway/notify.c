/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notify.c - what the service manager is told: sd_notify(3)'s protocol.
 *
 * Without one nothing is told.  Nothing waits: a manager that does not read is
 * not told either.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"

/* notify(format, ...): lines of NAME=VALUE. */
void
notify(const char *format, ...)
{
	const char *const path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char text[256];
	va_list ap;
	int fd, n;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    strlen(path) >= sizeof(un.sun_path))
		return;
	strcpy(un.sun_path, path);
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1)
		return;
	(void)sendto(fd, text, (size_t)n, MSG_NOSIGNAL,
	    (const struct sockaddr *)&un, (socklen_t)(offsetof(
	    struct sockaddr_un, sun_path) + strlen(path)));
	close(fd);
}

/* ms after which it wants to hear that we live, each time; 0: it does not. */
unsigned
notify_period(void)
{
	const char *const us = getenv("WATCHDOG_USEC");
	const char *const pid = getenv("WATCHDOG_PID");

	if (us == NULL || (pid != NULL && atoll(pid) != (long long)getpid()))
		return 0;
	return (unsigned)(strtoul(us, NULL, 10) / 2000);
}
