"""JavaScript without comments and spare spaces; what stands inside quotes and templates is kept."""

import re
from collections.abc import Iterator

# A text, a comment, white space, a name or number, or anything else.
_TOKEN = re.compile(
    r"""(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|(?P<comment>//[^\n]*)|(?P<space>\s+)|(?P<other>[\w$]+|.)""",
    re.DOTALL,
)
_PATTERN = re.compile(r"/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+/[a-z]*")
_TEMPLATE = re.compile(r"(?:\\.|\$(?!\{)|[^`$\\])*(`|\$\{)", re.DOTALL)
_APART = re.compile(r"[\w$]{2}|[+-]{2}")  # a space between these two means something


def squeezed(source: str) -> str:
    """Take out comments and white space that means nothing.

    Parameters
    ----------
    source
        JavaScript whose statements all end with a semicolon, whose comments are `//` ones, and
        whose patterns follow one of `( , = :`.

    Raises
    ------
    ValueError
        If a template does not end.
    """
    out: list[str] = []
    depth: list[int] = []  # of braces, for each template that is open
    at, gap = 0, ""

    def add(token: str) -> None:
        nonlocal gap
        if gap and out and _APART.match(out[-1][-1] + token[0]):
            out.append(" ")
        gap = ""
        spare = ",;" if token == "}" else "," if token == ")" else ""
        if out and out[-1] in spare:
            out.pop()  # the last one of a list or of a block needs none
        out.append(token)

    def template(start: int) -> int:
        match = _TEMPLATE.match(source, start)
        if match is None:
            raise ValueError("a template does not end")
        out.append(match[0])
        if match[1] == "${":
            depth.append(0)
        return match.end()

    while at < len(source):
        before = out[-1][-1] if out else "("
        pattern = _PATTERN.match(source, at) if before in "(,=:" else None
        if pattern and not source.startswith("//", at):
            add(pattern[0])
            at = pattern.end()
            continue
        token = _TOKEN.match(source, at)
        at = token.end()
        kind, text = token.lastgroup, token[0]
        if kind in ("comment", "space"):
            gap = " "
        elif text == "`":
            add(text)
            at = template(at)
        elif text == "}" and depth and depth[-1] == 0:
            depth.pop()
            gap = ""
            out.append(text)
            at = template(at)
        else:
            if depth and text in "{}":
                depth[-1] += 1 if text == "{" else -1
            add(text)
    return "".join(_joined(out))


def _joined(tokens: list[str]) -> Iterator[str]:
    """Neighbouring `const` statements become one."""

    def declares(at: int) -> bool:
        return tokens[at : at + 1] == ["const"] and tokens[at + 1][0] in " [{"

    inside, skip = [declares(0)], 0  # whether the statement at each depth is such a one
    for at, token in enumerate(tokens):
        if at < skip:
            continue
        if token == ";" and declares(at + 1):
            if inside[-1]:
                yield ","
                skip = at + 2 + (tokens[at + 2] == " ")
            else:
                yield token
            inside[-1] = True
            continue
        if token in "([" or token.endswith("{"):
            inside.append(declares(at + 1))
        elif token in ")]}" and len(inside) > 1:
            inside.pop()
            inside[-1] = inside[-1] or declares(at + 1)
        elif token == ";":
            inside[-1] = declares(at + 1)
        yield token
