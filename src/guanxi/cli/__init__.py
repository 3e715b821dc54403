"""The command line. Data goes to standard output, messages go to standard error.

Exit codes: 0 done, 1 a finding, 2 wrong usage, 3 bad data, 4 the store is away, 5 a conflict, 130 interrupted.
"""

import os
import sys

EXIT_FINDING, EXIT_USAGE, EXIT_DATA, EXIT_STORE, EXIT_CONFLICT, EXIT_INTERRUPTED = 1, 2, 3, 4, 5, 130


def main() -> None:
    """Run the command line and exit with its code."""
    # Threads that wait must not spin: next to another busy process that makes two slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from guanxi.cli.app import app  # noqa: PLC0415 - after the environment is set
    from guanxi.errors import GuanxiError  # noqa: PLC0415

    try:
        app(prog_name="guanxi")
    except GuanxiError as exc:
        sys.stderr.write(f"guanxi: {exc}\n")
        sys.exit(exit_code(exc))
    except KeyboardInterrupt:
        sys.stderr.write("guanxi: interrupted; what was not finished was not kept\n")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def exit_code(exc: Exception) -> int:
    """Exit code of one of Guanxi's errors."""
    from guanxi import errors  # noqa: PLC0415

    by_type = (
        (errors.ParameterError, EXIT_USAGE),
        (errors.UnknownIdError, EXIT_USAGE),
        (errors.ConflictError, EXIT_CONFLICT),
        (errors.StoreError, EXIT_STORE),
        (errors.NotReadyError, EXIT_STORE),
    )
    return next((code for type_, code in by_type if isinstance(exc, type_)), EXIT_DATA)
