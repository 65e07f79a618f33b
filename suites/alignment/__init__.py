"""Metrics of prompt adherence: does the clip show what the prompt asked for."""
