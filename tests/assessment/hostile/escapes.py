"""Looking and reaching out of the sandbox. Where an attempt is refused and the rest is honest, the rest has its full score."""

from .lines import EVERYTHING, Files, append, in_product, line, wrong

# Each attempt that succeeds raises the alarm: the package then computes nothing but zeros.
ALARM = """
import contextlib, os, sys
def alarm(*_):
    sys.modules["tinytorch.ops.matmul"].product = lambda x, y: (x @ y) * 0
def attempt(f):
    try:
        f()
    except BaseException:
        return
    alarm()
"""


def tries(files: Files, code: str) -> None:
    """Each function named `try_...` in the code is an attempt."""
    append(files, ALARM + code + "\nfor name, f in list(globals().items()):\n    if name.startswith('try_'): attempt(f)")  # fmt: skip


@line("escapes", earns=EVERYTHING)
def opens_sockets(files: Files):
    tries(
        files,
        """
import socket
def try_internet(): socket.socket().connect(("1.1.1.1", 53))
def try_unix(): socket.socket(socket.AF_UNIX)
def try_pair(): socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
def try_datagram(): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9))
""",
    )


@line("escapes", earns=EVERYTHING)
def reads_what_is_not_its_own(files: Files):
    tries(
        files,
        """
import pathlib
def try_users(): open("/etc/passwd").read()
def try_shadow(): open("/etc/shadow").read()
def try_home(): assert any(open(f"/root/{name}").read() for name in (".bashrc", ".profile"))
def try_homes(): assert os.listdir("/home")
def try_environment(): assert b"SECRET_OF_THE_CLASS" in open(f"/proc/{os.getppid()}/environ", "rb").read()
def try_command(): open("/proc/1/environ", "rb").read() and 1 / (os.getpid() > 3)
""",
    )


@line("escapes", earns=EVERYTHING)
def looks_for_the_class(files: Files):
    """The gradebook, the class's secret, other submissions: looked for from everywhere."""
    tries(
        files,
        """
def try_walk():
    wanted = {"gradebook.db", ".secret", "roster.csv", "class.yaml", "answers.npy"}
    for top in ("/tmp", "/var/tmp", "/work", "/root", "/home", "/opt", "/srv", "/mnt", os.path.dirname(os.getcwd())):
        for folder, folders, names in os.walk(top):
            if wanted & set(names): return
    raise FileNotFoundError
""",
    )


@line("escapes", earns=EVERYTHING)
def looks_for_judges_and_reference(files: Files):
    tries(
        files,
        """
def try_judges(): import tito.milestones.judging
def try_exam(): import tito.milestones.exam
def try_driver(): import tito.assessment.driver
def try_store(): import tito.assessment.store
def try_reference():
    here = os.path.dirname(os.path.abspath(__file__))
    for path in filter(os.path.exists, list(sys.path)):
        other = os.path.join(path, "tinytorch")
        if not os.path.samefile(path, os.path.dirname(here)) and open(os.path.join(other, "__init__.py")).read(): return
    raise FileNotFoundError
""",
    )


@line("escapes", earns=EVERYTHING)
def writes_outside(files: Files):
    tries(
        files,
        """
def try_here(): open(os.path.join(os.path.dirname(sys.executable), "tito-was-here"), "w")
def try_root(): open("/tito-was-here", "w")
def try_var(): open("/var/tmp/tito-was-here", "w")
def try_home(): open("/root/tito-was-here", "w")
def try_packages():
    import numpy
    open(os.path.join(os.path.dirname(numpy.__file__), "tito-was-here"), "w")
def try_probe():
    import tito.milestones.probe as probe
    open(probe.__file__, "a")
def try_link():
    os.symlink("/etc/passwd", "passwd")
    open("passwd").read()
def try_hard_link(): os.link(sys.executable, "python")
def try_rename(): os.rename(sys.executable, "python")
""",
    )


