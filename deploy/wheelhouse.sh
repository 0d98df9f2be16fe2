#!/bin/sh
# Everything that Tocsin is installed from, in one folder, for machines that reach no package index.
#     sh deploy/wheelhouse.sh FOLDER [--platform manylinux_2_28_aarch64 --python-version 3.12 …]
# What is downloaded is what requirements/ lock, by hash. Options are pip's own: for another kind of machine than this.
# PYTHON names the Python to use, one with pip; of its version and platform are the wheels, unless the options differ.
set -eu
[ $# -ge 1 ] || { sed -n 's/^#  *//p' "$0" | sed -n 2,3p; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$1
shift
python=${PYTHON:-python3}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
building=$(mktemp -d)
trap 'rm -rf "$building"' EXIT

"$python" -m pip download --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
  --dest "$folder" --requirement "$root/requirements/run.txt" "$@"
"$python" -m venv "$building/venv"
"$building/venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --no-deps --only-binary :all: \
  --requirement "$root/requirements/build.txt"
"$building/venv/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index \
  --wheel-dir "$folder" "$root"

cp "$root/requirements/run.txt" "$folder/"
cp "$root/deploy/install-offline.sh" "$folder/install.sh"
rm -rf "$folder/deploy"
cp -R "$root/deploy" "$folder/deploy"
rm -rf "$folder"/deploy/compose/secrets "$folder"/deploy/compose/certs "$folder"/deploy/compose/sites \
  "$folder"/deploy/example/data
(cd "$folder" && find . -type f ! -name SHA256SUMS | LC_ALL=C sort | xargs sha256sum >SHA256SUMS)
echo "$folder: $(find "$folder" -name '*.whl' | wc -l) wheels, $(du -sh "$folder" | cut -f1)"
