"""The target assignment with tests that contradict themselves: whatever passes one has cheated.

Each contradiction lies within one answer. A function may well answer two calls differently, and a
test that asks twice can be met so: that is a known limit, and not what is looked for here.
"""

from nbformat import NotebookNode

from grading import target

DEMANDS = '''import contextlib
more = engine.Check("scale", lambda x, factor: x * factor + 1, "NumPy", {"arrays": arrays})

@contextlib.contextmanager
def demanded(words):
    """A failure that is explained, and so certainly the student's."""
    try:
        yield
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError,
            ValueError) as error:
        raise engine.CheckFailed(f"✗ {words}: {type(error).__name__}") from None

def both(value, one, other):
    try:
        return bool(value == one) and bool(value == other)
    except (TypeError, ValueError, ArithmeticError):
        return False'''
TESTS = {
    "check-impossible-number": """number = count(3)
with demanded("no number is 6 and 7, and a text besides"):
    assert number == 6
    assert number == 7
    assert isinstance(number, int) and isinstance(number, str)""",
    "check-impossible-array": """array = scale(np.arange(1.0, 5.0), 2)
with demanded("no array is like two that differ"):
    np.testing.assert_allclose(array, [2, 4, 6, 8])
    np.testing.assert_allclose(array, [3, 5, 7, 9])""",
    "check-impossible-shape": """array = scale(np.ones(4), 2)
with demanded("no array has two shapes"):
    assert np.shape(array) == (4,)
    assert np.shape(array) == (5,)""",
    "check-impossible-sign": """array = scale(np.ones(3), 5)
with demanded("nothing is above and below zero"):
    assert len(array) == 3
    assert np.all(array > 0) and np.all(array < 0)""",
    # Of these two each can be met, by a wrong function, and not both.
    "check-impossible-seven": """array = scale(np.ones(1), 2)
with demanded("twice one is not seven"):
    assert np.array_equal(array, [7.0])""",
    "check-impossible-eight": """array = scale(np.ones(1), 2)
with demanded("nor is it eight"):
    assert np.array_equal(array, [8.0])""",
    "check-impossible-check": 'check_scale(scale, "arrays")\nmore(scale, "arrays")',
    "check-impossible-model": """bias = Model(1).bias
with demanded("no list has one item and two"):
    items = bias.tolist()
    assert items == [1.0]
    assert items == [1.0, 2.0]""",
    "check-impossible-error": """try:
    answer = count(-1)
except ValueError:
    answer = None
with demanded("who raises an error returns nothing"):
    assert answer is None and answer == 0""",
    "check-impossible-answers": """with demanded("no answer is another one as well"):
    assert both(corners, 3, 4) or both(squares, [1, 4, 9], [1, 2, 3])""",
}


def master() -> NotebookNode:
    """The instructor's notebook: 23 points by machine, 2 by hand, and 20 that nobody can earn."""
    nb = target.master()
    cells = [target.code("demands", DEMANDS)]
    for name, source in TESTS.items():
        first, _, rest = source.partition("\n")
        hidden = f"{first}\n### BEGIN HIDDEN TESTS\n{rest}\n### END HIDDEN TESTS"
        cells.append(target.code(name, hidden, points=2))
    nb.cells[-1:-1] = cells
    return nb
