"""The checkpoint of 16_tinygpt: can I write text one character at a time?"""

import itertools
import tempfile
from pathlib import Path

import numpy as np

import tinytorch as tt
from tinytorch import nn, optim
from tinytorch.checkpoint import load_checkpoint, save_checkpoint
from tinytorch.models.gpt import GPT, GPTConfig
from tinytorch.text import CharTokenizer
from tito.checking import array_of, check, expect, expect_equal, expect_slopes, rng, tensor
from tito.material import the_long_way

WHO, DOES, WHOM = (
    ("cats", "dogs", "the owls", "we"),
    ("see", "hear", "seek"),
    ("you", "a fox", "the sun", "it"),
)


@check(of=["GPT.forward", "GPT.generate", "Block.forward", "sample_next"], seconds=240)
def test_it_writes_its_language():
    """Trained on three quarters of a small language's sentences, your GPT writes: 3 of 4 sentences belong to it; a saved model writes the same."""
    language = [" ".join(words) + ".\n" for words in itertools.product(WHO, DOES, WHOM)]
    order = rng(0).permutation(len(language))
    known = [language[i] for i in order[: 3 * len(language) // 4]]
    tokenizer = CharTokenizer.train("".join(language))
    generator, block = rng(1), 40
    tt.manual_seed(0)
    exact = GPT(GPTConfig(tokenizer.vocab_size, 8, n_layer=1, n_head=2, n_embd=6)).to(tt.float64)
    some = tensor(np.array([tokenizer.encode(s[:9]) for s in known[:3]]))
    answers = array_of(some[:, 1:]).flatten()
    expect_slopes(lambda: the_long_way(exact(some[:, :-1])[0].flatten(0, 1), answers), exact.parameters())
    tt.manual_seed(0)
    model = GPT(GPTConfig(tokenizer.vocab_size, block, n_layer=2, n_head=4, n_embd=48))
    steps = 250
    optimizer = optim.AdamW(model.parameter_groups(0.01), lr=1e-2)
    schedule = optim.lr_scheduler.WarmupCosineLR(optimizer, 20, steps)
    for _ in range(steps):
        texts = ["\n" + "".join(known[i] for i in generator.integers(0, len(known), 4)) for _ in range(12)]
        batch = tensor(np.array([tokenizer.encode(text)[: block + 1] for text in texts]))
        _, loss = model(batch[:, :-1], batch[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()

    def written(model):
        """What it writes after an empty line, in 20 goes."""
        tt.manual_seed(3)
        start = tensor(np.full((20, 1), tokenizer.encode("\n")[0]))
        return [
            tokenizer.decode(row)
            for row in array_of(model.eval().generate(start, block - 1, temperature=0.9))
        ]

    sentences = [line for text in written(model) for line in text.split("\n")[1:-1]]
    whole = np.mean([f"{line}\n" in language for line in sentences])
    new = {line for line in sentences if f"{line}\n" in language and f"{line}\n" not in known}
    expect(
        whole > 0.75,
        "too few sentences belong to the language",
        expected="over 75%",
        got=f"{whole:.0%}: {sentences[:4]}",
    )
    other = GPT(model.config)
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder) / "gpt.pt", model=model, step=steps)
        load_checkpoint(Path(folder) / "gpt.pt", model=other)
    expect_equal(written(other), written(model), "what the model writes after it was saved and loaded")
    print(
        f"{whole:.0%} of {len(sentences)} sentences belong to the language, {len(new)} of them were never shown."
    )
