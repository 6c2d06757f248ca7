from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import tarfile
import tracemalloc
import zipfile

import pytest
from archives import WANTED, special_member, tar_file, zip_file

from grader.errors import IntakeError
from grader.intake import IntakeLimits, take

PAIR = [("layers.py", b"one"), ("batchnorm.py", b"two")]
ENDINGS = ("zip", "tar", "tar.gz", "tgz")


def pack(folder, ending, members):
    path = folder / f"hw3.{ending}"
    return zip_file(path, members) if ending.endswith("zip") else tar_file(path, members)


def refusal(path, wanted=WANTED, **limits):
    with pytest.raises(IntakeError) as caught:
        take(path, wanted, limits=IntakeLimits(**limits))
    text = str(caught.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


# --- what is taken ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_at_the_top_are_taken_as_bytes_in_the_wanted_order(tmp_path, ending):
    submission = take(pack(tmp_path, ending, reversed(PAIR)), WANTED)
    assert list(submission.files.items()) == PAIR
    assert submission.shown == {
        "layers.py": f"hw3.{ending}/layers.py",
        "batchnorm.py": f"hw3.{ending}/batchnorm.py",
    }
    assert (submission.ignored, submission.missing, submission.notes) == ((), (), ())


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_folder_around_the_files_is_found_and_said(tmp_path, ending):
    """What operating systems make when a folder is compressed."""
    submission = take(pack(tmp_path, ending, [(f"my hw3/{name}", data) for name, data in PAIR]), WANTED)
    assert submission.files == dict(PAIR)
    assert submission.shown["layers.py"] == f"hw3.{ending}/my hw3/layers.py"
    assert submission.notes == ("The files were taken from the folder my hw3/.",)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_operating_systems_leave_behind_is_ignored_silently(tmp_path, ending):
    left = ["__MACOSX/hw3/._layers.py", "._layers.py", ".DS_Store", "Thumbs.db", "hw3/.DS_Store", "desktop.ini"]
    left += [
        "__MACOSX/._hw3.ipynb",
        ".ipynb_checkpoints/hw3-checkpoint.ipynb",
        "Icon\r",
        "$RECYCLE.BIN/x",
        "~$notes.docx",
    ]
    submission = take(pack(tmp_path, ending, [("hw3/layers.py", b""), *((name, b"x") for name in left)]), WANTED)
    assert list(submission.files) == ["layers.py"]
    assert submission.ignored == ()


@pytest.mark.parametrize("ending", ENDINGS)
def test_other_files_are_listed_folders_as_one(tmp_path, ending):
    others = ["numpy.py", "conftest.py", "data/a.npy", "data/deep/b.npy", "bell\x07.py"]
    submission = take(pack(tmp_path, ending, [*PAIR, *((name, b"x") for name in others)]), WANTED)
    assert submission.ignored == ("bell\\x07.py", "conftest.py", "data/", "numpy.py")


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_an_archive_holds_beyond_that_is_said_in_the_report(tmp_path, ending):
    """A helper module that nobody asked for explains an import that fails."""
    submission = take(pack(tmp_path, ending, [*PAIR, ("utils.py", b"x"), ("data/a.npy", b"x")]), WANTED)
    assert submission.notes == ("Not asked for, and ignored: data/, utils.py.",)


def test_the_list_of_other_files_is_capped(tmp_path):
    members = [*PAIR, *((f"extra{number:02d}.txt", b"") for number in range(30))]
    ignored = take(zip_file(tmp_path / "a.zip", members), WANTED).ignored
    assert len(ignored) == 21
    assert ignored[-1] == "and 10 more"


def test_a_missing_file_is_no_error_while_another_is_there(tmp_path):
    submission = take(zip_file(tmp_path / "a.zip", [("layers.py", b"")]), WANTED)
    assert submission.missing == ("batchnorm.py",)


def test_a_missing_file_that_lies_elsewhere_is_pointed_out(tmp_path):
    members = [("layers.py", b""), ("old/batchnorm.py", b""), ("Layers.txt", b"")]
    notes = take(zip_file(tmp_path / "a.zip", members), WANTED).notes
    assert notes[0] == "batchnorm.py is missing, but there is 'old/batchnorm.py'."


def test_windows_separators_and_dot_slash_are_understood(tmp_path):
    assert take(zip_file(tmp_path / "a.zip", [("hw3\\layers.py", b"one")]), WANTED).files == {"layers.py": b"one"}
    assert take(tar_file(tmp_path / "a.tar", [("./layers.py", b"one")]), WANTED).files == {"layers.py": b"one"}


def test_a_zip_from_windows_has_no_modes_and_is_taken(tmp_path):
    info = zipfile.ZipInfo("layers.py")
    info.create_system, info.external_attr = 0, 0x20
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, b"one")
    assert take(tmp_path / "a.zip", WANTED).files == {"layers.py": b"one"}


def test_bytes_are_neither_decoded_nor_parsed(tmp_path):
    data = b"\xff\xfe\x00 def ("
    assert take(zip_file(tmp_path / "a.zip", [("layers.py", data)]), WANTED).files["layers.py"] == data


