"""Archives and folders: bombs, links, devices, names that climb. Refused in one sentence, or harmless."""

from __future__ import annotations

import io
import os
import stat
import struct
import tarfile
import zipfile
import zlib

import pytest
from archives import special_member, tar_file, zip_file
from arena import LEFT_BEHIND, left_files, peak_mb, source

from grader.errors import IntakeError

HONEST = source("return None")["layers.py"]
GOOD = ("layers.py", HONEST)


def linked(name, target):
    """Return a member of a zip that is a link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


def zip_of_infos(path, *members):
    with zipfile.ZipFile(path, "w") as archive:
        for info, data in members:
            archive.writestr(info, data)
    return path


def gzip_bomb(path):
    """Zeros that are packed to a thousandth."""
    info = tarfile.TarInfo("layers.py")
    info.size = 2**30
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = bytes(2**20)
    with open(path, "wb") as file:
        file.write(packer.compress(info.tobuf()))
        for _ in range(80):
            file.write(packer.compress(block))
        file.write(packer.flush())
    return path


def sparse_tar(path):
    """A file of a terabyte that is a hole."""
    info = tarfile.TarInfo("layers.py")
    info.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": str(2**40)}
    info.size = 512
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"1\n0\n1\n".ljust(512, b"\0")))
    return path


def overlapping_zip(path):
    """Many names for the same packed bytes."""
    zip_file(path, [("layers.py", bytes(2**24))])
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    table = b"".join(entry.replace(b"layers.py", b"layer%03d." % n) for n in range(999)) + entry
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1000, 1000, len(table), start, 0)
    path.write_bytes(data[:start] + table + tail)
    return path


REFUSED = {
    "a zip bomb": lambda p: zip_file(p / "a.zip", [("layers.py", bytes(2**26))]),
    "a zip bomb of many names": lambda p: overlapping_zip(p / "a.zip"),
    "a gzip bomb": lambda p: gzip_bomb(p / "a.tar.gz"),
    "a hole of a terabyte": lambda p: sparse_tar(p / "a.tar"),
    "a path from the root": lambda p: zip_file(p / "a.zip", [GOOD, (f"/tmp/{LEFT_BEHIND}", b"")]),
    "a path that climbs": lambda p: zip_file(p / "a.zip", [GOOD, (f"../../{LEFT_BEHIND}", b"")]),
    "a path that climbs in a tar": lambda p: tar_file(p / "a.tar.gz", [GOOD, (f"a/../../{LEFT_BEHIND}", b"")]),
    "a path of Windows": lambda p: zip_file(p / "a.zip", [GOOD, (f"..\\..\\{LEFT_BEHIND}", b"")]),
    "a drive of Windows": lambda p: zip_file(p / "a.zip", [GOOD, (f"C:\\{LEFT_BEHIND}", b"")]),
    "a link to a secret": lambda p: tar_file(
        p / "a.tar", [special_member("layers.py", tarfile.SYMTYPE, "/etc/passwd")]
    ),
    "a hard link to a secret": lambda p: tar_file(
        p / "a.tar", [special_member("layers.py", tarfile.LNKTYPE, "/etc/passwd")]
    ),
    "a link in a zip": lambda p: zip_of_infos(p / "a.zip", linked("layers.py", "/etc/passwd")),
    "a folder that is a link": lambda p: tar_file(
        p / "a.tar", [special_member("hw3", tarfile.SYMTYPE, "/tmp"), ("hw3/nothing", b"")]
    ),
    "a device": lambda p: tar_file(p / "a.tar", [special_member("layers.py", tarfile.CHRTYPE)]),
    "a pipe": lambda p: tar_file(p / "a.tar", [special_member("layers.py", tarfile.FIFOTYPE)]),
    "two files of one name": lambda p: tar_file(p / "a.tar", [GOOD, GOOD]),
    "two files that differ in case": lambda p: tar_file(p / "a.tar", [GOOD, ("LAYERS.PY", HONEST)]),
    "too many files": lambda p: zip_file(p / "a.zip", [GOOD, *((f"f{n}", b"") for n in range(3000))]),
    "a source that is too large": lambda p: zip_file(p / "a.zip", [("layers.py", b"#" * 2**19)]),
    "an archive in an archive": lambda p: zip_file(
        p / "b.zip", [("a.zip", zip_file(p / "a.zip", [GOOD]).read_bytes())]
    ),
    "no archive at all": lambda p: (p / "a.zip").write_bytes(b"MZ" * 999) and p / "a.zip",
    "nothing": lambda p: (p / "a.tar.gz").write_bytes(b"") or p / "a.tar.gz",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_archive_is_refused_in_one_sentence(name, judge, tmp_path):
    """Nothing is unpacked, little is allocated, and the sentence shows no control character."""
    path = REFUSED[name](tmp_path)
    peak = peak_mb()
    with pytest.raises(IntakeError) as caught:
        judge(path)
    text = str(caught.value)
    assert len(text) < 600
    assert text.isprintable()
    assert peak_mb() - peak < 80
    assert left_files() == []


EVIL = b"raise SystemExit('evil was imported')"
IGNORED = {
    "modules that would shadow the grader's": [
        (name, EVIL)
        for name in (
            "numpy.py",
            "conftest.py",
            "sitecustomize.py",
            "usercustomize.py",
            "grader.py",
            "random.py",
            "ast.py",
        )
    ],
    "packages and path files": [("numpy/__init__.py", EVIL), ("a.pth", b"import os; os._exit(1)"), ("setup.cfg", b"[")],
    "results of its own": [
        ("results.json", b'{"score": 100}'),
        ("run_autograder", b"#!/bin/sh\n"),
        ("pytest.ini", b"["),
    ],
    "an assignment of its own": [("assignment.py", EVIL), ("public.bank", b"GRW1"), ("grader/engine.py", EVIL)],
    "leftovers of macOS and Windows": [("__MACOSX/._layers.py", b"\0"), (".DS_Store", b"\0"), ("Thumbs.db", b"\0")],
    "names that are no names": [
        ("\u202egnp.exe", b""),
        ("a" * 200, b""),
        ("con", b""),
        ("x\x1b[2Jy", b""),
        ("   ", b""),
    ],
    "other names in Unicode": [("l\u0430yers.py", EVIL), ("layers.py\u200b", EVIL), ("laye\u0301rs.py", EVIL)],
    "compiled files": [
        ("layers.pyc", b"\0" * 99),
        ("__pycache__/layers.cpython-311.pyc", b"\0"),
        ("layers.so", b"\x7fELF"),
    ],
}


@pytest.mark.parametrize("ending", ["zip", "tar.gz", "folder"])
@pytest.mark.parametrize("name", IGNORED)
def test_what_was_not_asked_for_has_no_effect(name, ending, judge, tmp_path):
    """It is listed and left alone; the files beside it are graded as ever."""
    members = [GOOD, *IGNORED[name]]
    if ending == "folder":
        path = tmp_path / "work"
        for file, data in members:
            (path / file).parent.mkdir(parents=True, exist_ok=True)
            (path / file).write_bytes(data)
    else:
        make = zip_file if ending == "zip" else tar_file
        path = make(tmp_path / f"a.{ending}", members)
    verdict = judge(path)
    assert verdict.score("squared_loss") == 300
    assert "evil was imported" not in verdict.texts[0]
    assert all(note.isprintable() for note in verdict.report.notes)


def test_a_folder_with_links_shows_nothing_of_where_they_lead(judge, tmp_path, secrets):
    """Neither a linked source nor a linked folder is followed."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "layers.py").symlink_to(secrets / "key")
    with pytest.raises(IntakeError, match="link"):
        judge(tmp_path / "work")
    (tmp_path / "work" / "layers.py").unlink()
    (tmp_path / "work" / "hw3").symlink_to(secrets)
    with pytest.raises(IntakeError):
        judge(tmp_path / "work")
    os.mkfifo(tmp_path / "work" / "layers.py")
    with pytest.raises(IntakeError, match="not an ordinary file"):
        judge(tmp_path / "work")
