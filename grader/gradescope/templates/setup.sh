#!/usr/bin/env bash
# Run once by Gradescope, as root, when the image is built. It may be run again.
set -euo pipefail
root=${AUTOGRADER_ROOT:-/autograder}
source=$root/source
export DEBIAN_FRONTEND=noninteractive

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    apt-get update -qq
    apt-get install -y -qq python3 python3-venv
fi
# An environment of its own: the platform needs the system's python3 as it is.
[ -x "$root/venv/bin/pip" ] || python3 -m venv "$root/venv"
"$root/venv/bin/pip" install -q --disable-pip-version-check --no-input --only-binary :all: --no-deps -r "$source/requirements.txt"
"$root/venv/bin/pip" install -q --disable-pip-version-check --no-input --no-deps --force-reinstall "$source"/grader-*.whl

# Student code runs as users that own nothing: every worker takes a user id of its own from a range that no account
# has (grader/sandbox/accounts.py), so there is none to create. They may read neither the banks nor the results.
chmod -R u=rwX,go= "$source"
chmod -R a+rX "$root/venv"
"$root/venv/bin/python" -c 'import grader.gradescope.harness'
