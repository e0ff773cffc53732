"""A real browser before the live page: what every scenario shares.

Owns the browser, what it must never do (an error in its console, a request to elsewhere), and the judgement of axe-core.
Never knows what a scenario is about.
"""

import os
import shutil
import sys
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# In milliseconds: on a machine that is busy.
PATIENCE = 30_000


class Watched:
    """A page of the browser, and what was wrong with it."""

    def __init__(self, browser, address, width=1400, height=900, scheme="light", still=False):
        self.address = address
        self.host = urlsplit(address).netloc
        self.faults = []
        self.allowed = ()
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce" if still else "no-preference",
        )
        self.context.route("**/*", self._asked)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))

    def _asked(self, route):
        url = urlsplit(route.request.url)
        if url.netloc == self.host or url.scheme == "data":
            route.continue_()
        else:
            self.faults.append(f"request to elsewhere: {route.request.url}")
            route.abort()

    def _said(self, message):
        text = message.text
        if message.type in ("error", "warning") and not any(word in text for word in self.allowed):
            self.faults.append(f"console: {text} ({message.location.get('url', '')})")

    def open(self):
        self.page.goto(self.address)
        self.page.wait_for_selector("#picture svg g.node")
        return self

    def open_when_there(self):
        """Opens a page that is not served yet, or no longer when it was to be drawn."""
        end = time.monotonic() + 4 * PATIENCE / 1000
        while True:
            try:
                self.page.goto(self.address)
                self.page.wait_for_selector("#picture svg g.node", timeout=3000)
                return self
            except PlaywrightError:
                if time.monotonic() > end:
                    raise
                self.page.wait_for_timeout(50)

    def axe(self, where):
        """No violation of axe-core's rules, in this state."""
        found = Axe().run(self.page).response["violations"]
        for one in found:
            first = one["nodes"][0]
            self.faults.append(f"axe, {where}: {one['id']} × {len(one['nodes'])}: {first['html'][:200]} {first['failureSummary']}")

    def until(self, what, script, argument=None):
        """Waits until a script of the page says true."""
        try:
            self.page.wait_for_function(script, arg=argument)
        except Exception as error:
            raise AssertionError(f"not in {PATIENCE} ms: {what}: {str(error)[:300]}") from None

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def tab(self, name):
        self.page.get_by_role("tab", name=name, exact=True).click()

    def node(self, name):
        """Opens a node by a click on its name in the picture."""
        self.page.locator(f'#picture [data-node="{name}"] .box').first.click()
        self.page.locator("#panel h2", has_text=name).wait_for()

    def close(self):
        self.context.close()
        assert not self.faults, "\n".join(dict.fromkeys(self.faults))


@contextmanager
def chromium():
    """The browser of this machine."""
    path = os.environ.get("ZRIG_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        sys.exit("there is no Chromium: install Debian's package chromium, or say in ZRIG_CHROMIUM where it is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def say(text):
    """A line for the test that started this."""
    print(text, flush=True)


def milliseconds(begun):
    return (time.monotonic() - begun) * 1000
