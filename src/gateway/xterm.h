/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xterm.h - xterm.js, as it is installed, in one script and one style.
 */
#ifndef GATEWAY_XTERM_H
#define GATEWAY_XTERM_H

#include <stddef.h>

/* Without an xterm.js both are empty, and not NULL. */
struct xterm {
	char		*xt_script;
	size_t		 xt_script_size;
	char		*xt_style;
	size_t		 xt_style_size;
};

void	xterm_read(const char *, struct xterm *);
void	xterm_free(struct xterm *);

#endif /* GATEWAY_XTERM_H */
