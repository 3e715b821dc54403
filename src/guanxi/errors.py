"""Every error that Guanxi raises on purpose.

::

    GuanxiError
    ├── ParameterError            an option or argument is out of range (also a ValueError)
    │   └── FieldError            a field of a document is unknown, missing or out of range
    ├── UnknownIdError            an id that the graph does not know (also a LookupError)
    ├── ConvergenceError          an iteration did not reach its tolerance
    ├── DataError                 input that cannot be used (also a ValueError)
    │   ├── FileFormatError       a file that cannot be read at all
    │   ├── TooManyRejectsError   a load in which too many records were refused
    │   └── DamagedError          a stored file whose size or checksum is wrong
    ├── NotReadyError             something must be built first: a snapshot, a run
    ├── ConflictError             the same id with another body
    └── StoreError                the store cannot do its work
        ├── StoreVersionError     written by a newer version
        ├── StoreBusyError        another process is writing
        ├── StoreFullError        no space left, here or on the database's server
        ├── StoreHaltedError      the database stopped itself and wants a restart
        ├── StoreUnreachableError no server answers, or it stopped answering
        ├── StoreCredentialsError the server refuses the user or password
        └── StoreDatabaseError    the server has no database of this name
"""


class GuanxiError(Exception):
    """Base of every error that Guanxi raises on purpose."""


class ParameterError(GuanxiError, ValueError):
    """An option or argument is out of range."""


class FieldError(ParameterError):
    """A field of a document is unknown, missing or out of range; ``path`` leads to it, from the outside in."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


class UnknownIdError(GuanxiError, LookupError):
    """An id that the graph does not know."""


class ConvergenceError(GuanxiError):
    """An iteration did not reach its tolerance."""


class DataError(GuanxiError, ValueError):
    """Input that cannot be used."""


class FileFormatError(DataError):
    """A file that cannot be read at all."""


class TooManyRejectsError(DataError):
    """A load in which more records were refused than allowed; nothing of it was kept."""


class DamagedError(DataError):
    """A stored file whose size or checksum is wrong."""


class NotReadyError(GuanxiError):
    """Something must be built first: a store, a snapshot, a run."""


class ConflictError(GuanxiError):
    """The same id with another body."""


class StoreError(GuanxiError):
    """The store cannot do its work."""


class StoreVersionError(StoreError):
    """The store was written by a newer version."""


class StoreBusyError(StoreError):
    """Another process is writing to the store."""


class StoreFullError(StoreError):
    """No space is left: on the device, or on the disk or in the memory of the database's server."""


class StoreHaltedError(StoreError):
    """The database stopped itself after a critical error, such as a full disk; its server must be started anew."""


class StoreUnreachableError(StoreError):
    """No server answers at the address, or it stopped answering."""


class StoreCredentialsError(StoreError):
    """The server refuses the user or password."""


class StoreDatabaseError(StoreError):
    """The server has no database of this name."""
