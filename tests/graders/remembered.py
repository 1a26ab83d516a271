"""Checks for whoever judges many versions: what is asked once is not asked again.

A wrong version is compared with every suspect of its check, and each version is judged here and in
the sandbox: without a memory most of the time goes into the same questions over and over.

A hidden test draws more than once. What is wrong has to be told by its first draw already, which is
more than a student meets and half the work; what is right has to pass all of them.
"""

import pickle
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace

from course_utils.checks.engine import HIDDEN_ROUNDS, Check, Known
from course_utils.checks.outcome import Outcome, call


@dataclass
class Remembered(Check):
    """A check that remembers what oracle and suspects answered, and which causes it told.

    `draws` is how many of a hidden test's are made.
    """

    draws: int = HIDDEN_ROUNDS
    _told: dict[tuple, list[str]] = field(default_factory=dict, init=False, repr=False)

    def known(self, part: str, seed: int | None) -> Known:
        """The cases of a part, and what is right."""
        if (part, seed) not in self._remembered:
            self.remember([part], seed)
        return self._remembered[part, seed]

    def _seeds(self, seed: int | None) -> Sequence[int]:
        return super()._seeds(seed)[: self.draws]

    def of_suspect(self, sentence: str, part: str, seed: int | None) -> list[Outcome]:
        """What a suspect gives in the cases of a part."""
        known = self.known(part, seed)
        for i, case in enumerate(known.cases):
            if ((sentence,), i) not in known.asked:
                found = call(self.functions[sentence], case.args, case.kwargs, self._names)
                known.asked[(sentence,), i] = found
        return [known.asked[(sentence,), i] for i in range(len(known.cases))]

    def judge_suspect(self, sentence: str, part: str, seed: int | None) -> None:
        """Compare a suspect, as `compare` does a function."""
        self._check(lambda *_: self.of_suspect(sentence, part, seed), [part], seed)

    def _check_part(self, look: Callable, part: str, seed: int | None) -> None:
        self.known(part, seed)
        super()._check_part(look, part, seed)

    def _causes(self, part: str, known: Known, given: Sequence[Outcome], at: int) -> list[str]:
        """The same results have the same causes; only the number of a line may be another."""
        seen = [replace(o, where=re.sub(r"line \d+ of", "line # of", o.where)) for o in given]
        try:
            key = part, id(known), at, pickle.dumps(seen)
        except (pickle.PicklingError, AttributeError, TypeError):  # a function, or what holds one
            return super()._causes(part, known, given, at)
        if key not in self._told:
            self._told[key] = super()._causes(part, known, given, at)
        return self._told[key]


def remembered(check: Check, **options: int) -> Remembered:
    """The same check, with a memory."""
    given = {f.name: getattr(check, f.name) for f in fields(check) if f.init}
    return Remembered(**given | options)
