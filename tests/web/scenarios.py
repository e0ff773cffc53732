"""What one does with the live page, in a real browser: `scenarios.py SCENARIO ADDRESS [FILE]`.

Each scenario is a function; the tests of `main.rs` start the run before it and look at what it did to it.
"""

import statistics
import sys
import time
from pathlib import Path

from browser import Watched, chromium, milliseconds, say

RATE = """name => [...document.querySelectorAll('#picture .rate')].some(text => parseFloat(text.textContent) > 0)"""


def looks(browser, address):
    """Rates change; a node opens by mouse and by keyboard; a filter holds; a message is seen frame by frame."""
    watched = Watched(browser, address).open()
    page = watched.page
    page.get_by_text("Running", exact=True).wait_for()
    watched.until("a rate stands at a wire", RATE)
    first = page.locator("#picture .rate").all_text_contents()
    watched.until("rates change", "old => [...document.querySelectorAll('#picture .rate')].some((one, at) => one.textContent !== old[at])", first)
    watched.until("the lines move", "() => window.zrigFrames() > 3")
    watched.axe("the start")

    watched.node("station")
    page.locator(".chart path.two").first.wait_for(state="attached")
    watched.until("its handler is told with its calls a second, their mean and their share", """() => {
        const cells = [...document.querySelectorAll('table.handlers tbody tr')].map(row => [...row.children].map(cell => cell.textContent.trim()));
        return cells.length === 1 && cells[0][0] === 'on_tick' && parseFloat(cells[0][2]) > 1 && /s$/.test(cells[0][3]) && cells[0][4] === '100 %'; }""")
    page.get_by_text("2 peers").first.wait_for()
    watched.axe("a node")

    # By keyboard: into the picture, along the wire, and back into the panel.
    page.locator("#picture svg [tabindex='0']").focus()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused, "an arrow leads to something that has a name"
    page.keyboard.press("Enter")
    watched.until("Enter opens what has the focus", "() => document.activeElement.id === 'panel' && document.querySelector('#panel h2').textContent !== 'station'")

    watched.node("display")
    watched.tab("Messages")
    page.locator(".message").first.wait_for()
    page.get_by_label("Only those of which this is true").fill("msg.body.n % 2 == 0")
    watched.button("Filter").click()
    watched.until("only even numbers are seen", """() => {
        const seen = [...document.querySelectorAll('.message .what')].map(one => /"n":(\\d+)/.exec(one.textContent)?.[1]);
        return seen.length >= 3 && seen.every(one => one != null && Number(one) % 2 === 0); }""")
    watched.button("Pause the list").click()
    page.locator(".message .row").first.click()
    page.locator(".frame.payload").wait_for()
    watched.axe("messages")
    page.get_by_label("Only those of which this is true").fill("msg.(")
    watched.button("Filter").click()
    page.locator("#part .alarm").wait_for()
    watched.close()


def speaks(browser, address):
    """A call is answered, what fails is marked and leads to its line, an envelope is shown as one."""
    watched = Watched(browser, address).open()
    page = watched.page
    watched.node("desk")
    watched.tab("Send")
    page.get_by_label("Message", exact=True).fill("you")
    watched.button("Call and wait for the answer").click()
    page.locator(".said code", has_text="hello you").wait_for()
    watched.axe("send")
    page.get_by_label("Message", exact=True).fill("bad")
    watched.button("Call and wait for the answer").click()
    page.locator("#picture .chip.alarm", has_text="failed").wait_for()
    page.locator("#picture .chip.alarm.opens").click()
    page.locator(".fault", has_text="too bad").first.wait_for()
    watched.axe("the log")
    place = page.locator(".fault .link").first
    line = int(place.text_content().split(":")[1])
    place.click()
    page.locator(".cm-placed", has_text="throw").wait_for()
    assert line > 1

    watched.button("All nodes").click()
    page.locator("#panel").get_by_role("button", name="desk", exact=True).click()
    watched.tab("Messages")
    page.locator("#part", has_text="Looking at desk").wait_for()
    watched.tab("Send")
    page.get_by_label("Message", exact=True).fill("again")
    watched.button("Call and wait for the answer").click()
    page.locator(".said code", has_text="hello again").wait_for()
    watched.close()


