#!/usr/bin/env bash
# Trains each model briefly on toy data and prints how well it predicts, beside a model that only repeats the last frame.
# "best" and "worst" are those of 10 futures of a sequence; "diversity" is how far these are apart: the root mean square
# difference of the pixels (0..1) of two of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/tables.sh

usage() {
  cat <<'EOF'
usage: tests/benchmarks/learning.sh [--steps N] [--output_dir DIR] [NAME...]

  --steps N         steps of training (1000); sna and sv2p, whose steps take several times as long, get 3/10 of them
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

# Of the sequences' 12 frames the first 8 are trained on. Flows learn within hundreds of steps how things move, kernels
# (cdna) within thousands. Instance norm takes away most of what actions and latents add, as that is the same all over the
# picture: here the recurrent cells do without it, and the encoder, of a single layer, as well. Latents cost nothing until
# they mean something.
short() { echo "batch_size=4,max_steps=$1,lr=0.001,decay_steps=[$(($1 * 7 / 10)),$1],schedule_sampling_k=$(($1 / 4))"; }
small="ngf=16,transformation=flow,conv_rnn_norm_layer=none,l1_weight=100"
encoder="nz=4,n_layers=1,nef=64,use_rnn_z=false"
latents="$encoder,kl_weight=0.002,kl_anneal_steps=[$((steps * 13 / 20)),$((steps * 9 / 10))]"
judged="ndf=8,clip_length=4"
few=$((steps * 3 / 10))

# Model, steps and hyperparameters of a name.
describe() {
  case $1 in
    savp_deterministic) echo savp "$steps" "$small,nz=0" ;;
    vae) echo savp "$steps" "$small,$latents" ;;
    gan) echo savp "$steps" "$small,$judged,$encoder,kl_weight=0,video_sn_gan_weight=0.1" ;;
    savp)
      echo savp "$steps" "$small,$judged,$latents,video_sn_gan_weight=0.1,video_sn_vae_gan_weight=0.1,vae_gan_feature_cdist_weight=10"
      ;;
    savp_actions) echo "$(describe savp),state_weight=1" ;;
    sna) echo sna "$few" "l1_weight=100,l2_weight=0" ;;
    sv2p)
      echo sv2p "$few" "l1_weight=100,l2_weight=0,multi_latent=true,num_iterations_1st_stage=$((few / 3)),kl_weight=0.002,kl_anneal_steps=[$((few * 13 / 20)),$((few * 9 / 10))]"
      ;;
    *) echo "learning.sh: there is no $1: see --help" >&2 && return 2 ;;
  esac
}

row() {
  local tables=$out/results/$1 metric kind
  printf '%-20s %6s' "$1" "$2"
  for metric in psnr ssim; do
    for kind in avg max min; do
      printf ' %8s' "$(mean "$tables/prediction_eval_${metric}_$kind/metrics/$metric.csv")"
    done
  done
  local diversity=$tables/prediction_eval_diversity_avg/metrics/diversity.csv
  [[ ! -f $diversity ]] || printf ' %9s' "$(mean "$diversity")"
  printf '\n'
}

data=$out/data
[[ -f $data/dataset.json ]] || tool preprocess toy --output_dir "$data" --size 32 --seed 0
measure=(--input_dir "$data" --mode test --seed 0 --dataset_hparams sequence_length=12 --only_metrics)
rows=()
for name in "${names[@]}"; do
  described=$(describe "$name")
  read -r model budget hparams <<<"$described"
  [[ $name == savp_actions ]] && state=true || state=false
  run=$out/runs/$name
  compgen -G "$run/model-*.safetensors" >/dev/null ||
    tool train --input_dir "$data" --dataset bair --model "$model" --output_dir "$run" --seed 0 \
      --summary_freq "$budget" --image_summary_freq 0 --eval_summary_freq 0 --accum_eval_summary_freq 0 \
      --save_freq "$budget" --dataset_hparams "use_state=$state,sequence_length=8" \
      --model_hparams "$(short "$budget"),$hparams"
  tool evaluate "${measure[@]}" --checkpoint "$run" --results_dir "$out/results" --num_stochastic_samples 10
  rows+=("$(row "$name" "$budget")")
done
tool evaluate "${measure[@]}" --model repeat --dataset bair --output_dir "$out/results/repeat" --num_stochastic_samples 1
rows+=("$(row repeat -)")

printf '\n%-20s %6s %26s %26s %9s\n' "" steps "PSNR (dB)" "SSIM" diversity
printf '%-20s %6s' "" ""
printf ' %8s' mean best worst mean best worst
printf '\n'
printf '%s\n' "${rows[@]}"
