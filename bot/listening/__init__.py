"""`bot listen`: what people press in Slack and what they ask with `/budget`, over Socket Mode.

    payload.py    what an envelope says, if it is anything to act on: pure
    asking.py     the words after `/budget`: pure
    answers.py    what is done about a press or a question
    reply.py      words that only the one who asked can see
    lines.py      jobs in order, one after the other, none of which ends the line
    socket.py     the connection: every envelope is acknowledged before anything is done about it
    listen.py     the process

Whatever is to be remembered is in the database: Slack hands an event to any of the connections
that an app has open, and each of them can act on it.
"""