def edits(browser, address, file):
    """A fault is marked where it is and nothing is applied; mended, planned, applied, seen by another browser."""
    file = Path(file)
    before = file.read_text()
    watched = Watched(browser, address).open()
    second = Watched(browser, address).open()
    page = watched.page
    # The editor asks for what is not there before it is: a refusal is said in the page, and by the browser.
    watched.allowed = ("422", "409")
    watched.button("Edit").click()
    line = page.locator(".cm-line", has_text="role: pub")
    line.click()
    page.keyboard.press("End")
    page.keyboard.type("b")
    mark = page.locator(".cm-lintRange-error")
    mark.wait_for()
    assert mark.text_content() == "pubb", mark.text_content()
    assert watched.button("Apply").is_disabled(), "what is faulty cannot be applied"
    page.locator(".diagnostics li.error").wait_for()
    page.locator(".diagnostics").get_by_role("button", name="what ZR0106 means").click()
    page.locator(".meaning h4", has_text="ZR0106").wait_for()
    watched.axe("a fault in the editor")
    assert file.read_text() == before, "nothing is written"

    page.locator(".diagnostics button", has_text="pub").last.click()
    mark.wait_for(state="detached")
    line.get_by_text("role").hover()
    page.locator(".cm-tooltip-hover", has_text="pub").wait_for()
    line.click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("lin")
    page.locator(".cm-tooltip-autocomplete li", has_text="linger").wait_for()
    watched.axe("a completion")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Shift+Home")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    every = page.locator(".cm-line", has_text="every: 100ms")
    every.click()
    page.keyboard.press("End")
    for _ in "100ms":
        page.keyboard.press("Backspace")
    page.keyboard.type("50ms")
    watched.until("it is edited", "() => [...document.querySelectorAll('.do button')].some(one => one.textContent === 'Plan' && !one.disabled)")
    watched.button("Plan").click()
    page.locator("#picture .planned.plan-live", has_text="changes live").wait_for()
    page.locator("#picture .planned.plan-keep").first.wait_for()
    assert file.read_text() == before, "a plan writes nothing"
    watched.axe("a plan")

    watched.button("Apply").click()
    page.locator(".receipt", has_text="Applied").wait_for()
    assert "every: 50ms" in file.read_text()
    for one in (watched, second):
        one.until("the picture is that of the new version", "() => document.querySelector('.viewport').dataset.generation === '2' && document.querySelector('#picture svg').textContent.includes('50ms')")
        one.page.locator("#timeline .applied").wait_for()
    second.page.locator("#timeline .applied").click()
    second.button("The picture before it").click()
    second.until("the picture is that of before", "() => document.querySelector('#picture svg').textContent.includes('100ms')")
    second.axe("a step back")
    second.button("The picture of now").click()
    second.until("the picture is that of now", "() => document.querySelector('#picture svg').textContent.includes('50ms')")

    # Somebody saves while it is edited here.
    every = page.locator(".cm-line", has_text="every: 50ms")
    every.click()
    page.keyboard.press("End")
    page.keyboard.type(" # mine")
    watched.until("it is edited", "() => [...document.querySelectorAll('.do button')].some(one => one.textContent === 'Apply' && !one.disabled)")
    theirs = file.read_text().replace("every: 50ms", "every: 70ms")
    file.write_text(theirs)
    second.until("the other save is applied", "() => document.querySelector('.viewport').dataset.generation === '3'")
    watched.button("Apply").click()
    page.locator(".conflict", has_text="another one on disk").wait_for()
    assert file.read_text() == theirs, "theirs stays"
    watched.axe("a conflict")
    watched.button("Take the one on disk").click()
    page.locator(".cm-line", has_text="every: 70ms").wait_for()
    second.close()
    watched.close()


