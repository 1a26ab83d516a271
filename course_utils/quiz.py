"""Questions with immediate feedback, and predictions that are committed before the answer is seen.

Both stand in `course_utils/questions/*.toml`, one file per lecture. Each wrong answer that students
really give to a question has its own explanation, and each right answer its proof: a Python
expression that the tests evaluate. A prediction is not marked: its entry says of what kind it is.
"""

import base64
import functools
import html
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from IPython.display import publish_display_data
from rjsmin import jsmin

from course_utils import plotting

FOLDER = Path(__file__).with_name("questions")
KINDS = ("number", "choice", "text", "curve", "table")
_carrier = ""  # what the call showed whose output holds the script: one is enough for a notebook


@dataclass(frozen=True)
class Question:
    """One question.

    `answer` is a number, the text of the right choice, or a list of all right choices; `because`
    explains it; `wrong` maps each foreseen wrong answer to its explanation; `proof` is a Python
    expression whose value is `answer`; `otherwise` is said to any other number. `picture` shows
    what is asked about: under `draw` a function of `plotting`, its arguments, and `alt`.
    """

    id: str
    lecture: str
    text: str
    answer: int | float | str | list[str]
    because: str
    proof: str
    wrong: dict[str, str] = field(default_factory=dict)
    otherwise: str = "Not this number. Write the formula down with every symbol, then try again."
    picture: dict = field(default_factory=dict)

    @property
    def choices(self) -> list[str]:
        """What one may choose, by the alphabet, which does not tell; nothing for a number."""
        if not isinstance(self.answer, str | list):
            return []
        right = [self.answer] if isinstance(self.answer, str) else self.answer
        return sorted([*right, *self.wrong], key=str.lower)


@dataclass(frozen=True)
class Prediction:
    """What a reader commits to before a cell tells.

    Attributes
    ----------
    predict
        Of what kind it is: a number, a choice, a short text, a curve (a number for each of
        `columns`, drawn as a line), or a table of numbers, `rows` times `columns`.
    answer
        What the cell will show, for the record at the end of the lecture: a number, the text of
        the choice, a list of numbers for a curve, a list of such lists for a table; None where it
        differs from run to run, or is for the reader to judge.
    near, within
        How far from `answer` a number is still near: a share of it, or so much, if given.
    proof
        A Python expression whose value is `answer`. Without one, a statement about the answering
        cell in `tests/lectures/` holds `truth(id)` against what the cell found.
    """

    id: str
    lecture: str
    predict: str
    text: str
    answer: int | float | str | list | None = None
    choices: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    unit: str = ""
    near: float = 0.1
    within: float | None = None
    proof: str = ""

    def __post_init__(self) -> None:
        if self.predict not in KINDS:
            raise ValueError(f"{self.id}: predict must be one of {KINDS}, got {self.predict!r}")
        if self.predict == "choice" and (
            len(self.choices) < 2 or self.answer not in (None, *self.choices)
        ):
            raise ValueError(f"{self.id}: needs choices, and the answer must be one of them")
        if self.predict in ("curve", "table") and not self.columns:
            raise ValueError(f"{self.id}: a {self.predict} needs columns")

    @property
    def numbers(self) -> list[float]:
        """The numbers of the answer, row by row."""
        if self.predict in ("choice", "text") or self.answer is None:
            return []
        rows = self.answer if isinstance(self.answer, list) else [self.answer]
        return [n for row in rows for n in (row if isinstance(row, list) else [row])]


@functools.cache
def _bank() -> dict[str, Question | Prediction]:
    """All entries of the question files by id.

    Raises
    ------
    ValueError
        If two entries share an id, or a key is missing or unknown in a file.
    """
    found: dict[str, Question | Prediction] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for id_, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if id_ in found:
                raise ValueError(f"question id {id_!r} of {path.name} is used twice")
            try:
                kind = Prediction if "predict" in entry else Question
                found[id_] = kind(id=id_, lecture=path.stem[:2], **entry)
            except TypeError as error:
                raise ValueError(f"question {id_!r} of {path.name}: {error}") from None
            for answer, why in getattr(found[id_], "wrong", {}).items():
                if not isinstance(why, str):  # TOML reads a bare key 0.5 as two keys
                    raise ValueError(f"question {id_!r}: quote the key {answer} of {path.name}")
    return found


