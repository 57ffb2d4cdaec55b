/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * specfs.pml - a model in Promela of what specfs, devsw and autoconf promise
 * each other, for spin(1), which tries every order of its steps.  It goes
 * with the code: who changes the one changes the other.  tests/model runs
 * it.
 *
 * What is modelled
 *	opener		hyp_node_open, a file, hyp_file_close.  Inside:
 *			spec_vnode_get, spec_open (devsw_acquire with
 *			slot_acquire and device_lookup_acquire,
 *			spec_open_enter, d_open, devsw_release, spec_io_exit,
 *			a failing reopen that has to close), spec_read with
 *			spec_io_enter, spec_close, vn_deadwait, vrele
 *	revoke		hyp_node_revoke: vrevoke, spec_serial, spec_revoke
 *	unplug		config_detach, which may be refused first, with
 *			vdevgone in it: config_detach_commit, spec_revoke for
 *			each vnode, spec_close_wait; localcount_drain,
 *			device_free; then config_attach of another device for
 *			the same unit and dev_t, while old files are open
 *	unload		devsw_detach, or devsw_detach_idle: slot_set_state,
 *			spec_driver_gone, slot_empty
 *	closer		spec_closer, the thread of spec_close_start
 *	watch		spec_overdue: any close may be overdue at any time
 *
 * What is checked, in all states
 *	No entry of the driver runs without its device, after the vdevgone of
 *	its device has returned, or after devsw_detach.  d_close runs alone,
 *	once for the d_opens before it, and if no revoke asks for it only
 *	after one that succeeded; when vdevgone returns no opening is without
 *	its d_close.  No call is in the driver through a vnode that is dead,
 *	and none begins, unless its close is overdue.  An open does not
 *	succeed with a revoked vnode.  Counts do not wrap and are 0 when
 *	what they count goes.  Nobody sleeps for ever (invalid end states),
 *	but a d_read or a d_open that nobody cancels.
 *	A revoke takes no vnode that was made after it began, and each one
 *	that it takes is dead before the next: so it takes as many as there
 *	were, whoever opens meanwhile.  When it ends all of those are dead or
 *	have gone, so no file from before it lives.
 *	Not that each wait ends: an open that waits for a close may come too
 *	late for its end, and then wait for the next one.
 *
 * Locks.  What is done under one hold of one mutex is one atomic step, and
 * so is what comes after a cv_wait up to the next one: mutexes need no
 * variables.  Atomic operations that are made without the lock (sd_iocnt,
 * sd_draining and sn_gone in spec_io_enter and spec_io_exit, sd_opened, the
 * reference counts) are steps of their own.  Where a hold of a lock has two
 * of those inside (spec_io_drain, localcount_drain) it is two steps, which
 * allows more than the code does.  That a count became 0 and the broadcast
 * for it are one step: whoever is woken may run later as well.
 *
 * A condition variable is a set of sleepers (a bit for each _pid).  A
 * sleeper goes on when its bit is clear, and only a broadcast clears bits,
 * so a wake-up that is missing is a sleep for ever.
 *
 * COARSE puts steps together that are next to each other and of which the
 * first or the second has no effect that anybody could see in between:
 *	vrele		with what comes before: an unused vnode that is still
 *			there, and a new one, behave alike
 *	devsw_release, sd_opened
 *			with the spec_io_exit after d_open: who waits for the
 *			references or looks at sd_opened has waited for
 *			sd_iocnt first
 *	devsw_release	of an open that is not counted with the decision
 *	spec_lookup_before
 *			with the beginning of the revoke
 * and revoke(2) keeps no vnode for its name.
 * It is for the big instances; a small one goes without.
 *
 * Vnodes.  The number of a vnode says how it stands: living, being revoked
 * by whom, or dead; when that changes all who have it are renumbered.  Dead
 * vnodes behave alike and share a number and a count.  The specdev is there
 * as long as there is a vnode.  Instead of numbers that count up (sn_serial)
 * each revoke has the set of those that were there when it began; and instead
 * of sd_ncloses those that wait for the close in progress are a set.
 *
 * Symmetry.  Openers are alike, so states that differ only in who is who are
 * stored once (tests/model/canon.h); the test shows for small instances that
 * the states so represented are as many as without.
 *
 * What is left out: clones, block devices, drivers without d_cancel,
 * semantics other than netbsd's, autoload, several minors, pollers,
 * ERESTART from a driver, kthread_create that fails, attach while nothing
 * else goes on, the CPUs of a localcount (tests/sched has those), weak
 * memory.  Revokes have one thread for their closes between them: the next
 * close begins after the vrele of the one before.
 *
 * Faults.  -DBUG=n puts fault n in, and the verifier has to find it, in an
 * instance with these options:
 *	fault 1: an open does not look for a revoke before it is counted
 *	fault 2: nor after d_open
 *	fault 3: d_close is not preceded by the drain
 *	fault 4: spec_io_exit wakes no drain
 *	fault 5: the end of a close is not announced
 *	fault 6: a dead vnode is not announced
 *	fault 7: the end of an attach is not announced
 *	fault 8: device_release wakes no detach
 *	fault 9: an open finds a device that is being attached
 *	fault 10: an open is counted before its device is found
 *	fault 11: a failing open closes what was never opened
 *	fault 12: a failing reopen does not close
 *	fault 13 -DOVERDUE=1: vdevgone does not wait for closes
 *	fault 14: the drain does not say that it waits
 *	fault 15: a call does not look for a revoke
 *	fault 16: an open does not wait for a close
 *	fault 17: an open has no I/O reference
 *	fault 18: sd_opened is set after the I/O reference is given back
 *	fault 19: a revoke does not wait for the close
 *	fault 20: the opens are not taken over by the revoke
 *	fault 21: vdevgone revokes nothing
 *	fault 22: the closer has no vnode of its own
 *	fault 23: a detach does not wait for references
 *	fault 24: an open finds a device that is being detached
 *	fault 25: the last close is not the last
 *	fault 26: no d_cancel
 *	fault 27 -DBACKOUT=1: a detach that is refused wakes nobody
 *	fault 28 -DUNLOAD=1 -DUNPLUG=0: an open does not ask for its driver
 *	fault 29 -DUNLOAD=1 -DUNPLUG=0: devsw_detach revokes nothing
 *	fault 30 -DUNLOAD=1 -DUNPLUG=0: devsw_detach waits for no open
 *	fault 31 -DUNLOAD=1 -DUNPLUG=0: nor for closes
 *	fault 32 -DUNLOAD=1 -DUNPLUG=0: slot_release wakes nobody
 *	fault 33 -DUNLOAD=2 -DUNPLUG=0: devsw_detach_idle wakes nobody
 *	fault 34 -DNAMES=2: a revoke takes the count of all names
 *	fault 35: a close is not announced to spec_open_enter
 *	fault 36 -DNAMES=2 -DUNPLUG=0: a failing open leaves alone what a
 *		revoke of another name has left in the driver
 *	fault 37: a revoke takes vnodes that are made meanwhile, too
 *	fault 38: a revoke leaves alone what another one revokes
 */

