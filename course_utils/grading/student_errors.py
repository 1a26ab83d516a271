"""What the student's code raises, as it is seen here: of its type, with its text.

`except ValueError` catches what is derived from it over there, and `except` of a class of the
student's catches that.
"""

import builtins
import contextlib
import functools
import keyword
from collections.abc import Mapping
from typing import Any

from nbconvert.filters import strip_ansi

from course_utils.grading import wire

# An error of the student's must not end a loop of the tests, nor demand errors inside.
NOT_DERIVED = (StopIteration, StopAsyncIteration, ExceptionGroup)


class CandidateError(Exception):
    """What the student's code raised when it was asked: of its type, with its text.

    `own_line` quotes the student's line. What is raised is of a class made for the purpose, which
    is also derived from the built-in error that the student's is: `except ValueError` works.
    """

    text = own_line = ""
    theirs: Any = None  # the student's error itself

    def __str__(self) -> str:
        return self.text

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or self.theirs is None:
            raise AttributeError(name)
        return getattr(self.theirs, name)

    @property
    def args(self) -> Any:
        """Those of the student's error."""
        return (self.text,) if self.theirs is None else self.theirs.args


class NotDefined(CandidateError, NameError):
    """A name that the student's notebook does not define; the words are the examiner's own."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.text = f"`{name}` is not defined"


class LocalError(type):
    """A class here for a student's class of errors, so that `except` can name it."""

    theirs: Any

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """One of the student's, made there."""
        return cls.theirs(*args, **kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(cls.theirs, name)


def local_error(theirs: Any, bases: Any, known: dict[str, type]) -> type | None:
    """A class for `except` that stands for the student's; None if theirs is no class of errors.

    Parameters
    ----------
    theirs
        The class.
    bases
        Names of what it derives from, itself first, as the candidate told them.
    known
        Where it is entered by its name, for `error`.
    """
    if type(bases) is not list or not bases or not all(type(base) is str for base in bases):
        return None
    name = plain_name(bases[0])
    base = _built_in(bases)
    known[name] = made = LocalError(name, (base,), {"theirs": theirs})
    return made


def plain_name(name: str) -> str:
    """A type's name as the student gave it, if it can be one."""
    usable = name.isidentifier() and not keyword.iskeyword(name) and len(name) < 80
    return name if usable else "object"


def builtin_name(types: tuple[type, ...]) -> str:
    """The first name among an error's types that every Python knows."""
    return next(t.__name__ for t in types if getattr(builtins, t.__name__, None) is t)


def error(
    name: str, bases: list, text: str, line: str, known: Mapping[str, type] | None = None
) -> CandidateError:
    """The exception that stands for one of the candidate's.

    `known` are classes of errors by name that a test catches, beside the built-in ones.

    Raises
    ------
    WireError
        If these are not four texts and lists of texts.
    """
    if type(bases) is not list or not all(type(w) is str for w in (name, text, line, *bases)):
        raise wire.WireError("no error")
    local = tuple(dict.fromkeys(known[base] for base in bases if base in known)) if known else ()
    kind = _error_class(plain_name(name), _built_in(bases), local)
    made = kind.__new__(kind)
    made.text, made.own_line = strip_ansi(text[:4000]), strip_ansi(line[:500])
    return made


def _built_in(bases: list[str]) -> type[Exception]:
    known = [getattr(builtins, base, None) for base in bases]
    usable = [k for k in known if isinstance(k, type) and issubclass(k, Exception)]
    return next((k for k in usable if not issubclass(k, NOT_DERIVED)), Exception)


@functools.lru_cache(maxsize=1000)
def _error_class(name: str, base: type, local: tuple[type, ...] = ()) -> type:
    def take_nothing(self: Exception, *_: Any) -> None:
        """Some errors demand arguments of their own."""

    own = {"__init__": take_nothing}
    for bases in ((CandidateError, *local, base), (CandidateError, *local[:1]), (CandidateError,)):
        with contextlib.suppress(TypeError):  # a few cannot be combined
            return type(name, tuple(dict.fromkeys(bases)), dict(own))
    raise AssertionError("one of them can be made")
