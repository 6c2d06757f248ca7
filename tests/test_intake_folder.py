from __future__ import annotations

import os
from pathlib import Path

import pytest
from archives import WANTED

from grader.errors import IntakeError
from grader.intake import IntakeLimits, take

needs_links = pytest.mark.skipif(os.name == "nt", reason="needs symbolic links and FIFOs")


def fill(folder, **files):
    """Write files; `layers` stands for layers.py, `sub__layers` for sub/layers.py."""
    for name, data in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def refusal(path, wanted=WANTED, **limits):
    with pytest.raises(IntakeError) as caught:
        take(path, wanted, limits=IntakeLimits(**limits))
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


# --- folders ----------------------------------------------------------------------------------------------


def test_wanted_files_are_taken_and_others_listed(tmp_path):
    fill(tmp_path, layers=b"one", batchnorm=b"two", numpy=b"evil", data__x=b"")
    submission = take(tmp_path, WANTED)
    assert list(submission.files.items()) == [("layers.py", b"one"), ("batchnorm.py", b"two")]
    assert submission.name == tmp_path.as_posix()
    assert submission.shown["layers.py"] == f"{tmp_path.as_posix()}/layers.py"
    assert submission.ignored == ("data/", "numpy.py")


def test_paths_are_shown_as_they_were_given(tmp_path, monkeypatch):
    fill(tmp_path, hw3__layers=b"one")
    monkeypatch.chdir(tmp_path)
    assert take(Path("hw3"), WANTED).shown == {"layers.py": "hw3/layers.py"}
    monkeypatch.chdir(tmp_path / "hw3")
    assert take(Path(), WANTED).shown == {"layers.py": "layers.py"}


@needs_links
def test_a_folder_whose_name_is_no_text_is_shown_escaped(tmp_path):
    """What is shown must cross the pipe to the worker as UTF-8."""
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    fill(tmp_path / "caf\udce9", layers=b"one")
    assert take(tmp_path, WANTED).shown["layers.py"].endswith("/caf\\udce9/layers.py")


def test_one_folder_inside_is_found(tmp_path):
    submission = take(fill(tmp_path, hw3__layers=b"one"), WANTED)
    assert submission.files == {"layers.py": b"one"}
    assert submission.shown == {"layers.py": f"{tmp_path.as_posix()}/hw3/layers.py"}
    assert submission.missing == ("batchnorm.py",)
    assert submission.notes == ("The files were taken from the folder hw3/.",)


def test_the_top_comes_before_folders(tmp_path):
    submission = take(fill(tmp_path, layers=b"top", old__layers=b"old"), WANTED)
    assert submission.files == {"layers.py": b"top"}
    assert submission.ignored == ("old/",)


def test_two_folders_inside_are_refused(tmp_path):
    text = refusal(fill(tmp_path, a__layers=b"", b__layers=b""))
    assert "wanted files are in a/ and in b/" in text


def test_what_tools_leave_behind_is_ignored_silently(tmp_path):
    fill(tmp_path, layers=b"", __pycache____x=b"")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".DS_Store").write_bytes(b"")
    (tmp_path / "__pycache__").mkdir(exist_ok=True)
    assert not any("pycache" in name or name.startswith(".") for name in take(tmp_path, WANTED).ignored)


@needs_links
def test_a_link_is_refused_even_to_an_honest_file(tmp_path):
    fill(tmp_path, other=b"secret")
    (tmp_path / "layers.py").symlink_to(tmp_path / "other.py")
    assert "layers.py is a link; hand in the file itself." in refusal(tmp_path)


@needs_links
def test_a_linked_folder_is_not_looked_into(tmp_path):
    fill(tmp_path, real__hw3__layers=b"secret", given__notes=b"")
    (tmp_path / "given" / "hw3").symlink_to(tmp_path / "real" / "hw3")
    assert "no wanted file is in it" in refusal(tmp_path / "given")


@needs_links
def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "layers.py")
    assert "layers.py is not an ordinary file" in refusal(tmp_path)


