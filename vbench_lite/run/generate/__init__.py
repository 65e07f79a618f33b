"""Clips are made, checked, reused, recorded and merged here; one worker process holds one generator."""
