/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.c - nodes, open files and calls in hand, for who comes after a
 * SIGKILL; journal.h.
 *
 * Model
 *	A memfd of fixed size with a head and three tables of fixed records,
 *	mapped by the front end and kept by whoever keeps descriptors.  Nothing
 *	is ever written to it but by stores of at most 8 bytes, aligned, so
 *	what a process that is killed leaves are all stores of each of its
 *	threads up to some instruction: the kernel has no part in it, and no
 *	message can be lost.  Each record has one word that says whether there
 *	is something in it, and how it is written makes it right after each
 *	store:
 *
 *		it comes	the rest of the record, then the word
 *		it goes		the word becomes 0
 *		it changes	only words that are right alone
 *
 *	A thread's stores leave a CPU in the order of its instructions, as far
 *	as somebody is concerned who looks after its death; that leaves the
 *	compiler to be kept from reordering, which is what fence() is.
 *	Threads are kept apart by the callers.
 *
 *	Calls.  Between the read(2) that takes a call from the kernel and the
 *	store that records it there is a gap, in which a call would be lost,
 *	and its client asleep for ever.  The kernel numbers the calls of a
 *	channel in the order in which they are read; so the record of the node
 *	has the last number that was recorded, stored after the call itself,
 *	and what is lost is one with a higher number.  (One thread at a time
 *	reads a channel, so it is one.)  The successor answers the numbers
 *	that follow, too: what has not been read yet does not mind.
 *
 *		takes 12	recorded: 10		seen: 10
 *		records 12	recorded: 10, 12	seen: 10
 *				recorded: 10, 12	seen: 12
 *		killed after
 *		any of these	answered: those, and the next after seen
 *
 *	handover.pml shows what goes wrong in any other order.
 *
 *	The last calls.  A ring of words, one for each of the last calls that
 *	were taken: of which node and kind, when, and, when it has been
 *	answered, how long that took.  It is what a report about the death
 *	tells of the time before; nothing else depends on it, and a word that
 *	a kill has kept from being written is that of an older call.
 *
 *	What threads are in.  Notes that each thread writes of itself as it
 *	calls a driver and comes back (hyp_trace.h), which are right after each
 *	store, too.  Only the report tells of them.
 *
 *	Reading.  The content is somebody else's, even if that should be one
 *	of us: each value is copied once and then looked at, every index
 *	compared with its bounds, a name is one that a node can have, a minor
 *	number occurs once, no file has a number that was not given out, and
 *	the file's size cannot change (it is sealed), so that no read faults.
 *	What makes no sense is not there.
 *
 *	The tables are sparse: the memory that is used is what was in use at
 *	one time, and the head says how far that is.
 *
 * Locks
 *	None; see journal.h who may call what at a time.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front/journal.h"
#include "front/journalvar.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"

#define	MAGIC		UINT64_C(0x6c6e6a6473766564)
#define	VERSION		4
#define	MINOR_MAX	((1U << 20) - 1)
#define	CLASS_MAX	15
#define	NUMBER_MAX	((UINT64_C(1) << 48) - 1)
#define	SEALS		(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

enum { NODE_NONE, NODE_MAKING, NODE_MADE };

#define	MODE_GIVEN	UINT32_C(0x80000000)

struct node {
	_Atomic uint32_t r_state;	/* the word */
	_Atomic uint32_t r_mode;	/* | MODE_GIVEN */
	_Atomic uint64_t r_owner;	/* uid << 32 | gid */
	_Atomic uint64_t r_seen;
	uint32_t	 r_minor;
	uint32_t	 r_class;
	char		 r_name[JOURNAL_NAME];
	char		 r_spare[32];
};

struct file {
	_Atomic uint64_t r_number;	/* the word */
	_Atomic uint64_t r_poll;
	uint32_t	 r_node;
	uint32_t	 r_uid;
	uint32_t	 r_gid;
	uint32_t	 r_pid;
	uint32_t	 r_spare[8];
};

/* A thread each: its own line of the cache. */
struct call {
	_Atomic uint64_t r_unique;	/* the word */
	uint32_t	 r_node;
	uint32_t	 r_opcode;
	uint32_t	 r_last;	/* its place in h_last */
	uint32_t	 r_spare;
	uint64_t	 r_word;	/* what it has put there */
	uint32_t	 r_spares[8];
};

