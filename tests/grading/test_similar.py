"""The pairs of a class whose code is alike: what hides a copy and what does not, and the page."""

import csv
import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell
from typer.testing import CliRunner

from course_utils.course import cli
from course_utils.errors import CourseError
from course_utils.grading import alike, similar
from course_utils.repository import ROOT
from grading import target
from grading.classes import NAME, hand_in

SCALE = '''def scale(x, factor):
    """An array (N,) of float64, each value times factor."""
    out = []
    for value in x:
        if value > 0:
            out.append(factor * value)  # the usual case
        else:
            out.append(-abs(value) * factor)
    return np.array(out, dtype=float)'''
COUNT = '''def count(n):
    """The sum of the first n whole numbers, an int."""
    total, step = 0, 1
    while step <= n:
        total += step
        step += 1
    return int(total)'''
RENAMED = """# All of this is mine.
def scale(array, k):
    result = []


    for each in array:  # one by one
        if each>0:
            result.append(k * each)
        else:
            result.append(-abs(each) * k)
    return np.array(result, dtype=float)"""
OTHER = """def scale(x, factor):
    größe = np.multiply(np.asarray(x), factor)
    assert größe.shape == np.shape(x), "naïve"
    return größe.copy()"""
TAKEN = {"scale": SCALE, "count": COUNT}


def _released():
    nb = target.master()
    for cell in nb.cells:
        cell.source = re.sub(r"### BEGIN SOLUTION.*### END SOLUTION", "raise NotImplementedError()",
                             cell.source, flags=re.DOTALL)  # fmt: skip
        cell.source = cell.source.partition("### BEGIN HIDDEN")[0].strip()
    return nb


def _work(**cells):
    nb = _released()
    for cell in nb.cells:
        cell.source = cells.get(cell.id, cell.source)
    return nb


def _course(folder, submissions):
    folder.mkdir(exist_ok=True)
    (folder / "nbgrader_config.py").write_text((ROOT / "nbgrader_config.py").read_text())
    for step, nb in (("solutions", target.master()), ("assignments", _released())):
        path = folder / step / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(nb))
    for student, submission in submissions.items():
        hand_in(folder, student, submission)
    return folder


def _page(course, **about):
    path, said = similar.write(NAME, course, **about)
    page = path.read_text()
    return BeautifulSoup(page, "html.parser"), said


def _similarity(a, b):
    (pair,) = alike.compare([alike.prints(a), alike.prints(b)], [1, 1], 9).pairs
    return pair.similarity


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    moved = _work(scale="# The helper stands below.", count=COUNT)
    moved.cells.append(new_code_cell(RENAMED, id="own"))
    return _course(tmp_path_factory.mktemp("similar"), {
        "ada": _work(**TAKEN), "ben": moved, "=1+1": _work(scale=OTHER),
        "cleo": _work(count=target.RIGHT["count"] + "\n# " + "x" * 99, model=target.MODEL),
        "dan": _work(), "eve": b"{", "flo": _work(**TAKEN, answers="corners = 3"),
    })  # fmt: skip


@pytest.fixture(scope="module")
def written(course):
    return _page(course)


class TestCode:
    @pytest.mark.parametrize("other", [RENAMED, SCALE.replace("\n", "\r\n"), f"\ufeff\n\n{SCALE}"])
    def test_names_comments_and_spaces_hide_nothing(self, other):
        other = other.replace("array, k):", 'array, k):\n    """Text."""')
        assert _similarity([SCALE], [other]) == 1

    def test_nor_does_the_order_of_functions(self):
        assert _similarity([f"{SCALE}\n\n\n{COUNT}"], [COUNT, SCALE]) > 0.6  # but for the seam
        assert _similarity([SCALE], [OTHER]) == 0

    def test_what_many_have_counts_less_than_what_two_have(self):
        shared = [np.arange(100) + 10**4 * i for i in range(6)]
        codes = [np.unique(np.concatenate([some, np.arange(50)])) for some in shared]
        codes[0] = np.union1d(codes[0], codes[1][-50:])
        compared = alike.compare(codes, [1] * 6, 3)
        best, *others = compared.pairs
        assert (best.first, best.second, best.alone) == (0, 1, 50)
        assert best.similarity > 3 * others[0].similarity > 0

    def test_all_pairs_are_those_of_the_formula(self, monkeypatch):
        """In blocks, some columns sparse and some full, with groups of equal submissions."""
        monkeypatch.setattr(alike, "BLOCK", 3)
        monkeypatch.setattr(alike, "COMMON", 0.3)
        rng = np.random.default_rng(4)
        codes = [np.flatnonzero(rng.random(60) < 0.2) for _ in range(8)]
        sizes = [1, 2, 1, 3, 1, 1, 1, 1]
        have = sum(np.bincount(c, minlength=60) * m for c, m in zip(codes, sizes, strict=True))
        weight = np.log(12 / np.maximum(have, 1))
        compared = alike.compare(codes, sizes, 28)
        for pair in compared.pairs:
            a, b = codes[pair.first], codes[pair.second]
            dice = 2 * weight[np.intersect1d(a, b)].sum() / (weight[a].sum() + weight[b].sum())
            assert pair.similarity == pytest.approx(dice, abs=1e-4)
        assert len(compared.pairs) == 28
        assert compared.counts.sum() == 11 * 10 / 2
        assert compared.counts[-1] == 1 + 3
        kept = alike.compare(codes, sizes, 2).pairs
        assert [p.similarity for p in kept[:2]] == [p.similarity for p in compared.pairs[:2]]

    @pytest.mark.parametrize("source", ["", "x", "def f(:\n  '''", "!ls\n%time f(", "ä\x00\ud7ff"])
    def test_what_is_no_python_is_compared_all_the_same(self, source):
        assert len(alike.prints([source])) == 0
        assert "".join(text for _, text in alike.marked(source, [])) == alike.plain(source)

    def test_what_is_marked_is_what_the_other_has(self):
        source = f"{COUNT}\n\n\nclass Longer(object):\n    size = 1  # one\n\n\n{SCALE}\n"
        pieces = [*alike.marked(source, [alike.prints([COUNT]), alike.prints([SCALE])])]
        assert "".join(text for _, text in pieces) == source
        assert "".join(text for kind, text in pieces if kind == 1) == COUNT
        assert "".join(text for kind, text in pieces if kind == 2) == SCALE


