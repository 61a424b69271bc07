"""The tasks on offer, by id: those that ship, and the operator's own data folders."""

from __future__ import annotations

import logging
from functools import cache

from backends.concepts.tasks.base import (
    SPLITS,
    ConceptTask,
    EncoderKind,
    Group,
    Picture,
    Split,
    SplitName,
)
from backends.concepts.tasks.digits import DigitsAddition, DigitsParity
from backends.concepts.tasks.folder import FolderTask
from backends.concepts.tasks.scenes import Scenes
from backends.concepts.tasks.synthetic import Dot, Majority, Xor
from backends.errors import InputError, quoted
from backends.settings import settings

_log = logging.getLogger(__name__)

SHIPPED: tuple[ConceptTask, ...] = (
    DigitsAddition(),
    DigitsParity(),
    Scenes(),
    Scenes(hidden="shape"),
    Xor(),
    Majority(hidden=1),
    Majority(hidden=2),
    Dot(),
)


@cache
def all_tasks() -> dict[str, ConceptTask]:
    """Every task by id: the shipped ones and a task for each folder in `ATELIER_CONCEPTS_DATA`.

    A folder that cannot be used is left out, and the log says why: one mistake must not close the page.
    """
    tasks = {task.id: task for task in SHIPPED}
    root = settings().concepts_data
    for folder in sorted(root.iterdir()) if root else []:
        if folder.is_dir():
            try:
                task = FolderTask(folder)
            except InputError as error:
                _log.error("The data folder %s is left out. %s", folder.name, error)
                continue
            tasks[task.id] = task
    return tasks


def find_task(task_id: str) -> ConceptTask:
    """The task with this id; InputError naming the valid ids if there is none."""
    tasks = all_tasks()
    if not isinstance(task_id, str) or task_id not in tasks:
        raise InputError(f"There is no task {quoted(task_id)}; choose from {', '.join(tasks)}.")
    return tasks[task_id]


__all__ = [
    "SHIPPED",
    "SPLITS",
    "ConceptTask",
    "EncoderKind",
    "Group",
    "Picture",
    "Split",
    "SplitName",
    "all_tasks",
    "find_task",
]
