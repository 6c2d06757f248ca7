"""The students' package, unpacked where nothing else is: its own wheel, its public cases, no solutions."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile

import pytest
from conftest import surroundings
from submissions import FILES, ROOT, SOLUTIONS, replace_function

from grader.authoring.leaks import leaks

GIVEN = {"assignment.py", "README.md", "hints.md", "experiments.py", "hw3.ipynb", "cases.bank"}
WRONG = """
def affine_backward(dout, cache):
    x, w, b = cache
    rows = x.reshape(len(x), -1)
    return (dout @ w.T).reshape(x.shape), rows.T @ dout, dout.mean(axis=0)
"""


@pytest.fixture(scope="module")
def package(command, tmp_path_factory):
    """Return the zip that `grader release hw3 --zip` makes."""
    file = tmp_path_factory.mktemp("package") / "hw3.zip"
    done = command("release", "hw3", "--zip", file)
    assert (done.returncode, done.stderr) == (0, "")
    return file


@pytest.fixture(scope="module")
def unpacked(package, tmp_path_factory):
    """Return the package's folder, its wheel unpacked beside it."""
    root = tmp_path_factory.mktemp("student")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(root)
    (wheel,) = (root / "hw3").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(root / "installed")
    return root / "hw3"


@pytest.fixture
def student(unpacked, tmp_path):
    """Return a folder of one's own, and a function that runs a Python module of the wheel in it."""
    folder = shutil.copytree(unpacked, tmp_path / "hw3")

    def run(*arguments):
        environment = surroundings(tmp_path / "cache", {"PYTHONPATH": str(unpacked.parent / "installed")})
        command = [sys.executable, "-m", *map(str, arguments)]
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
        )

    return folder, run


def put_reference(folder, **functions):
    for file in FILES:
        source = (SOLUTIONS / file).read_text(encoding="utf-8")
        for name, code in functions.items():
            source = replace_function(source, name, code) if f"def {name}(" in source else source
        (folder / "assignments" / "hw3" / file).write_text(source, encoding="utf-8")


def test_it_is_one_folder_with_everything_in_it(package):
    names = set(zipfile.ZipFile(package).namelist())
    assert {name.split("/")[0] for name in names} == {"hw3"}
    inner = {name.removeprefix("hw3/assignments/hw3/") for name in names if "/assignments/" in name}
    assert inner == {*FILES, *GIVEN}
    assert {"hw3/README.md", "hw3/pytest.ini", "hw3/.vscode/settings.json"} <= names


def test_it_holds_nothing_of_the_solutions(package):
    """No statement of the reference and no file of the solutions, neither in a file nor in one of the wheel's."""
    archive = zipfile.ZipFile(package)
    files = {name: archive.read(name) for name in archive.namelist()}
    (wheel,) = [name for name in files if name.endswith(".whl")]
    inner = zipfile.ZipFile(io.BytesIO(files[wheel]))
    files |= {name: inner.read(name) for name in inner.namelist()}
    texts = {name: data.decode("latin-1") for name, data in files.items()}
    declared = json.loads(archive.read("hw3/assignments/hw3/hw3.ipynb"))
    assert all(not cell.get("outputs") for cell in declared["cells"])
    for file in FILES:
        source = (SOLUTIONS / file).read_text(encoding="utf-8")
        stub = texts[f"hw3/assignments/hw3/{file}"]
        graded = {name for name in graded_functions() if f"def {name}(" in stub}
        assert graded
        assert leaks(source, graded, texts) == []
    for path in SOLUTIONS.glob("*.py"):
        assert path.read_bytes() not in files.values() or path.name == "experiments.py"
    assert not [name for name in texts if "solutions/" in name and "templates/" not in name]


def graded_functions():
    from grader import assignment as assignments

    return [problem.id for problem in assignments.load(assignments.Course(ROOT), "hw3").problems]


