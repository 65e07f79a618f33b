"""Who makes the batches of a plan, and where: `local` in processes of this machine.

An executor decides nothing that changes a clip; seeds and batches are fixed by the plan. Further executors
register under the entry-point group `vbench_lite.executors`.
"""
