"""The website as a reader meets it: every page, on a desk and on a phone, then its parts."""

import functools
import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag

import pytest
from bs4 import BeautifulSoup
from website.building import build

from browser.pages import COLOURS, DESKTOP, LAYOUT, PHONE, WIDER, served, violations
from course_utils import quiz
from course_utils.repository import ROOT

NOTEBOOKS = sorted([*ROOT.glob("lectures/*.ipynb"), *ROOT.glob("assignments/*/*.ipynb")])
TEXTS = [ROOT / "index.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md"]
TEXTS += sorted([*ROOT.glob("docs/**/*.md"), *ROOT.glob("docs/**/*.rst")])
PAGES = [str(p.relative_to(ROOT).with_suffix(".html")) for p in [*TEXTS, *NOTEBOOKS]]
SMALL_DESK = {"width": 1200, "height": 900}
# Each kind of page: its frame, its code, and what colours and layout depend on are the same for
# all of a kind.
KINDS = ["index.html", "search.html", "lectures/03_output_size.html", "docs/api/course.html"]
KINDS += ["assignments/a1_convolution/a1_convolution.html", "docs/topics.html"]
# Lines of code that run out of their cell, in folded cells too.
CUT = """async () => {
    for (const fold of document.querySelectorAll('.cell details')) fold.open = true;
    for (const _ of [1, 2]) await new Promise(requestAnimationFrame);  // laid out at this width
    return [...document.querySelectorAll('.cell_input pre')].filter(
        code => code.scrollWidth > code.clientWidth).map(code => code.textContent);
}"""
# Most of a page's elements are words of its code, which are looked at on a page of each kind.
PLAIN_CODE = """document.querySelectorAll('article .highlight').forEach(
    code => code.replaceChildren(code.textContent))"""
# Pictures that did not load, or that say nothing to who cannot see them.
POOR_PICTURES = """[...document.querySelectorAll('article img')].filter(
    picture => !picture.naturalWidth || !picture.alt).map(picture => picture.src)"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built website."""
    out = tmp_path_factory.mktemp("site")
    built = build(ROOT, out, "https://github.com/someone/convnet-course")
    assert built.returncode == 0, built.stderr
    return out


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served."""
    with served(site) as url:
        yield url


@pytest.fixture(scope="module")
def tab(browser, address):
    """One reader's tab, which all tests share, and what it complains of."""
    page, complaints = browser.new_page(), []

    def heard(message):
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def asked(request):
        if not request.url.startswith((address, "file:", "data:", "blob:")):
            complaints.append(f"asks another host: {request.url}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", asked)
    yield SimpleNamespace(page=page, complaints=complaints)
    page.context.close()


@pytest.fixture
def visit(tab, address):
    """Open a page, as new to the browser; whatever it reports or asks of another host fails."""

    def opened(name, viewport=DESKTOP, base=address):
        tab.page.set_viewport_size(viewport)
        tab.page.emulate_media(color_scheme="light", reduced_motion="reduce")
        tab.page.goto(base + name)
        return tab.page

    tab.complaints.clear()
    yield opened
    tab.page.evaluate("localStorage.clear(), sessionStorage.clear()")
    assert tab.complaints == []


@pytest.mark.parametrize("name", [*PAGES, "search.html"])
def test_everybody_can_read_the_page(visit, name):
    page = visit(name)
    assert page.evaluate(POOR_PICTURES) == []
    assert page.evaluate(WIDER) <= 0
    if name in KINDS:
        assert violations(page) == []
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        assert violations(page, COLOURS, looks=True) == []
        page.set_viewport_size(PHONE)
        page.reload()
        assert violations(page, LAYOUT) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate(WIDER) <= 0
    if name.startswith(("lectures/", "assignments/")):
        page.set_viewport_size(SMALL_DESK)
        assert page.evaluate(CUT) == []
    if name not in KINDS:
        page.evaluate(PLAIN_CODE)
        page.set_viewport_size(DESKTOP)
        assert violations(page, within="article", without=".highlight", looks=True) == []


def test_a_question_is_answered_with_the_keyboard_and_says_why(visit):
    page = visit("lectures/03_output_size.html")
    question = page.locator(".quiz.ask").first
    field = question.get_by_role("textbox", name=quiz.questions()["stops-7-3-1"].text)
    said, show = question.get_by_role("status"), question.get_by_role("button", name="Show me")
    for wrong, misses in (("7", 1), ("five", 1), ("3", 2)):
        field.fill(wrong)
        field.press("Enter")
        assert ("✗" in said.inner_text()) == (wrong != "five")
        assert show.is_visible() == (misses == 2)
    show.press("Enter")
    assert said.inner_text().startswith("✓ 5.")
    field.fill("5")
    question.get_by_role("button", name="Check").press("Enter")
    assert said.inner_text() == f"✓ {quiz.questions()['stops-7-3-1'].because}"


