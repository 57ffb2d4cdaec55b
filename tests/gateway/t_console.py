#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""t_console: the gateway's page, in Chromium.

    t_console.py DEVSW_GATEWAY CHROMIUM [none]

The rules are those of devsw-gateway(8), "The console".  One browser for all
cases, without a window; ptys are the devices.  Nothing may be said on its
console, and nothing asked of anybody but the gateway.

With a sanitizer in the place of "none" nothing is done.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
import h_chromium  # noqa: E402
import h_gateway  # noqa: E402
from h_gateway import Stream, case, equal, until  # noqa: E402

PROGRAM = sys.argv[1]
BROWSER = None
SERVERS = []
# Of "b".
HASH = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$tbRLTpfGMX05DZ7zHNfo5ePMK9uT31dnJ9n4HNYXfJ."
XTERM = "/usr/share/nodejs/xterm/lib"
# xterm.js reads its canvas often, which Chromium remarks on.
KNOWN = "Canvas2D: Multiple readback operations"


def gateway(*ports, web="", **kwargs):
    """With the program under test, and pages."""
    return h_gateway.gateway(PROGRAM, *ports, web=web, **kwargs)


def page(gate, fragment="", cards=None):
    """Open it."""
    SERVERS.append(f"[::1]:{gate.web}")
    BROWSER.open(f"http://[::1]:{gate.web}/{fragment}")
    BROWSER.until(f"document.querySelectorAll('.card').length === "
                  f"{cards or len(gate.devices)}")


def text(selector):
    """What stands there."""
    return BROWSER.js(f"document.querySelector({selector!r}).innerText")


def has(name, words):
    """A terminal shows these words."""
    return BROWSER.until(f"panes.has({name!r}) && "
                         f"panes.get({name!r}).term.text().includes({words!r})")


def press(selector):
    """As a finger."""
    BROWSER.js(f"document.querySelector({selector!r}).click()")


def choose(selector, value):
    """Another value."""
    BROWSER.js(f"(e => {{ e.value = {value!r}; e.dispatchEvent("
               f"new Event('change')); }})(document.querySelector("
               f"{selector!r}))")


def opened(name):
    """And it has a connection."""
    BROWSER.until(f"panes.has({name!r}) && panes.get({name!r}).state")


@case("the list shows the ports, and a plug that is pulled and put back")
def _():
    with gateway("speed = 19200\n", "speed = 9600", count=2) as gate:
        page(gate)
        equal((text(".card[data-port=p0] .line"),
               text(".card[data-port=p0] .node"),
               text(".card[data-port=p1] .where"), text("#status")),
              ("19200 8N1", gate.device.link, "there", "2 ports, 2 there"))
        gate.unplug(1)
        BROWSER.until("document.querySelector('.card[data-port=p1] .where')"
                      ".innerText === 'away'")
        equal(text("#status"), "2 ports, 1 there")
        gate.replug(1)
        BROWSER.until("document.querySelector('#status').innerText === "
                      "'2 ports, 2 there'")
        gate.device.write(b"x" * 1500)
        BROWSER.until("document.querySelector('.card[data-port=p0] .bytes')"
                      ".innerText.startsWith('in 1.5 kB')")


@case("a terminal: history, what the device says, and what is typed")
def _():
    with gateway("history = 4") as gate:
        gate.device.write(b"earlier\r\n")
        page(gate)
        press(".card[data-port=p0]")
        opened("p0")
        equal(BROWSER.js("location.hash"), "#p0")
        equal(BROWSER.js("panes.get('p0').term.constructor.name"), "Xterm")
        has("p0", "earlier")
        gate.device.write("later \x1b[1mbold\x1b[0m grün\r\n".encode())
        has("p0", "later bold grün")
        BROWSER.js("panes.get('p0').term.focus()")
        BROWSER.type("ls /ü")
        equal(gate.device.read(7), "ls /ü".encode()[:7])
        BROWSER.js("document.querySelectorAll('.keys button')[2].click()")
        equal(gate.device.read(1), b"\x03")
        equal(BROWSER.js(
            "new Blob(panes.get('p0').saved).text()"),
            "earlier\r\nlater \x1b[1mbold\x1b[0m grün\r\n")


@case("the plug is pulled and put back while a terminal is open")
def _():
    with gateway("speed = 19200\nreset = dtr-pulse") as gate:
        page(gate, "#p0")
        opened("p0")
        BROWSER.until("document.querySelector('.pane.there')")
        BROWSER.until("!document.querySelector('.pane .reset').hidden")
        BROWSER.js("document.querySelector('.pane .reset').click()")
        has("p0", "the device is being reset")
        gate.unplug()
        has("p0", "the device is gone")
        BROWSER.until("document.querySelector('.pane .where').innerText === "
                      "'away'")
        equal(BROWSER.js("document.querySelector('.pane .break').disabled"),
              True)
        BROWSER.type("lost")
        until(lambda: gate.said("p0") and BROWSER.js(
            "fetch('api/ports').then(a => a.json()).then("
            "a => a.ports[0].refused_bytes_total)") == 4, "refusal")
        choose(".pane .speed", "57600")
        gate.replug()
        has("p0", "the device is back")
        BROWSER.until("document.querySelector('.pane.there .where')"
                      ".innerText === ''")
        equal(gate.device.speed(), 57600)
        BROWSER.type("kept")
        gate.device.only(b"kept")
        gate.device.write(b"and on")
        has("p0", "and on")


