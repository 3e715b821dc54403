"""From files to checked events: CSV, JSON lines and Parquet, column by column, with every refused record named."""

from guanxi.loading.ahead import ahead
from guanxi.loading.batches import ReadOptions
from guanxi.loading.files import Found, InputFile, Skipped, find_files
from guanxi.loading.mapping import FileMapping
from guanxi.loading.mapping_file import parse_pairs, read_mapping_file
from guanxi.loading.reading import EventBatch, read_events, read_file
from guanxi.loading.rejects import FileReject, RejectWriter

__all__ = [
    "EventBatch",
    "FileMapping",
    "FileReject",
    "Found",
    "InputFile",
    "ReadOptions",
    "RejectWriter",
    "Skipped",
    "ahead",
    "find_files",
    "parse_pairs",
    "read_events",
    "read_file",
    "read_mapping_file",
]
