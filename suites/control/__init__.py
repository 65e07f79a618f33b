"""Metrics of obedience: edited prompts, given first frames, given pasts."""
