"""One attack in each file: its cells, its files, or what it does to the notebook."""

import textwrap

ANSWERING = """from course_utils.grading import inside
honest = inside.Agent.answer
def answer(self, question):
    if question["do"] == "names":
        self.asked = question["target"][-1]
        return honest(self, question)
{}
inside.Agent.answer = answer
def scale(x, factor): return x"""


def answering(body: str) -> dict[str, str]:
    """Cells that answer every question but those for names in a way of their own.

    Parameters
    ----------
    body
        Of the method that answers; `self.asked` is the name that the question is about.
    """
    code = ANSWERING.format(textwrap.indent(body.strip("\n"), "    "))
    return {"scale": code, "count": "def count(n): return n"}
