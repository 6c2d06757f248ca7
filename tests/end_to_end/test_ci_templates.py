"""The workflow templates: their command lines, in a scratch repository, in the shells that those platforms use."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import PROGRAM, surroundings
from submissions import ROOT

TEMPLATES = ROOT / "grader" / "authoring" / "templates" / "ci"
# A line of a step: `run: ...` on GitHub, an item of `script:` on GitLab; `|` begins a block.
LINE = re.compile(r"^ +(?:- )?run: (.+)$|^    - (?!uses:|name:)([^:\n]+|.*grader .*)$")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the templates are for Linux runners")


def steps(name):
    """Return the shell text of each step of a template, without installing."""
    lines = (TEMPLATES / name).read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        match = LINE.match(line)
        if match is None:
            continue
        text = match[1] or match[2]
        if text == "|":
            depth = len(line) - len(line.lstrip())
            block = []
            for below in lines[number + 1 :]:
                if below.strip() and len(below) - len(below.lstrip()) <= depth:
                    break
                block.append(below)
            text = "\n".join(block)
        if not text.startswith("pip install"):
            found.append(text.replace("hw3", "hw9"))
    return found


@pytest.fixture(scope="module")
def fresh(command, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fresh")
    (folder / "assignments").mkdir()
    for name in ("hw8", "hw9"):
        assert command("new", name, cwd=folder).returncode == 0
    return folder


@pytest.fixture
def repository(fresh, tmp_path):
    return shutil.copytree(fresh, tmp_path / "repository")


@pytest.fixture
def shell(cache, repository):
    """Return a function that runs a step in the repository, as GitHub's `shell: bash` and GitLab's runner do."""

    def run(text, **environment):
        path = f"{PROGRAM.parent}{os.pathsep}{os.environ['PATH']}"
        told = surroundings(cache, {"PATH": path, "GITHUB_STEP_SUMMARY": str(repository / "summary.md"), **environment})
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
        return subprocess.run(command, cwd=repository, env=told, capture_output=True, encoding="utf-8", check=False)

    return run


def test_our_own_workflow_is_the_courses():
    own = ROOT / ".github" / "workflows" / "course.yml"
    assert own.read_bytes() == (TEMPLATES / "github-course.yml").read_bytes()


def test_a_course_is_proven(shell):
    proof, _, _ = steps("github-course.yml")
    assert proof == steps("gitlab-course.yml")[0]
    done = shell(f"{proof} hw9 --seeds 1 --jobs 1")  # By default it is the same for more, and takes longer.
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["github-course.yml", "gitlab-course.yml"])
def test_every_zip_is_built_with_the_hashes_of_its_cases(shell, repository, name):
    _, release, zips = steps(name)
    for text in (release, zips):
        done = shell(text, GRADER_SEED="4711")
        assert done.returncode == 0, done.stdout + done.stderr
    built = sorted(path.name for path in (repository / "gradescope").iterdir())
    assert built == ["hw8.txt", "hw8.zip", "hw9.txt", "hw9.zip"]
    assert "hidden cases" in (repository / "gradescope" / "hw9.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["github-course.yml", "gitlab-course.yml"])
def test_a_failure_of_any_assignment_fails_the_step(shell, repository, name):
    """Not only of the last, and not hidden by a pipe."""
    _, release, zips = steps(name)
    (repository / "assignments" / "hw8" / "layers.py").write_text("", encoding="utf-8")
    assert shell(release).returncode != 0
    assert shell(zips, GRADER_SEED="none").returncode != 0


@pytest.mark.parametrize("name", ["github-course.yml", "gitlab-course.yml"])
def test_without_the_secret_no_zip_is_built_and_nothing_fails(shell, repository, name):
    *_, zips = steps(name)
    assert shell(zips, GRADER_SEED="").returncode == 0
    assert list(repository.rglob("*.zip")) == []


@pytest.mark.parametrize("name", ["github-classroom.yml", "gitlab-classroom.yml"])
def test_a_students_push_is_graded(shell, repository, name):
    """Points are missing: the job is red, and there are the report, and on GitHub marks and a summary."""
    (text,) = steps(name)
    done = shell(text)
    assert done.returncode == 1
    assert ElementTree.parse(repository / "report.xml").getroot().tag == "testsuites"
    if name.startswith("github"):
        assert "::notice file=assignments/hw9/" in done.stdout
        assert Path(repository / "summary.md").read_text(encoding="utf-8").startswith("### hw9: 0 / 10")
