"""Tables and sentences for a terminal. Each file prints one kind of result; none computes a number."""
