/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_fail_node.c - the hypercalls of hyp_node.h that may fail; see h_fail.h.
 */
#include <errno.h>
#include <stddef.h>

#include "hyp/hyp_node.h"
#include "torture/h_fail.h"

int	__wrap_hyp_node_create(struct hyp_node *, const char *, int, uint32_t,
	    void **);
int	__real_hyp_node_create(struct hyp_node *, const char *, int, uint32_t,
	    void **);
int	__wrap_hyp_node_access(void *, const struct hyp_cred *, int);
int	__real_hyp_node_access(void *, const struct hyp_cred *, int);

int
__wrap_hyp_node_create(struct hyp_node *node, const char *name, int class,
    uint32_t devminor, void **hostp)
{
	static const int errors[] = { ENOMEM, EEXIST, ENODEV };
	const int which = FAIL_HERE("hyp_node_create", FAIL_CALLS, 3);

	return which >= 0 ? errors[which] :
	    __real_hyp_node_create(node, name, class, devminor, hostp);
}

int
__wrap_hyp_node_access(void *host, const struct hyp_cred *hc, int flags)
{
	static const int errors[] = { EACCES, ENOENT };
	const int which = FAIL_HERE("hyp_node_access", FAIL_CALLS, 2);

	return which >= 0 ? errors[which] :
	    __real_hyp_node_access(host, hc, flags);
}
