#!/usr/bin/env bash
# Downloads a data set and prepares it for the tools. What was downloaded already is not downloaded again, and
# an interrupted download continues where it stopped.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: data/download_and_preprocess_dataset.sh bair | kth [IMAGE_SIZE] [--unchecked | --whole_videos] | ucf101

  bair     BAIR robot pushing, 64x64, 30 GB            -> data/bair
  kth      KTH human actions, 1.2 GB, 64x64 unless IMAGE_SIZE (pixels) is given
                                                       -> data/kth, or data/kth_IMAGE_SIZE
  ucf101   UCF-101, 7 GB, 240x320                      -> data/ucf101

Files are compared with their checksums. Of the metadata of KTH, which say where in a video somebody is in view, none is
known: --unchecked takes them as they are, --whole_videos does without them (sequences are then whole videos, unlike
those of the paper).

The data sets were collected by other researchers: cite their papers if you use them.
Environment: SAVP_DATA_DIR, where the data sets go (this folder unless set); SAVP_PREPROCESS, the program
savp_preprocess (build/bin/savp_preprocess unless set); SAVP_KEEP_DOWNLOADS=1 keeps what was downloaded.
Exit codes: 2 wrong use, 3 a download that failed, is damaged or cannot be prepared.
USAGE
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../scripts/download.sh"
data=${SAVP_DATA_DIR:-$here}
preprocess=${SAVP_PREPROCESS:-$here/../build/bin/savp_preprocess}

bair_url=http://rail.eecs.berkeley.edu/datasets/bair_robot_pushing_dataset_v0.tar
bair_sum=c6f8d164ab2be07174ef597e3e070d7466f3142caddc467b6af119b9458cd9cd
kth_url=http://www.nada.kth.se/cvap/actions
kth_meta_url=http://rail.eecs.berkeley.edu/models/savp/data/kth_meta.tar.gz
declare -A kth_sums=(
  [walking]=a3e81537271a0ab4576591774baa38c2d97b7e3a
  [jogging]=21943bdbcef9dad106db0d74661e49eaeaa15a25
  [running]=da83bb313edfd4455fffdda6263696fa10d43c6f
  [boxing]=adb36ed9c29c846d44d2ba15f348bd115c951bbd
  [handwaving]=0792f7cd69f7f895a205c08ac212ddaa7177e370
  [handclapping]=d3b81261aa822ef63d0d1523f945bfaff27814d2
)
ucf101_url=https://storage.googleapis.com/thumos14_files/UCF101_videos.zip
ucf101_sum=dabf56f573cd19c79e096563529fec8126a2a34e18e10c72eb621dd687532b0d
ucf101_lists_url=https://www.crcv.ucf.edu/data/UCF101/UCF101TrainTestSplits-RecognitionTask.zip
ucf101_lists_sum=5c0d1a53b8ed364a2ac830a73f405e51bece7d98ce1254fd19ed4a36b224bd27

# get_bair RAW, get_kth RAW, ...: downloads and unpacks to the folder RAW.
get_bair() {
  download "$bair_url" "$1/bair.tar" "$bair_sum" || exit 3
  unpack "$1/bair.tar" "$1/unpacked"
}

# The metadata come first: that they are refused shows before anything large is downloaded.
get_kth() {
  local action
  if [[ $whole_videos == no ]]; then
    if download "$kth_meta_url" "$1/meta.tar.gz"; then
      unpack "$1/meta.tar.gz" "$1/meta"
    else
      fail "the metadata cannot be had: try again, or give --whole_videos to do without them"
    fi
  fi
  for action in walking jogging running boxing handwaving handclapping; do
    download "$kth_url/$action.zip" "$1/$action.zip" "${kth_sums[$action]}" || exit 3
    unpack "$1/$action.zip" "$1/unpacked/$action"
  done
}

get_ucf101() {
  download "$ucf101_lists_url" "$1/lists.zip" "$ucf101_lists_sum" || exit 3
  unpack "$1/lists.zip" "$1/lists"
  download "$ucf101_url" "$1/videos.zip" "$ucf101_sum" || exit 3
  unpack "$1/videos.zip" "$1/unpacked"
}

# make_bair RAW TARGET, ...: prepares what was unpacked.
make_bair() { "$preprocess" bair --input_dir "$1/unpacked" --output_dir "$2"; }

# One of the published videos (person01_boxing_d4) is known to be damaged: it is left out.
make_kth() {
  local meta=
  [[ $whole_videos == yes ]] || meta=$(find "$1/meta" -name "train_meta${size}x${size}.pkl" -print -quit 2>/dev/null || true)
  "$preprocess" kth --input_dir "$1/unpacked" --output_dir "$2" --size "$size" --skip_bad_videos \
    ${meta:+--meta_dir "$(dirname "$(dirname "$meta")")"}
}

make_ucf101() {
  local lists videos
  lists=$(find "$1/lists" -name trainlist01.txt -print -quit)
  videos=$(video_folder "$1/unpacked")
  "$preprocess" ucf101 --input_dir "$videos" --lists_dir "$(dirname "$lists")" --output_dir "$2"
}

# The folder with a folder for each class; where the archive has none, one is made with links.
video_folder() {
  local sample root name
  sample=$(find "$1" -name 'v_ApplyEyeMakeup_*' -print -quit)
  [[ -n $sample ]] || fail "$1: holds no videos named like v_ApplyEyeMakeup_g01_c01.avi"
  root=$(dirname "$sample")
  if [[ $(basename "$root") == ApplyEyeMakeup ]]; then
    dirname "$root"
    return
  fi
  find "$root" -maxdepth 1 -name 'v_*.avi' | while read -r video; do
    name=$(basename "$video")
    mkdir -p "$1/../by_class/$(cut -d_ -f2 <<<"$name")"
    ln -sf "$video" "$1/../by_class/$(cut -d_ -f2 <<<"$name")/$name"
  done
  echo "$1/../by_class"
}

whole_videos=no
words=()
for argument; do
  case $argument in
    -h | --help) usage && exit ;;
    --unchecked) unchecked=yes ;;
    --whole_videos) whole_videos=yes ;;
    -*) misuse "unknown flag $argument: see --help" ;;
    *) words+=("$argument") ;;
  esac
done
((${#words[@]} == 1 || ${#words[@]} == 2)) || { usage >&2; exit 2; }
name=${words[0]} size=${words[1]:-64} target=$data/${words[0]}
case $name in
  kth)
    [[ $size =~ ^[1-9][0-9]*$ ]] || misuse "IMAGE_SIZE must be a number of pixels, not $size"
    ((${#words[@]} == 1)) || target=$data/kth_$size
    ;;
  bair | ucf101) ((${#words[@]} == 1)) || misuse "IMAGE_SIZE is for kth alone" ;;
  *) misuse "there is no data set $name: choose bair, kth or ucf101" ;;
esac
[[ -x $preprocess ]] || misuse "$preprocess is not there: build the tools first (scripts/build.sh)"
if [[ -e $target/dataset.json ]]; then
  say "$target is there already"
  exit
fi

raw=$data/.$(basename "$target").download
mkdir -p "$raw"
"get_$name" "$raw"
say "preparing $target"
"make_$name" "$raw" "$target"
if [[ -z ${SAVP_KEEP_DOWNLOADS:-} ]]; then rm -rf "$raw"; fi
say "$name is in $target"
