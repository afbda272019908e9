"""The same SELECT in Spark's dialect, on the same uses, with the same answers: history larger than one machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brightline.analysis.layout import Layout
from brightline.analysis.replay import write_parquet
from brightline.analysis.sql import decisions
from brightline.storage.packs import open_pack
from brightline.terms import Terms, read_terms
from tests.analysis.answers import asked, by_decide, by_duckdb, some_uses, table
from tests.terms.generated import SCOPE

pytestmark = pytest.mark.extras

LIFTED = """
@id("a") permit (principal, action, resource) when { context.approvals.contains("operator") };
@id("b") forbid (principal, action, resource) when { context.place == "home" } unless {
  context.duties.containsAll(["note", "redact"]) };
@id("c") forbid (principal, action in Action::"surv", resource) when { context.distinct_persons >= 9007199254740993 }
  unless { context.approvals.containsAny(["privacy_officer", "second_reader"]) && context.duties.contains("sample") };
@id("d") permit (principal in Component::"army", action, resource in Model::"smol") when {
  context.lanes.containsAny(["logistics", "maps"]) };
"""


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is installed by `make test-extras`")
    made = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = (
        made.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )
    yield session
    session.stop()


@pytest.mark.parametrize("name", ["vendor", "compromise", "lifted"])
def test_spark_says_what_duckdb_and_decide_say(spark: Any, tmp_path: Path, name: str) -> None:
    terms: Terms = read_terms(SCOPE, LIFTED, "lifted") if name == "lifted" else open_pack(name).terms
    uses = some_uses(terms.scope, 8, 4000)
    columns = table(Layout(terms.scope), uses)
    places = columns.pop("_place")
    write_parquet(Layout(terms.scope), columns | {"_recorded": places % 5}, tmp_path / "uses.parquet")
    spark.read.parquet(str(tmp_path / "uses.parquet")).createOrReplaceTempView("uses")
    query = f"SELECT {asked(terms)} FROM ({decisions(terms).sql('spark')})"
    answers = [tuple(row) for row in spark.sql(query).collect()]
    assert answers == by_duckdb(terms, uses)
    assert answers == [by_decide(terms, use) for use in uses]
