import re

import nbformat
import numpy as np
import pytest
import torch

from course_utils import laboratory, receptive_field
from course_utils.bowl import OPTIMISERS, Run
from course_utils.course import notebooks
from course_utils.laboratory.squeeze import squeezed
from course_utils.receptive_field import Step
from course_utils.repository import ROOT


@pytest.fixture
def shown(monkeypatch):
    """What cells publish in a fresh kernel."""
    sent = []
    monkeypatch.setattr(laboratory, "_shown", set())
    monkeypatch.setattr(laboratory, "publish_display_data", sent.append)
    return sent


def carries(output):
    return laboratory.PACKED in output["text/html"]


def test_the_first_cell_carries_the_module_and_so_does_one_that_is_run_again(shown, monkeypatch):
    cells = iter(["a", "b", "b", "a", "c"])
    monkeypatch.setattr(laboratory, "_cell", lambda: next(cells))
    for _ in range(5):
        laboratory.show("receptive", layers=[Step(3)])
    assert [carries(output) for output in shown] == [True, False, True, True, False]


def test_where_no_cell_is_told_only_the_first_carries_it(shown):
    for _ in range(3):
        laboratory.show("receptive", layers=[Step(3)])
    assert [carries(output) for output in shown] == [True, False, False]


def test_the_picture_comes_first_and_fits_into_what_grading_keeps_of_a_cell(shown):
    """A page that is cut after 20,000 characters still has its picture, and its description."""
    image = np.arange(49).reshape(7, 7) % 4
    laboratory.show("window", input=image, kernel=np.eye(3), alt='A "window" & its kernel, drawn')
    (output,) = shown
    picture = re.match('<div class="laboratory"><img [^>]*>', output["text/html"])[0]
    assert len(picture) < 20_000
    assert 'alt="A &quot;window&quot; &amp; its kernel, drawn"' in picture
    assert output["text/plain"] == 'A "window" & its kernel, drawn'


def test_arrays_tensors_layers_and_runs_become_plain_data():
    image = torch.eye(2, requires_grad=True)
    start = laboratory.state("window", input=image, kernels={"a": np.ones((1, 1), int)})
    assert start["input"] == [[1.0, 0.0], [0.0, 1.0]]
    assert start["kernel"] == [[1]]
    (layer,) = laboratory.state("receptive", layers=[Step(3, stride=2)])["layers"]
    assert layer == {"k": 3, "s": 2, "p": 0, "d": 1, "name": "CONV"}
    (run,) = laboratory.state("optimisers", runs=[Run("SGD", 0.1)])["runs"]
    assert run == {"optimiser": "SGD", "lr": 0.1, "momentum": 0.0}


def own(answer):
    def correlate2d(image, kernel):
        image[:] = 0  # the caller's numbers stay
        return answer() if callable(answer) else answer

    return correlate2d


def nothing_yet():
    raise NotImplementedError


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (nothing_yet, "correlate2d is not written yet"),
        (lambda: np.ones(2) + np.ones(3), "gave no array of numbers (ValueError)"),
        ("twelve", "gave no array of numbers (ValueError)"),
        (None, "returned nothing"),
        (7.0, "returned the shape (), which"),
        (np.ones((0, 3)), "returned the shape (0, 3), which"),
        (np.ones((2, 29)), "returned the shape (2, 29), which"),
        ([[np.nan]], "returned numbers that are not finite"),
    ],
)
def test_a_function_that_gives_nothing_to_compare_gets_a_sentence(shown, capsys, answer, sentence):
    image = np.eye(3)
    laboratory.show("window", input=image, kernel=[[1]], yours=own(answer))
    assert sentence in capsys.readouterr().out
    assert '"yours": ' not in shown[0]["text/html"]
    assert (image == np.eye(3)).all()


