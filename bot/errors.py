"""Errors a person can act on.

    BotError
    ├── UsageError      exit 2    the command line is wrong
    ├── ConfigError     exit 3    configuration, rules or the database as configured
    ├── SourceError     exit 4    the bill could not be read
    └── DeliveryError   exit 5    a message could not be handed over

Every error says what is wrong and where; `hint` says the way out. Anything that is not a
`BotError` and reaches the command line is a bug (exit 70). No error holds a known secret.
"""

from __future__ import annotations

from bot.redaction import without_secrets


class BotError(Exception):
    """A failure that is the world's or the user's, not the program's."""

    exit_code = 70

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        self.message = without_secrets(message)
        self.hint = without_secrets(hint) if hint else hint
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(BotError):
    """The command line asks for something that does not exist."""

    exit_code = 2


class ConfigError(BotError):
    """Configuration, rules, or what they point at cannot be used."""

    exit_code = 3


class StoreError(ConfigError):
    """The database is newer, locked, read-only, corrupt or out of reach. It is left as it was."""


class SourceError(BotError):
    """The bill could not be read: wrong key, network, or an answer that breaks its contract."""

    exit_code = 4


class DeliveryError(BotError):
    """A message was not accepted.

    `permanent`: trying again cannot help until somebody changes something.
    `ambiguous`: the message may have been posted although no answer came.
    """

    exit_code = 5

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        permanent: bool = False,
        ambiguous: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.permanent = permanent
        self.ambiguous = ambiguous
        self.retry_after = retry_after
