"""What stands here for a thing in the candidate: an object that cannot cross, or an error."""

import builtins
import functools
import itertools
import keyword
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from nbconvert.filters import strip_ansi

from course_utils.grading import wire
from course_utils.probes.calls import OWN_ERRORS, Tried

QUESTION = 2_000_000  # bytes of the cases of a question, unless a single one is larger
# An error of the student's must not end a loop of the tests, nor demand errors inside.
NOT_DERIVED = (StopIteration, StopAsyncIteration, ExceptionGroup)


class CandidateError(Exception):
    """What the student's code raised when it was asked: of its type, with its text.

    `own_line` quotes the student's line. What is raised is of a class made for the purpose, which
    is also derived from the built-in error that the student's is: `except ValueError` works.
    """

    text = own_line = ""

    def __str__(self) -> str:
        return self.text


class NotDefined(CandidateError, NameError):
    """A name that the student's notebook does not define; the words are the examiner's own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.text = f"`{name}` is not defined"


class Remote:
    """Something that stays in the candidate: a function, a model, an iterator, any object.

    Calling it, its attributes and its items ask the candidate; what can cross comes back by value.
    Two of them are equal only if they are one and the same here, whatever the student's type says.
    """

    __slots__ = ("_candidate", "_number")
    __array_ufunc__ = None  # an array is not compared with it item by item

    def __init__(self, candidate: Any, number: int) -> None:
        object.__setattr__(self, "_candidate", candidate)
        object.__setattr__(self, "_number", number)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the candidate."""
        return self._candidate.ask("call", self._number, *args, **kwargs)

    def tried_there(self, probe: Callable, functions: Sequence, cases: Sequence) -> list[Tried]:
        """What a probe finds beside it with each case, all in few questions."""
        return self._candidate.try_all(probe, functions, cases)

    def __getattr__(self, name: str) -> Any:
        # Special methods would let the student's type decide how it is compared or printed here.
        if name.startswith("__"):
            raise AttributeError(name)
        return self._candidate.ask("get", self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._candidate.ask("set", self._number, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._candidate.ask("get item", self._number, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._candidate.ask("set item", self._number, key, value)

    def __len__(self) -> int:
        return self._candidate.ask("length", self._number)

    def __bool__(self) -> bool:
        return True

    def __array__(self, *_: Any, **__: Any) -> None:
        raise TypeError(f"a {type(self).__name__} is no array")

    def __iter__(self) -> Iterator:
        iterator = self._candidate.ask("iterate", self._number)
        while item := self._candidate.ask("next", iterator._number):
            yield item[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} in the student's notebook>"


def remote(candidate: Any, reference: Any) -> Remote:
    """What stands for a thing that the candidate keeps.

    Parameters
    ----------
    candidate
        Asked with its `ask`.
    reference
        As the candidate sent it: the word kept, a number, the name of the type.

    Raises
    ------
    WireError
        If this is no reference.
    """
    try:
        kept, number, name = reference
    except (TypeError, ValueError):
        raise wire.WireError("no reference") from None
    if kept != "kept" or type(number) is not int or type(name) is not str:
        raise wire.WireError("no reference")
    return _class(_plain_name(name))(candidate, number)


def _plain_name(name: str) -> str:
    """A type's name as the student gave it, if it can be one."""
    usable = name.isidentifier() and not keyword.iskeyword(name) and len(name) < 80
    return name if usable else "object"


@functools.lru_cache(maxsize=1000)
def _class(name: str) -> type:
    """So that `type(value).__name__` in a message is the name of the student's type."""
    return type(name, (Remote,), {"__slots__": ()})


def builtin_name(types: tuple[type, ...]) -> str:
    """The first name among an error's types that every Python knows."""
    return next(t.__name__ for t in types if getattr(builtins, t.__name__, None) is t)


def error(name: str, bases: list, text: str, line: str) -> CandidateError:
    """The exception that stands for one of the candidate's.

    Raises
    ------
    WireError
        If these are not four texts and lists of texts.
    """
    if type(bases) is not list or not all(type(w) is str for w in (name, text, line, *bases)):
        raise wire.WireError("no error")
    known = [getattr(builtins, base, None) for base in bases]
    usable = [k for k in known if isinstance(k, type) and issubclass(k, Exception)]
    base = next((k for k in usable if not issubclass(k, NOT_DERIVED)), Exception)
    made = _error_class(_plain_name(name), base)()
    made.text, made.own_line = strip_ansi(text[:4000]), strip_ansi(line[:500])
    return made


def address(probe: Callable) -> tuple[str, dict[str, Any]]:
    """Where the candidate finds a probe, and the options that it has.

    Raises
    ------
    ValueError
        For what does not stand where the candidate can import it.
    """
    options, probe = getattr(probe, "keywords", {}), getattr(probe, "func", probe)
    if not probe.__module__.startswith("course_utils.probes."):
        raise ValueError(f"{probe.__qualname__} is no probe of course_utils.probes")
    return f"{probe.__module__}:{probe.__qualname__}", options


def some(cases: list) -> list:
    """The first cases, packed, that fit into a question."""
    sizes = itertools.accumulate(len(wire.write(case)) for case in cases)
    return cases[: max(1, sum(size <= QUESTION for size in sizes))]


def found(told: Any, question: dict) -> list:
    """For each name that was asked for, a list of what there is: one thing or none.

    Raises
    ------
    WireError
        If it is anything else.
    """
    if type(told) is not list or len(told) != len(question["target"]):
        raise wire.WireError("something else than asked for")
    if not all(type(values) is list and len(values) < 2 for values in told):
        raise wire.WireError("something else than asked for")
    return told


def tried(told: Any, question: dict) -> list[Tried]:
    """What the candidate tells of at least the first case of a question.

    Raises
    ------
    WireError
        If it is anything else.
    """
    if type(told) is not list or not 1 <= len(told) <= len(question["cases"]):
        raise wire.WireError("something else than asked for")
    return [_tried(one) for one in told]


def _tried(told: Any) -> Tried:
    if type(told) is not list or len(told) not in (2, 4, 5):
        raise wire.WireError("no result of a case")
    if len(told) == 2:
        value, changed = told
        if changed is not None and type(changed) is not int:
            raise wire.WireError("no place of an argument")
        return Tried(value, changed=changed)
    raised = error(*told[:4])
    own = {kind.__name__: kind for kind in OWN_ERRORS}
    return Tried(error=own[told[4]](raised.text) if told[4:] else raised)


@functools.lru_cache(maxsize=1000)
def _error_class(name: str, base: type) -> type:
    def take_nothing(self: Exception, *_: Any) -> None:
        """Some built-in errors demand arguments of their own."""

    try:
        return type(name, (CandidateError, base), {"__init__": take_nothing})
    except TypeError:  # a few cannot be combined
        return type(name, (CandidateError,), {})
