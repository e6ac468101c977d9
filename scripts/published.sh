# shellcheck shell=bash disable=SC2034  # what is set here is used by the scripts
# The published runs, and how the scripts *_all.sh go through them. Sourced by those.
#
# Runs belong to groups: bair_action_free, kth, and bair, whose models see actions and states.
set -euo pipefail

# --table FILE: the runs of a table of one's own instead.
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ ${1:-} == --table ]]; then
  task=$(basename "$0" .sh)
  exec "$scripts/runs.sh" "${task%%_*}" "${@:2}"
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

groups=(bair_action_free kth bair)
declare -A runs=(
  [bair_action_free]="ours_deterministic_l1 ours_deterministic_l2 ours_vae_l1 ours_vae_l2 ours_gan ours_savp sv2p_time_invariant"
  [kth]="ours_deterministic_l1 ours_deterministic_l2 ours_vae_l1 ours_gan ours_savp sv2p_time_invariant sv2p_time_variant"
  [bair]="ours_deterministic_l1 ours_deterministic_l2 ours_vae_l1 ours_vae_l2 ours_gan ours_savp sna_l1 sna_l2 sv2p_time_variant"
)
declare -A dataset=([bair_action_free]=bair [kth]=kth [bair]=bair)
declare -A training_hparams=([bair_action_free]="" [kth]="" [bair]="--dataset_hparams use_state=true")
declare -A test_length=([bair_action_free]=30 [kth]=40 [bair]=30)  # frames

# --dry-run, the folder of the models, and the runs to take, "group" or "group/run"; all of them where none is named.
dry_run=false
models=logs
wanted=()
while (($# > 0)); do
  argument=$1
  shift
  case $argument in
    --dry-run) dry_run=true ;;
    --models)
      (($# > 0)) || { echo "$(basename "$0"): --models needs a folder" >&2; exit 2; }
      models=${1%/}
      shift
      ;;
    -h | --help)
      sed -n '2,/^$/{s/^# \{0,1\}//p}' "$0"
      exit 0
      ;;
    -*)
      echo "$(basename "$0"): unknown flag $argument (see --help)" >&2
      exit 2
      ;;
    *) wanted+=("$argument") ;;
  esac
done

selected() {
  local name
  [[ ${#wanted[@]} -eq 0 ]] && return 0
  for name in "${wanted[@]}"; do [[ $1 == "$name" || $1 == "$name"/* ]] && return 0; done
  return 1
}

# Whether a run is there. One that was asked for by its own name must be; others are passed over.
trained() {
  $dry_run && return 0
  [[ -d $models/$1 || " ${wanted[*]-} " == *" $1 "* ]] && return 0
  echo "$models/$1 is not there: left out"
  return 1
}

model_of() {
  case $1 in
    ours_*) echo savp ;;
    *) echo "${1%%_*}" ;;
  esac
}

# Shows a command, and runs it unless --dry-run is given. One that fails does not stop the others; at the end the failures are
# listed and the exit code is 1. Who stops one of them stops all.
failures=()
tool() {
  local command=("build/bin/savp_$1" "${@:2}") code=0
  echo "${command[@]}"
  if $dry_run; then return 0; fi
  "${command[@]}" || code=$?
  case $code in
    0) ;;
    130 | 143) exit 130 ;;
    *) failures+=("exit code $code: ${command[*]}") ;;
  esac
}
list_failures() {
  local code=$?
  if [[ ${#failures[@]} -gt 0 ]]; then
    echo "$(basename "$0"): ${#failures[@]} failed:" >&2
    printf '  %s\n' "${failures[@]}" >&2
    [[ $code -ne 0 ]] || code=1
  fi
  exit "$code"
}
trap list_failures EXIT

none_left_over() {
  local name group run known
  for name in "${wanted[@]+"${wanted[@]}"}"; do
    known=false
    for group in "${groups[@]}"; do
      [[ $name == "$group" ]] && known=true
      for run in ground_truth ${runs[$group]}; do [[ $name == "$group/$run" ]] && known=true; done
    done
    $known || { echo "$(basename "$0"): there is no published run $name" >&2; exit 2; }
  done
}
none_left_over
