"""Inputs of `python -m benchmarks fuzz`: what each kind is before it is damaged, and what is done with it."""
