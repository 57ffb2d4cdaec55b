/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_props.c - what becomes of a node's file and its device's properties:
 * the names are those that udev gives to a port of Linux's drivers (usb_id and
 * path_id; the samples are udev 252's), nothing that makes udevd do something
 * passes, and what is not to the letter is no hardware.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "udev/props.h"
#include "h_test.h"

struct sample {
	const char	*s_key, *s_value;
};

static const char *
sample_get(void *arg, const char *key)
{
	const struct sample *s;

	for (s = arg; s->s_key != NULL; s++) {
		if (strcmp(s->s_key, key) == 0)
			return s->s_value;
	}
	return NULL;
}

/* Something for every key. */
static const char *
all_get(void *arg, const char *key)
{

	(void)key;
	return arg;
}

static char *
printed(const char *text, const struct props_iface *pi, props_get_t *get,
    void *arg)
{
	struct props_node pn;
	char *out = NULL;
	size_t size;
	FILE *f;

	if (!props_parse(text, &pn))
		return NULL;
	f = open_memstream(&out, &size);
	T_CHECK(f != NULL);
	props_print(f, &pn, pi, get, arg);
	fclose(f);
	return out;
}

static void
has(const char *out, const char *wanted)
{
	const char *p;
	const size_t len = strlen(wanted);

	for (p = out; p != NULL && *p != '\0'; p = strchr(p, '\n') + 1) {
		if (strncmp(p, wanted, len) == 0 && p[len] == '\n')
			return;
	}
	t_fail(__FILE__, __LINE__, "no %s in:\n%s", wanted, out);
}

#define	FILE_OF(i, driver, name)					\
	"PLACE=1-1.4\nINTERFACE=" i "\nDRIVER=" driver "\nNAME=" name	\
	"\nTOKEN=0\n"
#define	TOKEN_OF(driver, is)						\
	"PLACE=1-1.4\nINTERFACE=0\nDRIVER=" driver "\nNAME=\nTOKEN=" is "\n"

static void
test_names(void)
{
	static struct sample ftdi[] = {
		{ "ID_BUS", "usb" },
		{ "ID_VENDOR", "FTDI" },
		{ "ID_VENDOR_ENC", "FTDI" },
		{ "ID_VENDOR_ID", "0403" },
		{ "ID_MODEL", "FT232R_USB_UART" },
		{ "ID_MODEL_ENC", "FT232R\\x20USB\\x20UART" },
		{ "ID_SERIAL", "FTDI_FT232R_USB_UART_A50285BI" },
		{ "ID_SERIAL_SHORT", "A50285BI" },
		{ "ID_PATH", "pci-0000:00:14.0-usb-0:1.4" },
		{ "ID_PATH_TAG", "pci-0000_00_14_0-usb-0_1_4" },
		{ "ID_VENDOR_FROM_DATABASE",
		    "Future Technology Devices International, Ltd" },
		{ NULL, NULL },
	};
	const struct props_iface pi = { "1-1.4:1.0", "00", "ff" };
	char *out;

	out = printed(FILE_OF("0", "uftdi12", "gps"), &pi, sample_get, ftdi);
	T_CHECK(out != NULL);
	has(out, "ID_BUS=\"usb\"");
	has(out, "ID_SERIAL=\"FTDI_FT232R_USB_UART_A50285BI\"");
	has(out, "ID_SERIAL_SHORT=\"A50285BI\"");
	has(out, "ID_MODEL_ENC=\"FT232R\\x20USB\\x20UART\"");
	has(out, "ID_PATH=\"pci-0000:00:14.0-usb-0:1.4:1.0\"");
	has(out, "ID_PATH_TAG=\"pci-0000_00_14_0-usb-0_1_4_1_0\"");
	has(out, "ID_USB_INTERFACE_NUM=\"00\"");
	has(out, "ID_USB_DRIVER=\"uftdi\"");
	has(out, "ID_TYPE=\"generic\"");
	has(out, "DEVSW_DEVICE=\"uftdi12\"");
	has(out, "DEVSW_PORT=\"1-1.4\"");
	has(out, "DEVSW_INTERFACE=\"1-1.4:1.0\"");
	has(out, "DEVSW_NAME=\"gps\"");
	T_CHECK(strstr(out, "REVISION") == NULL);
	free(out);
}

/* A HID on another interface; no claim's name; no path. */
static void
test_hid(void)
{
	static struct sample none[] = { { NULL, NULL } };
	const struct props_iface pi = { "1-1.4:2.10", "0a", "03" };
	char *out;

	out = printed(FILE_OF("10", "uhidev0", ""), &pi, sample_get, none);
	T_CHECK(out != NULL);
	has(out, "ID_TYPE=\"hid\"");
	has(out, "ID_USB_INTERFACE_NUM=\"0a\"");
	T_CHECK(strstr(out, "DEVSW_NAME") == NULL);
	T_CHECK(strstr(out, "ID_PATH") == NULL);
	free(out);
}

/* Only of a HID, and only if it is told. */
static void
test_token(void)
{
	const struct props_iface hid = { "1-1.4:1.0", "00", "03" };
	const struct props_iface other = { "1-1.4:1.0", "00", "ff" };
	static struct sample none[] = { { NULL, NULL } };
	const struct {
		const char *text;
		const struct props_iface *pi;
		int is;
	} cases[] = {
		{ TOKEN_OF("uhidev0", "1"), &hid, 1 },
		{ TOKEN_OF("uhidev0", "0"), &hid, 0 },
		{ TOKEN_OF("uftdi0", "1"), &other, 0 },
	};
	char *out;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out = printed(cases[i].text, cases[i].pi, sample_get, none);
		T_CHECK(out != NULL);
		T_EQ(strstr(out, "ID_SECURITY_TOKEN=\"1\"\n") != NULL,
		    cases[i].is);
		free(out);
	}
}

