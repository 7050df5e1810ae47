"""Malformed, huge and pre-written replies, and pickles: what is no answer to the question asked is a violation, and nothing is unpickled."""

from .lines import EVERYTHING, Files, append, in_product, line, wrong

# The stream of answers is a copy of descriptor 1, made before the package is imported: whoever looks for it finds it.
FINDS = """
import contextlib, os, stat, sys
def streams():
    for descriptor in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                yield descriptor
def say(data):
    for descriptor in streams():
        with contextlib.suppress(OSError):
            os.write(descriptor, data)
def asked():
    '''The request that is being answered, out of the frames below.'''
    frame = sys._getframe()
    while frame is not None:
        if 'request' in frame.f_locals:
            return frame.f_locals['request']
        frame = frame.f_back
"""
VIOLATION = "protocol_violation|crashed|failed|import_error|timeout|output_limit"


@line("replies", verdicts=VIOLATION)
def answers_before_it_is_asked(files: Files):
    wrong(files)
    append(files, FINDS + "say(b'0123456789abcdef value predictions i8 500,\\n' + bytes(4000) + b'0123456789abcdef done _ u1 0,\\n')")  # fmt: skip


@line("replies", verdicts=VIOLATION)
def a_script_of_answers(files: Files):
    """All that an honest run would say, written beforehand; the questions' ids are drawn at random."""
    wrong(files)
    script = "".join(f"{i:016x} done _ u1 0,\n" for i in range(200))
    append(files, FINDS + f"say({script.encode()!r})")


@line("replies", verdicts=VIOLATION)
def garbage_in_the_stream(files: Files):
    append(files, FINDS + "say(os.urandom(5000))")


@line("replies", verdicts=VIOLATION)
def a_header_without_end(files: Files):
    append(files, FINDS + "say(b'a' * 60_000)")


@line("replies", verdicts=VIOLATION)
def a_line_of_json(files: Files):
    append(files, FINDS + "say(b'[' * 50_000)")


@line("replies", verdicts=VIOLATION)
def a_reply_of_a_size_that_cannot_be(files: Files):
    wrong(files)
    in_product(files, "from ..mine import say, asked\nsay(f\"{asked()['request']} value predictions f8 9999999999,9999999999,\\n\".encode())")  # fmt: skip
    append(files, FINDS)


@line("replies", verdicts=VIOLATION, slow=True)
def a_reply_that_never_comes_whole(files: Files):
    in_product(files, "from ..mine import say, asked\nimport time\nsay(f\"{asked()['request']} value predictions f8 1000,\\n\".encode())\ntime.sleep(10**6)")  # fmt: skip
    append(files, FINDS)


@line("replies", verdicts=VIOLATION)
def answers_in_the_probe_s_place(files: Files):
    """It walks the frames, finds the question's id and answers with what would be right if all were left: a wrong answer in good form."""
    wrong(files)
    in_product(files, "from ..mine import say, asked\nname = asked()['request']\nsay(f'{name} value predictions i8 500,\\n'.encode() + bytes(4000) + f'{name} done _ u1 0,\\n'.encode())")  # fmt: skip
    append(files, FINDS)


@line("replies", verdicts=VIOLATION + "|memory_limit", slow=True)
def a_flood_of_small_answers(files: Files):
    wrong(files)
    in_product(files, "from ..mine import say, asked\nname = asked()['request']\npiece = f'{name} log loss f8 3,\\n'.encode() + bytes(24)\nwhile True: say(piece * 500)")  # fmt: skip
    append(files, FINDS)


@line("replies", verdicts=VIOLATION + "|memory_limit", slow=True)
def a_flood_of_large_answers(files: Files):
    """The largest frame that is allowed, again and again: the grader's memory must not grow with it."""
    wrong(files)
    in_product(files, "from ..mine import say, asked\nname = asked()['request']\npiece = bytes(1 << 20)\nwhile True:\n    say(f'{name} value predictions u1 268435456,\\n'.encode())\n    for _ in range(256): say(piece)")  # fmt: skip
    append(files, FINDS)


