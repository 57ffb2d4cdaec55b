# SPDX-License-Identifier: BSD-2-Clause
"""docs/performance.md, made of what tools/bench --record has kept."""
import statistics
import textwrap

import bench_record
import bench_rows as rows

HEAD = """# Performance

`tools/bench` measures devsw next to what a user would have instead, both in
rounds that take turns, in one guest.  `tools/bench --record` keeps the figures of
a run, of the last few of each kind, and `tools/bench --page` has made this page
of their medians.  The guest runs Debian's kernel, 6.1, or with `--kernel 6.12` the
one of its backports.

The guest's CPU is emulated, so no figure in microseconds says anything about a
real machine; the ratios are meant.  In *virtual* time there is one CPU, each
instruction takes 2 ns and a sleep takes none of the host's: that counts
instructions, the same on every host, and does not see what CPUs cost each other.
In *real* time there are two CPUs, and a wake-up from one to the other is what is
dearest, ten times and more what it is on a real machine; those figures differ by
a quarter from run to run.

A rate is better when it is higher, all others when they are lower.
"""
SCALE = """
## Growth

![CPU time, time of attach, memory and threads over the number of adapters](performance-scale.svg)

FT232R chips on vhci_hcd, each of which says something all the time, in virtual time
(`tools/bench --scale`; the picture is that of 6.1).  *Attach* is from the start of
devswd, or the load of ftdi_sio, until all nodes can be opened, the least of three,
each begun when no driver has the chips and udevd has nothing to do; *cpu* is how
long the CPU is busy for a MB from all of them, all being open, without what the
chips take of it, at 115200 (115 bytes each 10 ms, for 2 s, or 0.5 s with 64) and at
3 Mbaud (3,000 bytes, for 0.5 s, or 0.1 s); the memory is what devswd has more than
without an adapter, all open, with what of libraries is first used then.  The client
waits with epoll(7).

devswd has the chips' latency timers at 2 ms while bytes come, ftdi_sio at 16, and at
each end of it a chip sends a packet, if only an empty one: of each line that is 500
in a second, and what they cost.  The one CPU here does 500 million instructions a
second, and four such lines at 115200 keep it busy for two fifths of the time, with
what the chips take: 16 and 64 want more than there is.  Then bytes wait while
packets come all the same, and the cpu of 64 says little of what a byte costs.
ftdi_sio has room left there.

An adapter is one thread; one more, which cancels its reads, is there for two
seconds after a close.  Asked was at most 200 KiB for each, which is not kept, and
attach in at most 1.5 times ftdi_sio's, which is not kept with 16 on 6.12.  Of what an
attach costs devswd itself nothing grows faster than the number of adapters (4, 16
and 64 were looked at); about half of the CPU is udevd's, which has two nodes for
each of them.

vhci_hcd, as Debian has it, has room for 120 of them, 15 in each of 8 controllers;
`tools/bench --scale 200` takes the ports of 50 FT4232Hs.  Not measured: more than
are here, and real time.

| kernel | adapters | attach, ms | ftdi_sio's | cpu, 115200 | ftdi_sio's | cpu, 3 Mbaud | ftdi_sio's | threads | KiB for each |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
"""
PICTURE = """
## A byte there and back

![Who has the CPU for a ping-pong](performance-ch341_pingpong.svg)

One such round in virtual time, on one CPU; `tools/bench --draw ch341_pingpong`
has made it.  The client is slow to ask again (it is a Python script), and between
its two calls and the answer the hardware, also a program here, has its turns.
What is devswd's: the front end's thread takes the write and hands it to the
kernel; the device's thread hears that it is done; the front end takes the read,
and sleeps where it would wait for the next request; the device's thread gets the
byte and wakes it, and it answers.  Only if another request comes first it leaves
that place to another thread.

And a read of a device whose driver has nothing to do:

![Who has the CPU for a read of nothing](performance-null_read.svg)

## Tried, and not kept

Requests as fibers: a call that sleeps is a stack that nobody runs, and the thread
that wakes it, the device's, runs it to its answer; no thread for a blocked call,
and no wake-up between the two.  It was whole enough to be measured (2,000 lines,
with its own rule for a thread that is captured by what it has woken), next to what
it was made from:

| | threads | fibers |
|---|---:|---:|
| ch341_pingpong, virtual | 1.32 | 1.28 |
| its CPU | 2.22 | 2.06 |
| ftdi_pingpong's CPU | 2.05 | 1.88 |
| uhid_latency, virtual | 1.27 | 1.02 |
| null_read_1, tty_pingpong, virtual | 1.18, 0.99 | 1.18, 0.99 |
| tty_pingpong, real, median of 5 pairs | 2.09 | 1.94 |
| ch341_pingpong, real, of 4 | 1.60 | 1.40 |
| uhid_latency, real, of 5 | 2.75 | 2.71 |

The aim was a quarter of the real time, since a byte's way would be longer to read
for ever: it is an eighth at best.  What remains are the two switches that no fiber
saves, from the client to devswd and from the kernel's USB to the device's thread,
and the system calls of both.

The device's thread waiting in libusb's poll(2) alone, without an epoll of its own,
saves one call in twenty and no time; small answers by write(2) in place of
writev(2) save nothing.

Reads of 4 KiB, 16 of them, in place of 4 of 16 KiB for FTDI's high-speed chips:
usbfs allocates a read's buffer whenever it is submitted, and a kernel that clears
what it allocates clears it.  A tenth less for the devices' threads, a twentieth of
ftdi_idle_cpu, and 12 transfers more to cancel at each close.

Reads' buffers that usbfs maps (libusb_dev_mem_alloc), so that it neither allocates
nor copies.  On 6.1 tty_bulk_in was 53.7 MB/s in place of 38.9, all else the same;
60 idle ports made 2.79 system calls for a packet, after 2.86, and 22.5 MB resident,
after 23.7.  Writes' as well: tty_bulk_out 29.4 MB/s, after 28.9.  On 6.12
tty_bulk_in was 47.4, after 39.5; ftdi_idle_wakeups 3,038 and 3,372 a second, after
2,761, and the CPU was busy for 282 and 301 ms, after 298: no gain there, and no
loss that two runs would show.  Made and tested, but not taken in so far.  A mapping holds
the open file, so it has to be gone before the descriptor is closed, and a child must
not get it; it counts as usbfs's memory, of which there are 16 MiB for all programs,
also while nothing is read; and where USB controllers do not see the CPU's caches it
is slow to read.

Up to three threads that have come to their end, kept for the next that are
created: an unplug begins two, the kernel puts a new thread behind all that udevd
does then, and a blocked read returned after 11 ms in most rounds.  With that it
was 3 ms or 15, and the mean of 20 unplugs 8.6 ms, after 8.4.  A trace with two kept
shows a device's reaper in the place of the thread that closes, so that had to
be a new one after all.

The threads that an unplug begins, the port's and the one that closes, created
after the lock that they want first is left: medians of 40 unplugs on 6.12 were 4.7
and 4.3 ms, and 4.3 with the port's alone, after 3.8 and 3.5; on 6.1 the read returned
after 1.29 times what it takes from cdc_acm, as before.
"""
GROUPS = (
    ("A device whose driver has nothing to do",
     "devswd's front end, specfs and device switch, next to a device made with "
     "plain libfuse.", rows.NULL),
    ("A CDC-ACM adapter", "Next to the kernel's cdc_acm.  Rates are marked.  After "
     "an unplug udev's daemon wants the CPU too, for some ms.  On 6.12 the read from "
     "cdc_acm has returned before it gets it, after 0.6 ms, on 6.1 after it, after 9; "
     "the threads of devswd that hear of the unplug take turns with it on both: a "
     "third of the time there is that the port's thread, which lets the read return, "
     "is created under the bus's lock and has to wait until its creator has the CPU "
     "again; but to create it later does not help (see the end of this page).  What is "
     "slow of bulk out is devswd's own: of 38 ms for a MiB its threads take "
     "8, for 64 writes of 16 KiB; each is a request and a transfer, with eight "
     "system calls and five copies.",
     list(rows.TTY) + ["unplug_return"]),
    ("A HID", "Next to the kernel's hidraw.", list(rows.HID)),
    ("Chips", "A software chip on vhci_hcd, next to Linux's driver for the same.  "
     "*cpu* is for how long the CPU is busy, but for what the process takes that "
     "is the chip.  Bytes out, and in where reads are long, are cheap because "
     "transfers are.  A CH341 has to be read by single packets of 32 bytes, or "
     "the end of a burst would stay in a longer read: 32 of them are in flight, "
     "those that are back together wake the reader once, and what remains is two "
     "system calls for each.  What is slower on 6.12 is the chip: its scheduler "
     "switches to the chip's process more often, which takes 296 us of the CPU for a "
     "byte there and back, after 218 on 6.1; devswd takes 152, after 166.",
     rows.CHIP),
    ("Adapters on which nothing happens, and one that answers",
     "60 open ports of FTDI chips, which send 3,750 empty packets a second; and "
     "the answer to a byte that is sent after 11 s of silence.  Next to ftdi_sio.  "
     "vhci_hcd takes 30 us of the CPU for a packet in either case; devswd 29 more, "
     "to take the read back and submit it again, and for a quarter of a wake-up.  "
     "For a packet that is 2.8 system calls: one that submits and one that takes "
     "back, and of each wake-up the wait, libusb's poll(2), and the reap that finds "
     "no more; and one malloc(3), libusb's when it submits.  How the timers of the "
     "ports fall together makes a quarter of difference from run to run, on both "
     "sides.  There would be fewer packets with a longer timer, but then what comes "
     "unasked would be later than with ftdi_sio.",
     rows.FTDI_IDLE + rows.FTDI_ANSWER),
    ("devswd with 64 nodes that nobody has open",
     "Threads, memory, and how often it went to sleep in 10 s; with an adapter: "
     "*_1*, where it is the softclock once, at the time for which a callout of the "
     "attach had been set that was stopped; after that it sleeps without an end.",
     rows.IDLE + rows.IDLE_1),
    ("References, opens, returns of blocked calls, and watchers",
     "On the host, and in User-Mode Linux.",
     rows.ON_HOST),
    ("The gateway", "Next to ser2net.", rows.GATEWAYS),
)
COUNTS = """
## What one operation takes

Counted by the guest's kernel, in virtual time: system calls of devswd's threads,
how often they sleep, and calls of malloc(3).  Means of some hundred; they differ
by some hundredths from run to run, and `tools/bench --compare
tests/bench/recorded.json` tells which are worse than they were.  A ping-pong is a
byte written and the byte that answers it; `in` and `out` are a KiB (the CH341
sends packets of 32 bytes, and devswd reads each as it comes).  Where there are two
numbers the second one is of 6.12.

| operation | system calls | sleeps | allocations |
|---|---:|---:|---:|
"""


