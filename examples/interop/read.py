"""Reads the dataset that `main.rs` writes, by pyarrow and by DuckDB, and compares every value with
the JSON Lines that it prints:

    python read.py FOLDER ROWS.jsonl
"""

import base64
import datetime
import json
import pathlib
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)


def files(folder):
    """The data files of the newest snapshot: its manifest names them."""
    newest = max(folder.glob("datasets/rows/snapshots/*/manifest.json"))
    manifest = json.loads(newest.read_text())
    assert manifest["codec"] == "parquet", manifest["codec"]
    return manifest, [str(folder / file["path"]) for file in manifest["files"]]


def expected(lines):
    """The rows as the readers give them: JSON has no bytes and no times."""
    rows = [json.loads(line) for line in lines]
    for row in rows:
        row["raw"] = base64.b64decode(row["raw"])
        row["at"] = (datetime.datetime.fromisoformat(row["at"]) - EPOCH) // MICROSECOND
    return rows


def plain(value):
    """Dates as text, as in JSON."""
    if isinstance(value, dict):
        return {key: plain(value) for key, value in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(value) for value in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def by_pyarrow(paths):
    table = pa.concat_tables(pq.read_table(path) for path in paths)
    at = table.column("at")
    assert at.type == pa.timestamp("ns", tz="UTC"), at.type
    assert pa.types.is_dictionary(table.schema.field("status").type)
    nanoseconds = at.cast(pa.int64()).to_pylist()
    rows = table.drop_columns(["at"]).to_pylist(maps_as_pydicts="strict")
    for row, time in zip(rows, nanoseconds):
        assert time % 1000 == 0
        row["at"] = time // 1000
        row["json"] = json.loads(row["json"])
    return [plain(row) for row in rows]


def by_duckdb(paths):
    query = 'SELECT * REPLACE (epoch_us("at"::TIMESTAMPTZ) AS "at") FROM read_parquet($paths) ORDER BY id'
    found = duckdb.execute(query, {"paths": paths})
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, cells)) for cells in found.fetchall()]
    for row in rows:
        row["json"] = json.loads(row["json"])
    return [plain(row) for row in rows]


def compare(reader, found, wanted):
    assert len(found) == len(wanted), f"{reader}: {len(found)} rows instead of {len(wanted)}"
    for number, (one, other) in enumerate(zip(found, wanted)):
        assert one.keys() == other.keys(), f"{reader}: {one.keys()}"
        for name, value in other.items():
            message = f"{reader}: row {number}, {name}: {one[name]!r} is not {value!r}"
            assert one[name] == value, message
    print(f"{reader}: {len(wanted)} rows are equal")


def check_footer(path, manifest):
    """What lode says in the footer."""
    metadata = pq.ParquetFile(path).metadata
    assert b"lode.schema" in metadata.metadata, metadata.metadata
    assert str(pq.ParquetFile(path).schema.column(metadata.num_columns - 1).logical_type) == "JSON"
    group = metadata.row_group(0)
    assert [column.column_index for column in group.sorting_columns] == [0]
    statistics = group.column(0).statistics
    assert (statistics.min, statistics.null_count) == (0, 0)
    counts = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
    assert sum(counts) == manifest["row_count"] and max(counts) <= 300, counts


def main():
    folder, dump = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    manifest, paths = files(folder)
    wanted = expected(dump.read_text().splitlines())
    check_footer(paths[0], manifest)
    compare(f"pyarrow {pa.__version__}", by_pyarrow(paths), wanted)
    compare(f"DuckDB {duckdb.__version__}", by_duckdb(paths), wanted)
    one = "SELECT count(*) FROM read_parquet($paths) WHERE name = 'row 7 é 🦀'"
    found = duckdb.execute(one, {"paths": paths})
    assert found.fetchone() == (1,)


if __name__ == "__main__":
    main()
