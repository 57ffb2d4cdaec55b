/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal.h - what a successor has to know of a front end that has died:
 * its nodes, open files and calls in hand, in memory that outlives it.
 */
#ifndef FRONT_JOURNAL_H
#define FRONT_JOURNAL_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#define	JOURNAL_NODES	1024
#define	JOURNAL_FILES	65536
#define	JOURNAL_CALLS	65536
#define	JOURNAL_LAST	64
#define	JOURNAL_NOTES	4096		/* of threads */
#define	JOURNAL_NAME	64		/* with its NUL */
#define	JOURNAL_WORDS	1024		/* same */

struct journal;

/* What a reader finds. */
struct journal_node {
	uint32_t	 jn_minor;
	int		 jn_class;	/* HYP_NODE_* */
	bool		 jn_made;	/* else the kernel has perhaps begun */
	char		 jn_name[JOURNAL_NAME];
	uint64_t	 jn_seen;	/* the last call that was taken */
	bool		 jn_given;	/* what follows was set */
	uid_t		 jn_uid;
	gid_t		 jn_gid;
	mode_t		 jn_mode;
};

struct journal_file {
	uint64_t	 jf_number;
	unsigned	 jf_node;
	uint64_t	 jf_poll;	/* the kernel's handle; 0: none */
	uid_t		 jf_uid;
	gid_t		 jf_gid;
	pid_t		 jf_pid;
};

struct journal_call {
	uint64_t	 jc_unique;
	unsigned	 jc_node;
	uint32_t	 jc_opcode;	/* FUSE_* */
};

struct journal_last {
	uint32_t	 jl_ms;		/* of CLOCK_MONOTONIC, when it was taken */
	int		 jl_took;	/* ms; -1: it has no answer */
	unsigned	 jl_node;
	uint32_t	 jl_opcode;	/* FUSE_* */
};

struct hyp_note;
struct journal_note {
	unsigned	 jn_what;	/* HYP_NOTE_* */
	bool		 jn_back;	/* it had come back */
	uint32_t	 jn_minor;	/* of the node that it was about */
#define	JOURNAL_NO_MINOR UINT32_MAX
	char		 jn_name[16];	/* of its device, or "" */
	char		 jn_thread[16];	/* who it was */
};

/*
 * error = journal_make(&journal, &fd)
 *
 *	A new one, empty, and the descriptor that keeps it.  Negative errno.
 *
 * error = journal_open(&journal, fd)
 *
 *	The one that a predecessor has left; to read, and to go on with.  The
 *	descriptor stays the caller's.  -EINVAL: it is no journal, or none
 *	of this version.
 *
 * journal_close(journal)
 */
int	journal_make(struct journal **, int *);
int	journal_open(struct journal **, int);
void	journal_close(struct journal *);

/* ---- writing -------------------------------------------------------- */

/*
 * node = journal_node_add(journal, minor, class, name)
 * journal_node_made(journal, node)
 * journal_node_owner(journal, node, uid, gid, mode)
 * journal_node_remove(journal, node)
 *
 *	A node is about to be made; it is there; has been given this owner and
 *	mode; is gone.  -1: no room, or the name is too long.  One thread at a
 *	time.
 */
int	journal_node_add(struct journal *, uint32_t, int, const char *);
void	journal_node_made(struct journal *, int);
void	journal_node_owner(struct journal *, int, uid_t, gid_t, mode_t);
void	journal_node_remove(struct journal *, int);

/*
 * journal_file_open(journal, slot, file)
 * journal_file_poll(journal, slot, handle)
 * journal_file_close(journal, slot)
 *
 *	A file is open, with a number that is higher than all before; a client
 *	may sleep in a poll of it; it is closed.  One thread at a time opens
 *	and closes.
 */
void	journal_file_open(struct journal *, uint32_t,
	    const struct journal_file *);
void	journal_file_poll(struct journal *, uint32_t, uint64_t);
void	journal_file_close(struct journal *, uint32_t);

/*
 * journal_call_begin(journal, slot, node, unique, opcode)
 * journal_call_end(journal, slot)
 *
 *	A call has been taken from the kernel; it has its answer.  Slots are
 *	the threads'; one thread at a time takes calls of a node.
 *
 * journal_last_clear(journal)
 *
 *	Forget which calls were the last.  While none is taken.
 */
void	journal_call_begin(struct journal *, uint32_t, int, uint64_t, uint32_t);
void	journal_call_end(struct journal *, uint32_t);
void	journal_last_clear(struct journal *);

/*
 * words = journal_words_clear(journal)
 *
 *	Where JOURNAL_WORDS bytes can be written by who dies of his own
 *	(host_crash_words); all 0 now.
 */
char	*journal_words_clear(struct journal *);

/*
 * notes = journal_notes_clear(journal)
 *
 *	Where JOURNAL_NOTES threads can say what they are in (host_note_to); all
 *	0 now.
 */
struct hyp_note	*journal_notes_clear(struct journal *);

/* ---- reading -------------------------------------------------------- */

/*
 * yes = journal_node(journal, i, &node)
 * yes = journal_file(journal, i, &file)
 * yes = journal_call(journal, i, &call)
 *
 *	What is in place i, if that is something and makes sense; there is
 *	nothing from journal_nodes, journal_files and journal_calls on.
 *
 * yes = journal_last(journal, i, &last)
 *
 *	One of the last JOURNAL_LAST calls that were taken, 0 the last one.
 *
 * yes = journal_note(journal, i, &note)
 *
 *	What the thread of note i, of journal_notes, was in, or in last.
 *
 * yes = journal_note_read(hyp_note, &note)
 *
 *	The same of a note that need not be there.  Async-signal-safe, as is
 *
 * yes = journal_minor(journal, minor, &node)
 *
 *	The node of that minor.
 *
 * number = journal_number(journal)
 *
 *	No file has had a higher one.
 *
 * journal_words(journal, words)
 *
 *	A copy of those, a text with any bytes.
 */
unsigned journal_nodes(const struct journal *);
unsigned journal_files(const struct journal *);
unsigned journal_calls(const struct journal *);
bool	journal_node(const struct journal *, unsigned, struct journal_node *);
bool	journal_file(const struct journal *, unsigned, struct journal_file *);
bool	journal_call(const struct journal *, unsigned, struct journal_call *);
bool	journal_last(const struct journal *, unsigned, struct journal_last *);
unsigned journal_notes(const struct journal *);
bool	journal_note(const struct journal *, unsigned, struct journal_note *);
bool	journal_note_read(const struct hyp_note *, struct journal_note *);
bool	journal_minor(const struct journal *, uint32_t, struct journal_node *);
uint64_t journal_number(const struct journal *);
void	journal_words(const struct journal *, char [JOURNAL_WORDS]);

#endif /* FRONT_JOURNAL_H */
