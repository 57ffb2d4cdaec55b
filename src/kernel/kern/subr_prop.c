/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subr_prop.c - dictionaries of proplib(3); see prop/proplib.h.
 *
 * A list of entries, each with its key behind it; a device has a handful.
 *
 * Locks: pd_lock of each, a leaf but for memory.
 */
#include <sys/kmem.h>
#include <sys/systm.h>

#include <prop/proplib.h>

enum prop_type { PROP_BOOL, PROP_INT, PROP_UINT, PROP_STRING };

struct prop_entry {
	LIST_ENTRY(prop_entry) pe_entry;
	enum prop_type	 pe_type;
	uint64_t	 pe_number;	/* of PROP_INT: an int64_t's bits */
	char		*pe_text;	/* kmem_strfree */
	char		*pe_key;	/* same */
};

void
prop_dictionary_init(prop_dictionary_t pd)
{

	mutex_init(&pd->pd_lock, MUTEX_DEFAULT, IPL_NONE);
	LIST_INIT(&pd->pd_entries);
	pd->pd_count = 0;
}

/* pd_lock held, or nobody else has pd. */
static void
prop_drop(prop_dictionary_t pd, struct prop_entry *pe)
{

	LIST_REMOVE(pe, pe_entry);
	pd->pd_count--;
	if (pe->pe_text != NULL)
		kmem_strfree(pe->pe_text);
	kmem_strfree(pe->pe_key);
	kmem_free(pe, sizeof(*pe));
}

void
prop_dictionary_fini(prop_dictionary_t pd)
{
	struct prop_entry *pe;

	while ((pe = LIST_FIRST(&pd->pd_entries)) != NULL)
		prop_drop(pd, pe);
	mutex_destroy(&pd->pd_lock);
}

/*
 * pd = prop_dictionary_create()
 * prop_object_release(pd)
 *
 *	An empty one, and its end.  The first sleeps for memory.
 */
prop_dictionary_t
prop_dictionary_create(void)
{
	prop_dictionary_t pd = kmem_alloc(sizeof(*pd), KM_SLEEP);

	prop_dictionary_init(pd);
	return pd;
}

void
prop_object_release(prop_dictionary_t pd)
{

	prop_dictionary_fini(pd);
	kmem_free(pd, sizeof(*pd));
}

u_int
prop_dictionary_count(prop_dictionary_t pd)
{
	u_int n;

	mutex_enter(&pd->pd_lock);
	n = pd->pd_count;
	mutex_exit(&pd->pd_lock);
	return n;
}

/* pd_lock held. */
static struct prop_entry *
prop_find(prop_dictionary_t pd, const char *key)
{
	struct prop_entry *pe;

	LIST_FOREACH(pe, &pd->pd_entries, pe_entry) {
		if (strcmp(pe->pe_key, key) == 0)
			return pe;
	}
	return NULL;
}

/*
 * prop_dictionary_remove(pd, key)
 *
 *	Nothing if it is not there.
 */
void
prop_dictionary_remove(prop_dictionary_t pd, const char *key)
{
	struct prop_entry *pe;

	mutex_enter(&pd->pd_lock);
	if ((pe = prop_find(pd, key)) != NULL)
		prop_drop(pd, pe);
	mutex_exit(&pd->pd_lock);
}

/* ---- set ------------------------------------------------------------- */

/* The key has this value, whatever it had. */
static bool
prop_set(prop_dictionary_t pd, const char *key, enum prop_type type,
    uint64_t number, const char *text)
{
	struct prop_entry *const pe = kmem_zalloc(sizeof(*pe), KM_SLEEP);
	struct prop_entry *old;

	pe->pe_type = type;
	pe->pe_number = number;
	if (text != NULL)
		pe->pe_text = kmem_asprintf("%s", text);
	pe->pe_key = kmem_asprintf("%s", key);
	mutex_enter(&pd->pd_lock);
	if ((old = prop_find(pd, key)) != NULL)
		prop_drop(pd, old);
	LIST_INSERT_HEAD(&pd->pd_entries, pe, pe_entry);
	pd->pd_count++;
	mutex_exit(&pd->pd_lock);
	return true;
}

bool
prop_dictionary_set_bool(prop_dictionary_t pd, const char *key, bool value)
{

	return prop_set(pd, key, PROP_BOOL, value, NULL);
}

bool
prop_dictionary_set_int64(prop_dictionary_t pd, const char *key, int64_t value)
{

	return prop_set(pd, key, PROP_INT, (uint64_t)value, NULL);
}

bool
prop_dictionary_set_uint64(prop_dictionary_t pd, const char *key,
    uint64_t value)
{

	return prop_set(pd, key, PROP_UINT, value, NULL);
}

bool
prop_dictionary_set_string(prop_dictionary_t pd, const char *key,
    const char *text)
{

	return prop_set(pd, key, PROP_STRING, 0, text);
}

/* ---- get ------------------------------------------------------------- */

bool
prop_dictionary_get_bool(prop_dictionary_t pd, const char *key, bool *value)
{
	struct prop_entry *pe;
	bool found;

	mutex_enter(&pd->pd_lock);
	pe = prop_find(pd, key);
	found = pe != NULL && pe->pe_type == PROP_BOOL;
	if (found)
		*value = pe->pe_number != 0;
	mutex_exit(&pd->pd_lock);
	return found;
}

bool
prop_dictionary_get_string(prop_dictionary_t pd, const char *key,
    const char **text)
{
	struct prop_entry *pe;
	bool found;

	mutex_enter(&pd->pd_lock);
	pe = prop_find(pd, key);
	found = pe != NULL && pe->pe_type == PROP_STRING;
	if (found)
		*text = pe->pe_text;
	mutex_exit(&pd->pd_lock);
	return found;
}

/* A number, which is below 0 if *negative. */
static bool
prop_number(prop_dictionary_t pd, const char *key, uint64_t *number,
    bool *negative)
{
	struct prop_entry *pe;
	bool found;

	mutex_enter(&pd->pd_lock);
	pe = prop_find(pd, key);
	found = pe != NULL &&
	    (pe->pe_type == PROP_INT || pe->pe_type == PROP_UINT);
	if (found) {
		*number = pe->pe_number;
		*negative = pe->pe_type == PROP_INT &&
		    (int64_t)pe->pe_number < 0;
	}
	mutex_exit(&pd->pd_lock);
	return found;
}

#define	PROP_GET_INT(name, type, lowest, highest)			\
bool									\
prop_dictionary_get_##name(prop_dictionary_t pd, const char *key,	\
    type *value)							\
{									\
	uint64_t n;							\
	bool negative;							\
									\
	if (!prop_number(pd, key, &n, &negative) ||			\
	    (negative ? (int64_t)n < (lowest) : n > (uint64_t)(highest))) \
		return false;						\
	*value = (type)n;						\
	return true;							\
}

PROP_GET_INT(int8, int8_t, INT8_MIN, INT8_MAX)
PROP_GET_INT(int16, int16_t, INT16_MIN, INT16_MAX)
PROP_GET_INT(int32, int32_t, INT32_MIN, INT32_MAX)
PROP_GET_INT(int64, int64_t, INT64_MIN, INT64_MAX)
PROP_GET_INT(uint8, uint8_t, 0, UINT8_MAX)
PROP_GET_INT(uint16, uint16_t, 0, UINT16_MAX)
PROP_GET_INT(uint32, uint32_t, 0, UINT32_MAX)
PROP_GET_INT(uint64, uint64_t, 0, UINT64_MAX)
