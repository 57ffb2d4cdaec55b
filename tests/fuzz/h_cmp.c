/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_cmp.c - what libFuzzer need not be told.
 *
 * It is called at each comparison, to learn what an input would have to hold
 * (-fsanitize-coverage=trace-cmp).  Most are those of a pointer or an error
 * with 0, which teach nothing, and took a sixth of all time.  The linker gives
 * them to these functions (--wrap), which leave no frame behind: the call's
 * address is what libFuzzer knows a comparison by.
 */
#include <stdint.h>

#define	NOT_OF_ZERO(name, type)						\
	void	__real_##name(type, type);				\
	void	__wrap_##name(type, type);				\
	__attribute__((__no_sanitize__("address", "undefined",		\
	    "coverage"))) void						\
	__wrap_##name(type constant, type value)			\
	{								\
		if (constant != 0)					\
			__attribute__((__musttail__))			\
			    return __real_##name(constant, value);	\
	}

NOT_OF_ZERO(__sanitizer_cov_trace_const_cmp1, uint8_t)
NOT_OF_ZERO(__sanitizer_cov_trace_const_cmp4, uint32_t)
NOT_OF_ZERO(__sanitizer_cov_trace_const_cmp8, uint64_t)
