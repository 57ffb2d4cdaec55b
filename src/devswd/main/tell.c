/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tell.c - how the daemon is, what is plugged in, all about a node: answers in
 * JSON.
 *
 * Model
 *	Each is a picture of the moment at which a part of it is asked for.
 *	What is plugged in comes from sysfs, whether it is claimed from watch.c,
 *	its nodes from K.  Who may see what: client.c.  How a line is set is
 *	asked through the file of who has the node open; nothing is opened for
 *	it.
 *
 *	Of one node FILES_MAX files are told, the newest, and OPENERS_MAX who
 *	wait in open(2); "more" says that there are others.
 *
 * Locks
 *	None.
 */
#include <asm/termbits.h>
#include <asm/termios.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "host/usbsys.h"
#include "hyp/hyp.h"
#include "hyp/hyp_node.h"
#include "hyp/hyp_usb.h"
#include "main/controlvar.h"
#include "main/watch.h"

#define	NAME_LEN	64	/* more than the name of any module */
#define	FILES_MAX	256
#define	OPENERS_MAX	32

/* ---- status --------------------------------------------------------- */

static void
say_node(struct text *t, const struct front_nodeinfo *ni, int first)
{
	struct hyp_node_stat hs;

	hyp_node_getstat(ni->fi_node, &hs);
	say(t, "%s\n  {\"name\": ", first ? "" : ",");
	say_string(t, ni->fi_name);
	say(t, ", \"minor\": %u, \"attached\": %s", (unsigned)ni->fi_minor,
	    hs.hs_attached ? "true" : "false");
	if (client_may_see(t->t_client, ni))
		say(t, ", \"opens\": %u, \"calls\": %u, \"closing\": %s, "
		    "\"stuck\": %s", (unsigned)hs.hs_opens,
		    (unsigned)hs.hs_calls, hs.hs_closing ? "true" : "false",
		    hs.hs_stuck ? "true" : "false");
	say(t, "}");
}

static void
say_modules(struct text *t)
{
	char name[NAME_LEN] = "";
	int first;

	say(t, " \"modules\": [");
	for (first = 1; hyp_module_next(name, name, sizeof(name)); first = 0)
		say(t, "%s\"%s\"", first ? "" : ", ", name);
	say(t, "],\n");
}

static void
say_daemon(struct text *t)
{

	say(t, "{\"version\": \"%s\", \"pid\": %d, \"major\": %u,\n",
	    DEVSW_VERSION, (int)getpid(), client_node_major());
}

int
tell_status(struct client *c)
{
	struct text *const t = say_begin(c);
	struct front_nodeinfo ni;
	struct front_stats fs;
	uint32_t pieces, next = 0;
	uint64_t bytes;
	int first;

	if (t == NULL)
		return ENOMEM;
	front_getstats(&fs);
	bytes = hyp_memory(&pieces);
	say_daemon(t);
	say(t, " \"semantics\": \"%s\", \"threads\": %u, \"idle\": %u,\n",
	    hyp_semantics(), fs.threads, fs.idle);
	say(t, " \"zombies\": {\"calls\": %u, \"drivers\": %u, "
	    "\"transfers\": %u},\n \"memory\": {\"bytes\": %llu, "
	    "\"pieces\": %u},\n", fs.zombies, hyp_zombies(),
	    hyp_usb_zombies(), (unsigned long long)bytes, (unsigned)pieces);
	say_modules(t);
	say(t, " \"nodes\": [");
	for (first = 1; front_node_next(next, &ni); first = 0) {
		say_node(t, &ni, first);
		next = ni.fi_minor + 1;
	}
	say(t, "]");
	say_died(t, NULL);
	say(t, "}\n");
	say_end(t);
	return 0;
}

/* ---- list ----------------------------------------------------------- */

/* A node, as far as an adapter is concerned. */
struct place {
	char		p_name[64];
	char		p_place[64];
	char		p_driver[16];
	char		p_semantics[20];
	bool		p_attached;
};

struct places {
	struct place	*ps_list;
	size_t		 ps_n;
};

/* All nodes; false: no memory. */
static bool
places_read(struct places *ps)
{
	struct front_nodeinfo ni;
	struct hyp_node_stat hs;
	struct place *p, *more;
	uint32_t next = 0;

	ps->ps_list = NULL;
	for (ps->ps_n = 0; front_node_next(next, &ni); ps->ps_n++) {
		next = ni.fi_minor + 1;
		more = realloc(ps->ps_list, (ps->ps_n + 1) * sizeof(*p));
		if (more == NULL)
			return false;
		ps->ps_list = more;
		p = &more[ps->ps_n];
		hyp_node_getstat(ni.fi_node, &hs);
		strcpy(p->p_name, ni.fi_name);
		strcpy(p->p_place, hs.hs_place);
		strcpy(p->p_driver, hs.hs_driver);
		strcpy(p->p_semantics, hs.hs_next);
		p->p_attached = hs.hs_attached;
	}
	return true;
}