def reads(browser, address):
    """Without --edit the file is only read."""
    watched = Watched(browser, address).open()
    watched.button("File").click()
    watched.page.locator(".cm-content[aria-label='File, read-only']").wait_for()
    watched.page.get_by_text("Read-only").wait_for()
    assert watched.page.locator("button", has_text="Apply").count() == 0
    watched.close()


def comes_back(browser, address):
    """A run that ends is said to be over; the next one is there by itself."""
    watched = Watched(browser, address).open()
    # The browser itself says that nobody answers.
    watched.allowed = ("ERR_", "Failed to load resource")
    say("looks")
    watched.until("the page says that it is over", "() => document.querySelector('#head .state.warn')")
    watched.axe("the run is over")
    say("over")
    watched.until("it comes back by itself", "() => document.querySelector('#head .state.good')")
    watched.until("its figures come", RATE)
    say("back")
    watched.close()


def places(browser, address):
    """The place that runs is named, and at a wire the other one, with whether it is there."""
    watched = Watched(browser, address).open()
    page = watched.page
    page.locator("#head h1", has_text="fleet at hall").wait_for()
    assert page.title() == "fleet at hall · zrig", page.title()
    label = "one => document.querySelector(`#picture g.${one[0]}`)?.getAttribute('aria-label')?.includes(one[1])"
    watched.until("a node says where it is", label, ["node", "worker, at hall"])
    watched.until("a wire says where it leads", label, ["wire", "edge → worker.pull, not there"])
    page.locator("#picture .rate", has_text="not there").wait_for()
    page.locator("#picture g.wire").first.focus()
    page.keyboard.press("Enter")
    page.locator("#panel h2", has_text="edge → worker.pull").wait_for()
    page.locator("#part li", has_text="another place of this file, not there").wait_for()
    watched.axe("a place that is not there")
    say("alone")
    watched.until("the other place is seen to be there", label, ["wire", "edge → worker.pull, 1 peer"])
    page.locator("#part li", has_text="another place of this file").wait_for()
    assert page.locator("#part li", has_text="not there").count() == 0
    watched.until("what comes from there passes", RATE)
    say("together")
    watched.until("the other place is seen to be away", label, ["wire", "edge → worker.pull, not there"])
    watched.close()


def slow_motion(browser, address):
    """Held, one node takes one thing, and what it sent is said; then the run goes on."""
    watched = Watched(browser, address).open()
    page = watched.page
    watched.button("Hold").click()
    page.locator(".slow").wait_for()
    page.locator("#picture .chip", has_text="held").first.wait_for()
    page.get_by_label("Node to step").select_option("station")
    watched.button("Step").click()
    page.locator(".slow", has_text="station took a tick, and sent").wait_for()
    page.get_by_label("Node to step").select_option("display")
    watched.button("Step").click()
    page.locator(".slow", has_text="display took a message").wait_for()
    watched.axe("slow motion")
    watched.button("Let go").click()
    page.locator("#picture .chip", has_text="held").first.wait_for(state="detached")
    watched.close()


