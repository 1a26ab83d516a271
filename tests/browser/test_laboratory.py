"""The laboratory in a browser: its numbers are PyTorch's, and everybody can use it."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect
from torch.nn import functional as F

from browser.pages import COLOURS, DESKTOP, LAYOUT, PHONE, WIDER, violations
from course_utils import laboratory
from course_utils.bowl import OPTIMISERS, Run, descend
from course_utils.receptive_field import Step

SETTINGS = 50
DIGIT = [[0, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 0], [0, 0, 0, 1, 1, 0]]
DIGIT = [*DIGIT, *DIGIT[::-1]]
PARAMETERS = {
    "w": np.random.default_rng(0).normal(size=(2, 1, 3, 3)).round(2),
    "b": [0.0, 0.0],
    "v": np.random.default_rng(1).normal(size=(3, 8)).round(2) / 2,
    "c": [0.0, 0.0, 0.0],
}
STARTS = {
    "window": {"input": np.arange(20).reshape(4, 5) % 4, "kernel": [[1, 0], [0, -1]]},
    "photo": {"input": np.random.default_rng(2).random((12, 15))},
    "channels": {
        "input": np.arange(48).reshape(3, 4, 4) % 3,
        "weight": np.arange(24).reshape(2, 3, 2, 2) % 3 - 1,
        "bias": [1, 0],
    },
    "transposed": {"input": [[1, 2], [3, 0]], "kernel": np.ones((3, 3)), "stride": 2},
    "backward": {"input": np.eye(4), "kernel": [[1.0, 2], [-1, 0]], "dout": np.eye(3)},
    "network": {"input": DIGIT, "label": 0, "classes": ["3", "8", "0"], "parameters": PARAMETERS},
    "receptive": {"layers": [Step(3), Step(2, stride=2, name="POOL"), Step(3, padding=1)]},
    "optimisers": {"runs": [Run("SGD", 0.09), Run("Adam", 0.5, momentum=0.9)]},
}
HEAD = "<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>"
VIEW = "<meta name=viewport content='width=device-width'>"


def document(parts):
    return f"{HEAD}{VIEW}<body style='background:#fff'><main><h1>A page</h1>{''.join(parts)}</main>"


@pytest.fixture(scope="module")
def parts():
    """What each mode publishes, as in a notebook that is run from the top."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(laboratory, "_shown", set())
        for mode, start in STARTS.items():
            patch.setattr(
                laboratory,
                "publish_display_data",
                lambda data, mode=mode: found.update({mode: data["text/html"]}),
            )
            laboratory.show(mode, **start)
    return found


@pytest.fixture(scope="module")
def address(parts, tmp_path_factory):
    path = tmp_path_factory.mktemp("laboratory") / "page.html"
    path.write_text(document(parts.values()), encoding="utf-8")
    return path.as_uri()


def opened(page, address):
    """The page, and a box for each mode; an error on the page fails the test."""
    said = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    page.goto(address)
    page.wait_for_function(
        "n => [...document.querySelectorAll('.laboratory')].filter(b => b.laboratory).length == n",
        arg=len(STARTS),
    )
    boxes = dict(zip(STARTS, page.locator(".laboratory").all(), strict=True))
    return SimpleNamespace(page=page, said=said, **boxes)


@pytest.fixture(scope="module")
def desk(browser, address):
    page = browser.new_page(viewport=DESKTOP)
    found = opened(page, address)
    yield found
    page.context.close()
    assert found.said == []


@pytest.fixture(scope="module")
def tab(browser):
    """The tab that most tests share: a page that is loaded again knows nothing of before."""
    page = browser.new_page(viewport=DESKTOP, reduced_motion="reduce")
    yield page
    page.context.close()


@pytest.fixture
def lab(tab, address):
    found = opened(tab, address)
    yield found
    assert found.said == []


def drawn(box, patches):
    """The arrays of the page after each change, all in one call."""
    plain = [laboratory._plain(patch, "patch") for patch in patches]
    return box.evaluate(
        "(box, patches) => patches.map(p => { box.laboratory.set(p);"
        "return JSON.parse(JSON.stringify(box.laboratory.arrays())); })",
        plain,
    )


def same(ours, theirs):
    theirs, ours = np.asarray(theirs, dtype=float), np.asarray(ours, dtype=float)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)