def test_nothing_is_unpacked_to_disk(tmp_path):
    for ending in ENDINGS:
        path = pack(tmp_path, ending, PAIR)
        take(path, WANTED)
        assert list(tmp_path.iterdir()) == [path]
        path.unlink()


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    "name", ["/etc/layers.py", "C:\\hw3\\layers.py", "c:/layers.py", "\\\\server\\layers.py", "//x/layers.py"]
)
def test_an_absolute_path_is_refused(tmp_path, ending, name):
    assert "is an absolute path" in refusal(pack(tmp_path, ending, [*PAIR, (name, b"")]))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["../layers.py", "hw3/../../layers.py", "..\\x", "a/.."])
def test_a_path_that_climbs_is_refused(tmp_path, ending, name):
    assert "leads out of its folder" in refusal(pack(tmp_path, ending, [*PAIR, (name, b"")]))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_a_tar_is_refused(tmp_path, kind):
    path = tar_file(tmp_path / "a.tar", [special_member("layers.py", kind, "/etc/passwd")])
    assert "layers.py is a link" in refusal(path)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_in_a_tar_is_refused(tmp_path, kind):
    path = tar_file(tmp_path / "a.tar", [special_member("hw3/layers.py", kind)])
    assert "layers.py is not an ordinary file" in refusal(path)


@pytest.mark.parametrize(
    ("mode", "words"),
    [(stat.S_IFLNK, "is a link"), (stat.S_IFIFO, "not an ordinary"), (stat.S_IFCHR, "not an ordinary")],
)
def test_a_link_or_device_in_a_zip_is_refused(tmp_path, mode, words):
    info = zipfile.ZipInfo("layers.py")
    info.external_attr = (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert words in refusal(tmp_path / "a.zip")


def test_links_that_nobody_asked_for_are_ignored(tmp_path):
    """A virtual environment is full of them, and nothing is unpacked."""
    members = [*PAIR, special_member("env/bin/python", tarfile.SYMTYPE, "/usr/bin/python3")]
    assert take(tar_file(tmp_path / "a.tar", members), WANTED).ignored == ("env/",)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_wanted_file_that_is_there_twice_is_refused(tmp_path, ending):
    """Which one is meant depends on the tool that unpacks."""
    assert "layers.py is in it 2 times" in refusal(pack(tmp_path, ending, [*PAIR, ("layers.py", b"other")]))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["Layers.py", "LAYERS.PY", "layer\u017f.py"])
def test_names_that_differ_only_in_case_are_refused(tmp_path, ending, name):
    text = refusal(pack(tmp_path, ending, [*PAIR, (name, b"other")]))
    assert f"layers.py and '{name}' differ only in case" in text


def test_two_folders_with_wanted_files_are_refused(tmp_path):
    members = [("mine/layers.py", b""), ("yours/batchnorm.py", b"")]
    assert "wanted files are in mine/ and in yours/" in refusal(zip_file(tmp_path / "a.zip", members))


def test_a_file_that_is_too_deep_is_named(tmp_path):
    text = refusal(zip_file(tmp_path / "a.zip", [("a/b/layers.py", b"")]))
    assert text.endswith(
        "a.zip: layers.py is too deep inside, at 'a/b/layers.py'. Put them at the top or in one folder, and try again."
    )