#ifndef N
#define	N	2		/* openers */
#endif
#ifndef NAMES
#define	NAMES	1		/* nodes of the device, 1 or 2 */
#endif
#ifndef REVOKE
#define	REVOKE	1		/* a revoke(2) */
#endif
#ifndef UNPLUG
#define	UNPLUG	1		/* a detach, and another device after it */
#endif
#ifndef BACKOUT
#define	BACKOUT	0		/* before that, one that is refused */
#endif
#ifndef OVERDUE
#define	OVERDUE	0		/* closes may be overdue */
#endif
#ifndef UNLOAD
#define	UNLOAD	0		/* 1: devsw_detach; 2: devsw_detach_idle */
#endif
#ifndef INTR
#define	INTR	0		/* the sleeps of an open are interrupted */
#endif
#ifndef ONCE
#define	ONCE	0		/* a file is read at most once */
#endif
#ifndef COARSE
#define	COARSE	0		/* see above */
#endif
#ifndef BUG
#define	BUG	0
#endif
#define	FAULT(n)	(BUG == n)
#define	NO_FAULT	0

/* ---- state ------------------------------------------------------------ */

/* Processes, and two more who have a vnode. */
#define	P_REVOKE	N
#define	P_UNPLUG	(P_REVOKE + REVOKE)
#define	P_UNLOAD	(P_UNPLUG + UNPLUG)
#if UNLOAD
#define	P_CLOSER	(P_UNLOAD + 1)
#else
#define	P_CLOSER	P_UNLOAD
#endif
#define	P_JOB		(P_CLOSER + 1)	/* what the closer is to do */
#define	P_NAME		(P_CLOSER + 2)	/* the name that is revoked */
#define	NP		(P_CLOSER + 3)

