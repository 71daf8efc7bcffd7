"""The paper's claims C1 to C8 as data: what each says, and which measures it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: How much closeness to the own style, in sentence BLEU from 0 to 1, a steered completion may lose and still
#: count as close. Chosen before any result was seen.
STYLE_TOLERANCE = 0.05

Side = Literal["above", "below", "reported"]


@dataclass(frozen=True)
class Evidence:
    """One measure that a claim rests on.

    Parameters
    ----------
    chapter : str
        Chapter that measures it.
    measure : str
        Name in its results. ``*`` stands for one part of a name: every measure that fits has to hold.
        ``{largest}`` stands for a whole number: the largest there is counts.
    words : str
        What it is, for a reader.
    side : {"above", "below", "reported"}
        Whether the whole interval has to lie above or below `bound`; "reported" has to be there, and decides
        nothing.
    bound : float
        The line to stay on one side of.
    over : {"students", "titles"}
        What the measure counts as its units.
    """

    chapter: str
    measure: str
    words: str
    side: Side
    bound: float = 0.0
    over: Literal["students", "titles"] = "students"


@dataclass(frozen=True)
class Claim:
    """One claim of the paper, in our words, its evidence, all of which has to hold, and what to beware of."""

    id: str
    text: str
    evidence: tuple[Evidence, ...]
    caveat: str = ""


_BEHAVIOUR, _PROBES = "03_behavioral_evaluation", "04_embedding_probes"
_NEW, _STEERING = "05_new_students", "06_steering"

CLAIMS = (
    Claim(
        "C1",
        "Models trained on whole traces write more varied final programs than the other two.",
        (
            Evidence(
                _BEHAVIOUR,
                "self_bleu.difference.trace-synthetic",
                "Self-BLEU, trace minus synthetic",
                "below",
                over="titles",
            ),
            Evidence(
                _BEHAVIOUR,
                "self_bleu.difference.trace-last",
                "Self-BLEU, trace minus last",
                "below",
                over="titles",
            ),
        ),
        "Nonsense is varied, too: read this beside the share of programs that run (chapter on behaviour).",
    ),
    Claim(
        "C2",
        "They follow the behaviour of the student they imitate more closely than the other two.",
        (
            Evidence(
                _BEHAVIOUR,
                "behaviour.difference.trace-synthetic",
                "mean correlation, trace minus synthetic",
                "above",
            ),
            Evidence(
                _BEHAVIOUR, "behaviour.difference.trace-last", "mean correlation, trace minus last", "above"
            ),
        ),
    ),
    Claim(
        "C3",
        "Training on traces helps even when only final programs are judged.",
        (
            Evidence(
                _BEHAVIOUR,
                "final_program.difference.trace-last",
                "mean correlation over final programs, trace minus last",
                "above",
            ),
        ),
    ),
    Claim(
        "C4",
        "From the beginning of a trace, the model's states tell what the student does next.",
        (
            Evidence(
                _PROBES, "prefix_probe.difference.*", "probe of the prefix minus shuffled control", "above"
            ),
        ),
    ),
    Claim(
        "C5",
        "The student's vector alone tells how that student works.",
        (
            Evidence(
                _PROBES, "student_probe.difference.*", "probe of the vector minus shuffled control", "above"
            ),
        ),
    ),
    Claim(
        "C6",
        "Fitting the vector alone on a few traces picks up a new student; unseen students stay harder.",
        (
            Evidence(_NEW, "adaptation.gain.k{largest}", "bits a trace saved by fitting the vector", "above"),
            Evidence(_NEW, "adaptation.gap", "bits a trace, unseen minus seen students", "above"),
        ),
    ),
    Claim(
        "C7",
        "The model trained on traces repairs failing programs more often than the other two.",
        (
            Evidence(
                _STEERING,
                "recovery.trace",
                "share of failing prefixes that end in a running program",
                "reported",
            ),
            Evidence(
                _STEERING, "recovery.difference.trace-synthetic", "that share, trace minus synthetic", "above"
            ),
            Evidence(_STEERING, "recovery.difference.trace-last", "that share, trace minus last", "above"),
        ),
        "The other two never saw a line mended, so they lose almost by construction; the repairs without a "
        "model (chapter on steering) are the harder rivals.",
    ),
    Claim(
        "C8",
        "A strong student's vector leads to programs that run and stay close to the student's style.",
        (
            Evidence(
                _STEERING, "steering.runs.strong-own", "share that runs, strong vector minus own", "above"
            ),
            Evidence(
                _STEERING,
                "steering.style.strong-own",
                "closeness to the own style, strong vector minus own",
                "above",
                -STYLE_TOLERANCE,
            ),
        ),
    ),
)
