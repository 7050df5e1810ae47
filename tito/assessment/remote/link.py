"""One end of the pipe between checks and the student's code. Both ends are built on this; what they answer to is theirs (`handles.py`, `server.py`).

An object that is not written out has a number: even ones are the check side's, odd ones the sandbox's. It is either *exported* (it lives
on one side, the other has a stand-in for it) or *shared*: lists, dicts, sets, arrays, byte buffers, random generators and the instances of
check classes exist on both sides. A message brings along what its sender has changed in them since the last one. An object that only the
table of shared ones still holds is let go, so what is shared is little: mostly the arguments of the call that runs.

A message: verb, objects (number, kind, content), numbers let go, body. Contents name other objects by number, so cycles are no matter.
"""

from __future__ import annotations

import collections
import gc
import io
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from .wire import DTYPE, Reader, Unsendable, Violation, Writer, read_array, receive, send, write_array

ASK, GIVE, RAISE = b"Q", b"A", b"E"
MOST_OBJECTS = 100_000
SHARED: dict[type, bytes] = {
    list: b"l", dict: b"d", collections.OrderedDict: b"D", set: b"s", bytearray: b"y", np.ndarray: b"a", io.BytesIO: b"B",
    np.random.Generator: b"G", object: b"o",
}  # fmt: skip
MAKE: dict[bytes, Callable[[], Any]] = {
    b"l": list, b"d": dict, b"D": collections.OrderedDict, b"s": set, b"y": bytearray, b"B": io.BytesIO, b"o": object,
    b"G": lambda: np.random.Generator(np.random.PCG64(0)),
}  # fmt: skip


class Shared:
    """An object that both sides hold, and what the other side knows of it."""

    __slots__ = ("content", "kind", "thing")

    def __init__(self, thing: Any, kind: bytes):
        self.thing, self.kind, self.content = thing, kind, b""


def holders(shared: Shared) -> int:
    """References to the object besides the one of the table."""
    return sys.getrefcount(shared.thing) - ALONE


ALONE = 0
ALONE = holders(Shared(object(), b"o"))  # what the question itself counts


