"""Tells valgrind, from within the program that runs under it, to begin counting."""

import ctypes
import mmap
import platform

_START_INSTRUMENTATION = 0x43540004
"""CALLGRIND_START_INSTRUMENTATION of valgrind/callgrind.h."""
_REQUEST_WORDS = 6
# A client request of valgrind/valgrind.h on x86-64, as a function of the request's address:
# mov rax,rdi; xor edx,edx; rol rdi by 3, 13, 61 and 51; xchg rbx,rbx; mov rax,rdx; ret. Outside
# valgrind it does nothing.
_CODE = bytes.fromhex("4889f831d248c1c70348c1c70d48c1c73d48c1c7334887db4889d0c3")


class CountingStart:
    """The request to begin counting. Raises OSError where it cannot be made: on other machines than
    x86-64, or where memory must not be executed."""

    def __init__(self) -> None:
        if platform.machine() not in ("x86_64", "AMD64"):
            raise OSError("counting can be begun on x86-64 only")
        rights = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        self._memory = mmap.mmap(-1, mmap.PAGESIZE, prot=rights)
        self._memory.write(_CODE)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._ask = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_void_p)(address)
        self._request = (ctypes.c_uint64 * _REQUEST_WORDS)(_START_INSTRUMENTATION)

    def __call__(self) -> None:
        """Begin to count."""
        self._ask(ctypes.addressof(self._request))


def counting_start() -> CountingStart | None:
    """The request, or None where it cannot be made."""
    try:
        return CountingStart()
    except OSError:
        return None
