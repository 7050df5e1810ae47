"""From text to token ids and back, without loss: one token per character, or byte pairs merged by frequency.

Byte pairs after Sennrich et al. 2016 (arXiv:1508.07909), on bytes as in GPT-2: 256 tokens can write any text, merges
only make it shorter.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

# A merge never crosses these borders: a word with the space before it, digits, punctuation, or white space.
# Together the alternatives match every character.
WORDS = re.compile(r"'(?:[sdmt]|ll|ve|re)| ?[^\W\d_]+| ?\d+| ?(?:[^\s\w]|_)+|\s+(?!\S)|\s+")


class Tokenizer:
    """What the tokenizers share: ids as a list of ints, and a JSON file that holds everything."""

    kind: str  # the name of the class in a file

    def encode(self, text: str) -> list[int]:
        raise NotImplementedError

    def decode(self, ids) -> str:
        raise NotImplementedError

    @property
    def vocab_size(self) -> int:
        raise NotImplementedError

    def content(self) -> dict:
        """What a file holds; `from_content` makes the tokenizer of it again."""
        raise NotImplementedError

    @classmethod
    def from_content(cls, content: dict):
        raise NotImplementedError

    def save(self, path) -> None:
        content = {"kind": self.kind, **self.content()}
        Path(path).write_text(
            json.dumps(content, ensure_ascii=True), encoding="utf-8"
        )  # ASCII: lone surrogates survive

    @classmethod
    def load(cls, path):
        content = read_json(path)
        if content.get("kind") != cls.kind:
            raise ValueError(f"{path}: holds a {content.get('kind')!r} tokenizer, not {cls.kind!r}")
        try:
            return cls.from_content(content)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}: not a complete {cls.kind!r} tokenizer file ({error!r})") from None

    def check_ids(self, ids) -> list[int]:
        ids = np.asarray(ids).reshape(-1).tolist()
        for position, token in enumerate(ids):
            if not 0 <= token < self.vocab_size:
                raise ValueError(
                    f"decode: id {token} at position {position} is outside the vocabulary of {self.vocab_size}"
                )
        return ids


class CharTokenizer(Tokenizer):
    """One id per character. A character that was not in the training text becomes `unknown`, or is an error."""

    kind = "char"

    def __init__(self, characters: Iterable[str], unknown: str | None = None):
        self.characters = list(dict.fromkeys(characters))
        if unknown is not None and unknown not in self.characters:
            self.characters.append(unknown)
        self.unknown = unknown
        self.ids = {character: i for i, character in enumerate(self.characters)}

    @classmethod
    def train(cls, text: str, unknown: str | None = None) -> CharTokenizer:
        return cls(sorted(set(text)), unknown)

    @property
    def vocab_size(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        try:
            return [self.ids[c] for c in text]
        except KeyError as error:
            if self.unknown is None:
                character = error.args[0]
                raise ValueError(
                    f"encode: {character!r} at position {text.index(character)} is not among the {self.vocab_size} known "
                    "characters; train on text that has it, or give an `unknown` character"
                ) from None
        return [self.ids.get(c, self.ids[self.unknown]) for c in text]

    def decode(self, ids) -> str:
        return "".join(self.characters[i] for i in self.check_ids(ids))

    def content(self) -> dict:
        return {"characters": self.characters, "unknown": self.unknown}

    @classmethod
    def from_content(cls, content: dict) -> CharTokenizer:
        return cls(content["characters"], content["unknown"])


class BytePairTokenizer(Tokenizer):
    """Ids 0 to 255 are the bytes, 256 + i the result of merge i, and after them the special tokens."""

    kind = "byte pairs"

    def __init__(self, merges: Iterable[tuple[int, int]], special_tokens: Iterable[str] = ()):
        self.merges = [tuple(pair) for pair in merges]
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.bytes = [bytes([i]) for i in range(256)]
        for left, right in self.merges:
            self.bytes.append(self.bytes[left] + self.bytes[right])
        self.special_tokens = {
            token: len(self.bytes) + i for i, token in enumerate(dict.fromkeys(special_tokens))
        }
        self.bytes += [to_bytes(token) for token in self.special_tokens]
        self.encode_word = lru_cache(maxsize=2**16)(self._encode_word)

    @classmethod
    def train(cls, text: str, vocab_size: int = 768, special_tokens: Iterable[str] = ()) -> BytePairTokenizer:
        """Merge the most frequent pair until the vocabulary is full, or every word of the text is one token."""
        special_tokens = list(special_tokens)
        number = vocab_size - 256 - len(special_tokens)
        if number < 0:
            raise ValueError(
                f"vocab_size={vocab_size} must be at least 256 bytes + {len(special_tokens)} special tokens"
            )
        text_parts = split_keeping(text, special_tokens)
        words = Counter(
            word for part in text_parts if part not in special_tokens for word in WORDS.findall(part)
        )
        return cls(
            learn_merges({to_bytes(word): count for word, count in words.items()}, number), special_tokens
        )

    @property
    def vocab_size(self) -> int:
        return len(self.bytes)

    def encode(self, text: str, *, allow_special: bool = True) -> list[int]:
        """Ids of a text. With `allow_special=False` the name of a special token is only text: for what users type."""
        ids: list[int] = []
        for part in split_keeping(text, self.special_tokens if allow_special else ()):
            if allow_special and part in self.special_tokens:
                ids.append(self.special_tokens[part])
            else:
                for word in WORDS.findall(part):
                    ids += self.encode_word(word)
        return ids

    def _encode_word(self, word: str) -> tuple[int, ...]:
        """Apply the merges in the order in which they were learned."""
        ids = list(to_bytes(word))
        while len(ids) > 1:
            pair = min(zip(ids, ids[1:]), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if pair not in self.ranks:
                break
            ids = merge(ids, pair, 256 + self.ranks[pair])
        return tuple(ids)

    def decode(self, ids) -> str:
        """The text of ids; bytes that are no complete character (a cut inside one) become U+FFFD."""
        data = b"".join(self.bytes[i] for i in self.check_ids(ids))
        try:
            return data.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return data.decode("utf-8", "replace")

    def content(self) -> dict:
        return {"merges": self.merges, "special_tokens": list(self.special_tokens)}

    @classmethod
    def from_content(cls, content: dict) -> BytePairTokenizer:
        merges = content["merges"]
        for rank, pair in enumerate(merges):
            if len(pair) != 2 or not all(type(i) is int and 0 <= i < 256 + rank for i in pair):
                raise TypeError(f"merge {rank} is {pair}, which is no pair of earlier tokens")
        return cls(merges, content["special_tokens"])


# ---------------------------------------------------------------- training


def learn_merges(counts: dict[bytes, int], number: int) -> list[tuple[int, int]]:
    """The merges, most frequent pair first; of equally frequent pairs the one with the smaller ids.

    Pair counts are kept up to date instead of counted anew: a merge only touches the words that hold its pair.
    """
    words = [list(word) for word in counts]
    times = list(counts.values())
    pairs, where = count_pairs(words, times)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapq.heapify(heap)
    merges: list[tuple[int, int]] = []
    while heap and len(merges) < number:
        count, pair = heapq.heappop(heap)
        if pairs.get(pair) != -count:  # an entry from before the count changed
            continue
        changed: Counter = Counter()
        for i in where.pop(pair):
            merged = merge(words[i], pair, 256 + len(merges))
            changed.subtract(pair_counts(words[i], times[i]))
            changed.update(pair_counts(merged, times[i]))
            for new_pair in zip(merged, merged[1:]):
                where[new_pair].add(i)
            words[i] = merged
        merges.append(pair)
        update_counts(pairs, heap, changed)
    return merges


def count_pairs(words: list[list[int]], times: list[int]):
    """How often each pair of neighbours occurs, and in which words."""
    pairs: Counter = Counter()
    where = defaultdict(set)
    for i, word in enumerate(words):
        for pair in zip(word, word[1:]):
            pairs[pair] += times[i]
            where[pair].add(i)
    return pairs, where


def pair_counts(word: list[int], times: int) -> dict:
    return {pair: count * times for pair, count in Counter(zip(word, word[1:])).items()}


def update_counts(pairs: Counter, heap: list, changed: Counter) -> None:
    for pair, difference in changed.items():
        if difference:
            pairs[pair] += difference
            if pairs[pair]:
                heapq.heappush(heap, (-pairs[pair], pair))
            else:
                del pairs[pair]


def merge(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Replace every occurrence of the pair, from the left."""
    out = []
    i = 0
    while i < len(ids):
        if ids[i] == pair[0] and i + 1 < len(ids) and ids[i + 1] == pair[1]:
            out.append(new)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


# ---------------------------------------------------------------- text and files


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def split_keeping(text: str, tokens: Iterable[str]) -> list[str]:
    """The text cut around the tokens, the tokens themselves kept as parts; longer tokens win."""
    tokens = sorted(tokens, key=len, reverse=True)
    if not tokens:
        return [text]
    return [part for part in re.split(f"({'|'.join(map(re.escape, tokens))})", text) if part]


def read_json(path) -> dict:
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not a tokenizer file ({error})") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: not a tokenizer file (a JSON object was expected)")
    return content


def load_tokenizer(path) -> Tokenizer:
    """The tokenizer that a file holds, whichever kind it is."""
    kinds = {cls.kind: cls for cls in (CharTokenizer, BytePairTokenizer)}
    kind = read_json(path).get("kind")
    if kind not in kinds:
        raise ValueError(f"{path}: unknown tokenizer kind {kind!r}; there are {', '.join(map(repr, kinds))}")
    return kinds[kind].load(path)
