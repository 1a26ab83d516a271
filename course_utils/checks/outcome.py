"""Looking at a student's functions: what came back, or what went wrong, in words."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from course_utils.probes import calls
from course_utils.probes.calls import NotWritten, Tried, Unusable, named, quiet
from course_utils.tracebacks import own_line


@dataclass(frozen=True)
class Outcome:
    """The result of one call: a value, or an error with its kind and message.

    `kind` is the error's type, `ValueError` for those derived from it; `where` quotes the student's
    line that raised. `modified` says which argument is the first that the call changed.
    """

    value: Any = None
    error: str | None = None
    kind: str = ""
    message: str = ""
    where: str = ""
    modified: str = ""


@dataclass(frozen=True)
class Look:
    """How a check looks at a student's functions.

    Called with functions, it gives one function that takes the arguments of a case.

    Attributes
    ----------
    probe
        Of `course_utils.probes`, perhaps with options: looks beside the functions, wherever they
        live, and brings plain data.
    read
        Makes of that data, and the arguments of the case, what is compared; stays with the check.
        None where the data is compared as it is.
    functions
        How many the probe takes; those that are not given are None.
    """

    probe: Callable = field(default_factory=lambda: calls.called)
    read: Callable | None = None
    functions: int = 1

    def __call__(self, *functions: Any) -> Callable:
        functions = self._filled(functions)

        def look(*args: Any, **kwargs: Any) -> Any:
            found = self.probe(*functions, *args, **kwargs)
            return self.read(found, *args, **kwargs) if self.read else found

        return look

    def _filled(self, functions: Sequence) -> list:
        if not 1 <= len(functions) <= self.functions:
            raise TypeError(f"expected 1 to {self.functions} functions, got {len(functions)}")
        return [*functions, *[None] * (self.functions - len(functions))]

    def outcomes(
        self, functions: Sequence, cases: Sequence, names: tuple[str, ...] = ()
    ) -> Iterator[Outcome]:
        """What each case comes to; never raises what the student's code raises.

        Functions in another process are asked for all cases at once.

        Parameters
        ----------
        functions
            The student's.
        cases
            Pairs of positional and keyword arguments.
        names
            Of the positional arguments, as far as they have any.
        """
        functions = self._filled(functions)
        remote = next((f for f in functions if hasattr(type(f), "tried_there")), None)
        if remote is not None:
            tried = remote.tried_there(self.probe, functions, cases)
        else:
            tried = (calls.attempt(self.probe, functions, *each) for each in cases)
        for one, (args, kwargs) in zip(tried, cases, strict=True):
            yield self._outcome(one, args, kwargs, names)

    def _outcome(self, tried: Tried, args: tuple, kwargs: dict, names: tuple) -> Outcome:
        value, error = tried.value, tried.error
        if error is None and self.read:
            try:
                with quiet():
                    value = self.read(value, *args, **kwargs)
            except Exception as raised:
                error = raised
        if error is not None:
            return _in_words(error)
        return Outcome(value, modified="" if tried.changed is None else named(tried.changed, names))


def call(function: Callable, args: tuple, kwargs: dict, names: tuple[str, ...] = ()) -> Outcome:
    """Call with copies of the arguments; never raises what the student's code raises.

    `names` are those of the positional arguments, as far as they have any.
    """
    return next(Look().outcomes([function], [(args, kwargs)], names))


def _in_words(error: BaseException) -> Outcome:
    """Never without words, even where the error has none: a student can raise a probe's own."""
    of_a_tool = "not implemented for" in str(error)  # PyTorch's own, for a dtype
    if isinstance(error, NotImplementedError) and not of_a_tool:
        text = (isinstance(error, NotWritten) and str(error)) or "it is not written yet"
        return Outcome(error=text, kind="NotImplementedError", message=str(error))
    if isinstance(error, Unusable):
        return Outcome(error=str(error) or "its result cannot be used", kind="Unusable")
    name = type(error).__name__
    return Outcome(
        error=f"it raised {name}: {error}",
        kind="ValueError"
        if isinstance(error, ValueError)
        else "RuntimeError"
        if of_a_tool
        else name,
        message=str(error),
        where=getattr(error, "own_line", "") or own_line(error),
    )
