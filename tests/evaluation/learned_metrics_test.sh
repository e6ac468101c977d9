#!/usr/bin/env bash
# usage: learned_metrics_test.sh SOURCE_DIR BIN_DIR WORK_DIR TEST
# The real networks against values of other implementations. Skipped (77) where they cannot be downloaded; what was
# downloaded once is kept in WORK_DIR.
set -euo pipefail
source_dir=$1 bin_dir=$2 work_dir=$3 test=$4

status=0
SAVP_BIN_DIR=$bin_dir "$source_dir/scripts/fetch_metric_weights.sh" "$work_dir" || status=$?
if ((status == 4)); then
  echo "skipped: the networks cannot be downloaded here"
  exit 77
fi
((status == 0)) || exit "$status"
SAVP_METRIC_WEIGHTS=$work_dir "$test"

# The same networks behind savp_evaluate: predictions that are true, and the last frame again and again.
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
for model in ground_truth repeat; do
  "$bin_dir/savp_evaluate" --input_dir "$source_dir/tests/golden/data/A_datasets/bair" --dataset bair --mode test \
    --model $model --num_stochastic_samples 1 --sequence_length 12 --only_metrics --device cpu \
    --metrics psnr,lpips,fvd,kvd --metric_weights "$work_dir" --output_dir "$results/$model"
done

# value MODEL TASK FILE COLUMN: a number of the first line of a table.
value() { awk -F '\t' -v column="$4" 'NR == 2 { printf "%.9g", $column }' "$results/$1/prediction_eval_$2/metrics/$3.csv"; }
# holds A OPERATOR B
holds() {
  awk -v a="$1" -v b="$3" "BEGIN { exit !(a $2 b) }" || { echo "FAILED: $1 $2 $3" >&2; exit 1; }
}
holds "$(value ground_truth fvd_set fvd 2)" "<" 1e-6
holds "$(value ground_truth lpips_max lpips 2)" "==" 0
holds "$(value repeat fvd_set fvd 2)" ">" 1
holds "$(value repeat lpips_max lpips 2)" "<" 0
holds "$(value repeat lpips_max lpips 2)" ">" -1
