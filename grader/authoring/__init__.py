"""Tools for those who write assignments: stubs from solutions, and the grader's proofs of itself."""