def test_a_choice_and_all_choices_are_made_with_the_keyboard(visit):
    page = visit("lectures/06_training.html")
    asked = page.locator("#ask-adaptive-rates")
    said = asked.get_by_role("status")
    for name, answer in (("AdaGrad", "not all"), ("RMSprop", "not all"), ("Adam", "✓")):
        asked.get_by_role("checkbox", name=name, exact=True).press(" ")
        asked.get_by_role("button", name="Check").press("Enter")
        assert answer in said.inner_text()
    asked.get_by_role("checkbox", name="SGD", exact=True).press("Enter")
    assert "One rate for all" in said.inner_text()


NAN = float("nan")
NUMBERS = {
    "40 000 000": 4e7, "40,000,000": 4e7, "40 M": 4e7, "40.000.000": 4e7, "4·10⁷": 4e7,
    "1e-3": 1e-3, "0,5": 0.5, "0,500": 0.5, "1,234": 1234, "1.234": 1.234, "1.234,5": 1234.5,
    "−3": -3, "12 k": 12000, "1/4": 0.25, "50 %": 0.5, "½": 0.5, "2.5 million": 2.5e6,
    "": NAN, "five": NAN, "1e": NAN, "3 apples": NAN, "1,2,3": NAN, "--1": NAN,
}  # fmt: skip


def test_numbers_are_understood_as_people_write_them(visit):
    page = visit("search.html")
    page.add_script_tag(path=Path(quiz.__file__).with_name("quiz.js"))
    found = page.evaluate("all => all.map(text => window.convnetQuiz.number(text))", [*NUMBERS])
    for value, (text, meant) in zip(found, NUMBERS.items(), strict=True):
        assert value == pytest.approx(meant, nan_ok=True), text


# Commit, then see -------------------------------------------------------------------------------

LESSON = "lectures/01_images_as_arrays.html"
GUESSES = {"local": "600", "shared": "1 000"}
ALL = len(quiz.predictions("01"))


def answer(page):
    """The cell that answers, how far it is unfolded, and the text that explains it."""
    cell = page.locator(".cell:has-text('local saves a factor of')").first
    explained = page.locator("details.explained").filter(has_text="Locality saves")
    folds = [cell.locator("details.hide"), explained]
    return cell, [fold.get_attribute("open") is not None for fold in folds]


def test_committing_unfolds_the_answer_and_a_reload_keeps_it(visit):
    page = visit(LESSON)
    assert answer(page)[1] == [False, False]
    for name, guess in GUESSES.items():
        box = page.locator(f"#predict-dense-{name}")
        field = box.get_by_role("textbox")
        field.fill("many")
        field.press("Enter")
        assert "Write numbers" in box.get_by_role("status").inner_text()
        assert answer(page)[1] == [False, False]
        field.fill(guess)
        if name == "local":
            box.get_by_role("button", name="Commit").press("Enter")
        else:
            field.press("Enter")
        assert field.is_disabled()
    for again in range(2):
        cell, unfolded = answer(page)
        assert unfolded == [True, True]
        assert "You said 600; 1 000." in cell.inner_text()
        assert f"2 of {ALL} committed" in page.locator(".bd-sidebar-primary").inner_text()
        record = page.locator("#record-01").inner_text()
        assert f"2 of {ALL} predictions: 1 near, 1 far." in record
        assert "You said 600; it is 400." in record
        if not again:
            page.reload()
            page.locator("#predict-dense-local output:not(:empty)").wait_for()


def test_every_kind_of_prediction_is_committed_with_keys_alone_and_read_by_everybody(visit):
    page = visit("lectures/02_convolution.html", PHONE)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    curve, choice = page.locator("#predict-gallery-angle"), page.locator("#predict-gallery-most")
    for value, field in zip((90, 70, 50, 0), curve.get_by_role("textbox").all(), strict=True):
        field.focus()
        page.keyboard.type(str(value))
    assert len(curve.locator("polyline").get_attribute("points").split()) == 4
    page.keyboard.press("Enter")
    assert "You said 90, 70, 50, 0 %." in curve.get_by_role("status").inner_text()
    assert "You said 90, 70, 50, 0 %" in page.locator("#record-02").inner_text()
    choice.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert "You said" in choice.get_by_role("status").inner_text()
    assert page.evaluate(WIDER) <= 0
    assert violations(page, within=".predict") == []


