/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * devsw-compare.c - the same scenarios with the kernel's driver and with
 * devswd; devsw-compare(1).
 *
 * For each hardware, for each system: start it, run all scenarios, stop it.
 * So the kernel and every devswd has the hardware once.  What comes out is
 * one JSON document, which the reports print.
 */
#include <sys/stat.h>
#include <sys/utsname.h>

#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare/compare.h"

#define	EXIT_EXPECTED	0
#define	EXIT_DIFFERS	1
#define	EXIT_BADUSAGE	2

#define	NPATTERNS	16
#define	JSON_FORMAT	(JSON_INDENT(1) | JSON_REAL_PRECISION(9))

const struct scenario *const scenario_tables[] = { scenarios_open,
	scenarios_close, scenarios_unplug, scenarios_stale, scenarios_revoke,
	scenarios_silent, NULL };

struct options {
	const char	*o_patterns[NPATTERNS];
	unsigned	o_npatterns;
	const char	*o_target, *o_hardware, *o_devswd, *o_html, *o_from,
			*o_save;
	unsigned	o_systems;
	bool		o_list, o_json, o_markdown, o_timeline, o_ask, o_quick,
			o_verbose;
	int		o_color;	/* -1: if it is a terminal */
};

/* ---- the command line ------------------------------------------------ */

static void
usage(FILE *to)
{

	fprintf(to, "usage: devsw-compare [--scenario GLOB]... "
	    "[--target tty|hid|NODE] [--semantics LIST]\n"
	    "           [--quick] [--ask] [--hardware FILE] [--devswd FILE]\n"
	    "           [--json | --markdown] [--html FILE] [--save FILE]\n"
	    "           [--timeline] [--color WHEN] [--verbose]\n"
	    "       devsw-compare --from FILE [--json | --markdown] "
	    "[--html FILE] [--timeline]\n"
	    "       devsw-compare --list | --version | --help\n");
}

static bool
parse_systems(const char *list, unsigned *set)
{
	char *const copy = strdup(list), *rest = copy, *name;
	size_t i;

	*set = KERNEL;
	while (copy != NULL && (name = strsep(&rest, ",")) != NULL) {
		for (i = 0; i < NSYSTEMS; i++) {
			if (strcmp(systems[i].s_id, name) == 0)
				break;
		}
		if (i == NSYSTEMS) {
			fprintf(stderr, "devsw-compare: --semantics %s: wants "
			    "some of", name);
			for (i = 0; i < NSYSTEMS; i++)
				fprintf(stderr, "%s%s", i == 0 ? " " : ",",
				    systems[i].s_id);
			fprintf(stderr, "\n");
			free(copy);
			return false;
		}
		*set |= systems[i].s_bit;
	}
	free(copy);
	return true;
}

static bool
parse_color(const char *when, int *color)
{

	*color = strcmp(when, "always") == 0 ? 1 :
	    strcmp(when, "never") == 0 ? 0 : -1;
	if (*color != -1 || strcmp(when, "auto") == 0)
		return true;
	fprintf(stderr, "devsw-compare: --color %s: wants auto, always or "
	    "never\n", when);
	return false;
}

static bool
add_pattern(struct options *o, const char *pattern)
{

	for (size_t t = 0; scenario_tables[t] != NULL; t++) {
		for (const struct scenario *sc = scenario_tables[t];
		    sc->sc_name != NULL; sc++) {
			if (fnmatch(pattern, sc->sc_name, 0) == 0 &&
			    o->o_npatterns < NPATTERNS) {
				o->o_patterns[o->o_npatterns++] = pattern;
				return true;
			}
		}
	}
	fprintf(stderr, "devsw-compare: --scenario %s: %s; see --list\n",
	    pattern, o->o_npatterns == NPATTERNS ? "too many" :
	    "no scenario has such a name");
	return false;
}