def test_what_a_function_gives_is_compared(shown, capsys):
    def correlate2d(image, kernel, stride):
        return torch.tensor(image + kernel)[::stride]

    starts = {"input": np.eye(3), "kernels": {"one": [[1]], "two": [[2]]}, "stride": 2}
    laboratory.show("window", yours=correlate2d, **starts)
    assert '"yours": [[2.0, 1.0, 1.0], [1.0, 1.0, 2.0]]' in shown[0]["text/html"]
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("mode", "start", "sentence"),
    [
        ("windmill", {}, "mode must be one of window, photo"),
        ("window", {"image": [[1]]}, "window takes .*; not image"),
        ("window", {"input": [[1]]}, "window needs kernel"),
        ("window", {"input": [[np.nan]], "kernel": [[1]]}, "input must hold finite numbers"),
        ("window", {"input": [[1j]], "kernel": [[1]]}, "numbers or texts, got complex"),
        ("window", {"input": [[1]], "kernels": {}}, "kernels must hold at least one"),
        ("photo", {"input": np.ones((300, 2))}, "at most 256 pixels a side"),
        ("photo", {"input": np.full((2, 2), 9)}, "values in 0 to 1"),
    ],
)
def test_a_start_that_cannot_be_drawn_is_refused(mode, start, sentence):
    with pytest.raises(ValueError, match=sentence):
        laboratory.state(mode, **start)


def test_a_description_says_something():
    with pytest.raises(ValueError, match="describe the picture"):
        laboratory.still(laboratory.state("receptive", layers=[Step(3)]), alt="cone")


def test_both_sides_know_the_same_version_modes_names_and_limits():
    source = (laboratory.FOLDER / "laboratory.js").read_text()
    assert f"export const VERSION = {laboratory.VERSION};" in source
    modes = re.search(r"MODES = \{ (.*?) \}", source)[1]
    assert [mode.split(":")[0] for mode in modes.split(", ")] == list(laboratory.MODES)
    names = re.search(r"OPTIMISERS = \[(.*?)\]", source)[1]
    assert re.findall(r'"(.*?)"', names) == list(OPTIMISERS)
    most = (receptive_field.MAX_LAYERS, receptive_field.MAX_ROW)
    assert "MAX_LAYERS = {}, MAX_ROW = {};".format(*most) in source
    assert f"small = (s, most = {laboratory.TABLE}) => " in source


def test_a_stored_lecture_holds_the_module_once_and_a_picture_for_each():
    """As every run of a notebook from the top stores it."""
    many = 0
    for path in ROOT.glob("lectures/*.ipynb"):
        cells = notebooks.read(path).cells
        outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
        shown = [data for data in outputs if 'class="laboratory"' in data.get("text/html", "")]
        assert [carries(data) for data in shown] == [i == 0 for i in range(len(shown))]
        for data in shown:
            assert set(data) == {"text/html", "text/plain"}
            assert "<img" in data["text/html"]
        many += len(shown) > 1
    assert many


def test_of_a_tied_laboratory_the_picture_is_stored_and_nothing_that_lives(tmp_path):
    tied = laboratory.link("window", input=[[1, 2, 0], [3, 1, 2]], kernel=[[1, -1]])
    data, _ = tied._repr_mimebundle_()
    assert notebooks.WIDGET in data
    cell = nbformat.v4.new_code_cell("tied", outputs=[nbformat.v4.new_output("display_data", data)])
    notebooks.store(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "tied.ipynb")
    (output,) = notebooks.read(tmp_path / "tied.ipynb").cells[0].outputs
    assert set(output.data) == {"text/html", "text/plain"}
    assert "<img" in output.data["text/html"]


def test_the_module_that_pages_hold_is_small():
    """What a notebook carries, and what a browser reads, once for all its laboratories."""
    assert len(laboratory.MODULE.encode()) <= 60_000
    for word in ("</script", "<script", "<!--"):  # these would end its place on a page
        assert word not in laboratory.MODULE


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("const a = 1; // one\nconst b = [2, 3,];\n", "const a=1,b=[2,3,];"),
        ("a + +b - -c", "a+ +b- -c"),
        ("`x  ${ f(`  ${ y }, z`) }  w`", "`x  ${f(`  ${y}, z`)}  w`"),
        ("f = (x) => { return { a: 1 }; };", "f=(x)=>{return{a:1}};"),
        ("g(/[/ ]  \"/.test(x) , '//  no')", "g(/[/ ]  \"/.test(x),'//  no')"),
        ("const a = () => { const b = 1; c(); }; const d = 2;", "const a=()=>{const b=1;c()},d=2;"),
        ("for (const x of y) z();\nconst w = 1;", "for(const x of y)z();const w=1;"),
    ],
)
def test_squeezing_keeps_what_means_something(source, expected):
    assert squeezed(source) == expected


def test_a_template_without_an_end_is_refused():
    with pytest.raises(ValueError, match="does not end"):
        squeezed("`abc")