def questions() -> dict[str, Question]:
    """All questions of the course by id."""
    return {id_: entry for id_, entry in _bank().items() if isinstance(entry, Question)}


def predictions(lecture: str = "") -> dict[str, Prediction]:
    """All predictions of the course by id, or those of one lecture, such as `"04"`."""
    return {
        id_: entry
        for id_, entry in _bank().items()
        if isinstance(entry, Prediction) and lecture in ("", entry.lecture)
    }


def truth(id_: str) -> int | float | str | list | None:
    """The stored answer of a prediction, to be held against what a cell found."""
    return _bank()[id_].answer


def _named(ids: tuple[str, ...], bank: dict) -> list:
    for id_ in ids:
        if id_ not in bank:
            alike = [known for known in bank if known.split("-")[0] == id_.split("-")[0]]
            raise ValueError(f"no question {id_!r}; similar: {', '.join(alike) or 'none'}")
    return [bank[id_] for id_ in ids]


def ask(*ids: str) -> None:
    """Show one or more questions; the reader's answer gets its explanation at once.

    Works without a kernel too, on any page that runs scripts. Where scripts do not run, the
    text of the question is shown.

    Raises
    ------
    ValueError
        For an unknown id, naming similar ones.
    """
    asked = _named(ids, questions())
    data = [
        {
            "kind": "choice" if question.choices else "number",
            **{key: getattr(question, key) for key in ("answer", "because", "wrong", "otherwise")},
        }
        for question in asked
    ]
    boxes = [
        ("ask", f"ask-{question.id}", known) for question, known in zip(asked, data, strict=True)
    ]
    _publish("".join(map(_question, asked)), boxes, [f"Question: {q.text}" for q in asked])


def predict(*ids: str) -> None:
    """Show one or more predictions: the reader commits to a guess before the next cells tell.

    Nothing is marked. The guess is kept in the reader's browser, and on the website committing
    unfolds the cells that answer. Where scripts do not run, the text is shown.

    Raises
    ------
    ValueError
        For an unknown id, naming similar ones.
    """
    asked = _named(ids, predictions())
    boxes = [("predict", f"predict-{prediction.id}", None) for prediction in asked]
    _publish("".join(map(_prediction, asked)), boxes, [f"Predict: {p.text}" for p in asked])


def record(lecture: str) -> None:
    """Show what the reader predicted over a lecture, such as `"04"`: how often near, how often far.

    It is read from the reader's browser and leaves it only if they copy it.

    Raises
    ------
    ValueError
        If the lecture has no predictions.
    """
    known = predictions(lecture)
    if not known:
        raise ValueError(f"lecture {lecture!r} has no predictions")
    data = [
        {
            "id": p.id,
            "text": p.text,
            "kind": p.predict,
            "unit": p.unit,
            "within": [_room(p, number) for number in p.numbers],
            **({} if p.answer is None else {"answer": p.answer}),
        }
        for p in known.values()
    ]
    box = (
        f'<div class="quiz" id="record-{lecture}"><p>What you predicted in this lecture is kept in '
        "your browser alone.</p><ul></ul>"
        '<button type="button" class="live" data-say="Copy it" hidden></button>'
        '<output role="status"></output></div>'
    )
    _publish(box, [("record", f"record-{lecture}", data)], [f"{len(known)} predictions."])


def _room(prediction: Prediction, number: float) -> float:
    return abs(number) * prediction.near if prediction.within is None else prediction.within


