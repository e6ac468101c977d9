#!/usr/bin/env bash
# Installs what the build needs: Debian packages, and LibTorch (with nvcc where it is wanted) in the private Python
# environment .venv. Says what it does, and nothing when there is nothing to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'EOF'
usage: scripts/setup.sh [--cpu | --cuda]

Installs the Debian packages of scripts/requirements/debian.txt (as root or through sudo) and LibTorch in .venv.
  --cpu     LibTorch for the CPU (1.3 GB on disk)
  --cuda    LibTorch for CUDA (4.1 GB on disk), and nvcc where the machine has no release 12 or later
Without either: --cuda where there is an NVIDIA driver or nvcc, else --cpu.

To use a LibTorch of your own, set Torch_DIR=<libtorch>/share/cmake/Torch in the environment; none is installed then.
EOF
}

say() { echo "setup: $*"; }
fail() {
  echo "setup: $*" >&2
  exit 1
}

# The lines of lists, without comments.
entries() { sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"; }

# --- Debian packages

installed_packages() { dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p'; }

missing_packages() { comm -23 <(entries scripts/requirements/debian.txt | sort) <(installed_packages | sort -u); }

apt_get() {
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@"
}

# The package lists at hand may do; they are fetched anew where they do not.
install_packages() {
  local install=(install --no-install-recommends -o Dpkg::Use-Pty=0 "$@")
  apt_get "${install[@]}" >/dev/null 2>&1 && return
  say "updating the package lists"
  apt_get update || fail "apt-get update failed: is there a network?"
  apt_get "${install[@]}" >/dev/null || fail "apt-get could not install: $*"
}

set_up_packages() {
  command -v dpkg-query >/dev/null || fail "this is not Debian: install the packages of scripts/requirements/debian.txt"
  local missing
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]} == 0)) && return
  ((EUID == 0)) || command -v sudo >/dev/null ||
    fail "Debian packages are missing, and this is neither root nor is there sudo: apt-get install ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  install_packages "${missing[@]}"
}

# --- LibTorch

# Those entries of the given lists that .venv does not have in that version.
missing_wheels() {
  local name version
  entries "$@" | while IFS='=' read -r name _ version; do
    compgen -G ".venv/lib/python3*/site-packages/${name//-/_}-$version.dist-info" >/dev/null || echo "$name==$version"
  done
}

# install_wheels WHAT LIST: into .venv, which is made where there is none.
install_wheels() {
  local missing
  mapfile -t missing < <(missing_wheels "$2")
  ((${#missing[@]} == 0)) && return
  [[ -x .venv/bin/pip ]] || /usr/bin/python3 -m venv .venv
  say "installing $1 in .venv: ${missing[*]}"
  .venv/bin/pip install --quiet --disable-pip-version-check --no-deps "${missing[@]}" ||
    fail "pip could not install $1: is there a network, and room on the disk?"
}

# Whether the machine has a CUDA compiler of release 12 or later.
machine_has_nvcc() {
  local nvcc
  for nvcc in "$(command -v nvcc)" "${CUDA_HOME:-/usr/local/cuda}/bin/nvcc"; do
    [[ -x $nvcc && $("$nvcc" --version) =~ release\ (1[2-9]|[2-9][0-9])\. ]] && return
  done
  return 1
}

cuda_is_wanted() {
  case $device in
    cuda) true ;;
    cpu) false ;;
    auto) [[ -e /proc/driver/nvidia/version ]] || machine_has_nvcc ;;
  esac
}

set_up_cuda() {
  install_wheels "LibTorch's CUDA libraries (2 GB to download)" scripts/requirements/libtorch-cuda.txt
  machine_has_nvcc && return
  install_wheels "the CUDA compiler" scripts/requirements/nvcc.txt
  local toolkit
  for toolkit in .venv/lib/python3*/site-packages/nvidia/cu13; do
    [[ -e $toolkit/lib64 ]] || ln -s lib "$toolkit/lib64"  # where nvcc looks for its libraries
  done
}

set_up_libtorch() {
  [[ -n ${Torch_DIR:-} ]] && return
  install_wheels "LibTorch (0.5 GB to download)" scripts/requirements/libtorch-cpu.txt
  if cuda_is_wanted; then set_up_cuda; fi
}

device=auto
for argument; do
  case $argument in
    --cpu) device=cpu ;;
    --cuda) device=cuda ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
done
set_up_packages
set_up_libtorch
