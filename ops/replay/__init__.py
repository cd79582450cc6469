"""Recorded chats: read from three formats, posted with their own timing."""
