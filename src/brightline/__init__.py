"""Brightline: terms of use for AI models, negotiated, enforced and proven."""

__version__ = "0.1.0"
