/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_config.c - devswd.conf(5): what it says comes into the one list that the
 * command line has too; everything that is wrong is told in one run, with file
 * and line; and no file whatever makes it do more than that.
 */
#undef NDEBUG
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "h_test.h"
#include "hyp/hyp_node.h"
#include "main/options.h"

static char dir[32], conf[64], said[65536];
static struct options o;

/* name in the directory of the test, with these bytes. */
static void
put(const char *name, const char *text, size_t len)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	T_CHECK(f != NULL);
	T_EQ(fwrite(text, 1, len, f), len);
	T_EQ(fclose(f), 0);
	T_EQ(chmod(path, 0644), 0);
}

#define	PUT(name, text)	put((name), (text), strlen(text))

static void
begin(void)
{
	char path[128];

	strcpy(dir, "/tmp/t_config.XXXXXX");
	T_CHECK(mkdtemp(dir) != NULL);
	snprintf(conf, sizeof(conf), "%s/a.conf", dir);
	snprintf(path, sizeof(path), "%s.d", conf);
	T_EQ(mkdir(path, 0755), 0);
}

static void
finish(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	T_EQ(system(command), 0);
}

/* "devswd --config CONF more": the number of mistakes, and their text. */
static int
parse(const char *more)
{
	char copy[256], *argv[16], *word, path[128];
	int argc = 0, errors, err, fd;
	ssize_t n;

	options_free(&o);
	snprintf(copy, sizeof(copy), "devswd --config %s %s", conf, more);
	for (word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	snprintf(path, sizeof(path), "%s/stderr", dir);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	T_CHECK(fd != -1);
	fflush(stderr);
	err = dup(2);
	dup2(fd, 2);
	errors = options_parse(argc, argv, &o);
	fflush(stderr);
	dup2(err, 2);
	close(err);
	n = pread(fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	close(fd);
	return errors;
}

/* A line "devswd: DIR/what..." has been said. */
static void
says(const char *what)
{
	char line[512];

	snprintf(line, sizeof(line), "devswd: %s/%s", dir, what);
	if (strstr(said, line) == NULL)
		t_fail(__FILE__, __LINE__, "no \"%s\" in:\n%s", line, said);
}

static const struct claim *
nth_claim(int n)
{
	const struct claim *c;

	TAILQ_FOREACH(c, &o.o_claims, c_entry)
		if (n-- == 0)
			break;
	T_CHECK(c != NULL);
	if (c == NULL)
		abort();		/* the compiler does not know */
	return c;
}

static void
one_list(void)
{

	begin();
	PUT("a.conf", "# the gateway\n"
	    "[devswd]\n"
	    "group = 8\n"
	    "  mode = 0600 ; no tab, no continuation\n"
	    "deadline=7\n"
	    "semantics = freebsd\n"
	    "module = /a.so\n"
	    "\n"
	    "[claim gps]\n"
	    "vid = 0x067b\n"
	    "pid = 23a3\n"
	    "serial = A,B\\C\n"
	    "unit = 3\n"
	    "comment = on the roof\n"
	    "[claim key]\n"
	    "vid = 1050\npid = 0407\nport = 1-1.4\nforce = yes\n"
	    "driver = uhid\nunit = 3\n"
	    "owner = 7\nmode = 0600\n"
	    "speed = 4800\nformat = 7e2\nflow = rtscts\n"
	    "dtr = keep\nrts = off\nlatency = 16\nhupcl = off\n"
	    "clocal = on\nsemantics = linux\n");
	PUT("a.conf.d/20-b.conf", "[devswd]\r\nmode = 0640\r\n");
	PUT("a.conf.d/10-a.conf", "\xef\xbb\xbf[devswd]\nmode = 0604\n"
	    "[claim 3rd]\nvid = 1\npid = 2\nforce = no\n");
	PUT("a.conf.d/.hidden.conf", "nonsense");
	PUT("a.conf.d/backup.conf~", "nonsense");
	T_EQ(parse("--claim 5:6,speed=300 --deadline 9"), 0);
	T_CHECK(said[0] == '\0');
	T_EQ(o.o_tty.gid, 8);
	T_EQ(o.o_tty.mode, 0640);	/* the later file */
	T_EQ(o.o_deadline, 9);		/* the command line */
	T_CHECK(strcmp(o.o_semantics, "freebsd") == 0);
	T_EQ(o.o_nmodules, 1);
	T_CHECK(strcmp(o.o_modules[0], "/a.so") == 0);
	T_EQ(nth_claim(0)->c_vendor, 0x67b);
	T_CHECK(strcmp(nth_claim(0)->c_serial, "A,B\\C") == 0);
	T_EQ(nth_claim(0)->c_unit, 3);
	T_CHECK(strcmp(nth_claim(1)->c_port, "1-1.4") == 0);
	T_CHECK(strcmp(nth_claim(1)->c_driver, "uhid") == 0);
	T_EQ(nth_claim(1)->c_force, 1);
	T_CHECK(strcmp(nth_claim(1)->c_name, "key") == 0);
	T_CHECK(strncmp(nth_claim(1)->c_at, dir, strlen(dir)) == 0 &&
	    strcmp(nth_claim(1)->c_at + strlen(dir), "/a.conf:15") == 0);
	T_EQ(perm_over(&nth_claim(1)->c_perm, &o.o_tty).uid, 7);
	T_EQ(perm_over(&nth_claim(1)->c_perm, &o.o_tty).gid, 8);
	T_EQ(perm_over(&nth_claim(1)->c_perm, &o.o_tty).mode, 0600);
	T_EQ(perm_over(&nth_claim(0)->c_perm, &o.o_tty).mode, 0640);
	T_EQ(nth_claim(1)->c_line.hl_speed, 4800);
	T_EQ(nth_claim(1)->c_line.hl_bits, 7);
	T_EQ(nth_claim(1)->c_line.hl_parity, 'E');
	T_EQ(nth_claim(1)->c_line.hl_stop, 2);
	T_EQ(nth_claim(1)->c_line.hl_flow, HYP_USB_FLOW_RTSCTS);
	T_EQ(nth_claim(1)->c_line.hl_dtr, HYP_USB_PIN_KEEP);
	T_EQ(nth_claim(1)->c_line.hl_rts, HYP_USB_PIN_OFF);
	T_EQ(nth_claim(1)->c_line.hl_latency, 16);
	T_EQ(nth_claim(1)->c_line.hl_hupcl, HYP_USB_PIN_OFF);
	T_EQ(nth_claim(1)->c_line.hl_clocal, HYP_USB_PIN_ON);
	T_EQ(nth_claim(1)->c_line.hl_semantics, HYP_SEMANTICS_LINUX);
	T_EQ(nth_claim(0)->c_line.hl_semantics, 0);
	T_EQ(nth_claim(0)->c_line.hl_speed, 0);
	/* A reload compares texts to know a claim again. */
	T_CHECK(strcmp(nth_claim(1)->c_text, "1050:0407,port=1-1.4,unit=3,"
	    "driver=uhid,force") == 0);
	T_EQ(nth_claim(3)->c_line.hl_speed, 300);
	T_CHECK(nth_claim(3)->c_name[0] == '\0');
	T_EQ(nth_claim(2)->c_product, 2);
	T_EQ(nth_claim(2)->c_force, 0);
	T_EQ(nth_claim(3)->c_vendor, 5);
	T_CHECK(TAILQ_NEXT(nth_claim(3), c_entry) == NULL);
	finish();
}

static void
every_mistake(void)
{

	begin();
	PUT("a.conf", "early = 1\n"
	    "[devswd]\n"
	    "modus = 0600\n"
	    "mode = 999\n"
	    "major\n"
	    "trace = here\n"
	    "[devsw]\n"
	    "mode = 0600\n"
	    "[claim a b]\n"
	    "vid = 1\n"
	    "[claim one]\n"
	    "vid = 12345\n"
	    "pid = 2,3\n"
	    "unit = 4096\n"
	    "port = left\n"
	    "driver = Ucom\n"
	    "force = maybe\n"
	    "color = red\n"
	    "owner = no-such-user\n"
	    "group = no-such-group\n"
	    "mode = 8\n"
	    "[claim two]\n"
	    "vid = 1\nvid = 1\n"
	    "[claim three]\n"
	    "vid = 1\n"
	    "[claim four]\n"
	    "vid = 1\npid = 1\ndriver = uhid\n"
	    "[claim five]\n"
	    "vid = 1\npid = 1\nunit = 1\n"
	    "[claim six]\n"
	    "[claim seven\n");
	PUT("a.conf.d/b.conf", "[claim eight]\nvid=2\npid=2\nunit=1\n"
	    "[claim nine]\nvid=1\npid=1\n"
	    "[claim ten]\nvid=3\npid=3\nspeed = 9600 8N1\nformat = 8\n"
	    "flow = crtscts\nspeed = 300\nspeed = 300\n"
	    "semantics = bsd\n");
	T_EQ(parse(""), 30);
	says("a.conf:1: early: begin with [devswd] or [claim NAME]");
	says("a.conf:3: modus: there is no such setting; there are owner ");
	says("a.conf:4: mode 999: wants an octal number from 1 to 777");
	says("a.conf:5: major: wants KEY = VALUE");
	says("a.conf:6: trace here: not found from here");
	says("a.conf:7: [devsw]: there is no such section");
	says("a.conf:9: [claim a b]: wants a name");
	says("a.conf:12: vid = 12345: wants one to four hex digits");
	says("a.conf:13: pid = 2,3: wants one to four hex digits");
	says("a.conf:14: unit = 4096: unit= is larger than 4095");
	says("a.conf:15: port = left: port= wants a place");
	says("a.conf:16: driver = Ucom: driver= wants a name");
	says("a.conf:17: force = maybe: wants yes or no");
	says("a.conf:18: color: a claim has no such key; it has vid, ");
	says("a.conf:19: owner = no-such-user: no such user");
	says("a.conf:20: group = no-such-group: no such group");
	says("a.conf:21: mode = 8: wants an octal number from 1 to 777");
	says("a.conf:24: vid = 1: is given twice");
	says("a.conf:25: [claim three]: vid and pid");
	says("a.conf:27: [claim four]: driver= says");
	says("a.conf:35: [claim six]: vid and pid");
	says("a.conf:36: [claim seven]: vid and pid");
	says("a.conf:36: wants [SECTION] or KEY = VALUE");
	says("a.conf.d/b.conf:1: [claim eight]: another claim has the same "
	    "unit");
	says("a.conf.d/b.conf:5: [claim nine]: another claim names the same "
	    "devices");
	says("a.conf.d/b.conf:11: speed = 9600 8N1: wants a number of baud");
	says("a.conf.d/b.conf:12: format = 8: wants bits (5 to 8), parity");
	says("a.conf.d/b.conf:13: flow = crtscts: wants none, rtscts or ");
	says("a.conf.d/b.conf:15: speed = 300: is given twice");
	says("a.conf.d/b.conf:16: semantics = bsd: wants one of netbsd, ");
	finish();
}

/* As root here; a user's file is his, and he is not asked to be root. */
static void
not_a_configuration(void)
{
	static const char nul[] = "[devswd]\n\0\0\0mode = 0600\nmode = 1\n";
	char path[128];
	int fd;

	begin();
	T_EQ(parse("--claim 1:2"), 1);		/* is not there */
	says("a.conf: No such file");
	PUT("a.conf", "");
	T_EQ(parse("--claim 1:2"), 0);
	T_EQ(chmod(conf, 0646), 0);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf: others than root can write to it");
	T_EQ(chmod(conf, 0644), 0);
	T_EQ(chown(conf, 12345, -1), 0);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf: others than root can write to it");

	T_EQ(unlink(conf), 0);
	T_EQ(mkfifo(conf, 0644), 0);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf: is no file");
	T_EQ(unlink(conf), 0);
	T_EQ(symlink("a.conf", conf), 0);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf: Too many levels of symbolic links");
	T_EQ(unlink(conf), 0);

	put("a.conf", nul, sizeof(nul) - 1);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf: is no text");
	PUT("a.conf", "[devswd]\nmodule-dir = /");
	fd = open(conf, O_WRONLY | O_APPEND);
	for (int i = 0; i < 300; i++)
		T_EQ(write(fd, "0123456789", 10), 10);
	T_EQ(write(fd, "\nmode = 9\n", 10), 10);
	T_CHECK(parse("--claim 1:2") >= 2);
	says("a.conf:2: the line is too long");
	says("a.conf:3: mode 9: ");
	memset(said, '\n', 1024);
	for (int i = 0; i < 1024; i++)
		T_EQ(write(fd, said, 1024), 1024);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf: is longer than 1 MiB");
	close(fd);

	PUT("a.conf", "");
	snprintf(path, sizeof(path), "%s/a.conf.d/x.conf", dir);
	T_EQ(mkdir(path, 0755), 0);
	T_EQ(parse("--claim 1:2"), 1);
	says("a.conf.d/x.conf: is no file");
	finish();
}

/* As another system's editor writes it; the last line has no end. */
static void
other_line_ends(void)
{

	begin();
	PUT("a.conf", "\xef\xbb\xbf[devswd]\r\nmode = 0640\r\n\r\n"
	    "# comment\r\n[claim a]\r\nvid = 1\r\npid = 2\r\n"
	    "serial = a b\r\nforce = yes\r\n[claim b]\r\ncolor = x");
	T_EQ(parse(""), 1);
	says("a.conf:11: color: a claim has no such key");
	T_EQ(nth_claim(0)->c_product, 2);
	T_EQ(nth_claim(0)->c_force, 1);
	T_CHECK(strcmp(nth_claim(0)->c_serial, "a b") == 0);
	T_EQ(perm_over(&nth_claim(0)->c_perm, &o.o_tty).mode, 0640);
	finish();
}

/* Drop-ins that lead back: to the file, to their folder, to themselves. */
static void
circles(void)
{
	char path[160];

	begin();
	PUT("a.conf", "[claim a]\nvid = 1\npid = 2\n");
	snprintf(path, sizeof(path), "%s/a.conf.d/1.conf", dir);
	T_EQ(symlink("../a.conf", path), 0);
	snprintf(path, sizeof(path), "%s/a.conf.d/2.conf", dir);
	T_EQ(symlink("2.conf", path), 0);
	snprintf(path, sizeof(path), "%s/a.conf.d/3.conf", dir);
	T_EQ(symlink(".", path), 0);
	PUT("a.conf.d/4.conf", "[claim b]\nvid = 3\npid = 4\n");
	T_EQ(parse("--check-config"), 3);
	says("a.conf.d/1.conf:1: [claim a]: another claim names the same "
	    "devices");
	says("a.conf.d/2.conf: Too many levels of symbolic links");
	says("a.conf.d/3.conf: is no file");
	T_EQ(nth_claim(0)->c_vendor, 1);
	T_EQ(nth_claim(1)->c_vendor, 3);
	T_CHECK(TAILQ_NEXT(nth_claim(1), c_entry) == NULL);
	snprintf(path, sizeof(path), "rm -r %s.d && ln -s a.conf.d %s.d",
	    conf, conf);
	T_EQ(system(path), 0);
	T_EQ(parse("--check-config"), 1);
	says("a.conf.d: Too many levels of symbolic links");
	finish();
}

/* Bytes by chance, and a good file with some of them in it. */
static void
chance(void)
{
	static const char good[] = "[devswd]\nmode = 0600\nmajor = 5\n"
	    "[claim a]\nvid = 1\npid = 2\nserial = a,b\nunit = 3\n"
	    "speed = 9600\nformat = 8N1\nflow = none\ndtr = keep\n"
	    "latency = 16\nsemantics = freebsd\n";
	static const char bytes[] = "[]=;#\n\r\t ,:\\\"'\0\xff\xef\xbb\xbf"
	    "claim devswd vid pid unit 0123456789";
	char text[4096];
	size_t len, i, n;

	begin();
	for (int round = 0; round < 3000; round++) {
		if (round % 2 != 0) {
			len = sizeof(good) - 1;
			memcpy(text, good, len);
			n = 1 + t_random() % 8;
		} else
			n = len = t_random() % sizeof(text);
		for (i = 0; i < n; i++)
			text[round % 2 != 0 ? t_random() % len : i] =
			    bytes[t_random() % (sizeof(bytes) - 1)];
		put("a.conf", text, len);
		(void)parse("--claim 77:77");
		T_CHECK(!TAILQ_EMPTY(&o.o_claims));
	}
	finish();
}

static void
actions(void)
{

	begin();
	PUT("a.conf", "[devswd]\nmode = 9\n");
	T_EQ(parse("--check-config"), 1);
	T_EQ(parse("--version"), 0);	/* which it has no part in */
	T_EQ(parse("--list"), 0);
	PUT("a.conf", "[devswd]\nmode = 1\n");
	T_EQ(parse("--check-config"), 0);
	T_EQ(o.o_action, ACTION_CHECK);
	T_EQ(parse("--release"), 1);
	T_EQ(parse(""), 0);		/* a daemon that waits for claims */
	T_EQ(parse("--units remembered --units-file u"), 0);
	T_EQ(o.o_units, 1);
	T_EQ(parse("--units some"), 1);
	PUT("a.conf", "[claim a]\nvid=1\npid=2\n");
	T_EQ(parse("--release"), 0);
	finish();
}

const struct t_case t_cases[] = {
	{ "files and command line are one list, and the later word counts",
	    one_list },
	{ "every mistake is told in one run, with file and line",
	    every_mistake },
	{ "what is no configuration, or others can write to, is refused",
	    not_a_configuration },
	{ "the line ends of other systems are line ends", other_line_ends },
	{ "drop-ins that lead back are told, and the others count", circles },
	{ "bytes by chance are refused or taken", chance },
	{ "--check-config tells, and --release takes the claims", actions },
	{ NULL, NULL }
};
