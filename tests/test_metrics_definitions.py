"""The paper's measures against a direct implementation of their definitions, on programs with indentation."""

import difflib
import re
import sys
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pcutils.metrics import edit_kinds, trace_metrics
from pcutils.metrics.code import COLOR_NAMES
from pcutils.metrics.matching import line_differences
from pcutils.trace import Trace, format_trace, parse_trace

INDENT = st.sampled_from(["", " ", "  ", "\t", "\u00a0", "    "])
CODE = st.sampled_from(
    """# one,#two,##,# f = ->,fd 50,fd 60,fd 5,pen red,pen blue,pen lightblue,box red,f = -> box red,g =-> 1,
    h = (x) -> x # 3,click -> f(),await f,turtle.fd 5,write '# 1',x = 1 # one,,for [1..4],boxes turtles,
    rt 90 #turn #2,=,->""".replace("\n    ", "").split(",")
)
LINE = st.tuples(INDENT, CODE, st.sampled_from(["", "", " ", "\t"])).map("".join)
PROGRAM = st.lists(LINE, min_size=1, max_size=9).map("\n".join)
OLD_DIFFER = sys.version_info < (3, 12, 4)  # later, difflib.Differ has another algorithm


def signed_lines(before: str, after: str) -> list[tuple[str, str]]:
    old, new = before.splitlines(), after.splitlines()
    if not OLD_DIFFER:
        return line_differences(old, new)
    return [(line[0], line[2:]) for line in difflib.Differ().compare(old, new) if line[0] in "+-"]


def same_but_for(pattern: str, one: str, other: str) -> bool:
    return re.sub(pattern, "<COLOR>", one) == re.sub(pattern, "<COLOR>", other)


def kinds_by_definition(before: str, after: str) -> Counter[str]:
    """Both passes of the definition, and then the category by the first condition that holds."""
    lines, counts, done = signed_lines(before, after), Counter[str](), set[str]()
    for i, (sign, line) in enumerate(lines):
        others = [
            text
            for other_sign, text in (reversed(lines[:i]) if sign == "+" else lines[i + 1 :])
            if other_sign != sign
        ]
        if line in done or not others:
            continue
        partner = others[0]
        done |= {line, partner}
        if partner == "":
            continue
        counts["lines_modified"] += 1
        if same_but_for(r"\b(" + "|".join(COLOR_NAMES) + r")\b", line, partner):
            counts["color_changes"] += 1
        elif re.sub(r"\d+", "", line) == re.sub(r"\d+", "", partner):
            counts["number_changes"] += 1
    for sign, line in lines:
        if line not in done:
            counts["lines_added" if sign == "+" else "lines_deleted"] += 1
            counts["comment_additions"] += sign == "+" and line.strip()[:1] == "#"
            counts["function_additions"] += sign == "+" and "->" in line
    added, deleted = counts["lines_added"], counts["lines_deleted"]
    conditions = [("large_add", added >= 5), ("large_del", deleted >= 5)]
    conditions += [("small_add", added > 0), ("small_del", deleted > 0)]
    counts["num_" + next((name for name, holds in conditions if holds), "modify_existing")] += 1
    return counts


def distance(before: str, after: str) -> int:
    return int(max(len(before), len(after)) * (1 - difflib.SequenceMatcher(None, before, after).ratio()))


def mean(values: list[int]) -> float:
    return sum(values) / len(values) if values else 0


def metrics_by_definition(programs: list[str], seconds: list[int]) -> dict[str, float]:
    """All measures but year and number; `programs` as they stand in the text form."""
    last = programs[-1]
    words = {
        word: [len(re.findall(rf"\b{word}\b", p)) for p in programs] for word in ("box", "await", "turtle")
    }
    functions = [len(re.findall(r"=\s*->", program)) for program in programs]
    to_last = [distance(program, last) for program in programs[:-1]]
    kinds = sum((kinds_by_definition(*pair) for pair in pairwise(programs)), Counter[str]())
    expected = {f"num_occurrences_{word}_last": counts[-1] for word, counts in words.items()} | {
        "num_functions_last": functions[-1],
        "num_comments_last": sum(word[0] == "#" for word in last.split()),
        "trace_length_all": len(programs),
        "backtracking_ratio_all": mean([0, *(b > a for a, b in pairwise(to_last))]) if to_last else 0,
        "mean_edit_distance_from_end_all": mean(to_last),
        "first_to_last_edit_distance_all": to_last[0] if to_last else 0,
        "mean_sequential_edit_distance_all": mean([distance(*pair) for pair in pairwise(programs)]),
        "mean_time_diff_all": mean(seconds),
        "total_time_all": sum(seconds),
    }
    counted = {f"num_occurrences_{word}": words[word] for word in ("box", "turtle")}
    for name, counts in {**counted, "num_functions": functions}.items():
        expected |= {f"sum_{name}_all": sum(counts), f"mean_{name}_all": mean(counts)}
    for name in edit_kinds("", ""):
        expected[f"edit_sum_{name}_all"] = kinds[name]
        expected[f"edit_mean_{name}_all"] = kinds[name] / len(programs)
    return expected


@settings(max_examples=400, deadline=None)
@given(st.lists(PROGRAM, min_size=1, max_size=6), st.data())
def test_all_counts_follow_the_definitions(programs: list[str], data: st.DataObject) -> None:
    programs[-1] += "\nhome()"
    seconds = data.draw(
        st.lists(st.integers(-50, 999), min_size=len(programs) - 1, max_size=len(programs) - 1)
    )
    moments = [datetime(2021, 3, 4) + timedelta(seconds=sum(seconds[:i])) for i in range(len(programs))]
    trace = Trace.from_states(programs, moments)
    measures = trace_metrics(trace)
    expected = metrics_by_definition([*(f"{program}\n" for program in programs[:-1]), programs[-1]], seconds)
    assert measures.keys() - expected.keys() == {"trace_year_last", "program_number_last"}
    assert {name: measures[name] for name in expected} == expected
    assert trace_metrics(parse_trace(format_trace(trace))) == measures


@settings(max_examples=400, deadline=None)
@given(PROGRAM, PROGRAM)
def test_kinds_of_an_edit_follow_the_definition(before: str, after: str) -> None:
    assert Counter(edit_kinds(before, after)) == kinds_by_definition(before, after)


@pytest.mark.parametrize(
    ("line", "comments"),
    [("# a", 1), ("  # a", 1), ("\t#", 1), ("\u00a0# a", 1), ("fd 5 # a", 0), ("'#'", 0), ("", 0)],
)
def test_an_added_comment_may_be_indented(line: str, comments: int) -> None:
    assert edit_kinds("fd 5\nrt 90", f"fd 5\nrt 90\n{line}\nhome()")["comment_additions"] == comments
