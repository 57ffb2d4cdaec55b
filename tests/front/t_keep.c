/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_keep.c - a front end that is killed is followed by another one, on the
 * same channels (docs/contract.md, "When devswd dies"); h_keep.h.
 */
#undef NDEBUG
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "front/frontvar.h"
#include "front/journal.h"
#include "h_keep.h"
#include "host/host.h"
#include "hyp/hyp.h"

/* ---- cases ---------------------------------------------------------- */

/* Reads of a terminal end, all others fail; a write is not run again. */
static void
calls_in_hand_end_as_of_a_revoked_file(void)
{
	uint64_t fh[NODES], r[NODES], w;
	struct hyp_node *hn;
	struct kern_reply reply;

	child_up();
	for (int i = 0; i < NODES; i++)
		fh[i] = kern_opened(kerns[i], O_RDWR);
	r[0] = kern_read(kerns[0], fh[0], 10, 0, 0);
	T_UNTIL(is_in_hand, &r[0]);
	w = kern_write(kerns[0], fh[0], "once", 4, 0, 0);
	T_UNTIL(is_in_hand, &w);
	r[1] = kern_ioctl(kerns[1], fh[1], HK_SET, 4096, 0, NULL, 0, 0);
	T_EQ(kern_wait(kerns[1], r[1], NULL), 0);	/* asks again */
	child_kill();
	T_EQ(kern_done(kerns[0], r[0]), 0);
	successor_up();
	/* Nobody has made a node or begun to serve. */
	T_EQ(kern_wait(kerns[0], r[0], &reply), 0);
	T_EQ(reply.kr_len, 0);
	T_EQ(kern_wait(kerns[0], w, NULL), EIO);
	node_comes(0, &hn);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], kern_write(kerns[0], fh[0], "x", 1, 0, 0),
	    NULL), EIO);
	kern_released(kerns[0], fh[0]);
	kern_released(kerns[1], fh[1]);
	T_EQ(hk.writes + hk.reads + hk.opens + hk.closes, 0);
	T_EQ(kern_resends(kerns[0]), 1);
	all_down();
}

static const struct front_died *
next_is_told(void)
{

	journal_close(journal);
	T_EQ(journal_open(&journal, journal_fd), 0);
	front_died_open(journal, true);
	T_CHECK(front_died() != NULL);
	return front_died();
}

/* Among its last calls is one of that node's, which had an answer or not. */
static void
has_last(const struct front_died *fd, unsigned call, unsigned which,
    bool answered)
{
	const struct front_died_last *dl = fd->fd_last;

	for (unsigned i = 0; i < fd->fd_nlast; i++, dl++) {
		if (dl->dl_call == call && dl->dl_minor == minors[which] &&
		    (dl->dl_took >= 0) == answered &&
		    strcmp(dl->dl_name, names[which]) == 0)
			return;
	}
	t_fail(__FILE__, __LINE__, "no call %u of %s among %u", call,
	    names[which], fd->fd_nlast);
}

static void
has_died_of(const struct front_died *fd, const char *words, unsigned call)
{

	if (strcmp(fd->fd_words, words) != 0)
		t_fail(__FILE__, __LINE__, "it died of: %s", fd->fd_words);
	T_EQ(fd->fd_ncalls, 2);
	T_EQ(fd->fd_nfiles, NODES);
	for (unsigned i = 0; i < 2; i++) {
		T_EQ(fd->fd_calls[i].dc_minor, fd->fd_calls[i].dc_call ==
		    FRONT_READ ? minors[0] : minors[1]);
		T_CHECK(fd->fd_calls[i].dc_call == FRONT_READ ||
		    fd->fd_calls[i].dc_call == call);
	}
	for (unsigned i = 0; i < NODES; i++) {
		T_EQ(fd->fd_files[i].df_minor, minors[i]);
		T_EQ(fd->fd_files[i].df_uid, 1000 + i);
		T_EQ(fd->fd_files[i].df_pid, getpid());
		T_CHECK(strcmp(fd->fd_files[i].df_name, names[i]) == 0);
	}
	has_last(fd, FRONT_OPEN, 0, true);
	has_last(fd, FRONT_OPEN, 1, true);
	has_last(fd, FRONT_READ, 0, false);
	T_EQ(fd->fd_last[0].dl_before, 0);
}

