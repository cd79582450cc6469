"""The docs' tables say what the code has."""

from __future__ import annotations

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
