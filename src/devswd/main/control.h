/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control.h - the daemon's side of the control port.
 */
#ifndef MAIN_CONTROL_H
#define MAIN_CONTROL_H

#define	CONTROL_CLIENTS	64	/* requests of users at one time; more get
				   EBUSY, but root never does */
#define	CONTROL_SHARE	16	/* of them of one user */
#define	CONTROL_SILENCE	5	/* s for a client to take an answer */
#define	CONTROL_GROUP	"devsw"	/* whose members see who uses nodes */

/*
 * control_set_change(change)
 *
 *	What those requests do that are main's thread's own (reload, claims):
 *	text = change(request, &error), on that thread; root has asked.  An
 *	upgrade, which takes time, is its client's thread's.  The
 *	text says what was done, or what is wrong, for a person, in lines; it
 *	is freed after the answer, and may be NULL.  error is an errno, for
 *	the exit status of who asked.  Before control_start.
 *
 * control_set_modules(load, unload)
 *
 *	What loads a module and takes it out, in the place of hyp_module_load and
 *	hyp_module_unload; on the client's thread.  Before control_start.
 *
 * control_set_group(name)
 *
 *	Another group than CONTROL_GROUP; not copied.  Before control_start.
 */
struct control_request;
typedef char *control_change_t(const struct control_request *, int *);
typedef int control_modload_t(const char *, char *, size_t);
typedef int control_modunload_t(const char *);
void	control_set_change(control_change_t *);
void	control_set_modules(control_modload_t *, control_modunload_t *);
void	control_set_group(const char *);

/*
 * fd = control_start(path, major)
 *
 *	Take requests from now on, and say in the file path where; what a dead
 *	daemon has left there goes.  Anybody may ask.  major is that of the
 *	nodes.  -1: it cannot be, and the log says why.  Main's thread.
 */
int	control_start(const char *, unsigned);

/*
 * control_dispatch()
 *
 *	The descriptor is readable: serve what is there, each on a thread of
 *	its own.  Main's thread; does not block, and comes to an end.
 */
void	control_dispatch(void);

/*
 * left = control_stop(ms)
 *
 *	Take the file away, and wait for requests that are being served, at most
 *	so long.  After hyp_halt, which ends the revokes; before front_stop,
 *	which takes the nodes away.  How many are still served: their threads
 *	stay.
 *
 * left = control_leave(ms)
 *
 *	The same, and the file stays, as one that is killed leaves it: the next
 *	one is about to replace it.
 *
 * control_silence()
 *
 *	Those get no answer any more: what they do is not said to be done.
 */
unsigned control_stop(unsigned);
unsigned control_leave(unsigned);
void	control_silence(void);

#endif /* MAIN_CONTROL_H */
