"""Runs and clips on disk: journals, run directories, the pool of clips, and queries over them.

The run directory is the truth; everything else is an index that can be made again from it. Nothing here
knows how clips are made or scored.
"""
