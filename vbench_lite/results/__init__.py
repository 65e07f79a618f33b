"""Stored rows as numbers: estimates with intervals, arms, axes scaled by the controls, boards, time series.

estimates.py and arms.py read a run into values with uncertainty, axes.py scales them by the controls,
board.py puts generators side by side, trust.py and conflicts.py say what to doubt. Nothing here generates,
scores or draws.
"""
