"""What developers run on the source tree; no part of the package."""
