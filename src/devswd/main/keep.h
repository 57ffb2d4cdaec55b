/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keep.h - what outlives the daemon, and who has it meanwhile: systemd, or
 * devswd's own parent (keeper.h).
 */
#ifndef MAIN_KEEP_H
#define MAIN_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "front/front.h"
#include "front/told.h"

/*
 * keep_open()
 *
 *	Take what a predecessor has left, or begin a journal.  No effect if
 *	nobody keeps anything.  Before any thread exists, and K: what its
 *	threads are in is written there from the first on.
 *
 * keep_front(fc)
 *
 *	Give the front end what it needs (front_config's journal, keep and
 *	unkeep); nothing if nobody keeps anything.
 *
 * timer = keep_adopt()
 *
 *	After front_start: take the nodes over.  A descriptor that becomes
 *	readable when keep_serve is to be called; -1: there is nothing to wait
 *	for.
 *
 * keep_serve()
 *
 *	What has no hardware by now is served without it.
 *
 * yes = keep_keeps()
 * keep_hand_over()
 *
 *	Is there somebody who keeps what this process has (any thread)?  Then it
 *	may end for the next one, which goes on with what is open: only
 *	_exit(EXIT_HANDED) comes after.
 *
 * keep_stop()
 * keep_close()
 *
 *	The daemon stops, and leaves nothing: before front_stop, and after.
 *	keep_close waits for the keeper, but no longer than a second.
 */
void	keep_open(void);
void	keep_front(struct front_config *);
int	keep_adopt(void);
void	keep_serve(void);
bool	keep_keeps(void);
void	keep_hand_over(void);
void	keep_stop(void);
void	keep_close(void);

struct hyp_usb_info;
/*
 * keep_attaching(info, what)
 *
 *	For host_usb_attaching: a device that ends the daemon again and again
 *	while it is attached is known to the next one.
 *
 * yes = keep_leaves_alone(info)
 *
 *	Is it one that has, three times in a row?
 *
 * keep_forgive()
 *
 *	None is, for now.
 */
void	keep_attaching(const struct hyp_usb_info *, int);
bool	keep_leaves_alone(const struct hyp_usb_info *);
void	keep_forgive(void);

/*
 * why = keep_tell(kind, text, deaths)
 * keep_untell(kind, text)
 * keep_trying(kind, text, on)
 *
 *	Somebody has told this process what the next one has to know; it does
 *	not count any more; it is being done, and may be the end of this process
 *	(front/told.h).  NULL, or why it cannot be, as the end of a sentence.
 *	No effect if nobody keeps anything.  Any thread.
 *
 * yes = keep_told(kind, after, &told)
 *
 *	told_next, of what this process and those before were told.
 */
const char *keep_tell(enum told_kind, const char *, unsigned);
void	keep_untell(enum told_kind, const char *);
void	keep_trying(enum told_kind, const char *, bool);
bool	keep_told(enum told_kind, uint32_t, struct told *);

#endif /* MAIN_KEEP_H */
