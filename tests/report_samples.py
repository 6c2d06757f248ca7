"""Hand-made reports for the tests of the renderers."""

from __future__ import annotations

from grader.report import (
    Case,
    CheckResult,
    Evidence,
    Isolation,
    Outcome,
    ProblemResult,
    Report,
    Worst,
)

LAYERS = "assignments/hw3/layers.py"
NORMS = "assignments/hw3/batchnorm.py"
FUNCTIONS = (
    *(f"layer_{number}_backward" for number in range(10)),
    *(f"norm_{number}_backward" for number in range(7)),
)
IN_PROPORTION = "Right in itself; it counts in proportion to the values that are right."
CODE = "x = np.array([[0.5, -1.25]])\nout, cache = affine_forward(x, w, b)\n# dw should be [[1.0], [2.0]]"
# Terminal codes, the end of a CDATA section, NUL, a lone surrogate, a noncharacter, a bidirectional override.
HOSTILE = "\x1b[31mred\x1b]0;title\x07 ]]> <b>&amp;\x00\r\ud800\uffff\u202egnp.exe\u2066\u2028"


def report(*problems: ProblemResult, **changes: object) -> Report:
    """Return a report on hw3 with sensible values for the rest."""
    values: dict[str, object] = {
        "assignment": "hw3",
        "submission": "assignments/hw3",
        "problems": problems,
        "seed": 0,
        "isolation": Isolation(2, ("Landlock", "seccomp"), ("own user",)),
        "duration_s": 0.4125,
        "grader_version": "0.1.0",
        "bank_hash": "1f3a9c2be77d01",
    }
    return Report(**{**values, **changes})  # type: ignore[arg-type]


def problem(name: str, status: Outcome, *checks: CheckResult, most: int = 400, **more: object) -> ProblemResult:
    """Return a problem; without findings of its own it gets one that has its status."""
    earned = most if status is Outcome.PASSED else 0
    found = checks or (CheckResult("dx", "dx, the gradient of x", earned, most, status),)
    values: dict[str, object] = {"file": LAYERS, **more}
    return ProblemResult(name, name.replace("_", " "), status, found, most, **values)  # type: ignore[arg-type]


def untouched() -> Report:
    """Return what a fresh clone gets: seventeen stubs in two files."""
    files = [LAYERS] * 10 + [NORMS] * 7
    return report(
        *(
            problem(name, Outcome.NOT_IMPLEMENTED, file=file, message="not implemented yet")
            for name, file in zip(FUNCTIONS, files, strict=True)
        )
    )


def perfect() -> Report:
    """Return full marks over two problems, with evidence."""
    return report(
        problem("relu_backward", Outcome.PASSED),
        problem("affine_backward", Outcome.PASSED, most=800),
        evidence=(Evidence("cases", "62 cases drawn by Hypothesis"), Evidence("differences", "agree to 3e-12")),
    )


def partly() -> ProblemResult:
    """Return a problem with a wrong value, side findings in proportion, prints and evidence."""
    case = Case({"x": (1, 2), "w": (2, 1)}, Worst((1, 0), 0.333333333, 0.25, 0.0833, 1e-8), "a single example", CODE)
    again = Case({"x": (1, 2), "w": (2, 1)}, Worst((), 1.0000001, 1.0, 1e-7, 1e-8), "a single example", CODE)
    return problem(
        "affine_backward",
        Outcome.PARTIAL,
        CheckResult("dx", "dx, the gradient of x", 200, 200, Outcome.PASSED),
        CheckResult("dw", "dw, the gradient of w", 0, 200, Outcome.FAILED, "dw differs.", "transposed", case),
        CheckResult("numeric", "numerical gradient", 0, 100, Outcome.FAILED, "dw differs numerically.", None, again),
        CheckResult("rounding", "accuracy", 50, 100, Outcome.PARTIAL, IN_PROPORTION),
        CheckResult("form", "form", 50, 50, Outcome.PASSED),
        CheckResult("manners", "manners", 25, 50, Outcome.PARTIAL, IN_PROPORTION),
        most=700,
        line=57,
        printed=("dw (2, 1)", "[[1.  2.]"),
        evidence=(Evidence("cases", "40 cases drawn by Hypothesis"),),
    )


def every_outcome() -> Report:
    """Return one problem for each way in which one can end."""
    raised = "tanh_backward raised ValueError: shapes (3,4) and (4,3) (layers.py, line 34: `dx = dout @ cache`)"
    slow = "sigmoid_backward took longer than 2 s and was stopped."
    return report(
        problem("relu_backward", Outcome.PASSED, message="judged against your own relu_forward"),
        partly(),
        problem(
            "softmax_loss",
            Outcome.FAILED,
            CheckResult("loss", "the loss", 0, 500, Outcome.FAILED, "loss differs in 31 of 40 cases."),
            most=500,
        ),
        problem("squared_loss", Outcome.NOT_IMPLEMENTED, most=300, message="not implemented yet"),
        problem(
            "tanh_backward",
            Outcome.ERROR,
            CheckResult("dx", "dx, the gradient of x", 0, 200, Outcome.ERROR, raised),
            CheckResult("form", "form", 0, 100, Outcome.ERROR, raised),
            most=300,
        ),
        problem(
            "sigmoid_backward",
            Outcome.TIMEOUT,
            CheckResult("dx", "dx, the gradient of x", 0, 300, Outcome.TIMEOUT, slow),
            most=300,
        ),
        problem(
            "norm_backward",
            Outcome.BLOCKED,
            file=NORMS,
            message="waits for norm_forward, which is not implemented yet",
        ),
        problem(
            "norm_backward_alt",
            Outcome.BLOCKED,
            file=NORMS,
            message="cannot be judged until norm_forward works: out is None.",
        ),
        notes=("matplotlib was replaced by a stand-in.",),
    )


def hostile() -> Report:
    """Return a report in which every string that could come from a student is an attack."""
    case = Case({HOSTILE: (1,)}, Worst((0,), HOSTILE, float("nan"), float("inf"), 1e-8), HOSTILE, f"x = 1\n{HOSTILE}")
    check = CheckResult(HOSTILE, HOSTILE, 0, 1000, Outcome.FAILED, HOSTILE * 9 + "A" * 100_000, HOSTILE, case)
    bad = problem(
        HOSTILE,
        Outcome.FAILED,
        check,
        most=1000,
        message=HOSTILE,
        file=HOSTILE,
        printed=(HOSTILE, "B" * 100_000, "漢" * 200),
        evidence=(Evidence(HOSTILE, HOSTILE),),
    )
    waiting = problem("x" * 500, Outcome.BLOCKED, message=f"waits for {HOSTILE}: {HOSTILE}", file="")
    return report(
        bad,
        waiting,
        submission=HOSTILE + "y" * 500,
        notes=(HOSTILE,),
        evidence=(Evidence(HOSTILE, HOSTILE),),
        bank_hash=HOSTILE,
        isolation=Isolation(1, (HOSTILE,), (HOSTILE,)),
    )


def faulty() -> Report:
    """Return a report of a fault of ours."""
    return report(fault="hw3: the saved test cases have schema 2, wanted 1. Build them again.")
