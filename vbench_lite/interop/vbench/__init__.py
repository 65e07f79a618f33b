"""What VBench publishes: its dimensions and totals, its file formats, its prompt lists. Nothing is computed
from frames here; that is done by the metrics in `suites/vbench`."""
