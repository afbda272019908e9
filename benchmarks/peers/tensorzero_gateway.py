"""`python tensorzero_gateway.py`, with the Python that has TensorZero: the HTTP gateway embedded in its package.

It is what `tensorzero.patch_openai_client` starts. It picks a port of its own, which is written into the file `port`.
"""

import time
from pathlib import Path
from urllib.parse import urlsplit

from tensorzero import _start_http_gateway  # type: ignore[import-not-found]

gateway = _start_http_gateway(
    config_file="tensorzero.toml", clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False
)
Path("port.new").write_text(str(urlsplit(gateway.base_url).port))
Path("port.new").rename("port")
while True:
    time.sleep(3600)
