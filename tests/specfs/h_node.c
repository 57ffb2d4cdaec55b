/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_node.c - see h_node.h.
 */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h_mark.h"
#include "specfs/h_node.h"

#define	MAXNODES	512

struct entry {
	char		 e_name[32];
	uint32_t	 e_minor;
	struct hyp_node	*e_node;
};

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry table[MAXNODES];
static unsigned ntable;
static atomic_int access_error;
static atomic_uint access_calls;
static int (*access_func)(void);
static atomic_uint stuck_calls;
static atomic_uint changed_calls;
static atomic_int create_error;
static char state_name[24];
static char state[HYP_STATE_MAX];
static size_t state_len;
static int state_deaf;
static void *parked;
static char parked_name[24];
static size_t parked_len;

int
hyp_node_create(struct hyp_node *hn, const char *name, int class,
    uint32_t devminor, void **host)
{
	unsigned i;

	(void)class;
	if (create_error != 0)
		return create_error;
	pthread_mutex_lock(&table_lock);
	for (i = 0; i < ntable; i++) {
		if (strcmp(table[i].e_name, name) == 0) {
			pthread_mutex_unlock(&table_lock);
			return EEXIST;
		}
		assert(table[i].e_minor != devminor);
	}
	assert(ntable < MAXNODES);
	snprintf(table[i].e_name, sizeof(table[i].e_name), "%s", name);
	table[i].e_minor = devminor;
	table[i].e_node = hn;
	ntable++;
	*host = &table[i];
	pthread_mutex_unlock(&table_lock);
	return 0;
}

void
h_node_fail(int error)
{

	create_error = error;
}

int
hyp_node_access(void *host, const struct hyp_cred *hc, int flags)
{

	assert(host != NULL && hc != NULL);
	(void)flags;
	atomic_fetch_add(&access_calls, 1);
	if (access_func != NULL)
		return (*access_func)();
	return atomic_load(&access_error);
}

void
hyp_node_stuck(void *host)
{

	assert(host != NULL);
	atomic_fetch_add(&stuck_calls, 1);
}

void
hyp_node_changed(void *host)
{

	assert(host != NULL);
	atomic_fetch_add(&changed_calls, 1);
}

void
hyp_state_put(const char *name, const void *data, size_t len)
{

	assert(strlen(name) < sizeof(state_name) && len <= sizeof(state));
	pthread_mutex_lock(&table_lock);
	if (!state_deaf && (len != 0 || strcmp(state_name, name) == 0)) {
		strcpy(state_name, name);
		if (len != 0)
			memcpy(state, data, len);
		state_len = len;
	}
	pthread_mutex_unlock(&table_lock);
}

size_t
hyp_state_get(const char *name, void *data, size_t max)
{
	size_t len;

	pthread_mutex_lock(&table_lock);
	len = strcmp(state_name, name) == 0 && state_len <= max ? state_len : 0;
	memcpy(data, state, len);
	pthread_mutex_unlock(&table_lock);
	return len;
}

int
hyp_hand_put(const char *name, const void *data, size_t len)
{

	pthread_mutex_lock(&table_lock);
	free(parked);
	parked = malloc(len);
	assert(parked != NULL && strlen(name) < sizeof(parked_name));
	memcpy(parked, data, len);
	strcpy(parked_name, name);
	parked_len = len;
	pthread_mutex_unlock(&table_lock);
	return 0;
}

size_t
hyp_hand_get(const char *name, void *data, size_t max)
{
	size_t len;

	pthread_mutex_lock(&table_lock);
	len = strcmp(parked_name, name) == 0 ? parked_len : 0;
	if (len != 0 && len <= max)
		memcpy(data, parked, len);
	pthread_mutex_unlock(&table_lock);
	return len;
}

void *
h_parked(size_t *len)
{

	*len = parked_len;
	return parked_len != 0 ? parked : NULL;
}

void
h_parked_drop(void)
{

	pthread_mutex_lock(&table_lock);
	parked_len = 0;
	pthread_mutex_unlock(&table_lock);
}

void *
h_state(size_t *len)
{

	*len = state_len;
	return state_len != 0 ? state : NULL;
}

void
h_state_deaf(int deaf)
{

	pthread_mutex_lock(&table_lock);
	state_deaf = deaf;
	pthread_mutex_unlock(&table_lock);
}

void
hyp_file_closing(void *host)
{
	struct h_hostfile *hf = host;

	if (hf != NULL && hf->hf_closing != NULL)
		(*hf->hf_closing)(hf);
}

void
hyp_file_pollwake(void *host)
{
	struct h_hostfile *hf = host;

	if (hf != NULL)
		__atomic_add_fetch(&hf->hf_wakes, 1, __ATOMIC_SEQ_CST);
}

