/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * f_journal.c - a journal in which anything has been overwritten with anything
 * (src/devswd/front/journal.c).
 *
 * An input is patches: where (of its head and of the first records of each
 * table, by 16 bits), how many bytes, and those.  Promises: the reader ends and
 * stays in bounds; a node has a name that can stand in /dev, and a minor number
 * that no other has; a file has a number that was given out; files and calls
 * are of a node in bounds; the last words have an end; devices that were attached
 * are counted, and what is put for a device can be got, whatever stands there;
 * what was told is a text, in its order, and can be taken back; what a thread
 * was in is one of a driver's functions, of a name that can be printed.
 */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "front/journal.h"
#include "front/states.h"
#include "front/suspects.h"
#include "front/told.h"
#include "fuzz/h_fuzz.h"
#include "hyp/hyp_state.h"
#include "hyp/hyp_trace.h"

#define	NODE(i)		(4096 + (i) * 128L)
#define	FILE_AT(i)	(NODE(JOURNAL_NODES) + (i) * 64L)
#define	CALL(i)		(FILE_AT(JOURNAL_FILES) + (i) * 64L)
#define	STATE(i)	(CALL(JOURNAL_CALLS) + (i) * 512L)
#define	TOLD(i)		(STATE(512) + (i) * 512L)
#define	NOTE(i)		(TOLD(256) + (i) * 64L)

static struct journal *
good_one(int *fd)
{
	struct journal_file jf = { .jf_pid = 5 };
	struct hyp_note *hn;
	struct journal *j;

	FUZZ_PROMISE(journal_make(&j, fd) == 0);
	journal_node_made(j, journal_node_add(j, 0, 1, "ttyU0"));
	journal_node_made(j, journal_node_add(j, 1, 1, "dtyU0"));
	journal_node_owner(j, 1, 0, 20, 0660);
	(void)journal_node_add(j, 2, 2, "uhid0");
	for (uint32_t i = 0; i < 3; i++) {
		jf.jf_number = i + 1;
		jf.jf_node = i % 2;
		journal_file_open(j, i, &jf);
		journal_call_begin(j, i, (int)i % 2, 2 + 2 * (uint64_t)i, 15);
	}
	journal_file_poll(j, 1, 3);
	state_put(j, "ucom0", "9600", 4);
	state_put(j, "ucom1", "4800", 4);
	FUZZ_PROMISE(told_add(j, TOLD_CLAIM, "403:6001", 0) == 0 &&
	    told_add(j, TOLD_CLAIM, "1:2,unit=3", 0) == 0 &&
	    told_add(j, TOLD_MODULE, "/foo.so", 3) == 0);
	told_try(j, TOLD_MODULE, "/foo.so", true);
	hn = journal_notes_clear(j);
	for (unsigned i = 0; i < 3; i++, hn++) {
		memcpy(hn->hn_name, "uftdi0", 7);
		memcpy(hn->hn_thread, "softclock", 10);
		hn->hn_word = HYP_NOTE_CLOSE + 5 * i;
		hn->hn_tid = 7;
	}
	return j;
}

/* Where things are: the head, and 100 records of each table. */
static off_t
place(uint16_t at)
{
	const uint16_t within = at & 0x3fff;

	switch (at >> 14) {
	case 0:
		return within < 0x2000 ? within % 64 : within % 4096;
	case 1:
		return NODE(0) + within % (100 * 128);
	case 2:
		return FILE_AT(0) + within % (100 * 64);
	default:
		return within < 0x3000 ? CALL(0) + within % (100 * 64) :
		    within < 0x3800 ? STATE(0) + within % (4 * 512) :
		    within < 0x3c00 ? TOLD(0) + within % (4 * 512) :
		    NOTE(0) + within % (4 * 64);
	}
}

static bool
is_good_name(const char *name)
{

	return memchr(name, '\0', JOURNAL_NAME) != NULL && name[0] != '\0' &&
	    name[0] != '.' && strpbrk(name, "/ \n\t") == NULL;
}

