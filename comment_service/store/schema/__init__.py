"""Each store's schema: numbered steps that are applied once, in order."""
