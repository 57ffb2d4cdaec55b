/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kern_lwpnote.c - what an lwp is in; sys/lwpnote.h.
 *
 * Model
 *	A note has a word, which says whether it is one, and a name.  Whoever
 *	reads it may find it as it was after any of the stores, as its thread
 *	has been killed; so a name is changed while there is no word:
 *
 *		stored		read then
 *		word = 0	nothing
 *		name, name	nothing
 *		word		this name's
 *
 *	A thread's stores leave a CPU in their order, as far as somebody is
 *	concerned who looks after its death; the compiler is kept from
 *	changing it by put's fences.
 *
 *	A d_* has no name of its own, and leaves the one that is there to whom
 *	it goes back to.
 *
 * Locks: none; each note is its lwp's own.
 */
#include <sys/lwpnote.h>
#include <sys/systm.h>

static void
put(uint64_t *at, uint64_t value)
{

	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(at, value, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static uint64_t
get(const uint64_t *at)
{

	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void
note_put(struct hyp_note *hn, uint64_t word, const uint64_t name[2])
{

	put(&hn->hn_word, 0);
	put(&hn->hn_name[0], name[0]);
	put(&hn->hn_name[1], name[1]);
	put(&hn->hn_word, word);
}

void
lwp_note_owned(struct lwp_note *ln, u_int what,
    const uint64_t owner[2])
{
	struct hyp_note *const hn = curlwp->l_note;

	ln->ln_note = hn;
	ln->ln_word = get(&hn->hn_word);
	ln->ln_name[0] = get(&hn->hn_name[0]);
	ln->ln_name[1] = get(&hn->hn_name[1]);
	note_put(hn, what, owner);
}

void
lwp_note_enter(struct lwp_note *ln, u_int what, const char *name)
{
	uint64_t words[2] = { 0, 0 };

	strlcpy((char *)words, name, sizeof(words));
	lwp_note_owned(ln, what, words);
}

void
lwp_note_exit(const struct lwp_note *ln)
{
	struct hyp_note *const hn = ln->ln_note;

	if (lwp_note_in(ln->ln_word))
		note_put(hn, ln->ln_word, ln->ln_name);
	else
		put(&hn->hn_word, get(&hn->hn_word) | HYP_NOTE_BACK);
}

void
lwp_note_owner(uint64_t owner[2])
{
	const struct hyp_note *const hn = curlwp->l_note;
	const uint64_t word = get(&hn->hn_word);

	owner[0] = owner[1] = 0;
	if (!lwp_note_in(word))
		return;
	if (HYP_NOTE_WHAT(word) < HYP_NOTE_MATCH) {
		owner[1] = HYP_NOTE_MINOR(word);
		return;
	}
	owner[0] = get(&hn->hn_name[0]);
	owner[1] = get(&hn->hn_name[1]);
}
