"""Writes the Parquet files that tests/interop/pyarrow.rs reads: the same rows, as pyarrow makes them.

    pip install pyarrow && python make.py

They are committed; nothing but new cases asks for this to be run again.
"""

import datetime
import decimal
import os
import uuid

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 24
HERE = os.path.dirname(os.path.abspath(__file__))


def row(i):
    """The row that the function `row` of the test makes."""
    return {
        "id": i - 5,
        "name": f"row {i} é " + "x" * (i % 14),
        "maybe": None if i % 3 == 0 else i * 1000,
        "ratio": i / 8,
        "flag": i % 2 == 0,
        "day": datetime.date(1969, 12, 25) + datetime.timedelta(days=i),
        "at": 1_700_000_000_000_000 + i * 3_600_000_000,
        "tags": [f"t{n}" for n in range(i % 4)],
        "scores": None if i % 5 == 0 else [None if n % 2 else n / 2 for n in range(i % 3)],
        "position": None if i % 4 == 3 else {"lat": i / 4, "lon": None if i % 2 else -i / 4},
        "counts": [(f"k{n}", n * i) for n in range(i % 3)],
        "raw": bytes(range(i % 5)),
        "status": ["on-time", "late", "cancelled"][i % 3],
        "key": uuid.UUID(int=i).bytes,
        "pair": [i % 100, 1],
    }


def schema(
    text=pa.string(), raw=pa.binary(), lists=pa.list_, unit="us", int_=pa.int64(), real=pa.float64()
):
    return pa.schema(
        [
            ("id", int_),
            ("name", text),
            ("maybe", pa.int32()),
            ("ratio", real),
            ("flag", pa.bool_()),
            ("day", pa.date32()),
            ("at", pa.timestamp(unit, tz="UTC")),
            ("tags", lists(text)),
            ("scores", lists(pa.float32())),
            ("position", pa.struct([("lat", real), ("lon", real)])),
            ("counts", pa.map_(pa.string(), pa.int64())),
            ("raw", raw),
            ("status", text),
            ("key", pa.binary(16)),
            ("pair", lists(pa.uint8())),
        ]
    )


def table(schema, rows=ROWS):
    rows = [row(i) for i in range(rows)]
    columns = []
    for field in schema:
        cells = [row[field.name] for row in rows]
        if field.name == "at":
            per_unit = {"s": 1_000_000, "ms": 1000, "us": 1}[field.type.unit]
            cells = pa.array([cell // per_unit for cell in cells], pa.int64()).cast(field.type)
            columns.append(cells)
        else:
            columns.append(pa.array(cells, field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def write(name, table, **options):
    pq.write_table(table, os.path.join(HERE, f"{name}.parquet"), **options)


def main():
    plain = table(schema())
    write("plain", plain, compression="none", use_dictionary=False)
    write("dictionary", plain, compression="snappy", use_dictionary=True, row_group_size=7)
    write("pages-v2", plain, compression="gzip", data_page_version="2.0")
    write("zstd", plain, compression="zstd", data_page_version="2.0", use_dictionary=False)
    write("lz4", plain, compression="lz4", write_page_index=True, row_group_size=10)
    write("other-order", plain.select(sorted(plain.column_names, reverse=True)), compression="zstd")
    write("one-row-each", plain.slice(0, 5), compression="none", row_group_size=1)
    write("empty", plain.slice(0, 0))
    large = schema(pa.large_string(), pa.large_binary(), pa.large_list, int_=pa.int8())
    write("large", table(large), compression="zstd")
    views = schema(pa.string_view(), pa.binary_view(), unit="ms", real=pa.float32())
    write("views", table(views), compression="zstd")
    encodings = {"id": "DELTA_BINARY_PACKED", "name": "DELTA_BYTE_ARRAY", "ratio": "BYTE_STREAM_SPLIT"}
    encodings |= {"raw": "DELTA_LENGTH_BYTE_ARRAY"}
    write("encodings", plain, compression="none", use_dictionary=False, column_encoding=encodings)
    names = plain.column("status").dictionary_encode()
    categories = plain.set_column(plain.column_names.index("status"), "status", names)
    names = plain.column("name").dictionary_encode()
    categories = categories.set_column(plain.column_names.index("name"), "name", names)
    write("categories", categories, compression="snappy")
    write("int96", plain, use_deprecated_int96_timestamps=True, compression="snappy")
    # Columns that the record has not.
    more = plain.append_column("extra", pa.array([decimal.Decimal(i) for i in range(ROWS)]))
    write("more-columns", more.append_column("nothing", pa.nulls(ROWS)), compression="snappy")


if __name__ == "__main__":
    main()
