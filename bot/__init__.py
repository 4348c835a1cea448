"""Budget Bot: watches an organisation's OpenAI bill and tells Slack."""

__version__ = "0.1.0"
