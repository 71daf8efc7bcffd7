"""What a chapter's notebook needs of its run: parameters, figures and tables with captions, results."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pcutils.data.privacy import MINIMUM_STUDENTS
from pcutils.errors import RunError, replacing

if TYPE_CHECKING:
    import pandas

    from pcutils.runs.run import Run


class Chapter:
    """One chapter of the book at work in a notebook; made by :meth:`pcutils.runs.Run.chapter`.

    Each parameter is an attribute: the value that the notebook's parameters cell gives, unless that is
    None; else the one of the run's profile (``chapters: {name: ...}``); else the chapter's default.
    """

    def __init__(self, run: Run, name: str, notebook: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        self.run, self.name = run, name
        of_run = {**defaults, **run.profile.chapters.get(name, {})}
        if unknown := sorted(set(of_run) - set(defaults)):
            raise RunError(f"{name} has no parameter {', '.join(unknown)}; it has {', '.join(defaults)}.")
        given = {key: notebook[key] for key in defaults if notebook.get(key) is not None}
        self.parameters: dict[str, Any] = {**of_run, **given}
        self.changed = {key: value for key, value in given.items() if value != of_run[key]}
        self.measures: dict[str, dict[str, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        parameters = self.__dict__.get("parameters", {})
        if name not in parameters:
            raise AttributeError(f"no parameter {name!r}; the chapter has {', '.join(parameters)}.")
        return parameters[name]

    def record(self, name: str, estimate: Any, unit: str, n: int | None = None) -> None:
        """Add a measure to the chapter's results.

        `estimate` is a number or an Estimate, which brings value, low, high and n; what is not finite is
        saved as null. The name has parts joined by dots, such as ``self_bleu.lighthouse.trace``.
        """
        if name in self.measures:
            raise RunError(f"{self.name}: the measure {name!r} is recorded twice.")
        n = getattr(estimate, "n", None) if n is None else n
        numbers = {"value": getattr(estimate, "value", estimate)}
        numbers |= {end: getattr(estimate, end, None) for end in ("low", "high")}
        try:
            numbers = {key: None if one is None else float(one) for key, one in numbers.items()}
        except (TypeError, ValueError) as error:
            raise RunError(f"{self.name}: {name}: found {numbers}, expected numbers.") from error
        finite = {
            key: one if one is not None and math.isfinite(one) else None for key, one in numbers.items()
        }
        self.measures[name] = {**finite, "n": None if n is None else int(n), "unit": unit}

    def show(self, figure: Any, name: str, *, caption: str, alt: str) -> None:
        """Display a figure, axes or seaborn grid, close it, and save ``figures/<chapter>/<name>.svg``.

        The caption states the finding; `alt` says what a person would see.
        """
        from pcutils.plots import figure_html

        path = self.run.files.at("figures", self.name) / f"{name}.svg"
        html = figure_html(figure, name, caption, alt, save_to=None if self.changed else path)
        _display(html, f"{caption}\n\n{alt}")

    def table(
        self, frame: pandas.DataFrame, *, caption: str, formats: Mapping[str, str] | None = None
    ) -> None:
        """Display a table without its index; cells may be estimates, `formats` Python formats by column."""
        from pcutils.plots import table_html

        _display(table_html(frame, caption, formats), f"{caption}\n\n{frame.to_string(index=False)}")

    def needs_students(self, count: int, what: str = "students") -> None:
        """Stop the chapter where numbers would stand for fewer than ten students who are not simulated."""
        if count < MINIMUM_STUDENTS and not self.run.may_show_programs:
            found = f"{self.name}: fewer than {MINIMUM_STUDENTS} {what}, so nothing may be shown of them."
            raise RunError(f"{found} Use more titles or more students, or leave the chapter out with --only.")

    def save(self) -> None:
        """Write ``results/<chapter>.json``; with other parameters than those of the run, write nothing."""
        path = self.run.files.at("results", self.name)
        saved = self.run.results(self.name)["parameters"] if path.is_file() else self.parameters
        changed = {key for key, value in self.parameters.items() if key in saved and value != saved[key]}
        changed |= set(self.changed)
        if changed:
            words = ", ".join(f"{key} = {self.parameters[key]!r}" for key in sorted(changed))
            print(f"Not saved: {path} belongs to the run, and this notebook differs from it in {words}.")
            return
        content = {"measures": self.measures, "parameters": self.parameters}
        content["provenance"] = self.run.provenance(self.name)
        with replacing(path) as part:
            part.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _display(html: str, plain: str) -> None:
    from IPython.display import display

    display({"text/html": html, "text/plain": plain}, raw=True)
