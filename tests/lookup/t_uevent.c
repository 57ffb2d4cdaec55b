/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_uevent.c - what a preloaded program reads in the place of a HID's uevent
 * file is what usbhid and hid-core write there (Linux 6.1's; the sample is a
 * real one), and a device's strings stay in their lines.
 */
#include <stdlib.h>
#include <string.h>

#include "h_test.h"
#include "lookup/lookup.h"

/* In the order of keys[]; NULL: the device has none. */
struct device {
	const char *d_values[5];
};

static const char *const keys[] = {
	"idVendor", "idProduct", "manufacturer", "product", "serial",
};

static const char *
get(void *arg, const char *key)
{
	const struct device *d = arg;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(key, keys[i]) == 0)
			return d->d_values[i];
	}
	t_fail(__FILE__, __LINE__, "asked for %s", key);
	return NULL;
}

static void
is(struct device d, const char *wanted)
{
	char *text = lookup_uevent(get, &d);

	if (wanted == NULL)
		T_CHECK(text == NULL);
	else if (text == NULL || strcmp(text, wanted) != 0)
		t_fail(__FILE__, __LINE__, "it is:\n%s", text);
	free(text);
}

static void
test_real(void)
{

	is((struct device){ { "1050", "0407", "Yubico", "YubiKey OTP+FIDO+CCID",
	    NULL } }, "HID_ID=0003:00001050:00000407\n"
	    "HID_NAME=Yubico YubiKey OTP+FIDO+CCID\nHID_UNIQ=\n");
	is((struct device){ { "046d", "c52b", NULL, "Receiver", "42" } },
	    "HID_ID=0003:0000046D:0000C52B\nHID_NAME=Receiver\nHID_UNIQ=42\n");
}

static void
test_nameless(void)
{

	is((struct device){ { "1d6b", "0107", NULL, NULL, NULL } },
	    "HID_ID=0003:00001D6B:00000107\nHID_NAME=HID 1d6b:0107\n"
	    "HID_UNIQ=\n");
}

static void
test_hostile(void)
{

	is((struct device){ { "0001", "0002", "a\nHID_ID=0003:1:1", "\x1b[2J",
	    "b\nc\r" } }, "HID_ID=0003:00000001:00000002\n"
	    "HID_NAME=a?HID_ID=0003:1:1 ?[2J\nHID_UNIQ=b?c?\n");
	is((struct device){ { "0001", "0002", "\xc3\xa4", "", "\xff" } },
	    "HID_ID=0003:00000001:00000002\nHID_NAME=\xc3\xa4 \n"
	    "HID_UNIQ=\xff\n");
}

static void
test_numberless(void)
{

	is((struct device){ { NULL, "0002", "a", "b", "c" } }, NULL);
	is((struct device){ { "0001", NULL, "a", "b", "c" } }, NULL);
	is((struct device){ { "", "0002", "a", "b", "c" } }, NULL);
	is((struct device){ { "10000", "0002", "a", "b", "c" } }, NULL);
	is((struct device){ { "-1", "0002", "a", "b", "c" } }, NULL);
	is((struct device){ { "12x", "0002", "a", "b", "c" } }, NULL);
}

const struct t_case t_cases[] = {
	{ "as the kernel writes it", test_real },
	{ "a device without strings has its numbers", test_nameless },
	{ "no string of a device makes a line", test_hostile },
	{ "without numbers it is nothing", test_numberless },
	{ NULL, NULL },
};