/* By itself, by a signal, and by one that nobody hears of. */
static void
the_next_is_told_why(void)
{
	static const struct {
		int		 sig;
		const char	*words;
	} ways[] = {
		{ 0, "the double of K cannot go on; in thread front, ioctl "
		    "of uhid5" },
		{ SIGSEGV, "fatal: SIGSEGV; in thread t_keep" },
		{ SIGKILL, "" },
	};
	uint64_t fh[NODES], r;
	int status;

	for (unsigned w = 0; w < 3; w++) {
		child_up();
		for (unsigned i = 0; i < NODES; i++) {
			kern_as(kerns[i], 1000 + i, 20, (unsigned)getpid());
			fh[i] = kern_opened(kerns[i], O_RDWR);
		}
		r = kern_read(kerns[0], fh[0], 10, 0, 0);
		T_UNTIL(is_in_hand, &r);
		if (ways[w].sig == 0)
			(void)kern_ioctl(kerns[1], fh[1], HK_FLUSH, 0, 0, NULL,
			    0, 0);
		else {
			r = kern_read(kerns[0], fh[0], 10, 0, 0);
			T_UNTIL(is_in_hand, &r);
			/* By the main thread: another could take it, too. */
			(void)syscall(SYS_tgkill, child, child, ways[w].sig);
		}
		T_EQ(waitpid(child, &status, 0), child);
		T_CHECK(WIFSIGNALED(status));
		close(child_end);
		close(second_end);
		second_down();
		has_died_of(next_is_told(), ways[w].words, FRONT_IOCTL);
		if (ways[w].sig == 0)
			has_last(front_died(), FRONT_IOCTL, 1, false);
		/* Once, and not again. */
		T_CHECK(next_is_told()->fd_words[0] == '\0');
		T_EQ(front_died()->fd_nlast, 0);
		host_crash_words(NULL, 0);
		for (int i = 0; i < NODES; i++) {
			close(fds[i]);
			kern_free(kerns[i]);
		}
		journal_close(journal);
		close(journal_fd);
	}
}

/*
 * One that the dead daemon had read and not recorded is answered too; one
 * that it had not read is not.
 */
static void
a_call_that_was_not_recorded_is_answered(void)
{
	uint64_t fh, lost, unread;
	struct hyp_node *hn;
	char buf[4096];
	int status;

	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	kill(child, SIGSTOP);
	T_EQ(waitpid(child, &status, WUNTRACED), child);
	lost = kern_read(kerns[0], fh, 10, 0, O_NONBLOCK);
	/* The child's read(2), its last. */
	T_CHECK(read(fds[0], buf, sizeof(buf)) > 0);
	child_kill();
	unread = kern_open(kerns[0], O_RDWR);
	/* The double does not know who has read what: the kernel does. */
	successor_up();
	T_EQ(kern_wait(kerns[0], lost, NULL), EIO);
	T_CHECK(kern_unasked(kerns[0]) > 0);
	(void)unread;
	node_comes(0, &hn);
	front_nodes_serve();
	wait_quiet();
	T_EQ(kern_wait(kerns[0], kern_read(kerns[0], fh, 1, 0, 0), NULL), 0);
	kern_released(kerns[0], fh);
	all_down();
}

static void
sleepers_in_poll_are_woken(void)
{
	struct fuse_poll_out out;
	struct kern_reply r;
	struct hyp_node *hn;
	uint64_t fh;
	unsigned n;

	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	T_EQ(kern_wait(kerns[0], kern_poll(kerns[0], fh, POLLIN, 1), NULL), 0);
	n = kern_notified(kerns[0]);
	child_kill();
	successor_up();
	kern_wait_notified(kerns[0], n + 1);
	node_comes(0, &hn);
	front_node_serve(minors[0]);
	T_EQ(kern_wait(kerns[0], kern_poll(kerns[0], fh, POLLIN, 1), &r), 0);
	memcpy(&out, r.kr_data, sizeof(out));
	T_CHECK((out.revents & POLLERR) != 0);
	kern_released(kerns[0], fh);
	all_down();
}

/* An open waits for the node's hardware, and is a file like any other. */
static void
new_opens_wait_and_succeed(void)
{
	uint64_t old, fh, unique, number;
	struct fuse_open_out out;
	struct kern_reply r;
	struct hyp_node *hn;

	child_up();
	old = kern_opened(kerns[0], O_RDWR);
	number = old >> 16;
	child_kill();
	successor_up();
	node_comes(0, &hn);
	unique = kern_open(kerns[0], O_RDWR);
	t_msleep(20);
	T_EQ(kern_done(kerns[0], unique), 0);
	front_node_serve(minors[1]);		/* another */
	t_msleep(20);
	T_EQ(kern_done(kerns[0], unique), 0);
	front_node_serve(minors[0]);
	T_EQ(kern_wait(kerns[0], unique, &r), 0);
	memcpy(&out, r.kr_data, sizeof(out));
	fh = out.fh;
	T_CHECK(fh >> 16 > number);
	hk_feed(hn, 3);
	T_EQ(kern_wait(kerns[0], kern_read(kerns[0], fh, 10, 0, 0), &r), 0);
	T_EQ(r.kr_len, 3);
	kern_released(kerns[0], fh);
	kern_released(kerns[0], old);
	all_down();
}

