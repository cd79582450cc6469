"""YAML for people, which Envoy reads as well."""

from __future__ import annotations

from lb.envoy.yaml import to_yaml


def test_blocks_and_lists_are_indented() -> None:
    assert to_yaml({"a": {"b": 1}, "c": [{"d": 2, "e": [3]}, "f"], "g": [], "h": {}}) == (
        "a:\n  b: 1\nc:\n  - d: 2\n    e:\n      - 3\n  - f\ng: []\nh: {}\n"
    )


def test_what_could_be_taken_for_something_else_is_quoted() -> None:
    values = ["true", "no", "1", "1s", "0.25s", "a: b", "a\nb", "", "%REQ%", "@type", "-", "null", "é"]
    lines = to_yaml({"k": values}).splitlines()[1:]
    assert all(line.startswith('  - "') for line in lines), lines
    assert to_yaml({"@type": True, "plain": None}) == '"@type": true\nplain: null\n'
