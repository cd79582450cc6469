"""The command table in CONTRIBUTING.md names what the Makefile can do."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_target_that_make_help_lists_is_in_the_table() -> None:
    listed = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"^\| `make ([a-z-]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert listed - {"help"} == told


def test_every_make_command_in_the_readme_exists() -> None:
    listed = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (run|test|[a-z]+-[a-z]+|bench)\b", (ROOT / "README.md").read_text())) <= listed
