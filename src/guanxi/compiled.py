"""Kernels: functions on arrays that numba compiles, or their slower twins where it cannot.

Every kernel of the package is declared with ``njit`` from here, so that one place decides, once per process:

- Compiled code is kept on disk beside the source, or where ``NUMBA_CACHE_DIR`` says, so that only the first process
  pays for it. Where neither can be written (a read-only file system), kernels are compiled anew in every process.
- Where numba cannot be imported or cannot compile (no executable memory, say), kernels run as plain Python, or as the
  twin that their declaration names. Answers are the same within their tolerance; large graphs take far longer.

Both are said once, as a ``CompilationWarning``. ``NUMBA_DISABLE_JIT=1`` chooses the second without a warning.
"""

import ctypes
import warnings
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, Literal

import numpy as np

_SUCCESSOR = """
define i64 @successor(i64 %x) {
  %y = add i64 %x, 1
  ret i64 %y
}
"""

_said = False
_REORDER = {"reassoc", "contract", "nsz"}

Kernel = Callable[..., Any]


class CompilationWarning(RuntimeWarning):
    """Kernels are slower in this process than they could be."""


def njit(
    *,
    cache: bool = True,
    nogil: bool = True,
    parallel: bool = False,
    inline: Literal["never", "always"] = "never",
    reorder: bool = False,
    twin: Kernel | None = None,
) -> Callable[[Kernel], Kernel]:
    """Declare a kernel, as with the decorator of this name in numba.

    Parameters
    ----------
    cache : bool
        Whether compiled code is kept on disk.
    nogil : bool
        Whether other Python threads run meanwhile.
    parallel : bool
        Whether its loops over ``prange`` are shared among threads.
    inline : {"never", "always"}
        Whether it becomes part of the kernels that call it.
    reorder : bool
        Whether its sums of floats may be added in another order than the one written down, several at a time; still
        one fixed order for one processor.
    twin : callable, optional
        What runs instead where nothing can be compiled; the function itself by default. Takes the same arguments.
    """

    def declare(function: Kernel) -> Kernel:
        numba = compiler()
        if numba is None:
            return _plain(twin or function)
        options = {"nogil": nogil, "parallel": parallel, "inline": inline, "fastmath": _REORDER if reorder else False}
        if not cache:
            return numba.njit(**options)(function)  # type: ignore[no-any-return]
        try:
            return _forgiving(numba.njit(cache=True, **options)(function))
        except (RuntimeError, OSError) as exc:  # no folder for the cache
            _say_not_kept(str(exc))
            return numba.njit(**options)(function)  # type: ignore[no-any-return]

    return declare


@cache
def compiler() -> ModuleType | None:
    """The module numba; None where it cannot compile, which is said once."""
    try:
        import numba  # noqa: PLC0415 - may be missing

        if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
            return None
        _try_out()
    except Exception as exc:  # noqa: BLE001 - whatever it is, there is another way
        warnings.warn(
            f"numba cannot compile here ({type(exc).__name__}: {exc}); "
            "kernels run as plain Python, and large graphs take far longer",
            CompilationWarning,
            stacklevel=3,
        )
        return None
    return numba


def get_num_threads() -> int:
    """How many threads a parallel kernel uses when called from here."""
    numba = compiler()
    return 1 if numba is None else int(numba.get_num_threads())


def _try_out() -> None:
    """Run a few bytes of machine code as numba does: an import that works does not say that memory may be executed."""
    from llvmlite import binding  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with numba

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine()
    module = binding.parse_assembly(_SUCCESSOR)
    module.triple = binding.get_default_triple()
    with binding.create_mcjit_compiler(module, machine) as engine:
        engine.finalize_object()
        successor = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)(engine.get_function_address("successor"))
        if successor(1) != 2:
            raise RuntimeError("compiled code gives wrong answers")


def _forgiving(compiled: Kernel) -> Kernel:
    """Let a kernel run although the cache fails it later (a device that is full, say)."""
    kept = getattr(compiled, "_cache", None)
    for name in ("load_overload", "save_overload"):
        access = getattr(kept, name, None)
        if access is not None:
            setattr(kept, name, _or_say(access))
    return compiled


def _or_say(access: Kernel) -> Kernel:
    def access_or_say(*arguments: object) -> object:
        try:
            return access(*arguments)
        except OSError as exc:
            _say_not_kept(str(exc))
            return None

    return access_or_say


def _plain(function: Kernel) -> Kernel:
    """The function itself, in which numbers of fixed size wrap around as they do when compiled."""
    return np.errstate(over="ignore", under="ignore")(function)


def _say_not_kept(reason: str) -> None:
    global _said  # noqa: PLW0603 - once per process, whatever the reasons
    if _said:
        return
    _said = True
    warnings.warn(
        f"compiled kernels cannot be kept on disk ({reason}); every process compiles them anew. Set NUMBA_CACHE_DIR to "
        "a folder that this process may write to",
        CompilationWarning,
        stacklevel=4,
    )


_numba = compiler()
prange: type = range if _numba is None else _numba.prange
"""A range whose steps may run at the same time; for the outer loop of a parallel kernel."""
