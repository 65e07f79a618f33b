"""What a reader sees of runs, laid out: tables and chart specifications.

The dashboard's pages and the static HTML reports draw from here. A chart reads what the layers below
measured and judged, and gives frames of plain columns (boards, pairs, traces, drifts, growth, comparisons,
advice, trust, audits, gallery) or Altair charts of such frames (charts, curves); `theme` says how things
look and read. No number is computed here that another part of the package computes, and nothing here
imports streamlit.
"""