def test_a_name_in_the_wrong_case_is_named(tmp_path):
    assert "found 'Layers.py', wanted layers.py. Rename it" in refusal(
        zip_file(tmp_path / "a.zip", [("Layers.py", b"")])
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_archive_without_any_wanted_file_says_what_was_found_and_wanted(tmp_path, ending):
    text = refusal(pack(tmp_path, ending, [("notes.txt", b""), ("data/x.npy", b"")]))
    assert "no wanted file is in it; found data/, notes.txt, wanted layers.py or batchnorm.py." in text


def test_an_empty_archive_is_refused(tmp_path):
    assert "a.zip is empty; wanted layers.py or batchnorm.py." in refusal(zip_file(tmp_path / "a.zip", []))
    assert "b.tar is empty" in refusal(tar_file(tmp_path / "b.tar", []))


def test_an_encrypted_zip_is_refused(tmp_path):
    path = zip_file(tmp_path / "a.zip", PAIR)
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    path.write_bytes(data)
    assert "is encrypted; zip the files again without a password." in refusal(path)


@pytest.mark.parametrize("packing", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_unusual_packing_is_refused(tmp_path, packing):
    """An LZMA header may ask for gigabytes before the first byte comes out."""
    assert "packed in an unusual way" in refusal(zip_file(tmp_path / "a.zip", PAIR, packing))


# --- caps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_source_may_have_its_cap_and_not_a_byte_more(tmp_path, ending):
    limits = IntakeLimits(source_bytes=1000)
    exact = pack(tmp_path, ending, [("layers.py", b"x" * 1000)])
    assert len(take(exact, WANTED, limits=limits).files["layers.py"]) == 1000
    over = pack(tmp_path, ending, [("layers.py", b"x" * 1001)])
    assert "layers.py is larger than 1 KiB; a solution is" in refusal(over, source_bytes=1000)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_bomb_is_never_unpacked_whole(tmp_path, ending):
    """24 MiB of zeros: only the cap and a few buffers are ever in memory, beside the archive itself."""
    path = pack(tmp_path, ending, [("layers.py", bytes(24 * 2**20))])
    take(pack(tmp_path, f"small.{ending}", PAIR), WANTED)
    tracemalloc.start()
    assert "layers.py is larger than 256 KiB" in refusal(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size * 2 + 4 * 2**20


def test_a_size_that_a_zip_claims_is_not_believed(tmp_path):
    """The table says 10 bytes, the file has a million: whatever comes of it is a refusal."""
    path = zip_file(tmp_path / "a.zip", [("layers.py", bytes(1_000_000))])
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(signature) + offset, 10)
    path.write_bytes(data)
    refusal(path)


def test_what_comes_out_of_a_tar_is_counted_even_if_nobody_wants_it(tmp_path):
    path = tar_file(tmp_path / "a.tgz", [("zeros.bin", bytes(3_000_000)), *PAIR])
    assert "unpacks to more than 1 MiB" in refusal(path, total_bytes=2**20)
    assert take(path, WANTED).files == dict(PAIR)


def test_a_header_that_claims_a_huge_size_allocates_nothing(tmp_path):
    info = tarfile.TarInfo("layers.py")
    info.size = 2**60
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + b"short")
    refusal(tmp_path / "a.tar")


@pytest.mark.parametrize("ending", ENDINGS)
def test_too_many_files_are_refused(tmp_path, ending):
    path = pack(tmp_path, ending, [*PAIR, *((f"{number}.txt", b"") for number in range(9))])
    assert "holds more than 10 files" in refusal(path, files=10)
    assert take(path, WANTED, limits=IntakeLimits(files=11)).files == dict(PAIR)


def test_an_archive_that_is_too_large_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK" + bytes(5000))
    assert "is larger than 4 KiB; zip only" in refusal(path, archive_bytes=4096)


# --- damage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.zip", b"", "cannot be read as a zip archive (File is not a zip file)"),
        ("a.zip", b"Rar!\x1a\x07\x00", "(it looks like a RAR archive); pack the files again"),
        ("a.zip", gzip.compress(b"x", mtime=0), "(it looks like a gzip file)"),
        ("a.zip", b"<!DOCTYPE html>", "(it looks like a web page)"),
        ("a.tar", b"PK\x03\x04" + bytes(600), "cannot be read as a tar archive (it looks like a zip archive)"),
        ("a.tar.gz", b"\x1f\x8b" + bytes(50), "cannot be read as a tar archive"),
        ("a.tgz", gzip.compress(b"not a tar" * 100, mtime=0), "cannot be read as a tar archive"),
        ("a.tar", b"", "cannot be read as a tar archive (empty file)"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    assert words in refusal(tmp_path / name)


@pytest.mark.parametrize("ending", ["zip", "tar", "tgz"])
def test_damaged_archives_are_refused_or_read_but_never_crash(tmp_path, ending):
    """Three hundred random mutations and cuts of an honest archive."""
    path = pack(tmp_path, ending, [*PAIR, ("x" * 150 + "/long.txt", b"abc" * 99)])
    honest = path.read_bytes()
    rng = random.Random(ending)
    for _ in range(300):
        data = bytearray(honest)
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path.write_bytes(data[: rng.randint(1, len(data))] if rng.random() < 0.3 else data)
        try:
            files = take(path, WANTED).files
        except IntakeError:
            continue
        assert set(files) <= set(WANTED)


def test_a_chain_of_extended_headers_ends_in_a_refusal(tmp_path):
    """Each header of this kind makes tarfile call itself once more."""
    info = tarfile.TarInfo("x")
    info.type = tarfile.XHDTYPE
    (tmp_path / "a.tar").write_bytes(info.tobuf(tarfile.USTAR_FORMAT) * 3000)
    refusal(tmp_path / "a.tar")


def test_a_negative_size_in_a_tar_does_not_go_round_in_circles(tmp_path):
    good = io.BytesIO()
    with tarfile.open(fileobj=good, mode="w") as archive:
        info = tarfile.TarInfo("layers.py")
        info.size = 3
        archive.addfile(info, io.BytesIO(b"one"))
    data = bytearray(good.getvalue())
    data[124:136] = b"\xff" * 10 + struct.pack(">h", -512)
    checksum = sum(data[:148]) + sum(data[156:512]) + 8 * 32
    data[148:156] = b"%06o\x00 " % checksum
    (tmp_path / "a.tar").write_bytes(data)
    refusal(tmp_path / "a.tar")


def test_names_in_refusals_are_printable(tmp_path):
    text = refusal(zip_file(tmp_path / "a.zip", [("\x1b[31m" + "x" * 500, b"")]))
    assert text.isprintable()
    assert len(text) < 400
