/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_abi.c - K: uhid(4)'s interface as its driver has it.
 */
#include <sys/types.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbhid.h>

#include "uhidctl/h_abi.h"

const struct h_abi h_abi_commands[] = {
	H_ABI_COMMANDS(H_ABI_VALUE)
	H_ABI_END
};

const struct h_abi h_abi_numbers[] = {
	H_ABI_NUMBERS(H_ABI_VALUE, H_ABI_SIZE, H_ABI_FIELD)
	H_ABI_END
};
