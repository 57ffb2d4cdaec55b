/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_journal.c - the journal of a front end is right whenever its writer is
 * killed, and its reader believes nothing (src/devswd/front/journal.c).
 *
 * For the first, a child writes one and is stopped after each of its
 * instructions (ptrace); what a successor would read then has to be what was
 * before the write that is under way, or what is after it.
 */
#undef NDEBUG
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "front/journal.h"
#include "front/states.h"
#include "front/suspects.h"
#include "front/told.h"
#include "h_test.h"
#include "hyp/hyp.h"

#define	DUMP	2048

/* Two devices of one hub. */
static const struct suspect suspects[] = {
	{ "1-1.1", 1, 5, 0x403, 0x6001 },
	{ "1-1.2", 1, 6, 0x1d6b, 0x104 },
};

static const char *const devices[] = { "ucom0", "ucom1" };

static const char *const claims[] = { "403:6001", "1:2,unit=3", "1:2" };

/* ---- what a reader sees --------------------------------------------- */

/*
 * All of it as text, but for what has no one moment: the highest number, the
 * last call that was seen, and the owner of a node before its mode is given.
 */
static void
dump(const struct journal *j, char text[DUMP])
{
	struct journal_node jn;
	struct journal_file jf;
	struct journal_call jc;
	unsigned deaths;
	struct told told;
	char kept[8];
	size_t n = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < journal_nodes(j); i++) {
		if (!journal_node(j, i, &jn))
			continue;
		n += (size_t)snprintf(text + n, DUMP - n,
		    "node %u: %s %u class %d%s", i, jn.jn_name, jn.jn_minor,
		    jn.jn_class, jn.jn_made ? " made" : "");
		if (jn.jn_given)
			n += (size_t)snprintf(text + n, DUMP - n,
			    " %u:%u %o", jn.jn_uid, jn.jn_gid, jn.jn_mode);
		n += (size_t)snprintf(text + n, DUMP - n, "\n");
	}
	for (unsigned i = 0; i < journal_files(j); i++) {
		if (journal_file(j, i, &jf))
			n += (size_t)snprintf(text + n, DUMP - n,
			    "file %u: %llu of %u poll %llu by %u %u %d\n",
			    i, (unsigned long long)jf.jf_number, jf.jf_node,
			    (unsigned long long)jf.jf_poll, jf.jf_uid,
			    jf.jf_gid, (int)jf.jf_pid);
	}
	for (unsigned i = 0; i < journal_calls(j); i++) {
		if (journal_call(j, i, &jc))
			n += (size_t)snprintf(text + n, DUMP - n,
			    "call %u: %llu of %u op %u\n", i,
			    (unsigned long long)jc.jc_unique, jc.jc_node,
			    jc.jc_opcode);
	}
	for (unsigned i = 0; i < 2; i++) {
		const enum suspect_state state = suspect_get(j, &suspects[i],
		    &deaths);

		if (state != SUSPECT_NONE)
			n += (size_t)snprintf(text + n, DUMP - n,
			    "device %u: %d, %u deaths\n", i, state, deaths);
	}
	for (unsigned i = 0; i < 2; i++) {
		const size_t len = state_get(j, devices[i], kept,
		    sizeof(kept));

		if (len != 0)
			n += (size_t)snprintf(text + n, DUMP - n,
			    "%s is %.*s\n", devices[i], (int)len, kept);
	}
	for (told.t_order = 0; told_next(j, TOLD_CLAIM, told.t_order, &told);)
		n += (size_t)snprintf(text + n, DUMP - n, "told %s\n",
		    told.t_text);
	assert(n < DUMP);
}

static bool
has_call(const struct journal *j, unsigned node, uint64_t unique)
{
	struct journal_call jc;

	for (unsigned i = 0; i < journal_calls(j); i++) {
		if (journal_call(j, i, &jc) && jc.jc_node == node &&
		    jc.jc_unique == unique)
			return true;
	}
	return false;
}

/* ---- what is written ------------------------------------------------ */

enum what { ADD, MADE, OWNER, REMOVE, OPEN, POLL, CLOSE, BEGIN, END, SUSPECT,
    DIED, STATE, TELL, UNTELL };

/* a: the node, the device or the claim; b: the slot, or the minor number; c: unique, number,
   mode, or how much of a state. */
