/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hyp.h - hypercalls: what the kernel side (K) asks of the host side (H).
 *
 * This folder is the only thing that both compile worlds read.  K code is
 * compiled without libc headers and H code without the BSD ones, so only
 * fixed-width types, plain structs of them and opaque pointers cross here.
 * A back end is a set of object files that defines every hyp_* function
 * below: src/devswd/host for the daemon, tests/ for the native tests.
 *
 * Rules of the seam
 *   - No K lock may be held across a call marked "blocks", nor when an
 *     up-call returns.  LOCKDEBUG checks both (sys/lockdebug.h).
 *   - Times are nanoseconds of CLOCK_MONOTONIC in a uint64_t; 0 as a
 *     deadline means "none".
 *   - Errors are Linux errno values, positive, 0 for success.  K translates
 *     them once, in src/kernel/compat.
 *   - H never calls up into K while it holds an H lock that a down-call
 *     takes.
 */
#ifndef HYP_HYP_H
#define HYP_HYP_H

#include <stddef.h>
#include <stdint.h>

#define	HYP_VERSION	1

/* Syslog levels for hyp_log(). */
#define	HYP_LOG_ERR	3
#define	HYP_LOG_WARNING	4
#define	HYP_LOG_NOTICE	5
#define	HYP_LOG_INFO	6
#define	HYP_LOG_DEBUG	7

struct hyp_thread;

/*
 * p = hyp_alloc(size)
 *
 *	Zeroed memory, aligned for any object, or NULL.  Any context, any
 *	lock.  Does not block.  kmem(9).
 */
void	*hyp_alloc(size_t);

/*
 * hyp_free(p, size)
 *
 *	Give memory of hyp_alloc back; size is what was asked for.
 */
void	hyp_free(void *, size_t);

/*
 * error = hyp_thread_create(name, func, arg, &thread)
 *
 *	Start func(arg) on a new host thread with all signals blocked.  With
 *	a NULL last argument the thread is detached, otherwise it must be
 *	joined.  Does not block.  EAGAIN: the host has no thread to give.
 */
int	hyp_thread_create(const char *, void (*)(void *), void *,
	    struct hyp_thread **);

/*
 * hyp_thread_join(thread)
 *
 *	Wait for func to return and free the handle.  Blocks.
 */
void	hyp_thread_join(struct hyp_thread *);

/*
 * timedout = hyp_park(word, val, deadline)
 *
 *	Sleep while *word == val, until hyp_unpark(word), the deadline, or
 *	for no reason at all: the caller checks again.  Returns 1 if the
 *	deadline is over, else 0.  Blocks; the only way in which a K thread
 *	ever sleeps.  The comparison and going to sleep are one step against
 *	a store to *word that is followed by hyp_unpark.
 */
int	hyp_park(uint32_t *, uint32_t, uint64_t);

/*
 * hyp_unpark(word, n)
 *
 *	Wake up to n sleepers of word.  word is not dereferenced: it may be
 *	memory that its owner has freed since.  Does not block.
 */
void	hyp_unpark(uint32_t *, unsigned);

/*
 * cpu = hyp_cpu()
 * n = hyp_ncpu()
 *
 *	The number of the CPU that the caller runs on, which may be another
 *	one already: a hint, for data that is cheaper when few share it.  And
 *	how many there are; a number may be higher, when CPUs are added.
 *	hyp_cpu costs a few ns.
 */
uint32_t hyp_cpu(void);
uint32_t hyp_ncpu(void);

/*
 * now = hyp_clock()
 * now = hyp_realtime()
 *
 *	Monotonic time and time since 1970, in nanoseconds.
 */
uint64_t hyp_clock(void);
uint64_t hyp_realtime(void);