/* The nodes at a place ("": those without), and whose they are. */
static void
say_places(struct text *t, const struct places *ps, const char *place)
{
	const char *between = "";
	size_t i;

	say(t, ", \"nodes\": [");
	for (i = 0; i < ps->ps_n; i++) {
		if (strcmp(ps->ps_list[i].p_place, place) != 0)
			continue;
		say(t, "%s", between);
		say_string(t, ps->ps_list[i].p_name);
		between = ", ";
	}
	say(t, "]");
}

static const char *
driver_at(const struct places *ps, const char *place)
{
	size_t i;

	for (i = 0; i < ps->ps_n; i++) {
		if (strcmp(ps->ps_list[i].p_place, place) == 0)
			return ps->ps_list[i].p_driver;
	}
	return NULL;
}

/* What its nodes' next first opens have. */
static const char *
semantics_at(const struct places *ps, const char *place)
{
	size_t i;

	for (i = 0; i < ps->ps_n; i++) {
		if (strcmp(ps->ps_list[i].p_place, place) == 0)
			return ps->ps_list[i].p_semantics;
	}
	return NULL;
}

/* Which driver would take it: K is asked as a process of its own. */
static const char *
probe(const struct usbsys_dev *ud, const char **chip)
{
	const struct hyp_cred root = { .hc_pid = (int32_t)getpid() };
	struct hyp_lwp *const l = hyp_lwp_enter(&root);
	const char *const name = hyp_usb_probe(&ud->ud_info, ud->ud_desc,
	    ud->ud_desclen, chip);

	hyp_lwp_exit(l);
	return name;
}

static void
say_plugging(struct text *t, const struct hyp_usb_info *hi)
{
	static const char *const speeds[] = {
		[HYP_USB_SPEED_LOW] = "low",
		[HYP_USB_SPEED_FULL] = "full",
		[HYP_USB_SPEED_HIGH] = "high",
		[HYP_USB_SPEED_SUPER] = "super",
	};
	char name[HYP_USB_DRIVERNAME];

	say(t, ", \"bus\": %u, \"address\": %u", (unsigned)hi->hi_bus,
	    (unsigned)hi->hi_addr);
	say_member(t, "speed", speeds[hi->hi_speed]);
	say(t, ", \"drivers\": [");
	for (unsigned i = 0; hyp_usb_driver(hi, i, name); i++) {
		say(t, "%s", i > 0 ? ", " : "");
		say_string(t, name);
	}
	say(t, "]");
}

/* "fits" is the driver that would take it, "driver" the one that has. */
static void
say_adapter(struct text *t, const struct places *ps,
    const struct usbsys_dev *ud)
{
	const struct hyp_usb_info *const hi = &ud->ud_info;
	struct watch_adapter wa;
	const char *chip, *const fits = probe(ud, &chip);
	char bound[128];
	const bool known = watch_find(hi->hi_path, &wa) &&
	    wa.wa_vendor == hi->hi_vendor && wa.wa_product == hi->hi_product;

	usbsys_drivers(hi->hi_path, bound, sizeof(bound));
	say(t, "{\"vid\": \"%04x\", \"pid\": \"%04x\"", hi->hi_vendor,
	    hi->hi_product);
	say_member(t, "vendor", hi->hi_vendorstr);
	say_member(t, "product", hi->hi_productstr);
	say_member(t, "serial", hi->hi_serial);
	say_member(t, "port", hi->hi_path);
	say_plugging(t, hi);
	say_member(t, "fits", fits);
	say_member(t, "chip", chip);
	say_member(t, "driver", driver_at(ps, hi->hi_path));
	say_member(t, "semantics", semantics_at(ps, hi->hi_path));
	say_member(t, "kernel", bound);
	say_member(t, "claim", known ? wa.wa_claim : NULL);
	say_member(t, "at", known && wa.wa_at[0] != '\0' ? wa.wa_at : NULL);
	say(t, ", \"refused\": %s, \"detached\": %s",
	    known && wa.wa_refused ? "true" : "false",
	    known && wa.wa_detached ? "true" : "false");
	say_places(t, ps, hi->hi_path);
	say(t, "}");
}

