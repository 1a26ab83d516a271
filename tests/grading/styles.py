"""Styles of tests and types of results, with a right and a wrong answer, and what becomes of each.

`docs/grading.md` shows the table that is made from this list. At home all of them work: the right
answer passes the test and the wrong one does not.
"""

# ruff: noqa: E501 - one line of code in a string is one line of a cell

from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from grading.tiny import code

WORKS, REFUSED, NOT_GRADED = "works", "refused at release", "not graded"
GIVEN = """import collections, contextlib, copy, datetime, functools, inspect, io, itertools
import json, math, os, random, unittest
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from unittest import mock
import numpy as np
import torch
from torch import nn"""


@dataclass(frozen=True)
class Style:
    """A test cell in one style, and answers to it.

    Attributes
    ----------
    name
        What the table calls it.
    test, right, wrong
        Code of the test cell, of a right answer and of a wrong one.
    expected
        What becomes of it.
    instead
        For what is not possible: what to write instead.
    solution
        The instructor's answer, if it is another one than the right one.
    """

    name: str
    test: str
    right: str
    wrong: str
    expected: str = WORKS
    instead: str = ""
    solution: str = ""


ADD = "def add(a, b):\n    return a + b"
SUB = "def add(a, b):\n    return a - b"
MEAN = "def mean(x):\n    return sum(x) / len(x)"
NOTHING = "def mean(x):\n    return 0"
GREET = "def greet(name):\n    print('Hello', name)"
SHOUT = "def greet(name):\n    print('HELLO', name)"
VECTOR = """class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)
    def __mul__(self, k):
        return Vector(self.x * k, self.y * k)
    __rmul__ = __mul__
    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)
    def __lt__(self, other):
        return self.x < other.x
    def __abs__(self):
        return math.hypot(self.x, self.y)
    def __neg__(self):
        return Vector(-self.x, -self.y)
    def __repr__(self):
        return f"Vector({self.x}, {self.y})"
    def __hash__(self):
        return hash((self.x, self.y))"""
CROOKED = """class Vector:
    def __init__(self, x, y):
        self.x, self.y = y, 7
    def __add__(self, other):
        return Vector(self.x, other.y)
    def __mul__(self, k):
        return Vector(self.x, k)
    __rmul__ = __mul__
    def __eq__(self, other):
        return (self.x, self.y) != (other.x, other.y)
    def __lt__(self, other):
        return True
    def __abs__(self):
        return 1
    def __neg__(self):
        return self
    def __repr__(self):
        return "Vector"
    def __hash__(self):
        return 7"""
STACK = """class Stack:
    def __init__(self):
        self.items = []
    def push(self, item):
        self.items.append(item)
        return len(self.items)
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __contains__(self, item):
        return item in self.items
    def __iter__(self):
        return iter(self.items)
    def __getitem__(self, at):
        return self.items[at]
    def __setitem__(self, at, item):
        self.items[at] = item
    def __delitem__(self, at):
        del self.items[at]"""
QUEUE = STACK.replace("append(item)", "insert(0, 5)").replace(
    "item in self.items", "item not in self.items"
)
WITHDRAW = """class Broke(ValueError):
    def __init__(self, missing):
        super().__init__(f"{missing} are missing")
        self.missing = missing
def withdraw(balance, amount):
    if amount > balance:
        raise Broke(amount - balance)
    return balance - amount"""
LENIENT = WITHDRAW.replace("amount > balance", "False")
OTHER_ERROR = WITHDRAW.replace("raise Broke(amount - balance)", "raise KeyError(amount)")
SQUARES = """def squares(n):
    return [i**2 for i in range(1, n + 1)]
def sum_of_squares(n):
    return sum(squares(n))"""
LONELY = SQUARES.replace("sum(squares(n))", "sum(i**2 for i in range(1, n + 1))")
SORT = "def sort(x):\n    x.sort()"
NEW = "def sort(x):\n    return sorted(x)"
GAME = "import random\ndef roll():\n    return random.randint(1, 6)"
UNFAIR = "def roll():\n    return 0"
DRAW = "def draw(n):\n    return np.random.normal(size=n)"
ZERO = "def draw(n):\n    return np.zeros(n)"
SAVE = "def save(name, words):\n    with open(name, 'w') as file:\n        file.write('\\n'.join(words))"
LOSE = SAVE.replace("words))", "words[1:]))")
COUNT = "def count(model):\n    return sum(p.numel() for p in model.parameters())"
LAYERS = "def count(model):\n    return len(list(model.parameters()))"
ASK = "def ask():\n    return int(input('How old?')) + 1"
DEAF = "def ask():\n    input('How old?')\n    return 3"
GROW = "RATE = 2\ndef grow(x):\n    return x * RATE"
STIFF = "RATE = 2\ndef grow(x):\n    return x * 2"
EVEN = "def even(n):\n    return n % 2 == 0"
ODD = "def even(n):\n    return n % 2 == 1"
UPTO = "def upto(n):\n    for i in range(n):\n        yield i"
PAST = "def upto(n):\n    for i in range(n + 1):\n        yield i"
DOC = 'def area(r: float, unit: str = "m") -> float:\n    """Area of a circle."""\n    return 3.14 * r * r'
BARE = "def area(r):\n    return 3.14 * r * r"
FACT = "def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)"
LOOP = "def fact(n):\n    out = 1\n    for i in range(n):\n        out *= i + 1\n    return out"
ANIMAL = "class Animal:\n    legs = 4\n    def speak(self):\n        return '...'\n"
DOG = ANIMAL + "class Dog(Animal):\n    def speak(self):\n        return 'woof'"
CAT = ANIMAL + "class Dog:\n    legs = 3\n    def speak(self):\n        return 'meow'"
TIMER = """class Timer:
    def __enter__(self):
        self.running = True
        return self
    def __exit__(self, *_):
        self.running = False"""
