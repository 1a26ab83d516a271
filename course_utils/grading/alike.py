"""How much of their code submissions have in common: fingerprints by copydetect, and an index.

copydetect compares file with file; here each fingerprint knows who has it, so that a class is
compared in one product of sparse matrices.

Source: S. Schleimer, D. Wilkerson and A. Aiken, Winnowing: Local Algorithms for Document
Fingerprinting, SIGMOD 2003. The weight of a fingerprint by how rare it is: K. Spärck Jones, A
statistical interpretation of term specificity, Journal of Documentation 28, 1972.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from copydetect import CodeFingerprint
from copydetect.utils import get_copied_slices
from scipy import sparse

LENGTH = 25  # characters of code without names, comments and spaces; copydetect's own
# Of all of them one would do in a window (winnowing), to save memory. Which one depends on Python's
# hashes of texts, other ones in each run. Code of a notebook is short, so all are kept.
WINDOW = 1
BLOCK = 256  # submissions at a time, by which memory grows
COMMON = 0.03  # of the groups: what more of them have is multiplied as a full matrix, faster
BINS = 1000  # of the distribution


def fingerprints(source: str) -> CodeFingerprint:
    """Those of a cell; code that is no Python has some too.

    They see no comment, no space and no name that the code defines, but the values of numbers.
    """
    return CodeFingerprint("cell.py", LENGTH, WINDOW, fp=io.StringIO(plain(source)),
                           language="python")  # fmt: skip


def plain(source: str) -> str:
    """With the ends of lines, and without the empty lines around it, that a lexer leaves out."""
    return source.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").strip("\n") + "\n"


def prints(sources: Iterable[str], known: np.ndarray | None = None) -> np.ndarray:
    """All fingerprints of some cells, each once, in order, without those that are `known`."""
    found = np.array(sorted(set().union(*(fingerprints(s).hashes for s in sources))), np.int64)
    return found if known is None else np.setdiff1d(found, known, assume_unique=True)


@dataclass(frozen=True)
class Pair:
    """Two groups of a class, by their numbers.

    Attributes
    ----------
    similarity
        From 0 to 1: the weights of the fingerprints that both have, of those that each has, as a
        Dice coefficient. A fingerprint weighs log((N + 1) / n) where n of N have it.
    alone
        How many fingerprints both have, and nobody else.
    """

    first: int
    second: int
    similarity: float
    alone: int


@dataclass(frozen=True)
class Comparison:
    """All pairs of a class.

    Attributes
    ----------
    pairs
        The most similar ones of different groups, and those that have most alone.
    counts
        How many pairs of submissions lie in each of `BINS` equal steps from 0 to 1.
    known, groups
        All fingerprints in order, and how many groups have each.
    """

    pairs: list[Pair]
    counts: np.ndarray
    known: np.ndarray
    groups: np.ndarray

    def with_groups(self, some: np.ndarray, number: int) -> np.ndarray:
        """Those of some fingerprints that so many groups have."""
        return some[self.groups[np.searchsorted(self.known, some)] == number]

    def below(self, share: float) -> float:
        """The similarity that this share of all pairs do not exceed, to a step."""
        reached = np.searchsorted(self.counts.cumsum(), share * self.counts.sum())
        return float(min(reached + 1, BINS) / BINS)


def compare(codes: Sequence[np.ndarray], sizes: Sequence[int], most: int) -> Comparison:
    """Compare each with each.

    Parameters
    ----------
    codes
        The fingerprints of each group of equal submissions, as `prints` gives them; none is empty.
    sizes
        How many submissions each group has.
    most
        So many pairs are kept, beside as many that have something alone.
    """
    sizes, n = np.asarray(sizes), len(codes)
    counts = np.zeros(BINS, np.int64)
    counts[-1] = (sizes * (sizes - 1) // 2).sum()  # those within a group
    everything = np.concatenate([np.empty(0, np.int64), *codes])
    known, column, groups = np.unique(everything, return_inverse=True, return_counts=True)
    if n < 2:
        return Comparison([], counts, known, groups)
    row = np.repeat(np.arange(n), [*map(len, codes)])
    weight = np.log((sizes.sum() + 1) / np.bincount(column, sizes[row]))
    root = np.sqrt(weight[column]).astype(np.float32)
    rare = sparse.csr_array((root, (row, column)))[:, np.flatnonzero(groups < COMMON * n)]
    common = _full(root, row, column, np.flatnonzero(groups >= COMMON * n), n)
    own = np.bincount(row, weight[column])
    first, second, alone = _alone(row, column, groups, n)
    best, shared = (np.empty(0), np.empty(0, int), np.empty(0, int)), np.zeros(len(alone))
    for begin in range(0, n, BLOCK):
        rows = np.arange(begin, min(begin + BLOCK, n))
        both = (rare[rows] @ rare[begin:].T).toarray() + common[rows] @ common[begin:].T
        similarity = (2 * both / (own[rows, None] + own[None, begin:])).round(4)
        i, j = np.nonzero(rows[:, None] < np.arange(begin, n)[None])
        value, i, j = similarity[i, j], rows[i], j + begin
        step = np.minimum((value * BINS + 1e-6).astype(int), BINS - 1)
        counts += np.bincount(step, sizes[i] * sizes[j], BINS).astype(np.int64)
        best = _most_similar(best, (value, i, j), most)
        here = (begin <= first) & (first < begin + BLOCK)
        shared[here] = similarity[first[here] - begin, second[here] - begin]
    told = {(a, b): (s, times) for a, b, s, times in _rows(first, second, shared, alone)}
    found = {(a, b): (s, told.get((a, b), (0, 0))[1]) for s, a, b in _rows(*best)}
    found |= dict(sorted(told.items(), key=lambda item: (-item[1][1], item[0]))[:most])
    pairs = [Pair(*key, *about) for key, about in found.items()]
    pairs.sort(key=lambda p: (-p.similarity, -p.alone, p.first, p.second))
    return Comparison(pairs, counts, known, groups)


def _full(
    value: np.ndarray, row: np.ndarray, column: np.ndarray, wanted: np.ndarray, n: int
) -> np.ndarray:
    """The wanted columns of a sparse matrix of n rows."""
    full, here = np.zeros((n, len(wanted)), np.float32), np.isin(column, wanted)
    full[row[here], np.searchsorted(wanted, column[here])] = value[here]
    return full


def _alone(
    row: np.ndarray, column: np.ndarray, groups: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs that have fingerprints which nobody else has, and how many."""
    two = groups[column] == 2
    order = np.argsort(column[two], kind="stable")
    first, second = row[two][order].reshape(-1, 2).T
    pairs, count = np.unique(first * n + second, return_counts=True)
    return pairs // n, pairs % n, count


