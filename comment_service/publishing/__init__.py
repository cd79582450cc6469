"""From a stored comment to a dispatcher that has it."""
