"""How far apart two states of a program are, and what kind of edit leads from one to the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from rapidfuzz.distance import LCSseq, Levenshtein

from pcutils.metrics.code import ANY_COLOR, comment_lines, function_literals
from pcutils.metrics.matching import line_differences, similarity

_CHANGES = ("lines_added", "lines_deleted", "lines_modified", "color_changes", "number_changes")
EDIT_COUNTS = (*_CHANGES, "comment_additions", "function_additions")
LINE_CHANGES = (*_CHANGES, "comments_added", "functions_added")
EDIT_CATEGORIES = ("large_add", "large_del", "small_add", "small_del", "modify_existing")
LARGE_EDIT_LINES = 5
SIMILAR_LINES = 0.5
_COLOR = "<COLOR>"
_NUMBER = re.compile(r"\d+")


def edit_distance(before: str, after: str, *, popular_seeds: bool = False) -> int:
    """Distance between two programs as the paper measures it.

    Parameters
    ----------
    before, after : str
        The two programs.
    popular_seeds : bool
        True lets frequent characters start a match in long programs too, which Python's default does not
        ("autojunk"); the paper's measures have False.

    Returns
    -------
    int
        Length of the longer one times the share outside matching blocks, cut to whole characters.

    Notes
    -----
    Not Levenshtein's distance (that is `levenshtein`): it is not symmetric, small differences can come out
    as 0 through the cut, and from 200 characters on frequent characters start no match.

    Examples
    --------
    >>> edit_distance("fd 50", "fd 100")
    1
    """
    return int(max(len(before), len(after)) * (1 - similarity(before, after, popular_seeds=popular_seeds)))


def levenshtein(before: str, after: str) -> int:
    """Fewest characters to insert, delete or replace to get from one program to the other.

    Unlike the paper's `edit_distance`, it is symmetric and 0 for equal programs only.

    >>> levenshtein("fd 50", "fd 100")
    2
    """
    return int(Levenshtein.distance(before, after))


def edit_kinds(before: str, after: str) -> dict[str, int]:
    """Count what changed between two states, as the paper's release counts it.

    Parameters
    ----------
    before, after : str
        A state and the next one.

    Returns
    -------
    dict of str to int
        The seven counts of `EDIT_COUNTS`, then ``num_<category>`` for each of `EDIT_CATEGORIES`, 1 for the
        category of the edit.

    Notes
    -----
    A deleted line is paired with the nearest added line after it, at any distance and even if another pair
    has it, and both count as one modified line; each distinct text counts once. `line_changes` has
    one-to-one pairs. An added line is a comment if its first character that is not blank is ``#``.

    Examples
    --------
    >>> kinds = edit_kinds("pen red", "pen blue")
    >>> kinds["lines_modified"], kinds["color_changes"], kinds["num_modify_existing"]
    (1, 1, 1)
    """
    kinds = dict.fromkeys(EDIT_COUNTS, 0)
    kinds |= {f"num_{category}": 0 for category in EDIT_CATEGORIES}
    differences = [] if before == after else line_differences(before.splitlines(), after.splitlines())
    paired = _count_modified(differences, kinds)
    for sign, line in differences:
        if line in paired:
            continue
        if sign == "-":
            kinds["lines_deleted"] += 1
            continue
        kinds["lines_added"] += 1
        kinds["comment_additions"] += line.lstrip().startswith("#")
        kinds["function_additions"] += "->" in line
    kinds[f"num_{edit_category(kinds)}"] = 1
    return kinds


def edit_category(kinds: dict[str, int]) -> str:
    """Name the kind of an edit from its counts: large from five lines on, additions before deletions."""
    added, deleted = kinds["lines_added"], kinds["lines_deleted"]
    if added >= LARGE_EDIT_LINES:
        return "large_add"
    if deleted >= LARGE_EDIT_LINES:
        return "large_del"
    if added:
        return "small_add"
    return "small_del" if deleted else "modify_existing"


def line_changes(before: str, after: str) -> dict[str, int]:
    r"""Count the lines that changed between two states, each line once.

    Parameters
    ----------
    before, after : str
        A state and the next one.

    Returns
    -------
    dict of str to int
        The counts of `LINE_CHANGES`.

    Notes
    -----
    Lines that stay are a longest common subsequence; between them, deleted and added lines are paired one
    to one, in order, if at least half of their characters agree. Blank lines and white space at the end of
    lines do not count. In the paper's counts (`pcutils.metrics.edit_kinds`) one deleted line makes any
    number of added ones "modified", a repeated line counts once, only lines that begin with a comment
    count, and every ``->`` counts as a new function, also in a comment.

    Examples
    --------
    >>> changes = line_changes("fd 50\nrt 90", "fd 50\nrt 45\nfd 50\nrt 90 # back")
    >>> changes["lines_added"], changes["lines_modified"], changes["comments_added"]
    (2, 1, 1)
    """
    old, new = ([line.rstrip() for line in text.splitlines() if line.strip()] for text in (before, after))
    changes = dict.fromkeys(LINE_CHANGES, 0)
    for gone, come in _hunks(old, new):
        pairs = _similar_pairs(gone, come)
        changes["lines_modified"] += len(pairs)
        changes["lines_deleted"] += len(gone) - len(pairs)
        changes["lines_added"] += len(come) - len(pairs)
        for line, other in pairs:
            if ANY_COLOR.sub(_COLOR, line) == ANY_COLOR.sub(_COLOR, other):
                changes["color_changes"] += 1
            elif _NUMBER.sub("", line) == _NUMBER.sub("", other):
                changes["number_changes"] += 1
    changes["comments_added"] = max(0, comment_lines(after) - comment_lines(before))
    changes["functions_added"] = max(0, function_literals(after) - function_literals(before))
    return changes


def _count_modified(differences: Sequence[tuple[str, str]], kinds: dict[str, int]) -> set[str]:
    """Count the modified lines into `kinds`; return the texts of all paired lines."""
    next_added = _nearest(list(reversed(differences)), "+")[::-1]
    last_deleted = _nearest(differences, "-")
    paired: set[str] = set()
    for position, (sign, line) in enumerate(differences):
        partner = last_deleted[position] if sign == "+" else next_added[position]
        if line in paired or partner is None:
            continue
        paired |= {line, partner}
        if partner:
            kinds["lines_modified"] += 1
            if ANY_COLOR.sub(_COLOR, line) == ANY_COLOR.sub(_COLOR, partner):
                kinds["color_changes"] += 1
            elif _NUMBER.sub("", line) == _NUMBER.sub("", partner):
                kinds["number_changes"] += 1
    return paired


def _nearest(differences: Sequence[tuple[str, str]], wanted: str) -> list[str | None]:
    """For each position the nearest line with the wanted sign before it."""
    found: list[str | None] = []
    nearest = None
    for sign, line in differences:
        found.append(nearest)
        if sign == wanted:
            nearest = line
    return found


def _hunks(old: Sequence[str], new: Sequence[str]) -> list[tuple[list[str], list[str]]]:
    """Deleted and added lines between two neighbouring lines that stay."""
    hunks: list[tuple[list[str], list[str]]] = [([], [])]
    for step in LCSseq.opcodes(old, new):
        if step.tag == "equal":
            hunks.append(([], []))
        else:
            hunks[-1][0].extend(old[step.src_start : step.src_end])
            hunks[-1][1].extend(new[step.dest_start : step.dest_end])
    return [hunk for hunk in hunks if hunk[0] or hunk[1]]


def _similar_pairs(gone: Sequence[str], come: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of similar lines, in order, with the largest sum of similarities."""
    alike = [
        [Levenshtein.normalized_similarity(line, other, score_cutoff=SIMILAR_LINES) for other in come]
        for line in gone
    ]
    best = [[0.0] * (len(come) + 1) for _ in range(len(gone) + 1)]
    for row, column in product(range(len(gone)), range(len(come))):
        paired = best[row][column] + alike[row][column]
        best[row + 1][column + 1] = max(paired, best[row][column + 1], best[row + 1][column])
    pairs = []
    row, column = len(gone), len(come)
    while row and column:
        if best[row][column] == best[row - 1][column]:
            row -= 1
        elif best[row][column] == best[row][column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            pairs.append((gone[row], come[column]))
    return pairs
