#!/usr/bin/env bash
# Trains each model for the same number of steps on toy data and prints how well it predicts, beside a model that only
# repeats the last frame. "best" and "worst" are those of 10 futures of a sequence: the further they are apart, the more
# the futures differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/tables.sh

usage() {
  cat <<'EOF'
usage: tests/benchmarks/learning.sh [--steps N] [--output_dir DIR] [NAME...]

  --steps N         steps of training (1000)
  --output_dir DIR  where data, runs and results go (learning/)
  NAME              only these: vae gan savp savp_actions savp_deterministic sna sv2p
EOF
}

steps=1000
out=learning
names=()
while (($# > 0)); do
  case $1 in
    --steps) steps=$2 && shift 2 ;;
    --output_dir) out=$2 && shift 2 ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && exit 2 ;;
    *) names+=("$1") && shift ;;
  esac
done
((${#names[@]} > 0)) || names=(savp_deterministic vae gan savp savp_actions sna sv2p)

tool() { "build/bin/savp_$1" "${@:2}"; }

# What belongs to a name: model, hyperparameters of the model, of the data.
small="ngf=16,nef=32"
short="batch_size=4,max_steps=$steps,lr=0.001,decay_steps=[$((steps * 7 / 10)),$steps]"
latents="kl_weight=0.001,kl_anneal_steps=[$((steps * 3 / 4)),$((steps * 9 / 10))]"
sampling="schedule_sampling_k=$((steps / 10))"
judged="ndf=8,clip_length=4"
describe() {
  case $1 in
    savp_deterministic) echo savp "$short,$small,$sampling,l1_weight=100,nz=0" ;;
    vae) echo savp "$short,$small,$sampling,l1_weight=100,$latents" ;;
    gan) echo savp "$short,$small,$sampling,$judged,l1_weight=100,kl_weight=0,video_sn_gan_weight=0.1" ;;
    savp | savp_actions)
      echo savp "$short,$small,$sampling,$judged,$latents,l1_weight=100,video_sn_gan_weight=0.1,video_sn_vae_gan_weight=0.1,vae_gan_feature_cdist_weight=10" ;;
    sna) echo sna "$short,$sampling" ;;
    sv2p) echo sv2p "$short,$sampling" ;;
    *) echo "learning.sh: there is no $1: see --help" >&2 && return 2 ;;
  esac
}

row() {
  local tables=$out/results/$1 metric kind
  printf '%-20s' "$1"
  for metric in psnr ssim; do
    for kind in avg max min; do
      printf ' %8s' "$(mean "$tables/prediction_eval_${metric}_$kind/metrics/$metric.csv")"
    done
  done
  printf '\n'
}

data=$out/data
[[ -f $data/dataset.json ]] || tool preprocess toy --output_dir "$data" --size 32 --seed 0
for name in "${names[@]}"; do
  described=$(describe "$name")
  read -r model hparams <<<"$described"
  [[ $name == savp_actions ]] && state=true || state=false
  run=$out/runs/$name
  compgen -G "$run/model-*.safetensors" >/dev/null ||
    tool train --input_dir "$data" --dataset bair --model "$model" --output_dir "$run" --seed 0 \
      --summary_freq "$steps" --save_freq "$steps" --dataset_hparams "use_state=$state" --model_hparams "$hparams"
  tool evaluate --input_dir "$data" --mode test --seed 0 --checkpoint "$run" --results_dir "$out/results" \
    --num_stochastic_samples 10
done
tool evaluate --input_dir "$data" --mode test --seed 0 --model repeat --dataset bair --output_dir "$out/results/repeat" \
  --num_stochastic_samples 1

printf '\n%-20s %26s %26s\n' "$steps steps" "PSNR (dB)" "SSIM"
printf '%-20s' ""
printf ' %8s' mean best worst mean best worst
printf '\n'
for name in "${names[@]}" repeat; do row "$name"; done
