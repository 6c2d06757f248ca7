"""`grader run`, as a student types it: scores, exit statuses, reports, and where it may be called from."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import PROGRAM, surroundings
from submissions import FILES, ROOT, SOLUTIONS, STUBS, write_submission

from grader import assignment as assignments
from grader import bank

# --- stubs and solutions ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def solved(grade):
    return grade("solutions/hw3")


def test_stubs_score_nothing_and_need_no_bank(grade, tmp_path):
    """The first run: 0 / 100, every problem 'not implemented yet', and at once: no test case is built."""
    outcome = grade("assignments/hw3", XDG_CACHE_HOME=str(tmp_path))
    assert outcome.status == 1
    assert (outcome.report["score"], outcome.report["max_score"]) == (0.0, 100.0)
    assert {problem["status"] for problem in outcome.report["problems"]} == {"not_implemented"}
    assert {problem["message"] for problem in outcome.report["problems"]} == {"not implemented yet"}
    assert outcome.report["bank"] is None
    assert list(tmp_path.rglob("*")) == []


def test_stubs_are_what_is_graded_by_default(command):
    done = command("run", "hw3")
    assert done.returncode == 1
    assert "0 / 100" in done.stdout.splitlines()[0]
    assert done.stdout.count("not implemented yet") == 17
    assert done.stderr == ""


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_reference_scores_full_marks_for_every_seed(seed, grade):
    outcome = grade("solutions/hw3", "--seed", seed)
    assert outcome.incomplete == set()
    assert (outcome.status, outcome.report["score"], outcome.report["seed"]) == (0, 100.0, seed)


def test_full_marks_say_how_they_were_checked(solved):
    """Reference, finite differences and statistics stand in every report."""
    assert "100 / 100" in solved.text.splitlines()[0]
    for words in ("cases drawn by Hypothesis", "finite differences", "variance ratio by layer"):
        assert words in solved.text


# --- what cannot be done ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "hw33"], "did you mean 'hw3'?"),
        (["run", "hw3", "--problem", "batchnorm_bakward"], "did you mean 'batchnorm_backward'?"),
        (["run", "hw3", "--sed", "1"], "--sed"),
        (["run", "hw3", "--seed", "one"], "--seed"),
        (["run", "hw3", "--seed", "-1"], "--seed"),
        (["run"], "HW"),
        (["rum", "hw3"], "rum"),
        (["run", "hw3", "--submission", "no/such/folder"], "no/such/folder does not exist"),
        (["run", "hw3", "--submission", "README.md"], "README.md is no submission"),
        (["run", "hw3", "--json", "-", "--junit", "-"], "standard output"),
        (["run", "hw3", "--json", "-", "--html", "-"], "standard output"),
        (["run", "hw3", "--json", "no/such/folder/report.json"], "no/such/folder"),
        (["hint", "hw3", "nothing"], "no problem 'nothing'"),
        (["cases", "hw3", "nothing"], "no problem 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_status_2(arguments, words, command):
    done = command(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("grader: ")
    assert words in line
    assert "Traceback" not in line


def test_an_empty_folder_is_refused_with_what_was_wanted(command, tmp_path):
    done = command("run", "hw3", "--submission", tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "is empty; wanted layers.py" in line


def test_outside_of_a_course_it_says_where_to_go(command, tmp_path):
    done = command("run", "hw3", cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "no assignments/ folder" in line


def test_without_a_command_the_help_is_shown(command):
    """As help, line by line: not squeezed into an error message."""
    done = command()
    shown = (done.stdout or done.stderr).splitlines()
    assert len(shown) > 5
    assert any("run" in line and "Grade a submission" in line for line in shown)


# --- reports ------------------------------------------------------------------------------------------------


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def exact(points):
    """Return points as hundredths; fail if they are none."""
    hundredths = Fraction(str(points)) * 100
    assert hundredths.denominator == 1
    return int(hundredths)


TOP = {"schema", "assignment", "submission", "score", "max_score", "seed", "problems", "isolation", "duration_s"}
PROBLEM = {"id", "title", "score", "max_score", "status", "checks"}
CHECK = {"id", "title", "score", "max_score", "status", "message", "mistake", "case"}
STATUSES = {"passed", "partial", "failed", "not_implemented", "error", "timeout", "blocked"}
FLAWED = {
    "affine_backward": """
        def affine_backward(dout, cache):
            x, w, b = cache
            rows = x.reshape(len(x), -1)
            return (dout @ w.T).reshape(x.shape), rows.T @ dout, dout.mean(axis=0)
        """,
    "tanh_backward": """
        def tanh_backward(dout, cache):
            return dout * np.nan
        """,
    "squared_loss": """
        def squared_loss(h, z):
            return np.inf, 2 * (h - z)
        """,
    "xavier_normal": """
        def xavier_normal(fan_in, fan_out, rng):
            return rng.standard_normal((fan_in, fan_out)) / (fan_in + fan_out)
        """,
}


@pytest.fixture(scope="module")
def flawed(tmp_path_factory):
    """Return a submission with partial points, numbers that are not finite, and everything else right."""
    return write_submission(tmp_path_factory.mktemp("flawed"), FLAWED)


@pytest.fixture(scope="module")
def junit(tmp_path_factory):
    return tmp_path_factory.mktemp("junit") / "report.xml"


@pytest.fixture(scope="module")
def graded(grade, flawed, junit):
    """Return what grading the flawed submission gave, 60 columns wide, with a JUnit report aside."""
    return grade(flawed, "--junit", junit, COLUMNS="60", TERM="xterm-256color", COLORTERM="truecolor")


@pytest.fixture(scope="module")
def printed_json(command, flawed):
    return command("run", "hw3", "--submission", flawed, "--json", "-")


def test_json_on_standard_output_is_all_that_is_there(printed_json):
    """One strict JSON document: no NaN, no Infinity, nothing before or behind."""
    assert printed_json.returncode == 1
    assert printed_json.stderr == ""
    report = json.loads(printed_json.stdout, parse_constant=refuse)
    assert report["assignment"] == "hw3"


def test_json_has_the_keys_of_schema_1(printed_json):
    report = json.loads(printed_json.stdout)
    assert report["schema"] == 1
    assert report.keys() >= TOP | {"grader_version"}
    assert report["isolation"].keys() >= {"level", "layers", "missing"}
    for problem in report["problems"]:
        assert problem.keys() >= PROBLEM
        assert problem["status"] in STATUSES
        for check in problem["checks"]:
            assert check.keys() >= CHECK
            assert check["status"] in STATUSES
            assert check["case"] is None or check["case"].keys() >= {"shapes", "worst"}


def test_a_failing_case_names_its_worst_entry(printed_json):
    """Index, got, expected, relative error; what is not finite is a string."""
    report = json.loads(printed_json.stdout)
    worst = {
        (problem["id"], check["id"]): check["case"]["worst"]
        for problem in report["problems"]
        for check in problem["checks"]
        if check["case"] and check["case"]["worst"]
    }
    assert worst["affine_backward", "db"].keys() >= {"index", "got", "expected", "relative_error"}
    assert worst["tanh_backward", "dx"]["got"] == "nan"
    assert worst["squared_loss", "loss"]["got"] == "inf"
    assert all(math.isfinite(one["expected"]) for one in worst.values())


def test_points_are_exact(printed_json):
    """Findings sum to their problem and problems to the total, to the hundredth."""
    report = json.loads(printed_json.stdout)
    for problem in report["problems"]:
        for key in ("score", "max_score"):
            assert sum(exact(check[key]) for check in problem["checks"]) == exact(problem[key])
    for key in ("score", "max_score"):
        assert sum(exact(problem[key]) for problem in report["problems"]) == exact(report[key])
    assert exact(report["max_score"]) == 10_000
    assert 0 < report["score"] < 100


def test_a_page_on_standard_output_is_all_that_is_there(command, flawed):
    """One HTML document with pictures of what is wrong; the exit status is as ever."""
    done = command("run", "hw3", "--submission", flawed, "--html", "-", "--problem", "init_network")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("<!doctype html>")
    assert done.stdout.rstrip().endswith("</html>")
    assert done.stdout.count("<svg") >= 4


def test_junit_parses_and_tells_right_from_wrong(graded, junit):
    root = ElementTree.parse(junit).getroot()
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    passed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is None}
    assert len(failed) + len(passed) >= 17
    assert failed
    assert passed


def test_selected_problems_are_the_whole_report(grade, flawed):
    """`--problem` twice: two problems, in the assignment's order, and totals over these two."""
    outcome = grade(flawed, "--problem", "tanh_backward", "--problem", "relu_backward")
    assert list(outcome.problems) == ["relu_backward", "tanh_backward"]
    assert (outcome.report["score"], outcome.report["max_score"]) == (4.0, 7.0)
    assert outcome.status == 1


