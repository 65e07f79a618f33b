"""Comparisons for continuous integration: JUnit XML, Markdown and GitHub annotations."""
