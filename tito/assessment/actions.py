"""A GitHub Classroom workflow: on each push every task is graded on GitHub's machine, and the points go to the classroom.

What runs there the student can read and change: it tells them where they stand. Grades that count come from `tito assessment batch`.
"""

from __future__ import annotations

from typing import Any

import yaml

from .classroom import Class, Task

GRADER = "classroom-resources/autograding-command-grader@v1"
REPORTER = "classroom-resources/autograding-grading-reporter@v1"
MINUTES = 30
HEAD = """# Made by `tito assessment github-classroom`. In the repository that an assignment starts from it is
# .github/workflows/classroom.yml.
"""


def step_id(task: Task) -> str:
    """GitHub's ids do not begin with a digit, as a module's name does."""
    return f"{task.kind}_{task.id}"


def workflow(room: Class, package: str) -> str:
    """The file's text; `package` is what pip is told to install."""
    steps: list[dict[str, Any]] = [
        {"name": "Get the code", "uses": "actions/checkout@v4"},
        {"name": "Get Python", "uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
        {"name": "Get tinytorch", "run": f'python -m pip install "{package}"'},
    ]
    steps += [
        {
            "name": task.id,
            "id": step_id(task),
            "uses": GRADER,
            "with": {
                "test-name": task.id,
                "command": f"tito assessment grade . --task {task.id} --isolation weak",
                "timeout": MINUTES,
                "max-score": round(task.points),
            },
        }
        for task in room.tasks
    ]
    steps.append(
        {
            "name": "Report",
            "uses": REPORTER,
            "env": {
                f"{step_id(task).upper()}_RESULTS": f"${{{{steps.{step_id(task)}.outputs.result}}}}"
                for task in room.tasks
            },
            "with": {"runners": ",".join(step_id(task) for task in room.tasks)},
        }
    )
    tree = {
        "name": room.name,
        "on": ["push", "workflow_dispatch"],
        "permissions": {"checks": "write", "actions": "read", "contents": "read"},
        "jobs": {
            "run-autograding-tests": {
                "runs-on": "ubuntu-latest",
                "if": "github.actor != 'github-classroom[bot]'",
                "steps": steps,
            }
        },
    }
    return HEAD + yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=200)
