"""Handing messages over: what Slack accepted, refused, or left in doubt."""
