/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_ioconf_tables.c - what the build has made of src/drivers/devswd.ioconf is
 * what hyp_boot needs: which driver attaches where (architecture.md, the road of
 * an unplug), which number and which nodes it has (ucom(4), uhid(4), ulpt(4),
 * ugen(4)).  Numbers and names are promises to users, so they stand here once
 * more, as text, whatever the generator thinks of them.
 */
#include <sys/conf.h>
#include <sys/device.h>
#include <sys/systm.h>
#include <sys/tty.h>

#include <hyp/hyp_node.h>

#include "h_test.h"

#define	TEXTLEN	200

/* The driver, what attaches to it; where it attaches itself, and locators. */
static const char *const attachments[] = {
	"usb (usbroothubif) at root",
	"uhub (usbdevif usbifif) at usbroothubif of usb",
	"uftdi (ucombus) at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"umodem (ucombus) at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"uchcom (ucombus) at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"uplcom (ucombus) at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"uslsa (ucombus) at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"ucom () at ucombus -1",
	"ualea () at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"ulpt () at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"ugen () at usbdevif of uhub -1 -1 -1 -1 -1 -1",
	"uhidev (uhidbus) at usbifif of uhub -1 -1 -1 -1 -1 -1",
	"uhid () at uhidbus -1",
};

static const char *const majors[] = { "ucom", "uhid", "ulpt", "ugen" };

static const struct {
	const char	*driver, *prefix;
	u_int		 minor;
	int		 class;
} nodes[] = {
	{ "ucom", "ttyU", 0, HYP_NODE_TTY },
	{ "ucom", "dtyU", TTDIALOUT_MASK, HYP_NODE_TTY },
	{ "uhid", "uhid", 0, HYP_NODE_HID },
	{ "ugen", "ugen", DEVNODE_SUBS, HYP_NODE_USB },
	{ "ulpt", "ulpt", 0, HYP_NODE_LP },
	{ "ulpt", "ulpn", TTDIALOUT_MASK, HYP_NODE_LP },
};

static void text_add(char *, const char *, ...) __printflike(2, 3);

static void
text_add(char *text, const char *fmt, ...)
{
	const size_t len = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + len, TEXTLEN - len, fmt, ap);
	va_end(ap);
}

/* What the row and its driver say. */
static void
attachment(const struct cfdata *cf, const struct cfdriver *cd, char *text)
{
	const struct cfparent *const cfp = cf->cf_pspec;

	text[0] = '\0';
	text_add(text, "%s (", cf->cf_name);
	for (u_int i = 0; cd->cd_attrs != NULL && cd->cd_attrs[i] != NULL; i++)
		text_add(text, "%s%s", i > 0 ? " " : "", cd->cd_attrs[i]);
	text_add(text, ") at %s", cfp == NULL ? "root" : cfp->cfp_iattr);
	if (cfp != NULL && cfp->cfp_parent != NULL)
		text_add(text, " of %s", cfp->cfp_parent);
	for (u_int i = 0; cf->cf_loc != NULL && cf->cf_loc[i] != INT32_MIN; i++)
		text_add(text, " %d", cf->cf_loc[i]);
}

static void
t_attachments(void)
{
	char text[TEXTLEN];
	u_int i;

	for (i = 0; cfdata_ioconf[i].cf_name != NULL; i++) {
		const struct cfdata *const cf = &cfdata_ioconf[i];

		T_CHECK(i < __arraycount(attachments));
		T_CHECK(cfdriver_ioconf[i] != NULL);
		attachment(cf, cfdriver_ioconf[i], text);
		t_note("%s", text);
		T_CHECK(strcmp(text, attachments[i]) == 0);
		T_CHECK(strcmp(cf->cf_atname, cf->cf_name) == 0);
		T_EQ(cf->cf_fstate, FSTATE_STAR);
		T_CHECK(cf->cf_pspec == NULL || cf->cf_pspec->cfp_unit == -1);
	}
	T_EQ(i, __arraycount(attachments));
	T_CHECK(cfdriver_ioconf[i] == NULL);
}

static void
t_drivers(void)
{
	u_int i;

	for (i = 0; cfattach_ioconf[i].cfai_name != NULL; i++) {
		const struct cfattachinit *const cfai = &cfattach_ioconf[i];

		T_CHECK(cfdriver_ioconf[i] != NULL);
		T_CHECK(strcmp(cfdriver_ioconf[i]->cd_name,
		    cfdata_ioconf[i].cf_name) == 0);
		T_EQ(cfdriver_ioconf[i]->cd_class, DV_DULL);
		T_CHECK(strcmp(cfai->cfai_name, cfdata_ioconf[i].cf_name) ==
		    0);
		/* One attachment, of its own name. */
		T_CHECK(cfai->cfai_list[0] != NULL);
		T_CHECK(strcmp(cfai->cfai_list[0]->ca_name, cfai->cfai_name) ==
		    0);
		T_CHECK(cfai->cfai_list[1] == NULL);
	}
	T_EQ(i, __arraycount(attachments));
}

static void
t_majors(void)
{
	u_int i;

	for (i = 0; devsw_conv[i].d_name != NULL; i++) {
		T_CHECK(i < __arraycount(majors));
		T_CHECK(strcmp(devsw_conv[i].d_name, majors[i]) == 0);
		T_CHECK(devsw_conv[i].d_cdevsw != NULL);
		T_CHECK(devsw_conv[i].d_bdevsw == NULL);
	}
	T_EQ(i, __arraycount(majors));
}

static void
t_nodes(void)
{
	u_int i, j;

	for (i = 0; devnodes[i].dn_driver != NULL; i++) {
		T_CHECK(i < __arraycount(nodes));
		T_CHECK(strcmp(devnodes[i].dn_driver, nodes[i].driver) == 0);
		T_CHECK(strcmp(devnodes[i].dn_prefix, nodes[i].prefix) == 0);
		T_EQ(devnodes[i].dn_minor, nodes[i].minor);
		T_EQ(devnodes[i].dn_class, nodes[i].class);
		for (j = 0; strcmp(majors[j], nodes[i].driver) != 0; j++)
			continue;
		T_CHECK(devnodes[i].dn_cdevsw == devsw_conv[j].d_cdevsw);
	}
	T_EQ(i, __arraycount(nodes));
}

const struct t_case t_cases[] = {
	{ "each driver attaches where it did", t_attachments },
	{ "each has its functions, by its name", t_drivers },
	{ "numbers of drivers are as they were", t_majors },
	{ "names, minors and classes of nodes are as they were", t_nodes },
	{ NULL, NULL }
};
