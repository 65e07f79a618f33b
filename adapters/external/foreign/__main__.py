"""`python -m vbench_lite.adapters.external.foreign`: say where the file lies that a worker imports."""

import sys

from vbench_lite.adapters.external.foreign import WORKER_FILE

sys.stdout.write(f"{WORKER_FILE}\n")
