"""What every model without a network can do."""

from __future__ import annotations

import hashlib
import json
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from pcutils.errors import ModelError, TraceError
from pcutils.models.formats import SEGMENTS, EditsFormat, Encoded, cut
from pcutils.models.sampling import Prompt, Sample
from pcutils.models.tokenizer import load_tokenizer
from pcutils.trace import Trace

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from transformers import PreTrainedTokenizerFast

    Tokens = tuple[NDArray[np.int64], NDArray[np.int8], int]

SETTINGS_FILE = "baseline.json"
NO_STATES = Trace((), (), ())
_ALL = 1 << 62


class Baseline(ABC):
    """A model of traces that is fitted by counting; it has the calls of :class:`pcutils.models.TraceModel`.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        Traces are written as :class:`pcutils.models.formats.EditsFormat` writes them with this tokenizer.
    context : int, optional
        As of a network: what lies beyond it is neither learnt nor scored. By default nothing is cut.
    title_tokens : int
        As for :func:`pcutils.models.formats.make_format`.

    Notes
    -----
    With context and title_tokens of a network whose form is ``edits``, bits are counted over the very tokens
    that the network is asked about. Training traces are held in memory.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerFast, *, context: int | None = None, title_tokens: int = 0
    ) -> None:
        self.form = EditsFormat(tokenizer, title_tokens=title_tokens)
        self.context = context
        self.is_fitted = False

    def fit(self, traces: Iterable[Trace]) -> Self:
        """Learn from traces.

        Parameters
        ----------
        traces : iterable of Trace
            Training traces. Every tenth is held out while weights of mixtures are fitted, and then counted
            like the others.

        Returns
        -------
        Baseline
            Itself.

        Raises
        ------
        ModelError
            If there is no trace.
        """
        known = [trace for trace in traces if trace.programs]
        if not known:
            raise ModelError(f"No trace with a program to fit {type(self).__name__} to: give at least one.")
        self._fit(known)
        self.is_fitted = True
        return self

    def score(self, traces: Iterable[Trace]) -> NDArray[np.float64]:
        """Count the bits that each trace costs, given its title and its student.

        Parameters
        ----------
        traces : iterable of Trace
            Cut to the context where longer.

        Returns
        -------
        ndarray of float64, shape (n,)
            Bits a trace; lower is better.

        Raises
        ------
        ModelError
            If nothing was fitted before.
        """
        return self.score_parts(traces).sum(axis=1)

    def score_parts(self, traces: Iterable[Trace]) -> NDArray[np.float64]:
        """Count bits as :meth:`score` does, and say what they are spent on.

        Parameters
        ----------
        traces : iterable of Trace
            As in :meth:`score`.

        Returns
        -------
        ndarray of float64, shape (n, 5)
            Bits for each of :data:`pcutils.models.formats.SEGMENTS`.

        Raises
        ------
        ModelError
            If nothing was fitted before.
        """
        self._check_fitted()
        items = list(self.form.encode(traces))
        parts = np.zeros((len(items), len(SEGMENTS)))
        for place, (item, bits) in enumerate(zip(items, self.token_bits(items), strict=True)):
            _, segments, given = self.tokens_of(item)
            parts[place] = np.bincount(segments[given:], weights=bits, minlength=len(SEGMENTS))
        return parts

    def sample(
        self, prompts: Sequence[Prompt], *, samples_per_prompt: int = 1, seed: int = 0
    ) -> list[Sample]:
        """Make up traces, or go on from prefixes.

        Parameters
        ----------
        prompts : sequence of Prompt
            Whose traces of which assignments. A `student_vector` says nothing to a model without a network.
        samples_per_prompt : int
            How many of each.
        seed : int
            A sample depends on the seed, its prompt and its number; equal prompts get different samples.

        Returns
        -------
        list of Sample
            Prompt by prompt, numbers rising.

        Raises
        ------
        ModelError
            If nothing was fitted before.
        """
        self._check_fitted()
        titled = [
            _with_title(prompt.prefix or NO_STATES, prompt.title, prompt.username) for prompt in prompts
        ]
        seen: Counter[bytes] = Counter()
        samples = []
        for place, item in enumerate(self.form.encode(titled)):
            key = _key_of(item.trace)
            for number in range(samples_per_prompt):
                words = np.frombuffer(key[:16], dtype=np.uint32).tolist()
                random = np.random.default_rng([seed, seen[key], number, *words])
                samples.append(self._read(place, number, item.trace, self._write(item, random)))
            seen[key] += 1
        return samples

    def _read(self, place: int, number: int, kept: Trace, ids: Sequence[int]) -> Sample:
        text, given = self.form.decode(ids), len(kept.programs)
        try:
            trace = self.form.read(ids, kept, title=kept.title, username=kept.username)
        except TraceError as error:
            return Sample(place, number, text, None, str(error), given)
        return Sample(place, number, text, trace, None, given)

    def save(self, folder: str | Path) -> None:
        """Write what was learnt to a folder, for :meth:`load`.

        Parameters
        ----------
        folder : path
            It will hold text of the students' programs, whole or in parts, so it belongs under ``runs/`` and
            nowhere else.

        Raises
        ------
        ModelError
            If nothing was fitted before.
        """
        self._check_fitted()
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        (target / SETTINGS_FILE).unlink(missing_ok=True)  # what is half written has no settings
        self.form.tokenizer.save_pretrained(str(target))
        self._save(target)
        settings = {"kind": type(self).__name__, "context": self.context, **self._settings()}
        settings["title_tokens"] = self.form.title_tokens
        partial = target / f"{SETTINGS_FILE}.partial"
        partial.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
        os.replace(partial, target / SETTINGS_FILE)

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder : path
            The folder.

        Raises
        ------
        ModelError
            If the folder does not hold a baseline of this kind.
        """
        source = Path(folder)
        if not (source / SETTINGS_FILE).is_file():
            raise ModelError(f"{source} lacks {SETTINGS_FILE}: fit a {cls.__name__} and save it there first.")
        settings: dict[str, Any] = json.loads((source / SETTINGS_FILE).read_text(encoding="utf-8"))
        kind = settings.pop("kind")
        if kind != cls.__name__:
            raise ModelError(f"{source} holds a {kind}, not a {cls.__name__}: load it as what it is.")
        model = cls._from_settings(load_tokenizer(source), settings)
        model._load(source)
        model.is_fitted = True
        return model

    def _check_fitted(self) -> None:
        if not self.is_fitted:
            raise ModelError(f"This {type(self).__name__} has learnt nothing yet: call fit first.")

    def tokens_of(self, item: Encoded) -> Tokens:
        """Give the tokens of a trace, cut to the context, what each says, and how many are given."""
        room = _ALL if self.context is None else self.context - 1
        tokens, segments, _ = cut(item, room, self.form.end)
        return tokens.astype(np.int64), segments, min(len(item.prompt), len(tokens))

    @abstractmethod
    def _fit(self, traces: list[Trace]) -> None:
        """Learn from at least one trace."""

    @abstractmethod
    def token_bits(self, items: Sequence[Encoded]) -> list[NDArray[np.float64]]:
        """Count the bits of every scored token.

        Parameters
        ----------
        items : sequence of Encoded
            Traces as tokens.

        Returns
        -------
        list of ndarray of float64
            One a trace, as long as its scored tokens.
        """

    @abstractmethod
    def _write(self, item: Encoded, random: np.random.Generator) -> list[int]:
        """Write tokens after the kept states of a prefix."""

    @abstractmethod
    def _settings(self) -> dict[str, Any]:
        """Give what else goes into the file of settings."""

    @classmethod
    @abstractmethod
    def _from_settings(cls, tokenizer: PreTrainedTokenizerFast, settings: dict[str, Any]) -> Self:
        """Make a model with these settings that has learnt nothing yet."""

    @abstractmethod
    def _save(self, folder: Path) -> None:
        """Write what was learnt."""

    @abstractmethod
    def _load(self, folder: Path) -> None:
        """Read what was learnt."""


def _with_title(trace: Trace, title: str | None, username: str | None) -> Trace:
    return Trace.from_states(
        trace.programs, trace.timestamps, title=title, username=username, is_complete=False
    )


def _key_of(trace: Trace) -> bytes:
    asked = (trace.username, trace.title, trace.programs, trace.timestamps)
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).digest()
