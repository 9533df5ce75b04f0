"""Checks of the numbers that methods have as settings."""

from __future__ import annotations

from pcmsn.errors import ConfigError


def check_positive(method: str, **settings: float) -> None:
    """Raise ConfigError for a setting of a method that is not a finite number above 0."""
    for name, value in settings.items():
        if not 0 < value < float("inf"):
            raise ConfigError(f"{name} of {method} must be a finite number > 0, got {value}")


def check_not_negative(method: str, **settings: float) -> None:
    """Raise ConfigError for a setting of a method that is not 0 or a finite number above it."""
    for name, value in settings.items():
        if not 0 <= value < float("inf"):
            raise ConfigError(f"{name} of {method} must be a finite number >= 0, got {value}")
