/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash.c - the end of the process that nobody asked for: hyp_panic,
 * host_fatal, fatal signals, and the hooks that give claimed hardware back first.
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
 *	host_fatal is for what is not broken but cannot be done, such as to
 *	wait for events: no core, but a line, the hooks, and an exit status.
 *
 *	hyp_panic runs the hooks by way of abort(3) and SIGABRT's handler if
 *	host_crash_catch was called, else directly.
 *
 *	If a driver that was loaded as a module is among the callers, a second
 *	line says which, where in it, and which entry it was called by: the
 *	innermost function of the program itself, below it, that has a name for
 *	others.  crash_modules[] has the names of what is loaded, as the dynamic
 *	linker knows them, and is walked without a lock too.
 *
 *	What is said is written to memory as well that a successor will have
 *	(host_crash_words): it tells why its predecessor died.
 *
 * Known gaps
 *	backtrace(3) and dladdr(3) take the dynamic linker's lock; who crashes
 *	while another thread loads a module may wait for it, and a stack that is
 *	broken may break them.  So this comes after the hooks.
 *	SIGKILL and the kernel's out-of-memory killer run no handler.
 */
#include <sys/mman.h>

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hyp/hyp.h"
#include "host/host.h"

#define	CRASH_NHOOKS	4
#define	CRASH_STACK	(64 * 1024)
#define	CRASH_FRAMES	48
#define	CRASH_NMODULES	64

static _Atomic(void (*)(void)) crash_hooks[CRASH_NHOOKS];
static atomic_flag crash_once = ATOMIC_FLAG_INIT;

static atomic_bool crash_said;		/* why, by hyp_panic */
static atomic_flag crash_told = ATOMIC_FLAG_INIT;
static _Atomic(const char *) crash_modules[CRASH_NMODULES];
static _Atomic(char *) crash_words;	/* what is said, for a successor */
static size_t crash_size;		/* of these, before they are given */
static atomic_size_t crash_len;

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

void
host_crash_words(char *words, size_t size)
{

	atomic_store(&crash_words, NULL);
	crash_size = size;
	atomic_store(&crash_len, 0);
	atomic_store(&crash_words, words);
}

/* Whoever comes second writes behind the first.  The last byte stays 0. */
static void
crash_remember(const char *text)
{
	char *const words = atomic_load(&crash_words);
	size_t at, len = strlen(text);

	if (words == NULL)
		return;
	at = atomic_fetch_add(&crash_len, len + 2);
	if (at + 1 >= crash_size)
		return;
	if (len > crash_size - 1 - at)
		len = crash_size - 1 - at;
	if (at != 0)
		memcpy(words + at - 2, "; ", 2);
	memcpy(words + at, text, len);
}

void
host_crash_say(const char *text)
{

	host_log_emergency(text);
	crash_remember(text);
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

/* ---- which driver it was -------------------------------------------- */

void
host_crash_module(const char *name, int there)
{
	const char *old;

	for (size_t i = 0; i < CRASH_NMODULES; i++) {
		old = there ? NULL : name;
		if (atomic_compare_exchange_strong(&crash_modules[i], &old,
		    there ? name : NULL))
			return;
	}
}

static bool
crash_is_module(const char *name)
{
	const char *module;

	for (size_t i = 0; i < CRASH_NMODULES; i++) {
		module = atomic_load(&crash_modules[i]);
		if (module != NULL && name != NULL &&
		    strcmp(module, name) == 0)
			return true;
	}
	return false;
}

/* Append s, and n in hexadecimal; formatting is not safe in a handler. */
static char *
crash_add(char *to, const char *end, const char *s)
{

	while (*s != '\0' && to < end)
		*to++ = *s++;
	*to = '\0';
	return to;
}

static char *
crash_add_hex(char *to, const char *end, unsigned long n)
{
	char digits[2 * sizeof(n) + 1], *p = &digits[sizeof(digits) - 1];

	*p = '\0';
	do
		*--p = "0123456789abcdef"[n % 16];
	while ((n /= 16) != 0);
	return crash_add(to, end, p);
}

/* Who of the program has called what is at *pc..., as far as it is known. */
static const char *
crash_caller(void *const *pc, int n)
{
	Dl_info info;

	for (int i = 0; i < n; i++) {
		if (dladdr(pc[i], &info) != 0 && info.dli_sname != NULL &&
		    !crash_is_module(info.dli_fname) &&
		    strncmp(info.dli_sname, "devsw_trace", 11) != 0)
			return info.dli_sname;
	}
	return "?";
}

/* Say which module this thread is in, if it is in one; once. */
static void
crash_tell_module(void)
{
	void *pc[CRASH_FRAMES];
	char text[256], *to = text;
	const char *const end = text + sizeof(text) - 1, *name;
	Dl_info info;
	int i, n;

	if (atomic_flag_test_and_set(&crash_told))
		return;
	n = backtrace(pc, CRASH_FRAMES);
	for (i = 0; i < n; i++) {
		if (dladdr(pc[i], &info) != 0 &&
		    crash_is_module(info.dli_fname))
			break;
	}
	if (i == n)
		return;
	name = strrchr(info.dli_fname, '/');
	to = crash_add(to, end, "the driver is in ");
	to = crash_add(to, end, name != NULL ? name + 1 : info.dli_fname);
	to = crash_add(to, end, "+0x");
	/* A return address may be the next function's. */
	to = crash_add_hex(to, end, (unsigned long)((char *)pc[i] -
	    (char *)info.dli_fbase) - 1);
	to = crash_add(to, end, ", called by ");
	to = crash_add(to, end, crash_caller(&pc[i + 1], n - i - 1));
	(void)crash_add(to, end, "; this process ends with it");
	host_crash_say(text);
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

	if (sig != SIGABRT || !atomic_load(&crash_said))
		host_crash_say(crash_text(sig));
	crash_run_hooks();
	crash_tell_module();
	(void)raise(sig);
}

void *
host_crash_stack(void)
{
	stack_t ss;

	/* A sanitizer has given the thread one already. */
	if (sigaltstack(NULL, &ss) == 0 && (ss.ss_flags & SS_DISABLE) == 0)
		return NULL;
	memset(&ss, 0, sizeof(ss));
	ss.ss_size = CRASH_STACK;
	ss.ss_sp = mmap(NULL, ss.ss_size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (ss.ss_sp == MAP_FAILED)
		return NULL;
	(void)sigaltstack(&ss, NULL);
	return ss.ss_sp;
}

void
host_crash_stack_free(void *stack)
{
	const stack_t none = { .ss_flags = SS_DISABLE };

	if (stack == NULL)
		return;
	(void)sigaltstack(&none, NULL);
	(void)munmap(stack, CRASH_STACK);
}

void
host_crash_catch(void)
{
	static const int sigs[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGABRT,
	};
	struct sigaction sa;
	void *pc[1];
	size_t i;

	(void)host_crash_stack();
	(void)backtrace(pc, 1);		/* it loads what it needs at first */
	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = crash_handler;
	sa.sa_flags = (int)(SA_RESETHAND | SA_ONSTACK);
	sigfillset(&sa.sa_mask);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		(void)sigaction(sigs[i], &sa, NULL);
}

_Noreturn void
host_fatal(const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "%s: %s; devswd ends", what,
	    strerror(errno));
	host_logf(HYP_LOG_ERR, "%s", text);
	crash_remember(text);
	crash_run_hooks();
	_exit(EXIT_FAILURE);
}

_Noreturn void
hyp_panic(const char *text)
{

	host_crash_say(text);
	atomic_store(&crash_said, true);
	crash_run_hooks();
	crash_tell_module();
	abort();
}
