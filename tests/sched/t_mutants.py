#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_mutants: the litmuses of tests/sched kill faults in the synchronisation.

    t_mutants.py BUILD PROGRAM [NAME...]
    t_mutants.py --texts

Each mutant is one change to one file: a check that is skipped, a drain or a
wake-up that is left out, an order that is turned around.  The file is
compiled with it, linked into the program that has the litmuses for it, and
run; a mutant that survives all litmuses is a fault that these tests would not
see.  The litmus that has killed it must do so with --prune as well.  Prints for
each the numbers of schedules that this took.

A text that is not found once in its file fails: the list has to go with the
code.  --texts looks for that alone, which takes no time; all of it takes
minutes, and is for tools/check --full.
"""

import functools
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROUNDS = (500, 4000, 50000, 400000)  # schedules of each litmus
# Many threads: a few preemptions at the right places are found by chance.
STRATEGIES = ((), ("-s", "pct", "-b", "3", "-S", "1"))
LIMIT = 100                             # seconds of a CPU: a mutant that loops
LONG = 600                              # that has been tried for long enough

UHID = "drivers/uhid.c"
UHIDSUBR = "drivers/uhid_subr.c"
UHIDEV = "drivers/uhidev.c"
VNOPS = "kernel/specfs/spec_vnops.c"
HYPNODE = "kernel/specfs/hyp_node.c"
CLOSE = "kernel/specfs/spec_close.c"
SEMANTICS = "kernel/specfs/spec_semantics.c"
CLONE = "kernel/specfs/spec_clone.c"
ZOMBIE = "kernel/kern/kern_zombie.c"
DEVSW = "kernel/devsw/subr_devsw.c"
DEVICE = "kernel/autoconf/subr_device.c"
UNITS = "kernel/autoconf/subr_cfunit.c"
CONFIG = "kernel/autoconf/subr_autoconf.c"
CFTABLE = "kernel/autoconf/subr_cftable.c"
COUNT = "kernel/kern/subr_localcount.c"
PSZ = "kernel/kern/subr_pserialize.c"
CLOCK = "kernel/kern/kern_softclock.c"
SYNCH = "kernel/kern/kern_synch.c"
XCALL = "kernel/kern/subr_xcall.c"
SELECT = "kernel/kern/sys_select.c"
TTY = "kernel/tty/tty.c"
TTYDRAIN = "kernel/tty/tty_drain.c"
TTYMODEM = "kernel/tty/tty_modem.c"
TTYOPEN = "kernel/tty/tty_open.c"
TTYRW = "kernel/tty/tty_rw.c"
TTYIN = "kernel/tty/tty_input.c"
TTYOUT = "kernel/tty/tty_output.c"
TTYIOC = "kernel/tty/tty_ioctl.c"
USBDI = "kernel/usbdi/usbdi.c"
CALL = "kernel/usbdi/usbdi_call.c"
XFER = "kernel/usbdi/usbdi_xfer.c"
TASK = "kernel/usbdi/usb_task.c"
USBDEV = "kernel/usbdi/usb_subr.c"
UCOM = "drivers/ucom.c"
UCOMIO = "drivers/ucom_io.c"
UCOMRX = "drivers/ucom_rx.c"
LATENCY = "drivers/uftdi_latency.c"
UCOMMODEM = "drivers/ucom_modem.c"
UCOMOPEN = "drivers/ucom_open.c"
USLSA = "drivers/uslsa.c"
ULPT = "drivers/ulpt.c"
UGEN = "drivers/ugen.c"
UGENBULK = "drivers/ugen_bulk.c"
UGENSUBR = "drivers/ugen_subr.c"
PORT = "kernel/bus/usb_port.c"

# The program that has the litmuses of a folder; the others are t_sched's.
PROGRAMS = {"tty": "t_sched_tty", "usbdi": "t_sched_tty",
            "drivers": "t_sched_ucom", "bus": "t_sched_ucom"}

# name, file, old text, new text, and the program if it is another one
MUTANTS = (
    ("io_enter does not look for a revoke", VNOPS,
     "if (__predict_false(spec_gone(vp))) {", "if (false) {"),
    ("io_exit wakes no drain", VNOPS,
     "atomic_load_seq_cst(&sd->sd_draining) == 0)", "true)"),
    ("open does not wait for a close", VNOPS,
     "while (sd->sd_closing && sd->sd_ss->ss_exact && !spec_gone(vp)) {",
     "while (false) {"),
    ("open does not look for a revoke", VNOPS,
     "	if (spec_gone(vp))\n		return ERESTART;\n	if ((error = devsw_alive",
     "	if ((error = devsw_alive"),
    ("open does not look whether its driver is alive", VNOPS,
     "if ((error = devsw_alive(dr)) != 0)", "if (false)"),
    ("an open relies on the kernel's check", HYPNODE,
     "		error = node_access(hn, flags);\n		if (error == 0)\n"
     "			error = VOP_OPEN",
     "		(void)node_access(hn, flags);\n"
     "			error = VOP_OPEN"),
    ("an open checks before it has its vnode", HYPNODE,
     "		(void)spec_vnode_get(VCHR, hn->hn_dev, hn, &vp);\n"
     "		/* Not before: see \"Who may open\". */\n"
     "		error = node_access(hn, flags);\n",
     "		error = node_access(hn, flags);\n"
     "		(void)spec_vnode_get(VCHR, hn->hn_dev, hn, &vp);\n"),
    ("an open is counted before it has its device", VNOPS,
     "	if ((error = spec_open_driver(vp, &dr)) != 0)\n"
     "		return error;\n	mutex_enter(device_lock(vp->v_rdev));\n"
     "	error = spec_open_enter(vp, mode, &dr);\n"
     "	mutex_exit(device_lock(vp->v_rdev));\n"
     "	if (error) {\n		devsw_release(&dr);\n"
     "		return error;\n	}\n",
     "	dr.dr_dev = vp->v_rdev;\n	dr.dr_block = false;\n"
     "	mutex_enter(device_lock(vp->v_rdev));\n"
     "	error = spec_open_enter(vp, mode, &dr);\n"
     "	mutex_exit(device_lock(vp->v_rdev));\n"
     "	if (error)\n		return error;\n"
     "	if ((error = spec_open_driver(vp, &dr)) != 0) {\n"
     "		spec_io_exit(sd);\n"
     "		mutex_enter(device_lock(vp->v_rdev));\n"
     "		if (!sn->sn_taken) {\n			sn->sn_opencnt--;\n"
     "			sd->sd_opencnt--;\n		}\n"
     "		mutex_exit(device_lock(vp->v_rdev));\n"
     "		return error;\n	}\n"),
    ("open has no I/O reference", VNOPS,
     "	sd->sd_opencnt++;\n	atomic_inc_uint(&sd->sd_iocnt);",
     "	sd->sd_opencnt++;"),
    ("a failing reopen does not close", VNOPS,
     "if (--sd->sd_opencnt == 0 && !sd->sd_closing &&\n"
     "		    (atomic_load_relaxed(&sd->sd_opened) || sd->sd_left ||\n"
     "		    sd->sd_cancelled))",
     "if (--sd->sd_opencnt == 0 && false)"),
    ("who was told to end its calls, and fails to open, is not closed", VNOPS,
     "sd->sd_left ||\n		    sd->sd_cancelled))", "sd->sd_left))"),
    ("what a revoke of another name has left is not closed", VNOPS,
     "(atomic_load_relaxed(&sd->sd_opened) || sd->sd_left ||",
     "(atomic_load_relaxed(&sd->sd_opened) ||"),
    ("an open is not remembered", VNOPS,
     "	if (error == 0)\n		atomic_store_relaxed(&sd->sd_opened, true);",
     "	if (error == 0)\n		;"),
    ("a revoke does not take the opens over", VNOPS,
     "	sn->sn_taken = true;\n", ""),
    ("a revoke does not wait for the close", VNOPS,
     "	while (sd->sd_closing && !sd->sd_overdue &&\n"
     "	    (int)(nth - sd->sd_ncloses) >= 0)\n"
     "		spec_close_press(sd, began);\n"
     "	spec_node_unhash",
     "	spec_node_unhash"),
    ("a second revoke does not wait for the first", VNOPS,
     "		while (vp->v_op != &dead_vnodeops)\n"
     "			cv_wait(specfs_iocv(vp->v_rdev), device_lock(vp->v_rdev));\n"
     "		mutex_exit(device_lock(vp->v_rdev));\n"
     "		return 0;\n	}\n"
     "	sn->sn_taken",
     "		mutex_exit(device_lock(vp->v_rdev));\n"
     "		return 0;\n	}\n"
     "	sn->sn_taken"),
    ("vdevgone does not revoke", VNOPS,
     "		spec_revoke_dev(type, dev);\n		spec_close_wait",
     "		spec_close_wait"),
    ("the last close is not the last", VNOPS,
     "			if (--sd->sd_opencnt == 0)\n"
     "				spec_close_device(sd, mode);",
     "			if (--sd->sd_opencnt <= 1)\n"
     "				spec_close_device(sd, mode);"),
    ("a revoke wakes no poller", VNOPS,
     "		selpoller_wake(&fp->f_poller);", "		continue;"),
    ("a dead vnode is not announced", VNOPS,
     "	cv_broadcast(specfs_iocv(vp->v_rdev));\n"
     "	LIST_FOREACH(fp, &vp->v_files",
     "	LIST_FOREACH(fp, &vp->v_files"),
    ("a leaving driver's files are not revoked", VNOPS,
     "if ((vp = spec_find_open(sb, type, maj)) != NULL) {",
     "if ((vp = NULL) != NULL) {"),
    ("a leaving driver's closes are not waited for", VNOPS,
     "			cv_wait(&sb->sb_iocv, &sb->sb_lock);\n"
     "		} else\n", "			break;\n		} else\n"),
    ("no drain before d_close", CLOSE,
     "	if (drained)\n		spec_io_drain(sd);\n	else if",
     "	if (drained)\n		;\n	else if"),
    ("an open behind a d_close that drains later stays open", CLOSE,
     "	return drained;\n", "	return true;\n"),
    ("no d_cancel", CLOSE,
     "	if (spec_is_cancelled(sd))\n		error = 0;",
     "	if (true)\n		error = 0;"),
    ("the end of a close is not announced", CLOSE,
     "	cv_broadcast(specfs_iocv(sd->sd_dev));\n}\n\n/*\n"
     " * spec_io_drain", "}\n\n/*\n * spec_io_drain"),
    ("a close does not say that it is one", CLOSE,
     "	sd->sd_closing = true;\n", ""),
    ("the drain does not ask to be woken", CLOSE,
     "	atomic_inc_uint(&sd->sd_draining);\n	while",
     "	while"),
    ("the drain looks once", CLOSE,
     "	while (atomic_load_seq_cst(&sd->sd_iocnt) != 0)\n"
     "		cv_wait(specfs_iocv(sd->sd_dev), device_lock(sd->sd_dev));",
     "	if (atomic_load_seq_cst(&sd->sd_iocnt) != 0)\n"
     "		cv_wait(specfs_iocv(sd->sd_dev), device_lock(sd->sd_dev));"),
    ("the closer keeps no vnode", CLOSE,
     "	sc->sc_flags = flags;\n	vp->v_usecount++;",
     "	sc->sc_flags = flags;"),
    ("the closer does not let its vnode go", CLOSE,
     "	vrele(sc->sc_vp);\n", ""),
    ("a clone is not drained", CLOSE,
     "	spec_io_drain(sd);\n	fp->f_flag =", "	fp->f_flag ="),
    ("a clone is not told to restart", CLOSE,
     "		spec_clone_restart(sd);\n", "		;\n"),
    ("a clone that is too late is not closed", CLONE,
     "	spec_clone_close(sd);\n", ""),
    ("a clone gives its reference back first", VNOPS,
     "	else if (error == EMOVEFD)\n		error = spec_clone(vp, l);",
     "	else if (error == EMOVEFD) {\n		spec_io_exit(sd);\n"
     "		error = spec_clone(vp, l);\n"
     "		atomic_inc_uint(&sd->sd_iocnt);\n	}"),
    ("alive does not ask the driver", DEVSW,
     "	return state == DS_IN ? 0 :", "	return true ? 0 :"),
    ("devsw_detach revokes nothing", DEVSW,
     "		devsw_hooks->dh_gone(type, maj);", "		;"),
    ("devsw_detach does not wait for opens", DEVSW,
     "	localcount_drain(&slots[maj].ds_refs, &devsw_cv, &devsw_lock);\n",
     ""),
    ("devsw_detach does not wait for who has found the driver", DEVSW,
     "	pserialize_perform(devsw_psz);\n", ""),
    ("a detach does not wait for who has found the device", CONFIG,
     "	pserialize_perform(config_psz);	/* lookups that have found dev */\n",
     ""),
    ("a device is freed under who has found it", CONFIG,
     "		pserialize_perform(config_psz);\n		device_free(dev);",
     "		device_free(dev);"),
    ("a table of units is freed under who reads it", UNITS,
     "	pserialize_perform(config_psz);\n", ""),
    ("acquire takes a device that is being detached", DEVICE,
     "		    atomic_load_acquire(&dev->dv_detaching) != NULL;",
     "		    false;"),
    ("a reader holds up nobody", PSZ,
     "		mutex_enter(&psz->psz_cpus[i].ps_lock);\n"
     "		mutex_exit(&psz->psz_cpus[i].ps_lock);\n", ""),
    ("devsw_detach_idle asks nobody", DEVSW,
     "	return sw != NULL && devsw_hooks != NULL &&",
     "	return false && sw != NULL &&"),
    ("acquire does not wait for an attach", DEVICE,
     "		if ((dev->dv_attaching == NULL ||\n"
     "		    dev->dv_attaching == curlwp) &&",
     "		if (true &&"),
    ("a detach that backs out wakes nobody", CONFIG,
     "	atomic_store_release(&dev->dv_detaching, NULL);\n"
     "	cv_broadcast(&config_cv);",
     "	atomic_store_release(&dev->dv_detaching, NULL);"),
    ("an attach that ends wakes nobody", CONFIG,
     "	atomic_store_release(&dev->dv_attaching, NULL);\n"
     "	cv_broadcast(&config_cv);",
     "	atomic_store_release(&dev->dv_attaching, NULL);"),
    ("a detach frees what another one waits for", CONFIG,
     "	const bool last = dev->dv_waiters == 0;",
     "	const bool last = true;"),
    ("a detach that waited for another goes on", CONFIG,
     "	if (dev->dv_gone)\n		return ENOENT;\n", ""),
    ("a detach does not wait for references", CONFIG,
     "	localcount_drain(&dev->dv_localcount, &config_cv, &alldevs_lock);\n",
     ""),
    ("a release wakes no drain", COUNT,
     "	if (__predict_true(atomic_load_seq_cst(drains) == 0))\n		return;",
     "	if (drains != NULL)\n		return;"),
    ("the drain of a count looks once", COUNT,
     "	while (lc_sum(lc) != 0)\n		cv_wait(cv, interlock);",
     "	if (lc_sum(lc) != 0)\n		cv_wait(cv, interlock);"),
    ("the drain of a count does not tell of itself", COUNT,
     "	atomic_inc_uint(drains);\n	while (lc_sum(lc) != 0)\n"
     "		cv_wait(cv, interlock);\n	atomic_dec_uint(drains);",
     "	while (lc_sum(lc) != 0)\n		cv_wait(cv, interlock);\n"
     "	(void)drains;"),
    ("an acquire does not mind a drain", COUNT,
     "	if (__predict_true(atomic_load_seq_cst(lc_drains_of(lc)) == 0))\n"
     "		return;",
     "	if (lc != NULL)\n		return;"),
    ("the count is one for all", COUNT,
     "	for (u_int i = 0; i < lc_slots(); i++)\n		sum +=",
     "	for (u_int i = 0; i < 1; i++)\n		sum +="),
    ("callout_halt does not wait", CLOCK,
     "	waited = softclock_wait(c, interlock);", "	waited = false;"),
    ("callout_halt stops once", CLOCK,
     "	/* A handler may have scheduled itself once more. */\n"
     "	(void)callout_remove(c);\n", ""),
    ("a handler that ends wakes nobody", CLOCK,
     "	softclock_running = NULL;\n	cv_broadcast(&softclock_idle);",
     "	softclock_running = NULL;"),
    ("a barrier does not wait for callbacks", XCALL,
     "		while (atomic_load_seq_cst(&xc_count[old]) != 0)\n"
     "			cv_wait(&xc_cv, &xc_lock);\n", ""),
    ("a barrier has one turn", XCALL,
     "	for (u_int turn = 0; turn < 2; turn++) {",
     "	for (u_int turn = 1; turn < 2; turn++) {"),
    ("a callback that ends wakes no barrier", XCALL,
     "	mutex_enter(&xc_lock);\n	cv_broadcast(&xc_cv);\n"
     "	mutex_exit(&xc_lock);\n}\n\n/*\n * yes",
     "}\n\n/*\n * yes"),
    ("a barrier says that it waits when it has looked", XCALL,
     "	atomic_store_seq_cst(&xc_waiting, 1);\n", ""),
    ("a barrier that ends tells no other", XCALL,
     "	xc_busy = false;\n	cv_broadcast(&xc_cv);\n",
     "	xc_busy = false;\n"),
    ("a wakeup leaves the sleeper asleep", SYNCH,
     "		cv_signal(&s->s_cv);\n", ""),
    ("a wakeup leaves the sleeper on the list", SYNCH,
     "		TAILQ_REMOVE(&sleepq, s, s_entry);\n		s->s_woken",
     "		s->s_woken"),
    ("a notification wakes nobody", SELECT,
     "		sr->sr_poller->sp_wake(sr->sr_poller->sp_arg);\n", ""),
    ("a signal does not cancel a printer's transfer", ULPT,
     "			usbd_cancel_xfer(up->up_xfer);\n", "			;\n"),
    ("a signal does not wait for a printer's transfer", ULPT,
     "		if (sig != 0)\n			cv_wait(&sc->sc_cv, &sc->sc_lock);",
     "		if (sig != 0)\n			return sig;"),
    ("a signal does not cancel a generic transfer", UGENSUBR,
     "			usbd_cancel_xfer(ud->ud_xfer);\n", "			;\n"),
    ("a signal does not wait for a generic transfer", UGENSUBR,
     "		if (sig != 0)\n			cv_wait(&sc->sc_cv, &sc->sc_lock);",
     "		if (sig != 0)\n			return sig;"),
    ("a close without a drain leaves a printer's calls", ULPT,
     "	while (sc->sc_open == node &&\n"
     "	    (sc->sc_calls > 0 || sc->sc_state == ULPT_OPENING))\n"
     "		cv_wait(&sc->sc_cv, &sc->sc_lock);\n", ""),
    ("a close without a drain leaves an endpoint's calls", UGEN,
     "	while (ue->ue_calls > 0 || ue->ue_state == UGEN_OPENING)\n"
     "		cv_wait(&sc->sc_cv, &sc->sc_lock);\n", ""),
    ("a close without a drain leaves a HID's calls", UHID,
     "	while (sc->sc_calls > 0 || sc->sc_state == UHID_OPENING)\n"
     "		cv_wait(&sc->sc_cv, &sc->sc_lock);\n", ""),
    ("a call that comes late to a closed HID waits", UHID,
     "sc->sc_dying || sc->sc_state != UHID_OPEN)", "sc->sc_dying)"),
    ("two calls have one direction of an endpoint", UGENSUBR,
     "	while (error == 0 && ud->ud_taken && !ue->ue_closing &&",
     "	while (error == 0 && false && !ue->ue_closing &&"),
    ("a signal does not cancel a HID's request", UHIDEV,
     "				usbd_cancel_xfer(ur->ur_xfer);\n			}",
     "			}"),
    # LOCKDEBUG sees these at once, on any schedule that comes by.
    ("a close waits for its watch with device_lock", CLOSE,
     "	spec_watch_in(sb, spec_close_ms(sd));\n",
     "	(void)callout_halt(&sb->sb_watch, NULL);\n"
     "	spec_watch_in(sb, spec_close_ms(sd));\n"),
    ("softclock_lock before device_lock, where nothing runs", CLOCK,
     "		(void)callout_remove(TAILQ_FIRST(&callouts));\n",
     "		(void)callout_remove(TAILQ_FIRST(&callouts));\n"
     "	extern kmutex_t spec_buckets[];		/* their first member */\n"
     "	if (spec_buckets->mtx_class != NULL) {	/* specfs is there */\n"
     "		mutex_enter(spec_buckets);\n		mutex_exit(spec_buckets);\n"
     "	}\n"),
    ("the end of a poller leaves its records", SELECT,
     "			selrec_remove(&sp->sp_rec[i]);", "			continue;"),
    ("who may not sleep gets a restart from a dead file", HYPNODE,
     "error == EWOULDBLOCK || vn_is_dead(vp)",
     "error == EWOULDBLOCK || (error == EINTR && vn_is_dead(vp))"),
    ("close(2) is over before the driver knows", HYPNODE,
     "	curlwp->l_closing = fp->f_host;\n",
     "	curlwp->l_closing = fp->f_host;\n	vn_close_known();\n",
     "t_sched_ucom"),
    ("O_NONBLOCK does not ask what the other node has to send", UCOMOPEN,
     "	if (sc->sc_draining != 0 && sent > LWP_NBWAIT_MS)\n",
     "	if (sc->sc_draining != 0 && sent == 1)\n"),
    ("O_NONBLOCK waits for the other node's close as others do", UCOMOPEN,
     "	if (sc->sc_closing != 0 && ISSET(flag, FNONBLOCK))\n",
     "	if (false)\n"),
    ("dial-in is busy with a dial-out that fails", UCOMOPEN,
     "	return ISSET(flag, FNONBLOCK) && ISSET(sc->sc_open, UCOM_DIALOUT);",
     "	(void)sc;\n	return ISSET(flag, FNONBLOCK) != 0;"),
    # ---- t_sched_stuck
    ("a revoke waits for any close", VNOPS,
     " &&\n	    (int)(nth - sd->sd_ncloses) >= 0)", ")", "t_sched_stuck"),
    ("a revoke does not wait for the close behind another", VNOPS,
     " + (spec_is_left(sd) ? 1 : 0)", "", "t_sched_stuck"),
    ("a revoke leaves open what is not being closed", VNOPS,
     " || n > 1)", ")", "t_sched_stuck"),
    ("no close is overdue", CLOSE,
     "	sd->sd_overdue = true;\n", "", "t_sched_stuck"),
    ("an overdue close is not announced", CLOSE,
     "	sd->sd_overdue = true;\n"
     "	cv_broadcast(specfs_iocv(sd->sd_dev));",
     "	sd->sd_overdue = true;", "t_sched_stuck"),
    ("a close is overdue for ever", CLOSE,
     "		sd->sd_overdue = false;\n", "", "t_sched_stuck"),
    ("a last close has no more time than a revoke", CLOSE,
     "	return sd->sd_drainer != NULL ? 2 * zombie_ms() : zombie_ms();",
     "	return zombie_ms();", "t_sched_stuck"),
    ("an open waits for an overdue close", VNOPS,
     "		if (sd->sd_overdue)\n			return EBUSY;\n", "",
     "t_sched_stuck"),
    ("vdevgone does not wait for an overdue close", VNOPS,
     "		spec_close_wait(type, dev);\n", "", "t_sched_stuck"),
    ("the watch looks once", CLOSE,
     "			spec_watch_in(sb, left);\n", "",
     "t_sched_stuck"),
    ("the deadline counts from the first progress", ZOMBIE,
     "	atomic_store_relaxed(&lp->lp_time, getticks());\n", "",
     "t_sched_stuck"),
    ("progress has no more time than it had", ZOMBIE,
     "	atomic_store_relaxed(&lp->lp_ms, ms);\n", "	(void)ms;\n",
     "t_sched_stuck"),
    ("a revoke waits for what a close sends", CLOSE,
     "	if (left == 0)\n		spec_close_cut(sd);\n", "",
     "t_sched_stuck"),
    ("a revoke does not wait for what is soon sent", CLOSE,
     "	const u_int left = sd->sd_drainer != NULL ?\n"
     "	    spec_close_soon(sd, began) : 0;\n",
     "	const u_int left = 0;\n	(void)began;\n", "t_sched_stuck"),
    ("a driver that leaves waits for what a close sends", VNOPS,
     "		    maj)) != NULL) {\n			spec_close_cut(sd);\n",
     "		    maj)) != NULL) {\n", "t_sched_stuck"),
    ("an unplug as Linux's waits for what a close sends", SEMANTICS,
     "		spec_close_cut(sd);\n		if (vp->", "		if (vp->",
     "t_sched_stuck"),
    ("an unplugged file sends at its close", VNOPS,
     "		mode |= FNONBLOCK;\n", "		mode &= ~FNONBLOCK;\n",
     "t_sched_stuck"),
    ("the end waits for what a close sends", SEMANTICS,
     "			spec_close_cut(sd);\n		cv_broadcast",
     "			continue;\n		cv_broadcast", "t_sched_stuck"),
    ("a close sends though the end has come", CLOSE,
     "	if (spec_halts())\n		spec_close_cut(sd);\n", "",
     "t_sched_stuck"),
    ("what is cut short has more time if it gets on", CLOSE,
     "	const u_int at = sd->sd_cut ? sd->sd_cut_at :",
     "	const u_int at = false ? sd->sd_cut_at :", "t_sched_stuck"),
    ("what is cut short has the time of its last progress", CLOSE,
     "	const u_int ms = spec_close_ms(sd) + (sd->sd_cut ? 0 :",
     "	const u_int ms = spec_close_ms(sd) + (false ? 0 :",
     "t_sched_stuck"),
    ("the watch does not know what is cut short", CLOSE,
     "	sd->sd_cut_at = getticks();\n"
     "	spec_watch_in(spec_bucket(sd->sd_dev), spec_close_ms(sd));\n",
     "	sd->sd_cut_at = getticks();\n", "t_sched_stuck"),
    ("a cut outlives its close", CLOSE, "	lwp_cut_clear(curlwp);\n", "",
     "t_sched_stuck"),
    ("a close waits for the chip whatever comes", UCOMMODEM,
     "			error = cv_timedwait_sig(&sc->sc_statecv,",
     "			error = (intr ? cv_timedwait_sig : cv_timedwait)"
     "(&sc->sc_statecv,"),
    ("O_NONBLOCK waits for a close as others do", CLOSE,
     "	if ((mode & FNONBLOCK) == 0)\n", "	if (true)\n",
     "t_sched_stuck"),
    ("O_NONBLOCK does not ask what a close has to send", CLOSE,
     "	return left <= 0 || sent > left ? 0 : (u_int)left;",
     "	(void)sent;\n	return left <= 0 ? 0 : (u_int)left;",
     "t_sched_stuck"),
    ("O_NONBLOCK waits for no close", CLOSE,
     "	if (left == 0)\n		return EWOULDBLOCK;",
     "	if (true)\n		return EWOULDBLOCK;", "t_sched_stuck"),
    # ---- t_sched_tty
    ("ttycancel wakes nobody", TTYOPEN,
     "	SET(tp->t_state, TS_CANCEL);\n	ttywakeall(tp);",
     "	SET(tp->t_state, TS_CANCEL);"),
    ("a sleep does not look for ttycancel", TTY,
     "	KASSERT(ttylocked(tp));\n	if (ISSET(tp->t_state, TS_CANCEL))\n"
     "		return ERESTART;\n", "	KASSERT(ttylocked(tp));\n"),
    ("carrier wakes no open", TTYMODEM,
     "		SET(tp->t_state, TS_CARR_ON);\n"
     "		cv_broadcast(&tp->t_rawcv);",
     "		SET(tp->t_state, TS_CARR_ON);"),
    ("loss of carrier wakes nobody", TTYMODEM,
     "			ttyflush(tp, FREAD | FWRITE);\n"
     "			ttywakeall(tp);\n			connected = 0;",
     "			connected = 0;"),
    ("the drain of a last close has no end", TTYDRAIN,
     "(left = ttymsleft(limit)) == 0)", "(left = 0) != 0)"),
    ("a last close drains nothing", TTYDRAIN,
     "	while (ttyundrained(tp)) {\n		(void)ttstart(tp);\n"
     "		if (tp->t_outq.c_cc < least) {",
     "	while (false) {\n		if (tp->t_outq.c_cc < least) {"),
    ("a hang-up wakes nobody", TTYOPEN,
     "	SET(tp->t_flags, TF_HANGUP);\n	tp->t_gen++;\n"
     "	ttywakeall(tp);\n", "	SET(tp->t_flags, TF_HANGUP);\n"),
    ("a line that moves wakes nobody", TTYMODEM,
     "	if (moved != 0)\n		cv_broadcast(&tp->t_modemcv);\n", ""),
    ("TIOCEXCL excludes nobody", TTYOPEN,
     "	excl = ISSET(tp->t_state, TS_ISOPEN) &&", "	excl = false &&"),
    ("the last close does not end TIOCEXCL", TTYOPEN,
     "	tp->t_state = 0;\n",
     "	CLR(tp->t_state, ~(TS_XCLUDE | TS_ISOPEN));\n"),
    ("output that moves wakes no writer", TTYOUT,
     "	if (tp->t_outq.c_cc <= tp->t_lowat) {\n"
     "		cv_broadcast(&tp->t_outcv);",
     "	if (tp->t_outq.c_cc <= tp->t_lowat) {"),
    ("output that moves wakes no poller", TTYOUT,
     "		cv_broadcast(&tp->t_outcv);\n"
     "		selnotify(&tp->t_wsel, 0, 0);",
     "		cv_broadcast(&tp->t_outcv);"),
    ("input wakes no reader", TTYIN,
     "	selnotify(&tp->t_rsel, 0, 0);\n	cv_broadcast(&tp->t_rawcv);",
     "	selnotify(&tp->t_rsel, 0, 0);"),
    ("input wakes no poller", TTYIN,
     "	selnotify(&tp->t_rsel, 0, 0);\n	cv_broadcast(&tp->t_rawcv);",
     "	cv_broadcast(&tp->t_rawcv);"),
    ("the driver is not told of room", TTYIN,
     "		CLR(tp->t_flags, TF_HWBLOCK);\n"
     "		(void)(*tp->t_hwiflow)(tp, 0);",
     "		CLR(tp->t_flags, TF_HWBLOCK);"),
    ("a poll leaves no record", TTYRW,
     "	selrecord(l, &tp->t_rsel);\n", "	(void)l;\n"),
    ("settings are not one at a time", TTYIOC,
     "	while (error == 0 && tp->t_setting)\n"
     "		error = ttysleep(tp, &tp->t_paramcv, true, 0);\n", ""),
    ("the end of a setting wakes nobody", TTYIOC,
     "	cv_signal(&tp->t_paramcv);\n", ""),
    ("a timer takes the next transfer for its own", XFER,
     "	if (callout_pending(&xfer->ux_callout)) {", "	if (false) {"),
    ("a transfer is cancelled twice", XFER,
     "	if (xfer->ux_state != UX_BUSY)\n		return;\n"
     "	xfer->ux_state = UX_CANCEL;", "	xfer->ux_state = UX_CANCEL;"),
    ("a cancelled transfer has no grace", XFER,
     "	callout_schedule(&xfer->ux_callout, mstohz(USBD_GRACE));\n", ""),
    ("two threads run callbacks", XFER,
     "	if (pipe->up_runner != NULL)\n		return;\n"
     "	pipe->up_runner = curlwp;", "	pipe->up_runner = curlwp;"),
    ("a callback is promised that does not come", XFER,
     "next != NULL && next->ux_state == UX_DONE;", "next != NULL;"),
    ("the last of several completions runs no callbacks", XFER,
     "	if (!hyp_usbx_more(xfer->ux_hyp))\n		usbd_pipe_run(pipe);",
     "	if (hyp_usbx_more(xfer->ux_hyp))\n		usbd_pipe_run(pipe);"),
    ("a completion does not mind that it was given up", XFER,
     "	if (xfer->ux_state == UX_ABANDON) {", "	if (false) {"),
    ("a pipe is idle while a callback runs", XFER,
     "	return TAILQ_EMPTY(&pipe->up_queue) && pipe->up_runner == NULL;",
     "	return TAILQ_EMPTY(&pipe->up_queue);"),
    ("an idle pipe wakes nobody", XFER,
     "	if (usbd_pipe_idle(pipe))\n		cv_broadcast(&pipe->up_cv);\n",
     ""),
    ("a device is told to be gone twice", XFER,
     "		dev->ud_gone = NULL;\n", ""),
    ("a device that is gone cancels nothing", XFER,
     "		usbd_pipe_cancel(pipe, USBD_IOERROR);", "		continue;"),
    ("an xfer that is destroyed leaves its timer", CALL,
     "	(void)callout_halt(&xfer->ux_callout, NULL);\n", ""),
    ("an abort does not wait", USBDI,
     "	while (!usbd_pipe_idle(pipe))\n"
     "		cv_wait(&pipe->up_cv, &dev->ud_lock);\n", ""),
    ("a closed pipe leaves the task for its stall", USBDI,
     "	(void)usb_rem_task_wait(dev, &pipe->up_stalltask, "
     "USB_TASKQ_DRIVER,\n	    NULL);\n", ""),
    ("a task that runs is not waited for", TASK,
     "	if (dev->ud_curtask == task) {", "	if (false) {"),
    ("a task that is queued and runs is not waited for", TASK,
     "	if (dev->ud_curtask == task) {",
     "	if (!removed && dev->ud_curtask == task) {"),
    ("a closed port's latency timer is set", LATENCY,
     "	mutex_enter(&ul->ul_lock);\n"
     "	ul->ul_on = false;\n"
     "	mutex_exit(&ul->ul_lock);\n", "",
     "t_sched_tty"),
    ("a latency timer's request is not waited for", LATENCY,
     "	usb_rem_task_wait(ul->ul_udev, &ul->ul_task, USB_TASKQ_DRIVER, "
     "NULL);\n", "", "t_sched_tty"),
    ("traffic during a request of the latency timer is not seen", LATENCY,
     "	while (on && (ms = ul->ul_want)", "	if (on && (ms = ul->ul_want)",
     "t_sched_tty"),
    ("traffic does not put off the end of a short latency timer", LATENCY,
     "	left = (int)(ul->ul_until - getticks());", "	left = 0;",
     "t_sched_tty"),
    ("the thread of a closed device is not waited for", TASK,
     "	while (dev->ud_taskthread)\n"
     "		cv_wait(&dev->ud_cv, &dev->ud_lock);\n", ""),
    ("an interface is claimed twice", USBDEV,
     "	while (iface->ui_claim == UI_CLAIMING)\n"
     "		cv_wait(&dev->ud_cv, &dev->ud_lock);\n", ""),
    # ---- t_sched_ucom
    ("an open waits for the close of its own node", UCOMOPEN,
     "	if (ISSET(sc->sc_closing, kind))\n		return ERESTART;\n", ""),
    ("a close leaves a break on", UCOMOPEN,
     "	}\n	ucom_break_end(sc);\n", "	}\n"),
    ("a detach gives output up before it hangs up", UCOM,
     "	if (sc->sc_tty != NULL)\n		ttyhangup(sc->sc_tty);\n", ""),
    ("a poll does not look for a hang-up", UCOM,
     "	gone = ISSET(tp->t_flags, TF_HANGUP);\n", "	gone = false;\n"),
    ("d_cancel wakes no open that waits for carrier", UCOMOPEN,
     "	} else {\n		ttycancel(tp);\n", "	} else {\n"),
    ("d_cancel hangs the other node up", UCOMOPEN,
     "	other = ISSET(sc->sc_open, ~kind) != 0;\n"
     "	cv_broadcast(&sc->sc_statecv);",
     "	other = false;\n	cv_broadcast(&sc->sc_statecv);"),
    ("an open that waits for carrier does not look for d_cancel", UCOMOPEN,
     "		stop = sc->sc_closing != 0 || sc->sc_dying || (!mine &&",
     "		stop = sc->sc_dying || (!mine &&"),
    ("d_close does not wait for openers", UCOMOPEN,
     "		while (sc->sc_nopeners != 0 || sc->sc_state == UCOM_OPENING)\n"
     "			cv_wait(&sc->sc_statecv, &sc->sc_lock);\n", ""),
    ("the end of a close wakes nobody", UCOMOPEN,
     "	CLR(sc->sc_draining, kind);\n	cv_broadcast(&sc->sc_statecv);",
     "	CLR(sc->sc_draining, kind);"),
    ("dial-in goes on with dial-out's mode", UCOMOPEN,
     "	    (kind == UCOM_DIALIN && ucom_up_for_other(sc, kind))) {",
     "	    false) {"),
    ("a failed open leaves the hardware up", UCOMOPEN,
     "	if (down) {\n		KASSERT(sc->sc_nopeners == 1 &&",
     "	if (false) {\n		KASSERT(sc->sc_nopeners == 1 &&"),
    ("a mode that the chip refused counts", UCOMOPEN,
     "	if (error)\n		sc->sc_kind = 0;\n", ""),
    ("a dial-out open that fails wakes no dial-in open", UCOMOPEN,
     "	if (restart) {", "	if (false) {"),
    ("methods are not called one at a time", UCOMMODEM,
     "	while (error == 0 && sc->sc_ctlbusy) {", "	while (false) {"),
    ("an ioctl that waits for its turn does not look for d_cancel", UCOMMODEM,
     "	return sc->sc_dying || ISSET(sc->sc_closing, sc->sc_open) ?",
     "	return false ?"),
    ("d_cancel wakes no ioctl that waits for its turn", UCOMOPEN,
     "	cv_broadcast(&sc->sc_ctlcv);\n", ""),
    ("a signal does not end the wait for a turn", UCOMMODEM,
     "		if (catch)\n", "		if (false)\n"),
    ("a signal keeps a break from its end", UCOMMODEM,
     "ucom_ctl_enter(sc, onoff != 0)", "ucom_ctl_enter(sc, true)"),
    ("a drain ends with the other node's revoke", UCOMMODEM,
     "	return sc->sc_dying || ISSET(sc->sc_closing, sc->sc_open) ?",
     "	return sc->sc_dying || sc->sc_closing != 0 ?"),
    ("modem lines are asked for once", UCOMMODEM,
     "	if (sc->sc_msr_busy) {\n", "	sc->sc_msr_ask = !sc->sc_msr_busy;\n"
     "	if (sc->sc_msr_busy) {\n"),
    ("two threads ask for the modem lines", UCOMMODEM,
     "	if (sc->sc_msr_busy) {\n", "	if (false) {\n"),
    ("the end of transfers does not wait for the tty", UCOMIO,
     "	while (sc->sc_rx_feeding)\n"
     "		cv_wait(&sc->sc_statecv, &sc->sc_lock);\n", ""),
    ("two threads feed the tty", UCOMRX,
     "	if (sc->sc_rx_feeding) {", "	if (false) {"),
    ("room in the tty starts nothing", UCOMRX,
     "	if (!block)\n		ucom_feed_later(sc);\n", ""),
    ("what comes with the carrier is not kept", UCOMRX,
     "(sc->sc_open != 0 || !CONNECTED(tp)) && ucom_piece_get",
     "ucom_piece_get"),
    ("what was kept is forgotten by its open", UCOMOPEN,
     "			ucom_feed_later(sc);\n", ""),
    ("what was kept stays when the carrier goes", UCOMRX,
     "		ucom_ask_status(sc, false);\n		ucom_feed(sc);\n",
     "		ucom_ask_status(sc, false);\n"),
    ("who does not feed any more says so too late", UCOMRX,
     "	sc->sc_rx_feeding = false;\n	cv_broadcast(&sc->sc_statecv);\n",
     "	mutex_exit(&sc->sc_lock);\n	ttyunlock(tp);\n"
     "	ttylock(tp);\n	mutex_enter(&sc->sc_lock);\n"
     "	sc->sc_rx_feeding = false;\n	cv_broadcast(&sc->sc_statecv);\n"),
    ("output is looked for in one place after the other", UCOMIO,
     "	n = tp->t_outq.c_cc;\n"
     "	for (i = 0; i < UCOM_OUT_BUFFS; i++)\n"
     "		n += (int)sc->sc_obuff[i].ub_unsent;\n"
     "	mutex_exit(&sc->sc_lock);",
     "	n = 0;\n"
     "	for (i = 0; i < UCOM_OUT_BUFFS; i++)\n"
     "		n += (int)sc->sc_obuff[i].ub_unsent;\n"
     "	mutex_exit(&sc->sc_lock);\n	ttyunlock(tp);\n"
     "	ttylock(tp);\n	n += tp->t_outq.c_cc;"),
    ("failed output is not tried again", UCOMIO,
     "	if (ub != NULL)\n		ucom_recover_later(sc, ub->ub_errs);\n",
     "	(void)ub;\n"),
    ("the end of output does not start more", UCOMIO,
     "even a stopped one. */\n	(void)ttypull(tp);\n"
     "	(void)(*tp->t_linesw->l_start)(tp);\n",
     "even a stopped one. */\n	(void)ttypull(tp);\n"),
    ("input that is flushed is given to the tty meanwhile", UCOMRX,
     "	while (sc->sc_rx_feeding)\n"
     "		cv_wait(&sc->sc_statecv, &sc->sc_lock);\n"
     "	sc->sc_rx_feeding = true;\n", ""),
    ("a drain that a detach ends says that all was sent",
     TTYDRAIN,
     "	if (error == 0 && ISSET(tp->t_flags, TF_HANGUP))\n"
     "		error = ERESTART;\n	else if", "	if", "t_sched_ucom"),
    ("a revoked write of a printer goes on", ULPT,
     "		if (sc->sc_out.up_busy)\n"
     "			usbd_cancel_xfer(sc->sc_out.up_xfer);\n", ""),
    ("a revoked request of ugen goes on", UGEN,
     "	ugen_dir_cancel(&ue->ue_out);\n", ""),
    ("a ring is filled after its revoke", UGENBULK,
     "	    ud->ud_ep->ue_closing || r->ur_status", "	    r->ur_status"),
    ("the end of a ring waits for what has failed", UGENBULK,
     " && r->ur_used > 0 &&\n"
     "	    r->ur_status == USBD_NORMAL_COMPLETION) {",
     " && r->ur_used > 0) {"),
    ("a ring ends under its transfer", UGENBULK,
     "	while (ud->ud_busy || (r->ur_clearing && !ud->ud_ep->ue_closing))\n"
     "		cv_wait(&sc->sc_cv, &sc->sc_lock);\n", ""),
    ("an endpoint is opened while the setting is changed", UGEN,
     "(sc->sc_changing && UGEN_PART(dev) != 0)", "false"),
    ("a revoke of ulpn0 ends what ulpt0 does", ULPT,
     "	if (sc->sc_open == node) {\n		if (sc->sc_out.up_busy)",
     "	if (sc->sc_open != 0) {\n		if (sc->sc_out.up_busy)"),
    ("a deadline of an earlier detach counts", PORT,
     "	if (!port->p_leaving || callout_pending(&port->p_late)) {",
     "	if (!port->p_leaving) {"),
    ("gone, said of the one before, takes the next one", PORT,
     "	if (bus_up && port->p_want == port->p_have) {", "	if (bus_up) {"),
    ("a driver that comes during an attach is not asked", PORT,
     "			if (port->p_thread)\n"
     "				port->p_fresh = true;\n"
     "			else if", "			if"),
    ("what is just being attached is tried again", PORT,
     "	    !port->p_thread &&\n", ""),
    ("a poll that is to end goes on", USLSA,
     "	atomic_store_relaxed(&sc->sc_polling, false);\n", ""),
    ("a poll that is due is not stopped", USLSA,
     "	callout_halt(&sc->sc_poll, NULL);\n	usb_rem", "	usb_rem"),
    ("a poll's request is not waited for", USLSA,
     "	usb_rem_task_wait(sc->sc_chip.uc_udev, &sc->sc_task,\n"
     "	    USB_TASKQ_DRIVER, NULL);\n", ""),
    ("a poll that its request has put off is not stopped", USLSA,
     "	    USB_TASKQ_DRIVER, NULL);\n	callout_halt(&sc->sc_poll, NULL);\n",
     "	    USB_TASKQ_DRIVER, NULL);\n"),
    ("a poll ends with its first answer", USLSA,
     "		callout_schedule(&sc->sc_poll, mstohz(USLSA_POLL_MS));\n}\n",
     "		;\n}\n"),
    ("nobody looks again whether there are fewer zombies", PORT,
     "	else if (usb_port_too_many_zombies(&why))\n"
     "		callout_schedule(&port->p_again, hz);\n	else\n",
     "	else if (!usb_port_too_many_zombies(&why))\n"),
    ("nobody waits for his turn", PORT,
     "	while (port->p_want == port->p_have && usb_port_behind(port)) {",
     "	while (false) {"),
    ("who has left before its turn is waited for", PORT,
     "other->p_want != NULL && ", ""),
    ("an unplug during an attach is not seen", PORT,
     "	while (port->p_want != port->p_have) {\n"
     "		if (port->p_have == NULL) {",
     "	if (port->p_want != port->p_have) {\n"
     "		if (port->p_have == NULL) {"),
    ("d_cancel of a HID wakes no read", UHID,
     "	sc->sc_closing = true;\n	cv_broadcast(&sc->sc_cv);",
     "	sc->sc_closing = true;"),
    ("a read of a HID does not look for d_cancel", UHIDSUBR,
     "		if (sc->sc_closing || sc->sc_dying)\n			return EIO;\n",
     ""),
    ("two have a HID open", UHID,
     "error = sc->sc_state != UHID_CLOSED ? EBUSY : 0;", "error = 0;"),
    ("a HID is busy with its own close", UHID,
     "		error = ERESTART;", "		error = EBUSY;"),
    ("poll of a HID with a report is not recorded", UHID,
     "	else if (sc->sc_count > 0)\n"
     "		revents |= events & (POLLIN | POLLRDNORM);\n"
     "	selrecord(l, &sc->sc_rsel);",
     "	else if (sc->sc_count > 0)\n"
     "		revents |= events & (POLLIN | POLLRDNORM);\n"
     "	else\n"
     "		selrecord(l, &sc->sc_rsel);"),
    ("poll of a HID that is being closed is an error alone", UHID,
     "		revents = events | POLLERR | POLLHUP;",
     "		revents = POLLERR;"),
    ("input wakes no read", UHIDSUBR,
     "		sc->sc_bytes += len;\n		cv_broadcast(&sc->sc_cv);",
     "		sc->sc_bytes += len;"),
    ("d_cancel of a HID stops no request", UHIDEV,
     "		usbd_cancel_xfer(ur->ur_xfer);\n	if (sc->sc_async",
     "		continue;\n	if (sc->sc_async"),
    ("a close of a HID does not wait for what was sent", UHIDEV,
     "	while (sc->sc_async == scd || sc->sc_acalls == scd)\n",
     "	while (false)\n"),
    ("nor for the callback of that", UHIDEV,
     "	while (sc->sc_async == scd || sc->sc_acalls == scd)\n",
     "	while (sc->sc_async == scd)\n"),
    ("the end of that callback wakes nobody", UHIDEV,
     "	sc->sc_acalls = NULL;\n	cv_broadcast(&sc->sc_cv);",
     "	sc->sc_acalls = NULL;"),
    ("a request does not look for a stop", UHIDEV,
     "	if (scd->scd_stopped)\n		err = USBD_CANCELLED;\n"
     "	else if (cv_sig_error() != 0)",
     "	if (cv_sig_error() != 0)"),
    ("the end of a request wakes nobody", UHIDEV,
     "	ur->ur_over = true;\n	cv_broadcast(&sc->sc_cv);",
     "	ur->ur_over = true;"),
)


def commands(build):
    """{source below src: (argv, object)} of the libraries with points."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as file:
        database = json.load(file)
    found = {}
    for entry in database:
        if not re.search(r"tests/sched/libsched_((tty_)?k|xcall)\.a\.p/",
                         entry["output"]):
            continue
        source = os.path.realpath(os.path.join(entry["directory"],
                                               entry["file"]))
        argv = shlex.split(entry["command"])
        found[os.path.relpath(source, os.path.join(TOP, "src"))] = (
            argv, entry["output"])
    return found


