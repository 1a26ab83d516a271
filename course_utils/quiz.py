"""Questions with immediate feedback in a notebook, drawn by the jupyterquiz library.

The questions stand in `course_utils/questions/*.toml`, one file per lecture. Each wrong answer
that students really give has its own explanation, and each right answer its proof: a Python
expression that the tests evaluate.
"""

import functools
import html
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from IPython.display import publish_display_data
from jupyterquiz.dynamic import renderer
from jupyterquiz.dynamic.loader import load_questions_script
from rjsmin import jsmin

# jupyterquiz reads the first letter of a version that JupyterLab's MathJax does not state, and
# stops there with an error. Our questions need no MathJax: any version will do.
_MATHJAX = "if (window.MathJax && !MathJax.version) { MathJax.version = 'unknown'; }"
FOLDER = Path(__file__).with_name("questions")
# Dark enough for white text on each, and correct and incorrect differ in brightness too.
_COLOURS = {
    "--jq-multiple-choice-bg": "#0B4F7A",
    "--jq-many-choice-bg": "#0B4F7A",
    "--jq-numeric-bg": "#0B4F7A",
    "--jq-text-color": "#FFFFFF",
    "--jq-mc-button-bg": "#FAFAFA",
    "--jq-mc-button-border": "#8A8A8A",
    "--jq-mc-button-inset-shadow": "#555555",
    "--jq-numeric-input-bg": "#44546A",
    "--jq-numeric-input-label": "inherit",
    "--jq-numeric-input-shadow": "#999999",
    "--jq-incorrect-color": "#A33B00",
    "--jq-correct-color": "#00664B",
}
# jupyterquiz sets type for slides; this is the size of the text around the question.
_TYPE = (
    "<style>#{name} .Quiz {{font-size: 1rem; line-height: 1.4}}"
    "#{name} :is(.InpLabel, .Input-text, .Feedback, .MCButton) {{font-size: 1rem}}"
    "#{name} .Feedback {{text-align: left}}</style>"
)

# jupyterquiz's choices are labels, which no key reaches, and its fields have no name. It may draw
# them a little later, once the cell stands on the page.
_BY_KEYBOARD = """
(function operable() {
  const box = document.getElementById('NAME');
  if (!box || !box.querySelector('.Feedback')) return setTimeout(operable, 200);
  box.querySelectorAll('.Feedback').forEach(said => said.setAttribute('role', 'status'));
  box.querySelectorAll('.Input-text').forEach(input => input.setAttribute('aria-label',
    input.closest('.Quiz').querySelector('[id^=quizQn]').textContent));
  box.querySelectorAll('.MCButton > span:first-child').forEach(choice => {
    choice.tabIndex = 0;
    choice.setAttribute('role', 'button');
    choice.onkeydown = event => {
      if (event.key != 'Enter' && event.key != ' ') return;
      event.preventDefault();
      choice.click();
    };
  });
})();
"""


@dataclass(frozen=True)
class Question:
    """One question.

    `answer` is a number, or the text of the right choice; `because` explains it; `wrong` maps
    each foreseen wrong answer to its explanation; `proof` is a Python expression whose value is
    `answer`; `otherwise` is said to any other number.
    """

    id: str
    text: str
    answer: int | float | str
    because: str
    proof: str
    wrong: dict[str, str] = field(default_factory=dict)
    otherwise: str = "Not this number. Write the formula down with every symbol, then try again."

    def as_jupyterquiz(self) -> dict:
        """This question in jupyterquiz's own format."""
        if isinstance(self.answer, str):
            choices = [{"answer": self.answer, "correct": True, "feedback": self.because}]
            choices += [
                {"answer": a, "correct": False, "feedback": why} for a, why in self.wrong.items()
            ]
            # A fixed order that does not give the answer away: by the alphabet.
            choices.sort(key=lambda choice: choice["answer"].lower())
            return {"question": self.text, "type": "multiple_choice", "answers": choices}
        answers = [{"type": "value", "value": self.answer, "correct": True}]
        answers[0]["feedback"] = self.because
        answers += [
            {"type": "value", "value": float(a), "correct": False, "feedback": why}
            for a, why in self.wrong.items()
        ]
        answers.append({"type": "default", "feedback": self.otherwise})
        return {"question": self.text, "type": "numeric", "answers": answers}


@functools.cache
def questions() -> dict[str, Question]:
    """All questions of the course by id.

    Raises
    ------
    ValueError
        If two questions share an id, or a key is missing or unknown in a file.
    """
    found: dict[str, Question] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for id_, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if id_ in found:
                raise ValueError(f"question id {id_!r} of {path.name} is used twice")
            try:
                found[id_] = Question(id=id_, **entry)
            except TypeError as error:
                raise ValueError(f"question {id_!r} of {path.name}: {error}") from None
            for answer, why in found[id_].wrong.items():
                if not isinstance(why, str):  # TOML reads a bare key 0.5 as two keys
                    raise ValueError(f"question {id_!r}: quote the key {answer} of {path.name}")
    return found


def ask(*ids: str) -> None:
    """Show one or more questions; the reader's answer gets its explanation at once.

    Works without a kernel too, on any page that runs scripts. Where scripts do not run, the
    text of the question is shown.

    Raises
    ------
    ValueError
        For an unknown id, naming similar ones.
    """
    bank = questions()
    for id_ in ids:
        if id_ not in bank:
            alike = [known for known in bank if known.split("-")[0] == id_.split("-")[0]]
            raise ValueError(f"no question {id_!r}; similar: {', '.join(alike) or 'none'}")
    asked = [bank[id_] for id_ in ids]
    text = "\n".join(f"Question: {question.text}" for question in asked)
    publish_display_data({"text/html": _page(asked), "text/plain": text})


def _page(asked: list[Question]) -> str:
    """One self-contained piece of HTML, the same bytes every time.

    `jupyterquiz.display_quiz` would use a random id and two outputs; its parts are put together
    here under an id made of the questions' own, so that stored outputs stay comparable.
    """
    name = "quiz_" + "_".join(question.id.replace("-", "_") for question in asked)
    unscripted = "".join(f"<p>{html.escape(question.text)}</p>" for question in asked)
    box = renderer.render_div(
        name,
        shuffle_questions=False,
        shuffle_answers=False,
        preserve_responses=False,
        num=len(asked),
        max_width=760,
        border_radius=6,
        question_alignment="left",
    )
    styles = renderer.build_styles(name, _COLOURS)
    load, static, url = load_questions_script([q.as_jupyterquiz() for q in asked], name)
    script = renderer.build_script(load, static, url, name, load_js=True)
    script = jsmin(f"{script}\n{_BY_KEYBOARD.replace('NAME', name)}")
    return (
        f"{styles}{_TYPE.format(name=name)}{box}"
        f"<div class='unscripted'>{unscripted}</div></div>\n"
        f"<script>{_MATHJAX}\n"
        f"document.querySelector('#{name} .unscripted').remove();\n{script}</script>"
    )
