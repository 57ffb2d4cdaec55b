/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_handed.c - a front end that ends for the next one hands over what is open
 * (front_hand.c), and what has to be in its order for that; h_keep.h.
 *
 * Where it takes one thread at one line, the linker puts a function of this
 * file in its way (--wrap).
 */
#undef NDEBUG
#include <sys/epoll.h>
#include <sys/mman.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "front/handvar.h"
#include "front/journal.h"
#include "h_keep.h"
#include "hyp/hyp_state.h"

#define	FEW	2		/* threads */

void	__real_front_file_polled(struct front_file *, uint64_t);
void	__wrap_front_file_polled(struct front_file *, uint64_t);
bool	__real_front_hand_call(struct front_thread *, fuse_req_t,
	    const struct front_chan *, size_t);
bool	__wrap_front_hand_call(struct front_thread *, fuse_req_t,
	    const struct front_chan *, size_t);
int	__real_front_io_receive(struct front_chan *, struct fuse_buf *);
int	__wrap_front_io_receive(struct front_chan *, struct fuse_buf *);
void	__real_journal_call_end(struct journal *, uint32_t);
void	__wrap_journal_call_end(struct journal *, uint32_t);
int	__real_epoll_wait(int, struct epoll_event *, int, int);
int	__wrap_epoll_wait(int, struct epoll_event *, int, int);

/* The child's memory, and the test's. */
struct shared {
	atomic_bool	 s_polls;	/* the next one is held */
	atomic_bool	 s_interrupts;	/* same, when it has been read */
	atomic_bool	 s_held;	/* it is */
	atomic_bool	 s_handed;	/* a call has been handed over */
};
static struct shared *shared;

/* Who is at the helm does not wait yet; sees channels only, when it does. */
static atomic_bool holds_helm, skips_pings, helm_held;

/* Calls that were found in no place of the journal. */
static atomic_bool counts_lost, adopting;
static _Atomic unsigned lost;

static void
shared_up(void)
{

	if (shared == NULL)
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(shared != MAP_FAILED);
	memset(shared, 0, sizeof(*shared));
	child_write_mode = HK_SLEEP;
	counts_lost = adopting = false;
	holds_helm = skips_pings = helm_held = false;
	lost = 0;
}

static int
is_set(void *arg)
{

	return atomic_load((atomic_bool *)arg);
}

static int
kern_wants_again(void *arg)
{

	return kern_again(arg) > 0;
}

/* ---- in the way ----------------------------------------------------- */

/*
 * No thread of today's front end gives the helm away before front_req_enter, so
 * that this would not matter; who changes that is to see it here.
 */
void
__wrap_front_file_polled(struct front_file *ff, uint64_t handle)
{

	if (shared != NULL && atomic_exchange(&shared->s_polls, false)) {
		(void)front_run(front_self());
		atomic_store(&shared->s_held, true);
		for (;;)
			pause();	/* until it is killed */
	}
	__real_front_file_polled(ff, handle);
}

/* It cannot be missed: without a call that is handed over the child fails. */
int
__wrap_front_io_receive(struct front_chan *fc, struct fuse_buf *buf)
{
	const int n = __real_front_io_receive(fc, buf);
	const struct fuse_in_header *const in = buf->mem;

	if (n > 0 && in->opcode == FUSE_INTERRUPT && shared != NULL &&
	    atomic_exchange(&shared->s_interrupts, false)) {
		atomic_store(&shared->s_held, true);
		while (!atomic_load(&shared->s_handed))
			t_msleep(1);
	}
	return n;
}

bool
__wrap_front_hand_call(struct front_thread *ft, fuse_req_t req,
    const struct front_chan *fc, size_t done)
{
	const bool yes = __real_front_hand_call(ft, req, fc, done);

	if (yes && shared != NULL)
		atomic_store(&shared->s_handed, true);
	return yes;
}

/*
 * A place that no thread has is left when the call has another one; and so is
 * any while the calls are taken over.
 */
void
__wrap_journal_call_end(struct journal *j, uint32_t slot)
{
	struct journal_call jc;
	const bool was = journal_call(j, slot, &jc);

	__real_journal_call_end(j, slot);
	if (was && counts_lost && (adopting || slot >= FEW) &&
	    !is_in_hand(&jc.jc_unique))
		lost++;
}