def test_the_same_sources_give_the_same_bytes(command, package, tmp_path):
    command("release", "hw3", "--zip", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == package.read_bytes()


def test_stubs_have_0_and_the_reference_100(student):
    folder, run = student
    done = run("grader", "run", "hw3")
    assert (done.returncode, done.stderr) == (1, "")
    assert "0 / 100" in done.stdout.splitlines()[0]
    put_reference(folder)
    done = run("grader", "run", "hw3", "--json", "-")
    report = json.loads(done.stdout)
    assert (done.returncode, report["score"], report["seed"]) == (0, 100.0, 0)


def test_the_cases_are_the_public_ones(student, command):
    """The same cases as where the solutions are: the hash says so."""
    folder, run = student
    put_reference(folder)
    here = json.loads(run("grader", "run", "hw3", "--json", "-", "--problem", "relu_backward").stdout)
    there = json.loads(command("run", "hw3", "--json", "-", "--submission", folder / "assignments" / "hw3").stdout)
    assert here["bank"] == there["bank"] is not None
    assert run("grader", "run", "hw3", "--seed", "5").returncode == 2


def test_explore_judges_by_finite_differences(student):
    folder, run = student
    put_reference(folder, affine_backward=WRONG)
    done = run("grader", "explore", "hw3", "affine_backward", "--seconds", "3")
    assert (done.returncode, done.stderr) == (1, "")
    assert "db is not the derivative of your own" in " ".join(done.stdout.split())
    assert (folder / "repro_affine_backward.py").is_file()


def test_pytest_finds_every_problem(student):
    """Without arguments, as an editor asks: one test a problem, named like the function."""
    folder, run = student
    done = run("pytest", "--collect-only", "-q", "-p", "no:randomly")
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert [line.rpartition("::")[2] for line in found] == graded_functions()
    put_reference(folder, affine_backward=WRONG)
    done = run("pytest", "-q", "-p", "no:randomly", "-k", "affine_backward or relu_backward")
    assert "1 failed, 3 passed" in done.stdout


def test_the_readme_names_what_is_there(unpacked):
    text = (unpacked / "README.md").read_text(encoding="utf-8")
    (wheel,) = unpacked.glob("*.whl")
    assert f"pip install ./{wheel.name}" in text
    assert "@" not in text


def test_the_wheel_asks_for_what_the_project_asks_for(unpacked):
    """Requirements and commands of the installed project, without those of its extras."""
    (about,) = (unpacked.parent / "installed").glob("grader-*.dist-info")
    needed = [line for line in (about / "METADATA").read_text().splitlines() if line.startswith("Requires-Dist: ")]
    assert any(line.startswith("Requires-Dist: hypothesis") for line in needed)
    assert not any("ruff" in line or "extra" in line for line in needed)
    assert "[console_scripts]\ngrader = grader.cli:main" in (about / "entry_points.txt").read_text()
    assert "[pytest11]" in (about / "entry_points.txt").read_text()


def test_a_handout_that_quotes_the_solution_stops_it(command, tmp_path):
    """What would give a solution away is not packed; one line says what and where."""
    course = tmp_path / "course"
    (course / "assignments").mkdir(parents=True)
    command("new", "hw9", cwd=course)
    layers = (course / "solutions" / "hw9" / "layers.py").read_text(encoding="utf-8")
    statement = max((line.strip() for line in layers.splitlines() if "return" in line), key=len)
    with (course / "assignments" / "hw9" / "hints.md").open("a", encoding="utf-8") as file:
        file.write(f"\n4. Write {statement} and be done.\n")
    done = command("release", "hw9", "--zip", "hw9.zip", cwd=course)
    assert done.returncode == 2
    assert "would give away a solution" in done.stderr
    assert not os.path.exists(course / "hw9.zip")


def test_check_and_zip_do_not_go_together(command):
    done = command("release", "hw3", "--check", "--zip", "x.zip")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--check" in done.stderr
