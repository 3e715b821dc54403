"""The command line. Data goes to standard output, messages go to standard error.

Exit codes: 0 done, 1 a finding, 2 wrong usage, 3 bad data, 4 the store is away, 5 a conflict, 130 interrupted.
"""

import contextlib
import io
import os
import signal
import sys
import threading
from typing import NoReturn

EXIT_FINDING, EXIT_USAGE, EXIT_DATA, EXIT_STORE, EXIT_CONFLICT, EXIT_INTERRUPTED = 1, 2, 3, 4, 5, 130
_AGAIN_S = 0.05
_INTERRUPTED = "guanxi: interrupted; what was not finished was not kept\n"
_UNKNOWN = "guanxi: ids must match to the letter; newer accounts are known after `guanxi snapshot` and `guanxi score`\n"


def main() -> None:
    """Run the command line and exit with its code."""
    # Threads that wait must not spin: next to another busy process that makes two slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if isinstance(sys.stdout, io.TextIOWrapper):  # an id that the terminal cannot show must not end in a traceback
        sys.stdout.reconfigure(errors="backslashreplace")
    hook, sys.unraisablehook = sys.unraisablehook, _unraised
    try:
        _run()
    except KeyboardInterrupt:
        _leave()
    except SystemError as exc:
        if not _holds_interrupt(exc):
            raise
        _leave()
    finally:
        sys.unraisablehook = hook


def _run() -> None:
    from guanxi.cli.app import app  # after the environment is set
    from guanxi.errors import GuanxiError, UnknownIdError

    try:
        app(prog_name="guanxi")
    except GuanxiError as exc:
        sys.stderr.write(f"guanxi: {exc}\n" + (_UNKNOWN if isinstance(exc, UnknownIdError) else ""))
        sys.exit(exit_code(exc))
    except OSError as exc:  # a file that cannot be written, a full disk below the output
        sys.stderr.write(f"guanxi: {exc.filename or 'output'}: {exc.strerror or exc}\n")
        sys.exit(EXIT_STORE)
    except SystemExit as exc:
        if exc.code == EXIT_INTERRUPTED:  # typer turns Ctrl-C into this, without a word
            _leave()
        raise


def _holds_interrupt(exc: BaseException | None) -> bool:
    """Whether Ctrl-C is below an error: it turns into a SystemError where it meets a compiled function being loaded."""
    while exc is not None and not isinstance(exc, KeyboardInterrupt):
        exc = exc.__cause__ or exc.__context__
    return exc is not None


def _unraised(unraisable: "sys.UnraisableHookArgs") -> None:
    """Take what an object's end raised: Python drops even a Ctrl-C there, so it is sent again a moment later."""
    if unraisable.exc_type is KeyboardInterrupt:
        main_thread = threading.main_thread().ident or 0
        threading.Timer(_AGAIN_S, signal.pthread_kill, (main_thread, signal.SIGINT)).start()
    else:
        sys.__unraisablehook__(unraisable)


def _leave() -> NoReturn:
    """End an interrupted command, whose store is closed by now, without waiting for anything.

    A thread that is held by a pipe would have to let go of it before the interpreter can end in its usual way, which
    aborts the process where it cannot.
    """
    sys.stderr.write(_INTERRUPTED)
    with contextlib.suppress(OSError):  # whoever read the output may be gone
        sys.stderr.flush()
        sys.stdout.flush()
    os._exit(EXIT_INTERRUPTED)


def exit_code(exc: Exception) -> int:
    """Exit code of one of Guanxi's errors."""
    from guanxi import errors

    by_type = (
        (errors.ParameterError, EXIT_USAGE),
        (errors.UnknownIdError, EXIT_USAGE),
        (errors.ConflictError, EXIT_CONFLICT),
        (errors.StoreError, EXIT_STORE),
        (errors.NotReadyError, EXIT_STORE),
    )
    return next((code for type_, code in by_type if isinstance(exc, type_)), EXIT_DATA)
