"""The door to the milestones' tracker: importable, and a command.

    python tests/milestones/milestone_tracker.py complete 00_setup
    python tests/milestones/milestone_tracker.py progress

All of it lives in `tito/milestones/tracker.py`.
"""

from tito.milestones.tracker import (
    MILESTONE_ORDER,
    MILESTONES,
    MilestoneTracker,
    check_module_export,
    list_tests,
    main,
    show_progress,
)

__all__ = [
    "MILESTONES",
    "MILESTONE_ORDER",
    "MilestoneTracker",
    "check_module_export",
    "list_tests",
    "show_progress",
]

if __name__ == "__main__":
    raise SystemExit(main())
