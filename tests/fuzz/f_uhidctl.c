/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_uhidctl.c - uhidctl(1) before a hostile device: any report descriptor, any
 * reports, which may be refused or end early; all that it prints, and names to
 * get, set and watch.
 *
 * Input: what to do; the report ID; lengths of 2 bytes of the descriptor, the
 * reports and the names; and those.
 *
 * Promises: what it prints is no more than a terminal can take (no control
 * characters but newlines), a report is asked for and sent in its own length,
 * and JSON has no bytes that end a string.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/h_fuzz.h"
#include "hid/h_rdesc.h"
#include "uhidctl/uhidctl.h"

#define	MANY	300		/* fields: more take all the time */
#define	NAMES	3

static struct job job;
static struct fuzz reports;

/* In the place of complain.c's: standard error is for what is wrong. */
int
complain(const char *format, ...)
{

	FUZZ_PROMISE(format[0] != '\0');
	return EXIT_FAILED;
}

static size_t
report_len(const struct node *n, enum hidp_kind kind)
{

	return model_report_size(&job.j_model, kind, n->n_id);
}

static int
fake_get(struct node *n, enum hidp_kind kind, uint8_t *data, size_t len)
{

	FUZZ_PROMISE(len == report_len(n, kind));
	if (fuzz_u8(&reports) > 250)
		return EIO;
	(void)fuzz_bytes(&reports, data, len);
	return 0;
}

static int
fake_set(struct node *n, enum hidp_kind kind, const uint8_t *data, size_t len)
{
	volatile uint8_t sum = 0;

	FUZZ_PROMISE(len == report_len(n, kind));
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + data[i]);
	return fuzz_u8(&reports) > 250 ? EIO : 0;
}

static ssize_t
fake_read(struct node *n, uint8_t *data, size_t len)
{
	size_t some;

	(void)n;
	if (reports.f_left == 0)
		return 0;
	some = fuzz_u8(&reports);
	some = some == 0 || some > len ? len : some;
	(void)fuzz_bytes(&reports, data, some);
	return (ssize_t)some;
}

static void
work(uint8_t what, FILE *out)
{

	switch (what % 5) {
	case 0:
		reports_get(&job);
		show_list(&job, out);
		break;
	case 1:
		reports_get(&job);
		json_list(&job, out);
		break;
	case 2:
		(void)items_get(&job, out);
		break;
	case 3:
		/* Nothing else comes through options_parse. */
		for (int i = 0; i < job.j_options.o_nnames; i++)
			if (strchr(job.j_options.o_names[i], '=') == NULL)
				return;
		job.j_options.o_write = true;
		(void)items_set(&job);
		break;
	case 4:
		job.j_options.o_loop = true;
		(void)items_watch(&job, out);
		break;
	}
}

/* Names are lines. */
static void
take_names(char *text, char **list)
{
	char *at = text;
	int n = 0;

	while (n < NAMES && (list[n] = strsep(&at, "\n")) != NULL)
		n++;
	job.j_options.o_names = list;
	job.j_options.o_nnames = n;
}

static void
run(uint8_t what, struct fuzz *desc, struct fuzz *names)
{
	char *text, *list[NAMES + 1], *printed = NULL;
	size_t len = 0;
	FILE *out;

	if (model_create(&job.j_model, desc->f_at, desc->f_left) != 0) {
		model_destroy(&job.j_model);
		return;
	}
	if (job.j_model.m_nentry <= MANY && reports_create(&job) == EXIT_OK) {
		text = calloc(1, names->f_left + 1);
		memcpy(text, names->f_at, names->f_left);
		take_names(text, list);
		out = open_memstream(&printed, &len);
		work(what, out);
		fclose(out);
		for (size_t i = 0; i < len; i++)
			FUZZ_PROMISE(printed[i] == '\n' ||
			    ((unsigned char)printed[i] >= ' ' &&
			    printed[i] != 0x7f));
		free(printed);
		free(text);
	}
	reports_destroy(&job);
	model_destroy(&job.j_model);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz f = fuzz_begin(bytes, n), desc, names;
	const uint8_t what = fuzz_u8(&f), id = fuzz_u8(&f);
	const uint16_t ndesc = fuzz_u16(&f), nnames = fuzz_u16(&f);
	static FILE *nowhere;

	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "we");
	if (n < 6)
		return 0;
	desc = fuzz_part(&f, ndesc);
	names = fuzz_part(&f, nnames);
	reports = f;
	memset(&job, 0, sizeof(job));
	job.j_options.o_kind = (what & 0x40) != 0 ? (int)(id % HIDP_NKIND) :
	    -1;
	job.j_options.o_json = (what & 0x20) != 0;
	job.j_options.o_all = (what & 0x80) != 0;
	job.j_options.o_count = 20;
	job.j_node.n_path = "node";
	job.j_node.n_id = id == 0xff ? -1 : id;
	job.j_node.n_get = fake_get;
	job.j_node.n_set = fake_set;
	job.j_node.n_read = fake_read;
	if (desc.f_left <= HIDP_MAXLEN) {
		dump(nowhere, NULL, desc.f_at, desc.f_left);
		run(what, &desc, &names);
	}
	return 0;
}

void
fuzz_seeds(void)
{
	static const char text[] = "1:48=3\n1:0x31\n9:1#0=1";
	static const char asked[] = "1:48\n1:0x31\n9:1#0";
	static uint8_t buf[8192];
	char name[64];
	size_t n, len;

	for (size_t k = 0; k < H_NRDESC; k++) {
		len = h_rdescs[k].r_len;
		if (len > 4000)
			continue;
		for (uint8_t what = 0; what < 5; what++) {
			const char *const names = what == 3 ? text : asked;

			buf[0] = what;
			buf[1] = (uint8_t)(k % 3 == 0 ? 0xff : k % 3 - 1);
			buf[2] = (uint8_t)len;
			buf[3] = (uint8_t)(len >> 8);
			buf[4] = (uint8_t)strlen(names);
			buf[5] = 0;
			memcpy(buf + 6, h_rdescs[k].r_bytes, len);
			n = 6 + len;
			memcpy(buf + n, names, strlen(names));
			n += strlen(names);
			memset(buf + n, 0x15, 64);
			snprintf(name, sizeof(name), "%s-%u",
			    h_rdescs[k].r_name, what);
			fuzz_seed(name, buf, n + 64);
		}
	}
}
