#!/usr/bin/env bash
# Install the package without extras into an environment of its own, and use it there: light_installation.sh MODEL PHOTOS SKETCH
# MODEL is a packaged model's name or an exported folder. Prints the size; fails where torch came along or nothing is found.
set -euo pipefail
model=$1 photos=$2 sketch=$3
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/env"
"$work/env/bin/python" -m pip install --quiet --disable-pip-version-check -c "$root/constraints.txt" "$root"
for module in torch transformers sklearn matplotlib; do
  if "$work/env/bin/python" -c "import $module" 2> /dev/null; then echo "$module is installed, expected without"; exit 1; fi
done
size=$(du -sm "$work/env" | cut -f 1)
echo "an environment with the package alone: $size MB (at most 400)"
[ "$size" -le 400 ]
"$work/env/bin/pcmsn" index "$photos" --model "$model" --gallery "$work/photos.gallery"
"$work/env/bin/pcmsn" search "$sketch" --gallery "$work/photos.gallery" -k 3
if "$work/env/bin/pcmsn" train 2> "$work/refused"; then echo "train ran without its extra"; exit 1; fi
grep -q "needs the extra 'train'" "$work/refused"
