"""Numbers as pictures and text: charts, terminal tables, HTML files, documents for continuous integration.

What is shown is read by `results` and judged by `compare`, `sensitivity` and `advise`; nothing here computes
a number that another part of the package computes.
"""
