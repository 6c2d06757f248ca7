"""Gradescope: the zip that an instructor uploads, and the harness that runs inside its container.

Source of the contract: https://gradescope-autograders.readthedocs.io (specifications of the zip, of
results.json and of submission_metadata.json).
"""
