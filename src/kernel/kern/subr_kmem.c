/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_kmem.c - kmem(9) over hyp_alloc, with a count of what is in use, so
 * that a test can tell a leak.
 *
 * The count has a cache line for each CPU, as every open and every transfer
 * allocates.  What is allocated on one and freed on another CPU leaves the one
 * too high and the other too low; only the sum means something.
 */
#include <sys/atomic.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <hyp/hyp.h>

#define	KMEM_LINE	64
#define	KMEM_CPUS	64

static struct kmem_count {
	size_t	kc_bytes;		/* atomic; wraps */
	u_int	kc_pieces;		/* atomic; wraps */
} __aligned(KMEM_LINE) kmem_counts[KMEM_CPUS];

static struct kmem_count *
kmem_count(void)
{

	return &kmem_counts[hyp_cpu() % KMEM_CPUS];
}

/*
 * p = kmem_alloc(size, flags)
 *
 *	size bytes, not 0, zeroed.  KM_SLEEP: never NULL.
 */
void *
kmem_alloc(size_t size, km_flag_t flags)
{
	struct kmem_count *const kc = kmem_count();
	void *p;

	KASSERT(size > 0);
	if ((p = hyp_alloc(size)) == NULL) {
		if (flags & KM_SLEEP)
			panic("out of memory (%zu bytes)", size);
		return NULL;
	}
	__atomic_add_fetch(&kc->kc_bytes, size, __ATOMIC_RELAXED);
	__atomic_add_fetch(&kc->kc_pieces, 1, __ATOMIC_RELAXED);
	return p;
}

void *
kmem_zalloc(size_t size, km_flag_t flags)
{

	return kmem_alloc(size, flags);
}

/*
 * kmem_free(p, size)
 *
 *	size is what was asked for.
 */
void
kmem_free(void *p, size_t size)
{
	struct kmem_count *const kc = kmem_count();

	KASSERT(p != NULL);
	KASSERT(size > 0);
	LOCKDEBUG_MEM_CHECK(p, size);
	/* Who sees all freed also sees all that was done before. */
	__atomic_sub_fetch(&kc->kc_pieces, 1, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&kc->kc_bytes, size, __ATOMIC_RELEASE);
	hyp_free(p, size);
}

/*
 * s = kmem_asprintf(fmt, ...)
 *
 *	A new string; kmem_strfree gives it back.
 */
char *
kmem_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = kmem_alloc((size_t)n + 1, KM_SLEEP);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

void
kmem_strfree(char *s)
{

	if (s != NULL)
		kmem_free(s, strlen(s) + 1);
}

/*
 * bytes = kmem_inuse(&pieces)
 *
 *	Not exact while others allocate and free.
 */
size_t
kmem_inuse(u_int *pieces)
{
	size_t bytes = 0;

	*pieces = 0;
	for (u_int i = 0; i < KMEM_CPUS; i++) {
		*pieces += __atomic_load_n(&kmem_counts[i].kc_pieces,
		    __ATOMIC_ACQUIRE);
		bytes += __atomic_load_n(&kmem_counts[i].kc_bytes,
		    __ATOMIC_ACQUIRE);
	}
	return bytes;
}

/* The up-call; contract in hyp.h. */
uint64_t
hyp_memory(uint32_t *pieces)
{

	return kmem_inuse(pieces);
}
