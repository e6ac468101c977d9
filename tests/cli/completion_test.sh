#!/usr/bin/env bash
# usage: completion_test.sh BIN_DIR
# The completion that the tools print for bash offers commands, flags and their values; that for zsh is a script which zsh
# can read, where there is one.
set -euo pipefail
bin=$1
cd "$bin"  # the tools, to complete as files

for tool in savp_train savp_generate savp_evaluate savp_report savp_preprocess savp_convert savp_bench; do
  # shellcheck disable=SC1090
  source <("$bin/$tool" --completion bash)
  "$bin/$tool" --completion zsh >/dev/null
  if command -v zsh >/dev/null; then zsh -n <("$bin/$tool" --completion zsh); fi
done

# offers LINE WORD...: the replies to a line, of which the cursor is at the end, hold the words.
offers() {
  local line=$1 word
  shift
  COMP_LINE=$line COMP_POINT=${#line} COMPREPLY=()
  "_${line%% *}"
  for word; do
    [[ " ${COMPREPLY[*]} " == *" $word "* ]] ||
      { echo "FAIL: \"$line\" is completed by \"${COMPREPLY[*]}\", not by $word" >&2 && exit 1; }
  done
}
# offers_only LINE WORD...: these and no others.
offers_only() {
  offers "$@"
  ((${#COMPREPLY[@]} == $# - 1)) || { echo "FAIL: \"$1\" is completed by \"${COMPREPLY[*]}\"" >&2 && exit 1; }
}

offers_only "savp_train --input_d" --input_dir
offers "savp_train " --input_dir --output_dir --resume --help --quiet
offers "savp_train --resume --model_" --model_hparams --model_hparams_dict
offers_only "savp_evaluate --mode t" train test
offers_only "savp_evaluate --mode=te" test  # bash replaces what is behind the "=" alone
offers "savp_evaluate --model " savp sna repeat
offers "savp_train --preset bair/sna" bair/sna_l1 bair/sna_l2
offers "savp_train --dataset k" kth
offers "savp_train --model_hparams max_" max_steps=
offers "savp_train --model_hparams lr=0.1,kl_w" 0.1,kl_weight=
offers "savp_train --dataset_hparams scale" scale_size=
offers_only "savp_train --seed "
offers_only "savp_generate --input_video savp_gener" savp_generate
offers "savp_preprocess v" videos verify
offers "savp_preprocess videos --array" --array_axes
offers "savp_preprocess toy --num_t" --num_train --num_test
offers_only "savp_preprocess toy --array"
offers_only "savp_bench --what gen" generate
offers "savp_convert " tf savp safetensors torchscript metric_weights
offers "savp_convert tf --old" --old_names

code=0
"$bin/savp_train" --completion tcsh 2>/dev/null || code=$?
((code == 2)) || { echo "FAIL: completion for an unknown shell ends with exit code $code" >&2 && exit 1; }
