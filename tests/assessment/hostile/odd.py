"""Honest code that looks odd. Each has its full score."""

from .lines import EVERYTHING, OF_ARRAYS, Files, append, change, in_product, line

CODE = {
    "warns_all_the_time": "import warnings\nwarnings.warn('deprecated', DeprecationWarning)\nwarnings.warn('numbers are large')",
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
