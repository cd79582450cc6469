"""The docs' tables say what the code has, and its lists what there is."""

from __future__ import annotations

import re

import pytest

from ops.build import tables


@pytest.mark.parametrize("name", sorted(tables.PAGES))
def test_a_generated_page_is_up_to_date(name: str) -> None:
    page = tables.PAGES[name]()
    assert "| –" in page or "`" in page
    assert (tables.DOCS / name).read_text(encoding="utf-8") == page, "write it again: make docs"


def test_every_setting_says_what_it_is() -> None:
    for process, model in tables.SETTINGS.items():
        for name, field in model.model_fields.items():
            assert field.description, f"{process}: {name} has no description"


def test_every_decision_is_listed() -> None:
    folder = tables.DOCS / "decisions"
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))


def test_a_runbook_names_only_metrics_that_there_are() -> None:
    there = set(re.findall(r"`(livecomments_\w+)`", tables.metrics_page()))
    for page in sorted((tables.DOCS / "runbooks").glob("*.md")):
        named = set(re.findall(r"\blivecomments_[a-z0-9_]+", page.read_text(encoding="utf-8")))
        assert named, page
        assert named - there == set(), page
