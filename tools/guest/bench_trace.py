# SPDX-License-Identifier: BSD-2-Clause
"""Who has the CPU while something is done once, and what it asks of the kernel.

For the pictures of docs/performance.md: tracefs notes each switch of the CPU
and each system call of every thread; what comes out is lanes of spans.
"""
import os
import re

from bench_calls import TRACING, write

EVENTS = ("events/sched/sched_switch", "events/raw_syscalls/sys_enter",
          "events/raw_syscalls/sys_exit")
LINE = re.compile(r"\s*(.+)-(\d+)\s+\[\d+\]\s+\S+\s+([\d.]+): (\w+): (.*)")
SWITCH = re.compile(r"prev_comm=(.*) prev_pid=(\d+) .*==> "
                    r"next_comm=(.*) next_pid=(\d+)")


MARK = 110                      # getppid(2)


def traced(job):
    """Do it; the kernel's text of what happened meanwhile."""
    write("trace_clock", "mono")
    write("trace", "")
    for event in EVENTS:
        write(event + "/enable", "1")
    try:
        os.getppid()
        job()
        os.getppid()
    finally:
        for event in EVENTS:
            write(event + "/enable", "0")
    with open(os.path.join(TRACING, "trace"), encoding="utf-8") as file:
        return file.read()


def spans(text):
    """What there is between the marks, in microseconds from the first.

    {"us": how long, "lanes": [[thread, name]], "spans": [[lane, from, to]],
    "calls": [[lane, at, number]]}
    """
    running, bars, calls, names = {}, [], [], {}
    for line in text.splitlines():
        found = LINE.match(line)
        if found is None:
            continue
        comm, thread, at, event, rest = found.groups()
        at = float(at) * 1e6
        names.setdefault(thread, comm)
        if event == "sys_enter":
            running.setdefault(thread, at)
            calls.append([thread, at, int(rest.split()[1])])
        elif event == "sched_switch":
            _, prev, then, after = SWITCH.match(rest).groups()
            if prev in running:
                bars.append([prev, running.pop(prev), at])
            running[after] = at
            names[after] = then
    first, last = [at for _, at, number in calls if number == MARK]
    bars += [[thread, at, last] for thread, at in running.items()]
    keep = [[thread, max(begin, first) - first, min(end, last) - first]
            for thread, begin, end in bars
            if end > first and begin < last and thread != "0"]
    lanes = list(dict.fromkeys(thread for thread, _, _ in
                               sorted(keep, key=lambda bar: bar[1])))
    return {
        "us": round(last - first),
        "lanes": [[int(thread), names[thread]] for thread in lanes],
        "spans": [[lanes.index(thread), round(begin), round(end)]
                  for thread, begin, end in keep],
        "calls": [[lanes.index(thread), round(at - first), number]
                  for thread, at, number in calls
                  if thread in lanes and first < at < last]}
