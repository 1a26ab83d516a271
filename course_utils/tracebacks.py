"""What can be told of a student's own code: where an error happened, what it uses."""

import linecache
import traceback
import types
from collections.abc import Callable


def own_line(error: BaseException) -> str:
    """The student's line that raised, such as `At line 3 of your cell: return kernel[9]`.

    Empty where no cell was running: lines of modules are nobody's cell.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        known = linecache.cache.get(frame.filename, ())
        if len(known) == 4 and known[1] is None:  # IPython keeps cells so, without a file's time
            line = "".join(known[2][frame.lineno - 1 : frame.lineno]).strip()
            return f"At line {frame.lineno} of your cell: {line}"
    return ""


def used_package(function: Callable, packages: tuple[str, ...]) -> str:
    """The first of these packages that a function of this process names; empty if none.

    Seen are names in its code and in functions inside it, or in a class's methods; not those of
    functions that it calls. A package may be a module in one, such as `course_utils.training`.
    """
    functions = [*vars(function).values()] if isinstance(function, type) else [function]
    for each in functions:
        code = getattr(each, "__code__", None)
        codes = [code] if isinstance(code, types.CodeType) else []
        names = getattr(each, "__globals__", {})
        while codes:
            code = codes.pop()
            codes += [c for c in code.co_consts if isinstance(c, types.CodeType)]
            for name in code.co_names:
                value = names.get(name)
                module = value if isinstance(value, types.ModuleType) else None
                origin = module.__name__ if module else str(getattr(value, "__module__", "") or "")
                for package in packages:
                    if any(f"{n}.".startswith(f"{package}.") for n in (name, origin)):
                        return package
    return ""
