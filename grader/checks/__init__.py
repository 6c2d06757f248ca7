"""The vocabulary of checks: what an `assignment.py` declares. Importing it imports NumPy and nothing heavier."""

from grader.checks.backward import Backward
from grader.checks.forward import Forward, Part
from grader.checks.initializer import Initializer
from grader.checks.inputs import Array, Choice, Function, Generator, Labels, Maybe, Record, Shape, Size, Sizes
from grader.checks.loss import Loss
from grader.checks.network import NetworkInitializer
from grader.checks.property import Property

__all__ = [
    "Array",
    "Backward",
    "Choice",
    "Forward",
    "Function",
    "Generator",
    "Initializer",
    "Labels",
    "Loss",
    "Maybe",
    "NetworkInitializer",
    "Part",
    "Property",
    "Record",
    "Shape",
    "Size",
    "Sizes",
]