/* Exit status, or -1: go on. */
static int
parse(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "scenario", required_argument, NULL, 's' },
		{ "target", required_argument, NULL, 't' },
		{ "semantics", required_argument, NULL, 'S' },
		{ "hardware", required_argument, NULL, 'H' },
		{ "devswd", required_argument, NULL, 'd' },
		{ "json", no_argument, NULL, 'j' },
		{ "markdown", no_argument, NULL, 'm' },
		{ "html", required_argument, NULL, 'w' },
		{ "save", required_argument, NULL, 'o' },
		{ "from", required_argument, NULL, 'f' },
		{ "timeline", no_argument, NULL, 'T' },
		{ "quick", no_argument, NULL, 'q' },
		{ "ask", no_argument, NULL, 'a' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "color", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	bool good = true;
	int ch;

	*o = (struct options){ .o_systems = ALL, .o_color = -1 };
	while (good && (ch = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (ch) {
		case 'l': o->o_list = true; break;
		case 's': good = add_pattern(o, optarg); break;
		case 't': o->o_target = optarg; break;
		case 'S': good = parse_systems(optarg, &o->o_systems); break;
		case 'H': o->o_hardware = optarg; break;
		case 'd': o->o_devswd = optarg; break;
		case 'j': o->o_json = true; break;
		case 'm': o->o_markdown = true; break;
		case 'w': o->o_html = optarg; break;
		case 'o': o->o_save = optarg; break;
		case 'f': o->o_from = optarg; break;
		case 'T': o->o_timeline = true; break;
		case 'q': o->o_quick = true; break;
		case 'a': o->o_ask = true; break;
		case 'v': o->o_verbose = true; break;
		case 'c': good = parse_color(optarg, &o->o_color); break;
		case 'V':
			printf("devsw-compare " DEVSW_VERSION "\n");
			return EXIT_EXPECTED;
		case 'h':
			usage(stdout);
			return EXIT_EXPECTED;
		default:	/* getopt has said what is wrong */
			good = false;
		}
	}
	if (good && optind < argc) {
		fprintf(stderr, "devsw-compare: %s: not an option\n",
		    argv[optind]);
		good = false;
	}
	if (good && o->o_json && o->o_markdown) {
		fprintf(stderr, "devsw-compare: --json and --markdown: only "
		    "one of them\n");
		good = false;
	}
	return good ? -1 : EXIT_BADUSAGE;
}

/* ---- scenarios ------------------------------------------------------- */

static bool
selected(const struct options *o, const struct scenario *sc)
{

	if (o->o_npatterns == 0)
		return !o->o_quick || sc->sc_quick;
	for (unsigned i = 0; i < o->o_npatterns; i++) {
		if (fnmatch(o->o_patterns[i], sc->sc_name, 0) == 0)
			return true;
	}
	return false;
}

static int
by_number(const void *a, const void *b)
{
	const struct scenario *const x = *(const struct scenario *const *)a;
	const struct scenario *const y = *(const struct scenario *const *)b;

	return x->sc_number < y->sc_number ? -1 : x->sc_number > y->sc_number;
}

/* list, of that many, ordered; to be freed. */
static const struct scenario **
select_scenarios(const struct options *o, size_t *count)
{
	const struct scenario **list = NULL, **more;

	*count = 0;
	for (size_t t = 0; scenario_tables[t] != NULL; t++) {
		for (const struct scenario *sc = scenario_tables[t];
		    sc->sc_name != NULL; sc++) {
			if (!selected(o, sc))
				continue;
			more = realloc(list, (*count + 1) * sizeof(*list));
			if (more == NULL)
				break;
			list = more;
			list[(*count)++] = sc;
		}
	}
	if (list != NULL)
		qsort(list, *count, sizeof(*list), by_number);
	return list;
}

static int
do_list(const struct options *o)
{
	size_t count;
	const struct scenario **const list = select_scenarios(o, &count);

	for (size_t i = 0; i < count; i++)
		printf("%2u  %-22s %s%s\n", list[i]->sc_number,
		    list[i]->sc_name, list[i]->sc_title,
		    list[i]->sc_run == NULL ? " (cannot be run)" : "");
	free(list);
	return EXIT_EXPECTED;
}

/* ---- hardware -------------------------------------------------------- */

static bool
in_use(const struct hardware *hw)
{
	char path[64], who[128];

	if (!hardware_kernel_node(hw, path, sizeof(path)) ||
	    hardware_holders(path, who, sizeof(who)) == 0)
		return false;
	fprintf(stderr, "devsw-compare: %s: in use by %s\n", path, who);
	return true;
}

/* Keep those of the target: "tty", "hid" or an ID. */
static struct hardware *
filter(struct hardware *list, const char *target)
{
	struct hardware **p = &list, *gone;
	bool keep;

	while (*p != NULL) {
		keep = strcmp(target, "tty") == 0 ? !is_hid(*p) :
		    strcmp(target, "hid") == 0 ? is_hid(*p) :
		    strcmp(target, (*p)->h_id) == 0;
		if (keep)
			p = &(*p)->h_next;
		else {
			gone = *p;
			*p = gone->h_next;
			free(gone);
		}
	}
	return list;
}

static struct hardware *
choose_hardware(const struct options *o)
{
	const bool is_node = o->o_target != NULL && o->o_target[0] == '/';
	struct hardware *list;

	if (is_node && o->o_hardware == NULL)
		return hardware_of_node(o->o_target, o->o_ask);
	list = o->o_hardware != NULL ? hardware_load(o->o_hardware) :
	    hardware_attached(o->o_ask);
	if (list == NULL && o->o_hardware != NULL)
		return NULL;
	if (o->o_target != NULL)
		list = filter(list, o->o_target);
	if (list == NULL)
		fprintf(stderr, "devsw-compare: %s: no such USB device; "
		    "--target wants tty, hid or a node such as "
		    "/dev/ttyUSB0\n",
		    o->o_target != NULL ? o->o_target : "--target");
	return list;
}

/* The daemon that was built with us, or the installed one. */
static const char *
find_devswd(const struct options *o)
{
	static char path[4096];
	char *slash;
	ssize_t len;

	if (o->o_devswd != NULL)
		return o->o_devswd;
	len = readlink("/proc/self/exe", path, sizeof(path) - 64);
	if (len > 0) {
		path[len] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash, "/../../devswd/main/devswd");
		if (access(path, X_OK) == 0)
			return path;
		strcpy(slash, "/../sbin/devswd");
		if (access(path, X_OK) == 0)
			return path;
	}
	return "/usr/local/sbin/devswd";
}

