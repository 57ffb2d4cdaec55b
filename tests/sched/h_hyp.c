/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_hyp.c - the hypercalls of hyp.h over the controlled scheduler; and what
 * h_test.h promises, for helpers that use it.
 *
 * Time stands still while anybody can run, and jumps to the next deadline
 * when nobody can.  Memory that is freed is not used again in the same run.
 */
#include <stdarg.h>
#include <stdio.h>

#include "h_test.h"
#include "hyp/hyp.h"
#include "hyp/hyp_trace.h"
#include "sched/sched.h"

void *
hyp_alloc(size_t size)
{

	return sched_alloc(size);
}

void
hyp_free(void *p, size_t size)
{

	sched_free(p, size);
}

int
hyp_thread_create(const char *name, void (*func)(void *), void *arg,
    struct hyp_thread **threadp)
{
	struct sched_thread *st = sched_spawn(name, func, arg);

	if (threadp != NULL)
		*threadp = (struct hyp_thread *)st;
	return 0;
}

void
hyp_thread_join(struct hyp_thread *thread)
{

	sched_join((struct sched_thread *)thread);
}

int
hyp_park(uint32_t *word, uint32_t val, uint64_t deadline)
{

	return sched_park(word, val, deadline);
}

void
hyp_unpark(uint32_t *word, unsigned n)
{

	sched_unpark(word, n);
}

uint32_t
hyp_cpu(void)
{

	return sched_cpu() % hyp_ncpu();
}

uint32_t
hyp_ncpu(void)
{

	return 2;
}

uint64_t
hyp_clock(void)
{

	return sched_clock();
}

uint64_t
hyp_realtime(void)
{

	return sched_clock();
}

void
hyp_log(int level, const char *line)
{

	(void)level;
	if (sched_shows())
		sched_note("log: %s", line);
}

void
hyp_random_add(const void *data, size_t len, uint32_t bits)
{

	(void)data;
	sched_note("random: %zu bytes, %u bits", len, bits);
}

/* Of no consequence: all fibers have one. */
struct hyp_note *
hyp_note(void)
{
	static struct hyp_note note;

	return &note;
}

void
hyp_panic(const char *line)
{

	sched_fail("panic: %s", line);
}

int
hyp_module_open(const char *path, void **handle, char *why, size_t len)
{

	(void)path;
	*handle = NULL;
	snprintf(why, len, "no modules here");
	return 8;
}

const void *
hyp_module_symbol(void *handle, const char *name)
{

	(void)handle;
	(void)name;
	return NULL;
}

void
hyp_module_close(void *handle)
{

	(void)handle;
}

/* Nothing starts a trace here. */
void
hyp_trace(const struct hyp_trace *ht)
{

	sched_fail("hyp_trace of %s", ht->ht_event);
}

/* ---- h_test.h ------------------------------------------------------- */

void
t_fail(const char *file, int line, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	sched_fail("%s:%d: %s", file, line, text);
}

void
t_fail_eq(const char *file, int line, const char *a, long long av,
    const char *b, long long bv)
{

	sched_fail("%s:%d: %s is %lld, %s is %lld", file, line, a, av, b, bv);
}

void
t_until(int (*func)(void *), void *arg, const char *what)
{

	for (int i = 0; !func(arg); i++) {
		if (i == 1000)
			sched_fail("%s does not hold", what);
		sched_point("until", what, "");
	}
}
