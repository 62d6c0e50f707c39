"""Archives, as users upload them."""

import io
import tarfile
import zipfile
from collections.abc import Mapping


def archive(archive_format: str, files: Mapping[str, bytes]) -> bytes:
    """One with *files*; a zip archive has a folder besides, others a link to a file of this machine."""
    buffer = io.BytesIO()
    if archive_format == "zip":
        with zipfile.ZipFile(buffer, "w") as packed:
            packed.mkdir("folder")
            for name, data in files.items():
                packed.writestr(name, data)
        return buffer.getvalue()
    mode = {"tar": "w", "tar.gz": "w:gz", "tar.bz2": "w:bz2"}[archive_format]
    with tarfile.open(fileobj=buffer, mode=mode) as packed_tar:  # type: ignore[call-overload]
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        packed_tar.addfile(link)
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed_tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()