@case("speed, format and flow are set, and what the line is then is shown")
def _():
    with gateway("speed = 19200") as gate:
        page(gate, "#p0")
        opened("p0")
        BROWSER.until("document.querySelector('.speed').value === '19200'")
        choose(".pane .speed", "115200")
        until(lambda: gate.device.speed() == 115200, "speed")
        choose(".pane .format", "8N2")
        choose(".pane .flow", "xonxoff")
        BROWSER.until("document.querySelector('.card .line').innerText === "
                      "'115200 8N2 xonxoff'")
        choose(".pane .format", "7E1")      # of which a pty has nothing
        BROWSER.until("document.querySelector('.format').value !== '7E1'")
        for nonsense in ("0", "-5", "x", "1e99", "9600.5"):
            choose(".pane .speed", nonsense)
        BROWSER.js("document.querySelector('.speed').blur()")
        BROWSER.until("document.querySelector('.speed').value === '115200'")
        equal(gate.device.speed(), 115200)
        press(".pane .dtr")
        BROWSER.until("document.querySelector('.dtr').ariaPressed === 'true'")
        press(".pane .dtr")
        BROWSER.until("document.querySelector('.dtr').ariaPressed === 'false'")


@case("several terminals; one that another client writes to is taken over")
def _():
    with gateway(count=3) as gate:
        other = Stream(gate.raw[1])
        other.send(b"x")
        equal(gate.devices[1].read(1), b"x")
        page(gate, "#p0+p1+nothing")
        opened("p0")
        opened("p1")
        equal(BROWSER.js("[...panes.keys()].join()"), "p0,p1")
        for index in (0, 1):
            gate.devices[index].write(b"I am %d" % index)
            has(f"p{index}", f"I am {index}")
        equal(" writes" in text(".pane[data-port=p1] .where"), True)
        equal(BROWSER.js("document.querySelector('.pane[data-port=p1] .speed')"
                         ".disabled"), True)
        BROWSER.js("panes.get('p1').send('no')")
        press(".pane[data-port=p1] .take")
        BROWSER.until("panes.get('p1').state.yours")
        BROWSER.js("panes.get('p1').send('yes')")
        gate.devices[1].only(b"yes")
        press(".pane[data-port=p0] .close")
        BROWSER.until("location.hash === '#p1+nothing' && panes.size === 1")
        equal(BROWSER.js("document.querySelectorAll('.pane').length"), 1)
        BROWSER.until("document.querySelector('.card[data-port=p0] .clients')"
                      ".innerText === '0 clients'")
        other.close()


@case("texts of a device stay texts, and a flood of them is shown to its end")
def _():
    with gateway("slow = drop\nbuffer = 4096") as gate:
        page(gate, "#p0")
        opened("p0")
        hostile = "</script><img src=x onerror=\"document.title='taken'\">"
        gate.device.write(hostile.encode() + b"\r\n\x1b]0;taken\x07")
        has("p0", "onerror")
        for at in range(100):
            gate.device.write(b"line %d " % at * 100 + b"\r\n")
        gate.device.write(b"the end")
        has("p0", "the end")
        equal(BROWSER.js("document.title"), "p0")
        equal(BROWSER.js("document.querySelectorAll('img, script:not([src])')"
                         ".length"), 0)


@case("what a terminal draws makes no room for more of it")
def _():
    term = "panes.get('p0').term"
    sizes = (f"[{term}.term.cols, {term}.term.rows, "
             f"{term}.element.clientWidth, {term}.element.clientHeight].join()")
    with gateway() as gate:
        page(gate, "#p0")
        opened("p0")
        BROWSER.until(f"{term}.term.rows > 24")
        before = BROWSER.js(sizes)
        BROWSER.js(f"void {term}.element.querySelector('.xterm')"
                   ".appendChild(document.createElement('p'))"
                   ".style.setProperty('height', '5000px')")
        BROWSER.js("new Promise(done => requestAnimationFrame(() => "
                   "requestAnimationFrame(done)))")
        equal(BROWSER.js(sizes), before)


