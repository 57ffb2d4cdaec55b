/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h_promise.h - what hid_parse.h promises of any bytes, checked one by one.
 */
#ifndef TESTS_HID_H_PROMISE_H
#define TESTS_HID_H_PROMISE_H

#include <stddef.h>
#include <stdint.h>

#define	H_REPORT	(16384 + 1)

/*
 * broken = h_promise(desc, len, report, &accepted)
 *
 *	NULL, or the promise that the parser did not keep with these bytes.
 *	report has room for H_REPORT bytes.
 */
const char *h_promise(const uint8_t *, size_t, uint8_t *, int *);

#endif /* TESTS_HID_H_PROMISE_H */
