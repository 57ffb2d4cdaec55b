/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/time.h
 */
#ifndef _SYS_TIME_H_
#define _SYS_TIME_H_

#include <sys/types.h>

struct timeval {
	time_t		tv_sec;
	suseconds_t	tv_usec;
};
struct timespec {
	time_t	tv_sec;
	long	tv_nsec;
};

#define	timerclear(t)	((t)->tv_sec = 0, (t)->tv_usec = 0)
#define	timerisset(t)	((t)->tv_sec != 0 || (t)->tv_usec != 0)
#define	timercmp(a, b, op)						\
	((a)->tv_sec == (b)->tv_sec ?					\
	    (a)->tv_usec op (b)->tv_usec : (a)->tv_sec op (b)->tv_sec)
#define	timeradd(a, b, res) do {					\
	(res)->tv_sec = (a)->tv_sec + (b)->tv_sec;			\
	(res)->tv_usec = (a)->tv_usec + (b)->tv_usec;			\
	if ((res)->tv_usec >= 1000000) {				\
		(res)->tv_sec++;					\
		(res)->tv_usec -= 1000000;				\
	}								\
} while (0)
#define	timersub(a, b, r) do {						\
	(r)->tv_sec = (a)->tv_sec - (b)->tv_sec;			\
	(r)->tv_usec = (a)->tv_usec - (b)->tv_usec;			\
	if ((r)->tv_usec < 0) {						\
		(r)->tv_sec--;						\
		(r)->tv_usec += 1000000;				\
	}								\
} while (0)

void	microuptime(struct timeval *);
void	nanouptime(struct timespec *);
void	microtime(struct timeval *);
void	nanotime(struct timespec *);
#define	getmicrouptime	microuptime
#define	getnanouptime	nanouptime
#define	getmicrotime	microtime
#define	getnanotime	nanotime

#endif /* _SYS_TIME_H_ */
