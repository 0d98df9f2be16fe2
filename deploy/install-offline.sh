#!/bin/sh
# Installs Tocsin from the folder this file is in, without any network: a new virtual environment.
#     sh install.sh /opt/tocsin-0.1.0
# Beside the one that runs: which of them is in use, a link says (deploy/README.md, "Upgrade").
set -eu
here=$(cd "$(dirname "$0")" && pwd)
into=${1:?"expected the folder to install into, e.g. /opt/tocsin-0.1.0"}
[ ! -e "$into" ] || { echo "$into is there already, and is not changed" >&2; exit 1; }
(cd "$here" && sha256sum --quiet --check SHA256SUMS)
"${PYTHON:-python3}" -m venv "$into"
"$into/bin/pip" install --quiet --disable-pip-version-check --no-index --find-links "$here" --no-deps --require-hashes \
  --requirement "$here/run.txt"
"$into/bin/pip" install --quiet --disable-pip-version-check --no-index --no-deps "$here"/tocsin-*.whl
"$into/bin/pip" check
"$into/bin/tocsin" --help >/dev/null
echo "Installed: $into/bin/tocsin"