@case("the gateway ends and comes back: the page says so, and goes on")
def _():
    with gateway() as gate:
        page(gate, "#p0")
        opened("p0")
        gate.process.terminate()
        gate.process.wait(20)
        has("p0", "the connection is lost")
        BROWSER.until("document.querySelector('#status.bad')")
        gate.process = h_gateway.subprocess.Popen(
            [PROGRAM, "--config", gate.conf], stdout=gate.logfile,
            stderr=gate.logfile)
        BROWSER.until("document.querySelector('.pane.there') && "
                      "!document.querySelector('#status.bad')")
        gate.device.write(b"again")
        has("p0", "again")
    # That nobody answered was said, and has to be; it may have been asked just
    # then.
    BROWSER.said = [one for one in BROWSER.said
                    if "ERR_CONNECTION_REFUSED" not in one and
                    "ERR_CONNECTION_RESET" not in one and
                    "ERR_EMPTY_RESPONSE" not in one and
                    "WebSocket connection to" not in one]


@case("on a phone: nothing is wider than it, and all buttons can be hit")
def _():
    with gateway(f"[port {'n' * 31}]\nnode = /dev/{'x' * 100}\n"
                 "listen = raw unix:/nowhere/x\n") as gate:
        BROWSER.size(360, 740, True)
        page(gate, "#p0", 2)
        opened("p0")
        equal(BROWSER.js("document.documentElement.scrollWidth"), 360)
        small = BROWSER.js(
            "[...document.querySelectorAll('button, input, select, .card')]"
            ".filter(e => e.offsetParent && (e.offsetHeight < 40 || "
            "e.offsetWidth < 40 || e.scrollWidth > e.offsetWidth + 1))"
            ".map(e => e.className + e.offsetWidth)")
        equal(small, [])
        equal(BROWSER.js("document.querySelector('.keys').offsetHeight > 40"),
              True)
        BROWSER.size(1200, 800)


@case("with users, the page asks for a password, and can be left again")
def _():
    with gateway("", web="user = ann " + HASH + "\nuser = bob " + HASH +
                 "\nallow = bob read p0") as gate:
        SERVERS.append(f"[::1]:{gate.web}")
        BROWSER.open(f"http://[::1]:{gate.web}/")

        def log_in(name, password):
            BROWSER.until("document.querySelector('[name=password]')")
            BROWSER.js(f"(f => {{ f.user.value = {name!r}; f.password.value = "
                       f"{password!r}; f.submit(); }})(document.forms[0])")

        log_in("bob", "wrong")
        BROWSER.until("location.hash === '#wrong' && document.querySelector("
                      "'#wrong')?.offsetHeight > 0")
        h_gateway.time.sleep(3)         # an address waits two
        log_in("bob", "b")
        BROWSER.until("document.querySelectorAll('.card').length === 1")
        equal(BROWSER.js("document.cookie"), "")
        press(".card")
        opened("p0")
        BROWSER.until("document.querySelector('.pane.there')")
        equal((text(".pane .where"), BROWSER.js(
            "document.querySelector('.take').hidden")), ("you watch", True))
        press("#logout button")
        BROWSER.until("location.pathname === '/login'")
        BROWSER.open(f"http://[::1]:{gate.web}/")
        # With its style, or the gateway ends in the middle of that.
        BROWSER.until("location.pathname === '/login' && "
                      "document.readyState === 'complete'")
    BROWSER.said = [one for one in BROWSER.said if "401" not in one]


@case("without xterm.js it is plain text, which says so")
def _():
    with gateway("", web="xterm = /nowhere") as gate:
        page(gate, "#p0")
        opened("p0")
        has("p0", "xterm.js is not installed")
        gate.device.write(b"<b>\x1b[1mplain\x1b[0m\r\n")
        has("p0", "<b>plain\n")
        BROWSER.js("(e => { e.value = 'ls'; e.dispatchEvent(new KeyboardEvent("
                   "'keydown', {key: 'Enter'})); })("
                   "document.querySelector('.screen input'))")
        equal(gate.device.read(3), b"ls\r")


@case("nothing was said on the console, and nobody else was asked")
def _():
    equal([one for one in BROWSER.said if KNOWN not in one], [])
    strangers = [url for url in BROWSER.requests if not any(
        url.startswith((f"http://{server}/", f"ws://{server}/"))
        for server in SERVERS) and not url.startswith(("data:", "about:",
                                                       "blob:"))]
    equal(strangers, [])
    # And both would have been noticed.
    BROWSER.open("data:text/html,<img src='http://devsw.invalid/x'>"
                 "<script>console.log('a word')</script>")
    BROWSER.until("document.readyState === 'complete'")
    equal(("http://devsw.invalid/x" in BROWSER.requests,
           "a word" in "".join(BROWSER.said)), (True, True))


def main():
    """One browser."""
    global BROWSER      # pylint: disable=global-statement
    if not os.path.isdir(XTERM):
        print("1..0 # SKIP there is no node-xterm")
        return 77
    del sys.argv[2:]
    if os.environ.get("ONLY"):
        sys.argv.append(os.environ["ONLY"])
    BROWSER = h_chromium.Browser(CHROMIUM)
    try:
        BROWSER.size(1200, 800)
        return h_gateway.main()
    finally:
        BROWSER.close()


if __name__ == "__main__":
    CHROMIUM = sys.argv[2]
    sys.exit(main())
