"""How fast the bot is, and how much memory it takes: `make bench`.

Everything is a ratio within one run: the bot beside a bare loop, a notebook, pandas, or Python
doing nothing, each in a process of its own, by processor time and peak memory.
"""
