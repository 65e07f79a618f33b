"""Weights of published networks: where they come from, under which license, and how they are checked.

`catalogue.yaml` says what is accepted; `files.py` is what extractors and metrics call. No network lives
here: a network is code of the plug-in that uses it.
"""
