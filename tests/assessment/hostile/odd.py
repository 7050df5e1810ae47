"""Honest code that looks odd. Each has its full score."""

from .lines import EVERYTHING, OF_ARRAYS, Files, append, change, in_product, line

CODE = {
    "warns_all_the_time": "import warnings\nwarnings.warn('deprecated', DeprecationWarning)\nwarnings.warn('numbers are large')",
    "has_a_clock_that_interrupts": "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)",
    "computes_on_in_threads": "import hashlib, threading\ndef burn():\n    while True: hashlib.sha256(bytes(1 << 20)).digest()\nfor _ in range(2): threading.Thread(target=burn, daemon=True).start()",
    "hooks_into_everything": "import gc, sys\nseen = []\nsys.addaudithook(lambda name, words: seen.append(name) if len(seen) < 100 else None)\ngc.callbacks.append(lambda *_: None)\nsys.setprofile(lambda *_: None)\nclass Finder:\n    def find_spec(self, name, path=None, target=None): return None\nsys.meta_path.insert(0, Finder())",
    "treats_warnings_as_errors": "import warnings\nwarnings.simplefilter('error')",
    "writes_to_standard_error": "import sys\nfor i in range(2000): print('DEBUG: step', i, file=sys.stderr)",
    "draws_progress_bars": "import sys\nfor i in range(2000): sys.stdout.write(f'\\r[{\"#\" * (i // 40):50}] {i / 20:.0f}% \\x1b[32mok\\x1b[0m'); sys.stdout.flush()\nprint()",
    "prints_megabytes": "print('\\n'.join(str(i) * 20 for i in range(50_000)))",
    "prints_in_every_script": "print('Ünïcödé 名前 🎓 \\u202e \\x1b[31mred\\x1b[0m \\x00 \\ud83d'.encode('utf-8', 'surrogatepass').decode('utf-8', 'replace'))",
    "prints_without_a_newline": "print('loading', end='')",
    "registers_work_for_the_end": "import atexit\natexit.register(print, 'bye')\natexit.register(lambda: 1 / 0)",
    "leaves_a_thread_running": "import threading, time\ndef wait():\n    while True: time.sleep(0.05)\nthreading.Thread(target=wait, daemon=True).start()",
    "leaves_a_thread_that_is_waited_for": "import threading, time\ndef wait():\n    while True: time.sleep(0.05)\nthreading.Thread(target=wait).start()",
    "keeps_a_log": "import logging\nlogging.basicConfig(level=logging.DEBUG, filename='run.log', force=True)\nlogging.getLogger().info('begun')\nlogging.getLogger('tinytorch').addHandler(logging.StreamHandler())",
    "allows_deep_recursion": "import sys\nsys.setrecursionlimit(50_000)",
    "quiets_numpy": "import numpy as np\nnp.seterr(all='ignore')\nnp.set_printoptions(precision=2, suppress=True, threshold=5)",
    "makes_numpy_strict": "import numpy as np\nnp.seterr(divide='raise', invalid='raise', over='raise')",
    "handles_signals": "import signal\nfor number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1): signal.signal(number, lambda *_: print('signal'))",
    "counts_cores": "import multiprocessing, os\nWORKERS = max(1, multiprocessing.cpu_count() - 1, os.cpu_count(), len(os.sched_getaffinity(0)))",
    "keeps_a_cache_where_it_runs": "import numpy as np\nnp.save('cache.npy', np.arange(1000))\nassert np.load('cache.npy').sum() == 499500",
    "keeps_a_cache_at_home": "import os, pathlib\nfolder = pathlib.Path.home() / '.cache' / 'tinytorch'\nfolder.mkdir(parents=True, exist_ok=True)\n(folder / 'x').write_text('x')",
    "keeps_a_cache_beside_its_code": "import pathlib\ntry:\n    (pathlib.Path(__file__).parent / 'cache.txt').write_text('x')\nexcept OSError:\n    pass",
    "uses_temporary_files": "import tempfile\nwith tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile() as file, tempfile.SpooledTemporaryFile() as other:\n    file.write(b'x'); other.write(b'x')",
    "goes_elsewhere": "import os, tempfile\nos.chdir(tempfile.mkdtemp())",
    "empties_the_environment": "import os\nos.environ.clear()",
    "sets_its_own_threads": "import os\nos.environ['OMP_NUM_THREADS'] = os.environ['OPENBLAS_NUM_THREADS'] = '8'",
    "seeds_everything": "import random\nimport numpy as np\nrandom.seed(0); np.random.seed(0)",
    "switches_garbage_collection_off": "import gc\ngc.disable(); gc.freeze()",
    "traces_its_memory": "import tracemalloc\ntracemalloc.start(1)",
    "asks_for_tracebacks": "import faulthandler, sys\nfaulthandler.enable(file=sys.__stderr__)\nfaulthandler.dump_traceback_later(3600)",
    "hooks_into_errors": "import sys, threading\nsys.excepthook = lambda *_: print('oops')\nthreading.excepthook = lambda *_: print('oops')\nsys.unraisablehook = lambda *_: None",
    "changes_the_language": "import locale\nfor name in ('de_DE.UTF-8', 'C.UTF-8'):\n    try: locale.setlocale(locale.LC_ALL, name)\n    except locale.Error: pass",
    "takes_its_time": "import time\nend = time.perf_counter() + 1.0\nwhile time.perf_counter() < end: pass\ntime.sleep(0.5)",
    "allocates_much": "import numpy as np\nbig = np.ones((120, 1 << 20), np.float32)\ndel big",
    "starts_many_threads": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(24) as pool: assert sum(pool.map(abs, range(1000))) == 499500",
    "uses_asyncio_s_names": "import asyncio, contextvars, queue, selectors\nqueue.Queue().put(1)",
    "replaces_print": "import builtins\nreal_print = builtins.print\nbuiltins.print = lambda *words, **options: real_print('[mine]', *words, **options)",
    "replaces_standard_output": "import io, sys\nsys.stdout = io.StringIO()\nsys.stderr = io.StringIO()",
    "closes_standard_input": "import sys\nsys.stdin = None",
    "has_a_main": "import sys\nif __name__ == '__main__':\n    sys.exit('not a program')\nsys.argv = ['mine.py', '--verbose']",
    "reads_its_own_source": "import inspect, pathlib\nassert 'matmul' in pathlib.Path(__file__).parent.joinpath('ops', 'matmul.py').read_text()\nassert inspect.getsource(Tensor)",
    "evaluates_strings": "exec('def added(a, b):\\n    return a + b')\nassert eval('added(1, 2)') == 3",
    "imports_much": "import argparse, collections, ctypes, dataclasses, decimal, difflib, doctest, fractions, functools, hashlib, itertools, json, pickle, pprint, sqlite3, statistics, textwrap, traceback, unittest, uuid, zlib\nimport matplotlib.pyplot as plt\nimport scipy.special",
    "pickles_for_itself": "import io, pickle\nassert pickle.loads(pickle.dumps({'a': [1, 2]})) == {'a': [1, 2]}",
    "compiles_with_numba": "import numba\n@numba.njit(cache=False)\ndef twice(x): return 2 * x\nassert twice(3) == 6",
    "asks_who_it_is": "import getpass, os, platform, socket, sys\nplatform.platform(); os.uname(); sys.version; socket.gethostname()\ntry: getpass.getuser()\nexcept Exception: pass",
    "has_heavy_objects_with_finalizers": "class Heavy:\n    __slots__ = ('a', '__weakref__')\n    def __del__(self): print('gone')\nkept = [Heavy() for _ in range(100)]",
    "changes_the_hash_seed_s_order": "names = {str(i) for i in range(100)}\nassert len(names) == 100",
    "uses_the_walrus_and_match": "if (n := 3) > 2:\n    match n:\n        case 3: pass\n        case _: raise ValueError",
    "runs_asyncio": "import asyncio\nasync def one():\n    await asyncio.sleep(0)\n    return 1\nassert asyncio.run(one()) == 1",
    "closes_its_outputs": "import os\nos.close(1); os.close(2)",
    "sends_its_words_to_a_file": "import os\nfile = os.open('out.txt', os.O_CREAT | os.O_WRONLY)\nos.dup2(file, 1); os.dup2(file, 2); os.close(file)",
    "maps_a_file_into_memory": "import numpy as np\nmapped = np.memmap('m.dat', np.float32, 'w+', shape=(1000,))\nmapped[:] = 1\nmapped.flush()\nassert np.memmap('m.dat', np.float32, 'r').sum() == 1000",
    "keeps_a_database": "import sqlite3\nbase = sqlite3.connect('x.db')\nbase.execute('create table t (a)')\nbase.execute('insert into t values (1)')\nbase.commit(); base.close()",
    "copies_files_about": "import os, pathlib, shutil\npathlib.Path('a').write_text('x'); shutil.copy('a', 'b'); shutil.copy2('a', 'c'); os.rename('c', 'd'); os.utime('d'); os.chmod('d', 0o644)\nshutil.make_archive('z', 'zip', '.', base_dir='d')",
    "has_metaclasses": "class Meta(type):\n    known = {}\n    def __new__(meta, name, bases, space):\n        made = super().__new__(meta, name, bases, space)\n        meta.known[name] = made\n        return made\n    def __instancecheck__(cls, thing): return True\nclass Base(metaclass=Meta): pass\nassert isinstance(3, Base)",
    "has_dataclasses_with_slots": "from dataclasses import dataclass, field\n@dataclass(frozen=True, slots=True, kw_only=True)\nclass Knobs:\n    lr: 'float' = 0.1\n    sizes: list = field(default_factory=list)\nKnobs(lr=2.0)",
    "imports_all_of_numpy": "from numpy import *\nassert array([1, 2, 3]).sum() == 6",
    "remembers_results": "import functools\n@functools.lru_cache(None)\ndef fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nassert fib(300)",
    "wraps_its_own_methods": "for name in ('__add__', '__mul__', '__matmul__', '__sub__'):\n    plain = getattr(Tensor, name)\n    setattr(Tensor, name, lambda self, other, plain=plain: plain(self, other))",
    "writes_in_greek": "θ = 3.0\nΔx = 1e-3\ndef σ(ζ): return 1 / (1 + 2.718**-ζ)\nclass Número: ñ = θ\nassert σ(0) == 0.5",
    "looks_names_up_in_the_module": "def __getattr__(name):\n    if name == 'later': return 1\n    raise AttributeError(name)\nfrom tinytorch.mine import later",
    "catches_everything": "try:\n    try: 1 / 0\n    except: raise ValueError from None\nexcept BaseException as error: print('caught', error)",
    "is_profiled_and_traced": "import cProfile, sys\nprofile = cProfile.Profile()\nprofile.enable(); sum(range(1000)); profile.disable()\nsys.settrace(lambda *_: None)",
    "tests_itself": "import unittest\nclass Check(unittest.TestCase):\n    def test(self): self.assertTrue(1)\nunittest.TextTestRunner().run(unittest.defaultTestLoader.loadTestsFromTestCase(Check))",
    "draws_a_picture": "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.savefig('a.png'); plt.close('all')",
    "explains_at_length": "'''" + "All work and no play. " * 20_000 + "'''",
    "has_an_alarm": "import signal\nsignal.signal(signal.SIGALRM, lambda *_: None)\nsignal.alarm(1)",
    "asks_for_a_repository": "import subprocess\ntry: subprocess.check_output(['git', 'rev-parse', 'HEAD'])\nexcept (OSError, subprocess.CalledProcessError): pass",
}