def _publish(boxes: str, waiting: list[tuple], lines: list[str]) -> None:
    """One output, the same bytes every time for the same place in a notebook.

    The script is in the first output of a kernel only, and again when that cell runs again: all
    others wait for it in a list.
    """
    global _carrier
    name = waiting[0][1]
    _carrier = _carrier or name
    style = script = ""
    if name == _carrier:
        here = Path(__file__)
        style = f"<style>{here.with_name('quiz.css').read_text(encoding='utf-8')}</style>"
        script = jsmin(here.with_name("quiz.js").read_text(encoding="utf-8")) + "\n"
    listed = json.dumps(waiting, ensure_ascii=False).replace("</", "<\\/")
    page = (
        f"{style}{boxes}<script>{script}window.convnetQuiz ||= [];"
        f"{listed}.forEach(box => window.convnetQuiz.push(box))</script>"
    )
    publish_display_data({"text/html": page, "text/plain": "\n".join(lines)})


def _question(question: Question) -> str:
    text, several = html.escape(question.text), isinstance(question.answer, list)
    if question.choices:
        kind = "checkbox" if several else "radio"
        fields = "<p>" + _choices(f"ask-{question.id}", question.choices, text, kind) + "</p>"
        text += " Select all that apply." if several else ""
    else:
        fields = _field(text)
    lead = (
        f"<p>{text}</p>{_picture(question)}{fields}"
        if question.choices or question.picture
        else text + fields
    )
    return (
        f'<div class="quiz ask" id="ask-{question.id}">{lead}'
        '<button type="button" class="live" data-say="Check" hidden></button>'
        '<button type="button" class="live" data-say="Show me" hidden></button>'
        '<output role="status"></output></div>'
    )


def _picture(question: Question) -> str:
    if not question.picture:
        return ""
    how = dict(question.picture)
    alt, draw = how.pop("alt"), getattr(plotting, how.pop("draw"))
    fig = draw(**how)
    mime, picture = plotting.render(fig, readable=True)
    plotting.plt.close(fig)
    data = base64.b64encode(picture).decode("ascii")
    return f'<p><img src="data:{mime};base64,{data}" alt="{html.escape(alt)}"></p>'


def _choices(name: str, choices: list[str], label: str, kind: str = "radio") -> str:
    each = "".join(
        f'<label><input type="{kind}" name="{name}" value="{c}"> {c}</label>'
        for c in map(html.escape, choices)
    )
    role = "group" if kind == "checkbox" else "radiogroup"
    return f'<span role="{role}" aria-label="{label}">{each}</span>'


def _field(label: str) -> str:
    return f'<input class="live" hidden type="text" autocomplete="off" aria-label="{label}">'


def _prediction(prediction: Prediction) -> str:
    text, unit = html.escape(prediction.text), html.escape(prediction.unit)
    kind, name = prediction.predict, f"predict-{prediction.id}"
    lead, fields = f"<p><strong>Predict.</strong> {text}</p>", f"{_field(text)}{unit} "
    if kind == "choice":
        fields = f"<p>{_choices(name, prediction.choices, text)}</p>"
    elif kind in ("number", "text"):
        lead = f"<strong>Predict.</strong> {text} "
        fields = f"<span{' class=long' * (kind == 'text')}>{fields}</span>"
    else:
        columns = [html.escape(column) for column in prediction.columns]
        rows = [html.escape(row) for row in prediction.rows] or [""]
        head = "<td></td>" * bool(prediction.rows)
        head += "".join(f"<th scope=col>{column}</th>" for column in columns)
        body = "".join(
            "<tr>"
            + (f"<th scope=row>{row}</th>" if row else "")
            + "".join(f"<td>{_field(f'{row} {c}'.strip())}</td>" for c in columns)
            + "</tr>"
            for row in rows
        )
        scrolled = f'class="table" tabindex="0" role="group" aria-label="{text}"'
        fields = f"<div {scrolled}><table><tr>{head}</tr>{body}</table></div>"
        if kind == "curve":
            box = 'class="live" hidden viewBox="0 0 300 80" aria-hidden="true"'
            fields += f"<svg {box}><polyline/></svg><br>"
    return (
        f'<div class="quiz predict" id="{name}" data-id="{prediction.id}" data-kind="{kind}" '
        f'data-unit="{unit}">{lead}{fields}'
        '<button type="button" class="live" data-say="Commit" hidden></button>'
        '<output role="status"></output></div>'
    )