def number(figure, unit=""):
    """For people."""
    if figure is None:
        return "-"
    text = "%.0f" % figure if abs(figure) >= 100 else "%.2f" % figure
    return (text + " " + unit).strip()


def median(kept):
    """Of the runs of a name: the ratio, or the value and its unit."""
    if kept is None:
        return ""
    figure = statistics.median(map(bench_record.judged, kept["runs"]))
    unit = kept["unit"] if kept["runs"][-1][2] is None else ""
    return number(figure, unit)


def page():
    """The page."""
    recorded = bench_record.load()
    guests = sorted((which for which in recorded if which != "host real"),
                    key=lambda which: (
                        [int(word) for word in which.split()[0].split(".")],
                        which.endswith("real")))
    out = HEAD
    for title, text, names in GROUPS:
        kinds = ["host real"] if names[0] in rows.ON_HOST else guests
        out += "\n## %s\n\n%s\n\n| figure | promised | %s |\n|---|---|%s\n" % (
            title, textwrap.fill(text, 80), " | ".join(kinds), "---:|" * len(kinds))
        for name in names:
            sign, bound = rows.LIMITS[name]
            rate = " (rate)" if sign == ">=" else ""
            out += "| %s%s | %s %g | %s |\n" % (
                name, rate, sign, bound, " | ".join(
                    median(recorded.get(which, {}).get(name)) for which in kinds))
    out += COUNTS
    for one in rows.COUNTED:
        out += "| %s | %s |\n" % (one, " | ".join(" / ".join(filter(None, (
            median(recorded.get(which, {}).get("%s_%s" % (what, one)))
            for which in guests if which.endswith("virtual"))))
                for what in ("calls", "sleeps", "allocs")))
    out += SCALE
    for kernel, runs in bench_record.load_scale():
        for run in runs:
            out += "| %s | %d | %s | %d | %.0f |\n" % (
                kernel, run["n"], " | ".join(
                    "%.0f | %.0f" % (run["ours"][key], run["theirs"][key])
                    for key in ("attach", "cpu", "fast")),
                run["ours"]["threads"], run["ours"]["each"])
    return out + PICTURE