/* ---- the document ---------------------------------------------------- */

static json_t *
json_head(const struct hardware *hws, unsigned set)
{
	json_t *const hardware = json_array(), *const list = json_array();
	struct utsname un;
	time_t now = time(NULL);
	char date[32], usb[16];

	uname(&un);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	for (const struct hardware *hw = hws; hw != NULL; hw = hw->h_next) {
		snprintf(usb, sizeof(usb), "%04x:%04x", hw->h_vendor,
		    hw->h_product);
		json_array_append_new(hardware, json_pack(
		    "{s:s, s:s, s:s, s:s}", "id", hw->h_id,
		    "kind", is_hid(hw) ? "hid" : "tty",
		    "what", hw->h_what, "usb", usb));
	}
	for (size_t i = 0; i < NSYSTEMS; i++) {
		if ((systems[i].s_bit & set) != 0)
			json_array_append_new(list, json_pack(
			    "{s:s, s:s, s:s, s:b}", "id", systems[i].s_id,
			    "label", systems[i].s_label,
			    "text", systems[i].s_text, "measured", 1));
	}
	for (size_t i = 0; i < NREADING; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b}",
		    "id", reading_systems[i].rs_id,
		    "label", reading_systems[i].rs_label,
		    "text", reading_systems[i].rs_text, "measured", 0));
	return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o}",
	    "devsw_compare", 1, "version", DEVSW_VERSION, "kernel", un.release,
	    "date", date, "hardware", hardware, "systems", list);
}

