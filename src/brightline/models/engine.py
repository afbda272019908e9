"""The child process of the embedded model: llama.cpp's server on a loopback port, until its stdin ends.

Run as a file, by `brightline.models.embedded` alone: it imports nothing of Brightline. It reads one line of
settings from stdin (the API key is there and not in argv, which every local user can read), prints `ready URL`,
and lives until stdin ends: a parent that is killed leaves no model behind.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import xllamacpp


def main() -> None:
    # 1 settings
    settings: dict[str, Any] = json.loads(sys.stdin.readline())
    # 2 load: the constructor returns when the weights are loaded and the port listens
    server = xllamacpp.Server(_params(settings))
    sys.stdout.write(f"ready {server.listening_address}\n")
    sys.stdout.flush()
    # 3 from here on the engine's own log could quote prompts: nobody gets it
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())
    # 4 serve until the parent closes its end, or dies
    sys.stdin.read()
    del server


def _params(settings: dict[str, Any]) -> xllamacpp.CommonParams:
    p = xllamacpp.CommonParams()
    p.model.path = settings["weights"]
    p.model_alias = {settings["name"]}
    p.n_ctx = settings["context"]
    p.n_parallel = settings["slots"]
    p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1  # two threads on two busy cores spin
    p.hostnames, p.port = ["127.0.0.1"], 0
    # Other local users reach a loopback port too: without the key they would go round the gateway.
    p.api_keys = [settings["api_key"]]
    p.endpoint_metrics = True  # the engine's own token counters
    p.endpoint_slots = p.endpoint_props = p.ui = False  # these show prompts, change settings, serve a page
    p.cors_origins = ""
    p.cache_ram_mib = 0  # prompts of finished calls are not kept
    # At scale 0: which adapter answers is what each call says, and only the gateway says it (models/variants.py).
    p.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(path, 0.0) for path in settings["adapters"]]
    p.offline = True
    p.verbosity = 1  # errors
    return p


if __name__ == "__main__":
    main()
