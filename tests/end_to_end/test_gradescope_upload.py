"""The harness on the platform's layout, with submissions that mean well and ones that do not.

Everything but `setup.sh` runs here as it does there; `.ci/gradescope` runs that too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import zipfile

import pytest
from results_schema import check_results
from submissions import FILES, ROOT, SOLUTIONS, STUBS, write_submission

from grader.authoring.leaks import leaks

SEED = "20261124"
OWN_LEVEL = "0"  # Whatever this machine reaches: the locks have tests of their own.


@pytest.fixture(scope="module")
def autograder(tmp_path_factory):
    """Return the folder that stands for /autograder, with hw3's zip unpacked."""
    root = tmp_path_factory.mktemp("autograder")
    command = [sys.executable, "-c", "from grader.cli import main; main()", "gradescope", "hw3"]
    options = ["--out", str(root / "hw3.zip"), "--seed", SEED, "--require-isolation", OWN_LEVEL, "--scale"]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    with zipfile.ZipFile(root / "hw3.zip") as archive:
        archive.extractall(root / "source")
    return root


@pytest.fixture
def upload(autograder, tmp_path):
    """Return a function that grades a folder as the platform does and returns the results."""

    def grade(folder, **metadata):
        root = tmp_path / "root"
        root.mkdir()
        (root / "source").symlink_to(autograder / "source")
        (root / "submission").symlink_to(folder)
        told = {"id": 1, "created_at": "2026-11-24T18:00:00-08:00", "assignment": {"total_points": "20.0"}, **metadata}
        (root / "submission_metadata.json").write_text(json.dumps(told), encoding="utf-8")
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        subprocess.run(
            [sys.executable, "-m", "grader.gradescope.harness", str(root)], cwd=tmp_path, env=environment, check=True
        )
        found = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
        check_results(found)
        assert os.listdir(root / "results") == ["results.json"]
        return found

    return grade


def submission(folder, **functions):
    return write_submission(folder, {name: textwrap.dedent(code) for name, code in functions.items()})


def lost(found):
    return {test["name"] for test in found["tests"] if test["score"] < test["max_score"]}


def test_the_reference_has_all_points_of_the_form(upload, tmp_path):
    found = upload(submission(tmp_path / "work"))
    assert found["score"] == 20.0
    assert len(found["tests"]) == 17
    assert sum(round(100 * test["max_score"]) for test in found["tests"]) == 2000
    assert all(test["status"] == "passed" for test in found["tests"])
    assert set(found["extra_data"]["banks"]) == {"public", "hidden"}


def test_the_stubs_have_none(upload, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    for file in FILES:
        (folder / file).write_bytes((STUBS / file).read_bytes())
    found = upload(folder)
    assert found["score"] == 0.0
    assert all("Not implemented yet." in test["output"] for test in found["tests"])


def test_a_wrong_function_costs_its_own_points_and_is_explained(upload, tmp_path):
    code = """
        def tanh_backward(dout, cache):
            return dout * (1 - cache)
        """
    found = upload(submission(tmp_path / "work", tanh_backward=code))
    assert lost(found) == {"tanh_backward"}
    (test,) = [test for test in found["tests"] if test["name"] == "tanh_backward"]
    assert "layers.py:" in test["output"]
    assert str(tmp_path) not in json.dumps(found)


@pytest.mark.parametrize("name", ["hw3.zip", "hw3.tar.gz"])
def test_a_broken_archive_is_a_sentence(upload, tmp_path, name):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / name).write_bytes(b"PK\x03\x04 no archive at all")
    found = upload(folder)
    assert found["score"] == 0.0
    assert name in found["output"]
    assert "fault" not in found["extra_data"]


