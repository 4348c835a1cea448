"""The same breach through four alerters, one Slack: what was told, missed and repeated."""