class Link:
    """`ask` sends a request and waits for what comes of it, answering the other side's requests meanwhile."""

    trusts_layout = False  # of arrays that come
    first = 0  # even numbers or odd ones

    def __init__(self, stream: BinaryIO, out: BinaryIO):
        self.stream, self.out = stream, out
        self.next = self.first
        self.numbers: dict[int, int] = {}  # id(object) -> number, of everything that has one
        self.exports: dict[int, Any] = {}
        self.shared: dict[int, Shared] = {}
        self.stand_ins: dict[int, weakref.ref] = {}
        self.lasting: dict[int, Any] = {}  # stand-ins that are kept as long as the link
        self.let_go: list[int] = []
        self.fresh: list[tuple[int, bytes, Any]] = []
        self.keep: list[
            Any
        ] = []  # alive until the message that is being read is read: what it brings, what it takes out of containers
        self.sent: Any = None  # what the last answer was made of
        self.turn = threading.RLock()  # held by the thread that reads, writes or waits for an answer

    # ------------------------------------------------------------ numbers

    def refer(self, thing: Any) -> int:
        """The number of an object; one that has none gets it, and will be described in this message."""
        number = self.numbers.get(id(thing))
        if number is None:
            kind = SHARED.get(type(thing))
            if kind is None or (kind in (b"a", b"G") and not describable(thing)):
                kind = self.kind_of(thing)
            number = self.next = self.next + 2
            self.numbers[id(thing)] = number
            if kind in SHARED_KINDS:
                self.shared[number] = Shared(thing, kind)
            else:
                self.exports[number] = thing
            self.fresh.append((number, kind, thing))
        return number

    def resolve(self, number: int) -> Any:
        if number in self.shared:
            return self.shared[number].thing
        if number in self.exports:
            return self.exports[number]
        found = self.stand_ins.get(number)
        thing = found() if found else self.lasting.get(number)
        if thing is None:
            raise Violation(f"there is no object {number}")
        return thing

    def stand_for(self, number: int, thing: Any, lasting: bool = False) -> None:
        """Note what stands here for an object of the other side; when it is gone the other side is told."""
        key = id(thing)
        self.numbers[key] = number
        if lasting:
            self.lasting[number] = thing
        else:
            self.stand_ins[number] = weakref.ref(thing, lambda _: self.forget(number, key))
            self.keep.append(thing)

    def forget(self, number: int, key: int) -> None:
        del self.stand_ins[number]
        del self.numbers[key]
        self.let_go.append(number)

    def number_of(self, thing: Any) -> int:
        return self.numbers[id(thing)]

    # ------------------------------------------------------------ what differs between the sides

    def kind_of(self, thing: Any) -> bytes:
        """How an object that is neither written out nor shared by nature is to be described."""
        raise Unsendable(f"a {type(thing).__name__}")

    def describe(self, writer: Writer, kind: bytes, thing: Any) -> None:
        raise NotImplementedError

    def stand_in(self, kind: bytes, number: int, reader: Reader) -> None:
        """Make what stands for a new object of the other side."""
        raise Violation(f"an unknown kind of object, {kind!r}")

    def new_instance(self, cls: Any) -> Any:
        raise Violation("an instance of what is no class here")

    def answer(self, request: tuple) -> Any:
        raise NotImplementedError

    def explain(self, error: BaseException) -> tuple:
        """An exception, to be sent."""
        raise NotImplementedError

    def failed(self, told: tuple) -> BaseException:
        """An exception that came."""
        raise NotImplementedError

    # ------------------------------------------------------------ messages out

    def tell(self, verb: bytes, body: Any) -> None:
        self.fresh = []
        writer = Writer(self.refer)
        known = list(self.shared.items())
        try:
            writer.value(body)
            objects = self.changes(known)
        except BaseException:
            for number, _, thing in self.fresh:  # the other side will never hear of them
                self.exports.pop(number, None)
                self.shared.pop(number, None)
                self.numbers.pop(id(thing), None)
            for _, shared in known:  # what was found of them was not told
                shared.content = b""
            raise
        # From here until the answer is read nothing may go: the other side could name it before it hears of that.
        gc.disable()
        gone = self.released() + self.let_go
        self.let_go = []
        message = Writer(self.refer)
        message.out += verb
        message.out += len(objects).to_bytes(4, "little")
        for number, kind, content in objects:
            message.value(number)
            message.out += kind
            message.block(content)
        message.value(tuple(gone))
        message.out += writer.out
        send(self.out, message.out)

    def changes(self, known: list[tuple[int, Shared]]) -> list[tuple[int, bytes, bytes]]:
        """What the other side has to know before it can read the body: shared objects that changed, and new ones."""
        objects = []
        for number, shared in known:
            content = self.content(shared.kind, shared.thing)
            if content != shared.content:
                shared.content = content
                objects.append((number, shared.kind, content))
        at = 0
        while at < len(self.fresh):  # describing one may bring in more
            number, kind, thing = self.fresh[at]
            content = self.content(kind, thing)
            if number in self.shared:
                self.shared[number].content = content
            objects.append((number, kind, content))
            at += 1
        self.fresh = []
        return objects

    def content(self, kind: bytes, thing: Any) -> bytes:
        writer = Writer(self.refer)
        if kind in (b"l", b"s"):
            writer.value(tuple(thing))
        elif kind in (b"d", b"D"):
            writer.value(tuple(x for pair in thing.items() for x in pair))
        elif kind == b"a":
            write_array(writer, thing)
        elif kind == b"y":
            writer.value(bytes(thing))
        elif kind == b"B":
            writer.value(None if thing.closed else (thing.getvalue(), thing.tell()))
        elif kind == b"G":
            writer.value(generator_state(thing))
        elif kind == b"i":
            writer.value((type(thing), *(x for pair in vars(thing).items() for x in pair)))
        elif kind != b"o":
            self.describe(writer, kind, thing)
        return bytes(writer.out)

    def released(self) -> list[int]:
        """Shared objects that nobody here holds any more."""
        gone: list[int] = []
        before = -1
        while before < len(gone):  # a container that goes may have been the last to hold others
            before = len(gone)
            for number, shared in list(self.shared.items()):
                if holders(shared) <= 0:
                    gone.append(number)
                    self.unshare(number)
                    shared.thing = None
        return gone

    def unshare(self, number: int) -> None:
        shared = self.shared.pop(number)
        del self.numbers[id(shared.thing)]

    # ------------------------------------------------------------ messages in

    def hear(self) -> tuple[bytes, Any]:
        data = receive(self.stream)
        reader = Reader(data, self.resolve)
        try:
            verb = reader.take(1)
            count = reader.length()
            if count > MOST_OBJECTS:
                raise Violation("a message of too many objects")
            places = []
            for _ in range(count):
                number, kind = reader.value(), reader.take(1)
                size = reader.length()
                begin = reader.at
                reader.take(size)
                if type(number) is not int:
                    raise Violation("an object without a number")
                part = Reader(data, self.resolve, begin, begin + size, reader)
                if number in self.shared:
                    if self.shared[number].kind != kind:
                        raise Violation("an object that became another")
                elif not self.begin(number, kind, part):
                    continue
                places.append((number, kind, part, begin, size))
            for number, kind, part, begin, size in places:
                if kind == b"a" and self.keeps(number, self.shared[number].thing) and part.at < part.end:
                    self.part_with(number)
                shared = self.shared[number]
                self.fill(shared.thing, kind, part)
                # What is written out differently here (the order of a set, the layout of an array) is no change of ours.
                shared.content = (
                    self.content(kind, shared.thing) if kind in (b"a", b"s") else data[begin : begin + size]
                )
            gone = reader.value()
            body = reader.value()
            for number in gone:
                if number in self.shared:
                    self.unshare(number)
                elif number in self.exports:
                    del self.numbers[id(self.exports.pop(number))]
        except (ValueError, TypeError, OverflowError, KeyError, IndexError, UnicodeError) as error:
            raise Violation(f"a message that makes no sense ({type(error).__name__}: {error})") from error
        finally:
            self.keep, self.sent = [], None
            gc.enable()
        return verb, body

    def begin(self, number: int, kind: bytes, part: Reader) -> bool:
        """Make room for a new object; True if it is a shared one, to be filled when all of them are there."""
        if number <= 0 or number % 2 == self.first % 2 or number in self.stand_ins or number in self.lasting:
            raise Violation(f"an object with the number {number}")
        if kind in MAKE:
            self.share(number, kind, MAKE[kind]())
        elif kind == b"a":
            self.share(number, kind, read_array(part, self.trusts_layout))
            return True
        elif kind == b"i":
            peek = Reader(
                part.data, self.resolve, part.at + 5, part.end
            )  # the class is the first of the tuple
            self.share(number, kind, self.new_instance(peek.value()))
        else:
            self.stand_in(kind, number, part)
            return False
        return True

    def keeps(self, number: int, array: np.ndarray) -> bool:
        """Whether the other side may change no array of that number."""
        return False

    def part_with(self, number: int) -> None:
        """The other side changes an array that it was only to read: from now on it has one of its own, and ours stays as it is."""
        shared = self.shared[number]
        del self.numbers[id(shared.thing)]
        self.keep.append(shared.thing)
        shared.thing = shared.thing.copy()
        self.numbers[id(shared.thing)] = number

    def share(self, number: int, kind: bytes, thing: Any) -> None:
        self.shared[number] = Shared(thing, kind)
        self.numbers[id(thing)] = number

    def fill(self, thing: Any, kind: bytes, part: Reader) -> None:
        """Give a shared object the content that came. A content that is as it was leaves the object alone."""
        if kind == b"a":
            if part.at < part.end:  # an update
                new = read_array(part, False)
                if new.shape != thing.shape or new.dtype != thing.dtype:
                    raise Violation("an array that changed its shape")
                thing[...] = new
        elif kind != b"o":
            value = part.value()
            if kind == b"l":
                self.keep.append(list(thing))
                thing[:] = value
            elif kind == b"s":
                self.keep.append(set(thing))
                thing.clear()
                thing.update(value)
            elif kind in (b"d", b"D", b"i"):
                target, pairs = (vars(thing), value[1:]) if kind == b"i" else (thing, value)
                self.keep.append(dict(target))
                target.clear()
                target.update(zip(pairs[::2], pairs[1::2]))
            elif kind == b"y":
                thing[:] = value
            elif kind == b"B":
                refill(thing, value)
            elif kind == b"G":
                set_state(thing, value)

    # ------------------------------------------------------------ asking

    def ask(self, *request: Any) -> Any:
        with self.turn:
            self.tell(ASK, request)
            while True:
                verb, body = self.hear()
                if verb == GIVE:
                    return body
                if verb == RAISE:
                    raise self.failed(body)
                self.respond(verb, body)

    def respond(self, verb: bytes, body: Any) -> None:
        """Do what the other side asks for."""
        if verb != ASK or type(body) is not tuple or not body:
            raise Violation("an answer to no question")
        try:
            result = self.answer(body)
            body = None  # the arguments go before the result does
            self.sent = result
            self.tell(GIVE, result)
        except (Violation, EOFError, BrokenPipeError):
            raise
        except BaseException as error:
            self.sent = error
            self.tell(RAISE, self.explain(error))


SHARED_KINDS = {*SHARED.values(), b"i"}


def describable(thing: np.ndarray | np.random.Generator) -> bool:
    """Whether an array or a generator can be shared: numbers, and NumPy's usual generator."""
    if isinstance(thing, np.ndarray):
        return DTYPE.fullmatch(thing.dtype.str) is not None
    return type(thing.bit_generator) is np.random.PCG64


def refill(file: io.BytesIO, value: tuple[bytes, int] | None) -> None:
    if value is None:
        file.close()
        return
    file.seek(0)
    file.truncate()
    file.write(value[0])
    file.seek(value[1])


def generator_state(generator: np.random.Generator) -> tuple:
    state = generator.bit_generator.state
    inner = state["state"]
    return inner["state"], inner["inc"], state["has_uint32"], state["uinteger"]


def set_state(generator: np.random.Generator, value: tuple[int, int, int, int]) -> None:
    state, inc, has, spare = value
    generator.bit_generator.state = {
        "bit_generator": "PCG64", "state": {"state": state, "inc": inc}, "has_uint32": has, "uinteger": spare,
    }  # fmt: skip