static json_t *
json_reading(const struct scenario *sc)
{
	json_t *const list = json_array();

	for (const struct reading *rd = sc->sc_reading;
	    rd != NULL && rd->rd_system != NULL; rd++)
		json_array_append_new(list, json_pack(
		    "{s:s, s:s, s:s, s:s, s:b}", "system", rd->rd_system,
		    "hardware", rd->rd_class == HID ? "hid" :
		    rd->rd_class == TTY ? "tty" : "any",
		    "text", rd->rd_text, "source", rd->rd_source,
		    "inferred", rd->rd_inferred));
	return list;
}

static json_t *
json_scenario(const struct scenario *sc)
{
	char *const copy = strdup(sc->sc_actors), *rest = copy, *name;
	json_t *const actors = json_array();

	while (copy != NULL && (name = strsep(&rest, ",")) != NULL)
		json_array_append_new(actors, json_string(name));
	free(copy);
	return json_pack("{s:i, s:s, s:s, s:s, s:o, s:s, s:o, s:[]}",
	    "number", (int)sc->sc_number, "name", sc->sc_name,
	    "title", sc->sc_title, "text", sc->sc_text, "actors", actors,
	    "why_not", sc->sc_run == NULL ? sc->sc_why_not : "",
	    "read", json_reading(sc), "runs");
}

/* ---- running --------------------------------------------------------- */

static void
progress(const struct hardware *hw, const struct system *sys,
    const struct scenario *sc)
{

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K%s, %s: %s", hw->h_id, sys->s_label,
		    sc == NULL ? "starting" : sc->sc_name);
	else if (sc == NULL)
		fprintf(stderr, "devsw-compare: %s, %s\n", hw->h_id,
		    sys->s_text);
}

/* --verbose: how the run went, and how long it took. */
static void
say_run(const struct hardware *hw, const struct system *sys,
    const struct scenario *sc, json_t *run, uint64_t began)
{

	fprintf(stderr, "devsw-compare: %s, %s, %s: %s %s, %.1f s\n", hw->h_id,
	    sys->s_id, sc->sc_name,
	    json_string_value(json_object_get(run, "status")),
	    json_string_value(json_object_get(run, "reason")),
	    (double)(record_now() - began) / 1e9);
}

static void
run_system(const struct options *o, const struct hardware *hw,
    const struct system *sys, const struct scenario **list, size_t count,
    json_t *scenarios)
{
	const char *why = NULL;
	json_t *json;
	uint64_t began;

	progress(hw, sys, NULL);
	if (system_start(sys, hw, find_devswd(o)) != 0)
		why = sys->s_bit == KERNEL ? "the kernel has no node for it" :
		    "devswd has no node for it";
	for (size_t i = 0; i < count; i++) {
		/* What has no reason is not meant for such a device. */
		if (list[i]->sc_run == NULL || (list[i]->sc_why_not == NULL &&
		    (list[i]->sc_class & hw->h_class) == 0) ||
		    (hw->h_class == STUCK && list[i]->sc_class != STUCK))
			continue;
		progress(hw, sys, list[i]);
		began = record_now();
		json = why != NULL ? run_cannot(hw, sys, why) :
		    run_scenario(list[i], hw, sys);
		json_array_append_new(json_object_get(json_array_get(scenarios,
		    i), "runs"), json);
		if (why == NULL && !system_repair(hw))
			why = "an earlier scenario left it unusable";
		if (o->o_verbose)
			say_run(hw, sys, list[i], json, began);
	}
	if (why == NULL || sys->s_bit != KERNEL)
		system_stop();
}