static const struct step {
	enum what	 s_what;
	int		 s_a;
	unsigned	 s_b;
	uint64_t	 s_c;
} script[] = {
	{ ADD, 0, 7, 0 },	{ OWNER, 0, 0, 0660 },
	{ MADE, 0, 0, 0 },	{ ADD, 1, 70000, 0 },
	{ MADE, 1, 0, 0 },	{ OWNER, 1, 0, 0600 },
	{ BEGIN, 0, 0, 2 },	{ OPEN, 0, 0, 1 },
	{ END, 0, 0, 0 },	{ BEGIN, 0, 0, 4 },
	{ BEGIN, 1, 1, 2 },	{ BEGIN, 0, 2, 6 },
	{ OPEN, 1, 1, 2 },	{ END, 0, 1, 0 },
	{ POLL, 0, 0, 3 },	{ BEGIN, 1, 1, 4 },
	{ END, 0, 0, 0 },	{ OWNER, 1, 0, 0666 },
	{ CLOSE, 0, 1, 0 },	{ OPEN, 0, 1, 3 },
	{ POLL, 0, 1, 4 },	{ CLOSE, 0, 0, 0 },
	{ CLOSE, 0, 1, 0 },	{ REMOVE, 0, 0, 0 },
	{ ADD, 0, 8, 0 },	{ END, 0, 2, 0 },
	{ END, 0, 1, 0 },
	{ SUSPECT, 0, SUSPECT_WORKS, 0 },	{ DIED, 0, 0, 1 },
	{ SUSPECT, 0, SUSPECT_WORKS, 0 },	{ DIED, 0, 0, 0 },
	{ SUSPECT, 0, SUSPECT_WORKS, 0 },
	{ SUSPECT, 1, SUSPECT_WORKS, 0 },
	{ SUSPECT, 1, SUSPECT_WAITS, 0 },	{ DIED, 0, 0, 1 },
	{ SUSPECT, 1, SUSPECT_NONE, 0 },
	{ SUSPECT, 0, SUSPECT_WORKS, 0 },
	{ SUSPECT, 0, SUSPECT_NONE, 0 },
	{ STATE, 0, 0, 5 },	{ STATE, 1, 0, 3 },
	{ STATE, 0, 0, 6 },	{ STATE, 0, 0, 2 },
	{ STATE, 1, 0, 0 },	{ STATE, 0, 0, 0 },
	{ STATE, 1, 0, 4 },	{ STATE, 1, 0, 0 },
	{ TELL, 0, 0, 0 },	{ TELL, 1, 0, 0 },
	{ UNTELL, 0, 0, 0 },	{ TELL, 2, 0, 0 },
	{ UNTELL, 1, 0, 0 },	{ UNTELL, 2, 0, 0 },
};
#define	STEPS	(sizeof(script) / sizeof(script[0]))

static void
write_step(struct journal *j, const struct step *s)
{
	struct journal_file jf = { .jf_number = s->s_c,
	    .jf_node = (unsigned)s->s_a, .jf_uid = 1000 + s->s_b,
	    .jf_gid = 20, .jf_pid = 77 };

	switch (s->s_what) {
	case ADD:
		(void)journal_node_add(j, s->s_b, 1, s->s_b == 7 ? "ttyU0" :
		    s->s_b == 8 ? "dtyU0" : "uhid3");
		break;
	case MADE:
		journal_node_made(j, s->s_a);
		break;
	case OWNER:
		journal_node_owner(j, s->s_a, s->s_c == 0666 ? 5 : 0, 20,
		    (mode_t)s->s_c);
		break;
	case REMOVE:
		journal_node_remove(j, s->s_a);
		break;
	case OPEN:
		journal_file_open(j, s->s_b, &jf);
		break;
	case POLL:
		journal_file_poll(j, s->s_b, s->s_c);
		break;
	case CLOSE:
		journal_file_close(j, s->s_b);
		break;
	case BEGIN:
		journal_call_begin(j, s->s_b, s->s_a, s->s_c, FUSE_READ);
		break;
	case END:
		journal_call_end(j, s->s_b);
		break;
	case SUSPECT:
		suspect_set(j, &suspects[s->s_a], (enum suspect_state)s->s_b);
		break;
	case DIED:
		suspects_died(j, s->s_c != 0);
		break;
	case STATE:
		state_put(j, devices[s->s_a], "4800 Bd", (size_t)s->s_c);
		break;
	case TELL:
		(void)told_add(j, TOLD_CLAIM, claims[s->s_a], 0);
		break;
	case UNTELL:
		told_drop(j, TOLD_CLAIM, claims[s->s_a]);
		break;
	}
}

