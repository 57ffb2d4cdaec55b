/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_test.h - the test harness, for K and H code alike.
 *
 * A test program defines t_cases[], ended by a NULL name, and links
 * h_test.c, which has main(): it runs the cases named on the command line,
 * or all, prints one TAP line for each and exits with 0, 1 if one failed,
 * or 77 if all were skipped.  A failed check ends its case (the thread that
 * runs it: checks in other threads use T_CHECK too and fail the case).
 */
#ifndef TESTS_H_TEST_H
#define TESTS_H_TEST_H

#include <stdint.h>

struct t_case {
	const char	*tc_name;	/* the rule that it proves */
	void		(*tc_func)(void);
};
extern const struct t_case t_cases[];

struct t_thread;

void	t_fail(const char *, int, const char *, ...)
	    __attribute__((__format__(__printf__, 3, 4)));
void	t_fail_eq(const char *, int, const char *, long long, const char *,
	    long long);
void	t_skip(const char *);
void	t_note(const char *, ...)
	    __attribute__((__format__(__printf__, 1, 2)));

#define	T_CHECK(e)							\
	((e) ? (void)0 : t_fail(__FILE__, __LINE__, "%s", #e))
#define	T_EQ(a, b) do {							\
	const long long t_a = (long long)(a), t_b = (long long)(b);	\
	if (t_a != t_b)							\
		t_fail_eq(__FILE__, __LINE__, #a, t_a, #b, t_b);	\
} while (0)

/* Threads; joining one twice or never fails the run under a sanitizer. */
struct t_thread *t_spawn(void (*)(void *), void *);
void	t_join(struct t_thread *);

/* Wait until func(arg) is true; fails the case after 20 s.  For "the other
   thread sleeps by now", never for "enough time has passed". */
void	t_until(int (*)(void *), void *, const char *);
#define	T_UNTIL(func, arg)	t_until((func), (arg), #func)

uint64_t t_now_ms(void);
void	t_msleep(unsigned);
uint32_t t_random(void);

#endif /* TESTS_H_TEST_H */
