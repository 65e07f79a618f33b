"""Metrics of temporal coherence: do things stay themselves and move as things do."""
