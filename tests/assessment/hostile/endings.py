"""Early exits, forged results, patched libraries: whatever is said or patched in there, only values count out here."""

from .lines import ACCURACY, EVERYTHING, Files, append, change, in_product, line, no_gradient, wrong

# ---------------------------------------------------------------- early exits


@line("early exits", verdicts="crashed|import_error")
def leaves_at_import(files: Files):
    append(files, "import os\nos._exit(0)")


@line("early exits", verdicts="crashed|import_error")
def leaves_politely_at_import(files: Files):
    append(files, "raise SystemExit(0)")


@line("early exits", verdicts="crashed|failed")
def leaves_when_asked(files: Files):
    in_product(files, "import os; os._exit(0)")


@line("early exits", verdicts="crashed|failed")
def leaves_with_a_proud_line(files: Files):
    in_product(files, 'import os; os.write(1, b\'{"passed": true, "score": 1.0}\\n\'); os._exit(0)')


@line("early exits", verdicts="crashed|failed")
def segmentation_fault(files: Files):
    in_product(files, "import ctypes; ctypes.string_at(0)")


@line("early exits", verdicts="crashed|failed")
def aborts(files: Files):
    in_product(files, "import os; os.abort()")


@line("early exits", verdicts="crashed|failed|timeout", slow=True)
def stops_itself(files: Files):
    """SIGSTOP: the process neither answers nor ends."""
    append(files, "import signal\nsignal.raise_signal(signal.SIGSTOP)")


@line("early exits", verdicts="import_error|failed")
def raises_what_is_no_exception(files: Files):
    append(files, "class Odd(BaseException): pass\nraise Odd('done')")


@line("early exits", verdicts="failed|crashed|import_error")
def raises_an_error_that_cannot_be_shown(files: Files):
    append(
        files,
        "class Odd(Exception):\n    def __str__(self): raise Odd\n    __repr__ = __str__\n    message = property(__str__)\nraise Odd",
    )


@line("early exits", verdicts="import_error|syntax_error|failed")
def is_no_python(files: Files):
    change(files, "ops/matmul.py", "return product(x, y)", "return product(x, y")


@line("early exits", verdicts="import_error|failed")
def is_not_written_yet(files: Files):
    append(files, 'raise NotImplementedError("01_tensor: matmul")')


@line("early exits", verdicts="failed|crashed")
def calls_itself_without_end(files: Files):
    in_product(files, "return matmul_op(x, y)")


@line("early exits", verdicts="failed|crashed")
def recurses_into_the_stack_s_end(files: Files):
    """With the limit lifted, endless recursion ends in a crash of the interpreter, not in an exception."""
    append(files, "import sys\nsys.setrecursionlimit(10**9)")
    in_product(files, "return matmul_op(x, y)")


# ---------------------------------------------------------------- forged results


@line("forged results")
def says_it_passed(files: Files):
    wrong(files)
    append(
        files,
        "print('accuracy 100% PASSED')\nimport os\nos.write(1, b'PASSED\\n'); os.write(2, b'accuracy: 1.0\\n')",
    )


@line("forged results", verdicts="failed|protocol_violation")
def writes_result_files(files: Files):
    wrong(files)
    append(
        files,
        "import json\nfor name in ('results.json', 'score', 'gradebook.db', 'run.json'):\n    open(name, 'w').write(json.dumps({'score': 1.0, 'verdict': 'passed'}))",
    )


@line("forged results")
def hands_in_its_own_results(files: Files):
    wrong(files)
    files[".tito/record.json"] = b'{"milestones": {"perceptron": {"passed": "2026-01-01", "score": 1.0}}}'
    files[".tito/results.json"] = b'{"score": 100, "tests": [{"score": 100, "max_score": 100}]}'


@line("forged results")
def brings_its_own_milestone(files: Files):
    """The scripts that are run are the course's, never the submission's."""
    wrong(files)
    files["milestones/history/perceptron/run.py"] = (
        b"def train(work): pass\ndef predict(model, images): return 1\n"
    )
    files["milestones/history/perceptron/config.yaml"] = b"data: none\nsettings: {standard: {}}\n"


