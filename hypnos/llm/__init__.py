"""Other people's models: asked once, every reply kept, never past the budget."""
