"""Reading a process's metrics."""

from __future__ import annotations

from ops.local_cluster.samples import Samples

TEXT = """
# HELP livecomments_rms_viewers Open viewer connections.
# TYPE livecomments_rms_viewers gauge
livecomments_rms_viewers 3.0
# TYPE livecomments_rms_dropped_total counter
livecomments_rms_dropped_total{reason="repeat",kind="comment"} 2.0
livecomments_rms_dropped_total{reason="late",kind="comment"} 5.0
"""


def test_totals_by_name_and_labels() -> None:
    samples = Samples(TEXT)
    assert samples.total("livecomments_rms_viewers") == 3
    assert samples.total("livecomments_rms_dropped_total") == 7
    assert samples.total("livecomments_rms_dropped_total", reason="late") == 5
    assert samples.total("livecomments_rms_dropped_total", reason="none") == 0
    assert "livecomments_rms_viewers" in samples
    assert "livecomments_rms_channels" not in samples
