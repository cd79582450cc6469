"""The words that a deployment does not want: from a file that may change while this runs, and from a setting."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from comment_service.moderation.words.matcher import WordMatcher
from comment_service.reasons import WordFileFault
from service_kit.file_watch import FileWatch

MAX_FILE_BYTES = 1024 * 1024
MAX_ENTRIES = 20_000
MAX_ENTRY_CHARACTERS = 64


class WordFileError(Exception):
    """The file cannot be used. The message is one line for whoever runs this."""

    def __init__(self, problem: str, fault: WordFileFault = WordFileFault.MALFORMED) -> None:
        super().__init__(problem)
        self.fault = fault


class WordList:
    """The words of ``path``, read again within a second of its change, and ``words``.

    The file: UTF-8, a word or a phrase a line; what begins with ``#`` is a comment. A changed file that cannot be used
    is logged, and the words from before stay. Raises ``WordFileError`` where it cannot be used now.
    """

    def __init__(
        self, path: Path | None = None, words: Sequence[str] = (), *, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._own = [word for word in words if word.strip()]
        self._watch = None if path is None else FileWatch(path, now_s=now_s)
        self._entries = [*self._own, *_read(path)]
        self._matcher = WordMatcher(self._entries)

    def __len__(self) -> int:
        """How many words and phrases there are."""
        return len(self._entries) - self._matcher.ignored

    def found_in(self, text: str) -> bool:
        """True where ``text`` has at least one of them."""
        self._refresh()
        return self._matcher.found_in(text)

    def _refresh(self) -> None:
        if self._watch is None or not self._watch.changed():
            return
        log = structlog.get_logger()
        try:
            entries = [*self._own, *_read(self._path)]
        except WordFileError as error:
            log.warning("word_file_kept_old_words", reason=error.fault, detail=str(error))
            return
        self._entries, self._matcher = entries, WordMatcher(entries)
        log.info("word_file_read", words=len(self), ignored=self._matcher.ignored)


def _read(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise WordFileError(f"{path} cannot be read: {error.strerror}", WordFileFault.UNREADABLE) from None
    if len(content) > MAX_FILE_BYTES:
        raise WordFileError(f"{path} is over {MAX_FILE_BYTES} bytes")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise WordFileError(f"{path} is not UTF-8 at byte {error.start}") from None
    entries = [entry for line in lines if (entry := line.strip()) and not entry.startswith("#")]
    if len(entries) > MAX_ENTRIES:
        raise WordFileError(f"{path} has more than {MAX_ENTRIES} entries")
    if any(len(entry) > MAX_ENTRY_CHARACTERS for entry in entries):
        raise WordFileError(f"{path} has an entry of more than {MAX_ENTRY_CHARACTERS} characters")
    return entries
