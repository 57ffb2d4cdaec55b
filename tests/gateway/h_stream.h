/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_stream.h - a port on a pty, and a hostile client of it.
 */
#ifndef TESTS_GATEWAY_H_STREAM_H
#define TESTS_GATEWAY_H_STREAM_H

#include <stddef.h>
#include <stdint.h>

/*
 * broken = h_stream(bytes, n)
 *
 *	A telnet client sends this and hangs up; then another one asks.  NULL,
 *	or which promise was broken.  The first call makes the port.
 *
 * h_stream_end()
 *
 *	The port is freed.
 */
const char *h_stream(const uint8_t *, size_t);
void	h_stream_end(void);

#endif /* TESTS_GATEWAY_H_STREAM_H */