def goes_back(browser, address):
    """A recording is listed, gone back on to an older version and its messages, left, and replayed into the run by a button."""
    watched = Watched(browser, address).open()
    page = watched.page
    drawn = "text => document.querySelector('#picture svg').textContent.includes(text)"
    watched.until("the new version is shown", drawn, "screen")
    say("looks")
    watched.button("Recordings").click()
    page.locator(".recorded li", has_text="being written").locator("button", has_text="run.mcap").wait_for()
    watched.axe("the list")
    page.locator(".recorded").get_by_role("button", name="then.mcap", exact=True).click()
    banner = page.locator("#picture .then")
    banner.get_by_text("The past: then.mcap at").wait_for()
    watched.until("at its end the picture is the new one", "() => document.querySelector('.viewport').dataset.version === '1'")
    page.get_by_label("Go to a mark").locator("option", has_text="reload applied").wait_for(state="attached")
    watched.axe("the end of a recording")

    # By keyboard, to before the reload.
    line = page.get_by_label("Time in the recording")
    line.focus()
    page.keyboard.press("Home")
    for _ in range(2):
        page.keyboard.press("PageUp")
    watched.until("the picture is the old one", drawn, "display")
    assert not page.evaluate(drawn, "screen")
    banner.get_by_text("generation 1").wait_for()
    assert "message" in line.get_attribute("aria-valuetext"), line.get_attribute("aria-valuetext")
    watched.until("what passed then stands at a wire", RATE)
    rate = "table => [...document.querySelectorAll('table.moment tbody tr')].some(row => row.children[0].textContent === 'display.sub' && parseFloat(row.children[1].textContent) > 0)"
    watched.until("and in the figures", rate)
    page.locator('#picture [data-node="display"]').focus()
    page.keyboard.press("Enter")
    page.locator("#panel h2", has_text="display").wait_for()
    watched.tab("Messages")
    watched.until("the messages are the node's", """() => {
        const seen = [...document.querySelectorAll('.message .who')].map(one => one.textContent);
        return seen.length > 2 && seen.every(one => one === 'display.sub'); }""")
    page.locator(".message .row").first.click()
    page.locator(".frame.payload").first.wait_for()
    watched.axe("a message of the past")

    # From mark to mark, and out.
    watched.button("The next mark").click()
    watched.until("the picture is the new one", drawn, "screen")
    banner.get_by_role("button", name="Back to now").click()
    banner.wait_for(state="hidden")
    watched.until("what passes now stands at a wire", RATE)
    page.locator("#timeline .applied").wait_for()

    watched.button("Recordings").click()
    page.locator(".recorded").get_by_role("button", name="then.mcap", exact=True).click()
    watched.tab("Replay")
    page.get_by_label("How fast").select_option("10")
    watched.button("Replay into this run").click()
    page.locator(".replayed h3", has_text="Replayed then.mcap").wait_for()
    page.locator(".replayed [role=status]", has_text="5 messages given").wait_for()
    watched.axe("a replay")
    say("replayed")

    # What takes an hour is stopped, from wherever one is.
    page.get_by_label("How fast").select_option("1")
    line.focus()
    page.keyboard.press("Home")
    page.get_by_label("Which part").select_option("here")
    watched.button("Replay into this run").click()
    banner.get_by_role("button", name="Back to now").click()
    watched.button("Stop the replay").click()
    page.locator("#head .slow").wait_for(state="detached")
    watched.close()
    phone = Watched(browser, address, width=400, height=800, scheme="dark", still=True).open()
    phone.button("Recordings").click()
    phone.page.locator(".recorded").get_by_role("button", name="then.mcap", exact=True).click()
    phone.page.locator("#timeline .bars").wait_for()
    phone.page.locator("table.moment").wait_for()
    assert phone.page.evaluate("document.documentElement.scrollWidth <= 400"), "nothing is wider than a phone"
    phone.axe("the past on a phone in the dark")
    phone.close()


def only_looks_back(browser, address):
    """Without --edit a recording is looked at, and not replayed; the page says why."""
    watched = Watched(browser, address).open()
    watched.button("Recordings").click()
    watched.page.locator(".recorded").get_by_role("button", name="run.mcap", exact=True).click()
    watched.tab("Replay")
    watched.page.get_by_text("This page may not change the run").wait_for()
    assert watched.button("Replay into this run").is_disabled()
    watched.close()