ARRAYS = {
    "arrays_of_a_class_of_its_own": "class Array(np.ndarray):\n    def __array_finalize__(self, other): self.note = getattr(other, 'note', 'mine')\nchanged = lambda array: array.view(Array)",
    "arrays_that_run_backwards": "changed = lambda array: array[::-1].copy()[::-1] if array.ndim else array",
    "arrays_of_another_byte_order": "changed = lambda array: array.astype(array.dtype.newbyteorder('>'))",
    "arrays_of_long_doubles": "changed = lambda array: array.astype(np.longdouble)",
    "arrays_of_objects": "changed = lambda array: array.astype(object)",
    "arrays_that_cannot_be_written": "def changed(array):\n    array = array.copy()\n    array.flags.writeable = False\n    return array",
    "arrays_with_masks": "changed = np.ma.masked_array",
}
CODE |= {
    name: f"import numpy as np\n{code}\nreal = Tensor.numpy\nTensor.numpy = lambda self, **options: changed(real(self, **options))"
    for name, code in ARRAYS.items()
}


def adds(code: str):
    return lambda files: append(files, code)


for name, code in CODE.items():
    make = adds(code)
    make.__name__ = name
    line("odd", earns=EVERYTHING)(make)


# ---------------------------------------------------------------- forms of text


