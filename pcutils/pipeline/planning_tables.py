"""The plan of the paper's training as tables and a figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pcutils.analysis import planning, scaling
from pcutils.analysis.paper import paper_fact
from pcutils.analysis.planning import Accelerator, Shape
from pcutils.errors import RunError
from pcutils.figures.page import figure_html, scroll_box
from pcutils.figures.prose import number
from pcutils.figures.scaling import scaling_curves
from pcutils.figures.svg import LARGEST_SCALE, SMALLEST_SCALE, svg_of
from pcutils.figures.tables import table_html
from pcutils.figures.theme import use_theme
from pcutils.pipeline.profiles import Profile
from pcutils.variants import VARIANTS

LARGER = {"medium": (24, 1024), "large": (36, 1280), "extra large": (48, 1600)}
"""Layers and width of the larger GPT-2 models."""
FACTORS = (1, 10, 100)
DAYS = 7
_BEFORE = {
    "split the traces": ("traces_split", "traces"),
    "measure the traces": ("traces_measured", "traces"),
    "run the programs": ("programs_run", "programs"),
    "turn the traces into tokens": ("traces_encoded", "traces"),
}


class Plan:
    """The plan of the paper's training.

    Parameters
    ----------
    profile : Profile
        Its sizes.
    record : mapping
        The measured curve, ``records/scaling.json``.
    accelerator : Accelerator
        What is assumed of the hardware.
    """

    def __init__(
        self, profile: Profile, record: Mapping[str, Any], accelerator: Accelerator | None = None
    ) -> None:
        self.profile, self.record = profile, record
        self.accelerator = accelerator or Accelerator()
        models = profile.models
        self.shape = Shape(models.layers, models.width, models.vocabulary, models.context)
        self.traces, self.students = int(paper_fact("traces")), int(paper_fact("students"))
        self.bytes = float(paper_fact("gigabytes")) * 1e9
        if models.tokens is None:
            raise RunError(
                "the plan needs models.tokens in profiles/paper.yaml; there is no budget of tokens."
            )
        self.tokens: int = models.tokens
        self.trace_tokens = record["traces"][models.form]["tokens_per_trace"]

    @property
    def points(self) -> Any:
        """Parameters, traces and bits of the cells."""
        return scaling.points_of(self.record["cells"])

    def stages(self) -> list[planning.Stage]:
        """Give the steps before the training."""
        rates = self.record["per_processor_second"]
        things = {"traces": self.traces, "programs": self.traces * rates["distinct_programs_per_trace"]}
        return [planning.Stage(name, rates[rate], things[of]) for name, (rate, of) in _BEFORE.items()]

    def shapes(self) -> dict[str, Shape]:
        """Give the profile's size and the larger ones of its family."""
        models = self.profile.models
        others = {name: Shape(*size, models.vocabulary, models.context) for name, size in LARGER.items()}
        return {"the profile": self.shape, **others}


def sizes(plan: Plan) -> str:
    """Write the table of model sizes."""
    tokens = plan.tokens
    rows = []
    for name, shape in plan.shapes().items():
        flops = planning.training_flops(shape, tokens)
        whole = flops + planning.attention_flops(shape, tokens)
        rows.append(
            {
                "size": name,
                "parameters, millions": shape.parameters / 1e6,
                "operations": powers(whole),
                "hours": plan.accelerator.hours(whole),
                "dollars": plan.accelerator.cost(whole),
                "checkpoint, GB": planning.training_bytes(shape, plan.students) / 1e9,
                "model, GB": planning.weights_bytes(shape, plan.students) / 1e9,
            }
        )
    formats = {"parameters, millions": ",.0f", "hours": ",.1f", "dollars": ",.0f"}
    formats |= {"checkpoint, GB": ".1f", "model, GB": ".1f"}
    caption = "One variant, one accelerator, attention counted. A checkpoint holds all students and moments."
    return table_html(pd.DataFrame(rows), caption=caption, formats=formats)


