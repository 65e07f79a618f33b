"""Data sets: what a suite asks for, and the real clips that it is held against."""