static void
nodes(const struct journal *j)
{
	static bool seen[1 << 20];
	static uint32_t minors[JOURNAL_NODES];
	struct journal_node jn;
	unsigned n = 0;

	FUZZ_PROMISE(journal_nodes(j) <= JOURNAL_NODES);
	for (unsigned i = 0; i < journal_nodes(j); i++) {
		if (!journal_node(j, i, &jn))
			continue;
		FUZZ_PROMISE(is_good_name(jn.jn_name) &&
		    jn.jn_minor < 1 << 20 && !seen[jn.jn_minor] &&
		    (jn.jn_mode & ~07777U) == 0);
		seen[jn.jn_minor] = true;
		minors[n++] = jn.jn_minor;
	}
	while (n-- > 0)
		seen[minors[n]] = false;
}

static void
files_and_calls(const struct journal *j)
{
	struct journal_file jf;
	struct journal_call jc;
	struct journal_last jl;

	FUZZ_PROMISE(journal_files(j) <= JOURNAL_FILES &&
	    journal_calls(j) <= JOURNAL_CALLS);
	for (unsigned i = 0; i < journal_files(j); i++) {
		if (journal_file(j, i, &jf))
			FUZZ_PROMISE(jf.jf_number != 0 && jf.jf_number <=
			    journal_number(j) && jf.jf_node < JOURNAL_NODES);
	}
	for (unsigned i = 0; i < journal_calls(j); i++) {
		if (journal_call(j, i, &jc))
			FUZZ_PROMISE(jc.jc_unique != 0 &&
			    jc.jc_node < JOURNAL_NODES);
	}
	for (unsigned i = 0; i <= JOURNAL_LAST; i++) {
		if (journal_last(j, i, &jl))
			FUZZ_PROMISE(i < JOURNAL_LAST && jl.jl_took >= -1 &&
			    jl.jl_node < JOURNAL_NODES);
	}
}

static bool
is_printable(const char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size && text[i] >= ' ' && text[i] <= '~'; i++)
		continue;
	return i < size && text[i] == '\0';
}

static void
notes(const struct journal *j)
{
	struct journal_note jn;
	struct journal_node node;

	FUZZ_PROMISE(journal_notes(j) <= JOURNAL_NOTES);
	for (unsigned i = 0; i < journal_notes(j); i++) {
		if (!journal_note(j, i, &jn))
			continue;
		FUZZ_PROMISE(jn.jn_what > HYP_NOTE_NONE &&
		    jn.jn_what < HYP_NOTE_N &&
		    is_printable(jn.jn_name, sizeof(jn.jn_name)) &&
		    is_printable(jn.jn_thread, sizeof(jn.jn_thread)));
		FUZZ_PROMISE(!journal_minor(j, jn.jn_minor, &node) ||
		    node.jn_minor == jn.jn_minor);
	}
}

static void
last(struct journal *j)
{
	const struct suspect s = { "1-1", 1, 5, 0x403, 0x6001 };
	char words[JOURNAL_WORDS];
	unsigned deaths, more;

	journal_words(j, words);
	FUZZ_PROMISE(memchr(words, '\0', sizeof(words)) != NULL);
	(void)suspect_get(j, &s, &deaths);
	suspect_set(j, &s, SUSPECT_WORKS);
	suspects_died(j, true);
	FUZZ_PROMISE(suspect_get(j, &s, &more) != SUSPECT_WORKS &&
	    more <= deaths + 1 && more <= 255);
	suspects_forgive(j);
	FUZZ_PROMISE(suspect_get(j, &s, &more) == SUSPECT_NONE && more == 0);
}

static void
states(struct journal *j)
{
	char text[HYP_STATE_MAX];

	FUZZ_PROMISE(state_get(j, "ucom0", text, sizeof(text)) <=
	    sizeof(text) && state_get(j, "ucom1", text, 5) <= 5);
	state_put(j, "ucom1", "57600", 5);
	FUZZ_PROMISE(state_get(j, "ucom1", text, 5) == 5 &&
	    memcmp(text, "57600", 5) == 0);
	state_put(j, "ucom1", NULL, 0);
}

