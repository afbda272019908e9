"""The gateway: HTTP, the exchange (steps 1 to 8 of a governed call), streaming, upstreams."""
