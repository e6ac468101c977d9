#!/usr/bin/env bash
# Downloads a model that the authors of the paper have trained; an interrupted download continues.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: pretrained_models/download_model.sh DATASET_NAME MODEL_NAME --sha256 SUM | --unchecked

The model goes to pretrained_models/DATASET_NAME/MODEL_NAME (SAVP_MODELS_DIR in the environment: another folder).
The authors have published no checksums. --sha256 compares with one that you know, as that of an earlier download;
--unchecked takes what the server gives and tells its SHA-256. Exit codes: 2 wrong use, 3 a download that failed or is
not what it should be.

USAGE
  local dataset
  for dataset in bair_action_free kth bair; do printf '  %-17s %s\n' "$dataset" "${models[$dataset]}"; done
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../scripts/download.sh"
base=http://rail.eecs.berkeley.edu/models/savp/pretrained_models

declare -A models=(
  [bair_action_free]="ours_deterministic ours_deterministic_l1 ours_deterministic_l2 ours_gan ours_savp ours_vae ours_vae_l1 ours_vae_l2 sv2p_time_invariant"
  [kth]="ours_deterministic ours_deterministic_l1 ours_deterministic_l2 ours_gan ours_savp ours_vae ours_vae_l1 sv2p_time_invariant sv2p_time_variant"
  [bair]="ours_deterministic ours_deterministic_l1 ours_deterministic_l2 ours_gan ours_savp ours_vae ours_vae_l1 ours_vae_l2 sna_l1 sna_l2 sv2p_time_variant"
)
declare -A full_names=([ours_deterministic]=ours_deterministic_l1 [ours_vae]=ours_vae_l1)

sum=
words=()
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit ;;
    --unchecked) unchecked=yes ;;
    --sha256)
      sum=${2:-}
      [[ $sum =~ ^[0-9a-f]{64}$ ]] || misuse "--sha256 needs a SHA-256, 64 digits of 0-9 and a-f"
      shift
      ;;
    -*) misuse "unknown flag $1: see --help" ;;
    *) words+=("$1") ;;
  esac
  shift
done
((${#words[@]} == 2)) || { usage >&2; exit 2; }
dataset=${words[0]} model=${words[1]}
[[ -n ${models[$dataset]:-} ]] || misuse "there are no models for $dataset: choose one of ${!models[*]}"
[[ " ${models[$dataset]} " == *" $model "* ]] || misuse "there is no model $model for $dataset: choose one of ${models[$dataset]}"

target=${SAVP_MODELS_DIR:-$here}/$dataset/$model
if [[ -e $target ]]; then
  say "$target is there already"
  exit
fi
archive=$(dirname "$target")/.$model.tar.gz
download "$base/${dataset}_${full_names[$model]:-$model}.tar.gz" "$archive" "$sum" || exit 3
unpack "$archive" "$target"
rm -f "$archive"
say "$model is in $target"
