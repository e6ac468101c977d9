#!/usr/bin/env bash
# usage: tests/interop/robot_test.sh BIN WORK PYTHON
# Recordings of a made-up robot, written by h5py, TensorFlow and tensorflow_datasets, hold what hdf5_test.cpp and rlds_test.cpp expect, and are
# trained on. 77: none of the packages can be had from PyPI; without TensorFlow, HDF5 files alone are tried.
set -euo pipefail
bin=$1 work=$2 python=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$work"

# environment NAME PACKAGE...: makes it where it is not there.
environment() {
  local folder=$work/$1
  shift
  [[ -e $folder/ready ]] && return
  rm -rf "$folder"
  "$python" -m venv "$folder" && "$folder/bin/pip" -q install --only-binary :all: --no-binary promise "$@" && touch "$folder/ready"
}

environment hdf5 h5py numpy pillow av || {
  echo "skipped: h5py, numpy, Pillow or PyAV cannot be had from PyPI"
  exit 77
}
rm -rf "$work"/{files,cache,runs}
mkdir -p "$work/files"
"$work/hdf5/bin/python" "$here/robot_files.py" "$work/files" robomimic masks robonet lists
tests=Hdf5.*
trained=(robomimic robonet/mp4)
if environment records tensorflow-cpu tensorflow-datasets numpy pillow; then
  TF_CPP_MIN_LOG_LEVEL=2 CUDA_VISIBLE_DEVICES='' "$work/records/bin/python" "$here/robot_files.py" "$work/files" rlds tfds
  tests+=:Rlds.*
  trained+=(rlds tfds/made_up/1.0.0)
else
  echo "without RLDS: TensorFlow and tensorflow_datasets cannot be had from PyPI"
fi
SAVP_ROBOT_FILES=$work/files "$bin/datasets_robots_test" --gtest_filter="$tests"

for name in "${trained[@]}"; do
  data=use_state=true,sequence_length=6,scale_size=32
  [[ $name == rlds ]] && data+=,action_key=world_vector
  SAVP_CACHE_DIR=$work/cache "$bin/savp_train" --input_dir "$work/files/$name" --output_dir "$work/runs/$name" --model savp -q \
    --device cpu --summary_freq 1 --image_summary_freq 0 --eval_summary_freq 0 --accum_eval_summary_freq 0 --dataset_hparams "$data" \
    --model_hparams ngf=2,nef=2,ndf=2,nz=2,batch_size=1,clip_length=4,video_sn_gan_weight=0,max_steps=2
  grep -q '"step":2' <(tr -d ' ' <"$work/runs/$name/metrics.jsonl") || { echo "$name: was not trained on" && exit 1; }
done
