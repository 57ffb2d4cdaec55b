/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_specfs.c - see h_specfs.h.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/kmem.h>
#include <sys/systm.h>

#include <miscfs/specfs/specdev.h>

#include "h_test.h"
#include "specfs/h_node.h"
#include "specfs/h_specfs.h"
#include "specfs/specfs_impl.h"

void
h_specfs_up(void)
{

	h_node_reset();
	kern_init();
	config_init();
	devsw_init();
	spec_init();
	spec_makedev_init();
	config_set_attach_hooks(spec_makedev_hook, spec_makedev_attached);
}

static int
no_memory(void *arg __unused)
{
	u_int pieces;

	return kmem_inuse(&pieces) == 0;
}

void
h_specfs_down(const char *const *names)
{
	struct hyp_node *hn;

	for (; *names != NULL; names++) {
		if ((hn = h_node_find(*names)) != NULL)
			kmem_free(hn, sizeof(*hn));
	}
	kern_fini();
	T_UNTIL(no_memory, NULL);
}
