"""The vocabulary of checks: what an `assignment.py` declares. Importing it imports NumPy and nothing heavier."""

from grader.checks.backward import Backward
from grader.checks.composition import Composed
from grader.checks.forward import Forward, Part
from grader.checks.initializer import Initializer
from grader.checks.inputs import Array, Choice, Divisor, Function, Generator, Labels, Maybe, Record, Shape, Size, Sizes
from grader.checks.loss import Loss
from grader.checks.network import NetworkInitializer
from grader.checks.orthogonal import OrthogonalInitializer
from grader.checks.property import Call, Property
from grader.checks.random_backward import RandomBackward
from grader.checks.random_layer import RandomLayer

__all__ = [
    "Array",
    "Backward",
    "Call",
    "Choice",
    "Composed",
    "Divisor",
    "Forward",
    "Function",
    "Generator",
    "Initializer",
    "Labels",
    "Loss",
    "Maybe",
    "NetworkInitializer",
    "OrthogonalInitializer",
    "Part",
    "Property",
    "RandomBackward",
    "RandomLayer",
    "Record",
    "Shape",
    "Size",
    "Sizes",
]
