"""How fast the laboratory answers in the browser of this machine, and how much a page carries.

    python benchmarks/laboratory.py

For each mode: milliseconds from a change to the laid-out page, median and slowest of 40, with an
input of 28×28 where the mode takes one. Then the heaviest page of the website in `build/site`, if
`make site` has made it: seconds to its first paint. Exits with an error above 50 ms, 60 kB or 2 s.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, sync_playwright

from course_utils import laboratory
from course_utils.bowl import Run
from course_utils.receptive_field import Step

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from browser.pages import DESKTOP, QUIET, installed  # the browser that the tests use

LIMIT_MS, LIMIT_BYTES, LIMIT_PAINT, TIMES = 50, 60_000, 2.0, 40
SITE = Path(__file__).parents[1] / "build" / "site"
PAINTED = """new Promise(done => new PerformanceObserver(list => done(list.getEntriesByName(
    'first-contentful-paint')[0].startTime)).observe({type: 'paint', buffered: true}))"""
MEASURE = """(box, [patches, times]) => {
    const took = [];
    for (let i = 0; i < times; i++) {
        const began = performance.now();
        box.laboratory.set(patches[i % patches.length]);
        document.body.getBoundingClientRect();
        took.push(performance.now() - began);
    }
    return took;
}"""
rng = np.random.default_rng(0)
BIG, KERNEL = rng.integers(0, 9, (28, 28)), rng.integers(-2, 3, (3, 3))
PARAMETERS = {"w": rng.normal(size=(2, 1, 3, 3)), "b": [0, 0], "v": rng.normal(size=(3, 8))}
MODES = {  # the start, and the changes that are measured in turn
    "window": (
        {"input": BIG, "kernel": KERNEL},
        [{"stop": 300}, {"stop": 5, "padding": 1}, {"kernel": KERNEL.T.tolist()}],
    ),
    "photo": (
        {"input": rng.random((180, 180)), "kernel": KERNEL},
        [{"at": [5, 9]}, {"kernel": KERNEL.T.tolist()}, {"kernel": KERNEL.tolist()}],
    ),
    "channels": (
        {
            "input": np.stack([BIG[:14, :14]] * 3),
            "weight": np.stack([[KERNEL] * 3] * 2),
            "bias": [0, 1],
        },
        [{"at": [1, 3, 4]}, {"padding": 1}, {"padding": 0}],
    ),
    "transposed": (
        {"input": BIG[:14, :14], "kernel": KERNEL, "stride": 2},
        [{"at": [3, 4]}, {"stride": 1}, {"stride": 2, "view": "overlaps"}],
    ),
    "backward": (
        {"input": BIG, "kernel": KERNEL, "dout": BIG[:26, :26]},
        [{"at": [3, 4]}, {"of": "weight", "at": [1, 1]}, {"of": "input", "flip": True}],
    ),
    "network": (
        {
            "input": BIG[:6, :6] % 2,
            "label": 0,
            "classes": ["3", "8", "0"],
            "parameters": {**PARAMETERS, "c": [0, 0, 0]},
        },
        [{"at": [1, 1, 1]}, {"label": 1}, {"of": "dw", "at": [0, 0, 1, 1], "label": 2}],
    ),
    "receptive": (
        {"layers": [Step(3), Step(2, stride=2), Step(3, dilation=2)]},
        [{"view": "2-D"}, {"view": "1-D"}, {"layers": [{"k": 7}, {"k": 7}, {"k": 7}]}],
    ),
    "optimisers": (
        {"runs": [Run(name, 0.1) for name in ("SGD", "AdaGrad", "RMSprop", "Adam")]},
        [{"angle": 20}, {"angle": 0, "steps": 400}, {"chosen": 2}],
    ),
}


def main() -> int:
    """Print the times and the size."""
    size = len(laboratory.MODULE.encode())
    source = (laboratory.FOLDER / "laboratory.js").stat().st_size
    print(f"the module on a page: {size:,} bytes (its source: {source:,})")
    parts = []
    for mode, (start, _) in MODES.items():
        given = laboratory.state(mode, **start)
        parts.append(laboratory._page(given, "data:,", "no picture", with_module=not parts))
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page_ = Path(folder, "page.html")
        page_.write_text(f"<!doctype html><meta charset=utf-8>{''.join(parts)}", encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=installed(), args=list(QUIET))
        page = browser.new_page(viewport=DESKTOP)
        page.goto(page_.as_uri())
        for (mode, (_, patches)), box in zip(
            MODES.items(), page.locator(".laboratory").all(), strict=True
        ):
            page.wait_for_function("b => b.laboratory", arg=box.element_handle())
            took = box.evaluate(MEASURE, [patches, TIMES])
            print(
                f"{mode:11} median {statistics.median(took):5.1f} ms, slowest {max(took):5.1f} ms"
            )
            slowest = max(slowest, statistics.median(took))
        painted = first_paint(browser)
        browser.close()
    return int(slowest > LIMIT_MS or size > LIMIT_BYTES or painted > LIMIT_PAINT)


def first_paint(browser: Browser) -> float:
    """Seconds until something of the heaviest page can be seen, median of five fresh visits."""
    pages = sorted(SITE.rglob("*.html"), key=lambda path: path.stat().st_size)
    if not pages:
        print("there is no website here: make site")
        return 0.0
    took = []
    for _ in range(5):
        page = browser.new_page(viewport=DESKTOP)
        page.goto(pages[-1].as_uri())
        took.append(page.evaluate(PAINTED) / 1000)
        page.close()
    seconds, size = statistics.median(took), pages[-1].stat().st_size / 1000
    print(f"first paint of {pages[-1].name} ({size:,.0f} kB): {seconds:.2f} s")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
