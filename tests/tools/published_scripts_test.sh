#!/usr/bin/env bash
# usage: published_scripts_test.sh SOURCE_DIR
# Every published hyperparameter file belongs to a run that scripts/train_all.sh trains, and the other scripts go through the
# same runs.
set -euo pipefail
cd "$1"

fail() { echo "FAIL: $*" >&2; exit 1; }

files=$(find hparams -name model_hparams.json | sort)
trained=$(scripts/train_all.sh --dry-run | grep -o 'hparams/[^ ]*model_hparams.json' | sort)
[[ $files == "$trained" ]] || fail "files and runs differ: $(diff <(echo "$files") <(echo "$trained"))"

checkpoints() { grep -o -- '--checkpoint [^ ]*' | sort; }
logs=$(scripts/train_all.sh --dry-run | grep -o -- '--output_dir [^ ]*' | sed 's/--output_dir/--checkpoint/' | sort)
[[ $(scripts/generate_all.sh --dry-run | checkpoints) == "$logs" ]] || fail "generate_all.sh leaves runs out"
[[ $(scripts/evaluate_all.sh --dry-run | checkpoints) == "$logs" ]] || fail "evaluate_all.sh leaves runs out"

for script in generate_all evaluate_all; do
  pretrained=$(scripts/$script.sh --dry-run --models pretrained_models/ kth/ours_savp)
  [[ $pretrained == *"sequence_length=40"*"--checkpoint pretrained_models/kth/ours_savp "* ||
    $pretrained == *"--checkpoint pretrained_models/kth/ours_savp "*"sequence_length=40"* ]] ||
    fail "$script.sh takes the authors' models by: $pretrained"
done

# Of all models those that are there are taken; one that is named must be.
empty=$(mktemp -d)
left_out=$(scripts/evaluate_all.sh --models "$empty" bair) || fail "models that are missing stop evaluate_all.sh"
[[ $left_out == *"bair/ours_savp is not there: left out"* ]] || fail "evaluate_all.sh says of missing models: $left_out"
if scripts/evaluate_all.sh --models "$empty" bair/ours_savp >/dev/null 2>&1; then fail "a named model that is missing is passed over"; fi
rmdir "$empty"

# The documented commands for the authors' models predict as far as these scripts do.
for length in 30 40; do
  [[ $(grep -A3 -- '--checkpoint pretrained_models' docs/evaluation.md) == *"--sequence_length $length"* ]] ||
    fail "docs/evaluation.md has no command with the authors' models for $length frames"
done

one=$(scripts/train_all.sh --dry-run bair/sna_l1)
[[ $one == *"--dataset_hparams use_state=true --model sna --model_hparams_dict hparams/bair/sna_l1/model_hparams.json"* ]] ||
  fail "bair/sna_l1 is trained by: $one"
if scripts/evaluate_all.sh --dry-run kth/unknown 2>/dev/null; then fail "an unknown run is accepted"; fi

# How to cite, and under which terms.
for file in LICENSE CITATION.cff; do [[ -s $file ]] || fail "$file is missing"; done
grep -qi 'cite' README.md || fail "README does not tell how to cite"
