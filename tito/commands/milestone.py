"""`tito milestone`: what your build can do, measured."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .. import ui
from ..cli import Lazy
from ..milestones.definitions import find_milestone
from ..milestones.tracker import COMPLETED, IN_PROGRESS, LOCKED, MilestoneTracker
from ..workspace import find_workspace

TABLE = {
    "status": ("commands.milestone:status", "Where you stand, and the next goal."),
    "timeline": ("commands.milestone:timeline", "The path, drawn."),
    "next": ("commands.milestone:following", "The next goal and the command that leads there."),
    "start": ("commands.milestone:start", "Begin a milestone: what it asks, and the script."),
    "info": ("commands.milestone:info", "What a milestone is about."),
    "train": ("commands.milestone:train", "Run a milestone's script on your package, and keep the run."),
    "test": ("commands.milestone:test", "Measure and judge; trains on the spot where that fits."),
    "demo": ("commands.milestone:demo", "See your build do it."),
    "quiz": ("commands.milestone:quiz", "The capability questions."),
    "troubleshoot": ("commands.awards:troubleshoot", "Look at your build: what is wrong, what to try."),
    "certificate": (
        "commands.awards:certificate",
        "The certificate of a passed milestone (SVG); --verify checks one.",
    ),
    "badge": ("commands.awards:badge", "The badge of a passed milestone (SVG)."),
    "export": ("commands.awards:export", "A page that shows what you built, and the words to share."),
}


@click.group(cls=Lazy, table=TABLE)
def milestone():
    """Milestones, named 2, computer_vision or 1957. Each is passed by measurement, or not at all."""


SIGNS = {
    COMPLETED: ("COMPLETED ✅", "COMPLETED [x]", "green"),
    IN_PROGRESS: ("IN PROGRESS ⏳", "IN PROGRESS", "yellow"),
    LOCKED: ("LOCKED 🔒", "LOCKED", "bright_black"),
    "unlocked": ("UNLOCKED 🔓", "UNLOCKED", "cyan"),
}


def sign(state: str) -> str:
    text, plain, colour = SIGNS[state]
    return ui.styled(f"[{text if ui.can_show(text) else plain}]", fg=colour)


@click.command()
@ui.json_option
def status(as_json: bool):
    """Where you stand, and the next goal."""
    tracker = MilestoneTracker(find_workspace())
    rows, goal = tracker.standing("capability"), tracker.next_goal()
    if ui.give(as_json, {"milestones": rows, "next": goal}):
        return
    ui.say_where(tracker.workspace)
    title = "🎯 TinyTorch Milestone Progress"
    ui.echo(title if ui.can_show(title) else title[2:], bold=True)
    ui.echo()
    for row in rows:
        ui.echo(f" {row['title']:<33}{' ' if ui.width() < 60 else '  '}{sign(row['state'])}")
    others = [row for row in tracker.standing() if row["track"] != "capability"]
    reached = [row for row in others if row["can_run"]]
    ui.echo()
    ui.para(f"Next Goal: {goal['text']}", bold=True)
    if goal["command"]:
        ui.echo(f"           {goal['command']}", fg="cyan")
    passed = sum(row["state"] == COMPLETED for row in others)
    ui.para(
        f"Also: {len(reached)} of {len(others)} from history and curriculum are open, {passed} passed (tito milestones progress)",
        dim=True,
    )
    ui.notices()


@click.command()
@ui.json_option
def timeline(as_json: bool):
    """The path, drawn: modules on the way, milestones where they stand."""
    tracker = MilestoneTracker(find_workspace())
    rows = tracker.standing()
    done = tracker.progress["completed_modules"]
    if ui.give(as_json, {"timeline": rows, "completed_modules": done, "next": tracker.next_goal()}):
        return
    from ..milestones.path import draw

    ui.say_where(tracker.workspace)
    for line in draw(rows, [m.name for m in tracker.workspace.course.modules], set(done)):
        ui.echo(line)
    ui.echo()
    ui.para(f"Next Goal: {tracker.next_goal()['text']}", bold=True)
    ui.notices()


@click.command("next")
@ui.json_option
def following(as_json: bool):
    """The next goal and the command that leads there."""
    goal = MilestoneTracker(find_workspace()).next_goal()
    if ui.give(as_json, goal):
        return
    ui.para(f"Next Goal: {goal['text']}", bold=True)
    if goal["command"]:
        ui.echo(f"  {goal['command']}", fg="cyan")


def name_argument(command):
    return click.argument("name", metavar="N", default="")(command)


def chosen(name: str):
    """The milestone named; without a name, the next goal."""
    if name:
        return find_milestone(name)
    goal = MilestoneTracker(find_workspace()).next_goal()
    return find_milestone(goal["milestone"] or 5)


@click.command()
@name_argument
@ui.json_option
def info(name: str, as_json: bool):
    """What milestone N is about: its story, what it asks, where you stand."""
    one = chosen(name)
    tracker = MilestoneTracker(find_workspace())
    row = next(r for r in tracker.standing() if r["id"] == one.id)
    record = row | {"story": one.story(), "script": str(one.script), "settings": one.config["settings"]}
    if ui.give(as_json, record):
        return
    from ..viewing import show

    show(one.story(), pager=False)
    ui.echo()
    tell(row, one)


def tell(row: dict, one) -> None:
    ui.echo(f"{one.title}  {sign(row['state'])}", bold=True)
    ui.para(row["victory"], 2)
    for skill in one.entry.get("skills", []):
        ui.echo(f"  {ui.mark('passed' if row['state'] == COMPLETED else 'skipped')} {skill}")
    if row["missing"]:
        ui.para(f"still to complete: {', '.join(row['missing'])}", 2, fg="yellow")


@click.command()
@name_argument
@ui.json_option
def start(name: str, as_json: bool):
    """Begin milestone N: lay its script out beside your package, and say what to run."""
    from ..milestones.starting import lay_out

    one, tracker = chosen(name), MilestoneTracker(find_workspace())
    record = lay_out(tracker, one)
    if ui.give(as_json, record):
        return
    ui.say_where(tracker.workspace)
    tell(next(r for r in tracker.standing() if r["id"] == one.id), one)
    ui.echo(f"\nThe script, to read and to try things in: {record['script']}")
    for command, why in record["commands"].items():
        ui.echo(f"  {command:<32} {why}")
    ui.notices()


def data_options(command):
    command = click.option("--practice", is_flag=True, help="On drawn data: quick, and unlocks nothing.")(
        command
    )
    command = click.option("--no-download", is_flag=True, help="Only data that is on this machine.")(command)
    return click.option("--setting", default="", help="One of config.yaml's settings.")(command)


def begin(name: str, setting: str):
    """The milestone, its tracker; it has to be unlocked, and the setting has to exist."""
    from ..errors import TitoError
    from ..milestones.starting import need_unlocked

    one, tracker = chosen(name), MilestoneTracker(find_workspace())
    need_unlocked(tracker, one)
    if setting and setting not in one.config["settings"]:
        raise TitoError(
            f"{one.title} has no setting {setting!r}", f"It has: {', '.join(one.config['settings'])}"
        )
    return one, tracker


@click.command()
@name_argument
@data_options
@ui.json_option
def test(name: str, practice: bool, no_download: bool, setting: str, as_json: bool):
    """Measure what your build does at milestone N, and judge it."""
    from ..milestones.finishing import celebrate, conclude
    from ..milestones.replay import examine_any
    from ..milestones.watching import Watcher

    one, tracker = begin(name, setting)
    watch = Watcher(quiet=as_json)
    if not as_json:
        ui.say_where(tracker.workspace)
        ui.echo(f"{one.title}", bold=True)
    try:
        outcome = examine_any(
            tracker.workspace, one, setting=setting, practice=practice, download=not no_download, say=watch
        )
    finally:
        watch.close()
    files = conclude(tracker, one, outcome)
    if not ui.give(as_json, outcome.record() | {"files": files}):
        ui.echo()
        celebrate(tracker, one, outcome, files)
        if not outcome.passed:
            ui.para(f"Not passed. tito milestone troubleshoot {one.handle} looks at your build.", bold=True)
        elif one.questions and sys.stdin.isatty() and not tracker.result(one.id).get("questions"):
            from .quiz import answer

            answer(quiz_of(tracker, one), "", False, remember(tracker, one))
    ui.notices()
    sys.exit(0 if outcome.passed else 1)


@click.command()
@name_argument
@data_options
@click.option("--fresh", is_flag=True, help="Start over, even if a run could be resumed.")
@ui.json_option
def train(name: str, practice: bool, no_download: bool, setting: str, fresh: bool, as_json: bool):
    """Run the script of milestone N on your package: live loss, curves, checkpoints; a stopped run goes on where it was."""
    from ..milestones.training import train_run
    from ..milestones.watching import Watcher

    one, tracker = begin(name, setting)
    watch = Watcher(quiet=as_json)
    if not as_json:
        ui.say_where(tracker.workspace)
        ui.echo(f"{one.title}", bold=True)
    try:
        record = train_run(
            tracker.workspace,
            one,
            setting=setting,
            practice=practice,
            download=not no_download,
            fresh=fresh,
            say=watch,
        )
    finally:
        watch.close()
    if not ui.give(as_json, record):
        ui.echo(
            f" {ui.mark('passed')} trained {record['steps']:,} steps in {record['seconds']:.0f} s; loss {record['loss']:.4f}"
        )
        for what, path in record["files"].items():
            ui.echo(f"   {what:<12} {Path(path).relative_to(tracker.workspace.root)}", dim=True)
        ui.echo(f"Next: tito milestone test {one.handle}", bold=True)


@click.command()
@name_argument
@data_options
@ui.json_option
def demo(name: str, practice: bool, no_download: bool, setting: str, as_json: bool):
    """See your build do what milestone N is about."""
    from ..milestones.finishing import conclude, show_demonstration
    from ..milestones.replay import examine_any
    from ..milestones.watching import Watcher

    one, tracker = begin(name, setting)
    watch = Watcher(quiet=as_json)
    try:
        outcome = examine_any(
            tracker.workspace,
            one,
            setting=setting,
            practice=practice,
            download=not no_download,
            say=watch,
            judges=[],
        )
    finally:
        watch.close()
    files = conclude(tracker, one, outcome)
    told = {
        "texts": outcome.shown.get("texts", {}), "said": outcome.shown.get("said", []), "right": outcome.shown.get("right", []),
    }  # fmt: skip
    if not ui.give(as_json, {"milestone": one.id, "practice": outcome.practice, "files": files} | told):
        show_demonstration(outcome.shown)
        for what, path in files.items():
            ui.echo(f"  {what:<14} {path}", dim=True)
    sys.exit(0 if outcome.shown else 1)


@click.command()
@name_argument
@click.option("--answers", default="", help="Answer all at once: the places of your choices, 0,2,1,...")
@ui.json_option
def quiz(name: str, answers: str, as_json: bool):
    """The capability questions of milestone N; a wrong answer is explained, and the answers are handed in with the workspace."""
    from .quiz import answer

    one, tracker = chosen(name), MilestoneTracker(find_workspace())
    sys.exit(answer(quiz_of(tracker, one), answers, as_json, remember(tracker, one)))


def quiz_of(tracker, one):
    from ..quiz import Quiz, answers_of

    sheet = tracker.workspace.root / answers_of("milestone", one.id)
    return Quiz(one.title, f"tito milestone quiz {one.handle}", one.questions, sheet)


def remember(tracker, one):
    """What is to be done with answers: the best score stays in the tracker, the answers with the workspace."""

    def keep(quiz, given, record) -> None:
        if tracker.workspace.is_reference:
            return
        quiz.write(given)
        best = max(record["right"], (tracker.result(one.id).get("questions") or {}).get("right", 0))
        tracker.remember(one.id, questions={"right": best, "of": record["of"]})

    return keep
