"""Words that are more than words elsewhere: in HTML, CSV, a terminal, a database, JUnit's XML, a format string."""

from .lines import Files, append, line

EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>", '=HYPERLINK("http://x","y")', "@SUM(1+1)*cmd|' /C calc'!A0", "\x1b[2J\x1b]0;owned\x07",
    "\u202etxt.exe", "'; DROP TABLE results; --", "]]></failure><testcase name='x'/>", "{0.__class__} %s %n {{7*7}} ${7*7}", "\x00\x01\x02", "\ud800",
    "line one\r\nline two\n=1+1", "![x](javascript:alert(1)) [x](javascript:alert(1)) `x`",
)  # fmt: skip


def raises(place: int):
    def make(files: Files):
        append(files, f"raise ValueError({EVIL[place]!r})")

    make.__name__ = f"an_error_that_is_more_than_words_{place}"
    return make


for place in range(len(EVIL)):
    line("words", verdicts="import_error|failed")(raises(place))


@line("words", verdicts="import_error|failed")
def a_source_line_that_is_more_than_words(files: Files):
    """The failing line itself is shown to the student and in the report."""
    append(files, "raise ValueError  # <script>alert(1)</script> \x1b[2J =1+1 ]]>")


@line("words", verdicts="import_error|failed")
def an_error_with_an_evil_name(files: Files):
    append(files, "raise type('<b onmouseover=alert(1)>', (Exception,), {})('=1+1')")


# Names as a roster may hold them: an id is held to plain characters, a name is not.
NAMES = ("<script>alert(1)</script>", "=1+1", "+44 20", "-1", "@here", "\x1b[31mred", "O'Brien; DROP TABLE students", 'a "quoted" name, with a comma', "\u202eevil", "名前 Ünïcödé 🎓")  # fmt: skip
