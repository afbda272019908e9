"""GET /metrics: numbers for those who run the gateway, in the text format of Prometheus (docs/reference/metrics.md).

Law: no content, no name or hash of a person, no account; labels are words of the agreement, the registry and the
settings. A scrape reads what is counted anyway, so a call costs nothing more for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from brightline.gateway.metered import Metered
from brightline.gateway.screened import Screened
from brightline.gateway.wire import Header
from brightline.meters.prices import PICO
from brightline.record.body import Counters
from brightline.storage.journal import Journal

TYPE: Header = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
_DECIDED = {"permit": "permits", "hold": "holds", "ask": "asks", "deny": "denies"}


@dataclass(frozen=True, eq=False)
class Metrics(Collector):
    """`journal`: totals of the record, which outlive a restart; what the screen saw counts from the start."""

    journal: Journal
    metered: Metered
    screened: Screened

    def page(self) -> bytes:
        """The whole answer."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """As `prometheus_client` asks for it."""
        yield from self._record(self.journal.log.totals)
        yield _counter("screen_texts", "Prompts, answers and tool arguments by what the screen found", ["finding"], {
            str(found): count for found, count in self.screened.seen.items()
        })  # fmt: skip
        yield from self._persons()
        yield from self._money()

    def _record(self, totals: Counters) -> Iterator[Metric]:
        decided = {outcome: getattr(totals, name) for outcome, name in _DECIDED.items()}
        yield _counter("decisions", "Decisions in the record, by outcome", ["outcome"], decided)
        tokens = {"input": totals.input_tokens, "output": totals.output_tokens}
        yield _counter("tokens", "Tokens in the record, in the steps of the agreement", ["direction"], tokens)

    def _persons(self) -> Iterator[Metric]:
        meters = self.metered.meters
        if meters is None:
            return
        window, counters = meters.window, meters.state.counters
        since = max(meters.state.time, int(self.metered.now())) - window.seconds
        highest: dict[str, int] = {}
        for scope, counter in counters.items():
            purpose = scope[0] or ""
            highest[purpose] = max(highest.get(purpose, 0), min(counter.with_use((), since), window.hard))
        yield _gauge("persons", "Distinct persons of the fullest scope, up to the hard limit", ["purpose"], highest)
        limits = {"soft": window.soft, "hard": window.hard}
        yield _gauge("persons_limit", "The limits that the terms name", ["limit"], limits)

    def _money(self) -> Iterator[Metric]:
        if self.metered.budget is None:
            return
        money = self.metered.budget.spending
        spent = {component: cost / PICO for component, cost in money.by_component.items()}
        yield _counter("spent", "Spent, in the currency of the agreement", ["component"], spent)
        known = {"reserved": money.reserved, "funded": money.funded, "ceiling": money.ceiling}
        amounts = {name: amount / PICO for name, amount in known.items() if amount is not None}
        yield _gauge("funds", "Reserved for calls under way, funded, and the ceiling", ["amount"], amounts)


def _counter(name: str, text: str, labels: list[str], values: dict[str, int] | dict[str, float]) -> Metric:
    return _filled(CounterMetricFamily(f"brightline_{name}", text, labels=labels), values)


def _gauge(name: str, text: str, labels: list[str], values: dict[str, int] | dict[str, float]) -> Metric:
    return _filled(GaugeMetricFamily(f"brightline_{name}", text, labels=labels), values)


def _filled(
    family: CounterMetricFamily | GaugeMetricFamily, values: dict[str, int] | dict[str, float]
) -> CounterMetricFamily | GaugeMetricFamily:
    for label, value in values.items():
        family.add_metric([label], value)
    return family
