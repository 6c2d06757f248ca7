"""Student code runs here: wire format, worker, the process that forks workers, and the grader's side of it."""
