"""Votes: judgements of two clips of one prompt by people, imported files or models.

ballot.py is one vote and its journal, exchange.py reads and writes lists of votes and ratings, pairs.py
chooses what is asked next, board.py turns votes into strengths with intervals, agreement.py holds metrics
against them. Votes change no result of a run: they lie beside the runs in ROOT/votes, bound to the hashes
of both clips.
"""
