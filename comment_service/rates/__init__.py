"""How often one may ask: by user, by address, by video."""

from comment_service.rates.rates import Action, Allowances, Rates, Standing
from comment_service.rates.windows import SlidingWindows

__all__ = ["Action", "Allowances", "Rates", "SlidingWindows", "Standing"]
