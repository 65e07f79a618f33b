"""What a foreign environment imports: one file of the standard library, for Python 3.8 and later.

This folder goes on to the module path of a worker, so nothing else may lie in it.
"""

from pathlib import Path

WORKER_FILE = Path(__file__).with_name("vbench_lite_worker.py")