def test_a_selection_that_is_right_is_full_marks(grade, flawed):
    outcome = grade(flawed, "--problem", "relu_backward")
    assert (outcome.status, outcome.report["score"], outcome.report["max_score"]) == (0, 4.0, 4.0)


def test_output_into_a_pipe_has_no_escape_codes(graded):
    assert "\x1b" not in graded.text + graded.errors


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_a_terminal_has_colours_unless_it_is_asked_not_to(environment, coloured, on_terminal):
    shown = on_terminal("run", "hw3", "--problem", "relu_backward", **{"TERM": "xterm", **environment})
    assert "relu_backward" in shown
    assert ("\x1b" in shown) is coloured


def test_no_line_is_wider_than_the_terminal_but_code(graded):
    wide = [line for line in graded.text.splitlines() if len(line) > 60]
    assert [line for line in wide if "=" not in line and "#" not in line] == []


def without(report, *keys):
    return {key: value for key, value in report.items() if key not in keys}


def test_no_isolation_gives_the_same_report(grade, flawed, graded):
    """Same scores, same sentences, same cases: only the time and the isolation differ."""
    here = grade(flawed, "--no-isolation")
    assert without(here.report, "duration_s", "isolation") == without(graded.report, "duration_s", "isolation")
    assert here.report["isolation"]["level"] == 0
    assert here.status == graded.status == 1