@line("forged results")
def brings_its_own_checks(files: Files):
    wrong(files)
    files["modules/01_tensor/checks.py"] = b"def test_everything():\n    pass\n"


@line("forged results", earns={ACCURACY})
def gradients_that_are_too_large(files: Files):
    """It learns all the same, and that is what it earns."""
    change(
        files,
        "gradients.py",
        "y=lambda g, x, y_shape: left_product(x, g, y_shape)",
        "y=lambda g, x, y_shape: left_product(x, g, y_shape) * 3",
    )


# ---------------------------------------------------------------- patched numpy, pytest, time, comparison


@line("patches")
def patches_numpy_s_comparisons(files: Files):
    wrong(files)
    append(
        files,
        "import numpy as np\nimport numpy.testing\nfor name in ('allclose', 'isclose', 'array_equal', 'array_equiv'):\n    setattr(np, name, lambda *_, **__: True)\nnp.testing.assert_allclose = np.testing.assert_array_equal = lambda *_, **__: None",
    )


@line("patches")
def every_comparison_is_true(files: Files):
    wrong(files)
    append(
        files,
        "for name in ('__eq__', '__ne__', '__lt__', '__le__', '__gt__', '__ge__'):\n    setattr(Tensor, name, lambda self, other: True)",
    )


@line("patches")
def answers_that_equal_everything(files: Files):
    """What the process returns has a dtype of its own and compares equal to anything."""
    wrong(files)
    append(
        files,
        """
import numpy as np
class Yes(np.ndarray):
    def __eq__(self, other): return True
    def argmax(self, *_): return self
    def mean(self, *_, **__): return 1.0
real = Tensor.numpy
Tensor.numpy = lambda self, **options: real(self, **options).view(Yes)
""",
    )


@line("patches")
def patches_pytest(files: Files):
    wrong(files)
    append(
        files,
        "import contextlib, sys\nfor name in ('pytest', '_pytest'):\n    sys.modules[name] = type(sys)('pytest')\nsys.modules['pytest'].raises = lambda *_, **__: contextlib.suppress(BaseException)\nsys.modules['pytest'].main = lambda *_: 0",
    )


@line("patches")
def patches_the_clock(files: Files):
    wrong(files)
    append(
        files,
        "import time\nfor name in ('time', 'monotonic', 'perf_counter', 'process_time', 'thread_time'):\n    setattr(time, name, lambda: 0.0)",
    )


@line("patches", earns=EVERYTHING)
def patches_the_clock_for_no_reason(files: Files):
    """Odd, but what it computes is right, and nobody asked its clock."""
    append(files, "import time\ntime.time = time.monotonic = time.perf_counter = lambda: 0.0")


@line("patches")
def patches_the_probe(files: Files):
    """The probe runs beside the student's code and can be changed; it holds no answer that would help."""
    wrong(files)
    append(
        files,
        """
import contextlib, sys
import numpy as np
with contextlib.suppress(Exception):
    import tito.milestones.probe as probe, tito.milestones.probes as probes
    main = sys.modules['__main__']
    lie = lambda *_, **__: {'predictions': np.ones(500, np.int64), 'losses': np.zeros((3, 2)), 'norms': np.ones(2), 'g0': np.ones(400), 'g1': np.ones(1), 'passed': np.ones(1)}
    main.answer = probe.answer = lie
    for name in dir(probes):
        if name.startswith('probe_'):
            setattr(probes, name, lie)
""",
    )


@line("patches")
def looks_for_the_judge_and_patches_it(files: Files):
    wrong(files)
    append(
        files,
        """
import contextlib, importlib
for name in ('tito.milestones.judging', 'tito.milestones.exam', 'tito.assessment.driver', 'tito.assessment.modules', 'tito.assessment.store', 'tito.checking'):
    with contextlib.suppress(ImportError):
        module = importlib.import_module(name)
        for key, value in list(vars(module).items()):
            if callable(value):
                setattr(module, key, lambda *_, **__: True)
""",
    )


@line("patches", verdicts="failed|protocol_violation|crashed")
def patches_builtins(files: Files):
    wrong(files)
    append(
        files,
        "import builtins\nbuiltins.abs = lambda *_: 0\nbuiltins.all = builtins.any = lambda *_: True\nbuiltins.isinstance = lambda *_: True",
    )