hidden byte i, r, was;
byte specfs_iocv, config_cv;
#if UNLOAD
byte devsw_cv;
#endif

/* autoconf.  dv_gen: which device has the unit. */
bit dv_there = 1, dv_gen, dv_active = 1, dv_attaching, dv_detaching;
bit dv_detached, dv_drains;
byte dv_refs;

/* The driver, and what it has seen. */
bit sc_dying, sc_cancelled;
bit sc_called;			/* d_open was called since d_close */
bit sc_open;			/* and succeeded */
bit sc_inclose;			/* d_close is running */
bit sc_vdevgone;		/* vdevgone has returned */

/* devsw. */
#define	DS_IN		0
#define	DS_ASKED	1
#define	DS_LEAVING	2
#define	DS_OUT		3
byte ds_state;
byte ds_refs;
bit ds_drains;

/* specfs.  v_calls: those who sleep in the driver. */
#define	V_NONE		0
#define	V_DEAD		1
#define	V_LIVING	2		/* and 3, for the second name */
#define	V_GONE		(V_LIVING + NAMES)
#define	V_GONE_BY(p)	(V_GONE + (p) - P_REVOKE)
#define	NV		(V_GONE + P_CLOSER - P_REVOKE + 1)
#define	GONE(v)		((v) >= V_GONE || (v) == V_DEAD)

byte vp[NP];
byte v_usecount[NV];
byte sn_opencnt[NV];
byte v_calls[NV];

/* Of each revoke a set of vnodes: those of before its spec_serial. */
#define	NREVOKES	(P_CLOSER - P_REVOKE)
#define	BEFORE(r, v)	((sn_before[r] >> (v)) & 1)
byte sn_before[NREVOKES];
byte sd_awaited;		/* set of revokes: this close is one's */

byte sd_opencnt, sd_iocnt;
bit sd_draining, sd_opened, sd_left, sd_closing, sd_overdue;

/* ---- the runtime ------------------------------------------------------ */

#if COARSE
#define	CUT				/* in a step: nobody comes between */
#define	COARSELY(x)	x
#define	AGAIN		goto next
#define	LEAVE		d = 0; vrele(_pid); goto end_done
#else
#define	CUT		}; atomic {	/* others come between */
#define	COARSELY(x)	skip
#define	AGAIN		break
#define	LEAVE		d = 0; goto rele
#endif

/* if (condition) { SLEEP(cv); goto the AWAKE(cv) before it } is cv_wait. */
#define	AWAKE(cv)	(cv & (1 << _pid)) == 0
#define	SLEEP(cv)	cv = cv | (1 << _pid)

inline cv_broadcast(cv, fault)
{
	if
	:: BUG != fault || fault == NO_FAULT -> cv = 0
	:: else
	fi
}

inline localcount_release(refs, drains, cv, fault)
{
	assert(refs > 0);
	refs--;
	if
	:: drains -> cv_broadcast(cv, fault)
	:: else
	fi
}

/* d: the device of this process. */
#define	DEVICE_RELEASE							\
	assert(dv_there && dv_gen == d);				\
	localcount_release(dv_refs, dv_drains, config_cv, 8)

/* ---- assertions ------------------------------------------------------- */

#define	IN_DRIVER							\
	assert(dv_there && dv_gen == d && !sc_vdevgone && ds_state != DS_OUT)

