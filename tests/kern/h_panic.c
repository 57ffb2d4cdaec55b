/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_panic.c - a panic that is expected; see h_panic.h.
 */
#undef NDEBUG
#include <sys/resource.h>
#include <sys/wait.h>

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "h_test.h"
#include "kern/h_panic.h"

/* The child: no core file, and not the sanitizer's way to die. */
static _Noreturn void
child(void (*func)(void), int fd)
{
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	signal(SIGABRT, SIG_DFL);
	dup2(fd, STDERR_FILENO);
	func();
	_exit(0);
}

int
h_panics(void (*func)(void), char *text, size_t size)
{
	size_t len = 0;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	fflush(stdout);
	assert(pipe(fds) == 0);
	pid = fork();
	assert(pid != -1);
	if (pid == 0)
		child(func, fds[1]);
	close(fds[1]);
	while (len + 1 < size &&
	    (n = read(fds[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fds[0]);
	assert(waitpid(pid, &status, 0) == pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		return 1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || len > 0)
		t_fail(__FILE__, __LINE__, "status 0x%x, it says: %s",
		    (unsigned)status, text);
	return 0;
}
