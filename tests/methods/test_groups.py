"""The grouping engine: at least k in a group, nobody in two, nobody left out; refusals are one clear line."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from visard.errors import UsageError
from visard.methods.groups import groups, groups_within

VECTORS = st.integers(2, 60).flatmap(
    lambda n: arrays.arrays(np.float64, (n, 3), elements=st.integers(-4, 4).map(float))  # many twins
)


@given(VECTORS, st.integers(2, 12))
@settings(max_examples=150, deadline=None)
def test_groups_are_large_enough_disjoint_and_cover_everybody(vectors: Any, k: int) -> None:
    if len(vectors) < k:
        with pytest.raises(UsageError, match=f"too few for groups of {k}"):
            groups(vectors, k)
        return
    made = groups(vectors, k)
    assert all(k <= len(group) < 2 * k for group in made)
    assert sorted(np.concatenate(made).tolist()) == list(range(len(vectors)))


@given(VECTORS, st.integers(2, 5), st.data())
@settings(max_examples=80, deadline=None)
def test_selected_groups_never_mix_labels(vectors: Any, k: int, data: st.DataObject) -> None:
    labels = data.draw(st.lists(st.sampled_from("ab"), min_size=len(vectors), max_size=len(vectors)))
    counts = [labels.count(label) for label in set(labels)]
    if min(counts) < k:
        with pytest.raises(UsageError, match="too few"):
            groups_within(vectors, k, labels)
        return
    made = groups_within(vectors, k, labels)
    assert all(len({labels[row] for row in group}) == 1 and len(group) >= k for group in made)
    assert sorted(np.concatenate(made).tolist()) == list(range(len(vectors)))


def test_the_nearest_are_grouped() -> None:
    line = np.array([[0.0], [100], [1], [101], [2], [102]])
    assert [group.tolist() for group in groups(line, 3)] == [[0, 2, 4], [1, 3, 5]]


def test_twins_do_not_push_the_first_out() -> None:
    made = groups(np.zeros((7, 2)), 3)
    assert [group.tolist() for group in made] == [[0, 1, 2], [3, 4, 5, 6]]


@pytest.mark.parametrize(("people", "words"), [(0, "nobody is"), (1, "1 person is"), (4, "4 people are")])
def test_too_few_are_counted(people: int, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        groups(np.zeros((people, 2)), 5)


def test_a_small_folder_is_named() -> None:
    with pytest.raises(UsageError, match="women: 1 person is too few"):
        groups_within(np.zeros((4, 2)), 2, ["men", "men", "women", "men"])