def test_a_reader_may_unfold_by_hand_and_a_forbidden_storage_only_forgets(page, site):
    """From a file, without a server."""
    forbidden = "get() { throw new DOMException('forbidden', 'SecurityError'); }"
    page.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ {forbidden} }})")
    page.goto((site / LESSON).as_uri())
    by_hand = page.locator(".cell:has-text('numbers-table') details.hide")
    by_hand.locator("summary").press("Enter")
    assert by_hand.get_attribute("open") is not None
    box = page.locator("#predict-numbers-dark")
    box.get_by_role("radio", name="in her hair").check()
    box.get_by_role("button", name="Commit").click()
    said = box.get_by_role("status").inner_text()
    assert said.startswith("You said in her hair. This browser keeps nothing")
    assert f"1 of {ALL} predictions" in page.locator("#record-01").inner_text()


def test_without_a_script_everything_can_be_read(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / LESSON).as_uri())
    assert page.get_by_text(quiz.predictions()["dense-local"].text).is_visible()
    assert page.get_by_text("Locality saves a factor of 400").is_visible()
    assert page.get_by_role("button", name="Commit").count() == 0
    fold = page.locator(".cell:has-text('local saves a factor of') details.hide").first
    fold.locator("summary").click()
    assert fold.locator("img").is_visible()
    page.goto((site / "lectures/02_convolution.html").as_uri())
    for description in ("A kernel at one output position", "A photo, and beside it what a kernel"):
        assert page.get_by_role("img", name=description).is_visible()
    context.close()


def test_a_hint_unfolds_with_the_keyboard(visit):
    hint = visit("lectures/03_output_size.html").locator("article details").first
    assert hint.get_attribute("open") is None
    hint.locator("summary").first.press("Enter")
    assert hint.get_attribute("open") is not None


@pytest.mark.parametrize("how", ["server", "file"])
def test_the_laboratory_of_a_lecture_starts(visit, address, site, how):
    base = {"server": address, "file": f"{site.as_uri()}/"}[how]
    page = visit("lectures/02_convolution.html", base=base)
    window = page.locator(".laboratory:has-text('One window at a time')")
    window.get_by_role("button", name="step").click()
    assert "Output position [1, 2]" in window.get_by_role("status").inner_text()
    assert page.locator(".laboratory .lab").count() == 2  # the photo's too
    assert window.locator("img.still").is_hidden()
    # Side by side: no style of the website's reaches the rows of a laboratory.
    places = [window.get_by_role("grid", name=n).bounding_box() for n in ("window", "kernel")]
    assert places[1]["x"] > places[0]["x"] + places[0]["width"]
    size = "b => b.laboratory.arrays().output.length"
    before = window.evaluate(size)
    window.get_by_role("slider", name="padding").press("ArrowRight")
    assert window.evaluate(size) == before + 2
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    card = "getComputedStyle(document.querySelector('.lab')).backgroundColor"
    assert page.evaluate(card) == "rgb(26, 30, 37)"


def test_a_folded_laboratory_can_be_used_once_it_is_unfolded(visit):
    page = visit("lectures/05_backpropagation.html")
    box = page.locator("#predict-touched-letters")
    laboratory = page.locator(".laboratory").first
    assert laboratory.is_hidden()
    box.get_by_role("radio", name="d c / b a").check()
    box.get_by_role("button", name="Commit").click()
    laboratory.get_by_role("grid", name="input").wait_for()
    assert laboratory.get_by_role("grid", name="input").bounding_box()["width"] > 100


def test_search_finds_the_lecture(visit):
    page = visit("index.html")
    page.keyboard.press("Control+K")
    page.keyboard.type("dilation")
    page.keyboard.press("Enter")
    results = page.locator("#search-results a[href*='03_output_size']")
    results.first.wait_for()
    page.goto(f"{page.url.split('?')[0]}?q=nosuchword")
    page.get_by_text("did not match any documents").wait_for()


