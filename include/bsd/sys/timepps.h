/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys/timepps.h - pulses per second: RFC 2783's interface, and the driver's.
 *
 * A driver has a struct pps_state with ppscap set to the edges that it can see,
 * calls pps_init, and at an edge pps_capture and pps_event; its ioctl gives
 * PPS_IOC_* to pps_ioctl.  All with timecounter_lock, which is a leaf.
 *
 * The time is that of the host's clock when the driver was told, so it has the
 * delays of USB and of this process.  Nothing here disciplines the clock
 * (PPS_IOC_KCBIND), and nobody can wait for an edge (PPS_CANWAIT).
 */
#ifndef _SYS_TIMEPPS_H_
#define _SYS_TIMEPPS_H_

#include <sys/ioccom.h>
#include <sys/mutex.h>
#include <sys/time.h>
#include <sys/types.h>

#define	PPS_API_VERS_1		1
#define	PPS_API_VERS		PPS_API_VERS_1

#define	PPS_CAPTUREASSERT	0x01
#define	PPS_CAPTURECLEAR	0x02
#define	PPS_CAPTUREBOTH		0x03
#define	PPS_OFFSETASSERT	0x10
#define	PPS_OFFSETCLEAR		0x20
#define	PPS_ECHOASSERT		0x40
#define	PPS_ECHOCLEAR		0x80
#define	PPS_CANWAIT		0x100
#define	PPS_CANPOLL		0x200
#define	PPS_TSFMT_TSPEC		0x1000
#define	PPS_TSFMT_NTPFP		0x2000

typedef u_int pps_seq_t;
typedef struct {
	u_int	integral;
	u_int	fractional;
} ntp_fp_t;
typedef union {
	struct timespec	tspec;
	ntp_fp_t	ntpfp;
	u_long		longpad[3];
} pps_timeu_t;

typedef struct {
	pps_seq_t	assert_sequence;
	pps_seq_t	clear_sequence;
	pps_timeu_t	assert_tu;
	pps_timeu_t	clear_tu;
	int		current_mode;
} pps_info_t;
#define	assert_timestamp	assert_tu.tspec
#define	clear_timestamp		clear_tu.tspec

typedef struct {
	int		api_version;
	int		mode;
	pps_timeu_t	assert_off_tu;
	pps_timeu_t	clear_off_tu;
} pps_params_t;
#define	assert_offset		assert_off_tu.tspec
#define	clear_offset		clear_off_tu.tspec

struct pps_fetch_args {
	int		tsformat;
	pps_info_t	pps_info_buf;
	struct timespec	timeout;
};

#define	PPS_IOC_CREATE		_IO('1', 1)
#define	PPS_IOC_DESTROY		_IO('1', 2)
#define	PPS_IOC_SETPARAMS	_IOW('1', 3, pps_params_t)
#define	PPS_IOC_GETPARAMS	_IOR('1', 4, pps_params_t)
#define	PPS_IOC_GETCAP		_IOR('1', 5, int)
#define	PPS_IOC_FETCH		_IOWR('1', 6, struct pps_fetch_args)
#define	PPS_IOC_KCBIND		_IOW('1', 7, int)

struct pps_state {
	struct timespec	capture;	/* pps_capture's, for pps_event */
	pps_params_t	ppsparam;
	pps_info_t	ppsinfo;
	int		ppscap;		/* PPS_CAPTURE*, by the driver */
};

extern kmutex_t timecounter_lock;

void	pps_init(struct pps_state *);
void	pps_capture(struct pps_state *);
void	pps_event(struct pps_state *, int);
int	pps_ioctl(u_long, void *, struct pps_state *);

#endif /* _SYS_TIMEPPS_H_ */