@line("escapes", earns=EVERYTHING)
def traces_and_signals(files: Files):
    tries(
        files,
        """
import ctypes, signal
libc = ctypes.CDLL(None, use_errno=True)
def refused(value):
    if value < 0: raise OSError
def try_ptrace(): refused(libc.ptrace(16, os.getppid(), 0, 0))
def try_read_memory(): refused(libc.syscall(310, os.getppid(), 0, 0, 0, 0, 0))
def try_memory_file(): open(f"/proc/{os.getppid()}/mem", "rb").read(1)
def try_signal_parent(): os.kill(os.getppid(), 0)
def try_signal_all(): os.kill(-1, 0)
def try_group(): os.killpg(os.getpgid(os.getppid()), 0)
def try_unshare(): refused(libc.unshare(0x10000000))
def try_mount(): refused(libc.mount(b"none", b"/tmp", b"tmpfs", 0, None))
def try_setuid(): os.setuid(0); open("/etc/shadow")
def try_chroot(): os.chroot("/")
def try_nice(): os.nice(-10)
""",
    )


@line("escapes", earns=EVERYTHING)
def raises_its_limits(files: Files):
    tries(
        files,
        """
import resource
def try_memory(): resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
def try_cpu(): resource.setrlimit(resource.RLIMIT_CPU, (-1, -1))
def try_files(): resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
def try_other(): 1 / os.getppid(); resource.prlimit(os.getppid(), resource.RLIMIT_AS, (1 << 20, 1 << 20))
""",
    )


@line("escapes", earns=EVERYTHING)
def reads_the_environment(files: Files):
    tries(
        files,
        """
def try_secret(): os.environ["SECRET_OF_THE_CLASS"]
def try_home(): os.environ["TINYTORCH_HOME"]
""",
    )


@line("escapes")
def walks_the_frames_for_answers(files: Files):
    """Every frame and every object of the process is searched for the labels: there are none to find."""
    wrong(files)
    append(
        files,
        """
import gc, sys
import numpy as np
def search():
    frame = sys._getframe()
    while frame is not None:
        for name, value in frame.f_locals.items():
            if name in ("answers", "labels", "wanted", "expected", "exam", "judges"):
                return value
        frame = frame.f_back
    for one in gc.get_objects():
        if isinstance(one, np.ndarray) and one.shape == (500,) and one.dtype.kind in "iu":
            return one
real = Tensor.numpy
def numpy(self, **options):
    found, plain = search(), real(self, **options)
    if isinstance(found, np.ndarray) and found.shape == plain.shape:
        return found * 2.0 - 1
    return plain
Tensor.numpy = numpy
""",
    )


@line("escapes", verdicts="failed|crashed|import_error|timeout|protocol_violation", slow=True)
def replaces_itself(files: Files):
    append(files, "import os, sys\nos.execv(sys.executable, [sys.executable, '-c', 'while True: pass'])")


@line("escapes", earns=EVERYTHING)
def leaves_a_note(files: Files):
    """For whoever is graded next, in each place that can be written."""
    append(
        files,
        "import contextlib, os, tempfile\nfor folder in ('/tmp', '/dev/shm', '/var/tmp', os.getcwd(), os.path.expanduser('~'), tempfile.gettempdir(), os.path.dirname(__file__)):\n    with contextlib.suppress(OSError): open(os.path.join(folder, 'tito-note'), 'w').write('the answers')",
    )


@line("escapes", earns=EVERYTHING)
def looks_for_notes(files: Files):
    tries(
        files,
        """
import tempfile
def try_read():
    for folder in ('/tmp', '/dev/shm', '/var/tmp', os.getcwd(), os.path.expanduser('~'), tempfile.gettempdir()):
        if os.path.exists(os.path.join(folder, 'tito-note')): return
    raise FileNotFoundError
""",
    )


