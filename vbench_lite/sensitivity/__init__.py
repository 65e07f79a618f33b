"""Can a metric be believed on this data? Known damage to real clips, and what each metric makes of it.

ladders.py names the damages and who is meant to notice them, clips.py finds real clips, measure.py scores all
damaged clips in one pass, judge.py turns values into verdicts, from_clips.py does all of it, results.py keeps
them under ROOT/audits. Only results.py is imported here: every leaderboard reads stored audits.
"""

from vbench_lite.sensitivity.results import AuditResult, load_audits, store_audit

__all__ = ["AuditResult", "load_audits", "store_audit"]
