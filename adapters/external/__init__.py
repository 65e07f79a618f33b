"""Generators that run outside this environment: clips made before, commands, workers, servers.

Here live the adapters and what they share; what a foreign environment imports lies in `foreign`.
"""
