"""The memory: rows and roll-ups, day states, alerts and the outbox, in one database."""
