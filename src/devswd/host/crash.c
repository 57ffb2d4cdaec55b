/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.c - the end of the process that nobody asked for: hyp_panic, fatal
 * signals, and the hooks that give claimed hardware back first.
 *
 * Model
 *	crash_hooks[] only ever grows, by compare and swap, so that a signal
 *	handler can walk it at any moment without a lock.
 *
 *	The first thread to get here runs the hooks, once; a second one that
 *	crashes meanwhile, or a hook that itself crashes, goes on to die.
 *	That ends the process under the feet of the first one, which is
 *	accepted: the state is broken, and the kernel releases the interface
 *	claims at exit anyway; only the return to the kernel's driver is lost.
 *
 *	hyp_panic runs the hooks by way of abort(3) and SIGABRT's handler if
 *	host_crash_catch was called, else directly.
 *
 * Known gaps
 *	SIGKILL and the kernel's out-of-memory killer run no handler.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"

#define	CRASH_NHOOKS	4
#define	CRASH_STACK	(32 * 1024)

static _Atomic(void (*)(void)) crash_hooks[CRASH_NHOOKS];
static atomic_flag crash_once = ATOMIC_FLAG_INIT;

static _Thread_local char crash_altstack[CRASH_STACK]
    __attribute__((__aligned__(16)));

void
host_emergency_add(void (*hook)(void))
{
	void (*old)(void);
	size_t i;

	for (i = 0; i < CRASH_NHOOKS; i++) {
		old = NULL;
		if (atomic_compare_exchange_strong(&crash_hooks[i], &old,
		    hook) || old == hook)
			return;
	}
	hyp_panic("host_emergency_add: too many hooks");
}

static void
crash_run_hooks(void)
{
	void (*hook)(void);
	size_t i;

	if (atomic_flag_test_and_set(&crash_once))
		return;
	for (i = 0; i < CRASH_NHOOKS; i++) {
		hook = atomic_load(&crash_hooks[i]);
		if (hook != NULL)
			hook();
	}
}

/* The name without a number to format; strsignal(3) is not safe here. */
static const char *
crash_text(int sig)
{

	switch (sig) {
	case SIGSEGV:
		return "fatal: SIGSEGV";
	case SIGBUS:
		return "fatal: SIGBUS";
	case SIGILL:
		return "fatal: SIGILL";
	case SIGFPE:
		return "fatal: SIGFPE";
	case SIGSYS:
		return "fatal: SIGSYS";
	default:
		return "fatal: SIGABRT";
	}
}

/*
 * SA_RESETHAND has restored the default action; the signal sent again is
 * delivered when this returns, so that the core dump shows the crash.  A
 * fault comes again by itself, but a SIGSEGV from kill(2) would not.
 */
static void
crash_handler(int sig)
{

	host_log_emergency(crash_text(sig));
	crash_run_hooks();
	(void)raise(sig);
}

void
host_crash_stack(void)
{
	stack_t ss;

	/* A sanitizer has given the thread one already. */
	if (sigaltstack(NULL, &ss) == 0 && (ss.ss_flags & SS_DISABLE) == 0)
		return;
	memset(&ss, 0, sizeof(ss));
	ss.ss_sp = crash_altstack;
	ss.ss_size = sizeof(crash_altstack);
	(void)sigaltstack(&ss, NULL);
}

void
host_crash_catch(void)
{
	static const int sigs[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT,
	};
	struct sigaction sa;
	size_t i;

	host_crash_stack();
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = crash_handler;
	sa.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK);
	sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)sigaction(sigs[i], &sa, NULL);
}

_Noreturn void
hyp_panic(const char *text)
{

	host_log_emergency(text);
	crash_run_hooks();
	abort();
}