def _rows(*columns: np.ndarray) -> Iterator[tuple]:
    return zip(*(column.tolist() for column in columns), strict=True)


def _most_similar(best: tuple, more: tuple, most: int) -> tuple:
    """The most similar pairs of both; of equal ones the first."""
    both = [np.concatenate(each) for each in zip(best, more, strict=True)]
    if len(both[0]) > most:
        least = np.partition(both[0], -most)[-most]
        keep = both[0] >= least
        both = [each[keep] for each in both]
        order = np.lexsort((both[2], both[1], -both[0]))[:most]
        both = [each[order] for each in both]
    return tuple(both)


def marked(source: str, kinds: Sequence[np.ndarray]) -> Iterator[tuple[int, str]]:
    """A cell in pieces: 0 and text, or n and text of which fingerprints of `kinds[n - 1]` tell.

    Later kinds come over earlier ones. Comments and spaces within a piece belong to it.
    """
    here = fingerprints(source)
    kind = np.zeros(len(here.filtered_code) + 1, int)  # of each character; the last is the end
    for number, those in enumerate(kinds, 1):
        at = [i for h in here.hashes.intersection(those.tolist()) for i in here.hash_idx[h]]
        for begin, end in get_copied_slices(np.array(at, int), LENGTH).T.astype(int):
            kind[begin:end] = number
    edges = np.flatnonzero(np.diff(kind, prepend=0))
    places = _places(here, edges)
    code, done, before = here.raw_code, 0, 0
    for edge, place in zip([*edges, -1], [*places, len(code)], strict=True):
        piece, done = code[done:place], max(done, place)
        kept = piece.rstrip() if before else piece
        yield from ((n, text) for n, text in ((before, kept), (0, piece[len(kept) :])) if text)
        before = kind[edge]


def _places(here: CodeFingerprint, at: np.ndarray) -> list[int]:
    """Where characters of the code without names stand in the code itself."""
    if not len(here.offsets):
        return at.tolist()
    position, offset = here.offsets.T
    nearest = np.searchsorted(position, at).clip(max=len(position) - 1)
    return (at + offset[nearest]).clip(max=len(here.raw_code)).tolist()
