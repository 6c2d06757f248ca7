"""Gradescope: settings, results, rate limit and package, each by itself."""

from __future__ import annotations

import ast
import io
import json
import os
import subprocess
import zipfile
from fractions import Fraction

import pytest
from results_schema import check_results

from grader.authoring.wheel import build_wheel, write_zip
from grader.errors import IntakeError, UsageError
from grader.gradescope import harness, rate
from grader.gradescope.package import REQUIREMENTS, build_probe
from grader.gradescope.results import combine, fault, refused_submission, results, scaled
from grader.gradescope.settings import Settings, parse_rate
from grader.report import Case, CheckResult, Isolation, Outcome, ProblemResult, Report, Worst

# --- settings -----------------------------------------------------------------------------------------------


def test_settings_come_back_from_the_zip(tmp_path):
    settings = Settings("hw3", 2, "after_due_date", 300.0, (5, 24.0), True)
    (tmp_path / "config.json").write_text(settings.to_json(), encoding="utf-8")
    assert Settings.read(tmp_path) == settings


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"visibility": "secret"}, "'secret' is no visibility"),
        ({"level": 7}, "isolation levels are 0 to 4, got 7"),
        ({"budget_s": 3.0}, "at least 30 s"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(fields, words):
    with pytest.raises(UsageError, match=words):
        Settings(**fields)


def test_a_rate_is_a_count_and_hours():
    assert parse_rate("5/24") == (5, 24.0)
    for text in ("", "5", "5/", "/24", "0/24", "5/0", "-1/3", "a/b", "5/nan"):
        with pytest.raises(UsageError, match="COUNT/HOURS"):
            parse_rate(text)


# --- results ------------------------------------------------------------------------------------------------

SECRET = "3.14159265"


def problem(name, *scores, status=Outcome.PARTIAL, message="", most=100):
    """Return a problem of equal findings with the given hundredths."""
    case = Case({"x": (2, 3)}, Worst((0, 1), SECRET, SECRET, 0.5), f"why {SECRET}", f"x = {SECRET}")
    checks = tuple(
        CheckResult(
            f"row{i}",
            f"row {i}",
            score,
            most,
            Outcome.PASSED if score == most else Outcome.FAILED,
            message if score < most else "",
            None,
            case if score < most else None,
        )
        for i, score in enumerate(scores)
    )
    return ProblemResult(name, name, status, checks, most * len(scores), file="layers.py", line=3)


def report(*problems):
    return Report("hw3", "submission", problems, 0, Isolation(4, ("uid",), ()), 0.25, "1", "hash")


def document(public, hidden, settings=Settings("hw3"), worth="20.0"):  # noqa: B008
    found = results(combine(public, hidden), public, hidden, settings, worth)
    check_results(found)
    return found


def test_a_finding_earns_what_it_earns_on_both_banks():
    found = document(report(problem("f", 100, 100, 0)), report(problem("f", 100, 0, 100)))
    assert found["score"] == 1.0
    assert [test["score"] for test in found["tests"]] == [1.0]
    assert [test["max_score"] for test in found["tests"]] == [3.0]


def test_full_marks_are_passed():
    found = document(report(problem("f", 100)), report(problem("f", 100)))
    assert found["tests"][0]["status"] == "passed"
    assert found["tests"][0]["output"] == "Public cases: all right.\nHidden cases: 1 of 1 checks passed."


def test_nothing_of_a_hidden_case_is_shown():
    """Not even through the text of an exception, which a submission can choose."""
    hidden = problem("f", 100, 0, message=f"f raised ValueError: {SECRET}")
    found = document(report(problem("f", 100, 100)), report(hidden))
    assert SECRET not in json.dumps(found)
    assert "not passed: row 1 (wrong)" in found["tests"][0]["output"]


def test_the_public_report_is_shown_in_full():
    public = problem("f", 100, 0, message="dx differs in 3 of 48 cases.")
    found = document(report(public), report(problem("f", 100, 100)))
    assert "dx differs in 3 of 48 cases." in found["tests"][0]["output"]


def test_text_of_a_student_cannot_write_to_the_page():
    """Terminal codes of theirs are gone; only ours are left in the output."""
    public = problem("f", 0, message="f raised E: \x1b[2Jgone\x07 <script>alert(1)</script>")
    output = document(report(public), report(problem("f", 100)))["tests"][0]["output"]
    assert "\x1b[2J" not in output
    assert "\x07" not in output


def test_a_maximum_is_never_lost():
    """Whatever the status, every problem has its test and its maximum."""
    problems = [problem(f"f{i}", 0, status=status) for i, status in enumerate(Outcome)]
    found = document(report(*problems), report(*problems))
    assert sum(test["max_score"] for test in found["tests"]) == len(problems)
    assert [test["number"] for test in found["tests"]] == [str(i + 1) for i in range(len(problems))]


@pytest.mark.parametrize("worth", ["20.0", "7", "33.33", "0.17", "100", "1000"])
def test_scaled_points_add_up_exactly(worth):
    most = [800, 400, 300, 500, 1200, 700, 600]
    shares = scaled(most, worth)
    assert Fraction(sum(shares), 100) == Fraction(worth)
    problems = [problem(f"f{i}", one, most=one) for i, one in enumerate(most)]
    found = document(report(*problems), report(*problems), Settings("hw3", scale=True), worth)
    assert found["score"] == float(worth)
    assert sum(round(test["score"] * 100) for test in found["tests"]) == sum(shares)


def test_hidden_results_are_hidden_by_visibility():
    found = document(report(problem("f", 0)), report(problem("f", 0)), Settings("hw3", visibility="after_published"))
    assert found["tests"][0]["visibility"] == "after_published"


def test_a_fault_is_a_valid_document_and_blames_no_student():
    found = fault("The disk is full.", 1.5)
    check_results(found)
    assert "not judged" in found["output"]
    assert found["extra_data"]["fault"] == "The disk is full."
    check_results(refused_submission("no wanted file \x1b[0m", 0.1))


# --- the harness, whatever happens ----------------------------------------------------------------------------


def layout(folder, text):
    """Return a root like the platform's with these metadata and an assignment that cannot be graded."""
    (folder / "source").mkdir()
    (folder / "source" / "config.json").write_text(Settings("hw3").to_json(), encoding="utf-8")
    (folder / "submission_metadata.json").write_text(text, encoding="utf-8")
    return folder


def written(root):
    found = json.loads((root / harness.RESULTS).read_text(encoding="utf-8"))
    check_results(found)
    return found


@pytest.mark.parametrize("text", ["", "null", "[]", '{"previous_submissions": 3}', "[" * 100_000])
def test_metadata_that_cannot_be_read_do_not_stop_a_run(tmp_path, text):
    root = layout(tmp_path, text)
    harness.run(root)
    assert written(root)["extra_data"]["fault"] == "no assignment 'hw3'"


@pytest.mark.parametrize(("error", "key"), [(IntakeError("no archive"), "refused"), (ValueError("x"), "fault")])
def test_what_is_not_judged_keeps_the_memory_of_what_was(tmp_path, monkeypatch, error, key):
    """Otherwise a broken archive would lift the rate limit."""

    def judge(*_):
        raise error

    monkeypatch.setattr(harness, "judge", judge)
    root = layout(tmp_path, json.dumps(metadata(NOW, ["2026-11-24T10:00:00-08:00"])))
    harness.run(root)
    assert key in written(root)["extra_data"]
    assert written(root)["extra_data"][rate.GRADED] == ["2026-11-24T10:00:00-08:00"]


def test_the_text_of_a_fault_is_for_instructors(tmp_path, monkeypatch, capsys):
    """It may hold a value of a hidden case: students see its kind, and results/stdout the rest."""

    def judge(*_):
        raise ValueError(SECRET)

    monkeypatch.setattr(harness, "judge", judge)
    root = layout(tmp_path, "{}")
    harness.run(root)
    assert SECRET not in json.dumps(written(root))
    assert "ValueError" in written(root)["output"]
    assert SECRET in capsys.readouterr().err


def test_results_that_cannot_be_written_leave_those_that_are_there(tmp_path, monkeypatch):
    harness.write(tmp_path / "results.json", fault("first"))

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match="No space"):
        harness.write(tmp_path / "results.json", fault("second"))
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]
    assert "first" in (tmp_path / "results.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("told", "worth"),
    [
        ("20.0", "20.0"),
        (7, "7"),
        *[(text, "100") for text in ("0", "-1", "inf", "nan", "1e999999999", "1/3", "", None, [], "twenty")],
    ],
)
def test_a_form_without_sensible_points_is_worth_100(told, worth):
    assert harness.find_worth({"assignment": {"total_points": told}}) == worth


