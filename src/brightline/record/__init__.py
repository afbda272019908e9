"""The record: an append-only Merkle log of fixed-size entries. No I/O; time, randomness and bytes are passed in."""