@line("replies", verdicts=VIOLATION + "|memory_limit", slow=True)
def a_thousand_million_names(files: Files):
    wrong(files)
    in_product(files, "from ..mine import say, asked\nimport itertools\nname = asked()['request']\nfor i in itertools.count(): say(f'{name} value x{i} u1 1,\\n0'.encode())")  # fmt: skip
    append(files, FINDS)


@line("replies", verdicts=VIOLATION, slow=True)
def closes_the_stream_and_goes_on(files: Files):
    append(files, FINDS + "import time\nfor descriptor in streams(): os.close(descriptor)\ntime.sleep(10**6)")


@line("replies", earns=EVERYTHING, verdicts="passed")
def closes_standard_output(files: Files):
    """Its own, which is not the stream of answers."""
    append(files, "import os, sys\nsys.stdout = open(os.devnull, 'w')")


@line("replies")
def numbers_that_are_none(files: Files):
    wrong(files)
    in_product(files, "return product(x, y) * float('nan')")


@line("replies", verdicts="failed|crashed")
def an_answer_of_another_shape(files: Files):
    append(
        files, "real = Tensor.numpy\nTensor.numpy = lambda self, **options: real(self, **options)[..., None]"
    )


@line("replies", verdicts="failed|crashed")
def an_answer_that_is_no_number(files: Files):
    append(files, "Tensor.numpy = lambda self, **options: 'ninety-nine percent'")


@line("replies", verdicts="failed|crashed|timeout|memory_limit")
def an_answer_that_runs_code(files: Files):
    """Objects with `__reduce__`, `__array__` and `__array_interface__`: whatever they do, they do in the sandbox."""
    wrong(files)
    append(
        files,
        """
import os
class Trap:
    def __reduce__(self): return (os.system, ('touch /tmp/tito-was-here',))
    def __array__(self, *_, **__):
        import numpy as np
        return np.array([Trap()], dtype=object)
    def __gt__(self, other): return self
    def astype(self, *_): return self
Tensor.numpy = lambda self, **options: Trap()
""",
    )


@line("replies")
def pickles_in_the_submission(files: Files):
    """They are left outside, and an array of objects in an .npz is never opened on the grader's side."""
    wrong(files)
    evil = b"cos\nsystem\n(S'touch /tmp/tito-was-here'\ntR."
    files["tinytorch/weights.pkl"] = evil
    files["tinytorch/checkpoint.pt"] = evil
    files["tinytorch/weights.npz"] = evil
    files[".tito/record.json"] = evil


@line("replies", verdicts=VIOLATION)
def answers_from_a_thread(files: Files):
    """While the main thread still computes, another one has found the question in its frames and answers first."""
    wrong(files)
    append(
        files, FINDS + """
import threading
main = threading.main_thread().ident
def look():
    seen = set()
    while True:
        frame = sys._current_frames().get(main)
        while frame is not None:
            request = frame.f_locals.get("request")
            if isinstance(request, dict) and request.get("ask") == "predict" and request["request"] not in seen:
                seen.add(request["request"])
                say(f"{request['request']} value predictions i8 500,\\n".encode() + bytes(4000) + f"{request['request']} done _ u1 0,\\n".encode())
            frame = frame.f_back
threading.Thread(target=look, daemon=True).start()
""",
    )  # fmt: skip


@line("replies", verdicts=VIOLATION)
def asks_itself(files: Files):
    """The pipe of questions, opened for writing by its name."""
    wrong(files)
    append(files, "import contextlib, os\nwith contextlib.suppress(OSError):\n    os.write(os.open('/proc/self/fd/0', os.O_WRONLY), b'{\"request\": \"0123456789abcdef\", \"ask\": \"predict\", \"arrays\": {}, \"settings\": {}}\\n' * 3)")  # fmt: skip


@line("replies", verdicts=VIOLATION, slow=True)
def eats_the_questions(files: Files):
    append(files, "import sys, threading\nthreading.Thread(target=sys.stdin.read, daemon=True).start()")