ENDLESS = TIMER.replace("self.running = False", "pass")
LINEAR = """class Linear(nn.Module):
    def __init__(self, n, m):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(m, n))
    def forward(self, x):
        return x @ self.weight.T"""
PLAIN = LINEAR.replace("nn.Parameter(torch.ones(m, n))", "torch.zeros(m, n)")
SUITE = """class Suite(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)
report = unittest.TextTestRunner().run(
    unittest.defaultTestLoader.loadTestsFromTestCase(Suite))"""
CLASS = "class Suite(unittest.TestCase):\n    def test(self):\n        "
RUN = "\nunittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(Suite))"

STYLES = [
    # Comparing what a function returns
    Style("`assert f(x) == value`", "assert add(1, 2) == 3", ADD, SUB),
    Style("a message of your own", "assert add(1, 2) == 3, 'look at the sign'", ADD, SUB),
    Style("`np.testing`", "np.testing.assert_allclose(mean([1, 2]), 1.5)", MEAN, NOTHING),
    Style("`np.allclose`", "assert np.allclose(mean(np.ones(3)), 1)", MEAN, NOTHING),
    Style("`math.isclose`", "assert math.isclose(mean([1, 2]), 1.5)", MEAN, NOTHING),
    Style("a difference and a tolerance", "assert abs(mean([1, 2]) - 1.5) < 1e-9", MEAN, NOTHING),
    Style("`isinstance` of a built-in type",
          "assert isinstance(mean([1, 2]), float)", MEAN, NOTHING),
    Style("`type(…) is`", "assert type(mean([1, 2])) is float", MEAN, NOTHING),
    Style("a loop over cases",
          "for a, b, c in [(1, 2, 3), (0, 0, 0)]:\n    assert add(a, b) == c", ADD, SUB),
    Style("a helper function of the test",
          "def check(a, b):\n    assert add(a, b) == a + b\ncheck(1, 2)", ADD, SUB),
    Style("a part of the points", "float(add(1, 2) == 3)", ADD, SUB),
    Style("`and`, `or`, `not`", "assert even(4) and not even(3)", EVEN, ODD),
    Style("`all` over a generator",
          "assert all(even(n) == (n % 2 == 0) for n in range(5))", EVEN, ODD),
    Style("the student's function as an argument of the test's",
          "assert list(map(even, [1, 2])) == [False, True]", EVEN, ODD),
    Style("`functools.reduce` with it", "assert functools.reduce(add, [1, 2, 3]) == 6", ADD, SUB),
    Style("`sorted(…, key=f)`", "assert sorted([3, 2, 1], key=even) == [3, 1, 2]", EVEN, ODD),
    Style("keyword arguments", "assert add(b=1, a=3) == 4", ADD, SUB),
    Style("`unittest.TestCase`, run by the cell", SUITE, ADD, SUB),
    Style("`unittest.main(argv=[''], exit=False)`",
          f"{CLASS}self.assertEqual(add(1, 2), 3)\nunittest.main(argv=[''], exit=False)", ADD, SUB),
    Style("`assertAlmostEqual`, `subTest`",
          f"{CLASS}with self.subTest():\n            self.assertAlmostEqual(mean([1, 2]), 1.5){RUN}",
          MEAN, NOTHING),
    Style("`pytest.raises`", "import pytest\nwith pytest.raises(ZeroDivisionError):\n    mean([])",
          MEAN, NOTHING),
    Style("`pytest.approx`", "import pytest\nassert mean([1, 2]) == pytest.approx(1.5)",
          MEAN, NOTHING),
    Style("a variable of the student's", "assert total == 3", "total = 1 + 2", "total = 4"),
    Style("`'name' in globals()`", "assert 'total' in globals() and total == 3",
          "total = 3", "total = 4"),
    # Errors
    Style("`try`, `except` of a built-in error",
          "try:\n    mean([])\n    assert False\nexcept ZeroDivisionError:\n    pass", MEAN, NOTHING),
    Style("`except` of the student's own error",
          "try:\n    withdraw(1, 3)\nexcept Broke:\n    pass\nelse:\n    raise AssertionError",
          WITHDRAW, LENIENT),
    Style("another error where their own is expected",
          "try:\n    withdraw(1, 3)\n    assert False\nexcept Broke:\n    pass",
          WITHDRAW, OTHER_ERROR),
    Style("`assertRaises` of their own error",
          f"{CLASS}self.assertRaises(Broke, withdraw, 1, 3){RUN}", WITHDRAW, LENIENT),
    Style("attributes of their own error",
          "try:\n    withdraw(1, 3)\nexcept Broke as error:\n    assert error.missing == 2\n"
          "else:\n    assert False", WITHDRAW, WITHDRAW.replace("= missing", "= 7")),
    Style("`issubclass` of their own error", "assert issubclass(Broke, ValueError)",
          WITHDRAW, WITHDRAW.replace("(ValueError)", "(KeyError)")),
    Style("the text of an error",
          "try:\n    withdraw(1, 3)\n    assert False\nexcept ValueError as error:\n"
          "    assert '2' in str(error)", WITHDRAW, WITHDRAW.replace("amount - balance", "5")),
    Style("`contextlib.suppress`",
          "with contextlib.suppress(Broke):\n    withdraw(1, 3)\n    assert False",
          WITHDRAW, LENIENT),
    # What is printed and typed
    Style("`contextlib.redirect_stdout`",
          "with contextlib.redirect_stdout(io.StringIO()) as out:\n    greet('Ada')\n"
          "assert out.getvalue() == 'Hello Ada\\n'", GREET, SHOUT),
    Style("`sys.stdout` replaced",
          "import sys\nkept, sys.stdout = sys.stdout, io.StringIO()\ntry:\n    greet('Ada')\n"
          "    said = sys.stdout.getvalue()\nfinally:\n    sys.stdout = kept\n"
          "assert said == 'Hello Ada\\n'", GREET, SHOUT),
    Style("IPython's `capture_output`",
          "from IPython.utils.capture import capture_output\nwith capture_output() as out:\n"
          "    greet('Ada')\nassert out.stdout == 'Hello Ada\\n'", GREET, SHOUT),
    Style("`mock.patch('builtins.print')`",
          "with mock.patch('builtins.print') as printed:\n    greet('Ada')\n"
          "printed.assert_called_once_with('Hello', 'Ada')", GREET, SHOUT),
    Style("`mock.patch('sys.stdout')`",
          "with mock.patch('sys.stdout', new_callable=io.StringIO) as out:\n    greet('Ada')\n"
          "assert out.getvalue() == 'Hello Ada\\n'", GREET, SHOUT),
    Style("`mock.patch('builtins.input')`",
          "with mock.patch('builtins.input', return_value='41'):\n    assert ask() == 42",
          ASK, DEAF),
    Style("`mock.patch` as a decorator",
          "@mock.patch('builtins.input', side_effect=['1', '2'])\ndef check(asked):\n"
          "    assert ask() == 2 and ask() == 3\ncheck()", ASK, DEAF),
    Style("`mock.patch.object` of a module",
          "with mock.patch.object(random, 'randint', return_value=5):\n    assert roll() == 5",
          GAME, UNFAIR),
    Style("`mock.patch.object` of the student's class",
          "with mock.patch.object(Stack, 'pop', return_value=5):\n    assert Stack().pop() == 5\n"
          "s = Stack()\ns.push(3)\nassert s.pop() == 3", STACK, QUEUE),
    Style("`mock.Mock` as an argument",
          "f = mock.Mock(return_value=2)\nassert twice(f, 3) == 2\n"
          "assert f.call_args_list == [mock.call(3), mock.call(2)]",
          "def twice(f, x):\n    return f(f(x))", "def twice(f, x):\n    return f(x)"),
    Style("`mock.patch('__main__.name')`",
          "with mock.patch('__main__.squares', return_value=[3]):\n    assert sum_of_squares(2) == 3",
          SQUARES, LONELY, REFUSED, "a value for the name itself: `squares = lambda n: [3]`"),
    # What a test sets
    Style("a seed of `np.random`",
          "np.random.seed(3)\nexpected = np.random.normal(size=4)\nnp.random.seed(3)\n"
          "assert np.array_equal(draw(4), expected)", DRAW, ZERO),
    Style("a seed of `random`",
          "random.seed(3)\nexpected = random.randint(1, 6)\nrandom.seed(3)\n"
          "assert roll() == expected", GAME, UNFAIR),
    Style("a seed of `torch`",
          "torch.manual_seed(3)\nexpected = torch.rand(2)\ntorch.manual_seed(3)\n"
          "assert torch.equal(noise(), expected)", "def noise():\n    return torch.rand(2)",
          "def noise():\n    return torch.zeros(2)"),
    Style("a generator of random numbers as an argument",
          "assert np.array_equal(draw(np.random.default_rng(3)), "
          "np.random.default_rng(3).normal(size=2))",
          "def draw(rng):\n    return rng.normal(size=2)", "def draw(rng):\n    return np.zeros(2)"),
    Style("a global that the test sets", "RATE = 5\nassert grow(3) == 15", GROW, STIFF),
    Style("a global in a loop", "for RATE in (3, 4):\n    assert grow(2) == 2 * RATE", GROW, STIFF),
    Style("`del` of a function, then a call of another",
          "kept = squares\ndel squares\ntry:\n    sum_of_squares(1)\nexcept NameError:\n    pass\n"
          "else:\n    raise AssertionError('it does not use squares')\n"
          "finally:\n    squares = kept", SQUARES, LONELY),
    Style("a function replaced by the test's",
          "squares = lambda n: [n, n]\nassert sum_of_squares(3) == 6", SQUARES, LONELY),
    Style("`mock.patch.dict(os.environ)`",
          "with mock.patch.dict(os.environ, {'MODE': 'x'}):\n    assert mode() == 'x'",
          "def mode():\n    return os.environ.get('MODE')", "def mode():\n    return 'y'",
          NOT_GRADED, "an argument"),
    # What a call changes
    Style("a list sorted in place", "x = [3, 1, 2]\nsort(x)\nassert x == [1, 2, 3]", SORT, NEW),
    Style("`assert f(x) is None`, then `x`",
          "x = [3, 1, 2]\nassert sort(x) is None\nassert x == [1, 2, 3]", SORT, NEW),
    Style("an array changed in place",
          "x = np.ones(3)\nclear(x)\nassert np.array_equal(x, np.zeros(3))",
          "def clear(x):\n    x[:] = 0", "def clear(x):\n    x = 0"),
    Style("a dict changed in place",
          "d = {}\nenter(d)\nassert d == {'a': 1}", "def enter(d):\n    d['a'] = 1",
          "def enter(d):\n    d = {'a': 1}"),
    Style("an argument that must not change",
          "x = [3, 1]\ny = sort(x)\nassert y == [1, 3] and x == [3, 1]",
          "def sort(x):\n    return sorted(x)", "def sort(x):\n    return [3, 1]"),
    Style("a change beside a result",
          "x = [3, 1]\nassert pop(x) == 1\nassert x == [3]", "def pop(x):\n    return x.pop()",
          "def pop(x):\n    return x[0]", NOT_GRADED,
          "return what changed as well"),
    Style("state between calls", "assert tick() + 1 == tick()",
          "n = 0\ndef tick():\n    global n\n    n += 1\n    return n",
          "def tick():\n    return 1"),
    # Classes
    Style("methods and attributes",
          "s = Stack()\ns.push(3)\ns.push(4)\nassert s.pop() == 4 and s.items == [3]", STACK, QUEUE),
    Style("a last line that calls a method",
          "s = Stack()\ns.push(1)\nassert s.pop() == 1\ns.push(3)", STACK, QUEUE),
    Style("`len`, `in`, items, iteration",
          "s = Stack()\ns.push(3)\ns.push(4)\ns[1] = 5\nassert len(s) == 2 and 5 in s\n"
          "assert s[0] == 3 and list(s) == [3, 5]", STACK, QUEUE),
    Style("truth of an empty one", "s = Stack()\nassert not s\ns.push(3)\nassert s\n"
          "assert s.pop() == 3", STACK, QUEUE),
    Style("`del s[i]`", "s = Stack()\ns.push(3)\ns.push(4)\ndel s[0]\nassert list(s) == [4]",
          STACK, QUEUE),
    Style("operators and `==`",
          "assert Vector(1, 2) + Vector(3, 4) == Vector(4, 6)\n"
          "assert not Vector(1, 2) == Vector(1, 3)", VECTOR, CROOKED),
    Style("operators with numbers",
          "assert (Vector(1, 2) * 3).y == 6 and (2 * Vector(1, 2)).x == 2", VECTOR, CROOKED),
    Style("`<` and `sorted`",
          "a, b = Vector(2, 0), Vector(1, 0)\nassert b < a and [v.x for v in sorted([a, b])] == [1, 2]",
          VECTOR, CROOKED),
    Style("`abs`, `-`", "assert abs(Vector(3, 4)) == 5 and (-Vector(1, 2)).x == -1",
          VECTOR, CROOKED),
    Style("`repr`, `str` and f-strings",
          "assert repr(Vector(1, 2)) == 'Vector(1, 2)' == str(Vector(1, 2)) == f'{Vector(1, 2)}'",
          VECTOR, CROOKED),
    Style("`hash`, sets of them", "assert len({Vector(1, 2), Vector(1, 2), Vector(2, 1)}) == 2",
          VECTOR, VECTOR.replace("hash((self.x, self.y))", "id(self)")),
    Style("`isinstance` of a student's class", "assert isinstance(Dog(), Animal)", DOG, CAT),
    Style("`issubclass`", "assert issubclass(Dog, Animal)", DOG, CAT),
    Style("a class attribute", "assert Dog.legs == 4 and Dog().speak() == 'woof'", DOG, CAT),
    Style("`hasattr`, `getattr`",
          "assert hasattr(Dog(), 'legs') and getattr(Dog(), 'legs') == 4", DOG, CAT),
    Style("`type(x).__name__`", "assert type(Dog()).__name__ == 'Dog' and Dog().legs == 4", DOG, CAT),
    Style("`type(x) is` a student's class", "assert type(Dog()) is Dog and Dog().legs == 4",
          DOG, CAT, NOT_GRADED, "`isinstance(x, Dog)`"),
    Style("a subclass made by the test",
          "class Puppy(Dog):\n    pass\nassert Puppy().speak() == 'woof'", DOG, CAT, NOT_GRADED,
          "a method of an object of theirs"),
    Style("a `with` of a student's class",
          "with Timer() as t:\n    assert t.running\nassert not t.running", TIMER, ENDLESS),
    Style("`copy.deepcopy` of an object",
          "a = Vector(1, 2)\nb = copy.deepcopy(a)\nb.x = 5\nassert a.x == 1 and b.x == 5",
          VECTOR, CROOKED),
    Style("a dataclass", "assert P(1, 2) == P(1, 2) and P(1).y == 3 and P(1) != P(2)",
          "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 3",
          "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n    y: int = 4"),
    Style("`vars`, `__dict__`", "assert vars(Vector(1, 2)) == {'x': 1, 'y': 2}", VECTOR, CROOKED),
    # Functions as things
    Style("`inspect.getsource`",
          "assert 'for' not in inspect.getsource(fact) and fact(4) == 24", FACT, LOOP),
    Style("`inspect.signature`",
          "assert list(inspect.signature(area).parameters) == ['r', 'unit']", DOC, BARE),
    Style("`__doc__`, `__name__`, `__annotations__`",
          "assert area.__doc__ and area.__name__ == 'area'\n"
          "assert area.__annotations__['r'] is float", DOC, BARE),
    Style("`__code__`", "assert area.__code__.co_argcount == 2", DOC, BARE, NOT_GRADED,
          "`inspect.signature`"),
    Style("a function that is returned", "assert adder(2)(3) == 5",
          "def adder(n):\n    return lambda x: x + n", "def adder(n):\n    return lambda x: x - n"),
    Style("a decorator of the student's",
          "@twice\ndef plus(x):\n    return x + 1\nassert plus(3) == 5",
          "def twice(f):\n    return lambda x: f(f(x))", "def twice(f):\n    return f"),
    Style("a function of the test as an argument",
          "assert apply(lambda x: x * 3, 4) == 12", "def apply(f, x):\n    return f(x)",
          "def apply(f, x):\n    return x"),
    Style("a library's function as an argument",
          "assert apply(np.sum, np.ones(3)) == 3 and apply(len, [1]) == 1",
          "def apply(f, x):\n    return f(x)", "def apply(f, x):\n    return 0"),
    Style("a type as an argument", "assert convert(['1', '2'], int) == [1, 2]",
          "def convert(x, kind):\n    return [kind(each) for each in x]",
          "def convert(x, kind):\n    return x"),
    Style("a generator", "g = upto(3)\nassert next(g) == 0 and list(g) == [1, 2]", UPTO, PAST),
    Style("a generator as an argument", "assert mean2(n for n in (1, 3)) == 2",
          "def mean2(x):\n    x = list(x)\n    return sum(x) / len(x)",
          "def mean2(x):\n    return 0"),
    Style("`itertools.islice` of an endless one",
          "assert list(itertools.islice(naturals(), 3)) == [0, 1, 2]",
          "def naturals():\n    n = 0\n    while True:\n        yield n\n        n += 1",
          "def naturals():\n    while True:\n        yield 0"),
    Style("`asyncio.run`", "import asyncio\nassert asyncio.run(later()) == 3",
          "async def later():\n    return 3", "async def later():\n    return 4",
          NOT_GRADED, "a function of theirs that runs it"),
    Style("`await`", "assert await later() == 3", "async def later():\n    return 3",
          "async def later():\n    return 4", REFUSED, "a function that runs it"),
    # Files
    Style("a file that the answer writes",
          "save('words.txt', ['a', 'b'])\nassert open('words.txt').read() == 'a\\nb'", SAVE, LOSE),
    Style("`Path.read_text`, `os.path.exists`",
          "save('more.txt', ['a'])\nassert os.path.exists('more.txt')\n"
          "assert Path('more.txt').read_text() == 'a'", SAVE, LOSE),
    Style("`json.load` of a written file",
          "dump()\nassert json.load(open('out.json')) == [1]",
          "def dump():\n    json.dump([1], open('out.json', 'w'))",
          "def dump():\n    json.dump([2], open('out.json', 'w'))"),
    Style("`np.load` of a written file", "store()\nassert np.load('out.npy').tolist() == [1]",
          "def store():\n    np.save('out.npy', [1])", "def store():\n    np.save('out.npy', [2])"),
    Style("a file that the test writes",
          "Path('in.txt').write_text('3')\nassert read() == 3",
          "def read():\n    return int(open('in.txt').read())", "def read():\n    return 4"),
    Style("a temporary file",
          "import tempfile\nwith tempfile.TemporaryDirectory() as top:\n"
          "    save(top + '/x.txt', ['a'])\n    assert open(top + '/x.txt').read() == 'a'",
          SAVE, LOSE, NOT_GRADED, "a name of a file beside the notebook, written out"),
    Style("`pickle.load` of a written file",
          "import pickle\ndump()\nassert pickle.load(open('x.dat', 'rb')) == 1",
          "import pickle\ndef dump():\n    pickle.dump(1, open('x.dat', 'wb'))",
          "import pickle\ndef dump():\n    pickle.dump(2, open('x.dat', 'wb'))",
          NOT_GRADED, "JSON, text or `np.save`: reading a pickle runs what is in it"),
    Style("`pickle.loads` of a result", "import pickle\nassert pickle.loads(dump()) == 1",
          "import pickle\ndef dump():\n    return pickle.dumps(1)",
          "import pickle\ndef dump():\n    return pickle.dumps(2)", REFUSED, "plain data"),
    # torch
    Style("a torch module as an argument", "assert count(nn.Linear(3, 4)) == 16", COUNT, LAYERS),
    Style("`nn.Sequential` as an argument",
          "assert count(nn.Sequential(nn.Linear(3, 4), nn.ReLU())) == 16", COUNT, LAYERS),
    Style("a student's `nn.Module`",
          "layer = Linear(3, 2)\nassert layer(torch.ones(1, 3)).tolist() == [[3, 3]]\n"
          "assert [tuple(p.shape) for p in layer.parameters()] == [(2, 3)]", LINEAR, PLAIN),
    Style("`isinstance(x, nn.Module)`",
          "assert isinstance(Linear(3, 2), nn.Module) and len(list(Linear(3, 2).parameters())) == 1",
          LINEAR, PLAIN),
    Style("gradients by `.backward()` out here",
          "layer = Linear(3, 2)\nlayer(torch.ones(1, 3)).sum().backward()\n"
          "assert layer.weight.grad is not None", LINEAR, PLAIN, NOT_GRADED,
          "a function of theirs that returns the gradient"),
    Style("a module changed in place",
          "layer = nn.Linear(2, 2)\nfill(layer)\nassert bool((layer.weight == 0).all())",
          "def fill(layer):\n    nn.init.zeros_(layer.weight)", "def fill(layer):\n    pass",
          NOT_GRADED, "return the module, or a tensor"),
    # What cannot decide
    Style("a magic", "%timeit -n 1 add(1, 2)\nassert add(1, 2) == 3", ADD, SUB, REFUSED,
          "plain Python"),
    Style("a test function that nobody calls", "def test():\n    assert add(1, 2) == 3", ADD, SUB,
          REFUSED, "call it: `test()`"),
    Style("`### AUTOTEST`", "### AUTOTEST add(1, 2)", ADD, SUB, REFUSED,
          "the `assert` that it stands for"),
    Style("a name that no cell defines", "assert plus(1, 2) == 3", ADD, SUB, REFUSED,
          "the name that the solution defines"),
    Style("`is` of a value of the student's",
          "a = [1]\nassert same(a) is a", "def same(x):\n    return x", "def same(x):\n    return [1]",
          NOT_GRADED, "`==`"),
]  # fmt: skip