static char dumps[STEPS + 1][DUMP];	/* after so many */

static struct journal *
journal_of(int *fd)
{
	struct journal *j;

	T_EQ(journal_make(&j, fd), 0);
	return j;
}

static void
what_is_written_is_read(void)
{
	struct journal *j, *reader;
	struct journal_file jf;
	struct journal_node jn;
	int fd;

	j = journal_of(&fd);
	for (size_t i = 0; i < STEPS; i++) {
		dump(j, dumps[i]);
		write_step(j, &script[i]);
		T_EQ(journal_open(&reader, fd), 0);
		dump(reader, dumps[i + 1]);
		if (script[i].s_what == BEGIN) {
			T_CHECK(journal_node(reader, (unsigned)script[i].s_a,
			    &jn));
			T_EQ(jn.jn_seen, script[i].s_c);
		}
		journal_close(reader);
		T_CHECK(strcmp(dumps[i], dumps[i + 1]) != 0);
	}
	T_CHECK(strcmp(dumps[STEPS], "node 0: dtyU0 8 class 1\n"
	    "node 1: uhid3 70000 class 1 made 5:20 666\n") == 0);
	T_EQ(journal_number(j), 3);
	T_CHECK(!journal_file(j, 0, &jf));
	close(fd);
	journal_close(j);
}

/* As it stands in the first record. */
static void
crash_was_long_ago(int fd)
{
	const uint32_t then = (uint32_t)(hyp_clock() / 1000000000) -
	    SUSPECT_AGAIN;

	T_EQ(pwrite(fd, &then, sizeof(then), 1024 + 4), 4);
}

/* Crashes in a row while it is attached. */
static void
who_was_at_work_is_a_suspect(void)
{
	struct suspect s = suspects[0];
	struct journal *j;
	unsigned n, i;
	char path[16];
	int fd;

	j = journal_of(&fd);
	for (i = 1; i <= 3; i++) {
		suspect_set(j, &s, SUSPECT_WORKS);
		suspect_set(j, &s, SUSPECT_WAITS);
		suspects_died(j, true);
		suspect_set(j, &s, SUSPECT_WORKS);
		suspects_died(j, true);
		T_EQ(suspect_get(j, &s, &n), SUSPECT_WAITS);
		T_EQ(n, i);
	}
	/* It comes back by itself, and another one in its place. */
	s.s_addr++;
	T_EQ(suspect_get(j, &s, &n), SUSPECT_WAITS);
	T_EQ(n, 3);
	s.s_serial++;
	T_EQ(suspect_get(j, &s, &n), SUSPECT_NONE);
	T_EQ(n, 0);
	s.s_serial--;
	suspect_set(j, &s, SUSPECT_WORKS);
	suspects_died(j, true);
	T_EQ(suspect_get(j, &s, &n), SUSPECT_WAITS);
	T_EQ(n, 4);
	/* Later it is plugged in again. */
	crash_was_long_ago(fd);
	T_EQ(suspect_get(j, &s, &n), SUSPECT_WAITS);
	T_EQ(n, 4);
	s.s_addr++;
	T_EQ(suspect_get(j, &s, &n), SUSPECT_NONE);
	T_EQ(n, 0);
	suspect_set(j, &s, SUSPECT_WAITS);
	T_EQ(suspect_get(j, &s, &n), SUSPECT_NONE);
	suspect_set(j, &s, SUSPECT_WORKS);
	T_EQ(suspect_get(j, &s, &n), SUSPECT_WORKS);
	T_EQ(n, 0);
	suspects_died(j, false);
	suspects_forgive(j);
	T_EQ(suspect_get(j, &suspects[0], &n), SUSPECT_NONE);
	/* A place has one record; who has died most stays longest. */
	suspect_set(j, &s, SUSPECT_WORKS);
	suspects_died(j, true);
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "2-%u", i);
		suspect_set(j, &(struct suspect){ path, 2, i, 1, 1 },
		    SUSPECT_WORKS);
		suspects_died(j, false);
	}
	T_EQ(suspect_get(j, &s, &n), SUSPECT_WAITS);
	T_EQ(n, 1);
	s.s_product++;
	suspect_set(j, &s, SUSPECT_WORKS);
	s.s_product--;
	T_EQ(suspect_get(j, &s, &n), SUSPECT_NONE);
	/* More at work at a time than there is room for. */
	for (i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "2-%u", i);
		suspect_set(j, &(struct suspect){ path, 2, i, 1, 1 },
		    SUSPECT_WORKS);
	}
	suspects_died(j, true);
	close(fd);
	journal_close(j);
}

