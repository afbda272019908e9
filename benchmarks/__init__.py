"""Benchmarks: each module has `run()`, which yields figures; no test asserts one."""
