/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/queue.h - intrusive lists, queue(3): LIST, SIMPLEQ, TAILQ.
 */
#ifndef _SYS_QUEUE_H_
#define _SYS_QUEUE_H_

/* LIST: head is one pointer, remove in constant time. */
#define	LIST_HEAD(name, type)	struct name { struct type *lh_first; }
#define	LIST_HEAD_INITIALIZER(h)	{ NULL }
#define	LIST_ENTRY(type)	struct { struct type *le_next, **le_prev; }
#define	LIST_INIT(h)		((h)->lh_first = NULL)
#define	LIST_EMPTY(h)		((h)->lh_first == NULL)
#define	LIST_FIRST(h)		((h)->lh_first)
#define	LIST_NEXT(e, f)		((e)->f.le_next)
#define	LIST_INSERT_HEAD(h, e, f) do {					\
	(e)->f.le_next = (h)->lh_first;					\
	if ((e)->f.le_next != NULL)					\
		(e)->f.le_next->f.le_prev = &(e)->f.le_next;		\
	(h)->lh_first = (e);						\
	(e)->f.le_prev = &(h)->lh_first;				\
} while (0)
#define	LIST_REMOVE(e, f) do {						\
	*(e)->f.le_prev = (e)->f.le_next;				\
	if ((e)->f.le_next != NULL)					\
		(e)->f.le_next->f.le_prev = (e)->f.le_prev;		\
} while (0)
#define	LIST_FOREACH(v, h, f)						\
	for ((v) = (h)->lh_first; (v) != NULL; (v) = (v)->f.le_next)
#define	LIST_FOREACH_SAFE(v, h, f, t)					\
	for ((v) = (h)->lh_first;					\
	    (v) != NULL && ((t) = (v)->f.le_next, 1); (v) = (t))

/* TAILQ: both ends, remove in constant time. */
#define	TAILQ_HEAD(name, type)						\
	struct name { struct type *tqh_first, **tqh_last; }
#define	TAILQ_HEAD_INITIALIZER(h)	{ NULL, &(h).tqh_first }
#define	TAILQ_ENTRY(type)	struct { struct type *tqe_next, **tqe_prev; }
#define	TAILQ_INIT(h) do {						\
	(h)->tqh_first = NULL;						\
	(h)->tqh_last = &(h)->tqh_first;				\
} while (0)
#define	TAILQ_EMPTY(h)		((h)->tqh_first == NULL)
#define	TAILQ_FIRST(h)		((h)->tqh_first)
#define	TAILQ_NEXT(e, f)	((e)->f.tqe_next)
#define	TAILQ_INSERT_HEAD(h, e, f) do {					\
	(e)->f.tqe_next = (h)->tqh_first;				\
	if ((e)->f.tqe_next != NULL)					\
		(e)->f.tqe_next->f.tqe_prev = &(e)->f.tqe_next;		\
	else								\
		(h)->tqh_last = &(e)->f.tqe_next;			\
	(h)->tqh_first = (e);						\
	(e)->f.tqe_prev = &(h)->tqh_first;				\
} while (0)
#define	TAILQ_INSERT_TAIL(h, e, f) do {					\
	(e)->f.tqe_next = NULL;						\
	(e)->f.tqe_prev = (h)->tqh_last;				\
	*(h)->tqh_last = (e);						\
	(h)->tqh_last = &(e)->f.tqe_next;				\
} while (0)
#define	TAILQ_INSERT_BEFORE(l, e, f) do {				\
	(e)->f.tqe_prev = (l)->f.tqe_prev;				\
	(e)->f.tqe_next = (l);						\
	*(l)->f.tqe_prev = (e);						\
	(l)->f.tqe_prev = &(e)->f.tqe_next;				\
} while (0)
#define	TAILQ_REMOVE(h, e, f) do {					\
	if ((e)->f.tqe_next != NULL)					\
		(e)->f.tqe_next->f.tqe_prev = (e)->f.tqe_prev;		\
	else								\
		(h)->tqh_last = (e)->f.tqe_prev;			\
	*(e)->f.tqe_prev = (e)->f.tqe_next;				\
} while (0)
#define	TAILQ_FOREACH(v, h, f)						\
	for ((v) = (h)->tqh_first; (v) != NULL; (v) = (v)->f.tqe_next)
#define	TAILQ_LAST(h, headname)						\
	(*((struct headname *)(void *)(h)->tqh_last)->tqh_last)
#define	TAILQ_PREV(e, headname, f)					\
	(*((struct headname *)(void *)(e)->f.tqe_prev)->tqh_last)
#define	TAILQ_FOREACH_REVERSE(v, h, headname, f)			\
	for ((v) = TAILQ_LAST(h, headname); (v) != NULL;		\
	    (v) = TAILQ_PREV(v, headname, f))
#define	TAILQ_FOREACH_SAFE(v, h, f, t)					\
	for ((v) = (h)->tqh_first;					\
	    (v) != NULL && ((t) = (v)->f.tqe_next, 1); (v) = (t))

/* SIMPLEQ: in at the tail, out at the head. */
#define	SIMPLEQ_HEAD(name, type)					\
	struct name { struct type *sqh_first, **sqh_last; }
#define	SIMPLEQ_HEAD_INITIALIZER(h)	{ NULL, &(h).sqh_first }
#define	SIMPLEQ_ENTRY(type)	struct { struct type *sqe_next; }
#define	SIMPLEQ_INIT(h) do {						\
	(h)->sqh_first = NULL;						\
	(h)->sqh_last = &(h)->sqh_first;				\
} while (0)
#define	SIMPLEQ_EMPTY(h)	((h)->sqh_first == NULL)
#define	SIMPLEQ_FIRST(h)	((h)->sqh_first)
#define	SIMPLEQ_NEXT(e, f)	((e)->f.sqe_next)
#define	SIMPLEQ_INSERT_HEAD(h, e, f) do {				\
	if (((e)->f.sqe_next = (h)->sqh_first) == NULL)			\
		(h)->sqh_last = &(e)->f.sqe_next;			\
	(h)->sqh_first = (e);						\
} while (0)
#define	SIMPLEQ_INSERT_TAIL(h, e, f) do {				\
	(e)->f.sqe_next = NULL;						\
	*(h)->sqh_last = (e);						\
	(h)->sqh_last = &(e)->f.sqe_next;				\
} while (0)
#define	SIMPLEQ_REMOVE_HEAD(h, f) do {					\
	if (((h)->sqh_first = (h)->sqh_first->f.sqe_next) == NULL)	\
		(h)->sqh_last = &(h)->sqh_first;			\
} while (0)
#define	SIMPLEQ_FOREACH(v, h, f)					\
	for ((v) = (h)->sqh_first; (v) != NULL; (v) = (v)->f.sqe_next)

#endif /* _SYS_QUEUE_H_ */
