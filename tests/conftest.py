"""Settings of every test: no test asserts a time, so Hypothesis has no deadline either."""

from hypothesis import HealthCheck, settings

settings.register_profile("brightline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("brightline")
