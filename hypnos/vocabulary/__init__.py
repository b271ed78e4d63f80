"""A Chinese vocabulary for a base that has none (Fig. 1, first step)."""
