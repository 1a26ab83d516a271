"""The examiner's view of the candidate: cells, questions, things that stay there, and their end."""

import threading
import time

import numpy as np
import pytest
import torch

from course_utils.checks.engine import Check
from course_utils.checks.layers import layer
from course_utils.checks.outcome import Look, call
from course_utils.grading.kernel import Ended, Unanswered
from course_utils.grading.remote import Remote
from course_utils.grading.student_errors import CandidateError
from grading.conftest import PATIENT, QUICK

PLAIN = Look()
Mine = type("Mine", (), {"__module__": "__examiner__"})
CODE = """
import numpy as np

def add(x, y=1):
    return x + y

def total(x):
    return float(x.sum())

def overwrite(x):
    x[...] = 7
    return x

def fail(x):
    if x:
        raise OwnError(f"got {x}")

class OwnError(KeyError):
    pass

class Model:
    def __init__(self, weights):
        self.weights, self.training = weights, True
    def __call__(self, x):
        return self.weights * x
    def __eq__(self, other):
        return True
    def __len__(self):
        return 2
    def __getitem__(self, key):
        return self.layers()[key]
    def layers(self):
        return [Model(self.weights + 1), Model(self.weights + 2)]
    def parameters(self):
        yield self.weights
        yield self.weights * 2
    def eval(self):
        self.training = False
        return self

def numeric_gradient(f, x):
    gradient, step = np.zeros_like(x), 1e-5
    for i in range(x.size):
        ahead, behind = x.copy(), x.copy()
        ahead.flat[i] += step
        behind.flat[i] -= step
        gradient.flat[i] = (f(ahead) - f(behind)) / (2 * step)
    return gradient

def weights_of(model):
    return model.weights

seen = []

def grows(x):
    seen.append(x)
    return seen

def leaves(now):
    if now:
        raise SystemExit(3)
    return "here"

def zeros(n):
    return bytes(n)

def nested(depth):
    return [nested(depth - 1)] if depth else []

def waits(endless):
    while endless:
        pass

def endless():
    while True:
        pass

def catches(f):
    try:
        f(0)
    except ZeroDivisionError as error:
        return f"caught {error}"

stored = (3, {"a": np.arange(3)})
"""


@pytest.fixture(scope="module", autouse=True)
def defined(candidate):
    assert candidate.run(CODE) == []


@pytest.fixture
def ask(candidate):
    with candidate.questions():
        yield candidate.named


class TestCells:
    def test_outputs_are_those_of_a_notebook(self, candidate):
        outputs = candidate.run("print('told')\ndisplay('shown')\n40 + 2")
        assert [o.output_type for o in outputs] == ["stream", "display_data", "display_data"]
        assert outputs[0].text == "told\n"
        assert outputs[2].data["text/plain"] == "42"

    def test_an_error_is_an_output_and_the_next_cell_runs(self, candidate):
        (output,) = candidate.run("1 / 0")
        assert output.ename == "ZeroDivisionError"
        assert candidate.run("print(1)")[0].text == "1\n"

    def test_magics_await_and_pictures_work(self, candidate):
        assert candidate.run("%matplotlib inline\nimport asyncio\nawait asyncio.sleep(0)") == []
        outputs = candidate.run("import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])")
        assert "image/png" in outputs[-1].data

    def test_nobody_can_be_asked_for_input(self, candidate):
        assert candidate.run("input()")[-1].ename == "StdinNotImplementedError"

    def test_text_is_cut_and_said_to_be(self, candidate):
        (output,) = candidate.run("print('x' * 100_000)")
        assert len(output.text) < 30_000
        assert "cut here" in output.text

    def test_a_long_cell_is_interrupted(self, fresh):
        candidate = fresh()
        outputs = candidate.run("kept = 5\nwhile True: pass")
        assert outputs[-1].evalue == f"it ran for more than {QUICK.cell_seconds} s"
        with candidate.questions():
            assert candidate.named("kept") == 5

    @pytest.mark.parametrize(
        ("cell", "why"),
        [
            ("import os; os._exit(1)", "ended"),
            ("import ctypes; ctypes.string_at(0)", "ended"),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended"),
            (
                "import time\nwhile True:\n  try: time.sleep(1)\n  except BaseException: pass",
                "stopped",
            ),
        ],
    )
    def test_a_kernel_that_is_lost_says_why(self, fresh, cell, why):
        candidate = fresh()
        with pytest.raises(Ended, match=why):
            candidate.run(f"print('before', flush=True)\n{cell}")
        assert candidate.sandbox.ended

    def test_the_checks_are_silent_inside(self, candidate):
        cell = "from course_utils.checks import a1_convolution as checks\nchecks.check_pad2d(add)"
        (output,) = candidate.run(cell)
        assert "the examiner runs the checks" in output.text


