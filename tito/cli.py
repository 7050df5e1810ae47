"""The command line: `tito COMMAND`. Commands are veneers; each is imported when it is called."""

from __future__ import annotations

import errno
import importlib
import json
import sys

import click

from .errors import TitoError
from .ui import show_note

SUBCOMMANDS = {
    "init": (
        "commands.workspace:init",
        "Make a workspace: a folder whose tinytorch/ grows module by module.",
    ),
    "setup": ("commands.doctor:setup", "Get this machine ready: folders, git, what is missing."),
    "doctor": ("commands.doctor:doctor", "Say what is wrong here and the command that mends it."),
    "module": ("commands.module:module", "Work on a module: start, view, test, hint, complete, ..."),
    "update": ("commands.workspace:update", "Take a newer course into this workspace; what you wrote stays."),
    "progress": ("commands.progress:progress", "How far you are, in all workspaces."),
    "sync": ("commands.sync:sync", "The same progress on all your machines, through a folder or git remote."),
    "checkpoint": ("commands.checkpoint:checkpoint", "What you can do now: status, timeline, test."),
    "milestone": (
        "commands.milestone:milestone",
        "What your build can do, measured: status, train, test, ...",
    ),
    "milestones": ("commands.milestones:milestones", "All milestones by name: progress, list, run."),
    "assessment": (
        "commands.assessment:assessment",
        "For instructors: grade a class, safely and fairly.",
    ),
    "nbgrader": ("commands.nbgrader:nbgrader", "For instructors: modules as assignments for nbgrader."),
    "benchmark": ("commands.benchmark:benchmark", "Speed and memory beside PyTorch, kept and compared."),
    "dev": ("commands.dev:dev", "For authors of lessons: weave, check, preview."),
}


class Lazy(click.Group):
    """A group whose commands are imported when asked for; their one-line help stands in a table."""

    def __init__(self, *args, table, **kwargs):
        super().__init__(*args, **kwargs)
        self.table = table

    def list_commands(self, context):
        return list(self.table)

    def get_command(self, context, name):
        if name not in self.table:
            return None
        module, _, attribute = self.table[name][0].partition(":")
        return getattr(importlib.import_module(f"tito.{module}"), attribute)

    def resolve_command(self, context, args):
        try:
            return super().resolve_command(context, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(context))
            if near and "No such command" in error.message:
                error.message += f" Did you mean {' or '.join(near)}?"
            raise

    def format_commands(self, context, formatter):
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


@click.group(cls=Lazy, table=SUBCOMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(message="tito, of tinytorch %(version)s", package_name="tinytorch")
def tito():
    """Build a deep-learning framework, module by module.

    Start with `tito init my-tinytorch`, then `cd my-tinytorch` and `tito module start 00`.
    """


def main(args: list[str] | None = None) -> None:
    """Run a command; every error a user can make ends here, as one message and an exit code."""
    args = sys.argv[1:] if args is None else args
    try:
        code = tito.main(args, prog_name="tito", standalone_mode=False)
    except TitoError as error:
        fail(args, str(error), error.hint, error.exit_code, error.details)
    except click.exceptions.NoArgsIsHelpError as error:  # `tito module` asks what there is
        click.echo(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"{context.command_path} --help" if context else "tito --help"
        fail(args, error.format_message(), hint, 2, {})
    except (click.Abort, KeyboardInterrupt):
        fail(args, "stopped", "", 130, {})
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
    except OSError as error:
        if error.filename is None and error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise  # a write to a full disk does not say where
        fail(
            args, f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror), "", 2, {}
        )
    else:
        sys.exit(code if isinstance(code, int) else 0)


def fail(args, message: str, hint: str, code: int, details: dict) -> None:
    """The one place that prints an error."""
    if "--json" in args:
        click.echo(
            json.dumps(
                {"error": message, "hint": hint, "exit_code": code} | details, ensure_ascii=False, default=str
            )
        )
    else:
        show_note("error", message, "red", bold=True)
        if hint:
            show_note(" next", hint, "cyan")
    sys.exit(code)
