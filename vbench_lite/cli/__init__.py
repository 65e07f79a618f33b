"""The command line: `main` holds the group and its error handling, then one file per verb.

A verb parses its options, calls one function of a lower layer and prints what that returns. No
number is computed here. Heavy imports stand inside functions, so that `--help` stays fast.
"""
