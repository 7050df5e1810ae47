"""Where a submission runs: in a process that can read Python and itself, write its scratch folder, and do nothing else.

Tier A is bubblewrap (Linux, a small program to install), tier B the kernel's own Landlock and seccomp (Linux, nothing to install),
tier C resource limits alone: safety against honest mistakes, not against malice. `launch.py` starts a process in a tier, `doctor.py`
tries to break out of each and says which one holds here.
"""
