"""How thoroughly properties are tried: quickly in ``make test``, in full in ``make test-long``."""

from __future__ import annotations

import os

LONG_RUN = bool(os.environ.get("LIVECOMMENTS_TEST_LONG"))
QUICK_SHARE = 4
LONG_TIMES = 10


def examples(number: int) -> int:
    """``max_examples``: a quarter of ``number``, and ten times ``number`` in a long run."""
    return number * LONG_TIMES if LONG_RUN else max(10, number // QUICK_SHARE)