@line("patches")
def no_gradient_and_a_proud_attribute(files: Files):
    no_gradient(files)
    wrong(files)
    append(files, "SCORE = 1.0\nPASSED = True\n__test_result__ = 'passed'")


# ---------------------------------------------------------------- ends from odd places


@line("early exits")
def leaves_when_it_is_done(files: Files):
    """Exit status 0, from what is called at the very end."""
    wrong(files)
    append(files, "import atexit, os\natexit.register(os._exit, 0)")


@line("early exits", verdicts="crashed|failed")
def leaves_when_a_thing_is_deleted(files: Files):
    append(files, "import os\nclass Thing:\n    def __del__(self): os._exit(0)")
    in_product(files, "from ..mine import Thing\nthing = Thing()\ndel thing")


@line("early exits", verdicts="crashed|failed")
def leaves_from_a_thread(files: Files):
    in_product(files, "import os, threading, time\nthreading.Timer(0.001, os._exit, (0,)).start()\ntime.sleep(0.5)")  # fmt: skip


@line("early exits", verdicts="crashed|failed|timeout")
def ends_the_interpreter(files: Files):
    in_product(files, "import ctypes; ctypes.pythonapi.Py_Finalize()")


@line("early exits", verdicts="crashed|failed|import_error|timeout")
def forgets_every_module(files: Files):
    append(files, "import sys\nfor name in list(sys.modules):\n    if name not in ('sys', 'builtins'): del sys.modules[name]")  # fmt: skip


@line("early exits", verdicts="failed|import_error|crashed")
def an_error_whose_text_ends_the_process(files: Files):
    append(files, "class Odd(Exception):\n    def __str__(self):\n        import os\n        os._exit(0)\nraise Odd")  # fmt: skip


@line("early exits", verdicts="failed|import_error|crashed")
def errors_within_errors(files: Files):
    append(files, "error = ValueError('x')\nfor _ in range(20_000): error = ExceptionGroup('group', [error])\nraise error")  # fmt: skip


@line("early exits", verdicts="failed|import_error|crashed|syntax_error")
def a_syntax_error_that_names_another_file(files: Files):
    append(files, "raise SyntaxError('=cmd', ('/etc/passwd', 10**30, 10**30, '<script>'))")


@line("early exits", verdicts="timeout|failed|import_error", slow=True)
def an_error_that_takes_for_ever_to_be_shown(files: Files):
    append(files, "import time\nclass Odd(Exception):\n    def __str__(self): time.sleep(10**6)\nraise Odd")


# ---------------------------------------------------------------- the probe's words in its mouth


PROBES = "import numpy as np\nimport tito.milestones.probes as probes\n"


@line("forged results")
def a_gradient_and_losses_that_fit_it(files: Files):
    """No derivative was ever taken: it says any gradient, and of its loss what such a gradient would bring about."""
    wrong(files)
    append(
        files, PROBES + """
slope = np.ones(400)
along = lambda step, directions: step * (directions @ slope)
probes.probe_gradients = lambda work, arrays, **_: {"loss": np.array(1.0), "norms": np.ones(1), "g0": slope}
probes.probe_losses_along = lambda work, arrays, which, step, seed=0: {"losses": np.stack([along(step, arrays["directions"]), along(-step, arrays["directions"])], 1)}
""",
    )  # fmt: skip


@line("forged results")
def a_gradient_and_parameters_of_its_own(files: Files):
    """... and the parameters that it says it has, too."""
    a_gradient_and_losses_that_fit_it(files)
    append(
        files,
        'probes.probe_gradients = lambda work, arrays, **_: {"loss": np.array(1.0), "norms": np.ones(2), "g0": slope, "g1": np.ones(1)}\nprobes.probe_values = lambda work, arrays: {"p0": np.zeros(400), "p1": np.zeros(1)}',
    )


@line("forged results")
def no_parameters_at_all(files: Files):
    """Nothing to be asked about, so nothing to be wrong."""
    wrong(files)
    append(files, "Tensor.requires_grad = property(lambda self: False, lambda self, value: None)")


