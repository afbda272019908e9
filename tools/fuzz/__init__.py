"""Coverage-guided fuzzing of every parser in tests/hostile/parsers.py (`make fuzz`; needs atheris, an extra)."""