/* A call other than d_close begins. */
#define	ENTER_DRIVER							\
	IN_DRIVER;							\
	assert(!sc_inclose && (OVERDUE || NAMES == 2 || vp[_pid] != V_DEAD))

inline nobody_in_driver()
{
	d_step {
		i = 0;
		do
		:: i < NV -> assert(v_calls[i] == 0); i++
		:: else -> break
		od;
		i = 0
	}
}

/* A call sleeps in the driver, until that is cancelled or its device goes. */
#define	DRIVER_SLEEP(end_label)						\
	v_calls[vp[_pid]]++;						\
end_label:								\
	sc_dying || sc_cancelled;					\
	IN_DRIVER;							\
	v_calls[vp[_pid]]--

/* ---- spec_node.c ------------------------------------------------------ */

inline spec_vnode_get(p)
{
	if
	:: vp[p] = V_LIVING
	:: NAMES == 2 -> vp[p] = V_LIVING + 1
	fi;
	v_usecount[vp[p]]++
}

inline vrele(p)
{
	d_step {
		assert(v_usecount[vp[p]] > 0);
		v_usecount[vp[p]]--;
		if
		:: v_usecount[vp[p]] == 0 ->
			assert(sn_opencnt[vp[p]] == 0 && v_calls[vp[p]] == 0);
			i = 0;
			do
			:: i < NV && v_usecount[i] == 0 -> i++
			:: else -> break
			od;
			r = 0;
			do
			:: r < NREVOKES ->
				sn_before[r] = sn_before[r] & ~(1 << vp[p]);
				r++
			:: else -> break
			od;
			/* specdev_rele */
			assert(i < NV || (sd_opencnt == 0 && sd_iocnt == 0 &&
			    !sd_opened && !sd_left && !sd_closing))
		:: else
		fi;
		i = 0;
		r = 0;
		vp[p] = V_NONE
	}
}

/* The vnode of this process is another one's number from now on. */
inline vnode_becomes(new)
{
	d_step {
		was = vp[_pid];
		assert(v_usecount[was] > 0 && sn_opencnt[was] == 0);
		assert(v_usecount[new] == 0 || new == V_DEAD);
		assert(v_calls[was] == 0 || new != V_DEAD || OVERDUE ||
		    NAMES == 2);
		i = 0;
		do
		:: i < NP ->
			if
			:: vp[i] == was -> vp[i] = new
			:: else
			fi;
			i++
		:: else -> break
		od;
		v_usecount[new] = v_usecount[new] + v_usecount[was];
		v_calls[new] = v_calls[new] + v_calls[was];
		v_usecount[was] = 0;
		v_calls[was] = 0;
		r = 0;
		do
		:: r < NREVOKES ->
			if
			:: BEFORE(r, was) ->
				sn_before[r] = (sn_before[r] & ~(1 << was)) |
				    ((new != V_DEAD) << new)
			:: else
			fi;
			r++
		:: else -> break
		od;
		i = 0;
		r = 0;
		was = 0
	}
}

/* ---- spec_close.c ----------------------------------------------------- */

inline spec_io_exit()
{
	assert(sd_iocnt > 0);
	sd_iocnt--;
	if
	:: sd_draining -> cv_broadcast(specfs_iocv, 4)
	:: else
	fi
}

inline spec_close_begin()
{
	assert(!sd_closing && !sd_overdue && sd_opencnt == 0);
	sd_opened = 0;
	sd_left = 0;
	sd_closing = !FAULT(35)
}

inline spec_close_end()
{
	if
	:: sd_opencnt == 0 -> sd_opened = 0
	:: else
	fi;
	sd_closing = 0;
	sd_awaited = 0;
	sd_overdue = 0;
	cv_broadcast(specfs_iocv, 5)
}

inline spec_io_drain()
{
	sd_draining = !FAULT(14);
	do
	:: atomic {
		AWAKE(specfs_iocv);
		if
		:: sd_iocnt != 0 && !FAULT(3) -> SLEEP(specfs_iocv)
		:: else -> sd_draining = 0; break
		fi
	   }
	od
}