def geometries(seed, *, dilations=3, transposed=False):
    """Random sizes, H and W apart, strides that do not fit, padding, dilation, flip."""
    rng = np.random.default_rng(seed)
    found = []
    while len(found) < SETTINGS:
        h, w, kh, kw = rng.integers([3, 3, 1, 1], [10, 10, 5, 5]).tolist()
        stride, padding, dilation = (int(rng.integers(a, b)) for a, b in ((1, 4), (0, 4), (1, 4)))
        dilation = min(dilation, dilations)
        rooms = [n + 2 * padding - dilation * (k - 1) - 1 for n, k in ((h, kh), (w, kw))]
        if min(rooms) < 0 or h == w:
            continue
        if transposed and padding > dilation * (min(kh, kw) - 1):
            continue
        way = {"stride": stride, "padding": padding, "dilation": dilation}
        found.append((rng, (h, w), (kh, kw), way, bool(rng.integers(2))))
    return found


def turned(kernel, flip):
    return kernel.flip(-2, -1) if flip else kernel


def test_window_and_photo_correlate_as_torch(desk):
    patches, expected = [], []
    for rng, size, kernel, way, flip in geometries(1):
        x, k = (torch.tensor(rng.normal(size=s).round(2)) for s in (size, kernel))
        patches.append({"input": x, "kernel": k, "flip": flip, **way})
        expected.append(F.conv2d(x[None, None], turned(k, flip)[None, None], **way)[0, 0])
    for ours, theirs in zip(drawn(desk.window, patches), expected, strict=True):
        same(ours["output"], theirs)
    photos = drawn(desk.photo, [{k: v for k, v in p.items() if k != "input"} for p in patches])
    for patch, ours in zip(patches, photos, strict=True):
        x = torch.tensor(ours["photo"], dtype=torch.float64)
        same(x, (torch.tensor(STARTS["photo"]["input"]) * 255).round() / 255)
        way = {name: patch[name] for name in ("stride", "padding", "dilation")}
        k = turned(patch["kernel"], patch["flip"])
        same(ours["result"], F.conv2d(x[None, None], k[None, None], **way)[0, 0])


def test_channels_sum_as_torch(desk):
    patches, expected = [], []
    for rng, size, kernel, way, flip in geometries(2):
        x, w = (torch.tensor(rng.normal(size=s)) for s in ((3, *size), (2, 3, *kernel)))
        bias = torch.tensor(rng.normal(size=2))
        patches.append({"input": x, "weight": w, "bias": bias, "flip": flip, **way})
        expected.append(F.conv2d(x[None], turned(w, flip), bias, **way)[0])
    for ours, theirs in zip(drawn(desk.channels, patches), expected, strict=True):
        same([ours["output 0"], ours["output 1"]], theirs)


def test_transposed_stamps_and_zeros_between_give_what_torch_gives(desk):
    patches, expected = [], []
    for rng, (h, w), kernel, way, _ in geometries(3, transposed=True):
        x, k = (torch.tensor(rng.normal(size=s)) for s in ((h, w), kernel))
        patches.append({"input": x, "kernel": k, "view": "zeros between", **way})
        over = F.conv_transpose2d(torch.ones(1, 1, h, w), torch.ones(1, 1, *kernel), **way)
        expected.append((F.conv_transpose2d(x[None, None], k[None, None], **way)[0, 0], over[0, 0]))
    for patch, ours, (theirs, over) in zip(
        patches, drawn(desk.transposed, patches), expected, strict=True
    ):
        same(ours["output"], theirs)
        same(ours["overlaps"], over)
        spread, k = (torch.tensor(ours[n], dtype=float) for n in ("spread", "turned kernel"))
        again = F.conv2d(spread[None, None], k[None, None], dilation=patch["dilation"])
        same(again[0, 0], theirs)


def test_backward_gives_the_gradients_of_torch(desk):
    patches, expected = [], []
    for rng, size, kernel, way, flip in geometries(4):
        x, k, b = (torch.tensor(rng.normal(size=s), requires_grad=True) for s in (size, kernel, 1))
        out = F.conv2d(x[None, None], turned(k, flip)[None, None], b, **way)[0, 0]
        dout = torch.tensor(rng.normal(size=out.shape))
        out.backward(dout)
        patches.append(
            {"input": x, "kernel": k, "bias": b.item(), "dout": dout, "flip": flip, **way}
        )
        expected.append((out.detach(), x.grad, k.grad, b.grad[None]))
    for ours, theirs in zip(drawn(desk.backward, patches), expected, strict=True):
        for name, array in zip(("output", "dx", "dw", "db"), theirs, strict=True):
            same(ours[name], array)