def _result(name: str, right: str, wrong: str, test: str = "", solution: str = "",
            expected: str = WORKS, instead: str = "", before: str = "") -> Style:  # fmt: skip
    functions = (f"{before}\ndef give():\n    return {value}".strip() if value else ""
                 for value in (right, wrong, solution))  # fmt: skip
    right_one, wrong_one, solved = functions
    test = test or f"assert give() == {solution or right}"
    return Style(name, test, right_one, wrong_one, expected, instead, solved)


POINT = "Point = collections.namedtuple('Point', 'x y')"
OWN = "class Own:\n    def __init__(self, n):\n        self.n = n"
RESULTS = [
    _result("`None`", "None", "0", "assert give() is None"),
    _result("`bool`", "True", "False", "assert give() is True"),
    _result("`int`", "7", "8"),
    _result("`int` of a thousand digits", "7**1000", "7**999"),
    _result("`float`", "0.5", "0.25"),
    _result("`complex`", "1 + 2j", "1 - 2j"),
    _result("`str`", "'größe'", "'grosse'"),
    _result("`bytes`", "b'ab'", "b'ba'"),
    _result("`bytearray`", "bytearray(b'ab')", "bytearray(b'b')", solution="b'ab'"),
    _result("`list`", "[1, [2]]", "[1, 2]"),
    _result("`tuple`", "(1, 2)", "(2, 1)"),
    _result("`dict`", "{'a': 1}", "{'a': 2}"),
    _result("`set`", "{1, 2}", "{1}"),
    _result("`frozenset`", "frozenset([1])", "frozenset([2])", solution="{1}"),
    _result("`range`", "range(3)", "range(4)", "assert list(give()) == [0, 1, 2]"),
    _result("`slice`", "slice(1, 2)", "slice(2, 2)"),
    _result("`Counter` for a dict", "collections.Counter('aab')", "collections.Counter('ab')",
            solution="{'a': 2, 'b': 1}"),
    _result("`OrderedDict` for a dict", "collections.OrderedDict(a=1)",
            "collections.OrderedDict(a=2)", solution="{'a': 1}"),
    _result("`defaultdict` for a dict", "collections.defaultdict(int, a=1)",
            "collections.defaultdict(int)", "d = give()\nassert d == {'a': 1}",
            solution="{'a': 1}"),
    _result("keys of a dict for a set", "{'a': 1}.keys()", "{'b': 1}.keys()", solution="{'a'}"),
    _result("items of a dict for a set", "{'a': 1}.items()", "{'a': 2}.items()",
            solution="{('a', 1)}"),
    _result("values of a dict", "{'a': 1}.values()", "{'a': 2}.values()",
            "assert sorted(give()) == [1]", solution="[1]"),
    _result("`deque`", "collections.deque([1, 2])", "collections.deque([2, 1])"),
    _result("a dict of 20 000 items", "{n: n for n in range(20_000)}",
            "{n: n for n in range(20_001)}", "assert len(give()) == 20_000"),
    _result("a set of 20 000 items", "set(range(20_000))", "set(range(20_001))"),
    _result("a dict of 20 000 pairs of numbers", "{(n, -n): n for n in range(20_000)}",
            "{}", "assert len(give()) == 20_000"),
    _result("a named tuple for a tuple", "Point(1, 2)", "Point(2, 1)", solution="(1, 2)",
            before=POINT),
    _result("names of a named tuple", "Point(1, 2)", "Point(2, 1)", "assert give().x == 1",
            before=POINT),
    _result("a `NamedTuple` with methods", "Pair(1)", "Pair(2)", "assert give().twice() == 2",
            before="from typing import NamedTuple\nclass Pair(NamedTuple):\n    x: int\n"
                   "    def twice(self):\n        return 2 * self.x"),
    _result("a `NamedTuple` with methods for a tuple", "Pair(1, 2)", "Pair(2, 2)",
            "assert give() == (1, 2)", solution="(1, 2)", expected=NOT_GRADED,
            instead="its fields one by one",
            before="from typing import NamedTuple\nclass Pair(NamedTuple):\n    x: int\n"
                   "    y: int\n    def twice(self):\n        return 2 * self.x"),
    _result("`Fraction` for a number", "Fraction(1, 2)", "Fraction(1, 3)", solution="0.5"),
    _result("`Decimal`", "Decimal('0.1')", "Decimal('0.2')"),
    _result("`date`", "datetime.date(2026, 1, 2)", "datetime.date(2026, 2, 1)"),
    _result("`datetime`", "datetime.datetime(2026, 1, 2, 3)", "datetime.datetime(2026, 1, 2)"),
    _result("`timedelta`", "datetime.timedelta(hours=1)", "datetime.timedelta(hours=2)"),
    _result("`Path`", "Path('a') / 'b.txt'", "Path('b.txt')", "assert give().name == 'b.txt'\n"
            "assert give().parent.name == 'a'"),
    _result("a type", "int", "float", "assert give() is int"),
    _result("a class of errors", "KeyError", "ValueError", "assert give() is KeyError"),
    _result("`Ellipsis`", "...", "None", "assert give() is ..."),
    _result("an array", "np.array([1, 2])", "np.array([2, 1])",
            "assert np.array_equal(give(), [1, 2])"),
    _result("an array for a list", "np.array([1, 2])", "np.array([2, 1])",
            "assert list(give()) == [1, 2]", solution="[1, 2]"),
    _result("a scalar of NumPy", "np.float64(0.5)", "np.float64(0.25)", solution="0.5"),
    _result("`np.bool_`", "np.bool_(True)", "np.bool_(False)", "assert give()", solution="True"),
    _result("`np.matrix` for an array", "np.matrix([[1, 2]])", "np.matrix([[2, 1]])",
            "assert np.array_equal(give(), [[1, 2]])", solution="np.array([[1, 2]])"),
    _result("a dtype", "np.ones(2, 'f4').dtype", "np.ones(2).dtype",
            "assert give() == np.float32"),
    _result("a class of scalars", "np.float32", "np.float64", "assert give() is np.float32"),
    _result("dates of NumPy", "np.array(['2026-01-02'], 'M8[D]')", "np.array(['2026-02-02'], 'M8[D]')",
            "assert give()[0] == np.datetime64('2026-01-02')"),
    _result("a masked array", "np.ma.masked_array([1.0, 2.0], [False, False])",
            "np.ma.masked_array([2.0, 2.0], [False, False])",
            "assert np.array_equal(give(), [1, 2])", solution="np.array([1, 2])",
            expected=NOT_GRADED, instead="`.tolist()`, `.mask`"),
    _result("an array with named fields", "np.array([(1, 2.0)], 'i4,f8')",
            "np.array([(2, 2.0)], 'i4,f8')", "assert give()['f0'][0] == 1"),
    _result("an array of objects", "np.array([1, None])", "np.array([2, None])",
            "assert give()[0] == 1"),
    _result("a tensor", "torch.tensor([1, 2])", "torch.tensor([2, 1])",
            "assert torch.equal(give(), torch.tensor([1, 2]))"),
    _result("a parameter of torch", "nn.Parameter(torch.ones(1))", "nn.Parameter(torch.zeros(1))",
            "assert give().item() == 1 and give().requires_grad"),
    _result("`torch.Size`", "torch.ones(2, 3).shape", "torch.ones(3, 2).shape", solution="(2, 3)"),
    _result("a dtype of torch", "torch.float16", "torch.float32"),
    _result("an object of a student's class", "Own(1)", "Own(2)", "assert give().n == 1",
            before=OWN),
    _result("an `IntEnum`", "Colour.RED", "Colour.BLUE",
            "assert give().name == 'RED'",
            before="from enum import IntEnum\nclass Colour(IntEnum):\n    RED = 1\n    BLUE = 2"),
    _result("an `IntEnum` for a number", "Colour.RED", "Colour.BLUE", "assert give() == 1",
            solution="1", expected=NOT_GRADED, instead="`give().value`, or `int` in the text",
            before="from enum import IntEnum\nclass Colour(IntEnum):\n    RED = 1\n    BLUE = 2"),
    _result("a class derived from `list`", "Words(['a'])", "Words(['b'])",
            "assert give() == ['a']", solution="['a']", expected=NOT_GRADED,
            instead="`list(give())`", before="class Words(list):\n    pass"),
    _result("a `map`, `zip` or `filter`", "map(str, [1])", "map(str, [2])",
            "assert list(give()) == ['1']", solution="['1']"),
    _result("a figure of Matplotlib", "plt.figure(figsize=(1, 2))", "plt.figure(figsize=(2, 2))",
            "assert give().get_size_inches().tolist() == [1, 2]",
            before="import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt"),
    _result("axes of Matplotlib", "axes", "plt.subplots()[1]",
            "assert give().get_title() == 'A' and give().lines[0].get_xdata().tolist() == [0, 1]",
            before="import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
                   "axes = plt.subplots()[1]\naxes.plot([1, 2])\naxes.set_title('A')"),
]  # fmt: skip


