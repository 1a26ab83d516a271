"""The laboratory in a notebook: run, stored, built into a website, and open in JupyterLab."""

import functools
import http.server
import os
import subprocess
import sys
import threading

import nbformat
import pytest
from nbclient import NotebookClient
from playwright.sync_api import expect
from website.building import build

from browser.lab import Lab
from browser.servers import person, serving
from course_utils import laboratory
from course_utils.course import notebooks
from course_utils.repository import LANGUAGE, ROOT

pytestmark = pytest.mark.timeout(600)

NAME = "lectures/01_small.ipynb"
TITLE = "# One window\n\nAbout 20 minutes on a CPU."
CELLS = {
    "imports": "from course_utils import laboratory\n\nx = [[1, 2, 0], [3, 1, 2]]",
    "window": "laboratory.show('window', input=x, kernel=[[1, -1], [0, 2]])",
    "backward": "laboratory.show('backward', input=x, kernel=[[1, 2]], dout=[[1, 1], [2, 0]])",
    "tied": "tied = laboratory.link('window', input=x, kernel=[[1, -1]])\ntied",
    "read": "print(tied.read('kernel').tolist())",
    "write": "tied.write(kernel=[[0, 4]], stride=2)",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of one lecture, run from the top and stored."""
    root = tmp_path_factory.mktemp("course")
    (root / "lectures").mkdir()
    (root / "index.md").write_text("# Course\n\n```{toctree}\n:glob:\n\nlectures/*\n```\n")
    cells = [nbformat.v4.new_markdown_cell(TITLE, id="title")]
    cells += [nbformat.v4.new_code_cell(source, id=id_) for id_, source in CELLS.items()]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=LANGUAGE)
    NotebookClient(notebook, timeout=200, kernel_name="python3").execute(env=os.environ.copy())
    notebooks.store(notebook, root / NAME)
    return root


def outputs(course):
    cells = nbformat.read(course / NAME, as_version=4).cells
    return {cell.id: cell.get("outputs", []) for cell in cells}


def test_a_notebook_holds_the_module_once_and_a_picture_for_each(course):
    pages = [outputs(course)[id_][0].data["text/html"] for id_ in ("window", "backward")]
    assert [laboratory.packed() in page for page in pages] == [True, False]
    for id_ in ("window", "backward", "tied"):
        (output,) = outputs(course)[id_]
        assert set(output.data) == {"text/html", "text/plain"}  # no live widget is stored
        assert "<img" in output.data["text/html"]


@pytest.fixture(scope="module")
def site(course, tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    built = build(course, out)
    assert built.returncode == 0, built.stderr
    return out


@pytest.fixture(params=["file", "server"])
def address(request, site):
    page = NAME.replace(".ipynb", ".html")
    if request.param == "file":
        yield (site / page).as_uri()
        return
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{page}"
        server.shutdown()


def test_a_page_of_the_website_is_alive(page, address):
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(address)
    expect(page.locator(".lab")).to_have_count(2)
    box = page.locator(".laboratory").first
    box.get_by_role("slider", name="padding").press("ArrowRight")
    assert box.evaluate("b => b.laboratory.arrays().output.length") == 3
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    card = "getComputedStyle(document.querySelector('.lab')).backgroundColor"
    assert page.evaluate(card) == "rgb(26, 30, 37)"
    assert wrong == []


@pytest.fixture(scope="module")
def desk(browser, course, tmp_path_factory):
    """JupyterLab in that course."""
    environment = person(ROOT, tmp_path_factory.mktemp("person") / "home", course)
    with serving(course, environment, "lab") as url:
        page = browser.new_page(viewport={"width": 1366, "height": 900})
        yield Lab(page, url, course), environment
        page.context.close()


def test_a_stored_notebook_shows_pictures_and_once_trusted_it_lives(desk):
    """No cell has been run. Whoever wrote it is unknown at first, so no script of it runs."""
    lab, environment = desk
    notebook = lab.open(NAME)
    picture = notebook.cell("window").get_by_role("img", name="A kernel at one output position")
    expect(picture).to_be_visible()
    expect(notebook.panel.locator(".lab")).to_have_count(0)
    subprocess.run(
        [sys.executable, "-m", "jupyter", "trust", lab.folder / NAME],
        env=environment,
        check=True,
        capture_output=True,
    )
    lab.page.reload()
    notebook = lab.notebook(NAME)
    expect(notebook.panel.locator(".lab")).to_have_count(2)
    expect(picture).to_be_hidden()
    box = notebook.cell("window").locator(".laboratory")
    box.get_by_role("slider", name="stride").press("ArrowRight")
    assert box.evaluate("b => b.laboratory.arrays().output[0].length") == 1


def test_python_reads_and_sets_what_is_shown(desk):
    lab, _ = desk
    notebook = lab.notebook(NAME)
    for id_ in ("imports", "window", "backward", "tied"):
        notebook.run(id_)
    expect(notebook.panel.locator(".lab")).to_have_count(3)
    box = notebook.cell("tied").locator(".lab")
    number = box.get_by_role("grid", name="kernel").locator(".cell").first
    number.click()
    lab.page.keyboard.type("7")
    lab.page.keyboard.press("Enter")
    expect(number).to_have_text("7")
    assert "[[7, -1]]" in notebook.run("read")
    notebook.run("write")
    expect(number).to_have_text("0")
    expect(box.get_by_role("slider", name="stride")).to_have_value("2")
    assert "[[0, 4]]" in notebook.run("read")
    expect(notebook.problems()).to_have_count(0)


def test_the_module_that_pages_hold_is_small(course):
    """What a notebook carries, and what a browser reads, once for all its laboratories."""
    assert len(laboratory.module().encode()) <= 60_000
    for word in ("</script", "<script", "<!--"):  # these would end its place on a page
        assert word not in laboratory.module()
