"""Judges of language models: bits per character, words, code that parses, nothing copied. The corpus is here, its end is only here.

The student's process gives logits and texts; every number below is computed from them on this side.
"""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from typing import Any

from .judging import Finding, judge, judge_fresh

LANGUAGES = ("english", "python")
WINDOWS, LENGTH, BEGINNING = 64, 300, 24


def held_out(exam, language: str):
    """The tenth of a text that was never handed over."""
    if "split" not in exam.data.test:
        return exam.data.answers
    cut = int(exam.data.test["split"][0])
    return exam.data.answers[:cut] if language == "english" else exam.data.answers[cut:]


def windows_of(exam, language: str, count: int, length: int):
    """Windows of the held-out text and the character after each place."""
    import numpy as np

    codes = held_out(exam, language)
    starts = exam.rng.integers(0, len(codes) - length - 1, count)
    rows = codes[starts[:, None] + np.arange(length + 1)].astype(np.int64)
    return rows[:, :-1], rows[:, 1:]


def log_probabilities(exam, windows):
    """log2 of the model's probabilities (N, T, V), made to sum to one here, and the place of each character code."""
    import numpy as np

    answer = exam.session.ask("score", {"windows": windows}, seconds=exam.patience)
    alphabet = answer.array("alphabet", (None,), "iu")
    if not len(alphabet):
        raise_failed("the alphabet is empty")
    if len(set(alphabet.tolist())) != len(alphabet):
        raise_failed("the alphabet names a character twice")
    logits = answer.array("logits", (*windows.shape, len(alphabet)), "f").astype(np.float64)
    logits = logits - logits.max(-1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    return logits / np.log(2), {int(code): place for place, code in enumerate(alphabet)}


def raise_failed(message: str):
    from .session import ProbeFailed

    raise ProbeFailed(message)


def cost(logs, places: dict[int, int], wanted):
    """Bits that each wanted character costs; one that is not in the alphabet costs 21, as a code point written out does."""
    import numpy as np

    index = np.vectorize(lambda code: places.get(int(code), -1))(wanted)
    bits = -np.take_along_axis(logs, np.maximum(index, 0)[..., None], -1)[..., 0]
    return np.where(index < 0, 21.0, bits)


@judge
def bits_per_character(exam, at_most: dict[str, float]) -> Finding:
    """Of held-out text, in both languages, in windows drawn now; and of the one character of each window that was never sent."""
    told, worst = [], -10.0
    for language, bar in at_most.items():
        length = block(exam)
        windows, wanted = windows_of(exam, language, WINDOWS, length)
        logs, places = log_probabilities(exam, windows)
        bits = cost(logs, places, wanted)
        whole, hidden = float(bits.mean()), float(bits[:, -1].mean())
        told.append(f"{whole:.2f} on {language} (at most {bar})")
        exam.figures[f"{language}"] = f"{whole:.2f} bits per character"
        worst = max(worst, whole - bar)
        if whole <= bar and hidden > whole + 1.5:
            return Finding(
                "bits", False,
                f"{language}: {whole:.2f} bits per character where the next one was sent along, {hidden:.2f} where it was not: the model looks ahead",
            )  # fmt: skip
        if not is_causal(exam, windows, logs, places):
            return Finding(
                "bits",
                False,
                f"{language}: what comes later changes what the model says earlier: it looks ahead",
            )
        if whole <= bar and (trouble := does_not_look_back(exam, windows, logs, places)):
            return Finding("bits", False, f"{language}: {trouble}")
    return Finding("bits", worst <= 0, f"bits per character: {', '.join(told)}", value=worst, bar=0)


def block(exam) -> int:
    """How long the windows are: what the setting's model can take."""
    return int(
        (exam.one.config["settings"][exam.setting] or {}).get("block_size", exam.one.config["block_size"])
    )


def is_causal(exam, windows, logs, places: dict[int, int]) -> bool:
    """The same windows with another second half: nothing may change in the first."""
    import numpy as np

    half = windows.shape[1] // 2
    other = windows[:8].copy()
    other[:, half:] = exam.rng.choice(list(places), other[:, half:].shape)
    again, _ = log_probabilities(exam, other)
    return bool(np.abs(again[:, :half] - logs[:8, :half]).max() < 1e-2)


def does_not_look_back(exam, windows, logs, places: dict[int, int]) -> str:
    """What is wrong where other characters before the last, or the same ones in another order, change nothing of what is said after it; empty if both do.

    Few bits do not show it: after 300 steps of milestone 5 a model that sees a single character has 3.78 on English, and a whole one 3.56.
    One attention layer without positions sees no order; of several the first ones see it by how much stands before each character.
    """
    import numpy as np

    replaced, shuffled = windows[:8].copy(), windows[:8].copy()
    replaced[:, :-1] = exam.rng.choice(list(places), replaced[:, :-1].shape)
    shuffled[:, :-1] = exam.rng.permuted(shuffled[:, :-1], axis=1)
    again, _ = log_probabilities(exam, np.concatenate([replaced, shuffled]))
    changes = np.abs(again[:, -1].reshape(2, 8, -1) - logs[:8, -1]).max((1, 2))
    if changes[0] < 1e-2:
        return "what stands before a character changes nothing of what the model says after it: attention does not reach back"
    if changes[1] < 1e-2:
        return "the order of what stands before a character changes nothing of what the model says after it: it knows no positions"
    return ""


# ---------------------------------------------------------------- what it writes


def written(exam, language: str, texts: int = 8) -> list[str]:
    """Texts the model writes after beginnings from held-out text; asked for once in an examination."""
    if language not in exam.texts:
        codes = held_out(exam, language)
        begins = beginnings(exam, codes, texts)
        answer = exam.session.ask(
            "write", {"beginnings": begins}, seconds=exam.patience, length=LENGTH, seed=exam.seed
        )
        given = answer.array("texts", (texts, LENGTH), "iu")
        if given.min() < 0 or given.max() > 0x10FFFF:
            raise_failed("the texts hold numbers that are no characters")
        exam.texts[language] = ["".join(map(chr, row)) for row in given.tolist()]
    return exam.texts[language]


def beginnings(exam, codes, count: int):
    """So many pieces of the text that start after the end of a line."""
    import numpy as np

    ends = np.flatnonzero(codes[: -BEGINNING - 1] == ord("\n")) + 1
    starts = exam.rng.choice(ends, count, replace=False)
    return codes[starts[:, None] + np.arange(BEGINNING)].astype(np.int64)


@judge
def real_words(exam, at_least: float) -> Finding:
    """The share of words of the written English that the corpus knows."""
    known = words_of(corpus(exam, "english"))
    found = [
        w.lower()
        for text in written(exam, "english")
        for w in re.findall(r"[A-Za-z]{3,}", text[: text.rfind(" ")])
    ]
    share = sum(w in known for w in found) / max(len(found), 1)
    exam.figures["real words"] = f"{share:.0%}"
    different = len(set(found)) / max(len(found), 1)
    if len(found) < 60 or different < 0.15:
        return Finding(
            "words", False, f"{len(found)} words, {len(set(found))} different ones: that is no text"
        )
    return Finding(
        "words",
        share >= at_least,
        f"{share:.0%} of {len(found)} written words are real (at least {at_least:.0%})",
        value=share,
        bar=at_least,
    )


def words_of(text: str) -> frozenset[str]:
    return frozenset(w.lower() for w in re.findall(r"[A-Za-z]{3,}", text))


@judge
def parses(exam, at_least: float) -> Finding:
    """The share of written snippets of code, a statement each, that parse as Python. Nothing of it is run."""
    snippets = [s for text in written(exam, "python") for s in snippets_of(text)]
    good = sum(is_python(s) for s in snippets)
    share = good / max(len(snippets), 1)
    exam.figures["snippets that parse"] = f"{share:.0%}"
    if len(snippets) < 15 or len(set(snippets)) < len(snippets) // 3:
        return Finding(
            "code", False, f"{len(snippets)} snippets, {len(set(snippets))} different ones: that is no code"
        )
    return Finding(
        "code",
        share >= at_least,
        f"{share:.0%} of {len(snippets)} written snippets parse (at least {at_least:.0%})",
        value=share,
        bar=at_least,
    )


def snippets_of(text: str) -> list[str]:
    """The whole lines of a text that say something: a statement with a sign or keyword in it, comments left out."""
    lines = [line.strip() for line in text.split("\n")[1:-1]]
    return [
        line
        for line in lines
        if len(line) >= 6
        and not line.startswith("#")
        and re.search(r"[=(.\[]|\b(return|import|raise|if|for|def|class)\b", line)
    ]


def is_python(line: str) -> bool:
    """Whether a line parses by itself, as the head of a block, or as a later part of one."""
    line = line.rstrip("\\")
    forms = [
        line,
        f"{line}\n pass",
        f"if x:\n pass\n{line}\n pass",
        f"try:\n pass\n{line}\n pass",
        f"def f():\n {line}",
        f"for x in y:\n {line}",
    ]
    return any(parse(form) for form in forms)


def parse(source: str) -> bool:
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a generated "\\d" is not worth a word
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


@judge
def copying(exam, at_most: int) -> Finding:
    """The longest run of characters that a written text has in common with what it was trained on."""
    longest, where = 0, ""
    for language in LANGUAGES if "split" in exam.data.test else ("text",):
        source = corpus(exam, language)
        for text in written(exam, language):
            run = longest_common(text, source, longest)
            if len(run) > longest:
                longest, where = len(run), run
    shown = where[:50].replace("\n", " ")
    exam.figures["longest copy"] = f"{longest} characters"
    return Finding(
        "copying",
        longest <= at_most,
        f"the longest piece that is in the corpus as it stands has {longest} characters (at most {at_most}): {shown!r}",
        value=longest,
        bar=at_most,
    )


def longest_common(text: str, source: str, beyond: int) -> str:
    """The longest piece of a text that is in the source, if longer than `beyond`."""
    best, start = "", 0
    while start + max(len(best), beyond) < len(text):
        size = max(len(best), beyond) + 1
        if text[start : start + size] in source:
            best = text[start : start + size]
        else:
            start += 1
    return best


def corpus(exam, language: str) -> str:
    return decoded(exam.data.train[language].tobytes())


@lru_cache(maxsize=4)
def decoded(raw: bytes) -> str:
    return raw.decode("utf-32-le")


def show_texts(exam) -> dict[str, Any]:
    """For the demonstration: the first text of each language."""
    languages = LANGUAGES if "split" in exam.data.test else ("text",)
    return {"texts": {language: written(exam, language)[0].strip("\n") for language in languages}}


@judge_fresh
def sequences_by_heart(exam, steps: int = 60, at_least: float = 0.6) -> Finding:
    """A fresh model learns eight sequences drawn at random now: only one that trains can follow them."""
    import numpy as np

    tokens = exam.batch(32)["tokens"]
    answer = exam.session.ask(
        "overfit", {"tokens": tokens}, seconds=exam.patience, steps=steps, seed=exam.seed
    )
    given = answer.array("predictions", (len(tokens), tokens.shape[1] - 1), "iu")
    right = float((given == tokens[:, 1:]).mean())
    what = f"{right:.0%} of the next tokens of {len(tokens)} random sequences, after {steps} steps"
    passed = right >= at_least and len(np.unique(given)) > 1
    if passed:
        return Finding("learning", True, f"your code learns here and now: {what}", value=right, bar=at_least)
    return Finding(
        "learning",
        False,
        f"a fresh model does not learn with your code: {what}; {at_least:.0%} are needed",
        value=right,
        bar=at_least,
    )
