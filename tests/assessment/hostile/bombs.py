"""Hangs, and bombs of every kind: a limit ends them, and what was limited is said."""

from .lines import EVERYTHING, Files, append, in_product, line

# ---------------------------------------------------------------- hangs, ignored signals


@line("hangs", verdicts="timeout|import_error", slow=True)
def hangs_at_import(files: Files):
    append(files, "while True: pass")


@line("hangs", verdicts="timeout|failed", slow=True)
def hangs_when_asked(files: Files):
    in_product(files, "while True: pass")


@line("hangs", verdicts="timeout|failed", slow=True)
def sleeps_for_ever(files: Files):
    """No CPU time is used; the clock on the wall ends it."""
    in_product(files, "import time; time.sleep(10**6)")


@line("hangs", verdicts="timeout|failed|crashed", slow=True)
def ignores_every_signal(files: Files):
    in_product(
        files,
        "import signal, contextlib\nfor number in range(1, 65):\n    with contextlib.suppress(Exception): signal.signal(number, signal.SIG_IGN)\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
    )


@line("hangs", verdicts="timeout|failed", slow=True)
def catches_whatever_is_raised(files: Files):
    in_product(
        files,
        "import time\nwhile True:\n    try:\n        time.sleep(1000)\n    except BaseException:\n        pass",
    )


@line("hangs", verdicts="timeout|failed", slow=True)
def a_regular_expression_that_never_ends(files: Files):
    """One call into C that holds the interpreter's lock."""
    in_product(files, "import re; re.match(r'(a+)+$', 'a' * 60 + 'b')")


@line("hangs", verdicts="timeout|crashed|failed", slow=True)
def hangs_on_the_way_out(files: Files):
    append(files, "import atexit, time\natexit.register(time.sleep, 10**6)")
    in_product(files, "raise SystemExit")


@line("hangs", verdicts="timeout|failed|crashed", slow=True)
def a_lock_that_nobody_frees(files: Files):
    in_product(files, "import threading\nlock = threading.Lock()\nlock.acquire(); lock.acquire()")


# ---------------------------------------------------------------- fork, threads, memory, disk, output


@line("bombs", verdicts="import_error|crashed|failed|policy_violation|timeout", slow=True)
def fork_bomb(files: Files):
    append(files, "import os\nwhile True: os.fork()")


@line("bombs", verdicts="import_error|crashed|failed|policy_violation|timeout", slow=True)
def starts_a_shell(files: Files):
    append(files, "import subprocess\nsubprocess.run('sleep 1000 & sleep 1000', shell=True, check=True)")


@line("bombs", earns=EVERYTHING)
def tries_a_process_and_does_without(files: Files):
    append(
        files,
        "import contextlib, multiprocessing, os\nwith contextlib.suppress(Exception): multiprocessing.Process(target=print).start()\nwith contextlib.suppress(Exception): os.posix_spawn('/bin/sleep', ['sleep', '1000'], {})",
    )


@line("bombs", verdicts="import_error|crashed|failed|memory_limit|timeout", slow=True)
def thread_bomb(files: Files):
    append(
        files,
        "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(10**6,)).start()",
    )


@line("bombs", verdicts="import_error|crashed|failed|memory_limit")
def memory_bomb(files: Files):
    append(files, "kept = []\nwhile True: kept.append(bytearray(1 << 26))")


@line("bombs", verdicts="memory_limit|failed|crashed")
def memory_bomb_when_asked(files: Files):
    in_product(files, "np.ones((1 << 20, 1 << 20))")


@line("bombs", verdicts="memory_limit|import_error|failed|crashed|timeout", slow=True)
def memory_that_is_never_let_go(files: Files):
    """It catches the MemoryError, and asks again."""
    append(
        files,
        "kept = []\nwhile True:\n    try:\n        kept.append(bytearray(1 << 26))\n    except MemoryError:\n        pass",
    )


@line("bombs", verdicts="import_error|crashed|failed|output_limit", slow=True)
def one_huge_file(files: Files):
    append(files, "file = open('big', 'wb')\nwhile True: file.write(bytes(1 << 24))")


@line("bombs", verdicts="import_error|crashed|failed|output_limit|timeout", slow=True)
def a_thousand_large_files(files: Files):
    append(
        files,
        "import itertools\nfor i in itertools.count():\n    with open(f'part{i}', 'wb') as file: file.write(bytes(1 << 24))",
    )


@line("bombs", verdicts="import_error|crashed|failed|output_limit|timeout", slow=True)
def a_million_small_files(files: Files):
    append(files, "import itertools\nfor i in itertools.count(): open(f'part{i}', 'w').close()")


@line("bombs", verdicts="import_error|crashed|failed|output_limit|timeout", slow=True)
def open_files_without_end(files: Files):
    append(files, "kept = []\nwhile True: kept.append(open(__file__))")


@line("bombs", earns=EVERYTHING)
def folders_within_folders(files: Files):
    """More than a function may call itself, and one closed to everyone: cleaning up has to manage. It is only odd otherwise."""
    append(
        files,
        "import os\nhere = os.getcwd()\nfor _ in range(1500):\n    os.mkdir('d')\n    os.chdir('d')\nos.chdir(here)\nos.mkdir('closed'); open('closed/file', 'w').close(); os.chmod('closed', 0)",
    )


@line("bombs", verdicts="output_limit|timeout|import_error|crashed|failed", slow=True)
def prints_without_end(files: Files):
    append(files, "while True: print('x' * 100_000)")


@line("bombs", verdicts="output_limit|timeout|import_error|crashed|failed", slow=True)
def complains_without_end(files: Files):
    append(files, "import sys\nwhile True: sys.stderr.write('x' * 100_000)")


