import io
import os

from quantstrip.supervise.events import CLOSED, EventReader, parse_fields


def envelope(name: str, payload: str) -> bytes:
    head = f"ver:3.0 server:q serial:1 pool:warden poolserial:1 eventname:{name} len:{len(payload)}\n"
    return (head + payload).encode()


def test_events_are_acknowledged_at_once_and_handed_over_in_order() -> None:
    source = io.BytesIO(
        envelope("PROCESS_STATE_EXITED", "processname:client-x groupname:client-x from_state:RUNNING expected:0 pid:7")
        + envelope("TICK_5", "when:1201063880")
    )
    sink = io.BytesIO()
    reader = EventReader(source, sink)
    reader.start()
    seen = []
    while CLOSED not in seen:
        seen += reader.take(5.0)
    assert [event.name for event in seen] == ["PROCESS_STATE_EXITED", "TICK_5", "CLOSED"]
    assert seen[0].fields["processname"] == "client-x"
    assert sink.getvalue() == b"READY\nRESULT 2\nOKREADY\nRESULT 2\nOKREADY\n"


def test_a_closed_pipe_is_told_not_waited_on() -> None:
    read_end, write_end = os.pipe()
    dead_read, dead_write = os.pipe()
    os.close(dead_read)
    with os.fdopen(read_end, "rb") as source, os.fdopen(dead_write, "wb", buffering=0) as sink:
        reader = EventReader(source, sink)
        reader.start()
        assert reader.take(5.0) == [CLOSED]
        os.close(write_end)


def test_waiting_for_events_ends_in_time() -> None:
    read_end, write_end = os.pipe()
    with os.fdopen(read_end, "rb") as source:
        reader = EventReader(source, io.BytesIO())
        reader.start()
        assert reader.take(0.01) == []
        os.close(write_end)
        assert reader.take(5.0) == [CLOSED]


def test_fields_may_hold_colons_and_odd_words_are_left_out() -> None:
    assert parse_fields("a:1 b:x:y odd") == {"a": "1", "b": "x:y"}