/* It is there, and ENXIO; and K's when K makes it. */
static void
a_node_that_nobody_makes_stays(void)
{
	struct hyp_node *hn;
	uint64_t fh;

	child_up();
	child_kill();
	successor_up();
	front_nodes_serve();
	T_EQ(kern_wait(kerns[1], kern_open(kerns[1], O_RDWR), NULL), ENXIO);
	node_comes(1, &hn);
	fh = kern_opened(kerns[1], O_RDWR);
	kern_released(kerns[1], fh);
	T_EQ(hk.opens, 1);
	T_EQ(kern_count() % NODES, 0);		/* no new channel */
	all_down();
}

/* Sent again by a kernel from 6.9 on. */
static void
what_is_sent_again_is_not_run_again(void)
{
	const struct fuse_open_in in = { .flags = O_RDWR };
	struct hyp_node *hn;

	child_up();
	child_kill();
	successor_up();
	node_comes(0, &hn);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], kern_send_again(kerns[0], FUSE_OPEN, &in,
	    sizeof(in)), NULL), EINTR);
	T_EQ(hk.opens, 0);
	all_down();
}

static void
two_deaths_one_after_the_other(void)
{
	struct hyp_node *hn;
	uint64_t fh, r;
	int status, end;

	child_up();
	end = dup(second_end);
	fh = kern_opened(kerns[0], O_RDWR);
	r = kern_read(kerns[0], fh, 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	child_kill();
	put_fds(end);
	close(end);
	T_EQ(waitpid(second, &status, 0), second);
	T_CHECK(WIFSIGNALED(status));
	T_EQ(kern_wait(kerns[0], r, NULL), 0);
	successor_up();
	node_comes(0, &hn);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], kern_write(kerns[0], fh, "x", 1, 0, 0),
	    NULL), EIO);
	T_CHECK(kern_opened(kerns[0], O_RDWR) >> 16 > fh >> 16);
	all_down();
}

/* What the keeper has and the journal does not know goes. */
static void
a_stranger_is_given_back(void)
{
	struct front_kept fk[2];
	struct front_config fc;

	child_up();
	child_kill();
	config(&fc);
	fc.open_channel = kern_open_channel;
	kept = unkept = 0;
	front_begin(&fc);
	fk[0] = (struct front_kept){ minors[0], fds[0] };
	fk[1] = (struct front_kept){ 77, fds[1] };
	T_EQ(front_adopt(fk, 2), 1);
	second_down();
	T_EQ(unkept, 1);
	T_UNTIL(kern_closed, kerns[1]);
	T_EQ(front_end(), 0);
	T_EQ(unkept, 2);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
	journal_close(journal);
	close(journal_fd);
}

static void
one_that_is_another_now_goes(void)
{
	struct front_kept fk[NODES];
	struct front_config fc;
	struct front_node *fn;

	child_up();
	child_kill();
	config(&fc);
	fc.open_channel = kern_open_channel;
	unkept = 0;
	front_begin(&fc);
	for (int i = 0; i < NODES; i++)
		fk[i] = (struct front_kept){ minors[i], fds[i] };
	T_EQ(front_adopt(fk, NODES), NODES);
	T_EQ(front_kept_take(NULL, "another", HYP_NODE_TTY, minors[0], &fn),
	    0);
	T_CHECK(fn == NULL);
	T_EQ(unkept, 1);
	T_UNTIL(kern_closed, kerns[0]);
	T_EQ(front_end(), 0);
	T_EQ(unkept, NODES);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
	journal_close(journal);
	close(journal_fd);
}

const struct t_case t_cases[] = {
	{ "calls in hand end as of a revoked file",
	    calls_in_hand_end_as_of_a_revoked_file },
	{ "a call that was not recorded is answered",
	    a_call_that_was_not_recorded_is_answered },
	{ "the next one is told why, and who had what open",
	    the_next_is_told_why },
	{ "sleepers in poll are woken", sleepers_in_poll_are_woken },
	{ "new opens wait and succeed", new_opens_wait_and_succeed },
	{ "a node that nobody makes stays", a_node_that_nobody_makes_stays },
	{ "what is sent again is not run again",
	    what_is_sent_again_is_not_run_again },
	{ "two deaths, one after the other", two_deaths_one_after_the_other },
	{ "a stranger is given back", a_stranger_is_given_back },
	{ "one that is another node now goes, and nobody waits for the keeper",
	    one_that_is_another_now_goes },
	{ NULL, NULL },
};
