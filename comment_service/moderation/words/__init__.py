"""Words that are not allowed: how they are found however they are spelled."""
