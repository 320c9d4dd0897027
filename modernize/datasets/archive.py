"""Arrays in a zip file (.npz), each read whole or not at all.

`numpy.load` reads as much as an array's own header asks for: it allocates what a header claims, and where a damaged
header asks for too little it never comes to the end, where zip compares the checksum. Here a header is held against
the size that zip knows, before anything is allocated, and everything is read to its end. Python objects are never read.
"""

from __future__ import annotations

import math
import zipfile
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt


class Header(NamedTuple):
    """What an array says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def num_bytes(self) -> int:
        """Memory that the array takes."""
        return math.prod(self.shape) * self.dtype.itemsize


class Archive:
    """An .npz file open for reading. A damaged one can raise nearly anything, here and in every method.

    Args:
        stream: The file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(stream)
        self._members = {name.removesuffix(".npy"): name for name in self._zip.namelist()}
        # Damage to the list of members would pass for an array that is not there: a name is written twice, and a wrong
        # length swallows the entries behind it.
        for member in self._zip.infolist():
            self._zip.open(member).close()
        stream.seek(self._zip.start_dir)
        if stream.read().count(b"PK\1\2") != len(self._zip.infolist()):
            raise zipfile.BadZipFile("its list of arrays is broken")
        self.names = tuple(self._members)

    def header(self, name: str) -> Header:
        """Read what an array says of itself.

        Raises:
            TypeError: If it is no array, or one of Python objects.
        """
        with self._zip.open(self._members[name]) as member:
            readers = {
                np.lib.format.magic(1, 0): np.lib.format.read_array_header_1_0,
                np.lib.format.magic(2, 0): np.lib.format.read_array_header_2_0,
            }
            read = readers.get(member.read(np.lib.format.MAGIC_LEN))
            if read is None:
                raise TypeError(f"{name} is not an array")
            shape, _, dtype = read(member)
            header = Header(shape, dtype)
            if dtype.hasobject:
                raise TypeError(f"{name} is an array of Python objects; save numbers or strings")
            if member.tell() + header.num_bytes != self._zip.getinfo(member.name).file_size:
                raise zipfile.BadZipFile(f"{name} does not have the size that its header claims")
            return header

    def read(self, name: str) -> npt.NDArray[Any]:
        """Read an array whose header is as it should be."""
        with self._zip.open(self._members[name]) as member:
            array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
            if member.read(1):
                raise zipfile.BadZipFile(f"{name} goes on behind its end")
            return array