@needs_links
@pytest.mark.parametrize("name", ["hw3.zip", "layers.py", "hw3.tar", "hw3.ipynb"])
def test_a_fifo_given_as_the_submission_is_refused_without_waiting(tmp_path, name):
    os.mkfifo(tmp_path / name)
    assert "is not an ordinary file" in refusal(tmp_path / name)


def test_a_folder_with_a_wanted_name_is_not_a_file(tmp_path):
    (tmp_path / "layers.py").mkdir()
    assert "no wanted file is in it; found layers.py/, wanted" in refusal(tmp_path)


@needs_links
def test_names_that_differ_only_in_case_are_refused(tmp_path):
    fill(tmp_path, layers=b"one")
    (tmp_path / "LAYERS.py").write_bytes(b"two")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this file system does not tell case apart")
    assert "layers.py and 'LAYERS.py' differ only in case" in refusal(tmp_path)


def test_a_source_may_have_its_cap_and_not_a_byte_more(tmp_path):
    fill(tmp_path, layers=b"x" * 256 * 1024)
    assert len(take(tmp_path, WANTED).files["layers.py"]) == 256 * 1024
    fill(tmp_path, layers=b"x" * (256 * 1024 + 1))
    assert "layers.py is larger than 256 KiB" in refusal(tmp_path)


def test_a_crowded_folder_is_refused(tmp_path):
    fill(tmp_path, layers=b"", **{f"f{number}": b"" for number in range(10)})
    assert "holds more than 10 files" in refusal(tmp_path, files=10)
    assert list(take(tmp_path, WANTED, limits=IntakeLimits(files=11)).files) == ["layers.py"]


def test_an_empty_folder_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path.as_posix()} is empty; wanted layers.py or batchnorm.py."


# --- single files and everything else ---------------------------------------------------------------------


def test_a_single_source_is_taken_under_its_name(tmp_path):
    fill(tmp_path, layers=b"one", batchnorm=b"two")
    submission = take(tmp_path / "layers.py", WANTED)
    assert submission.files == {"layers.py": b"one"}
    assert submission.shown == {"layers.py": f"{tmp_path.as_posix()}/layers.py"}
    assert submission.missing == ("batchnorm.py",)


def test_a_single_source_under_another_name_is_refused_with_the_nearest(tmp_path):
    """Browsers number their downloads."""
    (tmp_path / "layers (1).py").write_bytes(b"")
    assert refusal(tmp_path / "layers (1).py").endswith(
        "layers (1).py is none of the wanted files (layers.py, batchnorm.py); "
        "did you mean 'layers.py'? Rename it and try again."
    )


@needs_links
def test_a_single_source_that_is_a_link_is_refused(tmp_path):
    fill(tmp_path, other=b"secret")
    (tmp_path / "layers.py").symlink_to(tmp_path / "other.py")
    assert "is a link; hand in the file itself." in refusal(tmp_path / "layers.py")


def test_a_large_single_source_is_refused(tmp_path):
    fill(tmp_path, layers=b"x" * 2000)
    assert "layers.py is larger than 1 KiB" in refusal(tmp_path / "layers.py", source_bytes=1024)


def test_a_missing_path_is_refused(tmp_path):
    assert refusal(tmp_path / "nowhere") == f"{(tmp_path / 'nowhere').as_posix()} does not exist; check the path."


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_an_impossible_path_is_refused(name):
    assert "cannot be read" in refusal(Path(name))


def test_another_kind_of_file_is_refused_with_what_is_taken(tmp_path):
    (tmp_path / "hw3.rar").write_bytes(b"")
    assert "wanted a folder, a .py or .ipynb file, .zip, .tar.gz, .tgz or .tar." in refusal(tmp_path / "hw3.rar")


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_is_refused(tmp_path):
    fill(tmp_path, layers=b"")
    (tmp_path / "layers.py").chmod(0)
    assert "cannot be read (Permission denied)" in refusal(tmp_path)


def test_a_deep_folder_does_not_hide_the_name_of_the_file(tmp_path):
    """What is wrong with a path is mostly at its end."""
    folder = tmp_path.joinpath(*["a long way down"] * 8)
    folder.mkdir(parents=True)
    (folder / "layers (1).py").write_bytes(b"")
    assert "layers (1).py is none of the wanted files" in refusal(folder / "layers (1).py")
