/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_config.c - what devswd is told, and what it tells of itself: a
 * configuration of any bytes; a claim of any bytes; and what --list proposes
 * for a device with any strings.
 *
 * The first byte says which.  Promises: mistakes are counted, and none is told
 * that is not; what a claim says is in its range and fits a device that has it;
 * what is proposed is one word for a shell, is taken by the parser, and claims
 * the device that it was proposed for.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz/h_fuzz.h"
#include "host/host.h"
#include "main/mistake.h"
#include "main/options.h"

static FILE *
nowhere(void)
{
	static FILE *f;

	if (f == NULL)
		f = fopen("/dev/null", "we");
	return f;
}

static void
check_claim(const struct claim *c)
{

	FUZZ_PROMISE(c->c_unit >= -1 && c->c_unit <= CLAIM_UNIT_MAX);
	FUZZ_PROMISE(memchr(c->c_serial, '\0', sizeof(c->c_serial)) != NULL);
	FUZZ_PROMISE(memchr(c->c_port, '\0', sizeof(c->c_port)) != NULL);
	FUZZ_PROMISE(memchr(c->c_driver, '\0', sizeof(c->c_driver)) != NULL);
	FUZZ_PROMISE(c->c_line.hl_bits == 0 || (c->c_line.hl_bits >= 5 &&
	    c->c_line.hl_bits <= 8));
	FUZZ_PROMISE(c->c_line.hl_stop <= 2);
}

/* ---- the configuration ---------------------------------------------- */

/* Read a file with this in it; how many claims are in there, or -1: mistakes,
   which are told. */
