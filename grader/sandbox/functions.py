"""Plain functions that a request may name as an argument: a student's function that takes a function is given one.

Only the name crosses the wire. Each function takes an array, leaves it alone and answers in its type, so that the
reference is asked in extended precision. Cases show them to students as they stand here, without the docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

# --- one number from an array of any shape ------------------------------------------------------------------


def sum_of_squares(x: Any) -> Any:
    """Every entry by itself; a central difference of it is exact."""
    return np.sum(x**2)


def sum_of_cubes(x: Any) -> Any:
    """Curvature that changes from place to place."""
    return np.sum(x**3) / 3


def sum_of_sines(x: Any) -> Any:
    """Of either sign, and never steep."""
    return np.sum(np.sin(x))


def squared_sum(x: Any) -> Any:
    """Every entry acts through one sum: all second derivatives are alike."""
    return np.sum(x) ** 2


def log_sum_exp(x: Any) -> Any:
    """Every entry acts on the derivative by every other."""
    return np.log(np.sum(np.exp(x)))


def egg_carton(x: Any) -> Any:
    """A bowl with a dent at every multiple of 0.01: flat there but for the bowl, and bent by 4e5.

    Central differences are exact at the dents, those to one side are off however small their step.
    """
    return np.sum(x**2 + 1 - np.cos(200 * np.pi * x))


def corkscrew(x: Any) -> Any:
    """At every multiple of 0.01 the second derivative is that of x^3 / 3, and the third one 2.5e5.

    What `egg_carton` is for first derivatives, this is for second ones.
    """
    return np.sum(x**3 / 3 + np.sin(200 * np.pi * x) / 1000)


# --- a vector from a vector -----------------------------------------------------------------------------------


def running_products(x: Any) -> Any:
    """As many outputs as inputs, and each depends on the inputs up to its own: the Jacobian is a triangle."""
    return np.cumprod(x)


def squares_and_sum(x: Any) -> Any:
    """One output more than there are inputs."""
    return np.append(x**2, np.sum(x))


def sines_and_cosines(x: Any) -> Any:
    """Twice as many outputs as inputs."""
    return np.concatenate([np.sin(x), np.cos(x)])


def squared_length(x: Any) -> Any:
    """One output, as an array of length 1."""
    return np.sum(x**2, keepdims=True)


def softmax(x: Any) -> Any:
    """Every output depends on every input; the Jacobian is symmetric."""
    return np.exp(x - np.max(x)) / np.sum(np.exp(x - np.max(x)))


def egg_cartons(x: Any) -> Any:
    """An `egg_carton` for every input, and their sum."""
    return np.append(x**2 + 1 - np.cos(200 * np.pi * x), np.sum(x))


# --- activations: a number from a number, for arrays of any shape ---------------------------------------------


def linear(z: Any) -> Any:
    """No activation at all: the gain is one."""
    return 1 * z


def half(z: Any) -> Any:
    """Every number halved: what size is, not variance."""
    return z / 2


def relu(z: Any) -> Any:
    """Half of the numbers are cut off."""
    return np.maximum(z, 0)


def leaky_relu(z: Any) -> Any:
    """A relu with a slope of 0.2 on the left."""
    return np.where(z > 0, z, 0.2 * z)


def absolute(z: Any) -> Any:
    """No number changes its size."""
    return np.abs(z)


def tanh(z: Any) -> Any:
    """Flat on both sides, steepest at zero."""
    return np.tanh(z)


def sigmoid(z: Any) -> Any:
    """Never around zero: its mean square is not its variance."""
    return 1 / (1 + np.exp(-z))


def softplus(z: Any) -> Any:
    """A smooth relu, which is positive everywhere."""
    return np.logaddexp(z, 0)


def elu(z: Any) -> Any:
    """Around zero more than a relu is."""
    return np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)


NAMED: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        function.__name__: function
        for function in (
            sum_of_squares,
            sum_of_cubes,
            sum_of_sines,
            squared_sum,
            log_sum_exp,
            egg_carton,
            corkscrew,
            running_products,
            squares_and_sum,
            sines_and_cosines,
            squared_length,
            softmax,
            egg_cartons,
            linear,
            half,
            relu,
            leaky_relu,
            absolute,
            tanh,
            sigmoid,
            softplus,
            elu,
        )
    }
)
