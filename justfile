# `just` lists the recipes. CI runs `.ci/run`; every recipe is one command that works without just.

set positional-arguments

# List the recipes.
default:
    @just --list

# Everything CI runs.
ci:
    .ci/run

# The README's test command.
test *arguments:
    cargo test --workspace {{arguments}}

# The README's test command, with an S3 server, and one that ignores conditions.
test-s3 *arguments:
    tests/server/rclone run tests/server/seaweedfs run cargo test --workspace {{arguments}}

# Eight writers with 200 commits each, on local disk and on S3, in a dev build; docs/DESIGN.md has the result.
hammer commits="200":
    LODE_HAMMER_COMMITS={{commits}} tests/server/seaweedfs run cargo test -p lode-tests --test lode -- hammer --test-threads 1

# Format the code.
fmt:
    cargo fmt --all

# Format and lints, as errors.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo clippy -p lode --all-targets -- -D warnings
    cargo clippy -p lode --no-default-features --lib -- -D warnings

# The documentation, with warnings as errors.
docs:
    RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace

# The main job: real flights as snapshots on local disk. `just flights FILE` for a file of yours.
flights *arguments:
    cargo run --release --example flights -- {{arguments}}

# Every example, one after the other, but for `interop`: the README says how to run that.
examples:
    for e in examples/*.rs; do n=$(basename "$e" .rs); [ "$n" = lib ] || cargo run --quiet --release --example "$n" || exit 1; done

# Measure against the same work by hand. LODE_FLIGHTS_CSV names the full file.
bench *arguments:
    cargo bench -p lode --bench flights {{arguments}}

# Take new compiler messages as expected ones: look at the difference before you commit it.
ui-accept:
    TRYBUILD=overwrite cargo test -p lode-tests ui

# Measure against object_store alone, on an S3 server.
bench-s3 *arguments:
    tests/server/seaweedfs run cargo bench -p lode --features aws --bench s3 {{arguments}}

# Measure volumes against the same work by hand. LODE_BENCH_DIR is where files go.
bench-volume *arguments:
    cargo bench -p lode --bench volume {{arguments}}

# Licences, bans and sources of dependencies; no network beyond what cargo needs.
deny:
    cargo fetch --locked
    cargo deny --offline check licenses bans sources

# Known security problems of dependencies; fetches the advisory database.
advisories:
    cargo deny check advisories

# More seeds of every simulation, in a release build.
simulate seeds="25000":
    LODE_SIM_SEEDS={{seeds}} cargo test --release -p lode-tests --test lode -- sim::dataset::what sim::volume::what

# Replay every fuzz corpus.
fuzz-replay:
    .ci/fuzz 0

# 60 s of mutation a target.
fuzz-60s *targets:
    .ci/fuzz 60 {{targets}}

# An hour of mutation a target.
fuzz-1h *targets:
    .ci/fuzz 3600 {{targets}}
