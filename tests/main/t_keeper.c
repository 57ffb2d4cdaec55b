/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_keeper.c - the keeper keeps what its child sends it, and nothing else
 * (src/devswd/main/keeper.c; the protocol is sd_pid_notify_with_fds(3)'s and
 * sd_listen_fds_with_names(3)'s).  With a kernel's CUSE: tests/uml/t_keep.c.
 *
 * The keeper is a process of its own; its children are this program once more.
 */
#undef NDEBUG
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "host/host.h"
#include "main/daemon.h"
#include "main/keeper.h"

#define	LONG_NAME	"0123456789012345678901234567890123456789"

static struct shared {
	_Atomic int	 starts;
	_Atomic pid_t	 child;
	char		 socket[128];
	char		 names[128];	/* what the second child has found */
	_Atomic ino_t	 inode;
	_Atomic int	 pid_is_right, others;
} *sh;
static char dir[] = "/tmp/t_keeper.XXXXXX";
static char shared_path[64];

/* ---- the children --------------------------------------------------- */

static void
store(const char *name, int fd)
{
	char text[128];

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s", name);
	T_CHECK(daemon_notify_fd(text, fd));
}

static _Noreturn void
first(void)
{
	const int fd = memfd_create("kept", MFD_CLOEXEC);
	struct stat st;

	T_EQ(fstat(fd, &st), 0);
	sh->inode = st.st_ino;
	snprintf(sh->socket, sizeof(sh->socket), "%s", getenv("NOTIFY_SOCKET"));
	store("gone", fd);
	store("x", fd);
	store("gone", 0);
	store(LONG_NAME, fd);
	store("a:b", fd);
	store("", fd);
	store("y", 0);
	daemon_notify("FDSTOREREMOVE=1\nFDNAME=gone");
	daemon_notify("READY=1");
	sh->child = getpid();
	for (;;)
		pause();
}

/* Descriptors from 5 on that an exec leaves. */
static int
inherited(void)
{
	int flags, n = 0;

	for (int fd = 5; fd < 100; fd++) {
		flags = fcntl(fd, F_GETFD);
		n += flags != -1 && (flags & FD_CLOEXEC) == 0;
	}
	return n;
}

/* From 3 on, and only these: the keeper's own are not inherited. */
static _Noreturn void
second(void)
{
	struct stat st;

	snprintf(sh->names, sizeof(sh->names), "%s %s",
	    getenv("LISTEN_FDS"), getenv("LISTEN_FDNAMES"));
	sh->pid_is_right = atoi(getenv("LISTEN_PID")) == getpid();
	if (fstat(3, &st) == -1 || st.st_ino != sh->inode)
		sh->inode = 0;
	sh->others = inherited();
	exit(7);
}

static __attribute__((constructor)) void
t_begin(int argc, char **argv)
{
	const bool child = argc == 3 && strcmp(argv[1], "--child") == 0;
	int fd;

	if (!child) {
		assert(mkdtemp(dir) != NULL);
		snprintf(shared_path, sizeof(shared_path), "%s/shared", dir);
	}
	fd = open(child ? argv[2] : shared_path, O_RDWR | O_CREAT | O_CLOEXEC,
	    0600);
	assert(fd != -1 && ftruncate(fd, sizeof(*sh)) == 0);
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	assert(sh != MAP_FAILED);
	close(fd);
	if (!child)
		return;
	if (atomic_fetch_add(&sh->starts, 1) == 0)
		first();
	second();
}

/* ---- the test ------------------------------------------------------- */

static void
nothing(void)
{
}

/* lonely: it gets no child. */
static pid_t
keeper_up(bool lonely)
{
	static const struct rlimit none = { 0, 0 };
	static char *argv[] = { (char *)"t_keeper", (char *)"--child",
	    shared_path, NULL };
	const struct keeper_config kc = { .kc_dir = dir, .kc_cwd = "/",
	    .kc_argv = argv, .kc_ready = nothing, .kc_pause_ms = 1,
	    .kc_tries = 3 };
	pid_t pid;

	memset(sh, 0, sizeof(*sh));
	fflush(NULL);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		hyp_posix_set_loglevel(0);
		/* root's processes have no limit. */
		if (lonely && (setrlimit(RLIMIT_NPROC, &none) == -1 ||
		    chown(dir, 65534, 65534) == -1 ||
		    setresuid(65534, 65534, 65534) == -1))
			_exit(99);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* As somebody may start it. */
		(void)signal(SIGCHLD, SIG_IGN);
		_exit(keeper_run(&kc));
	}
	return pid;
}

static int
has_started(void *arg)
{

	(void)arg;
	return sh->child != 0;
}

static int status;

static int
has_ended(void *arg)
{

	return waitpid(*(pid_t *)arg, &status, WNOHANG) != 0;
}

static void
without_a_child_it_ends(void)
{
	pid_t pid;

	if (geteuid() != 0)
		t_skip("needs root");
	pid = keeper_up(true);
	T_UNTIL(has_ended, &pid);
	T_CHECK(WIFEXITED(status));
	T_EQ(WEXITSTATUS(status), 1);
	T_EQ(sh->starts, 0);
	T_EQ(chown(dir, 0, 0), 0);
}

static void
only_its_childs_descriptors_are_kept(void)
{
	const pid_t pid = keeper_up(false);
	struct stat st;

	T_UNTIL(has_started, NULL);
	/* Somebody else, who may write to the socket: it is root's alone. */
	T_EQ(stat(sh->socket, &st), 0);
	T_EQ(st.st_mode & 0777, 0600);
	setenv("NOTIFY_SOCKET", sh->socket, 1);
	store("stranger", 0);
	daemon_notify("FDSTOREREMOVE=1\nFDNAME=x");
	unsetenv("NOTIFY_SOCKET");
	kill(sh->child, SIGKILL);
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(WIFEXITED(status));
	T_EQ(WEXITSTATUS(status), 7);
	T_EQ(sh->starts, 2);
	t_note("%s", sh->names);
	T_CHECK(strcmp(sh->names, "2 x:y") == 0);
	T_EQ(sh->pid_is_right, 1);
	T_CHECK(sh->inode != 0);
	T_EQ(sh->others, inherited());	/* what the test was given */
	T_EQ(stat(sh->socket, &st), -1);
	T_EQ(unlink(shared_path), 0);
	T_EQ(rmdir(dir), 0);
}

const struct t_case t_cases[] = {
	{ "who can start no child gives up, as after a child that dies",
	    without_a_child_it_ends },
	{ "only its child's descriptors are kept, and given to the next",
	    only_its_childs_descriptors_are_kept },
	{ NULL, NULL },
};