def says_first(files: Files, head: bytes, body: str) -> None:
    """A frame of its own before the predictions, with the right question's id."""
    wrong(files)
    append(
        files,
        f"""
import sys
main = sys.modules["__main__"]
real = main.write_frame
def odd(out, request, kind, name="_", array=None):
    if name == "predictions":
        out.write(request.encode() + {head!r} + {body})
        out.flush()
    return real(out, request, kind, name, array)
main.write_frame = odd
""",
    )


@line("replies", verdicts=VIOLATION)
def no_rows_of_a_billion_columns(files: Files):
    says_first(files, b" value x f8 0,9999999999,9999999999,9999999999,\n", "b''")


@line("replies", verdicts=VIOLATION)
def an_error_of_forty_megabytes(files: Files):
    """What an error says is kept and shown: a page of it, not all."""
    says_first(files, b" error Odd u1 40000000,\n", "b'<script>alert(1)</script>' * 1_600_000")


@line("replies", verdicts=VIOLATION)
def an_error_that_rewrites_the_terminal(files: Files):
    says_first(
        files, b" error Odd u1 400,\n", "(b'\\x1b[2J\\x1b]0;owned\\x07\\r=1+1\\0\\x9b31m\\xff' * 40)[:400]"
    )


@line("replies", verdicts=VIOLATION)
def a_header_in_other_digits(files: Files):
    says_first(files, " value x u1 \u0663,\n".encode(), "b'000'")


def in_every_array(files: Files, code: str) -> None:
    """What `Tensor.numpy` gives goes through `changed` first, a function of this code."""
    append(files, f"import numpy as np\n{code}\nreal = Tensor.numpy\nTensor.numpy = lambda self, **options: changed(real(self, **options))")  # fmt: skip


@line("replies")
def a_class_that_lies_about_its_array(files: Files):
    wrong(files)
    in_every_array(
        files,
        """
class Liar(np.ndarray):
    def __gt__(self, other): return np.ones(self.shape, bool).view(Liar)
    def astype(self, *_): return self
    def tobytes(self, *_): return bytes(8)
    shape = property(lambda self: (500,))
    __class__ = property(lambda self: int)
changed = lambda array: array.view(Liar)
""",
    )


@line("replies", verdicts="failed|crashed")
def answers_of_imaginary_numbers(files: Files):
    wrong(files)
    in_every_array(files, "changed = lambda array: array * 1j")


@line("replies", verdicts="failed|crashed")
def answers_of_records(files: Files):
    in_every_array(files, "changed = lambda array: np.zeros(array.shape, [('a', 'f8'), ('b', 'O')])")


@line("replies", verdicts=VIOLATION)
def answers_with_twenty_axes(files: Files):
    in_every_array(files, "changed = lambda array: array.reshape(array.shape + (1,) * 20)")


def in_write_frame(files: Files, body: str) -> None:
    """The probe's own function that sends a frame, replaced by one of this body; `real` is what it was."""
    append(
        files,
        f"import sys\nmain = sys.modules['__main__']\nreal, before = main.write_frame, []\ndef odd(out, request, kind, name='_', array=None):\n    {body}\nmain.write_frame = odd",
    )


@line("replies", verdicts=VIOLATION)
def answers_the_question_before_again(files: Files):
    wrong(files)
    in_write_frame(files, "before.append(request); real(out, before[0], kind, name, array)")


@line("replies", verdicts=VIOLATION)
def says_everything_twice(files: Files):
    in_write_frame(files, "[real(out, request, kind, name, array) for _ in range(2)]")


@line("replies", verdicts=VIOLATION, slow=True)
def a_reply_drop_by_drop(files: Files):
    in_product(files, "from ..mine import say, asked\nimport time\nfor letter in f\"{asked()['request']} value predictions u1 1000000,\\n\".encode() + bytes(1000000):\n    say(bytes([letter])); time.sleep(0.05)")  # fmt: skip
    append(files, FINDS)
