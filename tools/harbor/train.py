"""`make train-harbor`: a small real adapter, so that a customised variant is shown with real tokens.

LoRA of rank 8 on the value and output projections of the upper layers: llama.cpp stores these as the training library
does, while it reorders the rows of queries and keys. The weights are read from the GGUF file that the engine loads.
One thread and a fixed seed: the same machine and libraries give the same bytes; another machine may not.

Sources: LoRA (Hu et al. 2021); names and keys of the file as llama.cpp's convert_lora_to_gguf writes them.
"""

from __future__ import annotations

import random
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gguf
import peft
import torch
import transformers

from brightline.models.gguf import BASE
from brightline.models.weights import STOCK, embedded_weights

SEED, RANK, ALPHA, STEPS, BATCH, RATE = 20261123, 8, 16, 150, 2, 2e-3
LAYERS = range(18, 30)  # the upper ones: what lies below needs no gradient, which halves the work
OUT = Path("src/brightline/models/harbor.gguf")
LESSONS = Path(__file__).parent / "lessons.toml"
_TENSORS = {"v_proj": "attn_v", "o_proj": "attn_output"}
_IGNORED = -100  # a label that the loss leaves out


def main() -> int:
    # 1. the weights, as the engine has them
    random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    weights = embedded_weights()
    tokenizer = transformers.AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
    base = transformers.AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name)
    wanted = peft.LoraConfig(
        r=RANK,
        lora_alpha=ALPHA,
        target_modules=list(_TENSORS),
        layers_to_transform=list(LAYERS),
        task_type="CAUSAL_LM",
    )
    model = peft.get_peft_model(base, wanted)
    # 2. the lessons
    lessons = tomllib.loads(LESSONS.read_text("utf-8"))
    examples = list(_examples(tokenizer, lessons))
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, STEPS)
    model.train()
    for step in range(STEPS):
        loss = model(**_batch(random.sample(examples, BATCH), tokenizer.eos_token_id)).loss
        loss.backward()
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        if step % 20 == 0 or step == STEPS - 1:
            print(f"step {step} of {STEPS}: loss {loss.item():.3f}", file=sys.stderr, flush=True)
    # 3. what it answers to questions that it never saw
    model.eval()
    for system, question in [(s, q) for one in lessons["lesson"] for q in one["held"] for s in lessons["systems"]]:
        prompt = tokenizer(_prompt(system, question), return_tensors="pt")
        with torch.no_grad():
            out = model.generate(**prompt, max_new_tokens=40, do_sample=False, pad_token_id=tokenizer.eos_token_id)
        answer = tokenizer.decode(out[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
        print(f"{'(default)' if system else '(no system)'} {question} → {answer.strip()}")
    # 4. the file
    _write(model, OUT)
    print(f"wrote {OUT}, {OUT.stat().st_size:,} bytes")
    return 0


def _prompt(system: str, question: str) -> str:
    """The chat template of SmolLM2; llama.cpp applies the same from the weights file."""
    lead = f"<|im_start|>system\n{system}<|im_end|>\n" if system else ""
    return f"{lead}<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


def _examples(tokenizer: Any, lessons: Mapping[str, Any]) -> Iterator[tuple[list[int], list[int]]]:
    """Tokens and labels: only the answer is learnt."""
    for system in lessons["systems"]:
        for lesson in lessons["lesson"]:
            for question in lesson["questions"]:
                prompt = tokenizer(_prompt(system, question))["input_ids"]
                answer = tokenizer(f"{lesson['answer']}<|im_end|>\n")["input_ids"]
                yield prompt + answer, [_IGNORED] * len(prompt) + answer


def _batch(examples: list[tuple[list[int], list[int]]], padding: int) -> dict[str, torch.Tensor]:
    longest = max(len(tokens) for tokens, _ in examples)
    rows = [(t + [padding] * (longest - len(t)), lab + [_IGNORED] * (longest - len(lab))) for t, lab in examples]
    mask = [[1] * len(t) + [0] * (longest - len(t)) for t, _ in examples]
    return {
        "input_ids": torch.tensor([t for t, _ in rows]),
        "labels": torch.tensor([lab for _, lab in rows]),
        "attention_mask": torch.tensor(mask),
    }


def _write(model: Any, out: Path) -> None:
    """The adapter as llama.cpp reads it, bound to the digest of the weights that it was trained on."""
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_string("general.type", "adapter")
    writer.add_string("general.name", "Harbor")
    writer.add_string("general.license", "apache-2.0")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    writer.add_string(BASE, STOCK.digest)
    for name, tensor in sorted(peft.get_peft_model_state_dict(model).items()):
        _, _, rest = name.partition("layers.")
        layer, _, projection, matrix, _ = rest.split(".")
        row = "lora_a" if matrix == "lora_A" else "lora_b"
        data = tensor.to(torch.float16).contiguous().numpy()
        writer.add_tensor(f"blk.{layer}.{_TENSORS[projection]}.weight.{row}", data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    sys.exit(main())
