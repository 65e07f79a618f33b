"""What a run will do, before anything is done: specification, generators, samples in batches, shards."""