def test_the_same_submission_gives_the_same_report(printed_json, graded):
    """In a second process, and whatever the terminal."""
    assert without(json.loads(printed_json.stdout), "duration_s") == without(graded.report, "duration_s")


# --- where from, and in which wrapping ----------------------------------------------------------------------


def test_it_runs_from_inside_the_assignment(command):
    """And names the files as one sees them from there."""
    done = command("run", "hw3", cwd=STUBS)
    assert done.returncode == 1
    assert "0 / 100" in done.stdout.splitlines()[0]
    assert "assignments/hw3/layers.py" not in done.stdout


def test_a_submission_path_is_taken_from_where_one_stands(command):
    done = command("run", "hw3", "--submission", "../../solutions/hw3", "--problem", "relu_backward", cwd=STUBS)
    assert done.returncode == 0


@pytest.fixture(scope="module")
def package(tmp_path_factory, command, cache):
    """Return a student's package: assignments with the saved test cases, no solutions."""
    root = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "assignments", root / "assignments", ignore=shutil.ignore_patterns("__pycache__"))
    course = assignments.Course(ROOT)
    source = bank.BankSource(course, assignments.load(course, "hw3"), 0, cache / "grader")
    command("run", "hw3", "--submission", "solutions/hw3", "--problem", "relu_backward")  # Builds it, once.
    built = cache / "grader" / f"hw3-0-{source.key(SOLUTIONS)}.bank"
    data = built.read_bytes() if built.is_file() else bank.build(source.assignment, SOLUTIONS, 0)
    (root / "assignments" / "hw3" / bank.SHIPPED).write_bytes(data)
    return root


def test_a_students_package_needs_no_solutions(package, grade, solved, tmp_path):
    """The same score, the same cases, and nothing is built."""
    outcome = grade(SOLUTIONS, cwd=package, XDG_CACHE_HOME=str(tmp_path))
    assert (outcome.status, outcome.report["score"]) == (0, 100.0)
    assert outcome.report["bank"] == solved.report["bank"]
    assert list(tmp_path.rglob("*")) == []


def test_a_students_package_has_only_its_own_seed(package, command):
    done = command("run", "hw3", "--seed", "7", "--submission", SOLUTIONS, cwd=package)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "seed 0" in line


