"""Moderation: bans, reports, blocked words, slow mode, and the trail of what moderators did."""
