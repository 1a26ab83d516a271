"""JupyterLab's server with nbgrader's pages: formgrader, the assignment list, Validate."""

import json
import urllib.request

import nbformat
import pytest
from browser.servers import PATIENCE, TOKEN, serving
from bs4 import BeautifulSoup

from grading.hostile import MARKED, SCRIPTS
from grading.tiny import NAME, cell, environment, make_course, nbgrader

pytestmark = pytest.mark.usefixtures("sandboxed")


class Server:
    """A running server and the requests that the pages send to it."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url

    def get(self, path, data=None):
        body = None if data is None else json.dumps(data).encode()
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, body, headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def ask(self, path, data=None):
        return json.loads(self.get(path, data))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    make_course(folder)
    nbgrader(folder, "generate_assignment", NAME)
    nbgrader(folder, "release_assignment", NAME)
    nb = nbformat.read(folder / "assignments" / NAME / f"{NAME}.ipynb", as_version=4)
    cell(nb, "essay").source = MARKED
    cell(nb, "double").source = SCRIPTS
    path = folder / "gradebook" / "submitted" / "mallory" / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(nb, path)
    nbgrader(folder, "autograde", NAME)
    with serving(folder, environment(folder), "server") as url:
        yield Server(folder, url)


def test_formgrader_knows_the_assignment_and_the_submission(server):
    (assignment,) = server.ask("formgrader/api/assignments")
    assert (assignment["name"], assignment["max_score"]) == (NAME, 10)
    assert assignment["source_path"] == f"solutions/{NAME}"
    (submission,) = server.ask(f"formgrader/api/submissions/{NAME}")
    assert submission["student"] == "mallory"
    assert submission["needs_manual_grade"]
    assert "Manage Assignments" in server.get("formgrader")


def test_formgrader_generates_with_the_configuration_of_the_course(server):
    path = server.folder / "assignments" / NAME / f"{NAME}.ipynb"
    before = path.read_bytes()
    assert server.ask(f"formgrader/api/assignment/{NAME}/assign", {})["success"]
    assert path.read_bytes() == before


def test_formgrader_runs_nothing_that_a_student_wrote(server):
    (notebook,) = server.ask(f"formgrader/api/submitted_notebooks/{NAME}/{NAME}")
    page = server.get(f"formgrader/submissions/{notebook['id']}/")
    soup = BeautifulSoup(page, "html.parser")
    assert "kept too" in soup.get_text()
    for script in soup.find_all("script"):
        assert "evil()" not in script.get_text()
    for element in soup.find_all(True):
        assert "evil()" not in " ".join(str(value) for value in element.attrs.values())
    assert not soup.find_all(["iframe", "object", "form", "svg"])


def test_the_assignment_list_fetches_validates_and_submits(server):
    (released,) = server.ask("assignments?course_id=convnet")["value"]
    assert released["status"] == "released"

    where = {"course_id": "convnet", "assignment_id": NAME}
    (fetched,) = server.ask("assignments/fetch", where)["value"]
    path = f"convnet/{NAME}/{NAME}.ipynb"
    assert [notebook["path"] for notebook in fetched["notebooks"]] == [path]
    assert (server.folder / path).is_file()

    validated = server.ask("assignments/validate", {"path": path})
    assert validated["success"]
    assert len(validated["value"]["failed"]) == 3

    listed = server.ask("assignments/submit", where)["value"]
    assert [entry["status"] for entry in listed] == ["fetched", "submitted"]