@line("odd", earns=EVERYTHING)
def lines_that_end_as_on_windows(files: Files):
    for name in files:
        files[name] = files[name].replace(b"\n", b"\r\n")


@line("odd", earns=EVERYTHING)
def a_byte_order_mark(files: Files):
    for name in files:
        if name.endswith(".py"):
            files[name] = b"\xef\xbb\xbf" + files[name]


@line("odd", earns=EVERYTHING)
def tabs(files: Files):
    name = "tinytorch/ops/matmul.py"
    files[name] = b"\n".join(
        b"\t" * ((len(text) - len(text.lstrip(b" "))) // 4) + text.lstrip(b" ") if text.startswith(b"    ") and (len(text) - len(text.lstrip(b" "))) % 4 == 0 else text
        for text in files[name].split(b"\n")
    )  # fmt: skip


@line("odd", earns=EVERYTHING)
def no_newline_at_the_end(files: Files):
    for name in files:
        files[name] = files[name].rstrip(b"\n")


@line("odd", earns=EVERYTHING)
def latin_1(files: Files):
    name = "tinytorch/ops/matmul.py"
    files[name] = b"# -*- coding: latin-1 -*-\n# \xe4\xf6\xfc\n" + files[name]


@line("odd", earns=EVERYTHING)
def many_files(files: Files):
    for i in range(1500):
        files[f"tinytorch/experiments_{i // 100}/try_{i}.py"] = f"x = {i}\n".encode()


@line("odd", earns=EVERYTHING)
def names_in_every_script(files: Files):
    files["tinytorch/größe.py"] = "größe = 3\n".encode()
    append(files, "from tinytorch.größe import größe")


@line("odd", earns=EVERYTHING)
def notes_and_notebooks(files: Files):
    files["tinytorch/NOTES.md"] = b"# my notes\n"
    files["modules/01_tensor/play.ipynb"] = b"{}"
    files["report.pdf"] = b"%PDF-1.4"
    files[".vscode/settings.json"] = b"{}"


@line("odd", earns=EVERYTHING)
def a_very_long_file(files: Files):
    append(files, "\n".join(f"constant_{i} = {i}" for i in range(20_000)), "ops/matmul.py")


# ---------------------------------------------------------------- other ways to compute


@line("odd", earns=EVERYTHING)
def float64_everywhere(files: Files):
    append(
        files,
        "import numpy as np\ntinytorch.set_default_dtype(tinytorch.float64)\nplain = tinytorch.tensor\ndef tensor(data, **options):\n    data = np.asarray(data)\n    return plain(data.astype(np.float64) if data.dtype.kind == 'f' else data, **options)\ntinytorch.tensor = tensor",
    )


@line("odd", earns=EVERYTHING)
def products_by_einsum(files: Files):
    change(files, "ops/matmul.py", OF_ARRAYS, "return np.einsum('...nk,...km->...nm', x, y)")


@line("odd", earns=EVERYTHING)
def products_in_double_precision(files: Files):
    change(files, "ops/matmul.py", OF_ARRAYS, "return np.matmul(x.astype(np.float64), y.astype(np.float64)).astype(x.dtype)")  # fmt: skip


@line("odd", earns=EVERYTHING)
def answers_in_another_memory_order(files: Files):
    change(files, "ops/matmul.py", OF_ARRAYS, "return np.asfortranarray(np.matmul(x, y))")


@line("odd", earns=EVERYTHING)
def prints_in_the_middle(files: Files):
    in_product(files, "print('product of', x.shape, y.shape)")


@line("odd", earns=EVERYTHING)
def slow_but_within_limits(files: Files):
    in_product(files, "import time; time.sleep(0.0002)")


@line("odd", earns=EVERYTHING)
def asserts_much(files: Files):
    in_product(files, "assert x.ndim >= 2 and y.ndim >= 2, 'matrices'\nassert np.isfinite(x).all()")


@line("odd", earns=EVERYTHING)
def slots_and_descriptors(files: Files):
    append(files, "class Slotted(Tensor):\n    __slots__ = ('mine',)\nassert Tensor.__name__ == 'Tensor'")


@line("odd", earns=EVERYTHING)
def products_five_times(files: Files):
    change(files, "ops/matmul.py", OF_ARRAYS, "return [np.matmul(x, y) for _ in range(5)][-1]")


@line("odd", earns=EVERYTHING)
def products_column_by_column(files: Files):
    change(files, "ops/matmul.py", OF_ARRAYS, "return np.stack([(x * y[..., :, j][..., None, :]).sum(-1) for j in range(y.shape[-1])], -1).astype(x.dtype)")  # fmt: skip


@line("odd", earns=EVERYTHING)
def a_file_by_another_name(files: Files):
    """The products stand in a file of the student's, which the course's file hands on."""
    files["tinytorch/ops/my_products.py"] = files["tinytorch/ops/matmul.py"]
    files["tinytorch/ops/matmul.py"] = b"import sys\n\nfrom . import my_products\n\nsys.modules[__name__] = my_products\n"  # fmt: skip


@line("odd", earns=EVERYTHING)
def helpers_in_a_package(files: Files):
    files["tinytorch/helpers/__init__.py"] = b"from .deep import *\n"
    files["tinytorch/helpers/deep.py"] = b"from __future__ import annotations\n\nfrom ..tensor import Tensor\n\n__all__ = ['thing']\nthing: Tensor | None = None\n"  # fmt: skip
    append(files, "from . import helpers\nfrom .helpers import *\nfrom tinytorch.helpers.deep import thing")


@line("odd", earns=EVERYTHING)
def lines_that_end_as_on_an_old_mac(files: Files):
    name = "tinytorch/ops/shape.py"
    files[name] = files[name].replace(b"\n", b"\r")


@line("odd", earns=EVERYTHING)
def keeps_what_it_was_asked(files: Files):
    """Arrays of questions long answered, mapped into memory, are looked at again."""
    append(files, "KEPT = []")
    in_product(
        files,
        """
import sys
from ..mine import KEPT
frame = sys._getframe()
while frame is not None:
    if 'arrays' in frame.f_locals and 'request' in frame.f_locals:
        KEPT.extend(array for array in frame.f_locals['arrays'].values() if not any(array is kept for kept in KEPT))
    frame = frame.f_back
for array in KEPT[-40:] if len(KEPT) < 200 else (): array.sum()
""".strip(),
    )