/* spec_close_driver, spec_close_attached and the spec_close_end after it. */
inline spec_close_driver(revoked)
{
	do
	:: atomic {
		/* device_lookup_hold */
		assert(v_usecount[vp[_pid]] > 0);
		if
		:: dv_there && dv_active && !dv_attaching &&
		   ds_state != DS_OUT ->
			dv_refs++;
			d = dv_gen;
			held = 1
		:: else
		fi
	   };
	   if
	   :: held ->
		atomic {
			IN_DRIVER;
			sc_cancelled = !FAULT(26)
		};
		spec_io_drain();
		atomic {
			/* d_close */
			IN_DRIVER;
			assert(sc_called && (sc_open || revoked));
			assert(!sc_inclose);
			nobody_in_driver();
			sc_inclose = 1
		};
		atomic {
			IN_DRIVER;
			nobody_in_driver();
			sc_inclose = 0;
			sc_called = 0;
			sc_open = 0;
			sc_cancelled = 0
		};
		spec_io_drain();
		atomic {
			DEVICE_RELEASE;
			held = 0;
			d = 0;
			break
		}
	   :: else ->
		spec_io_drain();
		if
		:: sd_opened
		:: else -> break
		fi
	   fi
	od;
	atomic { spec_close_end() }
}

/* ---- opens ------------------------------------------------------------ */

#if UNLOAD
#define	SLOT_RELEASE							\
	assert(ds_state != DS_OUT);					\
	localcount_release(ds_refs, ds_drains, devsw_cv, 32);		\
	CUT
#else
#define	SLOT_RELEASE
#endif

/* Errors before the open is counted: of the device, others, ERESTART. */
#if COARSE
#define	NO_DEVICE	SLOT_RELEASE LEAVE
#define	FAIL		DEVICE_RELEASE; SLOT_RELEASE LEAVE
#define	RESTART		DEVICE_RELEASE; SLOT_RELEASE d = 0; goto deadwait
#else
#define	NO_DEVICE	goto no_device
#define	FAIL		goto fail
#define	RESTART		goto restart
#endif

/* Somebody attaches it, or detaches it and might still refuse. */
#define	DEVICE_BUSY							\
	(dv_there && !dv_detached && ((dv_attaching && !FAULT(9)) ||	\
	    (dv_detaching && !FAULT(24))))

#if ONCE
#define	READS		!read
#define	READ_ONCE	read = 1
#define	READ_END	read = 0
#else
#define	READS		true
#define	READ_ONCE	skip
#define	READ_END	skip
#endif

