"""Where in a student's own code an error happened."""

import linecache
import traceback


def own_line(error: BaseException, ignored: tuple[str, ...] = ()) -> str:
    """The student's line that raised, such as `At line 3 of your cell: return kernel[9]`.

    Empty where its text is not known. `ignored` are file names of the code that called.
    """
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "site-packages" in frame.filename or frame.filename in ignored:
            continue
        line = linecache.getline(frame.filename, frame.lineno or 0).strip()
        if line:
            return f"At line {frame.lineno} of your cell: {line}"
    return ""
