/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.h - adapters by their names (find.c), and the ports that those get which
 * nobody has named in the configuration (auto.c).
 */
#ifndef GATEWAY_FIND_H
#define GATEWAY_FIND_H

#include "gateway/gateway.h"

#define	FIND_MAX	512	/* adapters; more are not seen */
#define	FIND_NAME	FIND_ID

/* ---- find.c --------------------------------------------------------- */

struct finder;

struct finder *finder_new(struct event_base *, const char *, void (*)(void *),
	    void *);
void	finder_free(struct finder *);
bool	finder_is_of(const struct finder *, const char *);
void	find_now(struct finder *, bool);
const char *find_name(const struct finder *, size_t);
const char *find_serial(const struct finder *, const char *, int, bool *);
bool	find_path(const struct finder *, const char *, char *, size_t);
bool	find_same(const char *, const char *);
size_t	find_base(const char *, const char **);

/* ---- auto.c --------------------------------------------------------- */

#define	AUTO_MAX	1000

/* Who has which number of the range, in the order of the file. */
struct autos {
	struct {
		unsigned number;	/* of the first listen line */
		char	*id;
	}		 au_have[AUTO_MAX];
	size_t		 au_n;
	bool		 au_told;	/* that all are taken */
	bool		 au_bad;	/* the file has mistakes */
	bool		 au_unread;	/* or cannot be read */
};

void	auto_read(struct autos *, const struct port_conf *);
void	auto_write(struct autos *, const struct port_conf *);
void	auto_free(struct autos *);
unsigned auto_number(const struct autos *, const char *);
unsigned auto_give(struct autos *, const struct port_conf *, const char *);
struct port_conf *auto_port(const struct port_conf *, const char *, unsigned,
	    const struct port_conf_head *);

#endif /* GATEWAY_FIND_H */
