"""`brightline serve`: the gateway."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from brightline.cli.opening import open_pack
from brightline.cli.printing import Json, print_json, progress, say

if TYPE_CHECKING:
    from brightline.gateway.gateway import Gateway


def add(app: typer.Typer) -> None:
    app.command("serve")(serve)


def serve(
    config: Annotated[Path, typer.Option("--config", "-c", help="The settings.")] = Path("brightline.toml"),
    observe: Annotated[str, typer.Option(help="Decide and record with this pack, and block nothing.")] = "",
    as_json: Json = False,
) -> None:
    """Run the gateway until it is told to stop (SIGTERM, Ctrl-C); calls that have begun are finished."""
    # Imported here, so that the other verbs do not wait for the gateway's libraries.
    from brightline.gateway.config import read_config  # noqa: PLC0415
    from brightline.gateway.gateway import run as run_gateway  # noqa: PLC0415
    from brightline.gateway.wire import run  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = read_config(config)
    pack = open_pack(observe) if observe else None

    def ready(gateway: Gateway) -> None:
        mode = "observing" if gateway.standing.observing else "enforcing"
        terms = gateway.standing.pack.terms.digest
        if as_json:
            print_json({"ready": gateway.url, "mode": mode, "terms": terms})
        else:
            say(f"ready: {gateway.url}  ({mode} {terms})")
            if gateway.standing.observing:
                say("OBSERVING ONLY: nothing is blocked, and every answer says so.")

    run(run_gateway(settings, pack, progress, ready))
