"""Checks at arm's length: a lesson's `checks.py` runs in one process, the student's package in another, and only values pass between.

    check process (trusted)                                  sandbox
    checks.py, tito.checking, expected values, seeds   <-->  server.py, the student's tinytorch

In the check process `import tinytorch` gives handles (`handles.py`). What is done to a handle - an attribute, a call, an operator, a
loop, a `with` - becomes a request over a pipe (`link.py`), the server does it to the real object, and what comes back is plain data
by value, or another handle. The wire (`wire.py`) knows numbers, texts, arrays and containers of exactly these types, under caps, and
nothing that could run; whatever a submission writes can only be a wrong answer, or a violation of the protocol.

Three rules make an unchanged checks.py work, and keep it honest:

- What both sides can change (lists, dicts, arrays) exists on both and is compared at each message: only one side runs at any moment, so
  neither ever sees an old state. That is how `sgd_step(p, g, ...)` changes the array that a check passed in.
- A handle has no verdicts: it is compared by the values of its array, fetched here, or by what it is, never by asking it. The student's
  `__eq__` is not called, and its truth is that of numbers that came over.
- The other way round the student's code may call only what it was given: a function, a method of a class of checks.py, an iterator.
  Nothing can be looked up on this side.

`checks.py` may mark a helper that has to stand beside the student's code (because Numba compiles it, or a process is to be killed) with
`@beside`: its source is sent to the sandbox and it returns values like everything there. It must hold no answers.
"""
