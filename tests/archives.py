"""Archives made in memory, honest and hostile, for the tests of intake."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

WANTED = ("layers.py", "batchnorm.py")
Member = tuple[str, bytes]


def zip_file(path: Path, members: Iterable[Member], packing: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a .zip whose names are stored as they are given, duplicates included."""
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = packing
            archive.writestr(info, data)
    return path


def tar_file(path: Path, members: Iterable[Member | tarfile.TarInfo]) -> Path:
    """Write a .tar, or a packed one if the path ends in gz; a TarInfo becomes a member without contents."""
    mode = "w:gz" if path.name.endswith("gz") else "w"
    with tarfile.open(path, mode) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member)
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return path


def special_member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    """Return a link, device or FIFO for a tar."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info
