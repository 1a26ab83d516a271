"""Pages in the browser of this machine: which one, how they are served, and what everybody needs.

Tests and benchmarks take the browser that is installed, so nothing is downloaded.
"""

import contextlib
import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",  # Chromium refuses its own sandbox as root, who one is in most containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
# What differs between the modes, and what with the width: the other rules need no second run.
COLOURS = ("color-contrast", "link-in-text-block")
LAYOUT = ("scrollable-region-focusable", "target-size", "meta-viewport", "region")
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Marks one text of each look: its colour, what it lies on and what it stands in, size and weight.
# To look at one of them says as much as to look at all, in a fraction of the time.
LOOKS = """within => {
    const grounds = new Map(), seen = new Set();
    const ground = e => {
        if (!e) return "";
        if (!grounds.has(e)) {
            const { backgroundColor, backgroundImage, opacity } = getComputedStyle(e);
            grounds.set(e, ground(e.parentElement) + (backgroundColor == "rgba(0, 0, 0, 0)" &&
                backgroundImage == "none" && opacity == 1 ? "" :
                `|${backgroundColor} ${backgroundImage} ${opacity}`));
        }
        return grounds.get(e);
    };
    for (const old of document.querySelectorAll("[data-look]")) delete old.dataset.look;
    for (const root of document.querySelectorAll(within))
        for (const e of [root, ...root.querySelectorAll("*")]) {
            const writes = e.matches("input, select, textarea") ||
                [...e.childNodes].some(n => n.nodeType == Node.TEXT_NODE && n.data.trim());
            if (!writes || !e.checkVisibility()) continue;
            const { color, fontSize, fontWeight, textShadow, textDecorationLine } =
                getComputedStyle(e);
            const around = e.parentElement ? getComputedStyle(e.parentElement).color : "";
            const look = [e.matches("a"), color, around, fontSize, fontWeight, textShadow,
                textDecorationLine, ground(e)].join();
            if (!seen.has(look)) e.dataset.look = seen.add(look).size;
        }
    return seen.size;
}"""


def installed() -> str | None:
    """The path of the browser, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine alone; its address, `http://…/`."""
    handler = functools.partial(_Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def violations(
    page: Page,
    rules: tuple[str, ...] = (),
    *,
    within: str = "",
    without: str = "",
    looks: bool = False,
) -> list[str]:
    """What axe finds on a page, or in a part of it.

    Parameters
    ----------
    rules
        These rules alone; otherwise all.
    within, without
        Selectors of what is looked at, and of what is left out.
    looks
        Compare colours for one text of each look alone.
    """
    # Preloading would ask for style sheets where they are not; what is right needs no report.
    options = {"preload": False, "resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    parts = {"include": within or "html", "exclude": without}
    context = {part: [[selector]] for part, selector in parts.items() if selector}
    page.evaluate(AXE_SCRIPT)
    if looks:
        assert page.evaluate(LOOKS, within or "html") > 0
        page.evaluate(
            "rules => axe.configure({ rules })",
            [
                {"id": "color-contrast", "selector": "[data-look]"},
                {"id": "link-in-text-block", "selector": "a[href][data-look]"},
            ],
        )
    run = "([context, options]) => axe.run(context, options).then(found => found.violations)"
    found = page.evaluate(run, [context, options])
    return [f"{v['id']}: {n['html'][:200]}" for v in found for n in v["nodes"]]
