"""Whose is which entry of a folder, for each layout of a download."""

from __future__ import annotations

import pytest

from grader.batch.layouts import find_hand_ins
from grader.errors import UsageError


def make(folder, *names):
    for name in names:
        path = folder / name
        if name.endswith("/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    return folder


def students(folder):
    return {hand_in.id: [student.id for student in hand_in.students] for hand_in in find_hand_ins(folder)}


def test_a_plain_entry_is_called_like_its_student(tmp_path):
    make(tmp_path, "alice/", "bob.zip", "carol.tar.gz", "dan.ipynb", "eve.docx", ".DS_Store", "__MACOSX/")
    found = {name: who[0] for name, who in students(tmp_path).items()}
    assert found == {
        "alice": "alice",
        "bob.zip": "bob",
        "carol.tar.gz": "carol",
        "dan.ipynb": "dan",
        "eve.docx": "eve.docx",
    }


def test_two_entries_of_one_name_are_told_apart(tmp_path):
    make(tmp_path, "alice/", "alice.zip")
    assert students(tmp_path) == {"alice": ["alice"], "alice.zip": ["alice.zip"]}


def test_gradescope_names_its_students_in_a_file(tmp_path):
    """Groups have several; tags of another language in the file are passed over; an unknown folder keeps its name."""
    make(tmp_path, "submission_1/", "submission_2/", "submission_3/")
    (tmp_path / "submission_metadata.yml").write_text(
        "submission_1:\n  :submitters:\n  - :name: Ann, \"A\"\n    :sid: '0012'\n    :email: a@x.edu\n"
        "  - :name: Bo\n    :sid:\n    :email: bo@x.edu\n  :created_at: 2026-01-01 10:00:00 Z\n"
        "  :results: !ruby/hash:Something {a: 1}\nsubmission_2:\n  :submitters:\n  - :name: Cy\n    :sid: 13\n"
    )
    assert students(tmp_path) == {
        "submission_1": ["0012", "bo@x.edu"],
        "submission_2": ["13"],
        "submission_3": ["submission_3"],
    }
    first = find_hand_ins(tmp_path)[0].students[0]
    assert (first.name, first.email) == ('Ann, "A"', "a@x.edu")


def test_what_gradescope_did_not_write_is_an_error(tmp_path):
    make(tmp_path, "submission_1/")
    (tmp_path / "submission_metadata.yml").write_text("a: [")
    with pytest.raises(UsageError, match="export the submissions"):
        find_hand_ins(tmp_path)


def test_canvas_has_ids_in_file_names(tmp_path):
    """Loose files of one student are one submission, under the names that they had; late ones and later ones too."""
    make(
        tmp_path,
        "doejane_10023_884_layers.py",
        "doejane_10023_885_batchnorm-2.py",
        "roejohn_LATE_10024_886_hw3-1.zip",
    )
    jane, john = find_hand_ins(tmp_path)
    assert (jane.students[0].id, jane.students[0].name) == ("10023", "doejane")
    assert set(jane.files) == {"layers.py", "batchnorm.py"}
    assert (john.students[0].id, john.path.name) == ("10024", "roejohn_LATE_10024_886_hw3-1.zip")


def test_classroom_clones_end_in_the_login(tmp_path):
    folder = make(tmp_path / "hw3-submissions", "hw3-ann-b/.git/", "hw3-cy/.git/")
    assert students(folder) == {"hw3-ann-b": ["ann-b"], "hw3-cy": ["cy"]}
    other = make(tmp_path / "clones", "hw3-ann-b/.git/", "hw3-ann-c/.git/")
    assert students(other) == {"hw3-ann-b": ["b"], "hw3-ann-c": ["c"]}


def test_two_submissions_of_one_student_are_refused(tmp_path):
    make(tmp_path, "submission_1/", "submission_2/")
    person = "  :submitters:\n  - :sid: 7\n"
    (tmp_path / "submission_metadata.yml").write_text(f"submission_1:\n{person}submission_2:\n{person}")
    with pytest.raises(UsageError, match="'7' has two submissions, 'submission_1' and 'submission_2'"):
        find_hand_ins(tmp_path)


@pytest.mark.parametrize("name", ["nothing", "empty"])
def test_a_folder_without_submissions_is_an_error(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"cannot read the folder|is empty"):
        find_hand_ins(tmp_path / name)
