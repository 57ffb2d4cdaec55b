#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_races: ThreadSanitizer sees through the controlled scheduler.

    t_races.py BUILD thread [NAME...]

Each of these faults takes a lock away from plain data.  Nothing can run
between the accesses, so no schedule goes wrong; but they are data races.  So
with each of them its program has to

    fail with a report of a data race, and
    pass with --ordered, where the sanitizer is told that the token orders
    the threads: then it sees none, and what it saw was not a wrong result.

And a fault that is no race, a wake-up that is left out, is found as what it
is.

The second is why the scheduler is compiled without instrumentation, see
token.c.  Without -Db_sanitize=thread nothing is done.
"""

import os
import re
import subprocess
import sys

import t_mutants

SCHEDULES = 3000
LIMIT = 200                     # seconds, of one program

# litmus, name, file, old text, new text
RACES = (
    ("open_detach", "a file is put on its vnode's list without the lock",
     "kernel/specfs/spec_node.c",
     "	mutex_enter(device_lock(vp->v_rdev));\n"
     "	LIST_INSERT_HEAD(&vp->v_files, fp, f_vlist);\n"
     "	mutex_exit(device_lock(vp->v_rdev));\n",
     "	LIST_INSERT_HEAD(&vp->v_files, fp, f_vlist);\n"),
    ("leave_open", "a driver's state is read as if nobody changed it",
     "kernel/devsw/subr_devsw.c",
     "	const enum devsw_state state = atomic_load_acquire(&ds->ds_state);",
     "	const enum devsw_state state = ds->ds_state;"),
    ("acquire_detach", "a detach is committed without the lock",
     "kernel/autoconf/subr_autoconf.c",
     "	mutex_enter(&alldevs_lock);\n"
     "	KASSERTMSG(dev->dv_detaching == curlwp, \"%s is detached by %p\",\n"
     "	    dev->dv_xname, (void *)dev->dv_detaching);\n"
     "	dev->dv_detached = true;\n	cv_broadcast(&config_cv);\n"
     "	mutex_exit(&alldevs_lock);\n",
     "	dev->dv_detached = true;\n	cv_broadcast(&config_cv);\n"),
    ("close_unplug_drain", "a hang-up clears the carrier without the lock",
     "kernel/tty/tty_open.c",
     "	ttylock(tp);\n	CLR(tp->t_state, TS_CARR_ON);\n"
     "	CLR(tp->t_cflag, CLOCAL | MDMBUF);\n",
     "	CLR(tp->t_state, TS_CARR_ON);\n	ttylock(tp);\n"
     "	CLR(tp->t_cflag, CLOCAL | MDMBUF);\n"),
    ("task_twice", "a task that is queued is seen without the lock",
     "kernel/usbdi/usb_task.c",
     "	mutex_enter(&dev->ud_lock);\n"
     "	if (task->queue == USB_NUM_TASKQS) {\n",
     "	if (task->queue != USB_NUM_TASKQS)\n		return;\n"
     "	mutex_enter(&dev->ud_lock);\n"
     "	if (task->queue == USB_NUM_TASKQS) {\n"),
    ("read_events", "whether there is input is asked without the lock",
     "drivers/ucom_rx.c",
     "	input = !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);\n"
     "	mutex_exit(&sc->sc_lock);\n",
     "	mutex_exit(&sc->sc_lock);\n"
     "	input = !SIMPLEQ_EMPTY(&sc->sc_ibuff_full);\n"),
)


NO_RACE = ("read_revoke",) + next(
    mutant for mutant in t_mutants.MUTANTS
    if mutant[0] == "io_exit wakes no drain")


def run(*argv):
    """Exit status and output."""
    done = subprocess.run(
        [*argv, "-n", str(SCHEDULES)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        text=True, errors="replace", timeout=LIMIT)
    return done.returncode, done.stdout


def judge_no_race(program, litmus):
    """The same for a fault that is none."""
    status, output = run(program, litmus)
    again = re.search(r"--replay (\S+)", output)
    if status == 0 or "ThreadSanitizer" in output or not again:
        return "not found, or as a race: " + output[-500:], None
    return None, again[1]


def judge(program, litmus):
    """None and the choices, or why this is no proof."""
    status, output = run(program, litmus)
    again = re.search(r"--replay (\S+)", output)
    if status == 0 or "WARNING: ThreadSanitizer: data race" not in output:
        return "no report: " + output[-500:], None
    status, output = run(program, litmus, "--ordered")
    if status != 0:
        return "it fails with --ordered: " + output[-500:], None
    return None, again[1] if again else "?"


def main():
    """The program."""
    build = os.path.realpath(sys.argv[1])
    words = sys.argv[3:]
    if "thread" not in sys.argv[2].split(","):
        print("1..0 # SKIP for ThreadSanitizer only")
        return 77
    directory = os.path.join(build, "tests", "sched", "races")
    os.makedirs(directory, exist_ok=True)
    database = t_mutants.commands(build)
    bad = 0
    chosen = [race for race in RACES
              if not words or any(word in race[1] for word in words)]
    chosen.append(NO_RACE)
    for number, race in enumerate(chosen, 1):
        again = None
        try:
            program = t_mutants.make(build, database, race[1:], directory,
                                     ("-fsanitize=thread",))
            why, again = (judge_no_race if race is NO_RACE else judge)(
                program, race[0])
        except ValueError as error:
            why = str(error)
        except subprocess.CalledProcessError as error:
            why = "it does not build: " + error.output.decode()[-500:]
        except subprocess.TimeoutExpired:
            why = "no end"
        bad += why is not None
        print("%sok %d - %s: %s" % ("not " if why else "", number, race[2],
                                    race[1]))
        print("# " + (why or ("found in %s" if race is NO_RACE else
                              "reported in %s, not with --ordered") % again),
              flush=True)
    print("1..%d" % len(chosen))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