active [N] proctype opener()
{
	bit d, err, held;
#if ONCE
	bit read;
#endif

start:
	atomic { spec_vnode_get(_pid) };
#if FAULT(10)
	atomic {
		sn_opencnt[vp[_pid]]++;
		sd_opencnt++;
		sd_iocnt++
	};
#endif
#if UNLOAD
slot:	/* slot_acquire */
	atomic {
		AWAKE(devsw_cv);
		if
		:: ds_state == DS_IN -> ds_refs++
		:: ds_state == DS_ASKED -> SLEEP(devsw_cv); goto slot
		:: else -> LEAVE
		fi
	};
#endif
acquire: /* device_lookup_acquire */
	atomic {
		AWAKE(config_cv);
		if
		:: !dv_there || (dv_detached && !FAULT(24)) -> NO_DEVICE
		:: dv_there && (!dv_attaching || FAULT(9)) &&
		   (!dv_detaching || FAULT(24)) ->
			dv_refs++;
			d = dv_gen;
			goto enter
		:: DEVICE_BUSY -> SLEEP(config_cv); goto acquire
		:: DEVICE_BUSY && INTR -> NO_DEVICE
		fi
	};
enter:	/* spec_open_enter, devsw_alive */
	atomic {
		AWAKE(specfs_iocv);
		if
		:: GONE(vp[_pid]) && !FAULT(1) -> RESTART
		:: !GONE(vp[_pid]) && sd_closing && !FAULT(16) ->
			if
			:: sd_overdue -> FAIL
			:: !sd_overdue -> SLEEP(specfs_iocv); goto enter
			:: !sd_overdue && INTR -> FAIL
			fi
		:: else
		fi;
#if UNLOAD
		if
		:: ds_state == DS_IN || FAULT(28)
		:: ds_state == DS_ASKED && !FAULT(28) -> RESTART
		:: ds_state > DS_ASKED && !FAULT(28) -> FAIL
		fi;
#endif
#if !FAULT(10)
		sn_opencnt[vp[_pid]]++;
		sd_opencnt++;
		sd_iocnt = sd_iocnt + !FAULT(17)
#endif
	};
	atomic {
		/* d_open */
		ENTER_DRIVER;
		assert(!dv_attaching);
		sc_called = 1;
		if
		:: !sc_dying && !sc_cancelled -> sc_open = 1
		:: err = 1
		:: !sc_dying && !sc_cancelled ->
			DRIVER_SLEEP(end_open);
			err = 1
		fi
	};
	atomic {
		DEVICE_RELEASE;
		CUT
		SLOT_RELEASE
#if !FAULT(18)
		sd_opened = sd_opened | !err;
		CUT
#endif
#if FAULT(17)
		skip
#else
		spec_io_exit()
#endif
	};
#if FAULT(18)
	atomic { sd_opened = sd_opened | !err };
#endif
	atomic {
		if
		:: GONE(vp[_pid]) && (err || !FAULT(2)) -> err = 0; LEAVE
		:: GONE(vp[_pid]) && !err && FAULT(2)
		:: !GONE(vp[_pid]) && !err
		:: !GONE(vp[_pid]) && err ->
			err = 0;
			d = 0;
			assert(sn_opencnt[vp[_pid]] > 0);
			sn_opencnt[vp[_pid]]--;
			sd_opencnt--;
			if
			:: sd_opencnt == 0 && !sd_closing &&
			   (sd_opened || sd_left || FAULT(11)) &&
			   !FAULT(12) ->
				err = sd_left;
				spec_close_begin();
				goto last
			:: else -> LEAVE
			fi
		fi;
		assert(!GONE(vp[_pid]))
	};

file:	/* An open file. */
	if
	:: READS ->
		sd_iocnt++;
		atomic {
			if
			:: GONE(vp[_pid]) && !FAULT(15) ->
				spec_io_exit();
				READ_ONCE;
				goto file	/* a dead file's results */
			:: else
			fi
		};
		atomic {
			/* d_read */
			ENTER_DRIVER;
			if
			:: skip
			:: !sc_dying && !sc_cancelled ->
				DRIVER_SLEEP(end_read)
			fi
		};
		atomic {
			spec_io_exit();
			READ_ONCE;
			goto file
		}
	:: atomic {
		/* spec_close */
		READ_END;
		if
		:: GONE(vp[_pid]) -> LEAVE
		:: else
		fi;
		d = 0;
		assert(sn_opencnt[vp[_pid]] > 0 &&
		    sn_opencnt[vp[_pid]] <= sd_opencnt);
		sn_opencnt[vp[_pid]]--;
		sd_opencnt--;
		if
		:: sd_opencnt == 0 || (sd_opencnt == 1 && FAULT(25)) ->
			spec_close_begin()
		:: else -> LEAVE
		fi
	   }
	fi;
last:
	spec_close_driver(err);
	err = 0;
	goto rele;

#if !COARSE
fail:
	atomic { DEVICE_RELEASE };
no_device:
	atomic {
		SLOT_RELEASE
#if FAULT(10)
		spec_io_exit();
		if
		:: !GONE(vp[_pid]) ->
			sn_opencnt[vp[_pid]]--;
			sd_opencnt--
		:: else
		fi;
#endif
		LEAVE
	};
restart:
	atomic {
		DEVICE_RELEASE;
		CUT
		SLOT_RELEASE
		d = 0
	};
#endif
deadwait: /* vn_deadwait, and a new vnode */
	atomic {
		AWAKE(specfs_iocv);
		if
		:: vp[_pid] >= V_GONE -> SLEEP(specfs_iocv); goto deadwait
		:: else
		fi;
		CUT
		vrele(_pid);
		goto start
	};
rele:
	atomic { vrele(_pid) };
end_done:
	false
}

