/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_note.h - between t_note.c (H) and h_note.c (K): a driver, "tnote", that
 * ends the process in each of its functions, or stays there.
 */
#ifndef TESTS_BUS_H_NOTE_H
#define TESTS_BUS_H_NOTE_H

enum note_way {
	NOTE_ATTACH,
	NOTE_MATCH,
	NOTE_DETACH,
	NOTE_OPEN,
	NOTE_CLOSE_IN_DETACH,	/* d_close, below ca_detach */
	NOTE_AFTER_CLOSE,	/* in ca_detach, after that */
	NOTE_CALLBACK,		/* of a pipe that attach has opened */
	NOTE_CALLBACK_OPEN,	/* d_open has */
	NOTE_CALLOUT,
	NOTE_SOFTINT,
	NOTE_TASK,
	NOTE_THREAD,
	NOTE_BACK		/* nowhere, after d_close */
};

/* K's: go there.  Returns if the end is another thread's. */
void	note_go(enum note_way);

/* K's: in NOTE_OUTER's attach, NOTE_INNER's callout and a d_read, one below the
   other, and back. */
#define	NOTE_OUTER	"outer0123456789"
#define	NOTE_INNER	"inner9876543210"
void	note_nest(void);

/* H's: how it ends; called there. */
void	note_end(void);

#endif /* TESTS_BUS_H_NOTE_H */
