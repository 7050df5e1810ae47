import json
import random
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest

from tinytorch.text import BytePairTokenizer, CharTokenizer, load_tokenizer
from tinytorch.text.tokenizers import WORDS, learn_merges, merge

HARD = [
    "",
    " ",
    "naïve café — “quotes”",
    "日本語のテキスト、改行\n\n  と空白",
    "emoji 👩‍👩‍👧‍👦 🇩🇪 é e\u0301",
    "tabs\t\tand\r\nnew lines\n\n\n   x",
    "snake_case __init__ 1_000 x²₃ Ⅷ ½",
    "\x00\x01\x7f\u0080\u2028\ufeff\uffff\U0010ffff",
    "lone \ud800 surrogate \udfff",
    "it's we'll I'm they've 'quoted' don't",
    "  leading and trailing  ",
]


def english(length: int) -> str:
    from pydoc_data import topics

    text = "".join(topics.topics[name] for name in sorted(topics.topics))
    return (text * (length // len(text) + 1))[:length]


@pytest.fixture(scope="module")
def trained() -> BytePairTokenizer:
    return BytePairTokenizer.train(english(60_000), vocab_size=600, special_tokens=["<|end|>", "<|end|>ing"])


@pytest.mark.parametrize("text", HARD)
def test_any_text_comes_back(trained, text):
    assert trained.decode(trained.encode(text)) == text
    characters = CharTokenizer.train(text)
    assert characters.decode(characters.encode(text)) == text


def test_random_unicode_comes_back(trained):
    rng = random.Random(0)
    for _ in range(300):
        text = "".join(
            chr(rng.randrange(rng.choice([128, 0x800, 0x110000]))) for _ in range(rng.randrange(40))
        )
        if not any(
            0xD800 <= ord(c) < 0xE000 for c in text
        ):  # neighbouring surrogates may join to one character
            assert trained.decode(trained.encode(text)) == text
        assert "".join(WORDS.findall(text)) == text


def naive_merges(counts: dict[bytes, int], number: int) -> list:
    """The definition: count everything anew before each merge."""
    words = {tuple(word): count for word, count in counts.items()}
    merges = []
    for new in range(256, 256 + number):
        pairs = Counter()
        for word, count in words.items():
            for pair in zip(word, word[1:]):
                pairs[pair] += count
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged = Counter()
        for word, count in words.items():
            merged[tuple(merge(list(word), best, new))] += count
        words = merged
    return merges


@pytest.mark.parametrize("seed", range(5))
def test_updated_counts_give_the_merges_of_counting_anew(seed):
    rng = random.Random(seed)
    alphabet = b"abc" if seed else b"a"  # runs of one letter: overlapping pairs
    counts = {bytes(rng.choices(alphabet, k=rng.randrange(1, 12))): rng.randrange(1, 9) for _ in range(60)}
    assert learn_merges(counts, 80) == naive_merges(counts, 80)
    words = Counter(word.encode() for word in WORDS.findall(english(4000)))
    assert learn_merges(words, 60) == naive_merges(words, 60)


def test_merges_shorten_and_do_not_depend_on_the_process(trained):
    text = english(60_000)
    assert len(trained.encode(text)) < 0.5 * len(text)
    program = "import sys; from tinytorch.text import BytePairTokenizer as T; print(T.train(sys.stdin.read(), 320).merges)"
    runs = [
        subprocess.run([sys.executable, "-c", program], input=text[:8000], env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
                       capture_output=True, text=True, check=True).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert runs[0] == runs[1] and runs[0].startswith("[(")


def test_training_512_merges_on_a_megabyte_takes_seconds():
    text = english(1_000_000)
    start = time.perf_counter()
    tokenizer = BytePairTokenizer.train(text, vocab_size=768)
    assert time.perf_counter() - start < 30  # about 1 s; generous for a busy machine
    assert tokenizer.vocab_size == 768


def test_training_stops_when_nothing_is_left_to_merge():
    assert BytePairTokenizer.train("ab ab", vocab_size=1000).vocab_size == 256 + 2  # "ab" and " ab"


def test_special_tokens_are_one_id_or_only_text(trained):
    ids = trained.encode("one<|end|>two<|end|>ing")
    assert (
        ids.count(trained.special_tokens["<|end|>"]) == 1 and ids[-1] == trained.special_tokens["<|end|>ing"]
    )
    assert trained.decode(ids) == "one<|end|>two<|end|>ing"
    typed = trained.encode("<|end|>", allow_special=False)
    assert trained.special_tokens["<|end|>"] not in typed and trained.decode(typed) == "<|end|>"
    assert max(trained.special_tokens.values()) == trained.vocab_size - 1


def test_special_tokens_are_not_trained_on():
    merges = BytePairTokenizer.train("xyxy<s>" * 50, 300, special_tokens=["<s>"])
    assert b"<s" not in merges.bytes[:-1]


def test_files_come_back(tmp_path, trained):
    characters = CharTokenizer.train("héllo\ud800", unknown="?")
    for tokenizer in (trained, characters):
        path = tmp_path / "tokenizer.json"
        tokenizer.save(path)
        again = load_tokenizer(path)
        assert type(again) is type(tokenizer) and again.content() == tokenizer.content()
        assert again.encode("hello") == tokenizer.encode("hello")
    with pytest.raises(ValueError, match="holds a 'char' tokenizer, not 'byte pairs'"):
        BytePairTokenizer.load(path)


@pytest.mark.parametrize(
    "content, message",
    [
        ("not json", "not a tokenizer file"),
        ("[1]", "a JSON object was expected"),
        ('{"kind": "word"}', "unknown tokenizer kind 'word'; there are 'char', 'byte pairs'"),
        ('{"kind": "char"}', "not a complete 'char' tokenizer file"),
        (
            json.dumps({"kind": "byte pairs", "merges": [[97, 300]], "special_tokens": []}),
            "no pair of earlier tokens",
        ),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path, content, message):
    path = tmp_path / "tokenizer.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=message):
        load_tokenizer(path)


def test_unknown_characters_and_ids():
    tokenizer = CharTokenizer.train("abc")
    with pytest.raises(ValueError, match="'é' at position 2 is not among the 3 known characters"):
        tokenizer.encode("abé")
    with pytest.raises(ValueError, match="id 3 at position 1 is outside the vocabulary of 3"):
        tokenizer.decode([0, 3])
    assert CharTokenizer.train("abc", unknown="?").encode("aéc") == [0, 3, 2]
    assert tokenizer.decode(np.array([2, 1, 0])) == "cba"


def test_half_a_character_decodes_to_the_replacement_sign():
    assert BytePairTokenizer([]).decode(list("é".encode()[:1])) == "\ufffd"


def test_vocab_must_hold_the_bytes():
    with pytest.raises(ValueError, match="at least 256 bytes"):
        BytePairTokenizer.train("x", vocab_size=100)