/* ---- revoke ----------------------------------------------------------- */

/*
 * spec_lookup_before and spec_revoke for every vnode; or spec_driver_gone:
 * those that are open, and what is closing is waited for as well.
 */
inline spec_revoke_all(driver_gone)
{
	d_step {
		/* spec_serial */
		i = V_LIVING;
		do
		:: i < NV ->
			if
			:: v_usecount[i] > 0 && !driver_gone ->
				sn_before[_pid - P_REVOKE] =
				    sn_before[_pid - P_REVOKE] | (1 << i)
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	};
next:	do
	:: atomic {
		AWAKE(specfs_iocv);
		d_step {
			i = V_LIVING;
			do
			:: i < NV && v_usecount[i] == 0 -> i++
			:: i < NV && driver_gone && sn_opencnt[i] == 0 ->
				i++
			:: i < NV && !driver_gone && !FAULT(37) &&
			   !BEFORE(_pid - P_REVOKE, i) -> i++
			:: i < NV && i >= V_GONE && FAULT(38) -> i++
			:: else -> break
			od
		};
		if
		:: i < NV ->
			assert(driver_gone || BEFORE(_pid - P_REVOKE, i));
			vp[_pid] = i;
			v_usecount[i]++;
			i = 0
		:: i == NV && driver_gone && sd_closing && !FAULT(31) ->
			i = 0;
			SLEEP(specfs_iocv);
			goto next
		:: else ->
			i = 0;
			/* An open of another name, later, may keep it open. */
			assert(OVERDUE || NAMES == 2 || v_calls[V_DEAD] == 0);
			assert(sn_before[_pid - P_REVOKE] == 0);
			break
		fi;
		CUT
		assert(!(sd_closing && sd_opencnt > 0));
		if
		:: !GONE(vp[_pid]) ->
			assert(sn_opencnt[vp[_pid]] <= sd_opencnt);
			if
			:: sn_opencnt[vp[_pid]] > 0 && !FAULT(20) ->
#if FAULT(34)
				sd_opencnt = 0;
#else
				sd_opencnt = sd_opencnt - sn_opencnt[vp[_pid]];
#endif
				sn_opencnt[vp[_pid]] = 0;
				if
				:: sd_opencnt == 0 ->
					/* spec_close_start */
					assert(vp[P_JOB] == V_NONE);
					vp[P_JOB] = vp[_pid];
					v_usecount[vp[_pid]] =
					    v_usecount[vp[_pid]] + !FAULT(22);
					spec_close_begin()
				:: else -> sd_left = !FAULT(36)
				fi
			:: else
			fi;
			vnode_becomes(V_GONE_BY(_pid));
			sd_awaited = sd_awaited |
			    (sd_closing << (_pid - P_REVOKE));
			cv_broadcast(specfs_iocv, NO_FAULT)
		:: else
		fi
	   };
	   do
	   :: atomic {
		AWAKE(specfs_iocv);
		if
		:: vp[_pid] == V_GONE_BY(_pid) ->
			if
			:: ((sd_awaited >> (_pid - P_REVOKE)) & 1) &&
			   !sd_overdue && !FAULT(19) ->
				SLEEP(specfs_iocv)
			:: else ->
				sd_awaited = sd_awaited &
				    ~(1 << (_pid - P_REVOKE));
				vnode_becomes(V_DEAD);
				cv_broadcast(specfs_iocv, 6);
				COARSELY(vrele(_pid));
				AGAIN
			fi
		:: vp[_pid] != V_GONE_BY(_pid) && vp[_pid] >= V_GONE ->
			SLEEP(specfs_iocv)	/* somebody else's */
		:: else ->
			assert(vp[_pid] == V_DEAD);
			COARSELY(vrele(_pid));
			AGAIN
		fi
	   }
	   od;
#if !COARSE
	   atomic { vrele(_pid) }
#endif
	od
}

#if REVOKE
active proctype revoke()
{
#if !COARSE
	atomic { spec_vnode_get(P_NAME) };
#endif
	spec_revoke_all(false);
#if !COARSE
	atomic { vrele(P_NAME) }
#endif
}
#endif

