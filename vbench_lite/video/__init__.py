"""Files of frames, in and out: decoding, encoding, packets, truncation, rules for sizes and rates, folders.

Nothing here knows a metric, a generator or a run.
"""
