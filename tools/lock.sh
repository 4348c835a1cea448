#!/bin/sh
# Write the locks again from pyproject.toml: hash-pinned, for every platform and Python >= 3.11.
#
#   usage: tools/lock.sh [uv options]        --upgrade lets every version move
#
# requirements-dev.lock comes first; the others take their versions from it, so that every
# environment that is tested is the one that ships.
set -eu

uv=${UV:-.venv/bin/uv}

compile() {
    out=$1
    shift
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command 'make lock' --output-file "$out" "$@"
}

compile requirements-dev.lock --extra dev --extra postgres "$@" pyproject.toml
compile requirements.lock --constraint requirements-dev.lock pyproject.toml
compile requirements-fuzz.lock --constraint requirements-dev.lock --extra fuzz pyproject.toml
compile requirements-postgres.lock --constraint requirements-dev.lock --extra postgres pyproject.toml

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
"$(dirname "$uv")/python" -c '
import pathlib, tomllib
print(*tomllib.loads(pathlib.Path("pyproject.toml").read_text())["build-system"]["requires"], sep="\n")
' >"$build/build-system.in"
# Without annotations: they would name the temporary file.
compile requirements-build.lock --no-annotate --constraint requirements-dev.lock "$@" "$build/build-system.in"
