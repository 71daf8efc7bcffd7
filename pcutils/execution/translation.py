"""A student's program as JavaScript, and the rule by which its runs become one verdict."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pcutils.execution.compiler import Compiler
from pcutils.execution.result import Limits

_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)(?:</script\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_COFFEE = re.compile(r"coffee", re.IGNORECASE)
_OTHER_TYPE = re.compile(
    r"type\s*=\s*[\"']?\s*(?!text/javascript|application/javascript|module)[\w/+-]", re.IGNORECASE
)
_PAGE = re.compile(r"\s*<(?:!doctype|!--|[a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Script:
    """One script of a page: its text and whether it is CoffeeScript."""

    text: str
    is_coffee: bool


def is_page(program: str) -> bool:
    """Tell whether a program is a web page: its text starts with a tag."""
    return _PAGE.match(program) is not None


def split_page(program: str) -> tuple[str, list[Script]]:
    """Separate a page's markup from its scripts."""
    scripts = []
    for attributes, text in _SCRIPT.findall(program):
        is_coffee = _COFFEE.search(attributes) is not None
        if text.strip() and (is_coffee or not _OTHER_TYPE.search(attributes)):
            scripts.append(Script(text, is_coffee))
    return _SCRIPT.sub("", program), scripts


# The reference runs put a line of their own behind every program; it decides what an open last line means.
END = "\nnull"


@dataclass(frozen=True)
class Translation:
    """What there is to run of a program."""

    kind: str
    code: str | dict[str, Any] | None
    failure: dict[str, Any]
    as_js: str | None = None


def translate(program: str, compiler: Compiler, limits: Limits) -> Translation:
    """Compile a program: a web page script by script, anything else as CoffeeScript."""

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
    """Run a program and, where that fails, give it a second chance as JavaScript."""
    is_compiled = translation.code is not None
    report = run(translation.code, translation.kind) if is_compiled else translation.failure
    if translation.as_js is not None and (report["status"] == "error" or not is_compiled):
        second = run(translation.as_js, "js")
        if second["status"] == "success" or (second["status"] != "error" and not is_compiled):
            return second
    return report
