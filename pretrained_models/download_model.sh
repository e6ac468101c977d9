#!/usr/bin/env bash
# Downloads a model that the authors of the paper have trained; an interrupted download goes on where it stopped.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: pretrained_models/download_model.sh DATASET_NAME MODEL_NAME

The model goes to pretrained_models/DATASET_NAME/MODEL_NAME (SAVP_MODELS_DIR in the environment: another folder).

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

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  usage
  exit
fi
(($# == 2)) || { usage >&2; exit 1; }
dataset=$1 model=$2
[[ -n ${models[$dataset]:-} ]] || fail "there are no models for $dataset: choose one of ${!models[*]}"
[[ " ${models[$dataset]} " == *" $model "* ]] || fail "there is no model $model for $dataset: choose one of ${models[$dataset]}"

target=${SAVP_MODELS_DIR:-$here}/$dataset/$model
if [[ -e $target ]]; then
  say "$target is there already"
  exit
fi
archive=$(dirname "$target")/.$model.tar.gz
download "$base/${dataset}_${full_names[$model]:-$model}.tar.gz" "$archive"
unpack "$archive" "$target"
rm -f "$archive"
say "$model is in $target"
