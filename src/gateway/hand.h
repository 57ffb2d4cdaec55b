/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hand.h - a device's descriptor, and whoever has to wait for it; hand.c has
 * the model.
 */
#ifndef GATEWAY_HAND_H
#define GATEWAY_HAND_H

#include <sys/stat.h>

#include "gateway/gateway.h"

struct hand;

/* What an open has found. */
struct found {
	int		 fo_error;	/* errno of the open; 0: it is open */
	int		 fo_refused;	/* and of the settings */
	struct settings	 fo_settings;
	bool		 fo_counts;	/* its driver does */
	struct counts	 fo_count;
	bool		 fo_marks;
	int		 fo_modem;	/* as tty_modem */
	struct stat	 fo_stat;
};

/* What a hand tells of itself, from the loop. */
enum hand_news {
	HAND_FOUND,		/* hand_found says what */
	HAND_MODEM,		/* the lines were looked at: hand_modem */
	HAND_COUNTS,		/* and the counters: hand_counts */
	HAND_BACK,		/* it has answered late: hand_restore */
	HAND_RESTORED,		/* it has, and can be asked: hand_restored */
	HAND_HANGS		/* it has not for ht_hangs: let it go */
};

/* ms; tests have shorter ones. */
struct hand_times {
	unsigned	 ht_ask;	/* an answer is waited for */
	unsigned	 ht_soon;	/* and at least */
	unsigned	 ht_hangs;	/* who is late hangs */
};
extern struct hand_times hand_times;

struct hand *hand_open(struct event_base *, const char *,
	    const struct settings *, bool, void (*)(void *, enum hand_news),
	    void *);
void	hand_close(struct hand *);
bool	hand_is_over(struct hand *);
void	hand_forget(struct hand *);
unsigned hand_lost(void);
const struct found *hand_found(struct hand *);
int	hand_descriptor(const struct hand *);
int	hand_error(struct hand *);
uint64_t hand_taken(const struct hand *);

int	hand_apply(struct hand *, struct settings *);
void	hand_lines(struct hand *, struct settings *);
int	hand_pulse(struct hand *, int, int);
int	hand_break(struct hand *, bool);
int	hand_marks(struct hand *, bool);
int	hand_count(struct hand *, struct counts *);
int	hand_see_modem(struct hand *, int *);
void	hand_restore(struct hand *, const struct settings *, bool, bool);
int	hand_restored(const struct hand *, struct settings *);
void	hand_flush(struct hand *, bool, bool);

void	hand_look(struct hand *, bool);
int	hand_modem(struct hand *);
void	hand_post_count(struct hand *);
bool	hand_counts(struct hand *, struct counts *);

#endif /* GATEWAY_HAND_H */