def test_a_package_without_its_cases_says_so(package, command, tmp_path):
    shutil.copytree(package, tmp_path / "copy")
    (tmp_path / "copy" / "assignments" / "hw3" / bank.SHIPPED).unlink()
    done = command("run", "hw3", "--submission", SOLUTIONS, cwd=tmp_path / "copy")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert bank.SHIPPED in line
    assert "unpack the assignment's package again" in line


def test_a_package_with_damaged_cases_says_so(package, command, tmp_path):
    shutil.copytree(package, tmp_path / "copy")
    file = tmp_path / "copy" / "assignments" / "hw3" / bank.SHIPPED
    file.write_bytes(file.read_bytes()[:5000])
    done = command("run", "hw3", "--submission", SOLUTIONS, cwd=tmp_path / "copy")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "damaged" in line


@pytest.mark.parametrize("folder", ["", "hw3/"])
def test_a_zip_of_the_solutions_scores_full_marks(folder, grade, tmp_path):
    path = tmp_path / "hw3.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in FILES:
            archive.write(SOLUTIONS / file, folder + file)
    outcome = grade(path)
    assert (outcome.status, outcome.report["score"]) == (0, 100.0)


def test_a_tar_of_the_solutions_scores_full_marks(grade, tmp_path):
    path = tmp_path / "hw3.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file in FILES:
            archive.add(SOLUTIONS / file, f"hw3/{file}")
    outcome = grade(path)
    assert (outcome.status, outcome.report["score"]) == (0, 100.0)


def test_a_single_file_is_graded_for_what_it_holds(grade):
    """Its own problems in full; the others say which file is missing."""
    outcome = grade(SOLUTIONS / "layers.py")
    assert outcome.report["score"] == 33.0
    for name in ("xavier_normal", "batchnorm_forward"):
        assert outcome.status_of(name) == "error"
        assert "is missing from the submission" in outcome.messages(name)


# --- beside run ---------------------------------------------------------------------------------------------


def test_list_shows_every_assignment_with_its_points(command, tmp_path):
    done = command("list", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 0
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("hw3")]
    assert "- / 100  Backward passes" in line


def test_hints_come_one_by_one(command, tmp_path):
    shown = [command("hint", "hw3", "relu_backward", XDG_STATE_HOME=str(tmp_path)).stdout for _ in range(2)]
    assert [text.split(" for ")[0] for text in shown] == ["Hint 1 of 3", "Hint 2 of 3"]
    assert shown[0].splitlines()[2:] != shown[1].splitlines()[2:]


def test_cases_are_code_that_the_reference_satisfies(command, tmp_path):
    """What `grader cases` prints runs beside the files, and the printed answers are the right ones."""
    done = command("cases", "hw3", "relu_backward", "--limit", "3")
    assert done.returncode == 0
    assert done.stdout.startswith("import numpy as np\nfrom layers import *\n")
    assert done.stdout.count("# Case ") == 3
    compile(done.stdout, "cases.py", "exec")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
def test_a_full_disk_is_not_taken_for_missing_points(cache):
    """One line and status 2: 1 would say that the submission was graded."""
    with open("/dev/full", "w") as full:
        arguments = [str(PROGRAM), "run", "hw3"]
        environment = surroundings(cache, {})
        done = subprocess.run(arguments, cwd=ROOT, env=environment, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2
    assert done.stderr == b"grader: the system refused: [Errno 28] No space left on device\n"


def test_a_report_is_whole_also_where_the_next_cannot_be_written(command, tmp_path):
    """What was printed before a failure is not lost with the process."""
    one = ("run", "hw3", "--problem", "affine_backward")  # Little enough to wait in a buffer.
    done = command(*one, "--json", "-", "--html", tmp_path / "nowhere" / "page.html")
    assert done.returncode == 2
    assert done.stderr.startswith("grader: cannot write ")
    assert json.loads(done.stdout)["assignment"] == "hw3"


def test_a_reader_that_leaves_is_no_failure(cache):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as pipe:
        arguments = [str(PROGRAM), "run", "hw3"]
        environment = surroundings(cache, {})
        done = subprocess.run(arguments, cwd=ROOT, env=environment, stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
