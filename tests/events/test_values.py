import math
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.events.values import isoformat, microseconds, numbers, times

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT_US = 1_699_999_980_000_000  # 2023-11-14T22:13:00Z


@settings(deadline=None)
@given(st.lists(st.floats(), max_size=10))
def test_numbers_written_out_are_read_back(values):
    read, bad = numbers(pa.array([repr(value) for value in values], pa.string()))
    assert bad.tolist() == [not math.isfinite(value) for value in values]
    assert read.to_pylist() == [value if math.isfinite(value) else None for value in values]


@pytest.mark.parametrize("text", ["+5", "5.", ".5", "5e0", " 5 ", "0005", "1e-9999"])
def test_number_in_any_usual_form_is_read(text):
    read, bad = numbers(pa.array([text]))
    assert (read[0].as_py(), bad[0]) == (float(text), False)


@pytest.mark.parametrize(
    "text", ["true", "nan", "inf", "-Infinity", "0x10", "1,5", "1_000", "٣", "1e999", "9" * 400, "-"]
)
def test_text_that_is_no_finite_number_is_refused(text):
    read, bad = numbers(pa.array([text]))
    assert (read[0].as_py(), bad[0]) == (None, True)


def test_truth_values_are_no_numbers():
    assert numbers(pa.array([True, None]))[1].tolist() == [True, False]
    assert times(pa.array([True, None]))[1].tolist() == [True, False]


def test_integers_beyond_the_exact_floats_are_read():
    assert numbers(pa.array([2**63 - 1]))[0].to_pylist() == [float(2**63)]


@pytest.mark.parametrize(
    "text",
    [
        "1699999980",
        "1699999980.0",
        "1699999980000",
        "1699999980000000",
        "2023-11-14 22:13",
        "2023-11-14T22:13:00",
        "2023-11-14T22:13:00Z",
        "2023-11-15T06:13:00+08:00",
        "2023-11-15T06:13:00+0800",
        "2023-11-14T22:13:00.000000000Z",
        "20231114T221300",
    ],
)
def test_time_in_any_usual_form_is_read(text):
    assert times(pa.array([text]))[0].to_pylist() == [MOMENT_US]
    mixed, bad = times(pa.array([text, "2023-11-14T22:13:00", "1699999980", "never", None, ""]))
    assert mixed.to_pylist() == [MOMENT_US] * 3 + [None] * 3
    assert bad.tolist() == [False, False, False, True, False, False]


def test_time_format_is_followed():
    texts = pa.array(["14/11/2023 22:13", "2023-11-14", None])
    read, bad = times(texts, time_format="%d/%m/%Y %H:%M")
    assert (read.to_pylist(), bad.tolist()) == ([MOMENT_US, None, None], [False, True, False])
    zoned = times(pa.array(["2023-11-15 06:13 +0800"]), time_format="%Y-%m-%d %H:%M %z")[0]
    assert zoned.to_pylist() == [MOMENT_US]
    whole = times(pa.array([20231114]), time_format="%Y%m%d")[0]
    assert whole.to_pylist() == [microseconds(datetime(2023, 11, 14, tzinfo=UTC))]


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 30), timezones=zones)  # noqa: DTZ001 - the zone follows


@settings(deadline=None)
@given(st.lists(moments, min_size=1, max_size=8))
def test_iso_times_mean_what_python_means_by_them(moments):
    read, bad = times(pa.array([moment.isoformat() for moment in moments]))
    assert not bad.any()
    assert read.to_pylist() == [(moment - EPOCH) // timedelta(microseconds=1) for moment in moments]


@pytest.mark.parametrize(("unit", "scale"), [("s", 1), ("ms", 1000), ("us", 10**6), ("ns", 10**9)])
def test_timestamps_of_every_unit_are_read(unit, scale):
    seconds = MOMENT_US // 10**6
    column = pa.array([seconds * scale, None], pa.int64()).cast(pa.timestamp(unit, "Asia/Shanghai"))
    read, bad = times(column)
    assert (read.to_pylist(), bad.any()) == ([MOMENT_US, None], False)


def test_fractions_below_a_microsecond_are_cut_off():
    column = pa.array([1_699_999_980_000_000_999, -1]).cast(pa.timestamp("ns"))
    assert times(column)[0].to_pylist() == [MOMENT_US, -1]


def test_dates_begin_at_midnight():
    for kind in (pa.date32(), pa.date64()):
        assert times(pa.array([datetime(2023, 11, 14, tzinfo=UTC).date()], kind))[0].to_pylist() == [
            1_699_920_000_000_000
        ]


@settings(deadline=None)
@given(st.integers(0, 4_000_000_000))
def test_isoformat_is_read_back(seconds):
    assert times(pa.array([isoformat(seconds * 10**6)]))[0].to_pylist() == [seconds * 10**6]