struct head {
	uint64_t	 h_magic;
	uint32_t	 h_version;
	uint32_t	 h_spare;
	_Atomic uint64_t h_number;	/* of files, the highest */
	_Atomic uint32_t h_nodes;	/* so many records were ever used */
	_Atomic uint32_t h_files;
	_Atomic uint32_t h_calls;
	_Atomic uint32_t h_taken;	/* calls, in all */
	_Alignas(64) _Atomic uint64_t h_last[JOURNAL_LAST];
};

/* A word of h_last: ms << 32 | took << 18 | node << 8 | opcode; 0: none. */
#define	TOOK_NONE	UINT64_C(0x3fff)	/* no answer */
#define	TOOK_SHIFT	18
#define	NODE_SHIFT	8
#define	NODE_MASK	UINT64_C(0x3ff)
_Static_assert(JOURNAL_NODES - 1 <= NODE_MASK, "a node's place in a word");

struct journal {
	union {
		struct head	 j_head;
		char		 j_page[4096 - JOURNAL_SUSPECTS - JOURNAL_WORDS];
	};
	_Alignas(8) char j_suspects[JOURNAL_SUSPECTS];
	char		 j_words[JOURNAL_WORDS];
	struct node	 j_nodes[JOURNAL_NODES];
	struct file	 j_files[JOURNAL_FILES];
	struct call	 j_calls[JOURNAL_CALLS];
	_Alignas(8) char j_states[JOURNAL_STATES];
	_Alignas(8) char j_told[JOURNAL_TOLD];
	_Alignas(4096) struct hyp_note j_notes[JOURNAL_NOTES];
};

_Static_assert(sizeof(struct node) == 128 && sizeof(struct file) == 64 &&
    sizeof(struct call) == 64 && sizeof(struct hyp_note) == 64 &&
    ATOMIC_LLONG_LOCK_FREE == 2,
    "records are the format");

static inline void
put32(_Atomic uint32_t *at, uint32_t value)
{

	fence();
	atomic_store_explicit(at, value, memory_order_relaxed);
	fence();
}

static inline uint32_t
get32(const _Atomic uint32_t *at)
{

	return atomic_load_explicit(at, memory_order_acquire);
}

/* At least n records are in use from now on. */
static inline void
reach(_Atomic uint32_t *used, uint32_t n)
{
	uint32_t old = get32(used);

	while (old < n && !atomic_compare_exchange_weak(used, &old, n))
		continue;
}

/* ---- as a whole ----------------------------------------------------- */

