/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fuzz.h - between a fuzz target and what runs it, for K and H code alike.
 *
 * A target is a file f_NAME.c, which defines the two functions of the first
 * part.  It is built twice: as t_fuzz_NAME, with h_replay.c, for the tests; and
 * as fuzz_NAME, with libFuzzer, where the compiler is clang (tools/fuzz).
 *
 * What is wrong with an input ends the process: a sanitizer says so, an
 * assertion, or FUZZ_PROMISE.
 */
#ifndef TESTS_FUZZ_H_FUZZ_H
#define TESTS_FUZZ_H_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* ---- the target's --------------------------------------------------- */

/* One execution, which leaves nothing behind; 0. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* fuzz_seed for each input that is worth beginning with. */
void	fuzz_seeds(void);

/* ---- for the target ------------------------------------------------- */

void	fuzz_seed(const char *, const void *, size_t);

/* A promise that this input has broken. */
_Noreturn void fuzz_broken(const char *, int, const char *);
#define	FUZZ_PROMISE(e)							\
	((e) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #e))

/*
 * What is left of the input, taken from its beginning.  There is no end: then
 * it is zeros, and fuzz_left is 0.
 */
struct fuzz {
	const uint8_t	*f_at;
	size_t		 f_left;
};
static inline struct fuzz
fuzz_begin(const uint8_t *bytes, size_t n)
{

	return (struct fuzz){ bytes, n };
}
size_t	fuzz_bytes(struct fuzz *, void *, size_t);	/* how many there were */
uint8_t	fuzz_u8(struct fuzz *);
uint16_t fuzz_u16(struct fuzz *);
uint32_t fuzz_u32(struct fuzz *);
uint64_t fuzz_u64(struct fuzz *);
/* The next n bytes, or what is left, as an input of its own. */
struct fuzz fuzz_part(struct fuzz *, size_t);

/* ---- for what runs it ----------------------------------------------- */

/* Where fuzz_seed's go. */
extern void (*fuzz_sink)(const char *, const void *, size_t);

#endif /* TESTS_FUZZ_H_FUZZ_H */
