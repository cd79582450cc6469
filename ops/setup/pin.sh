#!/usr/bin/env bash
# Writes requirements.txt and requirements-dev.txt from pyproject.toml (make requirements).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export CUSTOM_COMPILE_COMMAND="make requirements"

[[ -x .venv/bin/python ]] || python3 -m venv .venv
[[ -x .venv/bin/pip-compile ]] || .venv/bin/python -m pip install --quiet pip-tools

pin() {
    local output="$1"
    shift
    # No index, no links: where packages come from is each machine's own matter.
    .venv/bin/pip-compile --quiet --upgrade --strip-extras --allow-unsafe --build-deps-for editable \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
        "$@" --output-file "$output" pyproject.toml
}

pin requirements.txt
pin requirements-dev.txt --extra dev --constraint requirements.txt