/* In its order, once each, and as much as there is room for. */
static void
what_was_told_counts_until_it_is_taken_back(void)
{
	char text[TOLD_TEXT + 1] = "";
	struct told told = { .t_order = 0 };
	struct journal *j, *reader;
	unsigned n = 0;
	int fd;

	j = journal_of(&fd);
	T_CHECK(!told_next(j, TOLD_CLAIM, 0, &told));
	T_EQ(told_add(j, TOLD_CLAIM, "", 0), -ENAMETOOLONG);
	memset(text, 'x', TOLD_TEXT);
	T_EQ(told_add(j, TOLD_CLAIM, text, 0), -ENAMETOOLONG);
	text[TOLD_TEXT - 1] = '\0';
	T_EQ(told_add(j, TOLD_CLAIM, text, 0), 0);
	T_EQ(told_add(j, TOLD_CLAIM, text, 0), 0);
	for (unsigned i = 1; i < TOLD_MAX; i++) {
		snprintf(text, sizeof(text), "%u", i);
		T_EQ(told_add(j, TOLD_CLAIM, text, 0), 0);
	}
	T_EQ(told_add(j, TOLD_CLAIM, "256", 0), -ENOSPC);
	/* One that was told before, and one in the place of another. */
	T_EQ(told_add(j, TOLD_CLAIM, "7", 0), 0);
	told_drop(j, TOLD_CLAIM, "nobody's");
	told_drop(j, TOLD_CLAIM, "7");
	T_EQ(told_add(j, TOLD_CLAIM, "256", 0), 0);
	T_EQ(journal_open(&reader, fd), 0);
	while (told_next(reader, TOLD_CLAIM, told.t_order, &told)) {
		snprintf(text, sizeof(text), "%u", n < 7 ? n : n + 1);
		T_EQ(strlen(told.t_text), n == 0 ? TOLD_TEXT - 1 :
		    strlen(text));
		T_CHECK(n == 0 || strcmp(told.t_text, text) == 0);
		n++;
	}
	T_EQ(n, TOLD_MAX);
	journal_close(reader);
	close(fd);
	journal_close(j);
}

/* Of the path; -1: none was told. */
static int
deaths_of(const struct journal *j, const char *path)
{
	struct told told = { .t_order = 0 };

	while (told_next(j, TOLD_MODULE, told.t_order, &told)) {
		if (strcmp(told.t_text, path) == 0)
			return (int)told.t_deaths;
	}
	return -1;
}

static void
who_dies_of_what_was_told_is_counted(void)
{
	struct told told;
	struct journal *j;
	int fd;

	j = journal_of(&fd);
	T_EQ(told_add(j, TOLD_MODULE, "/a", 3), 0);
	T_EQ(told_add(j, TOLD_MODULE, "/b", 0), 0);
	T_EQ(told_add(j, TOLD_MODULE, "/b", 3), 0);
	T_CHECK(!told_next(j, TOLD_CLAIM, 0, &told));
	T_EQ(deaths_of(j, "/a"), 3);
	told_try(j, TOLD_MODULE, "/a", false);	/* it came back */
	T_EQ(deaths_of(j, "/a"), 0);
	for (int i = 1; i <= 300; i++) {
		told_try(j, TOLD_MODULE, "/b", true);
		T_EQ(deaths_of(j, "/b"), i <= 255 ? i - 1 : 255);
		told_died(j);
		told_died(j);
		T_EQ(deaths_of(j, "/b"), i <= 255 ? i : 255);
	}
	T_EQ(deaths_of(j, "/a"), 0);
	told_try(j, TOLD_MODULE, "/b", true);
	told_try(j, TOLD_MODULE, "/b", false);
	told_died(j);
	T_EQ(deaths_of(j, "/b"), 0);
	/* What nobody was told of. */
	told_try(j, TOLD_MODULE, "/c", true);
	told_try(j, TOLD_CLAIM, "/b", true);
	told_died(j);
	T_EQ(deaths_of(j, "/b"), 0);
	T_EQ(deaths_of(j, "/c"), -1);
	close(fd);
	journal_close(j);
}

