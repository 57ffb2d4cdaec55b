#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_mutants: the litmuses of tests/sched kill faults in the synchronisation.

    t_mutants.py BUILD none [NAME...]

Each mutant is one change to one file: a check that is skipped, a drain or a
wake-up that is left out, an order that is turned around.  The file is
compiled with it, linked into t_sched, and run; a mutant that survives all
litmuses is a fault that these tests would not see.  The litmus that has killed
it must do so with --prune as well.  Prints for each the numbers of schedules
that this took.

With a sanitizer in the place of "none" nothing is done.

A text that is not found once in its file fails: the list has to go with the
code.
"""

import json
import os
import re
import shlex
import subprocess
import sys

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROUNDS = (2000, 50000, 400000)  # schedules of each litmus
LIMIT = 120                             # seconds, for a mutant that loops

VNOPS = "specfs/spec_vnops.c"
CLOSE = "specfs/spec_close.c"
CLONE = "specfs/spec_clone.c"
DEVSW = "devsw/subr_devsw.c"
DEVICE = "autoconf/subr_device.c"
CONFIG = "autoconf/subr_autoconf.c"
COUNT = "kern/subr_localcount.c"
CLOCK = "kern/kern_softclock.c"
SELECT = "kern/sys_select.c"

# name, file, old text, new text
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
    ("an open is counted before it has its device", VNOPS,
     "	if ((error = spec_open_driver(vp, &dr)) != 0)\n"
     "		return error;\n	mutex_enter(&device_lock);\n"
     "	error = spec_open_enter(vp, &dr);\n	mutex_exit(&device_lock);\n"
     "	if (error) {\n		devsw_release(&dr);\n"
     "		return error;\n	}\n",
     "	dr.dr_dev = vp->v_rdev;\n	dr.dr_block = false;\n"
     "	mutex_enter(&device_lock);\n"
     "	error = spec_open_enter(vp, &dr);\n	mutex_exit(&device_lock);\n"
     "	if (error)\n		return error;\n"
     "	if ((error = spec_open_driver(vp, &dr)) != 0) {\n"
     "		spec_io_exit(sd);\n		mutex_enter(&device_lock);\n"
     "		if (!sn->sn_taken) {\n			sn->sn_opencnt--;\n"
     "			sd->sd_opencnt--;\n		}\n"
     "		mutex_exit(&device_lock);\n		return error;\n	}\n"),
    ("open has no I/O reference", VNOPS,
     "	sd->sd_opencnt++;\n	atomic_inc_uint(&sd->sd_iocnt);",
     "	sd->sd_opencnt++;"),
    ("a failing reopen does not close", VNOPS,
     "if (--sd->sd_opencnt == 0 && !sd->sd_closing &&\n"
     "		    (atomic_load_relaxed(&sd->sd_opened) || sd->sd_left))",
     "if (--sd->sd_opencnt == 0 && false)"),
    ("what a revoke of another name has left is not closed", VNOPS,
     "(atomic_load_relaxed(&sd->sd_opened) || sd->sd_left))",
     "atomic_load_relaxed(&sd->sd_opened))"),
    ("an open is not remembered", VNOPS,
     "	if (error == 0)\n		atomic_store_relaxed(&sd->sd_opened, true);",
     "	if (error == 0)\n		;"),
    ("a revoke does not take the opens over", VNOPS,
     "	sn->sn_taken = true;\n", ""),
    ("a revoke does not wait for the close", VNOPS,
     "	while (sd->sd_closing && !sd->sd_overdue)\n"
     "		cv_wait(&specfs_iocv, &device_lock);\n	spec_node_unhash",
     "	spec_node_unhash"),
    ("a second revoke does not wait for the first", VNOPS,
     "		while (vp->v_op != &dead_vnodeops)\n"
     "			cv_wait(&specfs_iocv, &device_lock);\n"
     "		mutex_exit(&device_lock);\n		return 0;\n	}\n"
     "	sn->sn_taken",
     "		mutex_exit(&device_lock);\n		return 0;\n	}\n"
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
     "	cv_broadcast(&specfs_iocv);\n	LIST_FOREACH(fp, &vp->v_files",
     "	LIST_FOREACH(fp, &vp->v_files"),
    ("a leaving driver's files are not revoked", VNOPS,
     "if ((vp = spec_find_open(type, maj)) != NULL) {",
     "if ((vp = NULL) != NULL) {"),
    ("a leaving driver's closes are not waited for", VNOPS,
     "		} else if (spec_close_pending((enum vtype)type, maj))\n"
     "			cv_wait(&specfs_iocv, &device_lock);\n",
     "		}\n"),
    ("no drain before d_close", CLOSE,
     "		if (sd->sd_ss->ss_drain)\n			spec_io_drain(sd);",
     "		;"),
    ("no d_cancel", CLOSE,
     "	if (spec_is_cancelled(sd))\n		error = 0;",
     "	if (true)\n		error = 0;"),
    ("the end of a close is not announced", CLOSE,
     "	cv_broadcast(&specfs_iocv);\n}\n\n/*\n * spec_io_drain", "}\n\n"
     "/*\n * spec_io_drain"),
    ("a close does not say that it is one", CLOSE,
     "	sd->sd_closing = true;\n", ""),
    ("the drain does not ask to be woken", CLOSE,
     "	atomic_inc_uint(&sd->sd_draining);\n	while",
     "	while"),
    ("the drain looks once", CLOSE,
     "	while (atomic_load_seq_cst(&sd->sd_iocnt) != 0)\n"
     "		cv_wait(&specfs_iocv, &device_lock);",
     "	if (atomic_load_seq_cst(&sd->sd_iocnt) != 0)\n"
     "		cv_wait(&specfs_iocv, &device_lock);"),
    ("the closer keeps no vnode", CLOSE,
     "	sc->sc_flags = flags;\n	vp->v_usecount++;",
     "	sc->sc_flags = flags;"),
    ("the closer does not let its vnode go", CLOSE,
     "	vrele(sc->sc_vp);\n", ""),
    ("a clone is not drained", CLOSE,
     "	spec_io_drain(sd);\n	(void)fp->f_ops->fo_close(fp);",
     "	(void)fp->f_ops->fo_close(fp);"),
    ("a clone is not told to restart", CLOSE,
     "		fp->f_ops->fo_restart(fp);\n", "		;\n"),
    ("a clone that is too late is not closed", CLONE,
     "	(void)fp->f_ops->fo_close(fp);\n", ""),
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
    ("devsw_detach_idle asks nobody", DEVSW,
     "	return sw != NULL && devsw_hooks != NULL &&",
     "	return false && sw != NULL &&"),
    ("acquire does not wait for an attach", DEVICE,
     "		if ((dev->dv_attaching == NULL ||\n"
     "		    dev->dv_attaching == curlwp) &&",
     "		if (true &&"),
    ("a detach that backs out wakes nobody", CONFIG,
     "	dev->dv_detaching = NULL;\n	cv_broadcast(&config_cv);",
     "	dev->dv_detaching = NULL;"),
    ("an attach that ends wakes nobody", CONFIG,
     "	dev->dv_attaching = NULL;\n	cv_broadcast(&config_cv);",
     "	dev->dv_attaching = NULL;"),
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
    ("a notification wakes nobody", SELECT,
     "		sr->sr_poller->sp_wake(sr->sr_poller->sp_arg);\n", ""),
    # LOCKDEBUG sees these at once, on any schedule that comes by.
    ("a close waits for its watch with device_lock", CLOSE,
     "	if (!callout_pending(&spec_watch))\n",
     "	(void)callout_halt(&spec_watch, NULL);\n"),
    ("devsw_lock before device_lock, where no open is", DEVSW,
     "	slots[maj].ds_state = state;\n	cv_broadcast(&devsw_cv);",
     "	slots[maj].ds_state = state;\n"
     "	extern kmutex_t device_lock;\n	mutex_enter(&device_lock);\n"
     "	mutex_exit(&device_lock);\n	cv_broadcast(&devsw_cv);"),
    ("the end of a poller leaves its records", SELECT,
     "			selrec_remove(&sp->sp_rec[i]);", "			continue;"),
)


def commands(build):
    """{source below src: (argv, object)} of the objects of sched_k."""
    with open(os.path.join(build, "compile_commands.json"),
              encoding="utf-8") as file:
        database = json.load(file)
    found = {}
    for entry in database:
        if "tests/sched/libsched_k.a.p/" not in entry["output"]:
            continue
        source = os.path.realpath(os.path.join(entry["directory"],
                                               entry["file"]))
        argv = shlex.split(entry["command"])
        found[os.path.relpath(source, os.path.join(TOP, "src"))] = (
            argv, entry["output"])
    return found


def make(build, database, mutant, directory, options=()):
    """Compile and link, with these options; returns the program."""
    name, path, old, new = mutant
    with open(os.path.join(TOP, "src", path), encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        raise ValueError("the text is there %d times" % text.count(old))
    source = os.path.join(directory, os.path.basename(path))
    with open(source, "w", encoding="utf-8") as file:
        file.write(text.replace(old, new))
    argv, output = database[path]
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
    objects = [other for _, other in database.values() if other != output]
    program = os.path.join(directory, "t_sched")
    sched = "tests/sched/t_sched.p/"
    own = [sched + entry for entry in
           sorted(os.listdir(os.path.join(build, sched)))
           if entry.endswith(".o")]
    subprocess.run(
        ["cc", *options, "-o", program, *own, *objects, mine,
         "-Wl,--whole-archive", "tests/sched/libsched_engine.a",
         "-Wl,--no-whole-archive",
         "tests/sched/libsched_sync.a", "-pthread"], cwd=build, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    return program


def kill(program, *options):
    """(litmus, schedules) that killed it, or None."""
    for schedules in ROUNDS:
        try:
            done = subprocess.run([program, "-1", "-n", str(schedules),
                                   *options],
                                  stdout=subprocess.PIPE, check=False,
                                  text=True, errors="replace",
                                  timeout=LIMIT)
        except subprocess.TimeoutExpired:
            return "no end", 0
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


def main():
    """The program."""
    build = os.path.realpath(sys.argv[1])
    words = sys.argv[3:]
    if sys.argv[2] != "none":
        print("1..0 # SKIP once is enough, without a sanitizer")
        return 77
    directory = os.path.join(build, "tests", "sched", "mutants")
    os.makedirs(directory, exist_ok=True)
    database = commands(build)
    good = True
    chosen = [mutant for mutant in MUTANTS
              if not words or any(word in mutant[0] for word in words)]
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
