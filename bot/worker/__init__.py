"""The worker, `bot run`: a small parent that knows what is due, and a child process for each run.

    due.py        which run is due, and which were missed: pure
    plan.py       what the parent must know of the configuration, as a child tells it
    children.py   a child process: its limits, its last words, its end
    worker.py     one tick: claim what is due, start it, note how it ended
    loop.py       the process: ticks, signals, PID 1
    metrics.py    `/metrics` in Prometheus' text format; server.py serves it and `/healthz`

Nothing here imports pandas, matplotlib, SQLAlchemy or pydantic: the parent is idle nearly always,
and what a run uses is given back when its process ends.
"""
