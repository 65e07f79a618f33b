"""What the project's own speed is: one file for each figure in docs/benchmarks.md.

A benchmark is a module with `measure() -> list[Figure]`; `python -m benchmarks` runs them all and writes
the page.
"""