static void
say_adapters(struct text *t, const struct places *ps, struct usbsys_dev *ud)
{
	const char *between = "\n  ";
	char **paths;
	size_t i, n;
	int error;

	if (usbsys_list(&paths, &n) != 0)
		return;
	for (i = 0; i < n; i++) {
		error = usbsys_read(paths[i], ud);
		if (error != 0 && error != EAGAIN)
			continue;
		say(t, "%s", between);
		say_adapter(t, ps, ud);
		between = ",\n  ";
	}
	usbsys_list_free(paths, n);
}

int
tell_list(struct client *c)
{
	struct usbsys_dev *const ud = malloc(sizeof(*ud));
	struct text *const t = say_begin(c);
	struct places ps = { NULL, 0 };
	size_t i;

	if (ud == NULL || t == NULL || !places_read(&ps)) {
		free(ps.ps_list);
		free(ud);
		free(t);
		return ENOMEM;
	}
	say_daemon(t);
	say(t, " \"semantics\": \"%s\",\n", hyp_semantics());
	say(t, " \"adapters\": [");
	say_adapters(t, &ps, ud);
	say(t, "],\n \"nodes\": [");
	for (i = 0; i < ps.ps_n; i++) {
		say(t, "%s\n  {\"name\": ", i == 0 ? "" : ",");
		say_string(t, ps.ps_list[i].p_name);
		say(t, ", \"attached\": %s", ps.ps_list[i].p_attached ?
		    "true" : "false");
		say_member(t, "port", ps.ps_list[i].p_place[0] != '\0' ?
		    ps.ps_list[i].p_place : NULL);
		say(t, "}");
	}
	say(t, "]}\n");
	say_end(t);
	free(ps.ps_list);
	free(ud);
	return 0;
}

/* ---- one node ------------------------------------------------------- */

static void
say_known(struct text *t, const char *name, const struct watch_adapter *wa)
{

	if (wa->wa_place[0] == '\0') {
		say_member(t, name, NULL);
		return;
	}
	say(t, ",\n \"%s\": {\"vid\": \"%04x\", \"pid\": \"%04x\"", name,
	    wa->wa_vendor, wa->wa_product);
	say_member(t, "product", wa->wa_productstr);
	say_member(t, "serial", wa->wa_serial);
	say_member(t, "port", wa->wa_place);
	say_member(t, "claim", wa->wa_claim);
	say_member(t, "at", wa->wa_at[0] != '\0' ? wa->wa_at : NULL);
	say(t, "}");
}

static void
say_hardware(struct text *t, const struct front_nodeinfo *ni,
    const struct hyp_node_stat *hs)
{
	struct watch_node wn;

	if (!watch_node(ni->fi_minor, &wn))
		memset(&wn, 0, sizeof(wn));
	say_member(t, "driver", hs->hs_driver[0] != '\0' ? hs->hs_driver :
	    NULL);
	if (hs->hs_attached && hs->hs_iface != -1)
		say(t, ", \"interface\": %d", (int)hs->hs_iface);
	else
		say_member(t, "interface", NULL);
	/* Until watch.c has looked, its adapter may be the one before. */
	if (!hs->hs_attached || strcmp(hs->hs_place,
	    wn.wn_adapter.wa_place) != 0) {
		memset(&wn.wn_adapter, 0, sizeof(wn.wn_adapter));
		wn.wn_since = 0;
	}
	say_member(t, "semantics", hs->hs_semantics[0] != '\0' ?
	    hs->hs_semantics : hs->hs_next);
	say_member(t, "next", hs->hs_next);
	say_time(t, "since", wn.wn_since);
	say_known(t, "adapter", &wn.wn_adapter);
	if (wn.wn_left == 0) {
		say_member(t, "left", NULL);
		return;
	}
	say(t, ",\n \"left\": {\"reason\": \"%s\"", wn.wn_why);
	say_time(t, "time", wn.wn_left);
	say_known(t, "adapter", &wn.wn_last);
	say(t, "}");
}

/* Since the driver was attached; as TIOCGICOUNT has them. */
static void
say_counts(struct text *t, const struct serial_icounter_struct *ic)
{

	say(t, ", \"counts\": {\"rx\": %u, \"tx\": %u, \"frame\": %u, "
	    "\"parity\": %u, \"overrun\": %u, \"buf_overrun\": %u, "
	    "\"breaks\": %u}", (unsigned)ic->rx, (unsigned)ic->tx,
	    (unsigned)ic->frame, (unsigned)ic->parity, (unsigned)ic->overrun,
	    (unsigned)ic->buf_overrun, (unsigned)ic->brk);
}