static json_t *
run_all(const struct options *o, struct hardware *hws,
    const struct scenario **list, size_t count)
{
	json_t *const document = json_head(hws, o->o_systems);
	json_t *const scenarios = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(scenarios, json_scenario(list[i]));
	for (struct hardware *hw = hws; hw != NULL; hw = hw->h_next) {
		for (size_t i = 0; i < NSYSTEMS; i++) {
			if ((systems[i].s_bit & o->o_systems) != 0)
				run_system(o, hw, &systems[i], list, count,
				    scenarios);
		}
	}
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	json_object_set_new(document, "scenarios", scenarios);
	return document;
}

static json_t *
measure(const struct options *o)
{
	struct hardware *hws;
	const struct scenario **list;
	json_t *document = NULL;
	bool busy = false;
	size_t count;

	if (geteuid() != 0) {
		fprintf(stderr, "devsw-compare: needs root, to take hardware "
		    "and to pull plugs\n");
		return NULL;
	}
	if (access(find_devswd(o), X_OK) == -1) {
		fprintf(stderr, "devsw-compare: %s: %s\n", find_devswd(o),
		    strerror(errno));
		return NULL;
	}
	hws = choose_hardware(o);
	if (hws == NULL)
		return NULL;
	for (struct hardware *hw = hws; hw != NULL; hw = hw->h_next) {
		if (in_use(hw))
			busy = true;
	}
	if (!busy) {
		list = select_scenarios(o, &count);
		document = run_all(o, hws, list, count);
		free(list);
	}
	hardware_free(hws);
	return document;
}

static json_t *
load(const char *file)
{
	json_error_t error;
	json_t *document = json_load_file(file, 0, &error);

	if (document != NULL &&
	    json_integer_value(json_object_get(document, "devsw_compare")) ==
	    1)
		return document;
	fprintf(stderr, "devsw-compare: %s: %s\n", file, document != NULL ?
	    "not a document of devsw-compare --json" : error.text);
	json_decref(document);
	return NULL;
}

/* ---- output ---------------------------------------------------------- */

static bool
write_html(json_t *document, const char *file)
{
	FILE *const out = fopen(file, "we");

	if (out == NULL || report_html(document, out) != 0 ||
	    fclose(out) != 0) {
		fprintf(stderr, "devsw-compare: %s: %s\n", file,
		    strerror(errno));
		return false;
	}
	return true;
}

/* What has been printed is there, or that is the status. */
static int
flushed(int status)
{

	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	fprintf(stderr, "devsw-compare: standard output: %s\n",
	    strerror(errno));
	return EXIT_BADUSAGE;
}

static int
report(const struct options *o, json_t *document)
{
	const bool color = o->o_color == 1 ||
	    (o->o_color == -1 && isatty(STDOUT_FILENO));

	if (o->o_save != NULL && json_dump_file(document, o->o_save,
	    JSON_FORMAT) != 0) {
		fprintf(stderr, "devsw-compare: %s: %s\n", o->o_save,
		    strerror(errno));
		return EXIT_BADUSAGE;
	}
	if (o->o_html != NULL && !write_html(document, o->o_html))
		return EXIT_BADUSAGE;
	if (o->o_json) {
		json_dumpf(document, stdout, JSON_FORMAT);
		putchar('\n');
	} else if (o->o_markdown)
		report_markdown(document, stdout);
	else
		report_table(document, stdout, color, o->o_timeline);
	return report_all_expected(document) ? EXIT_EXPECTED : EXIT_DIFFERS;
}

int
main(int argc, char **argv)
{
	struct options o;
	json_t *document;
	int status;

	/* Were it ignored, as somebody may have left it, no child would tell. */
	(void)signal(SIGCHLD, SIG_DFL);
	status = parse(argc, argv, &o);
	if (status != -1)
		return flushed(status);
	if (o.o_list)
		return flushed(do_list(&o));
	document = o.o_from != NULL ? load(o.o_from) : measure(&o);
	if (document == NULL)
		return EXIT_BADUSAGE;
	status = flushed(report(&o, document));
	json_decref(document);
	return status;
}
