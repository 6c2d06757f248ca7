"""hw1: computational graphs."""

from grader.assignment import Assignment, Problem
from grader.checks import Array, Backward, Forward, Function, Maybe, Part, Shape, Size

PLAIN = ("normal", "large", "tiny", "integers")
TIED = ("ties", "integers")

factors = ("normal", "large", "tiny", *TIED)
operands = {"x": Array("N D", factors, broadcast=True), "y": Array("N D", factors, broadcast=True)}
rivals = {"x": Array("N D", ("normal", *TIED), broadcast=True), "y": Array("N D", ("normal", *TIED), broadcast=True)}
uses = {name: Array("N D", PLAIN) for name in ("dout_1", "dout_2")}

moderate = {"x": Array("N D", ("normal", *TIED, "tiny"))}
any_size = {"x": Array("N D", ("normal", *TIED, "tiny", "huge", "far_below"))}

ORDER = (
    "Here a difference that is taken to one side is off whatever its step, and a central one whose step is too small."
)

# Of the egg carton and the corkscrew, differences to one side are off however small their step.
numbers = ("sum_of_squares", "sum_of_cubes", "sum_of_sines", "log_sum_exp")
vectors = ("running_products", "squares_and_sum", "sines_and_cosines", "squared_length", "softmax")
curved = ("sum_of_cubes", "squared_sum", "sum_of_sines", "log_sum_exp")


def approximation(result: str, plain: tuple[str, ...], telling: str, x: Array, tolerance: float) -> Forward:
    """Return the check of a numerical derivative: its values, and its order where only central ones are right."""
    parts = (
        Part(result, (result,), 3, where={"f": plain}),
        Part("order", (result,), 2, "second-order accuracy: central differences", {"f": telling}, ORDER),
    )
    inputs = {"f": Function((*plain, telling)), "x": x}
    sizes = {"N": (1, 3), "D": (1, 4), "K": (1, 3), "n": (1, 5)}
    return Forward(inputs, returns=(result,), parts=parts, tolerance=tolerance, sizes=sizes)


any_shape = Array("N D K", ("normal", *TIED), broadcast=True)
vector = Array("n", ("normal", *TIED))

links = {"jacobian_1": Array("A B", PLAIN), "jacobian_2": Array("B C"), "jacobian_3": Maybe(Array("C D"))}
fit = {"W": Array("m n"), "X": Array("n N", PLAIN), "Y": Array("m N")}
data = {"X": Array("n N", ("normal", "tiny", "rank_one")), "Y": Array("m N")}

assignment = Assignment(
    name="hw1",
    title="Computational graphs",
    read_next="Read next: Griewank and Walther, Evaluating Derivatives, chapter 3, on why going backwards "
    "costs no more than a few forwards.",
    problems=(
        Problem(
            "unbroadcast",
            "gates.py",
            8,
            Forward(
                {"grad": Array("N D K", PLAIN), "shape": Shape("N D K", broadcast=True)},
                returns=("reduced",),
                sizes={"N": (1, 4), "D": (1, 4), "K": (1, 4)},
            ),
        ),
        Problem("add_backward", "gates.py", 4, Backward("add_forward", operands, ends_in="unbroadcast")),
        Problem("multiply_backward", "gates.py", 6, Backward("multiply_forward", operands, ends_in="unbroadcast")),
        Problem(
            "maximum_backward",
            "gates.py",
            6,
            Backward("maximum_forward", rivals, kink=lambda x, y: x - y, ends_in="unbroadcast"),
        ),
        Problem("exp_backward", "gates.py", 3, Backward("exp_forward", moderate)),
        Problem("log_backward", "gates.py", 3, Backward("log_forward", {"x": Array("N D", ("positive",))})),
        Problem(
            "branch_backward",
            "gates.py",
            4,
            Forward({**uses, "dout_3": Maybe(Array("N D", PLAIN))}, returns=("dx",)),
        ),
        Problem("softplus_forward", "gates.py", 6, Forward(any_size, extreme=("huge", "far_below"))),
        Problem(
            "softplus_backward_steps",
            "gates.py",
            6,
            Backward("softplus_forward", moderate, gradients=("da", "db", "dx"), edges=True),
        ),
        Problem(
            "softplus_backward",
            "gates.py",
            5,
            Backward("softplus_forward", any_size, extreme=("huge", "far_below")),
        ),
        Problem(
            "numerical_gradient",
            "numerical.py",
            10,
            approximation("gradient", numbers, "egg_carton", any_shape, 1e-6),
        ),
        Problem("jacobian", "numerical.py", 8, approximation("J", vectors, "egg_cartons", vector, 1e-6)),
        Problem("hessian", "numerical.py", 7, approximation("H", curved, "corkscrew", vector, 1e-4)),
        Problem("chain_jacobians", "matrix.py", 4, Forward(links, returns=("product",))),
        Problem(
            "tensor_derivative",
            "matrix.py",
            6,
            Forward({"x": Array("n", PLAIN), "m": Size("m")}, returns=("tensor",)),
        ),
        Problem(
            "outer_product_gradient",
            "matrix.py",
            4,
            Forward({"dz": Array("m"), "x": Array("n", PLAIN)}, returns=("dW",)),
        ),
        Problem("least_squares_gradient", "matrix.py", 5, Forward(fit, returns=("dW",))),
        Problem(
            "least_squares_solution",
            "matrix.py",
            5,
            Forward(data, returns=("W",), extreme=("rank_one",), sizes={"n": (1, 4), "N": (7, 10)}),
        ),
    ),
)