static unsigned
deaths_of(const struct journal *j, const char *path)
{
	struct told told = { .t_order = 0 };

	while (told_next(j, TOLD_MODULE, told.t_order, &told)) {
		FUZZ_PROMISE(told.t_deaths <= 255);
		if (strcmp(told.t_text, path) == 0)
			return told.t_deaths;
	}
	return 0;
}

/* Every record could be somebody's by now, but none says more than a text. */
static void
what_was_told(struct journal *j)
{
	const unsigned deaths = deaths_of(j, "/foo.so");
	struct told told = { .t_order = 0 };
	uint32_t last = 0;
	unsigned n = 0;

	while (told_next(j, TOLD_CLAIM, last, &told)) {
		FUZZ_PROMISE(told.t_order > last && ++n <= TOLD_MAX);
		FUZZ_PROMISE(told.t_text[0] != '\0' &&
		    memchr(told.t_text, '\0', TOLD_TEXT) != NULL);
		last = told.t_order;
	}
	if (told_add(j, TOLD_CLAIM, "9:9", 0) == 0)
		FUZZ_PROMISE(told_next(j, TOLD_CLAIM, last, &told) ?
		    strcmp(told.t_text, "9:9") == 0 : n > 0);
	told_drop(j, TOLD_CLAIM, "9:9");
	told_died(j);
	FUZZ_PROMISE(deaths_of(j, "/foo.so") <= deaths + 1);
	/* Two of one order are told of one after the other. */
	while (told_next(j, TOLD_CLAIM, 0, &told)) {
		FUZZ_PROMISE(strcmp(told.t_text, "9:9") != 0);
		told_drop(j, TOLD_CLAIM, told.t_text);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct fuzz f = fuzz_begin(bytes, n);
	struct journal *j, *reader;
	uint8_t patch[64];
	off_t at;
	size_t len;
	int fd;

	j = good_one(&fd);
	while (f.f_left > 0) {
		at = place(fuzz_u16(&f));
		len = fuzz_bytes(&f, patch, fuzz_u8(&f) % sizeof(patch));
		FUZZ_PROMISE(pwrite(fd, patch, len, at) == (ssize_t)len);
	}
	if (journal_open(&reader, fd) == 0) {
		nodes(reader);
		files_and_calls(reader);
	notes(reader);
		last(reader);
		states(reader);
		what_was_told(reader);
		journal_close(reader);
	}
	journal_close(j);
	close(fd);
	return 0;
}

void
fuzz_seeds(void)
{
	/* A class, a minor number, a name without its end, all counts, a file's
	   node, a call's, and the magic number. */
	static const uint8_t records[] = { 0x1c, 0x40, 4, 1, 0, 0, 0,
	    0x18, 0x40, 4, 1, 0, 0, 0, 0xa0, 0x40, 4, 't', 't', 'y', 'U' };
	static const uint8_t counts[] = { 24, 0, 12, 255, 255, 255, 255, 255,
	    255, 255, 255, 255, 255, 255, 255, 0x10, 0x80, 4, 9, 9, 9, 9,
	    0x08, 0xc0, 4, 1, 4, 0, 0 };
	static const uint8_t magic[] = { 0, 0, 1, 0 };
	/* A length, and the other text. */
	static const uint8_t length[] = { 0, 0xf0, 4, 3, 255, 255, 255 };
	/* The second one's order is the first one's; a text that is another's. */
	static const uint8_t told[] = { 4, 0xfa, 1, 1, 8, 0xf8, 4, '1', ':', '2',
	    0 };

	fuzz_seed("records", records, sizeof(records));
	fuzz_seed("counts", counts, sizeof(counts));
	fuzz_seed("magic", magic, sizeof(magic));
	fuzz_seed("length", length, sizeof(length));
	fuzz_seed("told", told, sizeof(told));
}
