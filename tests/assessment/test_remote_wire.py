"""The wire: values come back as what they were, and bytes that nobody meant are a violation, whatever they are."""

from __future__ import annotations

import collections
import contextlib
import io
import pathlib

import numpy as np
import pytest

from tito.assessment.remote.handles import Client, Handle
from tito.assessment.remote.link import GIVE, Link
from tito.assessment.remote.server import Server
from tito.assessment.remote.wire import LARGEST, LENGTH, Unsendable, Violation

VALUES = [
    None, True, False, 0, -1, 2**63, -(10**40), 0.1, float("inf"), 1 + 2j, "", "é\ud800\U0001f469", b"\x00\xff", (), ((1,), (2, (3,))),
    slice(1, None, -1), range(3, 30, 4), Ellipsis, NotImplemented, frozenset({1, "a"}), pathlib.Path("a/b"), int, ValueError, np.float32,
    np.dtype("float32"), np.dtype(">i4"), np.float32(1.5), np.int8(-3), np.True_,
]  # fmt: skip
SHARED = [
    [1, [2, 3]], {"a": 1, 2: {"b": None}}, {1, 2}, bytearray(b"xy"), collections.OrderedDict(z=1, a=2), np.arange(6.0).reshape(2, 3),
    np.zeros((0, 3), np.float32), np.array(3, ">i4"), np.array([True]), np.array([1 + 2j]), np.array(["a", "bc"]),
]  # fmt: skip


def sent(value, sender=Server) -> bytes:
    out = io.BytesIO()
    sender(io.BytesIO(), out).tell(GIVE, value)
    return out.getvalue()


def heard(data: bytes, receiver=Client):
    return receiver(io.BytesIO(data), io.BytesIO()).hear()[1]


@pytest.mark.parametrize("sender, receiver", [(Server, Client), (Client, Server)])
def test_values_come_back(sender, receiver):
    for value in VALUES:
        back = heard(sent(value, sender), receiver)
        assert type(back) is type(value) and back == value, value
    for value in SHARED:
        back = heard(sent(value, sender), receiver)
        assert type(back) is type(value)
        if isinstance(value, np.ndarray):
            assert back.dtype == value.dtype and back.shape == value.shape and np.array_equal(back, value)
        else:
            assert back == value


def test_what_holds_itself():
    loop: list = [1]
    loop.append(loop)
    back = heard(sent(loop))
    assert back[0] == 1 and back[1] is back


def test_layout_comes_to_the_student_and_not_back():
    """The student's code sees the strides that the check made; what comes from there is copied into memory of its own."""
    x = np.arange(24.0).reshape(4, 6)
    for array in (x.T, x[:, ::2], x[::-1], np.broadcast_to(x[0], (3, 6))):
        there = heard(sent(array, Client), Server)
        assert there.strides == array.strides and np.array_equal(there, array)
        assert there.flags.writeable == array.flags.writeable
        assert heard(sent(array, Server), Client).flags.c_contiguous


def test_subclasses_do_not_travel_by_value():
    class Text(str):
        __slots__ = ()

    class Array(np.ndarray):
        pass

    for value in (Text("a"), np.zeros(2).view(Array), type("Int", (int,), {})(3)):
        assert isinstance(heard(sent(value)), Handle)


def test_the_checks_send_nothing_that_could_be_asked_for_more():
    for value in (np, type("Local", (), {})(), {1: np}.items()):
        with pytest.raises(Unsendable):
            sent(value, Client)


def test_what_cannot_be_sent_leaves_no_trace():
    out = io.BytesIO()
    link = Client(io.BytesIO(), out)
    with pytest.raises(Unsendable):
        link.tell(GIVE, ([1], {"a": np}))
    assert not out.getvalue() and not link.shared and not link.exports and not link.numbers