def many(browser, address, nodes):
    """Hundreds of nodes stay fluent."""
    watched = Watched(browser, address).open()
    fold = watched.page.locator("#picture .fold")
    fold.first.wait_for()
    while groups := fold.count():
        fold.first.click()
        watched.until("a group is open", "groups => document.querySelectorAll('#picture .fold').length < groups", groups)
    watched.until("all nodes are drawn", "nodes => document.querySelectorAll('#picture g.node').length >= nodes", int(nodes))
    watched.until("the lines move", RATE)
    frames = watched.page.evaluate("""async () => {
        const took = [];
        let last = performance.now();
        const end = last + 4000;
        while (last < end) {
            const now = await new Promise(requestAnimationFrame);
            took.push(now - last);
            last = now;
        }
        return took.sort((a, b) => a - b); }""")
    middle, late = frames[len(frames) // 2], frames[int(len(frames) * 0.95)]
    say(f"{len(frames)} frames in 4 s, half within {middle:.0f} ms, 95 % within {late:.0f} ms")
    # A machine that does other things, too, draws fewer; one that stands still is caught.
    assert middle < 70, frames
    watched.close()


def groups(browser, address):
    """Nodes that are alike are one box with a number, which opens and closes."""
    watched = Watched(browser, address).open()
    page = watched.page
    view = page.locator('#picture [data-group="view"]')
    view.wait_for()
    assert view.get_attribute("data-count") == "1000"
    watched.until("a rate stands at the wire of a group", RATE)
    view.locator(".box").click()
    page.locator("#panel h2", has_text="view").wait_for()
    page.locator(".sockets").wait_for()
    page.locator('#picture [data-group="tap"] .fold').click()
    watched.until("they are drawn one by one", "() => document.querySelectorAll('#picture [data-node^=tap]').length === 20")
    watched.button("All nodes").click()
    watched.button("Draw tap as one box").click()
    page.locator('#picture [data-group="tap"]').wait_for()
    watched.axe("groups")
    watched.close()


def copies(browser, address):
    """A node with replicas opens to its copies and closes, by mouse and by keyboard; what leads outside has its rate."""
    watched = Watched(browser, address).open()
    page = watched.page
    outside = """name => [...document.querySelectorAll('#picture g.wire')].filter(wire =>
        (wire.dataset.from ?? '').startsWith(name) && wire.dataset.toOutside != null).map(wire => wire.getAttribute('aria-label'))"""
    moves = f"name => {{ const said = ({outside})(name); return said.length && said.every(one => /[1-9]\\S* messages a second/.test(one)); }}"
    watched.until("a group's wire to outside has a rate", moves, "tap")
    page.locator('#picture [data-group="tap"]').wait_for()

    page.locator('#picture [data-node="worker"] .fold').click()
    drawn = "count => document.querySelectorAll('#picture [data-copy-of=worker]').length === count"
    watched.until("its copies are drawn one by one", drawn, 3)
    assert page.locator('#picture [data-node="worker"]').count() == 0
    watched.until("each copy's wire to outside has a rate", moves, "worker.")
    rates = [page.locator(f'#picture [data-node="worker.{number}"]').get_attribute("aria-label") for number in (1, 2, 3)]
    assert all("in and" in rate and not rate.endswith(" 0 in and 0 out a second") for rate in rates), rates
    watched.axe("copies")
    watched.node("worker.2")
    page.locator("table.handlers th", has_text="on_message").or_(page.locator("table.handlers th", has_text="on_in")).wait_for()
    assert page.locator("h3", has_text="Copies").count() == 0, "it is one of them"
    watched.tab("Messages")
    page.locator("#part", has_text="Looking at worker.2").wait_for()
    watched.tab("Figures")

    # By keyboard: the sign, and the button of the panel.
    page.locator('#picture [data-node="worker.2"]').focus()
    page.keyboard.press("-")
    page.locator('#picture [data-node="worker"]').wait_for()
    watched.until("they are one box", drawn, 0)
    page.locator('#picture [data-node="worker"]').focus()
    page.keyboard.press("Enter")
    page.locator("#panel h2", has_text="worker").wait_for()
    watched.button("Draw them one by one").press("Enter")
    watched.until("they are open again", drawn, 3)
    watched.button("Draw all copies as one box").press("Enter")
    watched.until("they are one box again", drawn, 0)

    # The wire of a group, and who it is shared with.
    page.locator('#picture g.wire[data-from="view"], #picture g.wire[data-to="view"]').first.dispatch_event("click")
    page.locator("#panel h2", has_text="view").wait_for()
    watched.until("the rate of a group's wire is told", "() => parseFloat(document.querySelector('.chart .now')?.textContent) > 0")
    watched.tab("Messages")
    page.locator("#part", has_text="Looking at").wait_for()
    watched.close()


def narrow(browser, address):
    """On a phone, in the dark, and for who wants no motion."""
    phone = Watched(browser, address, width=400, height=800, scheme="dark", still=True).open()
    phone.until("a rate stands at a wire", RATE)
    assert phone.page.evaluate("document.documentElement.scrollWidth <= 400"), "nothing is wider than a phone"
    assert phone.page.evaluate("window.zrigFrames() === 0"), "nothing moves"
    phone.axe("a phone in the dark")
    phone.node("station")
    phone.axe("a node on a phone in the dark")
    phone.tab("File")
    phone.page.locator(".cm-line").first.wait_for()
    assert phone.page.evaluate("document.documentElement.scrollWidth <= 400"), "nothing is wider than a phone"
    phone.page.get_by_label("Colours").select_option("light")
    phone.until("it is light", "() => getComputedStyle(document.body).backgroundColor === 'rgb(243, 245, 248)'")
    phone.axe("a file on a phone")
    phone.close()


def pictures(browser, address, name, folder):
    """Screenshots to look at."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    watched = Watched(browser, address)
    # One that ends by itself is looked at until then.
    watched.allowed = ("ERR_", "Failed to load resource")
    say("ready")
    watched.open_when_there()
    say("shown")
    watched.page.wait_for_timeout(2500)
    for scheme in ("light", "dark"):
        watched.page.emulate_media(color_scheme=scheme)
        for width, height in ((1400, 800), (1000, 700), (400, 800)):
            watched.page.set_viewport_size({"width": width, "height": height})
            watched.page.wait_for_timeout(300)
            watched.page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png")
    watched.close()


def soon(browser, address, times):
    """From saving in the editor to the changed picture."""
    watched = Watched(browser, address).open()
    page = watched.page
    watched.button("Edit").click()
    page.locator(".cm-line", has_text="every:").wait_for()
    took = []
    for number in range(int(times)):
        page.locator(".cm-line", has_text="every:").click()
        page.keyboard.press("Home")
        page.keyboard.press("Shift+End")
        page.keyboard.type(f"every: {101 + number}ms")
        watched.until("it is edited", "() => [...document.querySelectorAll('.do button')].some(one => one.textContent === 'Apply' && !one.disabled)")
        page.wait_for_timeout(600)
        took.append(page.evaluate("""async text => {
            const begun = performance.now();
            [...document.querySelectorAll('.do button')].find(one => one.textContent === 'Apply').click();
            while (!document.querySelector('#picture svg')?.textContent.includes(text)) {
                await new Promise(requestAnimationFrame);
            }
            return performance.now() - begun; }""", f"{101 + number}ms"))
    middle = statistics.median(took)
    say(f"median {middle:.0f} ms, at most {max(took):.0f} ms, of {len(took)}")
    assert middle < 300, took
    watched.close()


def main():
    scenario, address, *rest = sys.argv[1:]
    begun = time.monotonic()
    with chromium() as browser:
        globals()[scenario](browser, address, *rest)
    say(f"done in {milliseconds(begun):.0f} ms")


if __name__ == "__main__":
    main()
