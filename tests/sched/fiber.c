/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fiber.c - the threads of the controlled scheduler, and of tests/fuzz, as
 * fibers: stacks between which one host thread goes to and fro.  x86-64 only.
 */
#undef NDEBUG
#include <sys/mman.h>

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "sched/sched_impl.h"

/* As clang says it. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define	__SANITIZE_ADDRESS__	1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define	ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)(p))
#endif

const int ctx_real = 0;
int ctx_ordered;

static void *main_sp;
#if defined(__SANITIZE_ADDRESS__)
static const void *main_bottom;
static size_t main_size;
#endif

/* Keep the registers that a call keeps on this stack, *from = its top, and go
   on with the stack to. */
void	sched_switch(void **, void *);
__asm__(
	".text\n"
	".globl	sched_switch\n"
	".type	sched_switch, @function\n"
	"sched_switch:\n"
	"	pushq	%rbx\n"
	"	pushq	%rbp\n"
	"	pushq	%r12\n"
	"	pushq	%r13\n"
	"	pushq	%r14\n"
	"	pushq	%r15\n"
	"	movq	%rsp, (%rdi)\n"
	"	movq	%rsi, %rsp\n"
	"	popq	%r15\n"
	"	popq	%r14\n"
	"	popq	%r13\n"
	"	popq	%r12\n"
	"	popq	%rbp\n"
	"	popq	%rbx\n"
	"	ret\n"
	".size	sched_switch, . - sched_switch\n");

void
ctx_make(struct sched_thread *t)
{
	void **sp;

	if (t->st_stack == NULL) {
		t->st_stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert(t->st_stack != MAP_FAILED);
	}
	ASAN_UNPOISON_MEMORY_REGION(t->st_stack, STACK_SIZE);
	/* As sched_switch leaves a stack, with an address below that ret. */
	sp = (void **)(void *)(t->st_stack + STACK_SIZE - 64);
	*--sp = NULL;
	*--sp = (void *)(uintptr_t)sched_thread_main;
	for (int i = 0; i < 6; i++)
		*--sp = NULL;
	t->st_sp = sp;
}

/* last: nobody comes back to from, whose fake stack goes. */
static void
fiber_switch(struct sched_thread *from, struct sched_thread *to, int last)
{
#if defined(__SANITIZE_ADDRESS__)
	void *fake = NULL;

	if (to == NULL)
		__sanitizer_start_switch_fiber(NULL, main_bottom, main_size);
	else
		__sanitizer_start_switch_fiber(last ? NULL : &fake,
		    to->st_stack, STACK_SIZE);
	sched_switch(from == NULL ? &main_sp : &from->st_sp,
	    to == NULL ? main_sp : to->st_sp);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
#else
	(void)last;
	sched_switch(from == NULL ? &main_sp : &from->st_sp,
	    to == NULL ? main_sp : to->st_sp);
#endif
}

void
ctx_switch(struct sched_thread *from, struct sched_thread *to)
{

	fiber_switch(from, to, 0);
}

/* The first one ever comes from main. */
void
ctx_entered(struct sched_thread *t)
{

	(void)t;
#if defined(__SANITIZE_ADDRESS__)
	if (main_bottom == NULL)
		__sanitizer_finish_switch_fiber(NULL, &main_bottom,
		    &main_size);
	else
		__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
#endif
}

void
ctx_leave(struct sched_thread *from, struct sched_thread *to)
{

	fiber_switch(from, to, 1);
	abort();
}

void
ctx_joined(struct sched_thread *t)
{

	(void)t;
}

void
ctx_quiet(int begin)
{

	(void)begin;
}