@line("bombs", verdicts="output_limit|timeout|import_error|crashed|failed|protocol_violation", slow=True)
def writes_to_every_descriptor(files: Files):
    append(
        files,
        "import contextlib, os\nfor _ in range(100_000):\n    for descriptor in range(1, 32):\n        with contextlib.suppress(OSError): os.write(descriptor, b'0' * 4096)",
    )


@line("bombs", verdicts="import_error|crashed|failed|output_limit|timeout", slow=True)
def a_disk_filled_where_no_path_leads(files: Files):
    """Deeper than a path may be long there are large files."""
    append(
        files,
        "import itertools, os, time\nfor _ in range(3000):\n    os.mkdir('d')\n    os.chdir('d')\nfor i in range(40):\n    with open(f'part{i}', 'wb') as file: file.write(bytes(1 << 24))\ntime.sleep(1000)",
    )


@line("bombs", verdicts="failed|import_error")
def an_error_as_long_as_a_book(files: Files):
    append(files, "raise ValueError('x' * 50_000_000)")


@line("bombs", verdicts="syntax_error|failed|import_error|memory_limit")
def ten_thousand_nested_parentheses(files: Files):
    append(files, "x = " + "(" * 10_000 + ")" * 10_000)


@line("bombs", verdicts="syntax_error|failed|import_error|memory_limit|timeout|crashed|invalid_submission")
def a_constant_that_explodes_when_compiled(files: Files):
    append(files, "x = " + "-" * 90_000 + "1")


# ---------------------------------------------------------------- waits, and memory and disk that no path shows


@line("hangs", verdicts="timeout|failed", slow=True)
def waits_for_what_is_typed(files: Files):
    append(files, "input('name? ')")


@line("hangs", verdicts="timeout|failed|import_error", slow=True)
def waits_at_a_pipe_of_its_own(files: Files):
    append(files, "import os\nos.mkfifo('pipe')\nopen('pipe').read()")


@line("hangs", verdicts="timeout|failed|import_error", slow=True)
def two_imports_that_wait_for_each_other(files: Files):
    append(
        files,
        "import os, sys\nopen('one.py', 'w').write('import importlib, threading\\nother = threading.Thread(target=importlib.import_module, args=(\"two\",))\\nother.start()\\nother.join()')\nopen('two.py', 'w').write('import one\\nwhile True: pass')\nsys.path.insert(0, os.getcwd())\nimport one",
    )


@line("hangs", verdicts="timeout|failed|import_error", slow=True)
def time_that_does_not_count(files: Files):
    """It ignores what tells it that its time is up, and rings its own bells."""
    append(files, "import signal\nfor number in (signal.SIGXCPU, signal.SIGALRM, signal.SIGTERM): signal.signal(number, lambda *_: None)\nsignal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)\nwhile True: pass")  # fmt: skip


@line("hangs", verdicts="timeout|failed", slow=True)
def a_sum_without_end_in_c(files: Files):
    in_product(files, "sum(range(10**14))")


@line("bombs", verdicts="import_error|crashed|failed|output_limit|timeout", slow=True)
def files_without_names(files: Files):
    """Removed as soon as they are open: no folder lists them, and the disk is full."""
    append(files, "import os, time\nkept = []\nfor _ in range(8):\n    file = open('part', 'wb')\n    os.unlink('part')\n    kept.append(file)\n    for _ in range(12): file.write(bytes(1 << 24))\n    file.flush()\ntime.sleep(1000)")  # fmt: skip


@line("bombs", verdicts="import_error|crashed|failed|memory_limit")
def files_in_memory(files: Files):
    """They count as no memory of the process, and as no file of its folder."""
    append(files, "import os\nkept = [os.memfd_create(str(i)) for i in range(100)]\nfor one in kept: os.write(one, bytes(1 << 24))")  # fmt: skip


@line("bombs", verdicts="import_error|crashed|failed|memory_limit")
def folders_in_memory(files: Files):
    append(files, "for folder in ('/tmp', '/dev/shm'):\n    for i in range(20):\n        with open(f'{folder}/part{i}', 'wb') as file: file.write(bytes(1 << 24))")  # fmt: skip


@line("bombs", verdicts="memory_limit|import_error|failed|crashed|timeout", slow=True)
def memory_that_grows_slowly(files: Files):
    append(files, "import time\nkept = []\nwhile True:\n    kept.append(bytearray(1 << 22))\n    time.sleep(0.001)")  # fmt: skip


@line("bombs", earns=EVERYTHING)
def names_that_no_terminal_likes(files: Files):
    append(files, "import os\nfor i in range(50): open(f'a\\n{i}\\x1b[2J\\udcff', 'w').close()\nfor i in range(2000): os.symlink('/' + 'x' * 200, f'link{i}')\nos.symlink('.', 'loop')")  # fmt: skip


@line("bombs", earns=EVERYTHING)
def a_folder_that_changes_its_name(files: Files):
    """... while the grader looks what is in it."""
    append(files, "import os, threading\nos.makedirs('a/b/c')\ndef swap():\n    for _ in range(20_000): os.rename('a', 'z'); os.rename('z', 'a')\nthreading.Thread(target=swap, daemon=True).start()")  # fmt: skip


@line("bombs", earns=EVERYTHING)
def cuts_its_own_words(files: Files):
    append(files, "import os\nos.ftruncate(2, 0)\nfor _ in range(3000):\n    os.write(2, bytes(1 << 15))\n    os.lseek(2, 0, 0)")  # fmt: skip