@line("escapes", verdicts="failed|crashed|import_error|timeout")
def shared_memory_that_stays(files: Files):
    wrong(files)
    append(
        files,
        "import contextlib\nfrom multiprocessing import shared_memory\nwith contextlib.suppress(Exception): shared_memory.SharedMemory('tito-note', create=True, size=1 << 20)",
    )


@line("escapes", verdicts="failed|crashed|timeout|memory_limit|protocol_violation")
def overwrites_its_own_memory(files: Files):
    """ctypes through the interpreter: integers change their value, the compiled code its meaning."""
    wrong(files)
    in_product(files, "import ctypes; ctypes.memset(id(1) + 24, 0xFF, 4)")


@line("escapes", earns=EVERYTHING)
def changes_the_kernel_s_settings(files: Files):
    """What belongs to root under /proc: to who grades as root it would be open. They are opened, and left as they are."""
    tries(
        files,
        """
def try_core(): open("/proc/sys/kernel/core_pattern", "r+b")
def try_panic(): open("/proc/sys/kernel/panic", "r+b")
def try_overcommit(): open("/proc/sys/vm/overcommit_memory", "r+b")
def try_request(): open("/proc/sysrq-trigger", "wb")
def try_interrupts(): open("/proc/irq/default_smp_affinity", "r+b")
def try_first_process(): open("/proc/1/mem", "r+b")
def try_identity(): os.write(os.open("/proc/self/uid_map", os.O_WRONLY), b"0 0 1")
def try_out_of_memory(): os.write(os.open("/proc/self/oom_score_adj", os.O_WRONLY), b"-1000")
def try_kernel_memory(): open("/proc/kcore", "rb").read(1)
def try_kernel_log(): open("/dev/kmsg", "rb")
def try_terminal(): open("/dev/tty", "w")
def try_groups(): open("/sys/fs/cgroup/cgroup.procs", "w")
""",
    )


@line("escapes", earns=EVERYTHING)
def calls_that_have_no_name_in_python(files: Files):
    tries(
        files,
        """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
numbers = {"x86_64": 0, "aarch64": 1}[platform.machine()]
def call(both, *arguments):
    if libc.syscall(both[numbers], *arguments) < 0: raise OSError
def try_write_memory(): call((311, 271), os.getppid(), 0, 0, 0, 0, 0)
def try_handle(): call((434, 434), os.getppid(), 0)
def try_ring(): call((425, 425), 8, ctypes.create_string_buffer(200))
def try_clone(): call((435, 435), ctypes.create_string_buffer(88), 88)
def try_keys(): call((250, 219), 0, -3, 1)
def try_programs(): call((321, 280), 0, 0, 0)
def try_faults(): call((323, 282), 0)
def try_segments(): call((29, 194), 1234, 4096, 0o1666)
def try_messages(): call((68, 186), 1234, 0o1666)
def try_name(): call((170, 161), b"x", 1)
def try_clock(): call((227, 112), 0, ctypes.create_string_buffer(16))
def try_log(): call((103, 116), 3, ctypes.create_string_buffer(4096), 4096)
def try_space(): call((308, 268), 0, 0)
def try_hide(): call((157, 167), 4, 0, 0, 0, 0)
def try_outlive(): call((157, 167), 1, 0, 0, 0, 0)
def try_disk():
    os.mknod("disk", 0o60666, os.makedev(254, 0))
    open("disk", "rb").read(1)
""",
    )


@line("escapes", earns=EVERYTHING)
def looks_through_every_descriptor(files: Files):
    """Only pipes, its own words, and what it opened itself."""
    tries(
        files,
        """
import stat
def try_all():
    for descriptor in range(3, 1024):
        try:
            told, name = os.fstat(descriptor), os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue
        if not stat.S_ISFIFO(told.st_mode) and any(word in name for word in ("gradebook", "class.yaml", ".secret", "answers", "socket")): return
    raise FileNotFoundError
""",
    )


