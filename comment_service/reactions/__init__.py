"""Reactions: to a comment, one a user, and to a video, which are only counted; and how viewers hear of both."""