def test_dark_mode_keeps_pictures_on_white_and_stays(visit):
    page = visit("lectures/01_images_as_arrays.html")
    page.get_by_role("button", name="Color mode").press("Enter")
    page.get_by_role("button", name="Dark", exact=True).press("Enter")
    theme = "document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "dark"
    shown = "getComputedStyle(document.querySelector('.cell_output img'))"
    assert page.evaluate(f"{shown}.backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate(f"{shown}.filter") == "none"
    page.reload()
    assert page.evaluate(theme) == "dark"


def test_previous_and_next_walk_through_the_lectures(visit):
    page = visit("lectures/03_output_size.html")
    page.locator("a.right-next").click()
    assert page.url.endswith("lectures/04_layers_of_a_convnet.html")
    page.locator("a.left-prev").click()
    assert page.url.endswith("lectures/03_output_size.html")


class Read(HTMLParser):
    """What a page holds: its places, its links and its text."""

    def __init__(self, path):
        super().__init__()
        self.places, self.links, self.text = set(), [], []
        self.feed(path.read_text())
        self.close()

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            self.places.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])

    def handle_data(self, data):
        self.text.append(data)


read = functools.cache(Read)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_s_page_says_how_long_and_where_to_run_it(site, path):
    name = path.relative_to(ROOT)
    page = site / name.with_suffix(".html")
    (part,) = re.findall('<ul class="run">.*?</ul>', page.read_text(), re.DOTALL)
    how = BeautifulSoup(part, "html.parser")
    assert re.match(r"About \w+.* (minutes|hours)$", how.li.text)
    *_, last = how.select("li")
    ran = str(name).replace("assignments/", "solutions/")
    when = subprocess.run(["git", "log", "-1", "--format=%cs", "--", ran], cwd=ROOT,
                          capture_output=True, text=True).stdout.strip()  # fmt: skip
    assert last.text.startswith(
        f"Last run on {when} with PyTorch " if when else "Run with PyTorch "
    )
    pins = dict(re.findall(r"^(\w+)==(.*)$", (ROOT / "requirements.lock").read_text(), re.M))
    assert last.text.endswith(f"torchvision {pins['torchvision']}, NumPy {pins['numpy']}")
    download, colab, binder = (link["href"] for link in how.select("a"))
    assert (page.parent / download).read_bytes() == path.read_bytes()
    place = "someone/convnet-course"
    assert colab == f"https://colab.research.google.com/github/{place}/blob/main/{name}"
    assert binder == f"https://mybinder.org/v2/gh/{place}/main?urlpath=lab/tree/{name}"


def test_a_click_downloads_the_notebook(visit):
    page = visit("lectures/03_output_size.html")
    with page.expect_download() as waited:
        page.get_by_role("link", name="Download the notebook").click()
    assert waited.value.suggested_filename == "03_output_size.ipynb"


def test_every_link_inside_leads_somewhere(site):
    for page in map(site.joinpath, PAGES):
        for link in read(page).links:
            target, place = urldefrag(link)
            if re.match(r"\w+:", target):
                continue
            found = (page.parent / unquote(target)).resolve() if target else page
            assert found.is_file(), (page.name, link)
            assert not place or unquote(place) in read(found).places, (page.name, link)


def test_each_module_of_the_package_is_documented(site):
    text = "".join((site / page).read_text() for page in PAGES if "docs/api/" in page)
    package = ROOT / "course_utils"
    for path in package.rglob("*.py"):
        if re.search(r"^(class|def) [A-Za-z]", path.read_text(), re.MULTILINE):
            parts = path.relative_to(ROOT).with_suffix("").parts
            names = [".".join(parts[:n]) for n in range(2, len(parts) + 1)]
            assert any(f'id="module-{name}"' in text for name in names), path


def secrets() -> set[str]:
    """Lines of solutions and hidden tests that no notebook of the site holds."""
    told = {line.strip() for path in NOTEBOOKS for line in _source(path).splitlines()}
    inside = re.compile(r"### BEGIN (SOLUTION|HIDDEN TESTS)(.*?)### END \1", re.DOTALL)
    lines = {
        line.strip()
        for path in ROOT.glob("solutions/*/*.ipynb")
        for _, block in inside.findall(_source(path))
        for line in block.splitlines()
    }
    return {line for line in lines - told if len(line) >= 30}


def _source(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def test_no_page_holds_a_solution_or_a_hidden_test(site):
    hidden = secrets()
    assert len(hidden) > 100
    for path in site.rglob("*"):
        if path.suffix == ".html":
            text = "".join(read(path).text)
        elif path.suffix == ".ipynb":
            text = _source(path)
        elif path.is_file() and path.suffix in (".js", ".md", ".rst", ".txt", ".py"):
            text = path.read_text()
        else:
            continue
        lines = {line.strip() for line in text.splitlines()}
        assert not hidden & lines, path