@pytest.mark.skipif(os.name != "posix", reason="a shell script")
@pytest.mark.parametrize(("blocks", "files"), [("unlimited", ["results.json"]), ("0", [])])
def test_a_full_disk_leaves_no_half_a_file(tmp_path, blocks, files):
    """The script writes aside; here the grader does not even start, and what is there must be valid."""
    script = files_of(build_probe())["run_autograder"].decode()
    command = f"ulimit -f {blocks}; {script}"
    environment = {**os.environ, "AUTOGRADER_ROOT": str(tmp_path)}
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert sorted(os.listdir(tmp_path / "results")) == files
    if files:
        assert "did not start" in written(tmp_path)["output"]


# --- rate ---------------------------------------------------------------------------------------------------


def metadata(created, graded, output="Total"):
    latest = {"score": 55.0, "output": output, "tests": [], "extra_data": {rate.GRADED: graded}}
    return {"created_at": created, "previous_submissions": [{"score": 1.0}, {"score": 55.0, "results": latest}]}


NOW = "2026-11-24T12:00:00.000000-08:00"


def test_the_third_in_a_day_is_refused_and_keeps_the_latest_results():
    found = rate.refusal(metadata(NOW, ["2026-11-24T10:00:00-08:00", "2026-11-24T19:00:00+00:00"]), (2, 24.0))
    assert found["score"] == 55.0
    assert found["output"].startswith("Not graded: at most 2 submissions in 24 hours are.")
    assert "after 2026-11-25 10:00" in found["output"]
    assert found["output"].endswith("\n\nTotal")
    check_results(found)