struct hyp_node *
h_node_find(const char *name)
{
	struct hyp_node *hn = NULL;

	pthread_mutex_lock(&table_lock);
	for (unsigned i = 0; i < ntable; i++) {
		if (strcmp(table[i].e_name, name) == 0)
			hn = table[i].e_node;
	}
	pthread_mutex_unlock(&table_lock);
	return hn;
}

unsigned
h_node_count(void)
{
	unsigned n;

	pthread_mutex_lock(&table_lock);
	n = ntable;
	pthread_mutex_unlock(&table_lock);
	return n;
}

void
h_node_reset(void)
{

	pthread_mutex_lock(&table_lock);
	ntable = 0;
	pthread_mutex_unlock(&table_lock);
	atomic_store(&access_error, 0);
	atomic_store(&access_calls, 0);
	access_func = NULL;
	atomic_store(&stuck_calls, 0);
	atomic_store(&changed_calls, 0);
}

void
h_node_access_set(int error)
{

	atomic_store(&access_error, error);
}

void
h_node_access_func(int (*func)(void))
{

	access_func = func;
}

unsigned
h_node_access_calls(void)
{

	return atomic_load(&access_calls);
}

struct hyp_lwp *
h_enter(uint32_t uid)
{
	const struct hyp_cred hc = { .hc_uid = uid, .hc_gid = uid };

	return hyp_lwp_enter(&hc);
}

void
h_exit(struct hyp_lwp *l)
{

	hyp_lwp_exit(l);
}

unsigned
h_node_changed_calls(void)
{

	return atomic_load(&changed_calls);
}

unsigned
h_node_stuck_calls(void)
{

	return atomic_load(&stuck_calls);
}

/* ---- clients -------------------------------------------------------- */

static void
ended(struct h_client *c)
{

	__atomic_add_fetch(&c->c_ended, 1, __ATOMIC_SEQ_CST);
}

void
h_open(void *arg)
{
	struct h_client *c = arg;
	struct hyp_lwp *l = h_enter(1000);

	T_BEGIN("open(2)");
	c->c_error = hyp_node_open(c->c_node, HYP_F_READ | HYP_F_WRITE,
	    &c->c_host, &c->c_file);
	T_END("open(2)", c->c_error);
	h_exit(l);
	ended(c);
}

void
h_read(void *arg)
{
	struct h_client *c = arg;
	struct hyp_lwp *l = h_enter(1000);
	char buf[16];

	T_BEGIN("read(2)");
	c->c_error = hyp_file_read(c->c_file, buf, sizeof(buf), 0,
	    &c->c_done);
	T_END("read(2)", c->c_error);
	h_exit(l);
	ended(c);
}

void
h_close(void *arg)
{
	struct h_client *c = arg;
	struct hyp_lwp *l = h_enter(1000);

	T_BEGIN("close(2)");
	hyp_file_close(c->c_file, 0);
	T_END("close(2)", 0);
	h_exit(l);
	ended(c);
}

int
h_write(struct h_client *c, size_t n)
{
	static const char bytes[16] = "abcdefghijklmnop";
	struct hyp_lwp *l = h_enter(1000);
	size_t done;
	int error;

	assert(n <= sizeof(bytes));
	T_BEGIN("write(2)");
	error = hyp_file_write(c->c_file, bytes, n, 0, &done);
	T_END("write(2)", error);
	assert(error != 0 || done == n);
	h_exit(l);
	return error;
}

int
h_ioctl(struct h_client *c)
{
	struct hyp_lwp *l = h_enter(1000);
	int32_t n;
	size_t size = sizeof(n);
	int error, result;

	T_BEGIN("ioctl(2)");
	error = hyp_file_ioctl(c->c_file, 0x541b, 0, NULL, 0, &n, &size,
	    &result);
	T_END("ioctl(2)", error);
	h_exit(l);
	return error;
}

uint32_t
h_poll(struct h_client *c, uint32_t events, int wait)
{
	struct hyp_lwp *l = h_enter(1000);
	uint32_t revents;

	T_BEGIN("poll(2)");
	revents = hyp_file_poll(c->c_file, events, wait);
	T_END("poll(2)", 0);
	h_exit(l);
	return revents;
}

int
h_revoke(struct hyp_node *hn)
{
	struct hyp_lwp *l = h_enter(0);
	int error;

	T_BEGIN("revoke(2)");
	error = hyp_node_revoke(hn);
	T_END("revoke(2)", error);
	h_exit(l);
	return error;
}

int
h_has_ended(void *arg)
{

	return __atomic_load_n((uint32_t *)arg, __ATOMIC_ACQUIRE) == 1;
}

int
h_in_driver(void *arg)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(arg, &hs);
	return hs.hs_calls > 0;
}

int
h_is_open(void *arg)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(arg, &hs);
	return hs.hs_opens > 0;
}