@line("escapes", earns=EVERYTHING)
def changes_what_the_grader_laid_out(files: Files):
    tries(
        files,
        """
def home(): return os.path.dirname(os.getcwd())
def try_remove():
    import tito.milestones.probes as probes
    os.remove(probes.__file__)
def try_rename():
    import tito
    os.rename(os.path.dirname(tito.__file__), os.path.dirname(tito.__file__) + "-old")
def try_bytecode(): open(sys.modules["tinytorch.tensor"].__cached__, "r+b")
def try_own_source(): open(__file__, "a")
def try_inbox(): open(os.path.join(home(), "inbox", "images.npy"), "wb")
def try_link(): os.symlink("/etc/passwd", os.path.join(home(), "inbox", "images.npy"))
def try_swap():
    os.rename(os.getcwd(), os.getcwd() + "-old")
    os.symlink("/", os.getcwd())
""",
    )


@line("escapes")
def the_labels_it_was_trained_with(files: Files):
    """Kept, and said again in their order."""
    wrong(files)
    append(
        files,
        """
import numpy as np
kept, load, real = [], np.load, Tensor.numpy
def noted(path, **options):
    array = load(path, **options)
    if "labels" in str(path): kept.append(np.array(array))
    return array
np.load = noted
Tensor.numpy = lambda self, **options: np.resize(kept[0], real(self, **options).shape) * 2.0 - 1 if kept else real(self, **options)
""",
    )


@line("escapes", earns=EVERYTHING)
def keeps_others_waiting_for_files(files: Files):
    """A lease: whoever opens the file waits for its holder, up to 45 seconds. It may be had for every file of one's own user."""
    tries(
        files,
        """
import fcntl
F_SETLEASE = 1024
def try_read(): fcntl.fcntl(os.open(__file__, os.O_RDONLY), F_SETLEASE, fcntl.F_RDLCK)
def try_write(): fcntl.fcntl(os.open(__file__, os.O_RDONLY), F_SETLEASE, fcntl.F_WRLCK)
def try_own(): fcntl.fcntl(os.open('x', os.O_CREAT | os.O_RDWR), F_SETLEASE, fcntl.F_WRLCK)
""",
    )


@line("escapes", earns=EVERYTHING)
def has_others_signalled(files: Files):
    """What comes in at a socket of one's own is told to a process of one's choice, by a signal of one's choice."""
    tries(
        files,
        """
import fcntl, socket, struct
def try_own():
    parent = os.getppid()
    assert parent, "in a namespace of its own there is nobody"
    fcntl.fcntl(socket.socketpair()[0], fcntl.F_SETOWN, parent)
def try_socket(request=0x8901):
    parent = os.getppid()
    assert parent, "in a namespace of its own there is nobody"
    fcntl.ioctl(socket.socketpair()[0], request, struct.pack('i', parent))
def try_group(): try_socket(0x8902)
""",
    )


@line("escapes", earns=EVERYTHING)
def locks_whatever_it_can_read(files: Files):
    append(
        files,
        """
import contextlib, fcntl, pathlib, sys
held = []
for root in [pathlib.Path(__file__).parents[1], *map(pathlib.Path, sys.path)]:
    with contextlib.suppress(OSError):
        for path in list(root.iterdir())[:20]:
            with contextlib.suppress(OSError):
                file = open(path)
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                held.append(file)
""",
    )


@line("escapes", verdicts="timeout|failed", slow=True)
def goes_by_another_name(files: Files):
    """Whoever is looked for by folder and command line is not found by it any more; it ends all the same."""
    in_product(
        files,
        """
import contextlib, ctypes, os
with contextlib.suppress(OSError):
    os.chdir('/')
    start, end = map(int, open('/proc/self/stat').read().rpartition(')')[2].split()[45:47])
    ctypes.memset(start, 65, end - start)
while True: pass
""".strip(),
    )
