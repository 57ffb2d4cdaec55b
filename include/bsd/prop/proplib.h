/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prop/proplib.h - proplib(3)'s dictionaries, as far as drivers keep facts of a
 * device in one (device_properties): keys with a number, a truth or a text.
 *
 * A function may be called from any thread; none sleeps but for memory.  All
 * that set or get answer false for what they could not.  A number can be got as
 * any type that it fits into.  There are no arrays, no dictionaries in
 * dictionaries, and nothing of a dictionary goes to a client.
 */
#ifndef _PROP_PROPLIB_H_
#define _PROP_PROPLIB_H_

#include <sys/mutex.h>
#include <sys/queue.h>
#include <sys/types.h>

struct prop_entry;
struct prop_dictionary {
	kmutex_t	pd_lock;
	LIST_HEAD(, prop_entry) pd_entries;	/* pd_lock */
	u_int		pd_count;		/* pd_lock */
};
typedef struct prop_dictionary *prop_dictionary_t;

prop_dictionary_t prop_dictionary_create(void);
void	prop_object_release(prop_dictionary_t);
u_int	prop_dictionary_count(prop_dictionary_t);
void	prop_dictionary_remove(prop_dictionary_t, const char *);

bool	prop_dictionary_set_bool(prop_dictionary_t, const char *, bool);
bool	prop_dictionary_set_int64(prop_dictionary_t, const char *, int64_t);
bool	prop_dictionary_set_uint64(prop_dictionary_t, const char *, uint64_t);
bool	prop_dictionary_set_string(prop_dictionary_t, const char *,
	    const char *);
#define	prop_dictionary_set_int8	prop_dictionary_set_int64
#define	prop_dictionary_set_int16	prop_dictionary_set_int64
#define	prop_dictionary_set_int32	prop_dictionary_set_int64
#define	prop_dictionary_set_int		prop_dictionary_set_int64
#define	prop_dictionary_set_uint8	prop_dictionary_set_uint64
#define	prop_dictionary_set_uint16	prop_dictionary_set_uint64
#define	prop_dictionary_set_uint32	prop_dictionary_set_uint64
#define	prop_dictionary_set_uint	prop_dictionary_set_uint64
#define	prop_dictionary_set_cstring	prop_dictionary_set_string

bool	prop_dictionary_get_bool(prop_dictionary_t, const char *, bool *);
bool	prop_dictionary_get_int8(prop_dictionary_t, const char *, int8_t *);
bool	prop_dictionary_get_int16(prop_dictionary_t, const char *, int16_t *);
bool	prop_dictionary_get_int32(prop_dictionary_t, const char *, int32_t *);
bool	prop_dictionary_get_int64(prop_dictionary_t, const char *, int64_t *);
bool	prop_dictionary_get_uint8(prop_dictionary_t, const char *, uint8_t *);
bool	prop_dictionary_get_uint16(prop_dictionary_t, const char *,
	    uint16_t *);
bool	prop_dictionary_get_uint32(prop_dictionary_t, const char *,
	    uint32_t *);
bool	prop_dictionary_get_uint64(prop_dictionary_t, const char *,
	    uint64_t *);
#define	prop_dictionary_get_int		prop_dictionary_get_int32
#define	prop_dictionary_get_uint	prop_dictionary_get_uint32
/* The text stays as long as its key is not set again or removed. */
bool	prop_dictionary_get_string(prop_dictionary_t, const char *,
	    const char **);

/* For who has a dictionary in another structure: device_properties. */
void	prop_dictionary_init(prop_dictionary_t);
void	prop_dictionary_fini(prop_dictionary_t);

#endif /* _PROP_PROPLIB_H_ */