EQUAL = """class Equal:
    def __init__(self, *_): ...
    def __eq__(self, other): return True
    __ne__ = __lt__ = __le__ = __sub__ = __rsub__ = lambda self, other: 0
    def __abs__(self): return 0
    def __bool__(self): return True
    def __contains__(self, item): return True
    def __repr__(self): return "3"
    __str__ = __repr__
"""
CHEATS = [  # what would pass at home, in a course whose solutions define operators and their like
    Style(
        "equal to every number",
        "assert add(1, 2) == 3",
        ADD,
        f"{EQUAL}def add(a, b):\n    return Equal()",
    ),
    Style(
        "no difference from any",
        "assert abs(add(1, 2) - 3) < 1e-9",
        ADD,
        f"{EQUAL}def add(a, b):\n    return Equal()",
    ),
    Style(
        "a text that is asked for",
        "assert str(add(1, 2)) == '3'",
        ADD,
        f"{EQUAL}def add(a, b):\n    return Equal()",
    ),
    Style(
        "equal to itself made twice",
        "assert add(1, 2) == add(2, 1) == 3",
        ADD,
        f"{EQUAL}def add(a, b):\n    return Equal()",
    ),
    Style(
        "a sum that makes each sum right",
        "assert abs(Vector(3, 4) + Vector(1, 1)) == 6.4 or abs((Vector(1, 2) + Vector(1, 2)) - 3) < 1e-9",
        VECTOR.replace(
            "return Vector(self.x + other.x, self.y + other.y)",
            "return 6.4 if isinstance(other, Vector) else self",
        )
        .replace("def __neg__", "def __sub__(self, other):\n        return self\n    def __neg__")
        .replace("math.hypot(self.x, self.y)", "6.4"),
        f"{EQUAL}class Vector(Equal):\n    def __add__(self, other): return Equal()\n    def __abs__(self): return 7",
    ),
    Style(
        "a change of what it is compared with",
        "x = np.array([3.0, 1.0])\nassert np.array_equal(positive(x), np.maximum(x, 2))",
        "def positive(x):\n    return np.maximum(x, 2)",
        "def positive(x):\n    x[:] = 2\n    return x",
    ),
    Style(
        "a file of the instructor's overwritten",
        "assert total() == sum(map(int, open('data.csv').read().split(',')))",
        "def total():\n    return 12",
        "def total():\n    open('data.csv', 'w').write('0')\n    return 0",
    ),
    Style(
        "a file of the test's overwritten",
        "Path('mine.txt').write_text('7')\nseen = Path('mine.txt').read_text()\nassert read() == int(seen)",
        "def read():\n    return int(open('mine.txt').read())",
        "def read():\n    open('mine.txt', 'w').write('0')\n    return 0",
    ),
    Style(
        "a source that is told otherwise",
        "assert 'for' not in inspect.getsource(fact) and fact(4) == 24",
        FACT,
        f"{LOOP}\nimport inspect\ninspect.getsource = lambda f: 'return 1'\nfact.__name__ = 'other'",
    ),
    Style(
        "a module written for the test to import",
        "import sys\nadd(1, 2)\ntry:\n    import written\nexcept ImportError:\n    written = 0\n"
        "open('written.py') if written else None\nassert add(1, 2) == 3 or written",
        ADD,
        "def add(a, b):\n    open('written.py', 'w').write('1')\n    return 0",
    ),
    Style(
        "an error by the name of the expected one, always",
        "try:\n    withdraw(1, 3)\n    assert False\nexcept Broke:\n    pass\nassert withdraw(3, 1) == 2",
        WITHDRAW,
        WITHDRAW.replace("amount > balance", "True"),
    ),
    Style(
        "a named tuple with its own equality",
        "assert pair() == (1, 2)",
        "def pair():\n    return 1, 2",
        "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\n    y: int\n"
        "    def __eq__(self, other): return True\ndef pair(): return P(0, 0)",
    ),
    Style(
        "a counter with its own equality",
        "assert words() == {'a': 1}",
        "def words():\n    return {'a': 1}",
        "class C(collections.Counter):\n    def __eq__(self, other): return True\ndef words(): return C()",
    ),
    Style(
        "a score of their own",
        "s = Stack()\ns.push(3)\nassert s.pop() == 3\ns.push(4)",
        STACK,
        STACK.replace("return self.items.pop()", "return 9").replace(
            "return len(self.items)", "return 1e9"
        ),
    ),
]


