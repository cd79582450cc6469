"""``python -m comment_service.media.decoder``: judges images, a line of JSON for each that it is asked by a line.

In a process of its own, without secrets in its environment and with bounded memory: whatever an image does to a
decoder, it does to this process alone.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from comment_service.media.faults import ImageError
from comment_service.media.image import ImageLimits
from comment_service.media.judge import judge


def main() -> int:
    """The one argument: ``{"memory_bytes": …, "limits": {…}}``. Ends with its standard input."""
    settings = json.loads(sys.argv[1])
    memory_bytes = settings["memory_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limits = ImageLimits(**settings["limits"])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line), limits)) + "\n")
        sys.stdout.flush()
    return 0


def _answer(request: dict[str, str], limits: ImageLimits) -> dict[str, Any]:
    try:
        return asdict(judge(Path(request["source"]), Path(request["kept"]), limits))
    except ImageError as error:
        return {"fault": error.fault, "problem": error.problem}


if __name__ == "__main__":
    sys.exit(main())