class TestQuestions:
    def test_data_is_the_value_itself(self, ask):
        number, inside = ask("stored")
        assert number == 3
        np.testing.assert_array_equal(inside["a"], [0, 1, 2])

    def test_a_function_is_called_over_there(self, ask):
        add = ask("add")
        assert isinstance(add, Remote)
        np.testing.assert_array_equal(add(np.ones(3), y=2), [3, 3, 3])

    def test_a_name_that_is_missing_is_named(self, ask):
        with pytest.raises(NameError, match="`nothing` is not defined"):
            ask("nothing")

    def test_an_error_keeps_type_text_and_line(self, ask):
        with pytest.raises(KeyError) as caught:
            ask("fail")(3)
        assert isinstance(caught.value, CandidateError)
        assert type(caught.value).__name__ == "OwnError"
        assert str(caught.value) == "'got 3'"
        assert caught.value.own_line.endswith('raise OwnError(f"got {x}")')

    def test_an_error_inside_a_library_quotes_no_line_that_is_not_theirs(self, candidate):
        candidate.run("import json\nread = json.loads")
        with candidate.questions():
            outcome = call(candidate.named("read"), ("{",), {})
        assert outcome.error.startswith("it raised JSONDecodeError")
        assert outcome.where == ""

    @pytest.mark.parametrize("name", ["StopIteration", "StopAsyncIteration"])
    def test_an_error_ends_no_loop_of_the_tests(self, candidate, name):
        candidate.run(f"def stop(n): raise {name}")
        with candidate.questions():
            stop = candidate.named("stop")
            with pytest.raises(CandidateError):
                list(map(stop, [1, 2]))

    def test_a_group_of_errors_is_an_error(self, candidate):
        candidate.run("def group(): raise ExceptionGroup('two', [ValueError(1)])")
        with candidate.questions(), pytest.raises(CandidateError, match="two"):
            candidate.named("group")()

    def test_a_check_sees_the_same_outcome_as_at_home(self, ask):
        outcome = call(ask("fail"), (True,), {})
        assert (outcome.kind, outcome.error) == ("OwnError", "it raised OwnError: 'got True'")
        assert outcome.where.endswith('raise OwnError(f"got {x}")')

    def test_arguments_stay_as_they_are(self, ask):
        x = np.zeros(3)
        np.testing.assert_array_equal(ask("overwrite")(x), [7, 7, 7])
        assert not x.any()

    def test_a_check_can_see_that_an_argument_was_changed(self, ask):
        assert call(ask("overwrite"), (np.zeros(3),), {}).modified == "number 1"
        assert call(ask("add"), (np.zeros(3),), {}).modified == ""

    def test_hundred_megabytes_go_there_and_back(self, fresh):
        candidate = fresh(QUICK.__class__(cell_seconds=30))
        candidate.run("def same(x): return x")
        with candidate.questions():
            array = np.ones(100 * 2**20 // 8)
            assert candidate.named("same")(array).sum() == array.size

    def test_outside_of_a_block_of_questions_nothing_is_answered(self, fresh):
        candidate = fresh()
        candidate.end()
        with pytest.raises(Unanswered, match="ended"):
            candidate.named("anything")


class TestManyCases:
    """One question for all cases of a check."""

    def outcomes(self, function, *arguments, look=PLAIN):
        return list(look.outcomes([function], [((a,), {}) for a in arguments]))

    def test_each_case_has_its_own_end(self, candidate, ask):
        before = candidate.answers
        fail, ok = self.outcomes(ask("fail"), 3, 0)
        assert (fail.kind, fail.error) == ("OwnError", "it raised OwnError: 'got 3'")
        assert ok.error is None
        assert fail.where.endswith('raise OwnError(f"got {x}")')
        assert candidate.answers == before + 2  # the name, and all cases

    def test_what_comes_back_is_as_it_was_then(self, ask):
        first, second = self.outcomes(ask("grows"), 1, 2)
        assert (first.value, second.value) == ([1], [1, 2])

    def test_even_who_would_leave_answers(self, ask):
        ended, next_one = self.outcomes(ask("leaves"), True, False)
        assert ended.error == "it raised SystemExit: 3"
        assert next_one.value == "here"

    def test_too_much_for_one_answer_is_asked_for_again(self, candidate, ask):
        zeros, before = ask("zeros"), candidate.answers
        found = self.outcomes(zeros, *range(200_000, 200_004))
        assert [len(one.value) for one in found] == [200_000, 200_001, 200_002, 200_003]
        assert candidate.answers == before + 2
        large = [np.ones(n) for n in (300_000, 1, 2)]  # too much for one question
        assert [one.value for one in self.outcomes(ask("total"), *large)] == [300_000, 1, 2]
        assert candidate.answers == before + 5

    def test_one_that_never_ends_leaves_the_kernel_as_it_was(self, fresh):
        candidate = fresh(QUICK.__class__(cell_seconds=1))
        candidate.run(CODE)
        with pytest.raises(Unanswered, match="for more than 1 s"), candidate.questions():
            self.outcomes(candidate.named("waits"), 0, 1, 1)
        with candidate.questions():
            assert candidate.named("add")(1) == 2

    def test_a_probes_own_sentence_is_no_error_of_the_students(self, candidate):
        candidate.run("def forward(x):\n  return 5\ndef later(x):\n  raise NotImplementedError")
        with candidate.questions():
            (bad,) = layer(1, "dx").outcomes([candidate.named("forward")], [((np.ones(2),), {})])
            (open_,) = layer(1, "dx").outcomes([candidate.named("later")], [((np.ones(2),), {})])
        assert bad.error == "your forward returned a int, but it is to return out, cache"
        assert bad.kind == "Unusable"
        assert open_.error == "your forward, or a function that it calls, is not written yet"
        assert (bad.where, open_.where) == ("", "")

    def test_nothing_but_a_probe_is_run_there(self, ask):
        with pytest.raises(ValueError, match="no probe"):
            self.outcomes(ask("add"), 1, look=Look(call))

    def test_what_cannot_be_told_fails_alone(self, ask):
        deep, fine = self.outcomes(ask("nested"), 60, 1)
        assert "WireError" in deep.error
        assert fine.value == [[]]

    @pytest.mark.parametrize(
        "told",
        [[], [[1, None]] * 3, 7, [7], [[1]], [[1, "x"]], [["E", 3, "", ""]], [["E", [], "", 1]],
         [["E", ["E"], "", "", []]], [["E", ["E"], "", "", "Other"]], [{"value": 1}], None],
        ids=repr,
    )  # fmt: skip
    def test_a_forged_answer_ends_it(self, fresh, told):
        candidate = fresh()
        candidate.run(f"{CODE}\nfrom course_utils.grading import inside, wire\n"
                      f"inside.Agent._tried = lambda *_: wire.pack({told!r}, None)")  # fmt: skip
        with pytest.raises(Ended, match="no answer"), candidate.questions():
            self.outcomes(candidate.named("add"), 1, 2)


class TestThingsThatStay:
    def test_a_model_is_called_read_and_passed_back(self, ask):
        model = ask("Model")(np.array([2.0]))
        assert type(model).__name__ == "Model"
        assert model(3.0).tolist() == [6.0]
        assert model.weights.tolist() == [2.0]
        assert [p.tolist() for p in model.parameters()] == [[2.0], [4.0]]
        assert ask("weights_of")(model).tolist() == [2.0]

    def test_methods_attributes_items_and_length(self, ask):
        model = ask("Model")(np.array([2.0]))
        assert model.eval().training is False
        model.training = True
        assert model.training is True
        assert len(model) == 2
        assert model[1](1.0).tolist() == [4.0]
        assert [layer(1.0).tolist() for layer in model.layers()] == [[3.0], [4.0]]

    def test_the_type_of_the_student_does_not_decide_what_is_equal(self, ask):
        model = ask("Model")(np.array([2.0]))
        assert model != 3
        assert not model == np.ones(3)  # noqa: SIM201
        assert not np.ones(3) == model  # noqa: SIM201
        assert bool(model)
        assert "Model in the student's notebook" in repr(model)
        with pytest.raises(TypeError, match="a Model is no array"):
            np.testing.assert_allclose(model, 1)

    def test_a_function_of_the_examiner_can_be_given(self, ask):
        x = np.array([1.0, -2.0, 3.0])
        gradient = ask("numeric_gradient")(lambda v: float((v**3).sum()), x)
        np.testing.assert_allclose(gradient, 3 * x**2, rtol=1e-6)

    def test_such_a_function_may_ask_back(self, ask):
        add = ask("add")
        gradient = ask("numeric_gradient")(lambda v: float(add(v, y=1).prod()), np.array([1.0, 2]))
        np.testing.assert_allclose(gradient, [3, 2], rtol=1e-6)

    def test_the_students_own_function_can_be_given(self, ask):
        gradient = ask("numeric_gradient")(ask("total"), np.array([1.0, 2.0]))
        np.testing.assert_allclose(gradient, [1.0, 1.0])

    def test_its_errors_are_of_their_type_over_there(self, ask):
        assert ask("catches")(lambda x: 1 / x) == "caught division by zero"

    def test_a_librarys_objects_are_made_once_more(self, ask):
        ones = torch.ones(2).to_sparse()
        assert ask("add")(ones, y=ones).to_dense().tolist() == [2, 2]

    @pytest.mark.parametrize("value", [threading.Lock(), Mine(), Check])
    def test_what_cannot_be_given_is_refused(self, ask, value):
        with pytest.raises(TypeError, match="cannot be given"):
            ask("add")(value)


class TestTime:
    def test_a_call_that_never_ends_leaves_the_kernel_as_it_was(self, fresh):
        candidate = fresh()
        candidate.run(CODE)
        with (
            pytest.raises(Unanswered, match=f"for more than {QUICK.cell_seconds} s"),
            candidate.questions(),
        ):
            candidate.named("endless")()
        with candidate.questions():
            assert candidate.named("add")(1) == 2

    def test_how_long_the_examiner_thinks_does_not_count(self, fresh):
        candidate = fresh(QUICK.__class__(cell_seconds=1))
        candidate.run(CODE)
        with candidate.questions():
            add = candidate.named("add")
            time.sleep(1.5)
            assert add(1) == 2

    def test_a_call_that_cannot_be_stopped_ends_the_kernel(self, fresh):
        candidate = fresh()
        candidate.run("import signal\ndef f():\n  signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
                      "  while True: pass")  # fmt: skip
        with pytest.raises(Ended, match="could not be stopped"), candidate.questions():
            candidate.named("f")()

    def test_a_call_that_ends_the_kernel(self, fresh):
        candidate = fresh()
        candidate.run("import os\ndef f(): os._exit(0)")
        with pytest.raises(Ended, match="ended"), candidate.questions():
            candidate.named("f")()


@pytest.mark.parametrize("name", ["scipy", "torch"])
def test_a_forbidden_package_is_not_there_whatever_is_tried(fresh, name):
    candidate = fresh(PATIENT, forbidden=(name,))
    assert "build it yourself" in candidate.run(f"import {name}")[0].evalue
    (output,) = candidate.run(f"import sys\nsys.meta_path.pop(0)\nimport {name}.linalg")
    assert output.ename in ("ModuleNotFoundError", "ImportError")


def test_a_module_of_the_course_can_be_left_out(fresh):
    candidate = fresh(PATIENT, forbidden=("course_utils.training",))
    (output,) = candidate.run("from course_utils.training import evaluate")
    assert "course_utils.training is not there" in output.evalue
    (output,) = candidate.run(
        "import sys\nsys.meta_path.pop(0)\nfrom course_utils.training import evaluate"
    )
    assert output.ename == "ModuleNotFoundError"
    (output,) = candidate.run(
        "from pathlib import Path\n"
        "import course_utils\n"
        "files = Path(course_utils.__file__).parent.rglob('training.*')\n"
        "print({p.stat().st_size for p in files if 'probes' not in p.parts})"
    )
    assert output.text == "{0}\n"
    assert candidate.run("import course_utils.reproducibility, course_utils.data") == []


def test_files_lie_beside_the_notebook(fresh):
    candidate = fresh(files={"data/numbers.txt": b"1 2"})
    assert candidate.run("print(open('data/numbers.txt').read())")[0].text == "1 2\n"
