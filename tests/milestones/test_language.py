"""The judges of language models, on processes that answer what a test wants them to: honest, looking ahead, copying, babbling."""

from __future__ import annotations

import types

import numpy as np
import pytest

from tito.milestones import language
from tito.milestones.session import Answer, ProbeFailed

WORDS = [f"{a}o{b}e" for a in "bcdfghlm" for b in "ldnrmkpstvz"]
ENGLISH = (
    "the cat sat on the mat and the dog ate the bone of the cat\n" * 200
    + " ".join(WORDS)
    + "\n"
    + "the cat sat\n" * 300
)
PYTHON = "value = self.read(name)\nreturn value\nimport os\nself.names.append(value)\n" * 100


def codes(text):
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


class Process:
    """Answers as a student's process would: with arrays."""

    def __init__(self, texts="", score=None):
        self.texts, self.score = texts, score

    def ask(self, what, arrays, **settings):
        if what == "score":
            return Answer(self.score(np.asarray(arrays["windows"])))
        rows = len(arrays["beginnings"])
        text = (self.texts * 2400)[: rows * settings["length"]]
        return Answer({"texts": codes(text).astype(np.int64).reshape(rows, settings["length"])})


def exam(process):
    cut = len(ENGLISH) // 10
    answers = np.concatenate([codes(ENGLISH)[-cut:], codes(PYTHON)])
    data = types.SimpleNamespace(
        train={"english": codes(ENGLISH), "python": codes(PYTHON)},
        test={"split": np.array([cut])},
        answers=answers,
    )
    one = types.SimpleNamespace(config={"settings": {"small": {}}, "block_size": 32})
    return types.SimpleNamespace(
        session=process,
        data=data,
        one=one,
        setting="small",
        rng=np.random.default_rng(0),
        patience=1,
        seed=0,
        texts={},
        figures={},
    )


ALPHABET = np.array(sorted(set(codes(ENGLISH + PYTHON).tolist())))


def even(windows):
    return {"logits": np.zeros((*windows.shape, len(ALPHABET)), np.float32), "alphabet": ALPHABET}


def hardly_odd(windows, context=0.1, place=0.1):
    """Nearly even odds; what stood before and in which order, and where a character stands, make a little difference."""
    logits = even(windows)["logits"]
    where = 1 + (place > 0) * np.arange(windows.shape[1])
    logits[..., 0] += context * np.cumsum(where * np.searchsorted(ALPHABET, windows), 1) % 1.7
    logits[..., 1] += place * np.arange(windows.shape[1])
    return {"logits": logits, "alphabet": ALPHABET}


def looks_ahead(windows):
    """Puts all on the character that comes next in the window."""
    logits = even(windows)["logits"]
    places = np.searchsorted(ALPHABET, windows)
    np.put_along_axis(logits[:, :-1], places[:, 1:, None], 20.0, -1)
    return {"logits": logits, "alphabet": ALPHABET}


def judged_bits(score, bar=3.0):
    return language.bits_per_character(exam(Process(score=score)), {"english": bar})


def test_even_odds_cost_the_logarithm_of_the_alphabet():
    finding = judged_bits(even)
    assert not finding.passed
    assert f"{np.log2(len(ALPHABET)):.2f} on english" in finding.message
    assert judged_bits(hardly_odd, 7.0).passed


def test_probabilities_are_made_to_sum_to_one_here():
    """Large logits everywhere are as good as zeros everywhere."""
    assert (
        judged_bits(lambda w: {**even(w), "logits": even(w)["logits"] + 1000}).message
        == judged_bits(even).message
    )


def test_looking_ahead_is_seen():
    finding = judged_bits(looks_ahead)
    assert not finding.passed
    assert "looks ahead" in finding.message


def test_a_model_that_sees_one_character_is_found():
    """Few bits alone do not tell: it has as few as the one that sees all."""
    alone = lambda w: hardly_odd(w, context=0.0)
    assert "attention does not reach back" in judged_bits(alone, 7.0).message


def test_a_model_without_positions_is_found():
    """What it says depends on which characters stood before, and on nothing else."""
    bag = lambda w: hardly_odd(w, place=0.0)
    assert "knows no positions" in judged_bits(bag, 7.0).message


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (lambda w: {"logits": np.zeros((2, 3)), "alphabet": ALPHABET}, "logits: wanted shape"),
        (
            lambda w: {**even(w), "alphabet": np.repeat(ALPHABET[:1], len(ALPHABET))},
            "names a character twice",
        ),
        (lambda w: {"logits": np.zeros((*w.shape, 0)), "alphabet": ALPHABET[:0]}, "the alphabet is empty"),
        (lambda w: {**even(w), "logits": even(w)["logits"] * np.nan}, "NaN"),
        (lambda w: {"alphabet": ALPHABET}, "no logits came back"),
    ],
)
def test_answers_that_are_none(answer, says):
    with pytest.raises(ProbeFailed, match=says):
        judged_bits(answer)


def test_words():
    real = exam(Process(" ".join(WORDS) + " "))
    assert language.real_words(real, 0.9).passed
    babble = exam(Process("".join(f"zq{chr(97 + i % 26)}{chr(97 + i // 26)}x " for i in range(600))))
    assert not language.real_words(babble, 0.5).passed
    again = exam(Process("the "))
    assert "that is no text" in language.real_words(again, 0.5).message


def test_code():
    good = exam(Process("".join(f"x{i} = f(y{i})\n" for i in range(300))))
    assert language.parses(good, 0.9).passed
    bad = exam(Process("".join(f"x{i} = f(y{i}\n" for i in range(300))))
    assert language.parses(bad, 0.5).value == 0
    same = exam(Process("x = f(y)\n"))
    assert "that is no code" in language.parses(same, 0.5).message


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("x = 1", True),
        ("for i in x:", True),
        ("else:", True),
        ("return x", True),
        ("continue", True),
        ("x = = 1", False),
        ("f(", False),
        ("except ValueError:", True),
    ],
)
def test_a_line_may_be_a_part_of_a_statement(line, right):
    assert language.is_python(line) == right


def test_copies_are_found():
    copied = exam(Process("value = self.read(name)\nreturn value\nimport os\nself.names.append(value)\n"))
    finding = language.copying(copied, 60)
    assert not finding.passed
    assert finding.value > 60
    assert language.copying(exam(Process("qx zq vk jj ")), 60).passed


def test_the_longest_common_piece():
    assert language.longest_common("xxabcdyy", "zzabcdzz", 2) == "abcd"
    assert language.longest_common("xxabcdyy", "zzabcdzz", 4) == ""
