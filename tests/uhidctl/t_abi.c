/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_abi.c - H: is <devsw/uhid.h>, which programs include, what the driver
 * has?
 */
#undef NDEBUG
#include <string.h>

#include <devsw/uhid.h>

#include "h_test.h"
#include "uhidctl/h_abi.h"

static const struct h_abi commands[] = {
	H_ABI_COMMANDS(H_ABI_VALUE)
	H_ABI_END
};

static const struct h_abi numbers[] = {
	H_ABI_NUMBERS(H_ABI_VALUE, H_ABI_SIZE, H_ABI_FIELD)
	H_ABI_END
};

/* BSD's direction, 1 none, 2 out, 4 in, in Linux's bits: 2 out, 1 in. */
static uint32_t
as_linux(uint32_t bsd)
{
	const uint32_t dir = bsd >> 29;

	return ((dir & 2 ? 2U : 0) | (dir & 4 ? 1U : 0)) << 30 |
	    (bsd & 0x1fffffff);
}

static void
t_commands(void)
{
	for (size_t i = 0; commands[i].a_name != NULL; i++) {
		if (commands[i].a_value == as_linux(h_abi_commands[i].a_value))
			continue;
		t_fail(__FILE__, __LINE__, "%s is %#x here, %#x there",
		    commands[i].a_name, commands[i].a_value,
		    h_abi_commands[i].a_value);
	}
}

static void
t_numbers(void)
{
	for (size_t i = 0; numbers[i].a_name != NULL; i++) {
		T_CHECK(strcmp(numbers[i].a_name, h_abi_numbers[i].a_name) ==
		    0);
		if (numbers[i].a_value == h_abi_numbers[i].a_value)
			continue;
		t_fail(__FILE__, __LINE__, "%s is %u here, %u there",
		    numbers[i].a_name, numbers[i].a_value,
		    h_abi_numbers[i].a_value);
	}
}

/* Programs are compiled with them, so they never change. */
static void
t_fixed(void)
{
	T_EQ(USB_GET_REPORT_DESC, 0x84045515);
	T_EQ(USB_SET_IMMED, 0x40045516);
	T_EQ(USB_GET_REPORT, 0xc4045517);
	T_EQ(USB_SET_REPORT, 0x44045518);
	T_EQ(USB_GET_REPORT_ID, 0x80045519);
	T_EQ(USB_GET_DEVICE_DESC, 0x80125569);
	T_EQ(USB_GET_STRING_DESC, 0xc108556e);
	T_EQ(USB_GET_DEVICEINFO, 0x84f05570);
	T_EQ(USB_HID_GET_RAW, 0x80046801);
	T_EQ(USB_HID_SET_RAW, 0x40046802);
}

const struct t_case t_cases[] = {
	{ "commands differ in the direction bits only", t_commands },
	{ "structures have the driver's layout", t_numbers },
	{ "the numbers are those of yesterday", t_fixed },
	{ NULL, NULL }
};