def test_the_network_goes_there_and_back_as_torch(desk):
    """Every second has kernels of ones: most windows have ties, and many maxima are exactly 0."""
    rng = np.random.default_rng(5)
    patches, expected = [], []
    for i in range(SETTINGS):
        (h, w), (kh, kw) = ((6, 7), (3, 2)) if i % 4 else ((8, 6), (3, 3))
        x = torch.tensor(rng.integers(0, 2, (h, w)).astype(float), requires_grad=True)
        depth = 2 * ((h - kh + 1) // 2) * ((w - kw + 1) // 2)
        shapes = {"w": (2, 1, kh, kw), "b": (2,), "v": (3, depth), "c": (3,)}
        p = {n: torch.tensor(rng.normal(size=s)) for n, s in shapes.items()}
        if i % 2:
            p["w"], p["b"] = torch.ones_like(p["w"]), torch.full((2,), -4.0, dtype=float)
        for value in p.values():
            value.requires_grad_()
        label = int(rng.integers(3))
        z = F.conv2d(x[None, None], p["w"], p["b"])
        a = z.relu()
        m = F.max_pool2d(a, 2)
        y = F.linear(m.flatten(1), p["v"], p["c"])
        loss = F.cross_entropy(y, torch.tensor([label]))
        for stage in (z, a, m, y):
            stage.retain_grad()
        loss.backward()
        patches.append({"input": x, "label": label, "parameters": dict(p)})
        theirs = {"loss": loss, "z": z[0], "a": a[0], "m": m[0], "y": y[0]}
        theirs |= {f"d{n}": t.grad[0] for n, t in (("z", z), ("a", a), ("m", m), ("y", y))}
        theirs |= {"q": y[0].softmax(dim=0), "dx": x.grad}
        theirs |= {f"d{name}": value.grad for name, value in p.items()}
        expected.append({name: value.detach() for name, value in theirs.items()})
    for ours, theirs in zip(drawn(desk.network, patches), expected, strict=True):
        for name, array in theirs.items():
            # the page draws them apart: dx, dv, dc, db are tables too
            got = ours[name]
            same(np.reshape(got, array.shape).tolist(), array)


def test_receptive_fields_are_those_that_gradients_find(desk):
    rng = np.random.default_rng(6)
    stacks = []
    while len(stacks) < SETTINGS:
        layers = [
            dict(zip("ksdp", rng.integers([1, 1, 1, 0], [5, 3, 4, 3]).tolist(), strict=True))
            for _ in range(rng.integers(1, 5))
        ]
        if (
            sum(
                np.prod([layer["s"] for layer in layers[:i]]) * layer["d"] * (layer["k"] - 1)
                for i, layer in enumerate(layers)
            )
            + 1
            + np.prod([n["s"] for n in layers])
            <= 41
        ):
            stacks.append(layers)
    for layers, ours in zip(
        stacks, drawn(desk.receptive, [{"layers": n} for n in stacks]), strict=True
    ):
        start = -ours["views"][-1]["start"]
        x = torch.zeros(1, 1, 100, dtype=float, requires_grad=True)
        y = x  # padding is of the input alone: the rest of x stands for it
        for n in layers:
            y = F.conv1d(y, torch.ones(1, 1, n["k"], dtype=float), None, n["s"], 0, n["d"])
        first, second = (
            torch.autograd.grad(y[0, 0, i], x, retain_graph=True)[0][0, 0] for i in (0, 1)
        )
        seen = torch.nonzero(first)[:, 0]
        assert [place + start for place, _ in ours["row"]] == seen.tolist()
        same([ways for _, ways in ours["row"]], first[seen])
        assert ours["views"][-1]["size"] == seen[-1] - seen[0] + 1
        assert ours["views"][-1]["jump"] == torch.nonzero(second)[0, 0] - seen[0]


def test_optimisers_walk_as_those_of_torch(desk):
    rng = np.random.default_rng(7)
    patches, expected = [], []
    for i in range(SETTINGS):
        run = Run(
            list(OPTIMISERS)[i % 4], float(10 ** rng.uniform(-3, 0.5)), float(rng.uniform(0, 0.98))
        )
        bowl = {"conditioning": float(rng.uniform(1, 60)), "angle": float(rng.uniform(0, 45))}
        bowl["steps"] = int(rng.integers(1, 40))
        patches.append({"runs": [run], "start": [-8, 2], **bowl})
        expected.append(descend(run, **bowl))
    for ours, (path, losses) in zip(drawn(desk.optimisers, patches), expected, strict=True):
        same(ours["paths"][0], path)
        same(ours["losses"][0], losses)


def cell(box, name, row, column):
    return box.locator(f"[data-name='{name}'] [role=row]").nth(row).locator(".cell").nth(column)


def output(box):
    return box.evaluate("b => b.laboratory.arrays().output")


def test_a_number_is_reached_read_and_changed_by_the_keyboard_alone(lab):
    page, box = lab.page, lab.window
    box.get_by_role("slider", name="stride").focus()
    for _ in range(20):  # through the controls into the first table
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.role") == "gridcell":
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.ariaLabel") == "input 4×5 [1, 1]: 2"
    said = box.get_by_role("status")
    expect(said).to_have_attribute("aria-live", "polite")
    page.keyboard.type("-7,5")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "input 4×5 [1, 1]: −7.5"
    changed = np.arange(20).reshape(4, 5) % 4 * 1.0
    changed[1, 1] = -7.5
    same(output(box), changed[:-1, :-1] - changed[1:, 1:])
    page.keyboard.press("Tab")  # one stop for a whole table
    assert page.evaluate("document.activeElement.ariaLabel").startswith("output 3×4 [")
    before = said.inner_text()
    page.keyboard.press("ArrowLeft")
    expect(said).not_to_have_text(before)
    stride = box.get_by_role("slider", name="stride")
    stride.press("ArrowRight")
    assert np.shape(output(box)) == (2, 2)
    box.get_by_role("button", name="step").press("Enter")
    expect(said).to_contain_text("Output position [0, 1], number 1 of 0 to 3")


def test_every_number_of_every_mode_is_reached_and_named(lab):
    grids = lab.page.locator("[role=grid]:visible").evaluate_all(
        """all => all.map(grid => [
            grid.closest(".laboratory").laboratory.state().mode,
            grid.querySelectorAll("[tabindex='0']").length,
            [...grid.querySelectorAll(".cell")].map(e => e.ariaLabel)])"""
    )
    assert {mode for mode, _, _ in grids} == set(STARTS) - {"receptive", "optimisers"}
    for _, stops, names in grids:
        assert stops == 1
        assert len(set(names)) == len(names)
        assert all(re.search(r"\[-?\d+, -?\d+\]: .", name) for name in names)


@pytest.mark.parametrize(
    ("mode", "viewport", "rules"),
    [("light", DESKTOP, ()), ("dark", DESKTOP, COLOURS), ("light", PHONE, LAYOUT)],
    ids=["desk", "dark", "phone"],
)
def test_axe_finds_nothing(lab, mode, viewport, rules):
    lab.page.set_viewport_size(viewport)
    lab.page.evaluate("mode => (document.documentElement.dataset.theme = mode)", mode)
    assert violations(lab.page, rules) == []
    assert lab.page.evaluate(WIDER) <= 0


def test_a_finger_chooses_and_changes_on_a_phone(browser, address):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    lab = opened(context.new_page(), address)
    weight = cell(lab.backward, "kernel", 0, 1)
    weight.tap()
    expect(lab.backward.get_by_role("status")).to_contain_text("weight [0, 1] reached 9 outputs")
    weight.tap()
    field = lab.backward.get_by_role("textbox")
    assert field.bounding_box()["width"] >= 44
    field.fill("5")
    lab.backward.get_by_text("∂L/∂a arrives").tap()
    assert lab.backward.evaluate("b => b.laboratory.state().kernel[0][1]") == 5
    context.close()


def test_the_window_slides_and_does_not_where_motion_is_unwelcome(desk, lab):
    slide = "b => getComputedStyle(b.querySelector('.frame')).transitionProperty"
    assert "transform" in desk.window.evaluate(slide)
    assert lab.window.evaluate(slide) in ("none", "all")  # "all" takes 0 s
    lasting = "b => getComputedStyle(b.querySelector('.frame')).transitionDuration"
    assert lab.window.evaluate(lasting) == "0s"


def test_play_walks_and_pauses(lab):
    said, play = lab.window.get_by_role("status"), lab.window.get_by_role("button", name="play")
    play.click()
    expect(said).to_contain_text("number 1 of")
    expect(said).to_have_attribute("aria-live", "off")  # a reader would never come to an end
    lab.window.get_by_role("button", name="pause").click()
    expect(said).to_have_attribute("aria-live", "polite")


def test_one_step_down_lowers_the_loss_and_every_number_opens(lab):
    box = lab.network
    loss = "b => b.laboratory.arrays().loss"
    before = box.evaluate(loss)
    box.get_by_role("button", name="one step down").click()
    assert box.evaluate(loss) < before
    told = set()
    for grid in box.get_by_role("grid").all():
        grid.locator(".cell").last.click()
        told.add(box.get_by_role("status").inner_text())
    assert len(told) == box.get_by_role("grid").count()


def test_what_is_no_number_is_refused_and_the_old_one_stays(lab):
    before = output(lab.window)
    for typed in ("abc", "NaN", "1e999", "", "--3"):
        cell(lab.window, "kernel", 0, 0).focus()
        lab.page.keyboard.press("Enter")
        lab.window.get_by_role("textbox").fill(typed)
        lab.page.keyboard.press("Enter")
        said = f"“{typed}” is no number that can be used here: 1 stays."
        expect(lab.window.get_by_role("alert")).to_have_text(said)
        assert output(lab.window) == before


def test_a_window_larger_than_the_image_says_so(lab):
    lab.window.get_by_role("slider", name="dilation").press("End")
    lab.window.evaluate("b => b.laboratory.set({ kernel: [[1,1,1],[1,1,1],[1,1,1]] })")
    expect(lab.window.get_by_role("status")).to_contain_text(
        "No output position: the kernel reaches over 7×7, and the input has 4×5"
    )
    assert lab.window.get_by_role("grid").first.is_visible()


def test_a_photo_too_large_or_of_an_odd_kind_is_refused(lab, tmp_path):
    choose, said = lab.photo.locator("input[type=file]"), lab.photo.get_by_role("alert")
    before = lab.photo.evaluate("b => b.laboratory.arrays().photo")
    huge, odd = tmp_path / "huge.png", tmp_path / "odd.png"
    huge.write_bytes(bytes(40_000_000))
    odd.write_bytes(b"MZ no picture at all")
    choose.set_input_files(huge)
    expect(said).to_contain_text("“huge.png” has 40 MB")
    choose.set_input_files(odd)
    expect(said).to_contain_text("“odd.png” is no picture that this browser can read")
    assert lab.photo.evaluate("b => b.laboratory.arrays().photo") == before


def test_a_photo_of_one_s_own_is_read(lab, tmp_path):
    own = tmp_path / "own.png"
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).save(own)
    lab.photo.locator("input[type=file]").set_input_files(own)
    lab.page.wait_for_function(
        "b => b.laboratory.arrays().photo.length == 20", arg=lab.photo.element_handle()
    )
    expect(lab.photo.get_by_role("alert")).to_have_count(0)


