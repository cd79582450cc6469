"""Cassandra's side of a comment: whose write of a cell is the later one, and what the settings and the schema say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comment_service.store.cassandra import schema
from comment_service.store.cassandra.comment_rows import changed_at_us, written_at_us
from comment_service.store.cassandra.settings import CassandraSettings, replication_of
from comment_service.store.cassandra.statements import qualified
from service_kit.errors import SettingsError
from service_kit.settings import load

ids = st.integers(min_value=0, max_value=2**63 - 1)


@given(comment_id=ids, change_id=ids)
def test_a_change_is_later_than_what_it_changes_whatever_the_clocks_say(comment_id: int, change_id: int) -> None:
    assert changed_at_us(comment_id, change_id) > written_at_us(comment_id)


@given(
    times_ms=st.sets(st.integers(0, 2**41 - 1), min_size=3, max_size=3),
    rests=st.tuples(*[st.integers(0, 2**22 - 1)] * 3),
)
def test_of_two_changes_that_of_the_later_millisecond_stands(times_ms: set[int], rests: tuple[int, int, int]) -> None:
    comment_id, first, then = (ms << 22 | rest for ms, rest in zip(sorted(times_ms), rests, strict=True))
    assert changed_at_us(comment_id, first) < changed_at_us(comment_id, then)


def test_the_statements_of_a_step_are_told_apart() -> None:
    text = "-- a; comment\nCREATE TABLE a (\n    x text PRIMARY KEY\n);\n\n-- ;\nALTER TABLE a ADD y int;\n"
    assert schema.statements(text) == ["CREATE TABLE a (\n    x text PRIMARY KEY\n)", "ALTER TABLE a ADD y int"]


def test_steps_are_numbered_without_a_gap_and_can_be_made_twice() -> None:
    assert [number for number, _name, _text in schema.steps()] == list(range(1, len(schema.steps()) + 1))
    for _number, name, text in schema.steps():
        for statement in schema.statements(text):
            assert "IF NOT EXISTS" in statement or "IF EXISTS" in statement, f"{name}: {statement}"


def test_a_statement_names_its_keyspace() -> None:
    assert qualified("SELECT a FROM comments WHERE b = ?", "k") == "SELECT a FROM k.comments WHERE b = ?"
    assert qualified("\nUPDATE comments USING TIMESTAMP ?", "k") == "\nUPDATE k.comments USING TIMESTAMP ?"
    assert qualified("\nINSERT INTO comments (a)", "k") == "\nINSERT INTO k.comments (a)"


def test_replication_is_read_as_it_is_written() -> None:
    assert replication_of("dc1:3") == {"dc1": 3}
    assert replication_of("eu-west:3, us:2") == {"eu-west": 3, "us": 2}


@pytest.mark.parametrize("text", ["", "3", "dc1", "dc1:", ":3", "dc1:0", "dc1:-1", "dc1:x", "dc1:3,", "d'c:3"])
def test_what_is_no_replication_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is data centre:copies"):
        load(CassandraSettings, {"cassandra_replication": text})