static int
read_conf(const void *bytes, size_t n)
{
	static int fd = -1;
	static char path[32];
	char *argv[] = { (char *)"devswd", (char *)"--config", path, NULL };
	const struct claim *c;
	struct options o;
	char *text;
	size_t len = 0;
	FILE *said = open_memstream(&text, &len);
	int claims = 0, errors;

	if (fd == -1) {
		/* One that others may write to is not looked into. */
		fd = memfd_create("conf", MFD_CLOEXEC);
		FUZZ_PROMISE(fchmod(fd, 0600) == 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	FUZZ_PROMISE(ftruncate(fd, 0) == 0 &&
	    pwrite(fd, bytes, n, 0) == (ssize_t)n);
	mistakes_to(said);
	errors = options_parse(3, argv, &o);
	mistakes_to(nowhere());
	fclose(said);
	FUZZ_PROMISE((errors == 0) == (len == 0));
	FUZZ_PROMISE(memchr(text, '\0', len) == NULL);
	TAILQ_FOREACH(c, &o.o_claims, c_entry) {
		check_claim(c);
		claims++;
	}
	free(text);
	options_free(&o);
	return errors == 0 ? claims : -1;
}

static void
configuration(struct fuzz *f)
{
	static const char good[] = "[claim a]\nvid = 0403\npid = 6001\n";
	static bool reads;

	if (!reads)
		FUZZ_PROMISE(read_conf(good, sizeof(good) - 1) == 1);
	reads = true;
	(void)read_conf(f->f_at, f->f_left);
}

/* ---- a claim -------------------------------------------------------- */

static void
claim(struct fuzz *f)
{
	struct hyp_usb_info hi = { .hi_bus = 1, .hi_addr = 2,
	    .hi_vendorstr = "", .hi_productstr = "" };
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	char *const text = malloc(f->f_left + 1);
	struct claim *c;

	memcpy(text, f->f_at, f->f_left);
	text[f->f_left] = '\0';
	if (claim_add(&head, text) == NULL) {
		c = TAILQ_FIRST(&head);
		check_claim(c);
		FUZZ_PROMISE(claim_add(&head, text) != NULL);
		hi.hi_vendor = c->c_vendor;
		hi.hi_product = c->c_product;
		hi.hi_serial = c->c_serial;
		hi.hi_path = c->c_port[0] != '\0' ? c->c_port : "9-9";
		FUZZ_PROMISE(claim_find(&head, &hi) == c);
	} else
		FUZZ_PROMISE(TAILQ_EMPTY(&head));
	claim_free(&head);
	free(text);
}

/* ---- what is proposed ----------------------------------------------- */

/* A string of the device's, as usbsys_read has it. */
static void
string(struct fuzz *f, char *buf, size_t size)
{
	struct fuzz part = fuzz_part(f, fuzz_u8(f));
	char bytes[256];
	const size_t n = fuzz_bytes(&part, bytes, sizeof(bytes) - 1);

	bytes[n] = '\0';
	host_text_clean(bytes);
	bytes[size - 1] = '\0';
	strcpy(buf, bytes);
}

/* What sh(1) makes of one word in single quotes. */
static void
shell(const char *word, char *text)
{

	for (; *word != '\0'; word++) {
		if (*word == '\\') {
			*text++ = *++word;
			continue;
		}
		FUZZ_PROMISE(*word == '\'');
		for (word++; *word != '\''; word++) {
			FUZZ_PROMISE(*word != '\0');
			*text++ = *word;
		}
	}
	*text = '\0';
}

static void
proposal(struct fuzz *f)
{
	struct claim_head head = TAILQ_HEAD_INITIALIZER(head);
	char serial[128], path[64], text[CLAIM_TEXT], again[CLAIM_TEXT];
	char word[CLAIM_SHELL(CLAIM_TEXT)];
	struct hyp_usb_info hi = { .hi_bus = 1, .hi_addr = 2,
	    .hi_vendorstr = "", .hi_productstr = "", .hi_serial = serial,
	    .hi_path = path };
	const int with_port = fuzz_u8(f) & 1;
	unsigned n;

	hi.hi_vendor = fuzz_u16(f);
	hi.hi_product = fuzz_u16(f);
	/* The place is the kernel's word: it has this form. */
	n = (unsigned)snprintf(path, sizeof(path), "%u-%u", fuzz_u8(f),
	    fuzz_u8(f));
	for (unsigned k = fuzz_u8(f) % 6; k > 0; k--)
		n += (unsigned)snprintf(path + n, sizeof(path) - n, ".%u",
		    fuzz_u8(f));
	string(f, serial, sizeof(serial));
	claim_propose(&hi, with_port, text);
	claim_shell(text, word, sizeof(word));
	shell(word, again);
	FUZZ_PROMISE(strcmp(text, again) == 0);
	FUZZ_PROMISE(claim_add(&head, again) == NULL);
	FUZZ_PROMISE(claim_find(&head, &hi) == TAILQ_FIRST(&head));
	for (const char *p = text; *p != '\0'; p++)
		FUZZ_PROMISE((unsigned char)*p >= ' ' && *p != 0x7f);
	claim_free(&head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz f = fuzz_begin(bytes, n);

	mistakes_to(nowhere());
	switch (fuzz_u8(&f) % 3) {
	case 0:
		configuration(&f);
		break;
	case 1:
		claim(&f);
		break;
	case 2:
		proposal(&f);
		break;
	}
	return 0;
}

static void
seed(const char *name, char which, const char *text)
{
	char buf[1024];

	buf[0] = which;
	strcpy(buf + 1, text);
	fuzz_seed(name, buf, 1 + strlen(text));
}

void
fuzz_seeds(void)
{

	seed("conf", 0, "# a comment\n[devswd]\ngroup = root\nmode = 0640\n"
	    "major = 121\nmax-threads = 8\nclose-deadline = 3\n"
	    "semantics = freebsd\ndefaults = bsd\nunits = no\n\n"
	    "[claim one]\nvid = 0x0403\npid = 6001\nserial = \"A \\\" 1\"\n"
	    "unit = 3\nspeed = 9600\nformat = 7E1\nflow = rtscts\ndtr = keep\n"
	    "rts = off\nlatency = 2\nsemantics = linux\nowner = root\n"
	    "group = root\nmode = 0600\nhupcl = on\nclocal = off\n"
	    "comment = it\n"
	    "[claim two]\nvid = 1a86\npid = 7523\nport = 1-1.4\nunit = 4\n"
	    "driver = ucom\nforce = yes\n");
	seed("claim", 1, "0403:6001,serial=a\\,b,port=1-1.4,unit=3,"
	    "driver=ucom,force,speed=9600,format=7E1,flow=none,dtr=on,"
	    "rts=keep,latency=1,semantics=linux");
	seed("claim-short", 1, "1a86:7523");
	seed("propose", 2, "\1\3\4\1\x60\1\1\2\4\3\12A1'b,c\\ d\"$");
	seed("propose-bad", 2, "\2\3\4\1\x60\1\1\2\1\5\xff\x80\n;`");
}