/* The database says more of a device; what is no name stays there. */
static void
test_only_names(void)
{
	const struct props_iface pi = { "1-1.4:1.0", "00", "ff" };
	char value[] = "x", *out, *line, *eq, *save;

	out = printed(FILE_OF("0", "uftdi0", "gps"), &pi, all_get, value);
	T_CHECK(out != NULL);
	for (line = strtok_r(out, "\n", &save); line != NULL;
	    line = strtok_r(NULL, "\n", &save)) {
		eq = strchr(line, '=');
		T_CHECK(eq != NULL);
		*eq = '\0';
		if (strncmp(line, "ID_BUS", 7) != 0 &&
		    strncmp(line, "ID_VENDOR", 9) != 0 &&
		    strncmp(line, "ID_MODEL", 8) != 0 &&
		    strncmp(line, "ID_SERIAL", 9) != 0 &&
		    strncmp(line, "ID_PATH", 7) != 0 &&
		    strncmp(line, "ID_USB_", 7) != 0 &&
		    strcmp(line, "ID_REVISION") != 0 &&
		    strcmp(line, "ID_TYPE") != 0 &&
		    strncmp(line, "DEVSW_", 6) != 0)
			t_fail(__FILE__, __LINE__, "%s", line);
	}
	free(out);
}

static void
test_values(void)
{
	const struct props_iface pi = { "1-1.4:1.0", "00", "ff" };
	char newline[] = "x\nREMOVE_CMD=/bin/false", quotes[] = "\"a\" b'";
	char *out;

	out = printed(FILE_OF("0", "uftdi0", ""), &pi, all_get, newline);
	T_CHECK(out != NULL && strstr(out, "\nREMOVE_CMD=") == NULL);
	free(out);
	out = printed(FILE_OF("0", "uftdi0", ""), &pi, all_get, quotes);
	T_CHECK(out != NULL);
	/* udev takes one quote from each end. */
	has(out, "ID_MODEL=\"\"a\" b'\"");
	free(out);
}

static const char *const bads[] = {
	"", "\n", "PLACE=1-1.4\n", "REMOVE_CMD=/bin/sh\n",
	FILE_OF("0", "uftdi0", "gps") "\n",
	FILE_OF("0", "uftdi0", "gps") "REMOVE_CMD=/bin/sh\n",
	"A=b\n" FILE_OF("0", "uftdi0", "gps"),
	"PLACE=1-1.4\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0",
	"PLACE=1-1.4\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\n",
	"PLACE=1-1.4\nDRIVER=uftdi0\nINTERFACE=0\nNAME=gps\nTOKEN=0\n",
	"PLACE=../..\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=1-1/..\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=usb1\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=1\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=1-1-1\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=1-1:1.0\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	"PLACE=1-1\r\nINTERFACE=0\nDRIVER=uftdi0\nNAME=gps\nTOKEN=0\n",
	FILE_OF("", "uftdi0", "gps"), FILE_OF("-2", "uftdi0", "gps"),
	FILE_OF("256", "uftdi0", "gps"), FILE_OF(" 0", "uftdi0", "gps"),
	FILE_OF("+1", "uftdi0", "gps"), FILE_OF("0x1", "uftdi0", "gps"),
	FILE_OF("99999999999", "uftdi0", "gps"),
	FILE_OF("0", "", "gps"), FILE_OF("0", "UFTDI0", "gps"),
	FILE_OF("0", "uftdi 0", "gps"), FILE_OF("0", "uftdi\"0", "gps"),
	FILE_OF("0", "abcdefghijklmnop", "gps"),
	FILE_OF("0", "uftdi0", "../gps"), FILE_OF("0", "uftdi0", ".gps"),
	FILE_OF("0", "uftdi0", "a b"), FILE_OF("0", "uftdi0", "a\"b"),
	FILE_OF("0", "uftdi0", "a/b"), FILE_OF("0", "uftdi0", "\303\244"),
	FILE_OF("0", "uftdi0", "abcdefghijklmnopqrstuvwxyzabcdef"),
	TOKEN_OF("uhidev0", ""), TOKEN_OF("uhidev0", "2"),
	TOKEN_OF("uhidev0", "01"), TOKEN_OF("uhidev0", "1 "),
};

static void
test_bad(void)
{
	struct props_node pn;
	size_t i;

	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		if (props_parse(bads[i], &pn))
			t_fail(__FILE__, __LINE__, "taken: %s", bads[i]);
	}
	T_CHECK(props_parse(FILE_OF("255", "uftdi0",
	    "abcdefghijklmnopqrstuvwxyz.-_12"), &pn));
	T_EQ(pn.pn_iface, 255);
	T_CHECK(props_parse(FILE_OF("-1", "abcdefghijklmn0", ""), &pn));
	T_EQ(pn.pn_iface, -1);
}

static void
test_node_names(void)
{

	T_CHECK(props_node_name("ttyU0"));
	T_CHECK(!props_node_name(""));
	T_CHECK(!props_node_name(".."));
	T_CHECK(!props_node_name("../passwd"));
	T_CHECK(!props_node_name("a/b"));
	T_CHECK(!props_node_name("0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789"));
}

const struct t_case t_cases[] = {
	{ "the names are those of a port of Linux's drivers", test_names },
	{ "a HID is one, whatever its interface", test_hid },
	{ "a HID that is a security key is one", test_token },
	{ "only names of devices are taken over", test_only_names },
	{ "a value stays one", test_values },
	{ "what is not to the letter is no hardware", test_bad },
	{ "a node's name leads nowhere else", test_node_names },
	{ NULL, NULL },
};
