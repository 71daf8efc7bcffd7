"""What the page on planning says in numbers: computed from the profile, the record and the paper's counts."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pcutils.analysis import planning, scaling
from pcutils.errors import RunError
from pcutils.figures.prose import number
from pcutils.pipeline import planning_tables as tables
from pcutils.pipeline.planning_tables import DAYS, Plan, billions, gigabytes, millions, powers
from pcutils.pipeline.profiles import load_profile
from pcutils.splits import EVALUATION_SPLITS
from pcutils.variants import VARIANTS

PAGE = "planning.md"
RECORD = Path("records") / "scaling.json"
_PLACEHOLDER = re.compile(r"\{\{ (\w+) \}\}")


def fill_page(root: Path, page: Path) -> None:
    """Put the numbers of the plan into the page, in its place.

    Parameters
    ----------
    root : pathlib.Path
        The clone, with ``profiles/`` and ``records/``.
    page : pathlib.Path
        The page, with ``{{ name }}`` where a number, a table or the figure goes.

    Raises
    ------
    RunError
        Where the page asks for something that is not computed, or the record is not there.
    """
    text = page.read_text(encoding="utf-8")
    plan = Plan(load_profile(root / "profiles" / "paper.yaml"), read_record(root))
    known = values(plan)
    if unknown := set(_PLACEHOLDER.findall(text)) - set(known):
        raise RunError(f"{page.name} asks for {', '.join(sorted(unknown))}, which the plan does not compute.")
    page.write_text(_PLACEHOLDER.sub(lambda found: known[found[1]], text), encoding="utf-8")


def read_record(root: Path) -> dict[str, Any]:
    """Read the measured scaling curve."""
    path = root / RECORD
    if not path.is_file():
        raise RunError(f"{path} is not there: `python benchmarks/scaling.py` writes it.")
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def values(plan: Plan) -> dict[str, str]:
    """Give the text of every placeholder.

    Parameters
    ----------
    plan : Plan
        From the profile and the record.

    Returns
    -------
    dict of str to str
        Numbers in words or digits; tables and the figure as HTML.
    """
    numbers = {**_tokens(plan), **_work(plan), **_storage(plan), **_before(plan), **_curve(plan)}
    return {
        **{name: value if isinstance(value, str) else number(value) for name, value in numbers.items()},
        "table_sizes": tables.sizes(plan),
        "table_factors": tables.factors(plan),
        "table_before": tables.steps_before(plan),
        "table_cells": tables.cells(plan),
        "figure_curves": tables.figure(plan),
    }


def _tokens(plan: Plan) -> dict[str, Any]:
    models = plan.profile.models
    low, high = plan.traces * plan.trace_tokens, plan.traces * models.context
    return {
        "traces": plan.traces,
        "students": plan.students,
        "gigabytes": plan.bytes / 1e9,
        "bytes_per_trace": round(plan.bytes / plan.traces, -3),
        "characters_per_trace": plan.record["characters_per_trace"],
        "states_tokens": plan.record["traces"]["states"]["tokens_per_trace"],
        "edits_tokens": plan.record["traces"]["edits"]["tokens_per_trace"],
        "edits_share": number(
            plan.record["traces"]["edits"]["tokens_per_trace"]
            / plan.record["traces"]["states"]["tokens_per_trace"],
            ".0%",
        ),
        "record_vocabulary": plan.record["provenance"]["parameters"]["vocabulary"],
        "vocabulary": models.vocabulary,
        "context": models.context,
        "low_tokens": billions(low),
        "high_tokens": billions(high),
        "tokens": billions(plan.tokens),
        "passes_low": plan.tokens / low,
        "passes_high": plan.tokens / high,
        "batch_tokens": models.batch_tokens,
        "batch_rows": models.batch_tokens // models.context,
        "steps": round(plan.tokens / models.batch_tokens),
    }


def _work(plan: Plan) -> dict[str, Any]:
    tokens, accelerator = plan.tokens, plan.accelerator
    flops = planning.training_flops(plan.shape, tokens)
    steps = tokens / plan.profile.models.batch_tokens
    return {
        "layers": plan.shape.layers,
        "width": plan.shape.width,
        "parameters": millions(plan.shape.parameters),
        "multiplied": millions(plan.shape.multiplied),
        "flops": powers(flops),
        "attention": number(planning.attention_flops(plan.shape, tokens) / flops, ".0%"),
        "muon": number(planning.muon_flops(plan.shape, steps) / flops, ".1%"),
        "accelerator": accelerator.name,
        "peak": accelerator.peak_flops / 1e12,
        "utilisation": number(accelerator.utilisation, ".0%"),
        "price": accelerator.hourly_price,
        "memory": accelerator.memory_bytes / 1e9,
        "hours": accelerator.hours(flops),
        "cost": accelerator.cost(flops),
        "variants": len(VARIANTS),
        "all_hours": len(VARIANTS) * accelerator.hours(flops),
        "all_cost": len(VARIANTS) * accelerator.cost(flops),
        "days": DAYS,
    }


def _storage(plan: Plan) -> dict[str, Any]:
    models, sampling = plan.profile.models, plan.profile.sampling
    met = round(models.batch_tokens / plan.trace_tokens)
    samples = len(EVALUATION_SPLITS) * sampling.prompts_per_split * sampling.samples_per_prompt
    return {
        "student_size": plan.shape.student_size,
        "table_parameters": millions(plan.shape.table_parameters(plan.students)),
        "row_bytes": plan.shape.student_size * planning.BYTES,
        "table_rows": gigabytes(plan.shape.table_parameters(plan.students) * planning.BYTES),
        "table_gigabytes": gigabytes(planning.table_bytes(plan.shape, plan.students)),
        "million_gigabytes": gigabytes(planning.table_bytes(plan.shape, 1_000_000)),
        "students_in_step": met,
        "gradient_kilobytes": planning.gradient_bytes(plan.shape, met) / 1e3,
        "dense_gradient": gigabytes(plan.shape.table_parameters(plan.students) * planning.BYTES),
        "weights": gigabytes(planning.weights_bytes(plan.shape, plan.students)),
        "checkpoint": gigabytes(planning.training_bytes(plan.shape, plan.students)),
        "examples": gigabytes(
            planning.examples_bytes(models.context * plan.traces, with_hints=models.copy_hints)
        ),
        "shards": plan.profile.data.shards,
        "shard_gigabytes": gigabytes(plan.bytes / plan.profile.data.shards),
        "samples": samples,
        "all_samples": samples * len(VARIANTS),
        "sample_tokens": millions(samples * len(VARIANTS) * plan.trace_tokens),
    }


def _before(plan: Plan) -> dict[str, Any]:
    rates = plan.record["per_processor_second"]
    workers = plan.profile.execution.workers
    hours = {stage.name: stage.hours for stage in plan.stages()}
    return {
        "workers": workers,
        "programs_per_trace": rates["distinct_programs_per_trace"],
        "programs_hours": hours["run the programs"],
        "programs_hours_together": hours["run the programs"] / workers,
    }


def _curve(plan: Plan) -> dict[str, Any]:
    cells, law = plan.record["cells"], scaling.fit_law(plan.points)
    low, high = scaling.fit_range(plan.points, plan.shape.parameters, plan.traces)
    gains = [planning.last_gain(cell["validation"]) for cell in cells]
    provenance = plan.record["provenance"]
    return {
        "cells": len(cells),
        "held_out": plan.record["held_out_traces"],
        "unknowns": scaling.UNKNOWNS,
        "misfit": number(scaling.misfit(law, plan.points), ".0%"),
        "range_low": number(low, ".0f"),
        "range_high": number(high, ".0f"),
        "best_measured": number(plan.points[:, 2].min(), ".0f"),
        "worst_measured": number(plan.points[:, 2].max(), ".0f"),
        "size_reach": round(plan.shape.parameters / plan.points[:, 0].max(), -1),
        "data_reach": round(plan.traces / plan.points[:, 1].max(), -2),
        "least_gain": number(min(gains), ".1%"),
        "most_gain": number(max(gains), ".1%"),
        "processor_minutes": round(sum(cell["processor_seconds"] for cell in cells) / 60),
        "record_date": provenance["started"][:10],
        "record_commit": provenance["commit"][:7],
        "record_processors": provenance["machine"]["processors"],
    }