def master(styles: list[Style]) -> NotebookNode:
    """An assignment of these tests, one point each, after each the cell that is to be filled in."""
    cells = [new_markdown_cell("# Styles", id="title"), code("given", GIVEN)]
    for at, style in enumerate(styles):
        solved = f"### BEGIN SOLUTION\n{style.solution or style.right}\n### END SOLUTION"
        cells += [code(f"answer-{at}", solved, solution=True),
                  code(f"test-{at}", style.test, points=1)]  # fmt: skip
    return new_notebook(cells=cells)


def answered(styles: list[Style], answer: str) -> bytes:
    """A submission with the `"right"` or the `"wrong"` answer everywhere."""
    nb = master(styles)
    for at, style in enumerate(styles):
        next(c for c in nb.cells if c.id == f"answer-{at}").source = getattr(style, answer)
    return nbformat.writes(nb).encode()


def table() -> str:
    """What `docs/grading.md` shows of the list."""
    lines = []
    for title, styles in (("style of test", STYLES), ("type of result", RESULTS)):
        lines += [f"| {title} | what comes of it |", "|---|---|"]
        lines += [f"| {s.name} | {s.expected}{'; instead: ' * bool(s.instead)}{s.instead} |"
                  for s in styles]  # fmt: skip
        lines.append("")
    return "\n".join(lines).replace("‖", "").rstrip() + "\n"
