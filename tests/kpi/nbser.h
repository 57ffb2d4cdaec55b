/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nbser.h - enter the driver of nbser.c into the tables; after hyp_boot.
 */
#ifndef TESTS_KPI_NBSER_H
#define TESTS_KPI_NBSER_H

#define	NBSER_VENDOR	0x1209		/* pid.codes, for tests */
#define	NBSER_PRODUCT	0x0001

/* What its ucom_set has been told last. */
#define	NBSER_DTR	1
#define	NBSER_RTS	2
#define	NBSER_BREAK	4
extern unsigned nbser_lines;

int	nbser_init(void);		/* BSD errno */

#endif /* TESTS_KPI_NBSER_H */
