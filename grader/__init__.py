"""grader: autograded deep-learning homework. Start at `grader/README.md`."""

__version__ = "0.1.0"
