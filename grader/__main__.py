"""`python -m grader`: the command line, where the folder of programs is not on the path."""

from grader.cli import main

main()