/* ---- a kill at each instruction ------------------------------------- */

static _Noreturn void
writer(struct journal *j, _Atomic unsigned *at)
{

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	for (unsigned i = 0; i < STEPS; i++) {
		atomic_store(at, i);
		write_step(j, &script[i]);
	}
	_exit(0);
}

/* The writer is in step n, or about to begin it. */
static void
look(const struct journal *j, unsigned n, uint64_t *number)
{
	const struct step *const s = &script[n];
	struct journal_node jn;
	char now[DUMP];

	dump(j, now);
	/* An owner that changes is not given for a moment. */
	if (s->s_what != OWNER && strcmp(now, dumps[n]) != 0 &&
	    strcmp(now, dumps[n + 1]) != 0)
		t_fail(__FILE__, __LINE__, "in step %u a reader sees\n%s", n,
		    now);
	if (s->s_what == OWNER && journal_node(j, (unsigned)s->s_a, &jn) &&
	    jn.jn_given)
		T_CHECK(strcmp(now, dumps[n]) == 0 ||
		    strcmp(now, dumps[n + 1]) == 0);
	T_CHECK(journal_number(j) >= *number);
	*number = journal_number(j);
	/* A call that has been read is recorded, or the next to be seen. */
	if (s->s_what == BEGIN && !has_call(j, (unsigned)s->s_a, s->s_c)) {
		T_CHECK(journal_node(j, (unsigned)s->s_a, &jn));
		T_CHECK(jn.jn_seen < s->s_c);
	}
}

static void
a_kill_at_any_instruction_leaves_it_right(void)
{
	unsigned steps = 0, now, last = 0;
	_Atomic unsigned *at;
	uint64_t number = 0;
	struct journal *j;
	int fd, status;
	pid_t pid;

	j = journal_of(&fd);
	at = mmap(NULL, sizeof(*at), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(at != MAP_FAILED);
	fflush(stdout);
	pid = fork();
	assert(pid != -1);
	if (pid == 0)
		writer(j, at);
	T_EQ(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) {
		close(fd);
		t_skip("no ptrace here");
		return;
	}
	while (WIFSTOPPED(status)) {
		now = atomic_load(at);
		look(j, now, &number);
		last = now;
		steps++;
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) == -1)
			break;
		if (waitpid(pid, &status, 0) != pid)
			break;
	}
	T_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	T_EQ(last, STEPS - 1);
	T_CHECK(steps > 20 * STEPS);
	t_note("%u instructions of %u writes", steps, (unsigned)STEPS);
	close(fd);
	journal_close(j);
}

/* ---- a reader that believes nothing --------------------------------- */

/* Where things are in a record is known here, as it is the format. */
#define	LAST(i)		(64 + (i) * 8L)
#define	NODE(i)		(4096 + (i) * 128L)
#define	FILE_AT(i)	(NODE(JOURNAL_NODES) + (i) * 64L)
#define	CALL(i)		(FILE_AT(JOURNAL_FILES) + (i) * 64L)
#define	STATE_AT(i)	(CALL(JOURNAL_CALLS) + (i) * 512L)
#define	TOLD_AT(i)	(STATE_AT(512) + (i) * 512L)
#define	SIZE		(TOLD_AT(TOLD_MAX) + JOURNAL_NOTES * 64L)

static void
poke(int fd, off_t at, const void *bytes, size_t n)
{

	T_EQ(pwrite(fd, bytes, n, at), (ssize_t)n);
}

static void
poke32(int fd, off_t at, uint32_t value)
{

	poke(fd, at, &value, sizeof(value));
}

