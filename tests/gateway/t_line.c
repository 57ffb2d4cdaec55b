/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * t_line.c - what a client is told of its line by RFC 2217: speeds that a chip
 * divides, and what was wrong with what it has received.
 *
 * The rules are those of RFC 2217 (SET-BAUDRATE is answered with what is;
 * NOTIFY-LINESTATE's bits), of its clients, which compare the answer with what
 * they have asked for (pyserial's rfc2217), of termios(3) for marks, and of
 * Linux for its counters.
 */
#undef NDEBUG
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "h_line.h"

/* ---- RFC 2217, by hand ---------------------------------------------- */

static const uint8_t will_com[] = { 255, 251, 44 };

static void
ask(int fd, const uint8_t *body, size_t n)
{
	uint8_t bytes[64] = { 255, 250, 44 };
	size_t i, k = 3;

	for (i = 0; i < n; i++) {
		bytes[k++] = body[i];
		if (body[i] == 255)
			bytes[k++] = 255;
	}
	bytes[k++] = 255;
	bytes[k++] = 240;
	say_to(fd, bytes, k);
	run(20);
}

/* All that the client has got by now. */
static uint8_t got[65536];
static size_t ngot;

static void
listen_to(int fd)
{
	const ssize_t n = read(fd, got, sizeof(got));

	ngot = n > 0 ? (size_t)n : 0;
}

/*
 * at = find(at, command)
 *
 *	The value of the next suboption of this command in what was got; then at
 *	is behind it.  NULL: there is none.
 */
static const uint8_t *
find(size_t *at, uint8_t command)
{
	const uint8_t head[] = { 255, 250, 44, command };
	const uint8_t *const p = memmem(got + *at, ngot - *at, head,
	    sizeof(head));

	if (p == NULL)
		return NULL;
	*at = (size_t)(p - got) + sizeof(head);
	return p + sizeof(head);
}

/* ---- speeds --------------------------------------------------------- */

static uint32_t true_rate;

static uint32_t
divides(uint32_t asked)
{

	return true_rate != 0 ? true_rate : asked;
}

/* The answer to SET-BAUDRATE. */
static uint32_t
set_speed(int fd, uint32_t speed)
{
	const uint8_t body[] = { 1, (uint8_t)(speed >> 24),
	    (uint8_t)(speed >> 16), (uint8_t)(speed >> 8), (uint8_t)speed };
	const uint8_t *v;
	uint32_t is = 0;
	size_t at = 0;
	int i;

	ask(fd, body, sizeof(body));
	listen_to(fd);
	v = find(&at, 101);
	T_CHECK(v != NULL);
	for (i = 0; i < 4; i++) {
		is = is << 8 | *v;
		v += *v == 255 ? 2 : 1;
	}
	return is;
}

static void
near_speed(void)
{
	static const struct {
		uint32_t asked, is, answer;
	} rows[] = {
		{ 115200, 115385, 115200 },	/* a chip of 3 MHz */
		{ 115200, 117647, 115200 },	/* 2.1 %: 16 MHz by 136 */
		{ 115200, 112320, 115200 },	/* 2.5 %: as far as it goes */
		{ 115200, 112319, 112319 },
		{ 115200, 118081, 118081 },
		{ 115200, 57600, 57600 },
		{ 1, 1, 1 },
		{ 1, 50, 50 },
		{ 4294967295U, 3000000, 3000000 },
		{ 4294967295U, 4294967294U, 4294967295U },
	};
	unsigned i;
	int fd;

	makes = divides;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		true_rate = 0;
		begin(NULL);
		fd = join(ROLE_NORMAL);
		say_to(fd, will_com, sizeof(will_com));
		true_rate = rows[i].is;
		T_EQ(set_speed(fd, rows[i].asked), rows[i].answer);
		/* Asked again, it is the same. */
		T_EQ(set_speed(fd, 0), rows[i].answer);
		end();
	}
	makes = NULL;
}

/* The next device may divide better, or worse. */
static void
near_speed_after_replug(void)
{
	int fd;

	makes = divides;
	true_rate = 0;
	begin(NULL);
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	true_rate = 115385;
	T_EQ(set_speed(fd, 115200), 115200);
	true_rate = 115200;
	close(far);
	run(100);
	T_CHECK(line_is_open(port_line(port)));
	T_EQ(line_settings(port_line(port))->st_speed, 115200);
	true_rate = 100000;
	close(far);
	run(100);
	T_EQ(set_speed(fd, 0), 100000);
	end();
	makes = NULL;
}

/* ---- errors --------------------------------------------------------- */

static int
begin_marked(bool driver_counts)
{
	static const uint8_t mask[] = { 10, 0x1e };
	int fd;

	counts = driver_counts;
	memset(&counted, 0, sizeof(counted));
	/* What was before us is not told. */
	counted.ct_frame = 7;
	counted.ct_parity = UINT32_MAX;
	begin(NULL);
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	ask(fd, mask, sizeof(mask));
	T_CHECK(marked);
	listen_to(fd);
	return fd;
}

#define	BITS		8

/*
 * The device says this; then bits are those of all NOTIFY-LINESTATEs, for
 * which ms are waited, and longer, until so many have come.
 */
static void
device_says(int fd, const void *bytes, size_t n, unsigned ms, uint8_t *bits,
    unsigned many)
{
	const uint8_t *v;
	size_t at = 0;
	unsigned i = 0, turns;
	ssize_t more;

	say_to(far, bytes, n);
	ngot = 0;
	memset(bits, 0, BITS);
	for (turns = 0; turns == 0 || (turns < 100 && i < many); turns++) {
		run(ms);
		more = read(fd, got + ngot, sizeof(got) - ngot);
		ngot += more > 0 ? (size_t)more : 0;
		while ((v = find(&at, 106)) != NULL) {
			T_CHECK(i < BITS);
			bits[i++] = *v;
		}
	}
}

static void
told_apart(void)
{
	uint8_t bits[BITS];
	int fd = begin_marked(true);

	counted.ct_parity++;		/* goes round */
	device_says(fd, "a\377\0b", 4, 20, bits, 1);
	T_EQ(bits[0], LINE_PARITY);
	T_EQ(bits[1], 0);
	T_CHECK(memmem(got, ngot, "ab", 2) != NULL);
	counted.ct_frame++;
	device_says(fd, "a\377\0b", 4, 20, bits, 1);
	T_EQ(bits[0], LINE_FRAMING);
	T_EQ(bits[1], 0);
	counted.ct_break++;
	device_says(fd, "\377\0\0", 3, 20, bits, 1);
	T_EQ(bits[0], LINE_BREAK);
	/* A zero with an error is no break. */
	counted.ct_frame++;
	device_says(fd, "\377\0\0", 3, 20, bits, 1);
	T_EQ(bits[0], LINE_FRAMING);
	T_EQ(bits[1], 0);
	/* Several at once: as many of each as there were. */
	counted.ct_frame += 2;
	counted.ct_parity++;
	counted.ct_break++;
	device_says(fd, "\377\0x\377\0\0\377\0y\377\377\377\0z", 14, 20, bits,
	    4);
	T_EQ(bits[0], LINE_FRAMING);
	T_EQ(bits[1], LINE_BREAK);
	T_EQ(bits[2], LINE_FRAMING);
	T_EQ(bits[3], LINE_PARITY);
	T_EQ(bits[4], 0);
	/* Nothing is told twice, nor is any left. */
	device_says(fd, "c", 1, 400, bits, 0);
	T_EQ(bits[0], 0);
	end();
}

static void
overruns(void)
{
	struct port_stats ps;
	uint8_t bits[BITS];
	int fd = begin_marked(true);

	counted.ct_overrun += 3;
	device_says(fd, "a", 1, 250, bits, 1);
	T_EQ(bits[0], LINE_OVERRUN);
	T_EQ(bits[1], 0);
	/* An error whose byte was lost has no mark. */
	counted.ct_parity++;
	device_says(fd, "a", 1, 400, bits, 1);
	T_EQ(bits[0], LINE_PARITY);
	T_EQ(bits[1], 0);
	port_stats(port, &ps);
	T_EQ(ps.ps_overruns, 3);
	T_EQ(ps.ps_parity, 1);
	T_EQ(ps.ps_frame, 0);
	T_EQ(ps.ps_errors, 1);
	end();
}

static void
no_counters(void)
{
	struct port_stats ps;
	uint8_t bits[BITS];
	int fd = begin_marked(false);

	device_says(fd, "\377\0x\377\0\0", 6, 20, bits, 2);
	T_EQ(bits[0], LINE_PARITY);
	T_EQ(bits[1], LINE_BREAK);
	T_EQ(bits[2], 0);
	port_stats(port, &ps);
	T_EQ(ps.ps_errors, 1);
	T_EQ(ps.ps_parity, 0);
	T_EQ(ps.ps_breaks, 1);
	end();
}

/* Nobody asks for marks; the counters are right all the same, a second on. */
static void
counted_unasked(void)
{
	static const uint8_t mask[] = { 10, 0x1e };
	struct port_stats ps;
	uint8_t bits[BITS];
	int fd;

	counts = true;
	memset(&counted, 0, sizeof(counted));
	begin(NULL);
	counted.ct_frame = 5;
	counted.ct_break = 2;
	say_to(far, "x", 1);
	run(1200);
	port_stats(port, &ps);
	T_EQ(ps.ps_frame, 5);
	T_EQ(ps.ps_errors, 5);
	T_EQ(ps.ps_breaks, 2);
	/* Who asks now is not told of the past. */
	counted.ct_frame = 6;
	fd = join(ROLE_NORMAL);
	say_to(fd, will_com, sizeof(will_com));
	ask(fd, mask, sizeof(mask));
	listen_to(fd);
	device_says(fd, "y", 1, 250, bits, 0);
	T_EQ(bits[0], 0);
	port_stats(port, &ps);
	T_EQ(ps.ps_frame, 6);
	end();
}

const struct t_case t_cases[] = {
	{ "SET-BAUDRATE: a true rate within 2.5 % is the one that was asked for, "
	    "one further off is told", near_speed },
	{ "SET-BAUDRATE: the next device gets what was asked for",
	    near_speed_after_replug },
	{ "NOTIFY-LINESTATE: parity, framing and break are told apart by the "
	    "driver's counters", told_apart },
	{ "NOTIFY-LINESTATE: overruns, and errors whose byte is lost, are told",
	    overruns },
	{ "NOTIFY-LINESTATE: a driver without counters has marks alone",
	    no_counters },
	{ "errors are counted for /metrics, whoever asks", counted_unasked },
	{ NULL, NULL }
};
