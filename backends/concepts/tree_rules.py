"""Rule books from decision trees, for CMR with tree rules (Debot & Marra 2025, App. D)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from backends.concepts.models.rules import IRRELEVANT, NEGATIVE, POSITIVE
from backends.concepts.tasks import Split

MAX_POSITIVE_RULES = 17
MAX_DEPTH = 40


def positive_paths(tree: Any) -> list[dict[int, int]]:
    """Literals (concept -> role) of each path of a fitted sklearn tree to a leaf that says yes."""
    t = tree.tree_
    paths: list[dict[int, int]] = []

    def walk(node: int, literals: dict[int, int]) -> None:
        if t.children_left[node] == -1:
            if t.value[node][0].argmax() == 1:
                paths.append(literals)
            return
        concept = int(t.feature[node])
        walk(t.children_left[node], {**literals, concept: NEGATIVE})
        walk(t.children_right[node], {**literals, concept: POSITIVE})

    walk(0, {})
    return paths


def best_rules(train: Split, val: Split, output: int, seed: int) -> list[dict[int, int]]:
    """Rules for one output from the tree depth that does best on the validation split.

    Depth grows from 1 until more than 17 positive rules or depth 40, as in the paper.
    """
    from sklearn.tree import DecisionTreeClassifier

    y, y_val = train.y[:, output].astype(int), val.y[:, output].astype(int)
    if len(np.unique(y)) < 2:
        return [{}] if y[0] else []  # a constant output: one rule without conditions, or none
    best: list[dict[int, int]] = []
    best_score = -1.0
    for depth in range(1, MAX_DEPTH + 1):
        tree = DecisionTreeClassifier(max_depth=depth, random_state=seed).fit(train.c, y)
        paths = positive_paths(tree)
        if len(paths) > MAX_POSITIVE_RULES:
            break
        if (score := tree.score(val.c, y_val)) > best_score:
            best, best_score = paths, score
        if tree.get_depth() < depth:
            break  # deeper trees would be the same one
    return best


def fit_tree_rules(train: Split, val: Split, seed: int) -> Tensor:
    """Rule books of all outputs as one-hot roles (n_y, n_rules, n_c, 3).

    Outputs with fewer rules than the longest book are filled with rules that never hold: a concept
    with no role at all makes its literal 0.
    """
    n_y, n_c = train.y.shape[1], train.c.shape[1]
    books = [best_rules(train, val, k, seed) for k in range(n_y)]
    roles = torch.zeros(n_y, max(map(len, books)), n_c, 3)
    for k, book in enumerate(books):
        for r, rule in enumerate(book):
            roles[k, r, :, IRRELEVANT] = 1
            for concept, role in rule.items():
                roles[k, r, concept] = 0
                roles[k, r, concept, role] = 1
    return roles
