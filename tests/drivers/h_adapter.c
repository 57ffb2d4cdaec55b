/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_adapter.c - see h_adapter.h.
 */
#include "drivers/h_adapter.h"
#include "drivers/h_sleep.h"

static size_t memory;

struct vusb *
h_adapter(const struct vusb_config *vc)
{
	struct vusb *v = vusb_create("adapter", vc);

	T_CHECK(v != NULL);
	return v;
}

void
h_remove(struct vusb *v)
{

	s_unplug(v);
	s_settle(memory);
	vusb_destroy(v);
}

/*
 * Before each case: take away what a failed one left, and learn once what K
 * keeps for ever (nodes, tables of units).
 */
void
h_begin(void)
{
	static const struct vusb_config models[] = {
		{ .vc_model = VUSB_FTDI }, { .vc_model = VUSB_ACM },
		{ .vc_model = VUSB_CH34X }, { .vc_model = VUSB_CP210X },
		{ .vc_model = VUSB_PL2303 }
	};
	struct vusb *v;
	unsigned i;

	s_boot();
	if ((v = vusb_lookup("adapter")) != NULL) {
		for (i = 0; i < VUSB_NKINDS; i++)
			vusb_fault(v, i, VUSB_FAULT_NONE, 0, 0);
		s_unplug(v);
		vusb_destroy(v);
		memory = 0;	/* its files are still open */
	}
	if (memory != 0)
		return;
	for (i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		v = h_adapter(&models[i]);
		s_plug(v, "ttyU0");
		memory = h_memory();
		s_unplug(v);
		s_settle(memory / 2);	/* the tty's queues are most of it */
		vusb_destroy(v);
	}
	memory = h_memory();
}

struct vusb *
h_ftdi(void)
{
	const struct vusb_config vc = { .vc_model = VUSB_FTDI };
	struct vusb *v;

	h_begin();
	v = h_adapter(&vc);
	s_plug(v, "ttyU0");
	return v;
}

struct vusb *
h_acm(void)
{
	const struct vusb_config vc = { .vc_model = VUSB_ACM };
	struct vusb *v;

	h_begin();
	v = h_adapter(&vc);
	s_plug(v, "ttyU0");
	return v;
}

void
h_forget_memory(void)
{

	memory = 0;
}

struct vusb_status
h_status(struct vusb *v)
{
	struct vusb_status vs;

	vusb_get_status(v, 0, &vs);
	return vs;
}

void
h_open_raw(struct s_file *sf, unsigned baud)
{

	T_EQ(s_open("ttyU0", S_RDWR | HYP_F_NONBLOCK, sf), 0);
	T_EQ(s_raw(sf, baud, 8, 0), 0);
}
