"""The description of the HTTP side, as OpenAPI 3.1: whatever has a limit says it with the constant that enforces it."""

from __future__ import annotations

from comment_service.openapi.document import document, document_json

__all__ = ["document", "document_json"]