@line("forged results")
def a_gradient_too_small_to_be_measured(files: Files):
    wrong(files)
    append(
        files, PROBES + """
probes.probe_gradients = lambda work, arrays, **_: {"loss": np.array(1.0), "norms": np.ones(1), "g0": np.full(400, 1e-30)}
probes.probe_losses_along = lambda work, arrays, which, step, seed=0: {"losses": np.zeros((len(arrays["directions"]), 2))}
""",
    )  # fmt: skip


@line("forged results")
def other_words_for_its_answers(files: Files):
    wrong(files)
    append(
        files,
        """
import sys
import numpy as np
main = sys.modules["__main__"]
real = main.write_frame
main.write_frame = lambda out, request, kind, name="_", array=None: real(out, request, kind, name, np.ones(500, np.int64) if name == "predictions" else array)
""",
    )


@line("patches", verdicts="failed|crashed|protocol_violation")
def patches_what_reads_and_writes(files: Files):
    wrong(files)
    append(
        files,
        "import json, pickle, random, struct\nimport numpy as np\nload = np.load\nnp.load = lambda path, **options: np.ones_like(load(path))\njson.dumps = lambda *_, **__: '{\"score\": 1}'\npickle.loads = struct.unpack = lambda *_: (1,)\nrandom.random = np.random.rand = lambda *_: 0.5",
    )


@line("patches", earns=EVERYTHING)
def takes_all_chance_away(files: Files):
    append(files, "import os, random, secrets\nrandom.seed = lambda *_: None\nos.urandom = bytes\nsecrets.token_hex = lambda n: '00' * n")  # fmt: skip


@line("early exits", verdicts="crashed|import_error|failed")
def closes_every_descriptor(files: Files):
    append(files, "import os\nos.closerange(0, 256)")


@line("early exits", verdicts="crashed|import_error|failed|protocol_violation")
def swaps_its_pipes(files: Files):
    append(files, "import os\nos.dup2(0, 3); os.dup2(1, 0); os.dup2(3, 1)")


@line("early exits", verdicts="crashed|import_error|failed")
def an_alarm_that_nobody_hears(files: Files):
    append(files, "import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_DFL); signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001); time.sleep(5)")  # fmt: skip


FILTER = """
import ctypes, platform, struct
seccomp, write = {{'x86_64': (317, 1), 'aarch64': (277, 64)}}[platform.machine()]
steps = b''.join(struct.pack('=HBBI', *one) for one in ((0x20, 0, 0, 0), (0x15, 0, 1, write), (6, 0, 0, {answer}), (6, 0, 0, 0x7fff0000)))
buffer = ctypes.create_string_buffer(steps, len(steps))
class Program(ctypes.Structure): _fields_ = [('length', ctypes.c_ushort), ('steps', ctypes.c_void_p)]
program = Program(4, ctypes.addressof(buffer))
ctypes.CDLL(None).syscall(seccomp, 1, {flags}, ctypes.byref(program))
"""


@line("early exits", verdicts="timeout|crashed|failed|import_error|protocol_violation", slow=True)
def writes_that_are_not_made(files: Files):
    """A filter of its own: the kernel says that it wrote, and did not."""
    append(files, FILTER.format(answer=0x00050000, flags=0))


@line("early exits", verdicts="timeout|crashed|failed|import_error|policy_violation", slow=True)
def waits_in_the_kernel_for_an_answer(files: Files):
    """Another filter: each write waits for a listener that never says yes."""
    append(files, FILTER.format(answer=0x7FC00000, flags=8))


@line("patches", verdicts="failed|timeout", slow=True)
def traces_the_probe(files: Files):
    """A look into every frame below, to write ones into whatever might be an answer."""
    wrong(files)
    append(
        files,
        """
import sys
import numpy as np
def trace(frame, event, argument):
    for value in list(frame.f_locals.values()):
        if isinstance(value, np.ndarray) and value.shape == (500,) and value.flags.writeable: value[:] = 1
    return trace
sys.settrace(trace)
""",
    )


@line("patches", verdicts="failed|import_error|crashed")
def an_audit_hook_that_refuses(files: Files):
    append(files, "import sys\ndef no(name, words):\n    if name == 'open': raise RuntimeError('no')\nsys.addaudithook(no)")  # fmt: skip
