"""From seed tasks, or data at hand, to instructions that can be trusted (Fig. 2)."""
