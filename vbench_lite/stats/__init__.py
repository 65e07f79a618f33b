"""Statistics on plain arrays: intervals, paired tests, ranks, fronts.

Nothing here knows of runs, generators or files. Every function states its method and source, and
random ones take a seed.
"""
