# SPDX-License-Identifier: BSD-2-Clause
"""h_chromium: a browser without a window, told what to do through a pipe.

The protocol is Chromium's (--remote-debugging-pipe): JSON, each with a zero
behind it.  Its proxy is a port where nobody listens, and only this machine's
own addresses go past it: so what a page asks of any network fails, and is seen
in `requests`.
"""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

LIMIT = 40.0


class Browser:
    """One page of it."""

    def __init__(self, program):
        self.dir = tempfile.mkdtemp(prefix="h_chromium.")
        theirs_in, self.to_it = os.pipe()
        self.from_it, theirs_out = os.pipe()
        self.number, self.rest = 0, b""
        self.said, self.requests = [], []

        def place():
            # First out of the way, if it is 3 or 4 already.
            one, two = os.dup(theirs_in), os.dup(theirs_out)
            high = os.dup2(one, 50), os.dup2(two, 51)
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            [program, "--headless=new", "--remote-debugging-pipe",
             "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-background-networking", "--disable-sync",
             "--disable-component-update", "--disable-default-apps",
             "--disable-dev-shm-usage", "--proxy-server=http://127.0.0.1:9",
             "--user-data-dir=" + os.path.join(self.dir, "profile"),
             "about:blank"], stdin=subprocess.DEVNULL, stdout=self.log,
            stderr=self.log, preexec_fn=place, close_fds=False,
            start_new_session=True)
        os.close(theirs_in)
        os.close(theirs_out)
        self.session = None
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one for one in targets if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", flatten=True,
                                 targetId=page["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def event(self, message):
        """What happens in the page."""
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.consoleAPICalled":
            self.said.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.said.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.said.append(params["entry"]["text"] + " " +
                             params["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(params["url"])

    def message(self, end):
        """The next one."""
        while b"\0" not in self.rest:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.from_it], [], [], left)[0]:
                raise AssertionError("the browser does not answer")
            more = os.read(self.from_it, 1 << 20)
            if not more:
                raise AssertionError("the browser has ended")
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        """A method's result."""
        self.number += 1
        text = {"id": self.number, "method": method, "params": params}
        if self.session:
            text["sessionId"] = self.session
        data = json.dumps(text).encode() + b"\0"
        while data:
            data = data[os.write(self.to_it, data):]
        end = time.monotonic() + LIMIT
        while True:
            message = self.message(end)
            if message.get("id") == self.number:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message["result"]
            self.event(message)

    def open(self, url):
        """Go there, from somewhere else."""
        self.call("Page.navigate", url="about:blank")
        self.call("Page.navigate", url=url)

    def js(self, text):
        """The value of an expression."""
        got = self.call("Runtime.evaluate", expression=text,
                        returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in got:
            raise AssertionError(f"{text}: {got['exceptionDetails']}")
        return got["result"].get("value")

    def until(self, text, what=None):
        """Until it is true."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            try:
                if self.js(f"!!({text})"):
                    return True
            except AssertionError as error:     # between two pages
                if "context" not in str(error):
                    raise
            time.sleep(0.05)
        raise AssertionError(f"never: {what or text}")

    def type(self, text):
        """As a keyboard."""
        for char in text:
            self.call("Input.dispatchKeyEvent", type="char", text=char)

    def size(self, width, height, mobile=False):
        """Of the screen."""
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setTouchEmulationEnabled", enabled=mobile)

    def picture(self, path):
        """Of what is seen."""
        got = self.call("Page.captureScreenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(got["data"]))

    def close(self):
        """It, and its processes."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.to_it)
        os.close(self.from_it)
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)
