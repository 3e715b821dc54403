"""Segments hand back what was written, those of version 0.1 too."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from guanxi.bundle import Bundle, write_bundle
from guanxi.stores.segments import Keys, Segment, write_segment
from strategies import event_rows, quick, row, table


def opened(folder, n, *, first_seq=1):
    return Segment(first_seq, n, 0, Bundle.open(folder))


def plain_segment(parent, events):
    """As version 0.1 wrote them, with the ids in full."""
    keys = Keys.of(events)
    arrays = {"keys.high": keys.high, "keys.low": keys.low, "keys.body": keys.body}
    return write_bundle(parent, meta={"holds": "segment"}, arrays=arrays, tables={"events": events})


@pytest.mark.parametrize("write", [write_segment, plain_segment])
@given(rows=event_rows())
@quick(15)
def test_any_events_come_back_as_they_were(write, tmp_path_factory, rows):
    events = table([row("follow", "ann", "bob"), *rows])
    segment = opened(write(tmp_path_factory.mktemp("segments"), events), len(events), first_seq=5)
    assert segment.events().equals(events)
    assert segment.events(after=5, upto=7).equals(events.slice(1, 2))
    assert segment.coded.table().equals(events)
    assert segment.coded_between(5, 7).table().equals(events.slice(1, 2))
    for source in ("ann", "cat", "nobody"):
        own = [position for position, id_ in enumerate(events["source"].to_pylist()) if id_ == source]
        assert segment.events_of(source, after=0).equals(events.take(pa.array(own, pa.int64())))
        assert segment.events_of(source, after=6).equals(
            events.take(pa.array([at for at in own if at >= 2], pa.int64()))
        )


@pytest.mark.parametrize("write", [write_segment, plain_segment])
def test_every_key_is_found_with_its_body_and_no_other(write, tmp_path):
    events = table([row("purchase", f"a{i}", "tea", id=f"e{i}", at=i) for i in range(200)])
    keys = opened(write(tmp_path, events), len(events)).keys
    high, low, body = (events[name].to_numpy() for name in ("key_hi", "key_lo", "body"))
    assert (keys.body[keys.find(high, low)] == body).all()
    assert (keys.find(high, low ^ np.uint64(1)) == -1).all()
    assert (keys.find(high ^ np.uint64(1), low) == -1).all()