def alone(page, tmp_path, html):
    path = tmp_path / "alone.html"
    path.write_text(document([html]), encoding="utf-8")
    page.goto(path.as_uri())
    return page.locator(".laboratory")


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ('"version": 1', '"version": 2', "stored for version 2 of the laboratory"),
        ('"version": 1', '"version": "x"', "stored for version x of the laboratory"),
        ('"mode": "window"', '"mode": "windmill"', "no mode “windmill”"),
        ('"input": [[', '"input": [["a"], [', "“input” must be an array of 2 axes"),
        ('"kernel": [[1, 0]', '"kernel": [[null, 0]', "“kernel” must be an array of 2 axes"),
        ('"version": 1', '"stride": 0, "version": 1', "“stride” must be a whole number"),
        ('"version": 1', "version: 1", "could not start here"),
    ],
)
def test_a_start_that_is_not_understood_keeps_the_picture(
    tab, parts, tmp_path, was, becomes, sentence
):
    assert was in parts["window"]
    box = alone(tab, tmp_path, parts["window"].replace(was, becomes))
    expect(box).to_contain_text(sentence)
    assert box.get_by_role("img", name="A kernel at one output position").is_visible()


def test_without_scripts_the_picture_and_its_description_stay(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    pictures = page.locator(".laboratory > img")
    assert pictures.count() == len(STARTS)
    for picture in pictures.all():
        assert picture.is_visible()
        assert len(picture.get_attribute("alt")) > 20
    context.close()


def test_storage_that_is_forbidden_is_not_missed(page, address):
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
        "Object.defineProperty(window, name, { get() { throw new Error('forbidden'); } })"
    )
    assert opened(page, address).said == []


def test_the_module_comes_once_and_later_cells_wait_for_it(tab, parts, tmp_path):
    """Cells are drawn late and in any order: the one that holds the module may come last."""
    carriers = [mode for mode, html in parts.items() if 'class="laboratory-module"' in html]
    assert carriers == ["window"]
    box = alone(tab, tmp_path, parts["backward"])
    tab.wait_for_timeout(700)
    assert box.locator("img").is_visible()
    tab.evaluate(
        """html => {
            const late = document.createElement('div');
            late.innerHTML = html;
            document.querySelector('main').append(late);
            for (const old of late.querySelectorAll('script:not([type])')) {
                const script = document.createElement('script');
                script.textContent = old.textContent;
                old.replaceWith(script);
            }
        }""",
        parts["window"],
    )
    expect(tab.locator(".lab")).to_have_count(2)
    expect(box.locator("img").first).to_be_hidden()
