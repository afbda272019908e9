#!/bin/sh
# Pin requirements/*.in with hashes into requirements/*.txt, for the oldest Python that we support.
# Usage: tools/requirements.sh [--upgrade]
set -eu
cd "$(dirname "$0")/../requirements"
pin() {
    uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --python-version 3.11 \
        --custom-compile-command "make requirements" "$@"
}
pin run.in --output-file run.txt "${1:---no-upgrade}"
pin dev.in --output-file dev.txt "${1:---no-upgrade}"
pin model.in --output-file model.txt --no-deps "${1:---no-upgrade}"
pin extras.in --output-file extras.txt "${1:---no-upgrade}"
pin token.in --output-file token.txt "${1:---no-upgrade}"
pin harbor.in --output-file harbor.txt --no-deps "${1:---no-upgrade}"