def program_of(mutant):
    """Which program has to kill it."""
    if len(mutant) > 4:
        return mutant[4]
    return PROGRAMS.get(mutant[1].split("/")[-2], "t_sched")


def mutated(mutant):
    """The text of its file."""
    _, path, old, new = mutant[:4]
    with open(os.path.join(TOP, "src", path), encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        raise ValueError("the text is there %d times" % text.count(old))
    return text.replace(old, new)


def make(build, database, mutant, directory, options=()):
    """Compile and link, with these options; returns the program."""
    path = mutant[1]
    text = mutated(mutant)
    source = os.path.join(directory, os.path.basename(path))
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    argv, _ = database[path]
    mine = os.path.join(directory, "mutant.o")
    argv = [word for word in argv if not word.startswith("-M")]
    for flag in ("-o", "-c"):
        at = argv.index(flag)
        argv[at + 1] = mine if flag == "-o" else source
    # What a fault leaves unused is no fault of its own.
    argv = [word for word in argv if not word.endswith(".d")] + ["-Wno-error"]
    argv = [word for number, word in enumerate(argv)
            if not (number and argv[number - 1] == "-MQ")]
    subprocess.run(argv, cwd=build, check=True, stdout=subprocess.PIPE,
                   stderr=subprocess.STDOUT)
    # The mutant first: the object in the archive is not wanted then.
    name = program_of(mutant)
    program = os.path.join(directory, name)
    objects = os.path.join("tests/sched", name + ".p")
    own = [os.path.join(objects, entry) for entry in
           sorted(os.listdir(os.path.join(build, objects)))
           if entry.endswith(".o")]
    libraries = ["tests/sched/libsched_%s.a" % library for library in
                 ("k", "sync")]
    if name == "t_sched":
        libraries[0:0] = ["tests/sched/libsched_xcall.a"]
    if name != "t_sched":
        libraries[0:0] = ["tests/sched/libsched_tty_k.a"]
        libraries += ["tests/sched/libsched_usb.a",
                      "tests/sched/libsched_pthread.a",
                      "src/kernel/hid/libhid_parse.a"]
    subprocess.run(
        ["cc", *options, "-o", program, *own, mine,
         "-Wl,--whole-archive", "tests/sched/libsched_engine.a",
         "-Wl,--no-whole-archive", "-Wl,--start-group", *libraries,
         "-Wl,--end-group", "-pthread"], cwd=build, check=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return program


def limit_cpu(seconds):
    """In the child: its own time, whoever else uses the machine."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))


def kill(program, *options):
    """(litmus, schedules) that killed it, or None."""
    for schedules, strategy in ((schedules, strategy) for schedules in ROUNDS
                                for strategy in STRATEGIES):
        limit = functools.partial(limit_cpu, LIMIT if schedules == ROUNDS[0]
                                  else LONG)
        done = subprocess.run([program, "-1", "-n", str(schedules),
                               *strategy, *options],
                              stdout=subprocess.PIPE, check=False,
                              text=True, errors="replace",
                              preexec_fn=limit)
        if done.returncode == -signal.SIGXCPU:
            # The first round is short: something in it loops.
            if schedules == ROUNDS[0]:
                return "no end", 0
            return None
        if done.returncode != 0:
            name = re.search(r"^not ok \d+ - (\w+)", done.stdout, re.M)
            count = re.search(r"after (\d+) schedules", done.stdout)
            return (name[1] if name else "signal",
                    int(count[1]) if count else 0)
    return None


def kill_pruned(program, killed):
    """The same with --prune, by that litmus only."""
    name, schedules = killed
    if not schedules:
        return killed           # a fault of the process, or no end
    return kill(program, "--prune", name)


def check_texts():
    """Each mutant is one change of the code as it is; the exit status."""
    wrong = []
    for mutant in MUTANTS:
        try:
            mutated(mutant)
        except ValueError as error:
            wrong.append("%s: %s: %s" % (mutant[1], mutant[0], error))
    print("%sok 1 - %d mutants fit the code" % ("not " if wrong else "",
                                               len(MUTANTS)))
    for line in wrong:
        print("# " + line)
    print("1..1")
    return 1 if wrong else 0


def main():
    """The program."""
    if sys.argv[1:] == ["--texts"]:
        return check_texts()
    build = os.path.realpath(sys.argv[1])
    words = sys.argv[3:]
    directory = os.path.join(build, "tests", "sched", "mutants",
                             sys.argv[2])
    os.makedirs(directory, exist_ok=True)
    database = commands(build)
    good = True
    chosen = [mutant for mutant in MUTANTS
              if program_of(mutant) == sys.argv[2] and
              (not words or any(word in mutant[0] for word in words))]
    for number, mutant in enumerate(chosen, 1):
        pruned = None
        try:
            program = make(build, database, mutant, directory)
            killed = kill(program)
            why = "it survives"
            if killed:
                pruned = kill_pruned(program, killed)
                why = "it survives %s with --prune" % killed[0]
        except ValueError as error:
            killed, why = None, str(error)
        except subprocess.CalledProcessError as error:
            killed = None
            why = "it does not build: " + error.output.decode()[-500:]
        good = good and pruned is not None
        print("%sok %d - %s: %s" % ("" if pruned else "not ", number,
                                    mutant[1], mutant[0]))
        print("# " + ("killed by %s after %d schedules, with --prune %d" %
                      (*killed, pruned[1]) if pruned else why), flush=True)
    print("1..%d" % len(chosen))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