def test_a_refusal_does_not_count_and_is_not_repeated_in_the_text():
    first = rate.refusal(metadata(NOW, ["2026-11-24T10:00:00-08:00"]), (1, 24.0))
    again = {"created_at": NOW, "previous_submissions": [{"results": first}]}
    second = rate.refusal(again, (1, 24.0))
    assert second["extra_data"][rate.GRADED] == ["2026-11-24T10:00:00-08:00"]
    assert second["output"].count("Not graded") == 1


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"created_at": NOW},
        metadata(NOW, []),
        metadata(NOW, ["2026-11-20T10:00:00-08:00"]),
        metadata(NOW, ["nonsense", 3, None]),
        metadata("nonsense", ["2026-11-24T10:00:00-08:00"]),
        {"created_at": NOW, "previous_submissions": [{"autograder_error": True}]},
        {"created_at": NOW, "previous_submissions": "none"},
    ],
)
def test_what_is_not_known_is_graded(found):
    """Better one graded too many than one lost."""
    assert rate.refusal(found, (1, 24.0)) is None


def test_a_rerun_of_one_submission_does_not_count_against_it():
    assert rate.refusal(metadata(NOW, [NOW]), (1, 24.0)) is None


def test_a_fault_of_ours_is_no_result_that_stands():
    told = metadata(NOW, ["2026-11-24T10:00:00-08:00"])
    told["previous_submissions"][-1]["results"]["extra_data"]["fault"] = "The run did not come to its end."
    assert rate.refusal(told, (1, 24.0)) is None