/*
 * error = hyp_module_open(path, &handle, why, len)
 * p = hyp_module_symbol(handle, name)
 * hyp_module_close(handle)
 *
 *	A shared object of K code: map it and bind it to the K symbols of
 *	the program; the address of something in it, or NULL; unmap it.
 *	ENOEXEC: why says what is wrong, in at most len bytes.  EPERM: somebody
 *	else than root could change it; why says so.  Block.
 */
int	hyp_module_open(const char *, void **, char *, size_t);
const void *hyp_module_symbol(void *, const char *);
void	hyp_module_close(void *);

/*
 * hyp_log(level, line)
 *
 *	One line, without newline, for the person who runs the daemon.  Any
 *	context, any lock; does not wait for the reader of the log.
 */
void	hyp_log(int, const char *);

/*
 * hyp_random_add(data, len, bits)
 *
 *	Bytes for Linux's pool, of which nobody can guess bits bits: counted
 *	where the process may say that, else only mixed in; the log says once
 *	which.  Any context, any lock.  Does not block.
 */
void	hyp_random_add(const void *, size_t, uint32_t);

/*
 * hyp_panic(line)
 *
 *	A broken invariant in K.  Logs, gives claimed hardware back as far as
 *	that needs no lock, and ends the process with SIGABRT.
 */
_Noreturn void hyp_panic(const char *);

/* ---- up-calls (H -> K, defined in src/kernel/{bus,kern}) ------------ */

/*
 * error = hyp_boot(HYP_VERSION)
 *
 *	Bring the kernel side up: runtime, devsw tables, the root of the
 *	device tree.  Once, before any other up-call.  EINVAL: versions
 *	differ; EAGAIN: no thread to be had.  Then nothing is up.
 */
int	hyp_boot(uint32_t);

/*
 * hyp_set_deadline(ms)
 *
 *	How long a close, revoke or detach waits for a driver that does not
 *	come back (5000); those that begin after this.  Any thread.
 */
void	hyp_set_deadline(uint32_t);

/*
 * n = hyp_zombies()
 *
 *	Closes and detaches that have been given up and not come back since.
 *	Any thread.
 */
unsigned hyp_zombies(void);

/*
 * bytes = hyp_memory(&pieces)
 *
 *	What K has allocated.  Any thread.
 */
uint64_t hyp_memory(uint32_t *);

/*
 * error = hyp_module_load(path, why, len)
 * error = hyp_module_unload(name)
 *
 *	module(9).  By an lwp (hyp_lwp_enter), which may be interrupted.  On
 *	an error of the first, why (len bytes) may say more.  ENOEXEC it
 *	cannot be loaded, EPROTO it is for another version, EINVAL its name
 *	is no word, EEXIST it is loaded, ENOENT a module that it requires is not; ENOENT there is none
 *	of that name, EBUSY it is in use; EINTR; the module's.  Sleep.
 */
int	hyp_module_load(const char *, char *, size_t);
int	hyp_module_unload(const char *);

/*
 * more = hyp_module_next(name, next, len)
 *
 *	The first module, for "", or the one after name.  Any thread.
 *
 * yes = hyp_module_from(path)
 *
 *	Is one loaded that was from this path, as hyp_module_load had it?  Any
 *	thread.
 */
int	hyp_module_next(const char *, char *, size_t);
int	hyp_module_from(const char *);

/*
 * hyp_set_module_dir(dir)
 *
 *	Where an open may find the module that its node's driver was in.
 */
void	hyp_set_module_dir(const char *);

/*
 * hyp_halt()
 *
 *	Detach every device and wait for it, in bounded time; then stop the
 *	runtime's own threads.  Nodes stay and answer ENXIO.  No lock held.
 *	Arrivals after this are ignored.
 */
void	hyp_halt(void);

/*
 * hyp_hand_over()
 *
 *	This process is going to be replaced by another one, and no call is in K
 *	or comes any more: devices that are open and can go on stop, and say what
 *	the next one has to know (hyp_hand_put).  Sleeps, in bounded time.
 */
void	hyp_hand_over(void);

#endif /* HYP_HYP_H */
