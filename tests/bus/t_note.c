/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_note.c - who comes after a crash is told which function of which driver it
 * was in (sys/lwpnote.h, front_died.c): by the real kernel side, in a process
 * that dies of a fault, of a panic, of a SIGABRT from outside, and of SIGKILL.
 */
#undef NDEBUG
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bus/h_note.h"
#include "front/front.h"
#include "front/journal.h"
#include "h_test.h"
#include "host/host.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"

#define	MINOR	(3U << 13)	/* of unit 0 of major 3 */

enum how { FAULT, PANIC, STAY };

static const struct way {
	const char	*w_entry;	/* of FRONT_ENTRIES */
	const char	*w_name;
	const char	*w_after;	/* which comes after it; NULL: in it */
} ways[] = {
	[NOTE_ATTACH] = { "attach", "tnote0", NULL },
	[NOTE_MATCH] = { "match", "tnote", NULL },
	[NOTE_DETACH] = { "detach", "tnote0", NULL },
	[NOTE_OPEN] = { "d_open", "nod0", NULL },
	[NOTE_CLOSE_IN_DETACH] = { "d_close", "nod0", NULL },
	[NOTE_AFTER_CLOSE] = { "detach", "tnote0", NULL },
	[NOTE_CALLBACK] = { "callback", "tnote0", NULL },
	[NOTE_CALLBACK_OPEN] = { "callback", "nod0", NULL },
	[NOTE_CALLOUT] = { "callout", "tnote0", NULL },
	[NOTE_SOFTINT] = { "softint", "tnote0", NULL },
	[NOTE_TASK] = { "task", "1-1", NULL },
	[NOTE_THREAD] = { "thread", "tnote0", NULL },
	[NOTE_BACK] = { NULL, NULL, "d_close of nod0" },
};
#define	NWAYS	(sizeof(ways) / sizeof(ways[0]))

static enum how how;
static int told;		/* the child is there */

void
note_end(void)
{

	switch (how) {
	case FAULT:
		(void)raise(SIGSEGV);
		break;
	case PANIC:
		hyp_panic("it was to be expected");
	case STAY:
		assert(write(told, "", 1) == 1);
		for (;;)
			pause();
	}
}

static _Noreturn void
child(int fd, enum note_way way)
{
	struct journal *j;

	(void)alarm(60);		/* it went past it */
	hyp_posix_set_loglevel(0);
	host_crash_catch();
	assert(journal_open(&j, fd) == 0);
	front_died_open(j, false);
	note_go(way);
	for (;;)
		pause();
}

/* Its report, when it has gone this way and died; STAY: of sig. */
static const struct front_died *
dies(enum note_way way, enum how h, int sig)
{
	struct journal *j;
	int fd, pair[2], status;
	char byte;
	pid_t pid;

	assert(journal_make(&j, &fd) == 0);
	journal_node_made(j, journal_node_add(j, MINOR, 0, "nod0"));
	assert(pipe(pair) == 0);
	fflush(NULL);
	how = h;
	told = pair[1];
	pid = fork();
	assert(pid != -1);
	if (pid == 0)
		child(fd, way);
	close(pair[1]);
	if (h == STAY) {
		T_EQ(read(pair[0], &byte, 1), 1);
		T_EQ(kill(pid, sig), 0);
	}
	T_EQ(waitpid(pid, &status, 0), pid);
	T_CHECK(WIFSIGNALED(status));
	T_EQ(WTERMSIG(status), h == STAY ? sig : h == FAULT ? SIGSEGV :
	    SIGABRT);
	close(pair[0]);
	hyp_posix_set_loglevel(0);
	front_died_open(j, true);
	journal_close(j);
	close(fd);
	return front_died();
}

static void
has_words(const struct front_died *fd, const char *words)
{

	if (strstr(fd->fd_words, words) == NULL)
		t_fail(__FILE__, __LINE__, "it died of: %s, not %s",
		    fd->fd_words, words);
}

static int
is_driver(const struct front_died_driver *dd, const struct way *w)
{
	static const char *const entries[] = { FRONT_ENTRIES };

	return strcmp(entries[dd->dd_entry], w->w_entry) == 0 &&
	    strcmp(dd->dd_name, w->w_name) == 0 &&
	    dd->dd_thread[0] != '\0' && dd->dd_minor ==
	    (strcmp(w->w_name, "nod0") == 0 ? MINOR : UINT32_MAX);
}

