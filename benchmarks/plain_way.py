"""The plain way to train on traces, as a peer: Trainer, padded batches, whole states, GPT-2-style tokens."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainingArguments

from pcutils.models.notation import state_texts
from pcutils.models.tokenizer import END, SPECIAL_TOKENS, START
from pcutils.trace import Trace

IGNORED = -100


@dataclass(frozen=True)
class Size:
    """What both ways share."""

    vocabulary: int
    layers: int
    width: int
    heads: int
    context: int


class PlainWay:
    """A decoder of the same size, without a vector for the student.

    Parameters
    ----------
    traces : sequence of Trace
        To learn from.
    size : Size
        Of the network.
    batch : int
        Traces a step.
    learning_rate : float
        Of AdamW.
    """

    def __init__(self, traces: Sequence[Trace], size: Size, *, batch: int, learning_rate: float) -> None:
        self.size, self.batch, self.learning_rate = size, batch, learning_rate
        words = ByteLevelBPETokenizer()
        texts = ["".join(state_texts(trace)) for trace in traces]
        words.train_from_iterator(
            texts, size.vocabulary, special_tokens=list(SPECIAL_TOKENS), show_progress=False
        )
        self.tokenizer = PreTrainedTokenizerFast(
            tokenizer_object=words._tokenizer, eos_token=END, pad_token="<pad>"
        )
        self.tokenizer.padding_side = "right"
        self.rows = [self.encode(trace) for trace in traces]
        config = LlamaConfig(
            vocab_size=size.vocabulary,
            hidden_size=size.width,
            intermediate_size=3 * size.width,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.heads,
            max_position_embeddings=size.context,
            tie_word_embeddings=True,
            pad_token_id=self.tokenizer.pad_token_id,
            eos_token_id=self.tokenizer.eos_token_id,
            bos_token_id=self.tokenizer.convert_tokens_to_ids(START),
        )
        torch.manual_seed(0)
        self.network = LlamaForCausalLM(config)

    def encode(self, trace: Trace) -> dict[str, list[int]]:
        """Give tokens and labels; the title is not scored."""
        title = self.tokenizer(f"{trace.title or ''}{START}")["input_ids"]
        states = self.tokenizer("".join(state_texts(trace)) + (END if trace.is_complete else ""))["input_ids"]
        tokens = [*title, *states][: self.size.context]
        return {"input_ids": tokens, "labels": [IGNORED] * len(title) + tokens[len(title) :]}

    def collate(self, rows: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        """Pad to the longest."""
        longest = max(len(row["input_ids"]) for row in rows)
        filled = {"input_ids": self.tokenizer.pad_token_id, "labels": IGNORED}
        return {
            name: torch.tensor([row[name] + [fill] * (longest - len(row[name])) for row in rows])
            for name, fill in filled.items()
        } | {
            "attention_mask": torch.tensor(
                [[1] * len(r["input_ids"]) + [0] * (longest - len(r["input_ids"])) for r in rows]
            )
        }

    def train(self, steps: int) -> dict[str, float]:
        """Train so many steps with a schedule that ends there; give steps, tokens and processor seconds."""
        with tempfile.TemporaryDirectory() as folder:
            arguments = TrainingArguments(
                folder,
                max_steps=steps,
                per_device_train_batch_size=self.batch,
                learning_rate=self.learning_rate,
                lr_scheduler_type="linear",
                warmup_steps=max(1, steps // 33),
                weight_decay=0.0,
                adam_beta2=0.95,
                report_to="none",
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
                use_cpu=True,
                seed=0,
                remove_unused_columns=False,
            )
            counter = _Counter(self.collate)
            trainer = Trainer(self.network, arguments, train_dataset=self.rows, data_collator=counter)
            started = time.process_time()
            trainer.train()
            return {"steps": steps, "tokens": counter.tokens, "seconds": time.process_time() - started}

    @torch.no_grad()
    def bits(self, traces: Sequence[Trace]) -> list[float]:
        """Bits of each trace after its title."""
        self.network.eval()
        found = []
        for trace in traces:
            batch = self.collate([self.encode(trace)])
            scores = self.network(input_ids=batch["input_ids"]).logits[0, :-1].double()
            nats = torch.nn.functional.cross_entropy(
                scores, batch["labels"][0, 1:], ignore_index=IGNORED, reduction="sum"
            )
            found.append(nats.item() / torch.log(torch.tensor(2.0)).item())
        return found

    def write(self, titles: Sequence[str], *, temperature: float, top_p: float) -> list[str]:
        """Sample a trace for each title with ``generate`` and padding."""
        self.network.eval()
        self.tokenizer.padding_side = "left"
        prompts = self.tokenizer([f"{title}{START}" for title in titles], return_tensors="pt", padding=True)
        with torch.inference_mode():
            written = self.network.generate(
                input_ids=prompts["input_ids"],
                attention_mask=prompts["attention_mask"],
                do_sample=True,
                temperature=temperature,
                top_p=top_p,
                top_k=0,
                max_length=self.size.context,
            )
        return self.tokenizer.batch_decode(written[:, prompts["input_ids"].shape[1] :])


class _Counter:
    """Count the tokens of batches, padding left out."""

    def __init__(self, collate: Any) -> None:
        self.collate, self.tokens = collate, 0

    def __call__(self, rows: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        self.tokens += sum(len(row["input_ids"]) for row in rows)
        return self.collate(rows)