@pytest.mark.parametrize(
    "value", [*VALUES[:12], *SHARED, (1, [2, {"a": (3.0, "b")}]), print, ValueError("x"), Server]
)
def test_damaged_messages(value):
    """Every byte changed, in three ways, and every end cut off: an answer of some kind, or a violation; nothing else happens."""
    whole = sent(value)
    size = LENGTH.unpack(whole[:4])[0]
    damaged = [LENGTH.pack(n) + whole[4 : 4 + n] for n in range(size)]
    step = max(1, size // 200)
    for at in range(4, len(whole), step):
        for new in (0, 255, whole[at] ^ 1, ord("r"), ord("(")):
            damaged.append(whole[:at] + bytes([new]) + whole[at + 1 :])
    for data in damaged:
        with contextlib.suppress(Violation, EOFError):
            heard(data)


def test_noise():
    noise = np.random.default_rng(0)
    for size in (1, 5, 20, 100, 400):
        for _ in range(100):
            body = GIVE + noise.integers(0, 256, size).astype(np.uint8).tobytes()
            with pytest.raises((Violation, EOFError)):
                heard(LENGTH.pack(len(body)) + body)


@pytest.mark.parametrize(
    "body",
    [
        GIVE + LENGTH.pack(0) + b"(" + LENGTH.pack(0) + b"(" + LENGTH.pack(2**31),  # a tuple longer than the message
        GIVE + LENGTH.pack(2**31),  # more objects than there can be
        GIVE + LENGTH.pack(0) + b"(" + LENGTH.pack(0) + (b"(" + LENGTH.pack(1)) * 100 + b"N",  # too deep
        GIVE + LENGTH.pack(0) + b"(" + LENGTH.pack(0) + b"r" + (4).to_bytes(8, "little"),  # an object of the checks that was not sent
        GIVE + LENGTH.pack(0) + b"(" + LENGTH.pack(0) + b"d" + LENGTH.pack(2) + b"|O",  # objects in an array
        GIVE + LENGTH.pack(0) + b"(" + LENGTH.pack(0) + b"t" + LENGTH.pack(4) + b"eval",  # a function by its name
        b"X" + LENGTH.pack(0),
        b"",
    ],
)  # fmt: skip
def test_claims_that_are_too_large_or_too_much(body):
    with pytest.raises((Violation, EOFError)):
        heard(LENGTH.pack(len(body)) + body)


def test_a_message_that_is_too_large():
    with pytest.raises(Violation):
        heard(LENGTH.pack(LARGEST + 1) + b"x" * 10)
    with pytest.raises(Unsendable):
        sent(np.zeros(LARGEST + 1, np.int8))


def test_strides_are_not_believed():
    """An array whose strides would lead out of its memory: from the student's side they are not even looked at."""
    array = np.arange(4.0)[::-2]
    assert array.strides == (-16,)
    assert np.array_equal(heard(sent(array, Server)), array)
    assert isinstance(Client(io.BytesIO(), io.BytesIO()), Link) and Client.trusts_layout is False


@pytest.mark.parametrize("request_", [("call", 2, (), ()), ("get", 2, "__globals__"), ("method", 2, "run", (), ()), ("open",), ("next", 2), ("call", True, (), ())])  # fmt: skip
def test_requests_for_what_was_not_given(request_):
    link = Client(io.BytesIO(), io.BytesIO())
    with pytest.raises((Violation, ValueError)):
        link.answer(request_)


def test_only_what_was_given_can_be_called():
    out, called = io.BytesIO(), []
    link = Client(io.BytesIO(), out)
    link.tell(GIVE, (called.append, iter([7]), ValueError("x")))
    kinds = {type(thing).__name__: number for number, thing in link.exports.items()}
    assert link.answer(("call", kinds["builtin_function_or_method"], (1,), ())) is None and called == [1]
    assert link.answer(("next", kinds["list_iterator"])) == 7
    for verb in ("call", "next", "method"):
        with pytest.raises(Violation):
            link.answer(
                (verb, kinds["ValueError"], (), ()) if verb != "next" else (verb, kinds["ValueError"])
            )
    with pytest.raises(Violation):
        link.answer(("method", kinds["builtin_function_or_method"], "__init__", (), ()))
