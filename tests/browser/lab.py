"""JupyterLab as a person uses it: menus, file browser, cells, nbgrader's pages.

Only what is on the screen is used: roles, names and the attributes that JupyterLab and nbgrader
give to their own elements. Cells are found by the ids that the notebook's file has.
"""

import re
from pathlib import Path

import nbformat
from playwright.sync_api import FrameLocator, Locator, Page, expect

from browser.servers import TOKEN

SOON = 60_000  # milliseconds for what a click shows, on a busy machine
LATER = 240_000  # and for what runs a notebook
OUTSIDE = re.compile(r"^https?://(?!127\.0\.0\.1)")
PROBLEMS = ("application/vnd.jupyter.error", "application/vnd.jupyter.stderr")


class Lab:
    """JupyterLab at somebody's desk, without a network.

    Attributes
    ----------
    page, folder
        The browser's page, and the copy of the course.
    """

    def __init__(self, page: Page, url: str, folder: Path):
        self.page, self.folder = page, folder
        page.set_default_timeout(SOON)
        expect.set_options(timeout=SOON)
        page.route(OUTSIDE, lambda route: route.abort())
        self._files = page.get_by_role("region", name="File Browser Section")
        page.goto(f"{url}lab?token={TOKEN}")
        page.get_by_role("menubar").wait_for()

    def menu(self, *names: str) -> None:
        """Click from a menu to an entry."""
        for name in names:
            self.page.get_by_role("menuitem", name=name, exact=True).click()

    def open(self, path: str) -> "Notebook":
        """Click through the file browser from the course's folder to a notebook."""
        self.page.get_by_role("region", name="File Browser Section").locator(
            "[data-path='/']"
        ).click()
        for name in path.split("/"):
            self.file(name).dblclick()
        return self.notebook(path)

    def file(self, name: str) -> Locator:
        """A file or folder where the file browser is."""
        return self._files.get_by_title(re.compile(rf"^Name: {re.escape(name)}\n"))

    def notebook(self, path: str) -> "Notebook":
        """The notebook that has just been opened, its kernel ready."""
        return Notebook(self.page, self.folder / path)

    def assignments(self) -> Locator:
        """nbgrader's Assignment List."""
        self.menu("Nbgrader", "Assignment List")
        return self.page.locator("#nbgrader-assignment-list")

    def formgrader(self) -> FrameLocator:
        """nbgrader's Formgrader, at its list of assignments."""
        self.menu("Nbgrader", "Formgrader")
        return self.page.locator("#formgrader").frame_locator("iframe")

    def validate(self) -> str:
        """Press *Validate* in the toolbar, and what it says."""
        self.page.get_by_role("button", name="Validate", exact=True).click()
        said = self.page.get_by_role("dialog").filter(has_text="Validation Results")
        said.wait_for(timeout=LATER)
        text = said.inner_text()
        said.get_by_role("button", name="Ok").click()
        said.wait_for(state="hidden")
        return text


class Notebook:
    """The notebook in front."""

    def __init__(self, page: Page, path: Path):
        self.page = page
        self.cells = nbformat.read(path, as_version=4).cells
        self._place = {cell.id: place for place, cell in enumerate(self.cells)}
        self.panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
        expect(self.panel.locator(".jp-Cell")).to_have_count(len(self.cells))
        idle = page.get_by_role("contentinfo").get_by_role("button", name="| Idle")
        idle.wait_for(timeout=LATER)

    def cell(self, id_: str) -> Locator:
        return self.panel.locator(f".jp-Cell[data-windowed-list-index='{self._place[id_]}']")

    def problems(self) -> Locator:
        """What is shown of errors, and on stderr."""
        return self.panel.locator(",".join(f"[data-mime-type='{mime}']" for mime in PROBLEMS))

    def write(self, id_: str, source: str) -> None:
        """Type over all that a cell holds."""
        self.cell(id_).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)

    def run(self, id_: str) -> str:
        """Run one cell, and what it says."""
        prompt = self.cell(id_).locator(".jp-InputArea-prompt")
        prompt.click()
        prompt.evaluate("e => (e.textContent = '')")  # the new number may be the stored one
        self.page.keyboard.press("Control+Enter")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=LATER)
        return "\n".join(self.cell(id_).locator(".jp-OutputArea-output").all_inner_texts())