/* ---- autoconf --------------------------------------------------------- */

#if UNPLUG
active proctype unplug()
{
#if BACKOUT
	/* The driver refuses. */
	atomic { dv_detaching = 1 };
	atomic {
		dv_detaching = 0;
		cv_broadcast(config_cv, 27);
		if
		:: goto end_done	/* it stays */
		:: skip
		fi
	};
#endif
	atomic {
		/* config_detach_enter; the driver's detach begins */
		dv_detaching = 1;
		CUT
		sc_dying = 1
	};
	atomic {
		/* vdevgone: config_detach_commit */
		dv_detached = 1;
		cv_broadcast(config_cv, NO_FAULT)
	};
#if !FAULT(21)
	spec_revoke_all(false);
#endif
	do
	:: atomic {
		/* spec_close_wait */
		AWAKE(specfs_iocv);
		if
		:: sd_closing && !FAULT(13) -> SLEEP(specfs_iocv)
		:: else ->
			nobody_in_driver();
			assert(!sc_open && !sc_inclose);
			sc_vdevgone = 1;
			break
		fi
	   }
	od;
	atomic {
		dv_detached = 1;
		cv_broadcast(config_cv, NO_FAULT);
		CUT
		dv_active = 0;
		dv_drains = 1
	};
	do
	:: atomic {
		/* localcount_drain, device_free */
		AWAKE(config_cv);
		if
		:: dv_refs != 0 && !FAULT(23) -> SLEEP(config_cv)
		:: else ->
			assert(dv_refs == 0 || FAULT(23));
			dv_drains = 0;
			dv_there = 0;
			cv_broadcast(config_cv, NO_FAULT);
			break
		fi
	   }
	od;
	atomic {
		/* device_create, in the same unit */
		assert(!sc_open && !sc_inclose);
		sc_dying = 0;
		sc_cancelled = 0;
		sc_called = 0;
		sc_vdevgone = 0;
		dv_detaching = 0;
		dv_detached = 0;
		dv_gen = 1 - dv_gen;
		dv_there = 1;
		dv_active = 1;
		dv_attaching = 1
	};
	atomic {
		/* device_attach */
		dv_attaching = 0;
		cv_broadcast(config_cv, 7)
	};
end_done:
	false
}
#endif

/* ---- devsw ------------------------------------------------------------ */

#if UNLOAD
active proctype unload()
{
#if UNLOAD == 2
	atomic {
		ds_state = DS_ASKED;
		cv_broadcast(devsw_cv, NO_FAULT)
	};
	atomic {
		/* spec_driver_busy */
		if
		:: sd_opencnt > 0 || sd_closing -> skip
		:: else -> goto idle
		fi
	};
	atomic {
		ds_state = DS_IN;
		cv_broadcast(devsw_cv, 33);
		goto end_done
	};
idle:
#endif
	atomic {
		ds_state = DS_LEAVING;
		cv_broadcast(devsw_cv, NO_FAULT)
	};
#if !FAULT(29)
	spec_revoke_all(true);
#endif
	ds_drains = 1;
	do
	:: atomic {
		AWAKE(devsw_cv);
		if
		:: ds_refs != 0 && !FAULT(30) -> SLEEP(devsw_cv)
		:: else ->
			ds_drains = 0;
			ds_state = DS_OUT;
			nobody_in_driver();
			assert(!sc_open && !sc_inclose);
			break
		fi
	   }
	od;
end_done:
	false
}
#endif

/* ---- the closer and the watch ----------------------------------------- */

active proctype closer()
{
	bit d, held;

end_idle:
	do
	:: atomic {
		vp[P_JOB] != V_NONE;
		vp[_pid] = vp[P_JOB];
		vp[P_JOB] = V_NONE
	   };
	   spec_close_driver(1);
	   atomic { vrele(_pid) }
	od
}

#if OVERDUE
active proctype watch()
{
end_idle:
	do
	:: atomic {
		sd_closing && !sd_overdue;
		sd_overdue = 1;
		cv_broadcast(specfs_iocv, NO_FAULT)
	   }
	od
}
#endif
