/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_world.h - the hypercalls of hyp.h in one host thread and in no time, for
 * fuzz targets of the kernel side.
 *
 * Model
 *	All threads are fibers (sched/fiber.c) of the one that calls world_run.
 *	Another one goes on where one sleeps, and nowhere else; which of those
 *	that can is chosen by a number (world_seed).  Time stands still while
 *	anybody can go on, and jumps to the next deadline when nobody can: a
 *	deadline of five seconds costs a microsecond.  Threads stay from one
 *	world_run to the next, asleep.
 *
 *	What ends the process: a panic, every sleeper without a deadline (they
 *	would sleep for ever), an hour of this time in one execution, and a
 *	million sleeps in one.
 *
 * What may happen between two sleeps is not tried here; tests/sched does that.
 */
#ifndef TESTS_FUZZ_H_WORLD_H
#define TESTS_FUZZ_H_WORLD_H

#include <stddef.h>
#include <stdint.h>

/* Run func(arg) to its end, as a thread. */
void	world_run(void (*)(void *), void *);
/* Decides who goes on, from now on. */
void	world_seed(uint32_t);
/* Sleep so many ms; by a thread. */
void	world_sleep(unsigned);

#endif /* TESTS_FUZZ_H_WORLD_H */