static void
say_line(struct text *t, const struct front_line *fi)
{
	static const struct {
		const char	*name;
		int		 bit;
	} modem[] = {
		{ "rts", TIOCM_RTS }, { "dtr", TIOCM_DTR },
		{ "cts", TIOCM_CTS }, { "dsr", TIOCM_DSR },
		{ "dcd", TIOCM_CAR }, { "ri", TIOCM_RNG },
	};
	static const char bits[] = "5678";
	const uint32_t c = fi->fi_cflag;
	size_t i;

	say(t, ",\n \"line\": {\"speed\": %u, \"rate\": %u, "
	    "\"format\": \"%c%c%c\", "
	    "\"rtscts\": %s, \"xonxoff\": %s, \"clocal\": %s, "
	    "\"raw\": %s", (unsigned)fi->fi_ospeed, (unsigned)fi->fi_rate,
	    bits[(c & CSIZE) / CS6 & 3],
	    !(c & PARENB) ? 'N' : c & PARODD ? 'O' : 'E',
	    c & CSTOPB ? '2' : '1', c & CRTSCTS ? "true" : "false",
	    fi->fi_iflag & IXON ? "true" : "false",
	    c & CLOCAL ? "true" : "false",
	    fi->fi_lflag & ICANON ? "false" : "true");
	for (i = 0; fi->fi_modem != -1 &&
	    i < sizeof(modem) / sizeof(modem[0]); i++)
		say(t, ", \"%s\": %s", modem[i].name,
		    fi->fi_modem & modem[i].bit ? "true" : "false");
	if (fi->fi_counted)
		say_counts(t, &fi->fi_counts);
	say(t, "}");
}

static void
say_file(struct text *t, struct front_fileinfo *fo)
{
	static const char *const names[] = { FRONT_CALLS };
	const char *between = "";
	const bool alive = front_file_command(fo);
	unsigned i;

	say(t, "{\"pid\": %d, \"uid\": %u", (int)fo->fo_pid,
	    (unsigned)fo->fo_uid);
	say_member(t, "command", fo->fo_command);
	say_time(t, "since", fo->fo_time);
	say(t, ", \"ended\": %s, \"stale\": %s, \"opening\": %s, "
	    "\"calls\": [", alive ? "false" : "true",
	    fo->fo_stale ? "true" : "false",
	    fo->fo_opening ? "true" : "false");
	for (i = 0; i < FRONT_NCALLS; i++) {
		if (fo->fo_calls & 1U << i) {
			say(t, "%s\"%s\"", between, names[i]);
			between = ", ";
		}
	}
	say(t, "]}");
}

static void
say_files(struct text *t, uint32_t minor)
{
	struct front_fileinfo fo, waiting[OPENERS_MAX];
	const char *between = "\n  ";
	uint64_t below = UINT64_MAX;
	unsigned i, n;

	n = front_openers(minor, waiting, OPENERS_MAX);
	say(t, ",\n \"files\": [");
	for (i = 0; i < n; i++) {
		say(t, "%s", between);
		say_file(t, &waiting[i]);
		between = ",\n  ";
	}
	for (i = 0; i < FILES_MAX && front_file_next(minor, &below, &fo);
	    i++) {
		say(t, "%s", between);
		say_file(t, &fo);
		between = ",\n  ";
	}
	say(t, "], \"more\": %s", i == FILES_MAX || n == OPENERS_MAX ?
	    "true" : "false");
}

static void
say_use(struct text *t, const struct front_nodeinfo *ni,
    const struct hyp_node_stat *hs)
{
	struct front_line line;

	say(t, ",\n \"opens\": %u, \"calls\": %u, \"closing\": %s, "
	    "\"stuck\": %s", (unsigned)hs->hs_opens, (unsigned)hs->hs_calls,
	    hs->hs_closing ? "true" : "false", hs->hs_stuck ? "true" :
	    "false");
	if (hs->hs_opens != 0 && front_node_line(ni->fi_minor, &line))
		say_line(t, &line);
	else
		say_member(t, "line", NULL);
	say_files(t, ni->fi_minor);
}

int
tell_node(struct client *c)
{
	const struct control_request *const cr = &c->c_request;
	struct front_nodeinfo ni;
	struct hyp_node_stat hs;
	struct text *t;

	if (cr->cr_major != client_node_major() ||
	    !front_node_find(cr->cr_minor, &ni))
		return ENODEV;
	t = say_begin(c);
	if (t == NULL)
		return ENOMEM;
	hyp_node_getstat(ni.fi_node, &hs);
	say(t, "{\"name\": ");
	say_string(t, ni.fi_name);
	say(t, ", \"major\": %u, \"minor\": %u, \"attached\": %s",
	    client_node_major(), (unsigned)ni.fi_minor,
	    hs.hs_attached ? "true" : "false");
	say_hardware(t, &ni, &hs);
	if (client_may_see(c, &ni))
		say_use(t, &ni, &hs);
	say_died(t, &ni);
	say(t, "}\n");
	say_end(t);
	return 0;
}