int
__wrap_epoll_wait(int fd, struct epoll_event *ev, int max, int timeout)
{
	int n;

	while (atomic_load(&holds_helm)) {
		atomic_store(&helm_held, true);
		t_msleep(1);
	}
	do {
		n = __real_epoll_wait(fd, ev, max, timeout);
	} while (n == 1 && ev->data.ptr == &front.fl_pingfd &&
	    atomic_load(&skips_pings));
	atomic_store(&skips_pings, false);
	return n;
}

/* ---- cases ---------------------------------------------------------- */

/* The next one, with what the child has left. */
static void
handed_up(struct front_config *fc)
{
	const int fd = child_hands_over();

	T_CHECK(front_hand_open(fd));
	close(fd);
	successor_begin(fc);
}

static void
handed_over_it_goes_on(void)
{
	uint64_t fh[NODES], r, w, o;
	struct hyp_node *hn[NODES];
	struct kern_reply reply;
	struct front_config fc;
	char text[8];

	shared_up();
	child_up();
	for (int i = 0; i < NODES; i++)
		fh[i] = kern_opened(kerns[i], O_RDWR);
	r = kern_read(kerns[0], fh[0], 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	w = kern_write(kerns[0], fh[0], "once", 4, 0, 0);
	T_UNTIL(is_in_hand, &w);
	o = kern_read(kerns[1], fh[1], 10, 0, 0);
	wait_in_hand(1, o);
	config(&fc);
	handed_up(&fc);
	T_EQ(hyp_hand_get("k", text, sizeof(text)), 0);
	successor_adopts();
	T_CHECK(is_in_hand(&r));
	for (int i = 0; i < NODES; i++) {
		node_comes(i, &hn[i]);
		front_node_serve(minors[i]);
	}
	T_EQ(hk.opens, 1);
	/* A file of a device that has said nothing is dead. */
	T_EQ(kern_wait(kerns[1], o, &reply), 0);
	T_EQ(reply.kr_len, 0);
	T_EQ(kern_wait(kerns[1], kern_write(kerns[1], fh[1], "x", 1, 0, 0),
	    NULL), EIO);
	/* The other one's reader still waits. */
	T_EQ(kern_done(kerns[0], r), 0);
	hk_feed(hn[0], 3);
	T_EQ(kern_wait(kerns[0], r, &reply), 0);
	T_EQ(reply.kr_len, 3);
	T_EQ(kern_wait(kerns[0], w, NULL), 0);
	T_EQ(kern_wait(kerns[0], kern_write(kerns[0], fh[0], "x", 1, 0, 0),
	    NULL), 0);
	/* Which its thread writes down when the answer has gone. */
	T_UNTIL(is_not_in_hand, &r);
	for (int i = 0; i < NODES; i++)
		kern_released(kerns[i], fh[i]);
	T_EQ(hk.closes, 1);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

/* The second's client sleeps by then, and must be woken. */
static void
the_first_of_two_polls_is_killed(void)
{
	struct fuse_poll_out out;
	struct kern_reply reply;
	uint64_t fh, first;
	struct hyp_node *hn;
	unsigned n;

	shared_up();
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	atomic_store(&shared->s_polls, true);
	first = kern_poll(kerns[0], fh, POLLIN, 1);
	T_UNTIL(is_set, &shared->s_held);
	T_EQ(kern_wait(kerns[0], kern_poll(kerns[0], fh, POLLIN, 1), &reply),
	    0);
	memcpy(&out, reply.kr_data, sizeof(out));
	T_EQ(out.revents, 0);
	n = kern_notified(kerns[0]);
	child_kill();
	T_EQ(kern_done(kerns[0], first), 0);
	successor_up();
	kern_wait_notified(kerns[0], n + 1);
	T_EQ(kern_wait(kerns[0], first, NULL), 0);
	node_comes(0, &hn);
	front_node_serve(minors[0]);
	kern_released(kerns[0], fh);
	all_down();
}

/* The client is killed while its call is handed over. */
static void
an_interrupt_in_between_comes_again(void)
{
	struct front_config fc;
	struct hyp_node *hn;
	uint64_t fh, r;

	shared_up();
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	r = kern_read(kerns[0], fh, 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	atomic_store(&shared->s_interrupts, true);
	kern_interrupt(kerns[0], r);
	T_UNTIL(is_set, &shared->s_held);
	config(&fc);
	handed_up(&fc);
	T_CHECK(shared->s_handed);
	T_UNTIL(kern_wants_again, kerns[0]);
	/* As the kernel does, for the next one to read. */
	kern_interrupt(kerns[0], r);
	successor_adopts();
	node_comes(0, &hn);
	front_node_serve(minors[0]);
	T_EQ(kern_wait(kerns[0], r, NULL), EINTR);
	kern_released(kerns[0], fh);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

/* More calls than the next one has threads: each always has its place. */
static void
calls_of_more_threads_stay_in_the_journal(void)
{
	uint64_t fh, r[FEW + 2];
	struct front_config fc;
	struct kern_reply reply;
	struct hyp_node *hn;

	shared_up();
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	for (unsigned i = 0; i < FEW + 2; i++) {
		r[i] = kern_read(kerns[0], fh, 10, 0, 0);
		T_UNTIL(is_in_hand, &r[i]);
	}
	config(&fc);
	fc.max_threads = FEW;
	handed_up(&fc);
	counts_lost = adopting = true;
	successor_adopts();
	adopting = false;
	T_EQ(lost, 0);
	for (unsigned i = 0; i < FEW + 2; i++)
		T_CHECK(is_in_hand(&r[i]));
	node_comes(0, &hn);
	hk_feed(hn, sizeof(r) / sizeof(r[0]) * 10);
	front_node_serve(minors[0]);
	for (unsigned i = 0; i < FEW + 2; i++) {
		T_EQ(kern_wait(kerns[0], r[i], &reply), 0);
		T_EQ(reply.kr_len, 10);
	}
	T_EQ(lost, 0);
	kern_released(kerns[0], fh);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

/* Serve the node while the thread at the helm is about to wait; it finds that
   the node is to be served, or what has come by its channel. */
static void
serve_held(int i, bool channels)
{

	atomic_store(&holds_helm, true);
	front_ping();
	T_UNTIL(is_set, &helm_held);
	front_node_serve(minors[i]);
	atomic_store(&skips_pings, channels);
	atomic_store(&holds_helm, false);
}

static int
both_read(void *arg)
{

	(void)arg;
	return hk.reads == 2;
}

/* The first one would sleep where calls are taken. */
static void
all_calls_of_a_node_go_on(void)
{
	struct front_config fc;
	struct kern_reply reply;
	struct hyp_node *hn;
	uint64_t fh, r[2];

	shared_up();
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	for (int i = 0; i < 2; i++) {
		r[i] = kern_read(kerns[0], fh, 10, 0, 0);
		T_UNTIL(is_in_hand, &r[i]);
	}
	config(&fc);
	handed_up(&fc);
	successor_adopts();
	node_comes(0, &hn);
	serve_held(0, false);
	T_UNTIL(both_read, NULL);
	hk_feed(hn, 20);
	for (int i = 0; i < 2; i++)
		T_EQ(kern_wait(kerns[0], r[i], &reply), 0);
	kern_released(kerns[0], fh);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

/* What has come for the node goes to who has waited for it. */
static void
calls_that_go_on_come_first(void)
{
	struct front_config fc;
	struct kern_reply reply;
	struct hyp_node *hn;
	uint64_t fh, r, new;

	shared_up();
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	r = kern_read(kerns[0], fh, 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	config(&fc);
	/* Or the second may be first when the machine is busy. */
	fc.guard_ms = 20000;
	handed_up(&fc);
	successor_adopts();
	node_comes(0, &hn);
	hk_feed(hn, 3);
	new = kern_read(kerns[0], fh, 10, 0, O_NONBLOCK);
	serve_held(0, true);
	T_EQ(kern_wait(kerns[0], new, NULL), EAGAIN);
	T_EQ(kern_wait(kerns[0], r, &reply), 0);
	T_EQ(reply.kr_len, 3);
	kern_released(kerns[0], fh);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

/* One file goes on, the other one's device has said nothing. */
static void
a_write_says_what_it_has_written(void)
{
	struct fuse_write_out out;
	struct front_config fc;
	struct kern_reply reply;
	struct hyp_node *hn;
	uint64_t fh[NODES], w[NODES];

	shared_up();
	child_write_mode = HK_HALF;
	child_up();
	for (int i = 0; i < NODES; i++) {
		fh[i] = kern_opened(kerns[i], O_RDWR);
		w[i] = kern_write(kerns[i], fh[i], "twelve bytes", 12, 0, 0);
		wait_in_hand(i, w[i]);
	}
	config(&fc);
	handed_up(&fc);
	successor_adopts();
	for (int i = 0; i < NODES; i++) {
		node_comes(i, &hn);
		front_node_serve(minors[i]);
		T_EQ(kern_wait(kerns[i], w[i], &reply), 0);
		memcpy(&out, reply.kr_data, sizeof(out));
		T_EQ(out.size, i == 0 ? 12 : 6);
	}
	T_EQ(hk.writes, 1);
	T_EQ(hk.len, 6);
	for (int i = 0; i < NODES; i++)
		kern_released(kerns[i], fh[i]);
	T_CHECK(!front_hand_open(-1));
	all_down();
}

/* So what was left counts for nothing: as after a crash. */
static void
more_than_a_part_is_not_believed(void)
{
	off_t at = sizeof(struct hand_head);
	struct hand_entry he;
	uint64_t fh, w;
	int fd;

	shared_up();
	child_write_mode = HK_HALF;
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	w = kern_write(kerns[0], fh, "twelve bytes", 12, 0, 0);
	T_UNTIL(is_in_hand, &w);
	fd = child_hands_over();
	for (;;) {
		T_EQ(pread(fd, &he, sizeof(he), at), sizeof(he));
		if (he.he_type == HAND_CALL)
			break;
		at += (off_t)(sizeof(he) + HAND_ALIGN(he.he_len));
	}
	T_EQ(he.he_done, 6);
	he.he_done = 12;
	T_EQ(pwrite(fd, &he, sizeof(he), at), sizeof(he));
	T_CHECK(!front_hand_open(fd));
	close(fd);
	for (int i = 0; i < NODES; i++)
		kern_allow_unasked(kerns[i]);
	successor_up();
	T_EQ(kern_wait(kerns[0], w, NULL), EIO);
	front_nodes_serve();
	kern_released(kerns[0], fh);
	all_down();
}

/* Two files at a time can be open: is there room for them? */
static void
there_is_room(struct kern *k)
{
	uint64_t fh[2];

	for (int i = 0; i < 2; i++)
		fh[i] = kern_opened(k, O_RDWR);
	for (int i = 0; i < 2; i++)
		kern_released(k, fh[i]);
}

/* Not all_down: who has the nodes is not who had them. */
static void
some_down(unsigned gone)
{

	second_down();
	T_CHECK(!front_hand_open(-1));
	T_EQ(front_end(), 0);
	T_EQ(unkept, gone);
	T_EQ(hk.opens, hk.closes);
	journal_close(journal);
	close(journal_fd);
}

static void
a_node_that_is_lost_takes_no_slot(void)
{
	struct front_config fc;
	struct front_kept fk;
	struct hyp_node *hn;

	shared_up();
	child_up();
	(void)kern_opened(kerns[0], O_RDWR);
	config(&fc);
	fc.max_files = 2;
	handed_up(&fc);
	fk = (struct front_kept){ minors[1], fds[1] };
	T_EQ(front_adopt(&fk, 1), 1);
	close(fds[0]);
	node_comes(1, &hn);
	front_node_serve(minors[1]);
	there_is_room(kerns[1]);
	some_down(1);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
}

static void
a_node_that_is_another_now_takes_nothing(void)
{
	struct front_config fc;
	struct kern_reply reply;
	struct kern *another;
	uint64_t r;
	void *host;

	shared_up();
	child_up();
	r = kern_read(kerns[0], kern_opened(kerns[0], O_RDWR), 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	config(&fc);
	fc.max_files = 2;
	handed_up(&fc);
	successor_adopts();
	T_CHECK(front_hand_waits());
	T_EQ(hyp_node_create(hk_node(), "another", classes[0], minors[0],
	    &host), 0);
	another = kern_last();
	T_EQ(kern_wait(kerns[0], r, &reply), 0);
	T_EQ(reply.kr_len, 0);
	T_CHECK(is_not_in_hand(&r));
	front_nodes_serve();
	T_CHECK(!front_hand_waits());
	there_is_room(another);
	some_down(NODES + 1);
	kern_free(another);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
}

/* Where the test is told that a channel is lost. */
static atomic_bool chan_lost;

static void
told(enum front_event ev, const struct front_nodeinfo *fi,
    const struct front_fileinfo *fo)
{

	(void)fi;
	(void)fo;
	if (ev == FRONT_EV_LOST)
		atomic_store(&chan_lost, true);
}

static void
serve_first(void *arg)
{

	(void)arg;
	front_node_serve(minors[0]);
}

static int
has_ponged(void *arg)
{

	(void)arg;
	return front_pong();
}

static int
has_another(void *arg)
{

	return kern_count() > *(unsigned *)arg;
}

/* The hardware has come as the time for it ends. */
static void
a_channel_is_lost_while_a_file_is_opened_again(void)
{
	unsigned count;
	struct front_config fc;
	struct kern_reply reply;
	struct hyp_node *hn;
	struct t_thread *t;
	uint64_t r;

	shared_up();
	chan_lost = false;
	child_up();
	r = kern_read(kerns[0], kern_opened(kerns[0], O_RDWR), 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	config(&fc);
	fc.event = told;
	handed_up(&fc);
	successor_adopts();
	node_comes(0, &hn);
	hk.open_mode = HK_DEAF;
	t = t_spawn(serve_first, NULL);
	wait_asleep(1);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], r, &reply), 0);
	T_EQ(reply.kr_len, 0);
	count = kern_count();
	kern_abort(kerns[0]);
	T_UNTIL(is_set, &chan_lost);
	front_ping();
	T_UNTIL(has_ponged, NULL);
	hk_release();
	t_join(t);
	T_UNTIL(has_another, &count);
	kerns[0] = kern_last();
	there_is_room(kerns[0]);
	some_down(NODES + 1);
	for (int i = 0; i < NODES; i++)
		kern_free(kerns[i]);
}

static int
has_closed(void *arg)
{

	(void)arg;
	return hk.closes == 1;
}

/*
 * The same, and the client closes its file, which it has found dead.  The last
 * close has output that does not go out, and the thread has a detach to do.
 */
static void
a_file_that_is_late_is_closed(void)
{
	struct front_config fc;
	struct kern_reply reply;
	struct hyp_node *hn;
	struct t_thread *t;
	uint64_t fh, r;

	shared_up();
	child_up();
	fh = kern_opened(kerns[0], O_RDWR);
	r = kern_read(kerns[0], fh, 10, 0, 0);
	T_UNTIL(is_in_hand, &r);
	config(&fc);
	handed_up(&fc);
	successor_adopts();
	node_comes(0, &hn);
	hk.open_mode = HK_DEAF;
	t = t_spawn(serve_first, NULL);
	wait_asleep(1);
	front_nodes_serve();
	T_EQ(kern_wait(kerns[0], r, &reply), 0);
	T_EQ(reply.kr_len, 0);
	kern_released(kerns[0], fh);
	hk.close_mode = HK_SLEEP;
	hk_release();
	T_UNTIL(has_closed, NULL);
	hk.close_mode = HK_NORMAL;
	t_join(t);
	T_EQ(hk.opens, 1);
	there_is_room(kerns[0]);
	all_down();
}

const struct t_case t_cases[] = {
	{ "handed over, calls and files go on, where their device can",
	    handed_over_it_goes_on },
	{ "a client that has been told to sleep in poll is in the journal",
	    the_first_of_two_polls_is_killed },
	{ "an interrupt that a call is handed over before comes again",
	    an_interrupt_in_between_comes_again },
	{ "calls that go on are in the journal all the time, with fewer threads",
	    calls_of_more_threads_stay_in_the_journal },
	{ "all calls of a node go on, though the first one sleeps",
	    all_calls_of_a_node_go_on },
	{ "calls that go on come before new ones",
	    calls_that_go_on_come_first },
	{ "a write says what it has written, by whomever",
	    a_write_says_what_it_has_written },
	{ "more than a part of a write is not believed",
	    more_than_a_part_is_not_believed },
	{ "a node that is lost takes no slot of files",
	    a_node_that_is_lost_takes_no_slot },
	{ "a node that is another now takes no slot, and its calls end",
	    a_node_that_is_another_now_takes_nothing },
	{ "a channel may be lost while a file of it is opened again",
	    a_channel_is_lost_while_a_file_is_opened_again },
	{ "a file that is opened again too late is closed, without a wait",
	    a_file_that_is_late_is_closed },
	{ NULL, NULL },
};
