/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storm.h - devices that a seed has thought out, for the kernel's own bus.
 *
 * plan.c says what the device of a seed and a number is, hostile.c is it
 * (hyp_usb.h, for usbip.c of src/cmd/serve), storm_bus.c plugs one after the
 * other.
 */
#ifndef STORM_STORM_H
#define STORM_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- chance: the same for the same seed (splitmix64) ---------------- */

struct chance {
	uint64_t	 c_state;
};

static inline uint64_t
chance(struct chance *c)
{
	uint64_t z = c->c_state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* Below n, which is not 0. */
static inline unsigned
below(struct chance *c, unsigned n)
{

	return (unsigned)(chance(c) >> 32) % n;
}

/* Of two numbers. */
static inline struct chance
chance_of(uint64_t seed, uint64_t number)
{
	struct chance c = { seed };

	c.c_state = chance(&c) ^ number * 0xd1342543de82ef95u;
	return (struct chance){ chance(&c) };
}

/* ---- plans ---------------------------------------------------------- */

#define	MAXDESC		1024
#define	MAXREPORT	512
#define	MAXBROKEN	5

struct plan {
	unsigned	 p_number;
	uint64_t	 p_seed;	/* of what its transfers do */
	const char	*p_kind;
	/* Device, configuration; fields of a last one that is cut off. */
	uint8_t		 p_desc[MAXDESC + 16];
	size_t		 p_len;
	size_t		 p_told;	/* of them a host gets */
	uint8_t		 p_report[MAXREPORT];
	size_t		 p_reportlen;
	uint8_t		 p_string[256];
	size_t		 p_stringlen;
	bool		 p_high;	/* speed */
	unsigned	 p_odd;		/* of 1000 transfers */
	bool		 p_early;	/* and of those before it is configured */
	unsigned	 p_unplug;	/* after so many transfers, of all or */
	bool		 p_whole;	/* of those when it is configured */
	unsigned	 p_ms;		/* or without one for so long */
	unsigned	 p_nbroken;
	const char	*p_broken[MAXBROKEN];
};

void	plan_make(struct plan *, uint64_t, unsigned);
/* A line: what it is. */
void	plan_print(const struct plan *);

/* ---- the device ----------------------------------------------------- */

#define	PORTS		16

/* What has become of it. */
struct tally {
	unsigned	 t_transfers;
	unsigned	 t_before;	/* of them until it was configured */
	unsigned	 t_requests;	/* of those after it was configured */
	unsigned	 t_in, t_out;	/* of other endpoints, that moved data */
	unsigned	 t_odd;
	bool		 t_configured;
};

/* Who is in the port from now on, for hyp_usb_open(0, port, ...). */
void	hostile_put(unsigned, const struct plan *);
/* Until its time has come: p_unplug or p_ms, or the kernel does not want it. */
void	hostile_wait(unsigned, struct tally *);
/* Every device's time has come; for a signal handler too. */
void	hostile_end(void);
bool	hostile_ends(void);

#endif /* STORM_STORM_H */
