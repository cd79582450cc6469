"""The history as readers see it: answers that many want, read once and kept for a moment."""
