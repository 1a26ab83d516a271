"""Whatever was done to the cells, the master's stand where they belong and the student's run."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_utils.grading.rebuild import (
    MAX_BYTES,
    MAX_CELLS,
    Unreadable,
    hidden_lines,
    read,
    rebuild,
)
from grading import target
from grading.tiny import cell

CODE = ["imports", "scale", "check-scale", "check-cases", "count", "check-count", "model",
        "check-model", "answers", "check-answers"]  # fmt: skip


def rebuilt(nb):
    return rebuild(read(nbformat.writes(nb).encode()), target.master())


def names(steps, role=None):
    return [step.name for step in steps if step.name and role in (None, step.role)]


def text(steps, name):
    return next(step.cell.source for step in steps if step.name == name)


def test_an_untouched_order_is_kept_and_tests_are_the_masters():
    steps = rebuilt(target.submission())
    assert names(steps) == [*CODE, "essay"]
    assert text(steps, "scale") == target.WRONG["scale"]
    assert text(steps, "check-scale") == target.CHECK_SCALE
    assert [step.role for step in steps][:4] == ["student", "given", "student", "test"]


def test_only_sources_are_taken():
    nb = target.submission()
    for c in nb.cells:
        c.metadata |= {"tags": ["skip-execution"], "collapsed": True}
        c.metadata.get("nbgrader", {}).update(points=1000, grade=False, locked=False)
        if c.cell_type == "code":
            c.outputs = [nbformat.v4.new_output("stream", text="forged")]
    nb.metadata = {"kernelspec": {"name": "ir", "display_name": "R"}}
    for step in rebuilt(nb):
        assert set(step.cell.metadata) <= {"nbgrader"}
        assert not step.cell.get("outputs")
        assert step.cell.metadata.get("nbgrader", {}).get("points") in (
            None,
            *target.POINTS.values(),
        )


def _moved_test_up(nb):
    nb.cells.insert(1, nb.cells.pop(nb.cells.index(cell(nb, "check-count"))))


def _reversed(nb):
    nb.cells.reverse()


def _tests_deleted(nb):
    nb.cells = [c for c in nb.cells if not c.id.startswith("check")]


def _all_answers_in_the_first_cell(nb):
    cell(nb, "scale").source = "\n\n".join(target.WRONG[n] for n in ("scale", "count", "answers"))
    nb.cells = [c for c in nb.cells if c.id not in ("count", "answers")]


def _ids_and_metadata_lost(nb):
    for n, c in enumerate(nb.cells):
        c.id, c.metadata = f"cell-{n}", {}


def _ids_swapped(nb):
    scale, count = cell(nb, "scale"), cell(nb, "count")
    scale.metadata, count.metadata = count.metadata, scale.metadata
    scale.id, count.id = count.id, scale.id


def _test_edited_and_copied(nb):
    test = cell(nb, "check-scale")
    test.source = "assert True"
    nb.cells.append(nbformat.from_dict(test | {"id": "again"}))


def _everything_is_text(nb):
    nb.cells = [new_markdown_cell(c.source, id=c.id, metadata=c.metadata) for c in nb.cells]


def _answer_split(nb):
    scale = cell(nb, "scale")
    at = nb.cells.index(scale)
    nb.cells[at : at + 1] = [new_code_cell("helper = 2", id="one"), scale,
                             new_code_cell("scale = scale", id="two")]  # fmt: skip


@pytest.mark.parametrize(
    "spoil",
    [_moved_test_up, _reversed, _tests_deleted, _all_answers_in_the_first_cell,
     _ids_and_metadata_lost, _ids_swapped, _test_edited_and_copied, _everything_is_text,
     _answer_split],
)  # fmt: skip
def test_every_test_runs_once_after_the_answers_that_it_needs(spoil):
    nb = target.submission()
    spoil(nb)
    steps = rebuilt(nb)
    assert sorted(names(steps, "test")) == sorted(n for n in CODE if n.startswith("check"))
    assert names(steps).count("imports") == 1
    code = [s.cell.source if s.role == "student" else s.name for s in steps
            if s.cell.cell_type == "code"]  # fmt: skip
    for answer in ("scale", "count", "answers"):
        own = max(i for i, source in enumerate(code) if target.WRONG[answer] in source)
        assert own < code.index(f"check-{answer}")
    assert all(text(steps, n) == getattr(target, n.upper().replace("-", "_")) for n in CODE
               if n.startswith("check"))  # fmt: skip


def test_added_cells_run_where_they_stand():
    nb = target.submission()
    _answer_split(nb)
    code = [s.cell.source for s in rebuilt(nb) if s.cell.cell_type == "code"]
    at = code.index("helper = 2")
    assert code[at + 1] == target.WRONG["scale"]
    assert code[at + 2] == "scale = scale"


def test_imports_that_were_moved_down_come_first():
    nb = target.submission()
    nb.cells.append(nb.cells.pop(nb.cells.index(cell(nb, "imports"))))
    assert names(rebuilt(nb))[0] == "imports"


def test_a_missing_answer_is_an_empty_place():
    nb = target.submission()
    nb.cells = [c for c in nb.cells if c.id not in ("count", "essay")]
    steps = rebuilt(nb)
    assert text(steps, "count") == text(steps, "essay") == ""
    assert names(steps) == [*CODE, "essay"]


def test_the_last_copy_of_a_written_answer_is_marked():
    nb = target.submission()
    nb.cells.append(nbformat.from_dict(cell(nb, "essay") | {"id": "b", "source": "Better."}))
    steps = rebuilt(nb)
    assert names(steps).count("essay") == 1
    assert text(steps, "essay") == "Better."


def test_what_it_makes_is_a_valid_notebook_with_its_own_ids():
    nb = target.submission()
    for c in nb.cells:
        c.id = "same"
    steps = rebuild(read(json.dumps(nb).encode()), target.master())
    made = nbformat.v4.new_notebook(cells=[step.cell for step in steps])
    nbformat.validate(made)
    assert len({step.cell.id for step in steps}) == len(steps)


class TestFormats:
    def test_format_3_is_read(self):
        old = {
            "nbformat": 3,
            "nbformat_minor": 0,
            "metadata": {},
            "worksheets": [
                {
                    "cells": [
                        {"cell_type": "heading", "level": 1, "source": "T"},
                        {
                            "cell_type": "code",
                            "language": "python",
                            "input": ["count = 1\n", "x = 2"],
                            "metadata": {"nbgrader": {"grade_id": "count"}},
                        },
                    ]
                }
            ],
        }
        sources = read(json.dumps(old).encode())
        assert [s.is_code for s in sources] == [False, True]
        assert sources[1].text == "count = 1\nx = 2"
        assert sources[1].claims == ("count",)

    def test_a_newer_format_is_read_as_far_as_it_is_known(self):
        nb = nbformat.from_dict(target.submission() | {"nbformat": 5, "nbformat_minor": 1})
        assert len(read(json.dumps(nb).encode())) == len(nb.cells)

    def test_a_byte_order_mark_and_half_a_character_are_no_matter(self):
        nb = json.dumps({"cells": [{"cell_type": "code", "source": "x = '\ud800'"}]})
        (source,) = read(b"\xef\xbb\xbf" + nb.encode())
        source.text.encode()

    @pytest.mark.parametrize(
        "cells",
        [None, 7, [7, None, []], [{}], [{"source": 5, "metadata": 3, "id": []}],
         [{"cell_type": "code", "source": [1, "x"], "metadata": {"nbgrader": [1]}}]],
    )  # fmt: skip
    def test_nonsense_inside_is_left_out(self, cells):
        rebuild(read(json.dumps({"cells": cells}).encode()), target.master())

    def test_fifty_megabytes_of_outputs_are_no_matter(self):
        nb = target.submission()
        cell(nb, "scale").outputs = [nbformat.v4.new_output("stream", text="x" * 50_000_000)]
        assert names(rebuilt(nb)) == [*CODE, "essay"]

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", "not a notebook"),
            (b'{"cells": [', "not a notebook"),
            (b"\x89PNG\r\n\x1a\n\x00\xff", "not text"),
            (b"[" * 100_000, "not a notebook"),
            (b"{}", "no cells"),
            (b"[]", "no cells"),
            (b" " * (MAX_BYTES + 1), "too large"),
            (json.dumps({"cells": [{"source": "x"}] * (MAX_CELLS + 1)}).encode(), "too much"),
            (json.dumps({"cells": [{"source": "x" * 3_000_000}]}).encode(), "too much"),
        ],
        ids=["empty", "torn", "picture", "deep", "no cells", "list", "huge", "cells", "text"],
    )
    def test_what_is_none_says_why(self, data, why):
        with pytest.raises(Unreadable, match=why):
            read(data)


def test_hidden_lines_are_those_between_the_marks():
    assert hidden_lines(target.CHECK_COUNT) == {2, 3, 4, 5}
    assert hidden_lines("assert True") == set()
