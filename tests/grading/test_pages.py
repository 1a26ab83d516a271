"""What is left of a student's text and outputs on a page; `test_attacks.py` tries whole pages."""

import pytest

from course_utils.grading.pages import clean_html


@pytest.mark.parametrize("tag", ["script", "STYLE", "iFrame", "svg", "noscript", "template"])
def test_a_silent_element_goes_with_its_text(tag):
    assert clean_html(f"<p>a</p><{tag} x='1'>alert(1)</{tag}><b>b</b>") == "<p>a</p><b>b</b>"


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "javascript:1", " Java\tScript:1", "vbscript:1", "data:,1"]
)
def test_a_link_that_acts_is_none(address):
    """What looks like a port after a host's name is none for a browser."""
    assert clean_html(f'<a href="{address}">a</a>') == "<a>a</a>"


def test_what_is_harmless_stays():
    text = '<p class="x">a <a href="https://pytorch.org">b</a> <em>c</em> 1 &lt; 2</p>'
    assert clean_html(text) == text
    assert clean_html('<p onclick="alert(1)">a</p><form>b</form>') == "<p>a</p>b"


@pytest.mark.parametrize(
    "address",
    ["https://elsewhere.org/a.png", "//elsewhere.org/a.png", "data:image/svg+xml;base64,"],
)
def test_a_picture_from_elsewhere_or_with_a_script_is_not_shown(address):
    assert clean_html(f'<img src="{address}" alt="a">') == '<img alt="a">'


def test_a_stored_picture_is_shown():
    text = '<img src="data:image/png;base64,iVBORw0K" alt="a">'
    assert clean_html(text) == text