/* A thread was in a driver, there; who has made it go there may be, too. */
static void
has_driver(const struct front_died *fd, const struct way *w)
{
	unsigned n = 0;

	T_CHECK(fd->fd_ndrivers <= 2);
	for (unsigned i = 0; i < fd->fd_ndrivers; i++)
		n += w->w_after == NULL && is_driver(&fd->fd_drivers[i], w);
	if (n != (w->w_after == NULL))
		t_fail(__FILE__, __LINE__, "%u of %u threads in %s of %s", n,
		    fd->fd_ndrivers, w->w_entry, w->w_name);
}

static void
crash_says_where(enum how h)
{
	const struct front_died *fd;
	char words[128];

	for (unsigned i = 0; i < NWAYS; i++) {
		const struct way *const w = &ways[i];

		fd = dies((enum note_way)i, h, 0);
		has_words(fd, h == FAULT ? "fatal: SIGSEGV; in thread " :
		    "it was to be expected; in thread ");
		if (w->w_after != NULL)
			snprintf(words, sizeof(words), ", after %s",
			    w->w_after);
		else
			snprintf(words, sizeof(words), ", in %s of %s",
			    w->w_entry, w->w_name);
		has_words(fd, words);
		has_driver(fd, w);
	}
}

static void
a_fault_says_where(void)
{

	crash_says_where(FAULT);
}

static void
a_panic_says_where(void)
{

	crash_says_where(PANIC);
}

/* A watchdog's, which any thread may get; and one that nobody hears of. */
static void
one_that_is_ended_says_where(void)
{
	const struct front_died *fd;

	for (unsigned i = 0; i < NWAYS; i++) {
		fd = dies((enum note_way)i, STAY, SIGABRT);
		has_words(fd, "fatal: SIGABRT; in thread ");
		has_driver(fd, &ways[i]);
		fd = dies((enum note_way)i, STAY, SIGKILL);
		T_EQ(fd->fd_words[0], '\0');
		has_driver(fd, &ways[i]);
	}
}

/* ---- a kill at each instruction ------------------------------------- */

enum { ATTACH = 1, CALLOUT = 2, READ = 4, BACK = 8, ALL = 15 };

/* Which of them a reader finds, whole; 0: none. */
static unsigned
found(const struct journal *j)
{
	struct journal_note jn;

	if (journal_notes(j) == 0 || !journal_note(j, 0, &jn))
		return 0;
	switch (jn.jn_what) {
	case HYP_NOTE_ATTACH:
		T_EQ(strcmp(jn.jn_name, NOTE_OUTER), 0);
		T_EQ(jn.jn_minor, JOURNAL_NO_MINOR);
		return jn.jn_back ? BACK : ATTACH;
	case HYP_NOTE_CALLOUT:
		T_EQ(strcmp(jn.jn_name, NOTE_INNER), 0);
		T_EQ(jn.jn_back, 0);
		return CALLOUT;
	default:
		T_EQ(jn.jn_what, HYP_NOTE_READ);
		T_EQ(jn.jn_minor, MINOR);
		return READ;
	}
}

static void
half_of_a_note_is_none(void)
{
	unsigned steps = 0, seen = 0;
	struct journal *j;
	int fd, status;
	pid_t pid;

	assert(journal_make(&j, &fd) == 0);
	fflush(NULL);
	pid = fork();
	assert(pid != -1);
	if (pid == 0) {
		host_note_to(journal_notes_clear(j), JOURNAL_NOTES);
		(void)hyp_note();
		assert(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
		(void)raise(SIGSTOP);
		note_nest();
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		seen |= found(j);
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) != 0)
			break;
	}
	T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	T_EQ(seen, ALL);
	t_note("%u instructions", steps);
	journal_close(j);
	close(fd);
}

const struct t_case t_cases[] = {
	{ "a fault says in which driver's function", a_fault_says_where },
	{ "a panic says in which driver's function", a_panic_says_where },
	{ "SIGABRT and SIGKILL: which threads were in a driver",
	    one_that_is_ended_says_where },
	{ "half of a note is none", half_of_a_note_is_none },
	{ NULL, NULL }
};
