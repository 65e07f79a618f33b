"""What finished runs say, and how it is shown.

arms.py reads a run into numbers with uncertainty, axes.py scales them by the controls, board.py puts
generators side by side; the other files only render. No number is computed in a renderer.
"""