def test_an_empty_upload_is_a_sentence(upload, tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    assert upload(folder)["output"].startswith("The submission is empty; wanted layers.py")


FORGER = """
    def squared_loss(h, z):
        import json, os
        text = json.dumps({"score": 100.0, "tests": []})
        here = os.path.abspath(__file__) if "__file__" in globals() else os.getcwd()
        for folder in (ROOT, os.path.dirname(here), "/autograder"):
            for name in ("results/results.json", "results.json"):
                try:
                    with open(os.path.join(folder, name), "w") as file:
                        file.write(text)
                except OSError:
                    pass
        secrets = []
        for folder, _, files in os.walk(ROOT):
            for name in files:
                try:
                    secrets.append(open(os.path.join(folder, name), "rb").read())
                except OSError:
                    pass
        raise ValueError(repr(secrets)[:100000])
    """


def test_writing_the_results_gains_nothing(upload, tmp_path):
    code = textwrap.dedent(FORGER).replace("ROOT", repr(str(tmp_path / "root")))
    found = upload(submission(tmp_path / "work", squared_loss=code))
    assert lost(found) == {"squared_loss"}
    assert found["score"] == 20.0 - 0.6


def test_out_of_memory_and_without_end_lose_their_own_problems(upload, tmp_path):
    functions = {
        "relu_backward": """
            def relu_backward(dout, cache):
                return [np.ones(2**28) for _ in range(100)]
            """,
        "sigmoid_backward": """
            def sigmoid_backward(dout, cache):
                while True:
                    pass
            """,
        "tanh_backward": """
            def tanh_backward(dout, cache):
                import os
                os._exit(0)
            """,
    }
    # affine_relu_backward calls relu_backward.
    assert lost(upload(submission(tmp_path / "work", **functions))) - {"affine_relu_backward"} == set(functions)


def test_a_hidden_input_does_not_come_out_through_an_exception(upload, tmp_path):
    """The text of an exception is shown for public cases only; what has seen a hidden one never speaks again."""
    code = """
        seen = []
        def relu_backward(dout, cache):
            seen.append(1)
            raise ValueError("marker " + repr(np.asarray(cache).ravel()[:3].tolist()))
        """
    found = upload(submission(tmp_path / "work", relu_backward=code))
    (test,) = [test for test in found["tests"] if test["name"] == "relu_backward"]
    public, hidden = test["output"].split("Hidden cases:")
    assert "marker" in public
    assert "marker" not in hidden


def test_too_many_uploads_repeat_the_latest_results(upload, tmp_path, autograder):
    config = autograder / "source" / "config.json"
    before = config.read_text(encoding="utf-8")
    settings = json.loads(before)
    config.write_text(json.dumps({**settings, "rate": [1, 24]}), encoding="utf-8")
    try:
        earlier = {"score": 7.0, "output": "", "extra_data": {"graded_at": ["2026-11-24T17:00:00-08:00"]}}
        found = upload(submission(tmp_path / "work"), previous_submissions=[{"score": 7.0, "results": earlier}])
    finally:
        config.write_text(before, encoding="utf-8")
    assert found["score"] == 7.0
    assert found["output"].startswith("Not graded: at most 1 submissions in 24 hours")


def test_without_the_isolation_that_is_asked_for_nothing_is_judged(upload, tmp_path, autograder, monkeypatch):
    config = autograder / "source" / "config.json"
    before = config.read_text(encoding="utf-8")
    config.write_text(json.dumps({**json.loads(before), "level": 5}), encoding="utf-8")
    try:
        found = upload(submission(tmp_path / "work"))
    finally:
        config.write_text(before, encoding="utf-8")
    assert found["output"].startswith("Autograder fault: your submission was not judged.")
    assert found["tests"] == []


def test_nothing_in_the_zip_holds_a_statement_of_the_solutions(autograder):
    texts = {}
    for path in sorted((autograder / "source").rglob("*")):
        if path.is_file() and path.suffix != ".whl":
            texts[path.name] = path.read_bytes().decode("utf-8", "replace")
    (wheel,) = (autograder / "source").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        texts |= {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}
    for file in FILES:
        source = (SOLUTIONS / file).read_text(encoding="utf-8")
        graded = {line.split("(")[0][4:] for line in source.splitlines() if line.startswith("def ")}
        given = {name for name in graded if name.endswith("_forward") and name != "batchnorm_forward"}
        assert leaks(source, graded - given, texts) == []
    names = {path.name for path in (autograder / "source").rglob("*")}
    assert not names & {"mistakes.py", "variants.py", "scales.py", "edges.py"}
    assert not [name for name in names if name.startswith("wrong_")]