def test_the_next_time_is_when_enough_have_passed():
    """Also where more were graded than the rate now allows."""
    found = rate.refusal(metadata(NOW, [f"2026-11-24T{hour:02}:00:00-08:00" for hour in (8, 9, 10)]), (2, 24.0))
    assert "after 2026-11-25 09:00" in found["output"]


def test_without_a_rate_nothing_is_refused():
    assert rate.refusal(metadata(NOW, ["2026-11-24T10:00:00-08:00"] * 9), None) is None


# --- the package --------------------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_nothing_else():
    names = zipfile.ZipFile(io.BytesIO(build_wheel())).namelist()
    assert "grader/gradescope/harness.py" in names
    assert "grader/gradescope/templates/setup.sh" in names
    assert not [name for name in names if "cache" in name or name.endswith(".pyc")]
    assert [name for name in names if not name.startswith("grader/")] == [
        name for name in names if ".dist-info/" in name
    ]


def test_two_builds_are_the_same_bytes():
    assert build_probe() == build_probe()
    assert build_wheel() == build_wheel()


def test_a_zip_depends_on_names_and_contents_only():
    assert write_zip({"a": b"1", "b": b"2"}) == write_zip({"b": b"2", "a": b"1"})


def test_scripts_are_executable_and_use_an_environment_of_their_own():
    with zipfile.ZipFile(io.BytesIO(build_probe())) as archive:
        assert archive.getinfo("run_autograder").external_attr >> 16 == 0o100755
        assert archive.getinfo("setup.sh").external_attr >> 16 == 0o100755
        setup = archive.read("setup.sh").decode()
        script = archive.read("run_autograder").decode()
    assert setup.startswith("#!/usr/bin/env bash\n")
    assert "-m venv" in setup
    assert "conda" not in setup
    check_results(json.loads(script.split("<<'JSON'\n")[1].split("\nJSON")[0]))


def files_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_everything_that_is_installed_is_pinned():
    """What nbformat needs as well: an image that is built again must be the same."""
    from importlib.metadata import requires
    from re import match, split

    pinned = {line.split("==")[0] for line in REQUIREMENTS.splitlines()}
    assert all("==" in line for line in REQUIREMENTS.splitlines())
    todo, needed = ["nbformat"], set()
    while todo:
        name = todo.pop()
        needed.add(name)
        for text in requires(name) or []:
            wanted = match(r"[\w.-]+", text)[0]
            if "extra ==" not in text and "win32" not in text and wanted not in needed:
                todo.append(wanted)
    canonical = {split(r"[-_.]+", name.lower())[0] for name in pinned}
    assert {split(r"[-_.]+", name.lower())[0] for name in needed} <= canonical


def test_every_python_has_a_numpy_with_a_wheel():
    assert 'numpy==2.2.6 ; python_version < "3.11"' in REQUIREMENTS
    assert 'python_version >= "3.11"' in REQUIREMENTS


def test_what_runs_there_imports_numpy_and_the_engine_only():
    """None of the harness's modules, nor what they import at their top, names another package."""
    from pathlib import Path

    import grader

    package = Path(grader.__file__).parent
    seen, todo, outside = set(), ["grader.gradescope.harness"], set()
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        path = package.parent / Path(*module.split("."))
        path = path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.startswith("grader"):
                    inside = package.parent / Path(*name.split("."))
                    if inside.with_suffix(".py").is_file() or (inside / "__init__.py").is_file():
                        todo.append(name)
                else:
                    outside.add(name.split(".")[0])
    assert outside & {"hypothesis", "scipy", "click", "rich", "matplotlib", "nbformat", "jinja2", "pytest"} == set()
