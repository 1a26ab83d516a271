"""What stands here for a thing in the candidate, an object that cannot cross."""

import collections
import functools
import itertools
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from nbconvert.filters import strip_ansi

from course_utils.grading import wire
from course_utils.grading.kinds import PLAIN
from course_utils.grading.student_errors import LocalError, error, plain_name
from course_utils.probes.calls import OWN_ERRORS, Tried

QUESTION = 2_000_000  # bytes of the cases of a question, unless a single one is larger
# Of what stands there: a class of the student's, what a call of it gave, what operators made of
# that, and everything else.
CLASS, MADE, OPERATED, OTHER = "class", "made", "operated", "other"
COMPARISONS = ("ne", "lt", "le", "gt", "ge")
OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor",
             "lshift", "rshift")  # fmt: skip
SIGNS = ("abs", "neg", "pos", "invert")
DESCRIBING = {"__doc__", "__name__", "__qualname__", "__annotations__", "__dict__", "__defaults__"}


class Remote:
    """Something that stays in the candidate: a function, a model, an iterator, any object.

    Calling it, its attributes and its items ask the candidate; what can cross comes back by value.
    What Python asks a type for (operators, `==`, `repr`) is asked only of objects that a test has
    made of a class for which the master's solution defines it: anything else that a student's
    function returns could claim to equal every number. See `_may`.
    """

    __slots__ = ("_candidate", "_level", "_number", "_origin", "_said")
    __array_ufunc__ = None  # an array is not compared with it item by item

    def __init__(self, candidate: Any, number: int, origin: str = "") -> None:
        object.__setattr__(self, "_candidate", candidate)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_origin", origin)
        object.__setattr__(self, "_level", OTHER)
        object.__setattr__(self, "_said", "")

    def _now(self, level: int, name: str = "") -> "Remote":
        """This, with what is known of where it comes from."""
        object.__setattr__(self, "_level", level)
        object.__setattr__(self, "_said", name or self._said)
        return self

    def _ask(self, do: str, *args: Any, **kwargs: Any) -> Any:
        return self._candidate.ask(do, self._number, *args, **kwargs)

    def _may(self, special: str, other: Any = None, *, compares: bool = False) -> bool:
        """Whether the student's type is believed: for what the solution's class defines as well.

        Of an object that the test has made itself, or of what operators made of such objects, but
        then only beside others of them: an object that takes part in a sum with a number of the
        test could make every sum right.
        """
        both = isinstance(other, Remote) and other._level in (MADE, OPERATED)
        believed = both if compares or self._level == OPERATED else self._level == MADE
        if believed and special in self._candidate.special:
            return True
        self._unheard()
        return False

    def _unheard(self) -> None:
        """Note that the test wanted to know something of it that is not asked."""
        if self._origin:
            self._candidate.unheard.append(self._origin)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call it in the candidate."""
        given = self._ask("call", *args, **kwargs)
        return given._now(MADE) if self._level == CLASS and isinstance(given, Remote) else given

    def _changing(self, *args: Any, **kwargs: Any) -> Any:
        """Call it, and let what it changes in lists, dicts, sets and arrays be seen here."""
        value, changed, changed_named = self._ask("change", *args, **kwargs)
        for mine, theirs in zip(args, changed, strict=True):
            put_into(mine, theirs)
        for name, mine in kwargs.items():
            put_into(mine, changed_named[name])
        return value

    def tried_there(self, probe: Callable, functions: Sequence, cases: Sequence) -> list[Tried]:
        """What a probe finds beside it with each case, all in few questions."""
        return self._candidate.try_all(probe, functions, cases)

    def __getattr__(self, name: str) -> Any:
        # Special methods would let the student's type decide how it is compared or printed here.
        if name.startswith("__") and name not in DESCRIBING:
            raise AttributeError(name)
        return self._ask("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name, value)

    def __delattr__(self, name: str) -> None:
        self._ask("delete", name)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("get item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("set item", key, value)

    def __delitem__(self, key: Any) -> None:
        self._ask("delete item", key)

    def __contains__(self, item: Any) -> bool:
        if self._may("__contains__"):
            return _exact(self._ask("has item", item), bool)
        return any(item is each or item == each for each in self)

    def __len__(self) -> int:
        return self._ask("length")

    def __bool__(self) -> bool:
        if self._level == MADE and {"__bool__", "__len__"} & self._candidate.special:
            return _exact(self._ask("truth"), bool)
        return True

    def __eq__(self, other: Any) -> Any:
        if self is other:
            return True
        if self._may("__eq__", other, compares=True):
            return _exact(self._ask("operate", "eq", other), bool)
        return NotImplemented

    def __hash__(self) -> int:
        if self._level == MADE and "__hash__" in self._candidate.special:
            return _exact(self._ask("hash"), int)
        return object.__hash__(self)

    def __instancecheck__(self, instance: Any) -> bool:
        return is_instance(instance, self)

    def __subclasscheck__(self, kind: Any) -> bool:
        return is_subclass(kind, self)

    def __array__(self, *_: Any, **__: Any) -> None:
        self._unheard()
        raise TypeError(f"a {type(self).__name__} is no array")

    def __iter__(self) -> Iterator:
        iterator = self._ask("iterate")
        while item := self._candidate.ask("next", iterator._number):
            yield item[0]

    def __next__(self) -> Any:
        if not (item := self._ask("next")):
            raise StopIteration
        return item[0]

    def __enter__(self) -> Any:
        return self._ask("enter")

    def __exit__(self, *_: Any) -> None:
        self._ask("exit")

    def __copy__(self) -> Any:
        return self._ask("copy")

    def __deepcopy__(self, _: dict) -> Any:
        return self._ask("deep copy")

    def __reduce_ex__(self, _: Any) -> None:
        raise TypeError(f"a {type(self).__name__} stays in the student's notebook")

    def __repr__(self) -> str:
        if self._level == MADE and "__repr__" in self._candidate.special:
            return _exact(self._ask("repr"), str)
        return f"<{type(self).__name__} in the student's notebook>"

    def __str__(self) -> str:
        if self._level == MADE and {"__repr__", "__str__"} & self._candidate.special:
            return _exact(self._ask("str"), str)
        return repr(self)


def _operator(special: str, name: str, reflected: bool) -> Callable:
    def operate(self: Remote, other: Any) -> Any:
        if not self._may(special, other, compares=name in COMPARISONS):
            return NotImplemented
        made = self._ask("operate on" if reflected else "operate", name, other)
        return made._now(OPERATED) if isinstance(made, Remote) else made

    return operate


def _sign(special: str, name: str) -> Callable:
    def operate(self: Remote) -> Any:
        if not self._may(special):
            raise TypeError(f"a {type(self).__name__} has no {special} that can be asked for")
        made = self._ask("operate", name)
        return made._now(OPERATED) if isinstance(made, Remote) else made

    return operate


for _name in COMPARISONS:
    setattr(Remote, f"__{_name}__", _operator(f"__{_name}__", _name, reflected=False))
for _name in OPERATORS:
    _function = f"{_name}_" if _name in ("and", "or") else _name
    setattr(Remote, f"__{_name}__", _operator(f"__{_name}__", _function, reflected=False))
    setattr(Remote, f"__r{_name}__", _operator(f"__r{_name}__", _function, reflected=True))
for _name in SIGNS:
    setattr(Remote, f"__{_name}__", _sign(f"__{_name}__", _name))


def _exact(value: Any, kind: type) -> Any:
    """What was asked for, if it is of the only type that makes sense.

    Raises
    ------
    TypeError
        If it is not.
    """
    if type(value) is not kind:
        raise TypeError(f"expected a {kind.__name__}, not a {type(value).__name__}")
    return value


def is_instance(value: Any, kinds: Any) -> bool:
    """As `isinstance`, also for what is in the candidate, or for classes that are there."""
    if isinstance(kinds, tuple):
        return any(is_instance(value, kind) for kind in kinds)
    if isinstance(kinds, types.UnionType):
        return is_instance(value, typing.get_args(kinds))
    if type(kinds) is LocalError:
        return type.__instancecheck__(kinds, value)
    candidate = next((v._candidate for v in (value, kinds) if _is_remote(v)), None)
    if candidate is None or not (_is_remote(kinds) or isinstance(kinds, type)):
        return isinstance(value, kinds)
    if any(kinds is kind for kind in (*PLAIN, type(None))):  # what is of these came by value
        value._unheard()
        return False
    return _exact(candidate.ask("instance", None, value, kinds), bool)


def is_subclass(kind: Any, kinds: Any) -> bool:
    """As `issubclass`, also for classes that are in the candidate."""
    if isinstance(kinds, tuple):
        return any(is_subclass(kind, each) for each in kinds)
    kind, kinds = (k.theirs if type(k) is LocalError else k for k in (kind, kinds))
    candidate = next((k._candidate for k in (kind, kinds) if _is_remote(k)), None)
    if candidate is None:
        return issubclass(kind, kinds)
    return _exact(candidate.ask("subclass", None, kind, kinds), bool)


def _is_remote(value: Any) -> bool:
    return issubclass(type(value), Remote)


def put_into(mine: Any, theirs: Any) -> None:
    """Make one's own list, dict, set or array what the candidate's has become."""
    if type(mine) is not type(theirs):
        return
    if isinstance(mine, list | bytearray):
        mine[:] = theirs
    elif isinstance(mine, dict | set):
        mine.clear()
        mine.update(theirs)
    elif isinstance(mine, collections.deque):
        mine.clear()
        mine.extend(theirs)
    elif isinstance(mine, np.ndarray) and mine.shape == theirs.shape and mine.flags.writeable:
        mine[...] = theirs
    elif type(mine).__module__ == "torch" and getattr(mine, "shape", 0) == getattr(
        theirs, "shape", 1
    ):
        mine.data.copy_(theirs.data)


def remote(candidate: Any, reference: Any) -> Remote:
    """What stands for a thing that the candidate keeps.

    Parameters
    ----------
    candidate
        Asked with its `ask`.
    reference
        As the candidate sent it: the word kept, a number, the name of the type, and of a type that
        is a library's, or derives from plain data, what to call it.

    Raises
    ------
    WireError
        If this is no reference.
    """
    try:
        kept, number, name, origin = reference
    except (TypeError, ValueError):
        raise wire.WireError("no reference") from None
    if kept != "kept" or [type(number), type(name), type(origin)] != [int, str, str]:
        raise wire.WireError("no reference")
    return _class(plain_name(name))(candidate, number, _clean(origin))


def _clean(text: str) -> str:
    return strip_ansi(text[:200]).encode(errors="replace").decode()


@functools.lru_cache(maxsize=1000)
def _class(name: str) -> type:
    """So that `type(value).__name__` in a message is the name of the student's type."""
    return type(name, (Remote,), {"__slots__": (), "__doc__": property(_documentation)})


def _documentation(of: Remote) -> Any:
    return of._ask("get", "__doc__")


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