static int
map(struct journal **jp, int fd)
{
	void *at;

	at = mmap(NULL, sizeof(**jp), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	if (at == MAP_FAILED)
		return -errno;
	*jp = at;
	return 0;
}

int
journal_make(struct journal **jp, int *fdp)
{
	int error, fd;

	fd = memfd_create("devsw-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -errno;
	if (ftruncate(fd, sizeof(**jp)) == -1 ||
	    fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		error = -errno;
	else
		error = map(jp, fd);
	if (error != 0) {
		close(fd);
		return error;
	}
	(*jp)->j_head.h_version = VERSION;
	(*jp)->j_head.h_magic = MAGIC;
	*fdp = fd;
	return 0;
}

/* Can it be mapped, and read without a fault whatever somebody does to it? */
static bool
is_sealed(int fd)
{
	const int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals != -1 && (seals & F_SEAL_SHRINK) != 0 &&
	    fstat(fd, &st) == 0 &&
	    st.st_size == (off_t)sizeof(struct journal);
}

int
journal_open(struct journal **jp, int fd)
{
	int error;

	if (!is_sealed(fd))
		return -EINVAL;
	error = map(jp, fd);
	if (error == 0 && ((*jp)->j_head.h_magic != MAGIC ||
	    (*jp)->j_head.h_version != VERSION)) {
		journal_close(*jp);
		error = -EINVAL;
	}
	return error;
}

void
journal_close(struct journal *j)
{

	(void)munmap(j, sizeof(*j));
}

/* ---- writing -------------------------------------------------------- */

void *
journal_suspects(const struct journal *j)
{

	return (void *)(uintptr_t)j->j_suspects;
}

void *
journal_states(const struct journal *j)
{

	return (void *)(uintptr_t)j->j_states;
}

void *
journal_told(const struct journal *j)
{

	return (void *)(uintptr_t)j->j_told;
}

struct hyp_note *
journal_notes_clear(struct journal *j)
{
	unsigned n = journal_notes(j);

	while (n-- > 0)
		memset(&j->j_notes[n], 0, sizeof(j->j_notes[n]));
	return j->j_notes;
}

/* Empty from the first store on. */
char *
journal_words_clear(struct journal *j)
{
	char *const words = j->j_words;

	*(volatile char *)words = '\0';
	fence();
	memset(words, 0, JOURNAL_WORDS);
	return words;
}

int
journal_node_add(struct journal *j, uint32_t minor, int class,
    const char *name)
{
	const size_t len = strlen(name);
	struct node *r = j->j_nodes;
	int i;

	if (len == 0 || len >= JOURNAL_NAME)
		return -1;
	for (i = 0; i < JOURNAL_NODES && get32(&r->r_state) != NODE_NONE; i++)
		r++;
	if (i == JOURNAL_NODES)
		return -1;
	put32(&r->r_mode, 0);
	put64(&r->r_seen, 0);
	r->r_minor = minor;
	r->r_class = (uint32_t)class;
	memset(r->r_name, 0, sizeof(r->r_name));
	memcpy(r->r_name, name, len);
	reach(&j->j_head.h_nodes, (uint32_t)i + 1);
	put32(&r->r_state, NODE_MAKING);
	return i;
}

void
journal_node_made(struct journal *j, int i)
{

	put32(&j->j_nodes[i].r_state, NODE_MADE);
}

/* A kill between the two has the wrong owner with a mode that is not given, so
   that both are set once more. */
void
journal_node_owner(struct journal *j, int i, uid_t uid, gid_t gid, mode_t mode)
{
	struct node *const r = &j->j_nodes[i];

	put32(&r->r_mode, 0);
	put64(&r->r_owner, (uint64_t)uid << 32 | gid);
	put32(&r->r_mode, (uint32_t)mode | MODE_GIVEN);
}

void
journal_node_remove(struct journal *j, int i)
{

	put32(&j->j_nodes[i].r_state, NODE_NONE);
}

void
journal_file_open(struct journal *j, uint32_t slot,
    const struct journal_file *jf)
{
	struct file *const r = &j->j_files[slot];

	assert(slot < JOURNAL_FILES && get64(&r->r_number) == 0);
	if (jf->jf_number > get64(&j->j_head.h_number))
		put64(&j->j_head.h_number, jf->jf_number);
	put64(&r->r_poll, jf->jf_poll);
	r->r_node = jf->jf_node;
	r->r_uid = jf->jf_uid;
	r->r_gid = jf->jf_gid;
	r->r_pid = (uint32_t)jf->jf_pid;
	reach(&j->j_head.h_files, slot + 1);
	put64(&r->r_number, jf->jf_number);
}

void
journal_file_poll(struct journal *j, uint32_t slot, uint64_t handle)
{

	put64(&j->j_files[slot].r_poll, handle);
}

void
journal_file_close(struct journal *j, uint32_t slot)
{

	put64(&j->j_files[slot].r_number, 0);
}

static uint64_t
clock_ms(void)
{

	return hyp_clock() / 1000000;
}

static void
last_begin(struct journal *j, struct call *r, int node, uint32_t opcode)
{

	r->r_last = atomic_fetch_add_explicit(&j->j_head.h_taken, 1,
	    memory_order_relaxed) % JOURNAL_LAST;
	r->r_word = clock_ms() << 32 | TOOK_NONE << TOOK_SHIFT |
	    (uint64_t)node << NODE_SHIFT | (opcode & 0xff);
	put64(&j->j_head.h_last[r->r_last], r->r_word);
}

/* Others may have begun since, and have its place. */
static void
last_end(struct journal *j, const struct call *r)
{
	const uint64_t ms = (uint32_t)(clock_ms() - (r->r_word >> 32));
	const uint64_t took = ms < TOOK_NONE ? ms : TOOK_NONE - 1;
	uint64_t word = r->r_word;

	(void)atomic_compare_exchange_strong(
	    &j->j_head.h_last[r->r_last % JOURNAL_LAST], &word,
	    (word & ~(TOOK_NONE << TOOK_SHIFT)) | took << TOOK_SHIFT);
}

void
journal_call_begin(struct journal *j, uint32_t slot, int node, uint64_t unique,
    uint32_t opcode)
{
	struct call *const r = &j->j_calls[slot];

	assert(slot < JOURNAL_CALLS && get64(&r->r_unique) == 0);
	last_begin(j, r, node, opcode);
	r->r_node = (uint32_t)node;
	r->r_opcode = opcode;
	if (get32(&j->j_head.h_calls) <= slot)
		reach(&j->j_head.h_calls, slot + 1);
	put64(&r->r_unique, unique);
	if (unique > get64(&j->j_nodes[node].r_seen))
		put64(&j->j_nodes[node].r_seen, unique);
}

void
journal_call_end(struct journal *j, uint32_t slot)
{

	last_end(j, &j->j_calls[slot]);
	put64(&j->j_calls[slot].r_unique, 0);
}

void
journal_last_clear(struct journal *j)
{

	for (unsigned i = 0; i < JOURNAL_LAST; i++)
		put64(&j->j_head.h_last[i], 0);
}

/* ---- reading -------------------------------------------------------- */

static unsigned
within(const _Atomic uint32_t *used, unsigned max)
{
	const uint32_t n = get32(used);

	return n < max ? n : max;
}

unsigned
journal_nodes(const struct journal *j)
{

	return within(&j->j_head.h_nodes, JOURNAL_NODES);
}

unsigned
journal_files(const struct journal *j)
{

	return within(&j->j_head.h_files, JOURNAL_FILES);
}

unsigned
journal_calls(const struct journal *j)
{

	return within(&j->j_head.h_calls, JOURNAL_CALLS);
}

uint64_t
journal_number(const struct journal *j)
{

	return get64(&j->j_head.h_number) & NUMBER_MAX;
}

void
journal_words(const struct journal *j, char words[JOURNAL_WORDS])
{

	memcpy(words, j->j_words, JOURNAL_WORDS);
	words[JOURNAL_WORDS - 1] = '\0';
}

/* What devtmpfs makes a file of in /dev itself. */
static bool
is_name(const char name[JOURNAL_NAME])
{
	size_t i;

	for (i = 0; i < JOURNAL_NAME && name[i] != '\0'; i++) {
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/' ||
		    name[i] == '!')
			return false;
	}
	return i > 0 && i < JOURNAL_NAME && name[0] != '.';
}

/* The node of place i but for its being the only one. */
static bool
node_copy(const struct journal *j, unsigned i, struct journal_node *jn)
{
	const struct node *const r = &j->j_nodes[i];
	const uint32_t state = get32(&r->r_state), mode = get32(&r->r_mode);
	const uint64_t owner = get64(&r->r_owner);

	if (state != NODE_MAKING && state != NODE_MADE)
		return false;
	memset(jn, 0, sizeof(*jn));
	jn->jn_made = state == NODE_MADE;
	jn->jn_minor = r->r_minor;
	jn->jn_class = (int)r->r_class;
	memcpy(jn->jn_name, r->r_name, sizeof(jn->jn_name));
	jn->jn_seen = get64(&r->r_seen);
	jn->jn_given = (mode & MODE_GIVEN) != 0;
	jn->jn_mode = mode & 07777;
	jn->jn_uid = (uid_t)(owner >> 32);
	jn->jn_gid = (gid_t)owner;
	return jn->jn_minor <= MINOR_MAX && jn->jn_class >= 0 &&
	    jn->jn_class <= CLASS_MAX && is_name(jn->jn_name);
}

bool
journal_node(const struct journal *j, unsigned i, struct journal_node *jn)
{
	struct journal_node other;

	if (i >= journal_nodes(j) || !node_copy(j, i, jn))
		return false;
	while (i-- > 0) {
		if (node_copy(j, i, &other) &&
		    (other.jn_minor == jn->jn_minor ||
		    strcmp(other.jn_name, jn->jn_name) == 0))
			return false;
	}
	return true;
}

static bool
is_node(const struct journal *j, uint32_t i)
{
	struct journal_node jn;

	return i < journal_nodes(j) && node_copy(j, i, &jn);
}

bool
journal_file(const struct journal *j, unsigned i, struct journal_file *jf)
{
	const struct file *r;

	if (i >= journal_files(j))
		return false;
	r = &j->j_files[i];
	jf->jf_number = get64(&r->r_number);
	jf->jf_poll = get64(&r->r_poll);
	jf->jf_node = r->r_node;
	jf->jf_uid = r->r_uid;
	jf->jf_gid = r->r_gid;
	jf->jf_pid = (pid_t)r->r_pid;
	return jf->jf_number != 0 && jf->jf_number <= journal_number(j) &&
	    is_node(j, jf->jf_node);
}

bool
journal_call(const struct journal *j, unsigned i, struct journal_call *jc)
{
	const struct call *r;

	if (i >= journal_calls(j))
		return false;
	r = &j->j_calls[i];
	jc->jc_unique = get64(&r->r_unique);
	jc->jc_node = r->r_node;
	jc->jc_opcode = r->r_opcode;
	return jc->jc_unique != 0 && is_node(j, jc->jc_node);
}

bool
journal_last(const struct journal *j, unsigned i, struct journal_last *jl)
{
	const uint32_t taken = get32(&j->j_head.h_taken);
	const uint64_t word = get64(&j->j_head.h_last[(taken - 1 - i) %
	    JOURNAL_LAST]);
	const uint64_t took = word >> TOOK_SHIFT & TOOK_NONE;

	jl->jl_ms = (uint32_t)(word >> 32);
	jl->jl_took = took == TOOK_NONE ? -1 : (int)took;
	jl->jl_node = word >> NODE_SHIFT & NODE_MASK;
	jl->jl_opcode = word & 0xff;
	return i < JOURNAL_LAST && word != 0 && is_node(j, jl->jl_node);
}

bool
journal_minor(const struct journal *j, uint32_t minor, struct journal_node *jn)
{

	for (unsigned i = 0; i < journal_nodes(j); i++) {
		if (node_copy(j, i, jn) && jn->jn_minor == minor)
			return true;
	}
	return false;
}

unsigned
journal_notes(const struct journal *j)
{
	unsigned n = 0;

	while (n < JOURNAL_NOTES && j->j_notes[n].hn_tid != 0)
		n++;
	return n;
}

/* A text of n bytes, from words that may have any. */
static void
text_copy(char *to, const void *from, size_t n)
{

	memcpy(to, from, n);
	to[n - 1] = '\0';
	for (; *to != '\0'; to++) {
		if (*to < ' ' || *to > '~')
			*to = '?';
	}
}

bool
journal_note_read(const struct hyp_note *hn, struct journal_note *jn)
{
	const uint64_t word = get64((const _Atomic uint64_t *)&hn->hn_word);
	uint32_t minor = HYP_NOTE_MINOR(word);

	jn->jn_what = HYP_NOTE_WHAT(word);
	jn->jn_back = (word & HYP_NOTE_BACK) != 0;
	jn->jn_name[0] = '\0';
	if (jn->jn_what >= HYP_NOTE_MATCH) {
		text_copy(jn->jn_name, hn->hn_name, sizeof(jn->jn_name));
		minor = hn->hn_name[0] == 0 ? (uint32_t)hn->hn_name[1] : 0;
	}
	jn->jn_minor = minor == 0 ? JOURNAL_NO_MINOR : minor - 1;
	text_copy(jn->jn_thread, hn->hn_thread, sizeof(jn->jn_thread));
	return jn->jn_what > HYP_NOTE_NONE && jn->jn_what < HYP_NOTE_N;
}

bool
journal_note(const struct journal *j, unsigned i, struct journal_note *jn)
{

	return journal_note_read(&j->j_notes[i], jn);
}
