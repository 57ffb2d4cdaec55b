/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/pserialize.h - pserialize(9): look something up without a lock that
 * all share.
 */
#ifndef _SYS_PSERIALIZE_H_
#define _SYS_PSERIALIZE_H_

typedef struct pserialize	*pserialize_t;

void	pserialize_init(void);
pserialize_t pserialize_create(void);
void	pserialize_destroy(pserialize_t);
int	pserialize_read_enter(void);
void	pserialize_read_exit(int);
void	pserialize_perform(pserialize_t);

#endif /* _SYS_PSERIALIZE_H_ */
