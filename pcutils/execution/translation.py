"""A student's program as JavaScript, and the rule by which its runs become one verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pcutils.execution.compiler import Compiler
from pcutils.execution.limits import Limits
from pcutils.execution.page import is_page, split_page

# The reference runs put a line of their own behind every program; it decides what an open last line means.
END = "\nnull"


@dataclass(frozen=True)
class Translation:
    """What there is to run of a program.

    Attributes
    ----------
    kind : {"coffee", "html"}
        What it is read as first.
    code : str, dict or None
        JavaScript; of a page its ``markup`` and its ``scripts``, dicts with ``code`` or the ``error`` of
        compiling it; None where the program does not compile.
    failure : dict
        The report of a program that does not compile.
    as_js : str or None
        The program's own text where it could be JavaScript.
    """

    kind: str
    code: str | dict[str, Any] | None
    failure: dict[str, Any]
    as_js: str | None = None


def translate(program: str, compiler: Compiler, limits: Limits) -> Translation:
    """Compile a program: a web page script by script, anything else as CoffeeScript.

    Parameters
    ----------
    program : str
        Its text; a page of HTML is known by its first tag.
    compiler : Compiler
        Compiles.
    limits : Limits
        How long compiling may take.

    Returns
    -------
    Translation
    """

    def compiled(text: str, end: str) -> dict[str, Any]:
        return compiler.compile(text, end, limits.compile_seconds, limits.wall_seconds)

    if is_page(program):
        markup, scripts = split_page(program)
        answers = [compiled(one.text, "") if one.is_coffee else {"code": one.text} for one in scripts]
        codes = [{"code": one["code"]} if "code" in one else {"error": one["message"]} for one in answers]
        return Translation("html", {"markup": markup, "scripts": codes}, {})
    answer = compiled(program, END)
    as_js = program if answer["parses_as_js"] else None
    failure = {} if "code" in answer else {**answer, "compiled": False, "language": "coffee"}
    return Translation("coffee", answer.get("code"), failure, as_js)


def run_translation(translation: Translation, run: Callable[[Any, str], dict[str, Any]]) -> dict[str, Any]:
    """Run a program and, where that fails, give it a second chance as JavaScript.

    Parameters
    ----------
    translation : Translation
        The program.
    run : callable
        ``run(code, kind)`` runs code as ``coffee``, ``html`` or ``js`` and returns a report with its
        ``status``.

    Returns
    -------
    dict
        A report. If both languages fail, it is that of the CoffeeScript, unless only the JavaScript could
        start and hit a limit.
    """
    is_compiled = translation.code is not None
    report = run(translation.code, translation.kind) if is_compiled else translation.failure
    if translation.as_js is not None and (report["status"] == "error" or not is_compiled):
        second = run(translation.as_js, "js")
        if second["status"] == "success" or (second["status"] != "error" and not is_compiled):
            return second
    return report