static void
another_file_is_none(void)
{
	struct journal *j, *other;
	int fd;

	fd = open("/dev/null", O_RDWR);
	T_EQ(journal_open(&other, fd), -EINVAL);
	close(fd);
	fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	T_EQ(ftruncate(fd, SIZE), 0);
	T_EQ(journal_open(&other, fd), -EINVAL);	/* not sealed */
	T_EQ(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	T_EQ(journal_open(&other, fd), -EINVAL);	/* empty */
	T_EQ(ftruncate(fd, SIZE + 1), 0);
	T_EQ(journal_open(&other, fd), -EINVAL);
	close(fd);
	j = journal_of(&fd);
	T_EQ(ftruncate(fd, 0), -1);
	poke32(fd, 8, 1);				/* another version */
	T_EQ(journal_open(&other, fd), -EINVAL);
	poke32(fd, 8, 4);
	T_EQ(journal_open(&other, fd), 0);
	journal_close(other);
	poke32(fd, 0, 0);				/* magic */
	T_EQ(journal_open(&other, fd), -EINVAL);
	close(fd);
	journal_close(j);
}

/* As many as there is room for, the last one first. */
static void
the_last_calls_are_kept(void)
{
	struct journal_last jl;
	struct journal *j;
	int fd;

	j = journal_of(&fd);
	T_EQ(journal_node_add(j, 1, 1, "ttyU0"), 0);
	T_CHECK(!journal_last(j, 0, &jl));
	journal_call_begin(j, 1, 0, 2, FUSE_POLL);
	for (unsigned i = 0; i < JOURNAL_LAST; i++) {
		journal_call_begin(j, 0, 0, 4 + 2 * i, i % 2 == 0 ?
		    FUSE_WRITE : FUSE_READ);
		journal_call_end(j, 0);
	}
	/* Its place is another's by now. */
	journal_call_end(j, 1);
	for (unsigned i = 0; i < JOURNAL_LAST; i++)
		T_CHECK(journal_last(j, i, &jl) && jl.jl_node == 0 &&
		    jl.jl_took >= 0 && jl.jl_opcode == (i % 2 == 0 ?
		    FUSE_READ : FUSE_WRITE));
	journal_last_clear(j);
	T_CHECK(!journal_last(j, 0, &jl));
	close(fd);
	journal_close(j);
}

static void
what_makes_no_sense_is_not_there(void)
{
	static const char *const names[] = { "", "a/b", ".", "..", "tty U",
	    "tty\n", "a!b", "\xff" };
	struct journal_file jf = { .jf_number = 1 };
	struct journal_node jn;
	struct journal_call jc;
	struct journal_last jl;
	char long_name[JOURNAL_NAME], endless[TOLD_TEXT];
	struct told told;
	struct journal *j;
	int fd;

	memset(endless, 'x', sizeof(endless));
	j = journal_of(&fd);
	T_EQ(journal_node_add(j, 1, 1, ""), -1);
	memset(long_name, 'x', sizeof(long_name));
	T_EQ(journal_node_add(j, 1, 1, "0123456789012345678901234567890123456"
	    "7890123456789012345678901234"), -1);
	T_EQ(journal_node_add(j, 1, 1, "ttyU0"), 0);
	T_EQ(journal_node_add(j, 2, 1, "ttyU1"), 1);
	journal_file_open(j, 0, &jf);
	journal_call_begin(j, 0, 0, 2, FUSE_READ);
	T_CHECK(journal_node(j, 1, &jn) && journal_file(j, 0, &jf) &&
	    journal_call(j, 0, &jc));

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		poke(fd, NODE(1) + 32, names[i], strlen(names[i]) + 1);
		T_CHECK(!journal_node(j, 1, &jn));
	}
	poke(fd, NODE(1) + 32, long_name, sizeof(long_name));
	T_CHECK(!journal_node(j, 1, &jn));
	poke(fd, NODE(1) + 32, "ttyU0", 6);
	T_CHECK(!journal_node(j, 1, &jn));	/* there is one */
	poke(fd, NODE(1) + 32, "ttyU1", 6);
	T_CHECK(journal_node(j, 1, &jn));
	poke32(fd, NODE(1) + 24, 1);		/* its minor number */
	T_CHECK(!journal_node(j, 1, &jn));
	poke32(fd, NODE(1) + 24, 1U << 20);
	T_CHECK(!journal_node(j, 1, &jn));
	poke32(fd, NODE(1) + 24, 2);
	poke32(fd, NODE(1) + 28, ~0U);		/* class */
	T_CHECK(!journal_node(j, 1, &jn));
	poke32(fd, NODE(1), 3);			/* state */
	T_CHECK(!journal_node(j, 1, &jn));

	poke32(fd, FILE_AT(0) + 16, 2);		/* the node */
	T_CHECK(!journal_file(j, 0, &jf));
	poke32(fd, FILE_AT(0) + 16, ~0U);
	T_CHECK(!journal_file(j, 0, &jf));
	poke32(fd, FILE_AT(0) + 16, 0);
	T_CHECK(journal_file(j, 0, &jf));
	poke32(fd, FILE_AT(0), 2);		/* a number of the future */
	T_CHECK(!journal_file(j, 0, &jf));
	poke32(fd, CALL(0) + 8, ~0U);
	T_CHECK(!journal_call(j, 0, &jc));
	/* Of the last calls: the node, and the place that its end is told. */
	T_CHECK(journal_last(j, 0, &jl) && jl.jl_node == 0 &&
	    jl.jl_opcode == FUSE_READ && jl.jl_took == -1);
	T_CHECK(!journal_last(j, 1, &jl));
	poke32(fd, LAST(0), ~0U);
	T_CHECK(!journal_last(j, 0, &jl));
	T_CHECK(!journal_last(j, JOURNAL_LAST, &jl));
	poke32(fd, CALL(0) + 16, ~0U);
	journal_call_end(j, 0);
	/* More than there is room for. */
	for (off_t at = 24; at <= 32; at += 4)
		poke32(fd, at, ~0U);
	T_EQ(journal_nodes(j), JOURNAL_NODES);
	T_EQ(journal_files(j), JOURNAL_FILES);
	T_EQ(journal_calls(j), JOURNAL_CALLS);
	/* A length over all bounds, and over what is asked for. */
	state_put(j, "ucom0", "4800", 4);
	T_EQ(state_get(j, "ucom0", long_name, 4), 4);
	T_EQ(state_get(j, "ucom0", long_name, 3), 0);
	poke32(fd, STATE_AT(0), ~0U);
	T_EQ(state_get(j, "ucom0", long_name, SIZE_MAX), 0);
	state_put(j, "ucom0", "9600", 4);
	T_EQ(state_get(j, "ucom0", long_name, sizeof(long_name)), 4);
	/* What was told: a text without its end, none, of no kind, before all
	   others, and after all others. */
	T_EQ(told_add(j, TOLD_CLAIM, "1:2", 0), 0);
	poke(fd, TOLD_AT(0) + 8, endless, TOLD_TEXT);
	T_CHECK(!told_next(j, TOLD_CLAIM, 0, &told));
	poke(fd, TOLD_AT(0) + 8, "", 1);
	T_CHECK(!told_next(j, TOLD_CLAIM, 0, &told));
	poke(fd, TOLD_AT(0) + 8, "1:2", 4);
	T_CHECK(told_next(j, TOLD_CLAIM, 0, &told));
	poke32(fd, TOLD_AT(0), 0x7f);
	T_CHECK(!told_next(j, TOLD_CLAIM, 0, &told));
	poke32(fd, TOLD_AT(0), TOLD_CLAIM);
	poke32(fd, TOLD_AT(0) + 4, 0);
	T_CHECK(!told_next(j, TOLD_CLAIM, 0, &told));
	poke32(fd, TOLD_AT(0) + 4, ~0U);
	T_CHECK(told_next(j, TOLD_CLAIM, 0, &told));
	T_CHECK(!told_next(j, TOLD_CLAIM, told.t_order, &told));
	T_EQ(told_add(j, TOLD_CLAIM, "1:3", 0), -ENOSPC);
	T_CHECK(!journal_node(j, JOURNAL_NODES, &jn));
	T_CHECK(!journal_file(j, JOURNAL_FILES, &jf));
	T_CHECK(!journal_call(j, JOURNAL_CALLS, &jc));
	close(fd);
	journal_close(j);
}

const struct t_case t_cases[] = {
	{ "what is written is read", what_is_written_is_read },
	{ "who was at work when it crashed is a suspect",
	    who_was_at_work_is_a_suspect },
	{ "what was told counts until it is taken back",
	    what_was_told_counts_until_it_is_taken_back },
	{ "who dies of what was told is counted",
	    who_dies_of_what_was_told_is_counted },
	{ "a kill at any instruction leaves it right",
	    a_kill_at_any_instruction_leaves_it_right },
	{ "another file is none", another_file_is_none },
	{ "the last calls are kept", the_last_calls_are_kept },
	{ "what makes no sense is not there",
	    what_makes_no_sense_is_not_there },
	{ NULL, NULL },
};
