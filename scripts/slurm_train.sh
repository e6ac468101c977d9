#!/usr/bin/env bash
#SBATCH --job-name=savp_train
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=USR1@120
# Trains in one process a GPU under Slurm; what is given to sbatch wins over the lines above:
#
#   sbatch --nodes=2 scripts/slurm_train.sh --input_dir data/bair --output_dir logs/bair
#
# Two minutes before its time is up a run saves a checkpoint. Submitted again, with the same --output_dir, it
# continues from there.
set -euo pipefail

usage() { sed -n 's/^# \{0,1\}//p' "$0" | sed -n '/^Trains/,$p'; }
case ${1:---help} in
  -h | --help) usage && exit ;;
esac
[[ -n ${SLURM_JOB_ID:-} ]] || { echo "slurm_train: this is for sbatch: see --help" >&2; exit 2; }
cd "${SLURM_SUBMIT_DIR:-.}"

output_dir=
previous=
for argument; do
  [[ $previous == --output_dir ]] && output_dir=$argument
  [[ $argument == --output_dir=* ]] && output_dir=${argument#--output_dir=}
  previous=$argument
done
[[ -n $output_dir ]] || { echo "slurm_train: --output_dir DIR must be given" >&2; exit 2; }

resume=()
compgen -G "$output_dir/model-*.safetensors" >/dev/null && resume=(--resume)
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-${SLURM_CPUS_PER_TASK:-1}}
exec srun --kill-on-bad-exit=1 build/bin/savp_train "$@" "${resume[@]}"
