"""`bot doctor`: what works, what does not, and how to mend it.

    checkup.py       a check, its state, and how one that fails leaves the others alone
    clock.py         this machine's clock against the servers'
    surroundings.py  files of secrets, time zone, heartbeat
    openai.py        the key: its kind, and what it may read
    slack.py         the token: who it is, its scopes; the app token; the webhook
    channels.py      every channel that alerts and digests go to
    sending.py       a test message, when asked for
    database.py      the database as a file or a server
    history.py       the days that are held, what waits, and rules that look at nothing

Nothing is written, here or in Slack, but for the test message. Every question to a server has a few
seconds; after the first silence the rest is not asked.
"""
