# SPDX-License-Identifier: BSD-2-Clause
"""The pictures of docs/performance.md, as SVG.

draw(): who has the CPU for an operation, and each system call of devswd, from
what tools/guest/bench_trace.py has seen.  plot(): what one more adapter costs,
from what tools/guest/bench_scale.py has measured.
"""
import html
import math

CALLS = {0: "read", 1: "write", 7: "poll", 16: "ioctl", 20: "writev",
         44: "sendto", 45: "recvfrom", 46: "sendmsg", 47: "recvmsg",
         202: "futex", 232: "epoll_wait", 233: "epoll_ctl"}
HARDWARE = ("vusb-serve", "vhci_tx", "vhci_rx")
WIDTH, LEFT, TOP, LANE, FOOT = 960, 150, 26, 60, 30
COLOURS = {"client": "#4c78a8", "devswd": "#e45756", "kernel": "#bab0ac",
           "hardware": "#bab0ac"}


def place(name, first):
    """Which lane a thread belongs in."""
    if name == first:
        return "client"
    if name in HARDWARE:
        return "hardware"
    if name == "front":
        return "devswd, front end"
    if name.startswith("usb"):
        return "devswd, USB device"
    return "kernel"


def draw(seen, title):
    """The SVG."""
    first = seen["lanes"][0][1]
    lanes, where, numbers = [], [], {}
    for thread, name in seen["lanes"]:
        lane = place(name, first)
        if name == "front":
            numbers.setdefault(thread, len(numbers) + 1)
            lane += " %d" % numbers[thread]
        if lane not in lanes:
            lanes.append(lane)
        where.append(lanes.index(lane))
    scale = (WIDTH - LEFT - 10) / seen["us"]
    height = TOP + LANE * len(lanes) + FOOT
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
           'font-family="sans-serif" font-size="12">' % (WIDTH, height),
           '<rect width="100%" height="100%" fill="white"/>',
           '<text x="10" y="20" font-size="14">%s</text>' % html.escape(title)]
    for number, lane in enumerate(lanes):
        y = TOP + LANE * number
        out.append('<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#ddd"/>' %
                   (LEFT, y + LANE - 8, WIDTH - 10, y + LANE - 8))
        out.append('<text x="10" y="%d">%s</text>' % (y + LANE - 14, lane))
    for lane, begin, end in seen["spans"]:
        y = TOP + LANE * where[lane]
        colour = COLOURS[lanes[where[lane]].split(",")[0]]
        out.append('<rect x="%.1f" y="%d" width="%.1f" height="14" '
                   'fill="%s"/>' % (LEFT + begin * scale, y + LANE - 26,
                                    max((end - begin) * scale, 0.5), colour))
    last = {}
    for lane, at, number in seen["calls"]:
        row = where[lane]
        if not lanes[row].startswith("devswd"):
            continue
        # A name needs some room; those of a burst move to the right.
        x = max(LEFT + at * scale, last.get(row, 0) + 9)
        last[row] = x
        y = TOP + LANE * row + LANE - 29
        out.append('<text font-size="9" transform="translate(%.1f %d) '
                   'rotate(-60)">%s</text>' %
                   (x + 3, y, CALLS.get(number, str(number))))
    y = height - FOOT + 12
    step = next(step for step in (10, 20, 50, 100, 200, 500, 1000, 10 ** 6)
                if seen["us"] / step <= 12)
    for us in range(0, seen["us"] + 1, step):
        out.append('<text x="%.1f" y="%d" text-anchor="middle" '
                   'fill="#555">%d</text>' % (LEFT + us * scale, y, us))
    out.append('<text x="10" y="%d" fill="#555">virtual us</text>' % y)
    return "\n".join(out) + "\n</svg>\n"


# ---- what one more adapter costs ----------------------------------------

PANELS = (("CPU, ms for a MB, 115200", "cpu"),
          ("CPU, ms for a MB, 3 Mbaud", "fast"),
          ("all nodes are there, ms", "attach"),
          ("memory, KiB for each", "each"), ("threads of devswd", "threads"))
SIDES = (("ours", "devswd", "#e45756"), ("theirs", "ftdi_sio", "#4c78a8"))
BOX, HIGH, GAP = 200, 150, 40


def plot(runs):
    """The SVG: a panel for each of PANELS, over the number of adapters."""
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" '
           'font-family="sans-serif" font-size="12">' %
           (len(PANELS) * (BOX + GAP) + GAP, HIGH + 90),
           '<rect width="100%" height="100%" fill="white"/>']
    wide = math.log2(runs[-1]["n"])
    for number, (title, key) in enumerate(PANELS):
        left = GAP + number * (BOX + GAP)
        top = 1.1 * max(run[side][key] for run in runs for side, _, _ in SIDES
                        if key in run[side])
        out.append('<rect x="%d" y="40" width="%d" height="%d" fill="#f3f5f8" '
                   'stroke="#c9d1da"/>' % (left, BOX, HIGH))
        out.append('<text x="%d" y="32">%s</text>' % (left, title))
        for mark in (0, top / 2, top):
            out.append('<text x="%d" y="%.0f" font-size="10" fill="#555" '
                       'text-anchor="end">%s</text>' %
                       (left - 3, 40 + HIGH * (1 - mark / top) + 4,
                        "%.0f" % mark if mark >= 100 else "%.3g" % mark))
        for run in runs:
            out.append('<text x="%.1f" y="%d" font-size="10" fill="#555" '
                       'text-anchor="middle">%d</text>' %
                       (left + BOX * math.log2(run["n"]) / wide, 54 + HIGH,
                        run["n"]))
        for side, _, colour in SIDES:
            points = " ".join("%.1f,%.1f" % (
                left + BOX * math.log2(run["n"]) / wide,
                40 + HIGH * (1 - run[side][key] / top))
                              for run in runs if key in run[side])
            if points:
                out.append('<polyline points="%s" fill="none" stroke="%s" '
                           'stroke-width="2"/>' % (points, colour))
    for number, (_, name, colour) in enumerate(SIDES):
        out.append('<text x="%d" y="%d" fill="%s">%s</text>' %
                   (GAP + 90 * number, HIGH + 80, colour, name))
    out.append('<text x="%d" y="%d" fill="#555">over the number of adapters'
               '</text>' % (GAP + 200, HIGH + 80))
    return "\n".join(out) + "\n</svg>\n"
