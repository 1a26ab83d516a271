"""A conclusion is judged by the student's own rates, whatever ours are."""

import pytest

from course_utils.checks.a4_inside import verdict
from course_utils.checks.engine import CheckFailed

NAMES = verdict.INSTRUMENTS


def rates(**by_row):
    """All rates 0.5, but those of rows such as `mean_trained_saliency`."""
    return {
        ending: {
            kind: [
                {n: by_row.get(f"{ending}_{kind}_{n}", [0.5] * 3)[start] for n in NAMES}
                for start in range(3)
            ]
            for kind in ("trained", "random")
        }
        for ending in ("mean", "maximum")
    }


def test_the_same_words_are_right_for_one_student_and_wrong_for_another(capsys):
    words = dict.fromkeys(verdict.CLAIMS, "open") | {"saliency_learned": "Higher."}
    mine = rates(mean_trained_saliency=[0.9, 0.92, 0.88])
    assert verdict.conclusions_points(mine, **words) == 4  # Grad-CAM is lower than saliency now
    assert "✗ cam_saliency: your three differences, -40 ± 5 points, which says 'lower'" in (
        capsys.readouterr().out
    )
    unsure = rates(mean_trained_saliency=[0.9, 0.5, 0.4])
    assert verdict.says(unsure, "saliency_learned")[0] == "open"
    assert verdict.conclusions_points(unsure, **words) == 4


def test_equal_rates_are_open_and_paired_ones_need_not_be():
    assert verdict.says(rates(), "cam_deconvnet") == ("open", "+0 ± 0 points")
    paired = rates(
        **{"mean_trained_Grad-CAM": [0.9, 0.6, 0.3], "mean_random_Grad-CAM": [0.8, 0.5, 0.2]}
    )
    assert verdict.says(paired, "cam_learned")[0] == "higher"


def test_networks_that_no_claim_compares_are_not_asked_for(capsys):
    compared = verdict.compared(rates())
    assert [*compared["mean"], *compared["maximum"]] == ["trained", "random", "trained"]
    words = dict.fromkeys(verdict.CLAIMS, "open")
    assert verdict.conclusions_points(compared, **words) == 5


def test_blank_conclusions_are_told_and_earn_nothing(capsys):
    blank = dict.fromkeys(verdict.CLAIMS)
    with pytest.raises(CheckFailed, match="none of cam_saliency"):
        verdict.answered(**blank)
    assert verdict.conclusions_points(rates(), **blank) == 0
    verdict.answered(**blank | {"cam_saliency": "open", "cam_learned": "maybe"})
    out = capsys.readouterr().out
    assert "cam_learned = 'maybe' cannot be a conclusion" in out
    assert "1 of 5 given; still open: cam_deconvnet" in out


def test_rates_earn_a_point_for_each_instrument(capsys):
    mine = rates(**{"maximum_random_Grad-CAM": [0.5, 0.5, 0.4]})
    assert verdict.rates_points(mine, rates()) == 3
    assert "✗ hit_rates: Grad-CAM is 0.10 away" in capsys.readouterr().out
    assert verdict.rates_points(rates(), rates()) == 5


@pytest.mark.parametrize("given", [None, {}, dict.fromkeys(NAMES, 2.0), dict.fromkeys(NAMES, True)])
def test_rates_that_are_none_are_told(given):
    with pytest.raises(CheckFailed, match="hit_rates"):
        verdict.all_rates(lambda net: given, {"mean": {"trained": [None]}})
