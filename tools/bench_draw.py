# SPDX-License-Identifier: BSD-2-Clause
"""The picture of an operation: who has the CPU, and each system call of devswd.

From what tools/guest/bench_trace.py has seen, an SVG for docs/performance.md.
"""
import html

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
