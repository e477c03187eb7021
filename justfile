# The commands of a working day; `just --list` prints them. Each one is plain cargo, so `just` is a convenience.

# Print this list
default:
    @just --list

# Create the whole stack on this machine
up *arguments:
    cargo run -- up --local {{arguments}}

# Check that everything compiles
check:
    cargo check --locked --workspace --tests

# Run the unit tests, or those whose name contains WORD
unit WORD='':
    cargo test --locked --lib {{WORD}}

# Run one end-to-end test on the local cloud
local WORD:
    cargo test --locked --test local_cloud {{WORD}}

# Run every test, those that need Chromium and npm included
test:
    cargo test --locked --workspace -- --include-ignored

# Format, lint, document and test, as the continuous integration does
ci:
    bash .ci/run

# Format the code
format:
    cargo fmt --all

# Write the golden files and the generated documents again
golden:
    UPDATE_GOLDEN=1 cargo test --locked --test documents
    UPDATE_GOLDEN=1 cargo test --locked --test local_cloud help

# Print what each crate of the first command costs to compile
weight:
    python3 bench/weight.py