def factors(plan: Plan) -> str:
    """Write the table of larger data."""
    models = plan.profile.models
    rows = []
    for factor in FACTORS:
        tokens = factor * plan.tokens
        flops = planning.training_flops(plan.shape, tokens) + planning.attention_flops(plan.shape, tokens)
        hours = len(VARIANTS) * plan.accelerator.hours(flops)
        table = planning.table_bytes(plan.shape, factor * plan.students)
        places = factor * plan.traces * models.context
        rows.append(
            {
                "data": f"{factor} times" if factor > 1 else "as published",
                "disk, TB": factor * plan.bytes / 1e12,
                "hours, all variants": hours,
                "accelerators for a week": planning.accelerators_for(hours, DAYS),
                "students' table, GB": table / 1e9,
                "share of the memory": number(table / plan.accelerator.memory_bytes, ".1%"),
                "encoded traces, GB": planning.examples_bytes(places, with_hints=models.copy_hints) / 1e9,
            }
        )
    formats = {"disk, TB": ",.2f", "hours, all variants": ",.0f"}
    formats |= {"students' table, GB": ",.1f", "encoded traces, GB": ",.0f"}
    caption = "The profile's size on more data. Encoded traces: as if each filled the context."
    return table_html(pd.DataFrame(rows), caption=caption, formats=formats)


def steps_before(plan: Plan) -> str:
    """Write the table of the steps before the training."""
    workers = plan.profile.execution.workers
    rows = [
        {
            "step": stage.name,
            "a processor second": stage.per_second,
            "things, millions": stage.things / 1e6,
            "processor hours": stage.hours,
            f"hours with {workers} processors": stage.hours / workers,
        }
        for stage in plan.stages()
    ]
    formats = {"a processor second": ",.0f", "things, millions": ",.1f", "processor hours": ",.2f"}
    formats[f"hours with {workers} processors"] = ",.2f"
    caption = "Measured on made-up students, multiplied by the paper's counts. Splitting is one job."
    return table_html(pd.DataFrame(rows), caption=caption, formats=formats)


def cells(plan: Plan) -> str:
    """Write the table of the record."""
    rows = [
        {
            "width": cell["width"],
            "traces": cell["traces"],
            "parameters, thousands": (cell["parameters"] - cell["student_parameters"]) / 1e3,
            "tokens trained, thousands": cell["tokens_trained"] / 1e3,
            "bits": cell["bits"],
            **cell["bits_by_segment"],
            "last gain": planning.last_gain(cell["validation"]),
        }
        for cell in plan.record["cells"]
    ]
    thousands = ["parameters, thousands", "tokens trained, thousands"]
    formats = dict.fromkeys([*thousands, "bits", *plan.record["cells"][0]["bits_by_segment"]], ".0f")
    caption = "Bits a trace of made-up students that were not learnt from, and what they are spent on."
    return table_html(pd.DataFrame(rows), caption=caption, formats={**formats, "last gain": ".1%"})


def figure(plan: Plan) -> str:
    """Draw the curve."""
    use_theme()
    cells = sorted(plan.record["cells"], key=lambda cell: cell["bits"])
    alt = (
        f"Lines that fall from left to right, lower ones for wider networks. The lowest point is at "
        f"{cells[0]['bits']:.0f} bits, with width {cells[0]['width']} and {cells[0]['traces']:,} traces, "
        f"the highest at {cells[-1]['bits']:.0f}, with width {cells[-1]['width']} and "
        f"{cells[-1]['traces']:,} traces."
    )
    caption = (
        "Bits a trace over the traces learnt from. Made-up students that no network has seen; one seed; "
        "bars are two standard errors of the mean over the traces that were scored."
    )
    svg, width = svg_of(scaling_curves(cells), name="scaling", alt=alt)
    style = f"width:100%;min-width:{width * SMALLEST_SCALE:.0f}px;max-width:{width * LARGEST_SCALE:.0f}px"
    inline = svg.replace("<svg ", f'<svg style="{style}" ', 1)
    html = figure_html(scroll_box(inline, f"Figure: {caption}"), name="scaling", caption=caption)
    return html.replace("\n", " ")  # Markdown ends HTML where it finds a blank line


def billions(value: float) -> str:
    """Write a large number in billions."""
    return f"{number(value / 1e9)} billion"


def millions(value: float) -> str:
    """Write a large number in millions."""
    return f"{number(value / 1e6)} million"


def gigabytes(value: float) -> str:
    """Write bytes in gigabytes."""
    return f"{number(value / 1e9)} GB"


def powers(value: float) -> str:
    """Write a huge number with a power of ten.

    Examples
    --------
    >>> powers(3.21e18)
    '3.2 × 10¹⁸'
    """
    mantissa, exponent = f"{value:.1e}".split("e+")
    return f"{mantissa} × 10{str(int(exponent)).translate(str.maketrans('0123456789', '⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
