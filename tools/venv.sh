#!/bin/sh
# Make a virtual environment, or bring one up to date, from hash-pinned locks.
#
#   usage: tools/venv.sh VENV LOCK...        PYTHON=python3.12 chooses the interpreter
#
# Needs a Python with venv and pip, nothing else. The build requirement (setuptools) is locked
# too, so no step fetches anything that a lock does not name.
set -eu

venv=$1
shift
python=${PYTHON:-python3}

die() {
    echo "$*" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    die "$python is not installed: Budget Bot needs Python 3.11 or newer (choose one: make PYTHON=python3.12 ...)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Budget Bot needs Python 3.11 or newer; $python is $("$python" -V 2>&1) (choose one: make PYTHON=python3.12 ...)"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    die "$python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt install python3-venv)"

version() { "$1" -c 'import sys; print(sys.version)' 2>/dev/null; }

started=$(date +%s)
printf 'Setting up %s from %s ... ' "$venv" "$*" >&2

# An environment of another interpreter, or half made, is made again.
if [ "$(version "$venv/bin/python")" != "$(version "$python")" ] ||
    ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear "$venv"
fi

install() {
    "$venv/bin/python" -m pip install --quiet --quiet --no-input --disable-pip-version-check \
        --no-warn-script-location "$@" || die "
The set-up stopped: see pip's words above. Nothing was changed outside $venv; run it again."
}
locks=
for lock in "$@"; do locks="$locks --requirement $lock"; done
# shellcheck disable=SC2086 # a list of options; the names of our locks have no spaces
install --require-hashes $locks
install --no-deps --no-build-isolation --editable .

echo "done in $(($(date +%s) - started)) s" >&2
