#!/bin/sh
# Fuzz with atheris, from an environment of its own; without atheris, by blind changes.
#
#   usage: tools/fuzz.sh VENV PYTHON [options of python -m tests.fuzz]
#
# atheris has wheels for some Pythons on Linux and macOS only. Where it cannot be installed the
# PYTHON of the tests does what it can, and says so.
set -eu

venv=$1
python=$2
shift 2

stamp=$venv/.from-$(cksum <requirements-fuzz.lock | cut -d ' ' -f 1)
if [ ! -e "$stamp" ]; then
    if tools/venv.sh "$venv" requirements-build.lock requirements-fuzz.lock; then
        touch "$stamp"
    else
        echo 'atheris cannot be installed here: fuzzing without it' >&2
    fi
fi
[ ! -e "$stamp" ] || python=$venv/bin/python
exec "$python" -m tests.fuzz "$@"