class TestPage:
    def test_a_copy_is_found_and_who_is_not_compared_is_told_why(self, written):
        soup, said = written
        assert said == "5 of 7 submissions have code of their own to compare: 10 pairs."
        rows = [[td.text for td in tr.find_all("td")] for tr in soup.find_all("table")[1]("tr")[1:]]
        assert rows[0][1:3] == ["ada", "flo"]
        assert rows[0][3] == "1.00"
        assert {rows[1][1], rows[1][2]} == {"ada, flo", "ben"}
        assert float(rows[1][3]) > 0.7
        assert float(rows[2][3]) < 0.1
        left = {li.strong.text: li.text for li in soup.find_all("li") if li.strong}
        assert "too little code of its own" in left["dan"]
        assert "not a notebook" in left["eve"]

    def test_the_places_stand_side_by_side(self, written):
        pair = written[0].find(id="pair-2")
        marked = [mark.text for mark in pair.find_all("mark")]
        assert any("out.append(-abs(value) * factor)" in text for text in marked)
        assert any("result.append(-abs(each) * k)" in text for text in marked)
        equal = [mark.text for mark in written[0].find(id="pair-1").find_all("mark")]
        assert any("the usual case" in text for text in equal)
        assert not any("times factor" in text for text in equal)  # the docstring was given
        assert "added cell 1, " in "".join(h.text for h in pair.find_all("h3"))

    def test_the_page_says_what_it_proves_and_how_usual_it_is(self, written):
        text = written[0].text
        assert "There is no value that is guilt." in text
        assert "99 %" in text
        assert written[0].img["alt"].startswith("Histogram of the similarity of 10 pairs")
        assert not re.search(r"(src|href)=\"(?!data:|#|pairs)", str(written[0]))

    def test_the_table_holds_all_pairs_and_no_formula(self, course, written):
        with open(course / "gradebook/similar" / NAME / "pairs.csv", newline="") as file:
            rows = [*csv.reader(file)]
        assert len(rows) == 1 + 10
        assert rows[1][:3] == ["ada", "flo", "1.0"]
        assert 0 < int(rows[1][3]) < int(rows[2][3])  # ben has all but the seam to the docstring
        assert {cell for row in rows for cell in row if "1+1" in cell} == {"'=1+1"}

    def test_a_class_of_one_or_of_blank_notebooks_has_no_pairs(self, tmp_path):
        course = _course(tmp_path / "one", {"ada": _work(**TAKEN)})
        assert "There is nothing to compare" in _page(course)[1]
        course = _course(tmp_path / "blank", {"ada": _work(), "<b>ben": _work()})
        soup, said = _page(course)
        assert "0 of 2 submissions" in said
        assert soup.find("b") is None

    def test_the_command_says_where_it_is(self, tmp_path, monkeypatch):
        monkeypatch.chdir(_course(tmp_path / "course", {s: _work(**TAKEN) for s in "ab"}))
        done = CliRunner().invoke(cli.app, ["similar", NAME, "--pairs", "1"])
        assert "compare: 1 pair." in done.output, done.output
        assert "index.html" in done.output

    def test_more_code_than_is_read_is_told(self, tmp_path, monkeypatch):
        monkeypatch.setattr(similar, "MOST_CODE", 300)
        soup, _ = _page(_course(tmp_path / "course", {s: _work(**TAKEN) for s in "ab"}))
        assert "only the first 300 characters" in soup.text


class TestRefused:
    def test_nobody_handed_in_or_nothing_is_known(self, tmp_path):
        course = _course(tmp_path / "course", {})
        with pytest.raises(CourseError, match="There are no submissions"):
            similar.write(NAME, course)
        with pytest.raises(CourseError, match="no assignment 'a9'"):
            similar.write("a9", course)

    def test_without_the_released_notebook_it_would_count(self, tmp_path):
        course = _course(tmp_path / "course", {"ada": _work()})
        (course / "assignments" / NAME / f"{NAME}.ipynb").unlink()
        with pytest.raises(CourseError, match=f"course release {NAME}"):
            similar.write(NAME, course)

    def test_a_folder_that_git_sees(self, course):
        with pytest.raises(CourseError, match="git sees"):
            similar.write(NAME, course, into=ROOT / "docs")
