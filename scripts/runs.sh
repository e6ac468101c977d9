#!/usr/bin/env bash
# usage: scripts/runs.sh train|generate|evaluate|plot|all [--dry-run] TABLE [RUN]...
# Does experiments that a table lists: trains each run, draws futures, measures them, and puts the results into one table and one
# report. TABLE has a line for each run, words as in a shell; "#" begins a comment:
#
#   common    FLAGS of savp_train for all runs that follow
#   test      FLAGS of savp_generate and savp_evaluate for all runs that follow
#   NAME      FLAGS of savp_train for this run alone
#
# Everything lands beside the table: logs/NAME, futures/NAME, results/NAME, results.tsv, report.html. What is finished is not done
# again unless its flags have changed or its model was trained further; an interrupted training continues; a run that fails does
# not stop the others. The failures are listed at the end. The exit code is 0 if nothing failed, 1 if a run failed, 2 for wrong
# use, 130 if the user stopped it. --dry-run only shows the commands.
#
# results.tsv has a line for each run: the mean of each metric with its interval of 95 % (psnr_max, psnr_max_low, psnr_max_high),
# and a note where its numbers cannot be compared with those of the first run, as in the report.
set -euo pipefail
bin=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/bin

wrong_use() { echo "runs.sh: $*" >&2; exit 2; }

dry_run=false
words=()
for argument in "$@"; do
  case $argument in
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0"; exit 0 ;;
    --dry-run) dry_run=true ;;
    -*) wrong_use "unknown flag $argument (see --help)" ;;
    *) words+=("$argument") ;;
  esac
done
[[ ${#words[@]} -ge 2 ]] || wrong_use "what to do and a table are needed (see --help)"
task=${words[0]} table=${words[1]} wanted=("${words[@]:2}")
[[ $task =~ ^(train|generate|evaluate|plot|all)$ ]] || wrong_use "$task: choose train, generate, evaluate, plot or all"
[[ -f $table ]] || wrong_use "$table: there is no such table"
cd "$(dirname "$table")"
table=$(basename "$table")

runs=() failed=()
declare -A train_flags test_flags

# Words of a line, quotes as in a shell; nothing in it is run.
read_table() {
  local line common="" test="" name rest number=0
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    line=${line%%#*}
    read -r name rest <<<"$line" || true
    case ${name:-} in
      "") continue ;;
      common) common=$rest ;;
      test) test=$rest ;;
      *)
        [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] || wrong_use "$table:$number: $name: a run's name has letters, digits, . _ -"
        [[ -z ${train_flags[$name]+is} ]] || wrong_use "$table:$number: there are two runs $name"
        runs+=("$name")
        train_flags[$name]="$common $rest"
        test_flags[$name]=$test
        ;;
    esac
  done <"$table"
  [[ ${#runs[@]} -gt 0 ]] || wrong_use "$table: lists no run"
}

check_wanted() {
  local name
  for name in "${wanted[@]+"${wanted[@]}"}"; do
    [[ -n ${train_flags[$name]+is} ]] || wrong_use "$table: there is no run $name"
  done
}

selected() {
  local name
  [[ ${#wanted[@]} -eq 0 ]] && return 0
  for name in "${wanted[@]}"; do [[ $1 == "$name" ]] && return 0; done
  return 1
}

# What a command does, however it got there: without the tool's folder and --resume.
identity() {
  local word tool=${1##*/}
  printf '%s' "$tool"
  for word in "${@:2}"; do [[ $word == --resume ]] || printf ' %q' "$word"; done
}

# do_once STEP NAME DONE COMMAND...: runs the command unless the file DONE says that it has succeeded, and that after the training;
# keeps it there when it has. An empty file stands for any command: earlier versions kept none.
do_once() {
  local step=$1 name=$2 done_file=$3 code=0 command
  shift 3
  command=$(identity "$@")
  if [[ -e $done_file && ! logs/$name/.done -nt $done_file ]] && [[ ! -s $done_file || $(<"$done_file") == "$command" ]]; then
    echo "$step $name: is done"
    return 0
  fi
  echo "$*"
  if $dry_run; then return 0; fi
  rm -f "$done_file"
  "$@" || code=$?
  case $code in
    0) printf '%s\n' "$command" >"$done_file" ;;
    130 | 143) echo "runs.sh: stopped at $step $name; re-run the command to continue" >&2; exit 130 ;;
    *) failed+=("$step $name: exit code $code") ;;
  esac
}

words_of() { xargs -r -n1 printf '%s\n' <<<"$1"; }

# Whether two commands differ by the number of steps at most.
same_training() { [[ $(sed -E 's/max_steps=[0-9]+//' <<<"$1") == "$(sed -E 's/max_steps=[0-9]+//' <<<"$2")" ]]; }

train() {
  local resume=() flags run done_file=logs/$1/.done
  mapfile -t flags < <(words_of "${train_flags[$1]}")
  compgen -G "logs/$1/model-*.safetensors" >/dev/null && resume=(--resume)
  run=("$bin/savp_train" "${flags[@]}" --output_dir "logs/$1")
  # It would go on with the old weights, and be taken for a run with the new flags.
  if [[ -s $done_file ]] && ! same_training "$(<"$done_file")" "$(identity "${run[@]}")"; then
    failed+=("train $1: its flags are others than those it was trained with: remove logs/$1, or rename the run")
    return
  fi
  do_once train "$1" "$done_file" "${run[@]}" "${resume[@]+"${resume[@]}"}"
}

trained() {
  $dry_run || [[ -e logs/$1/.done ]] && return 0
  failed+=("$2 $1: it is not trained")
  return 1
}

predict() {
  local step=$1 name=$2 folder=$3 flags
  mapfile -t flags < <(words_of "${test_flags[$name]}")
  trained "$name" "$step" || return 0
  do_once "$step" "$name" "$folder/$name/.done" "$bin/savp_$step" --checkpoint "logs/$name" "${flags[@]}" "${@:4}"
}

generate() { predict generate "$1" futures --output_gif_dir "futures/$1" --output_png_dir "futures/$1"; }
evaluate() { predict evaluate "$1" results --output_dir "results/$1"; }

# wide CSV NAME...: the table of savp_report (model,metric,samples,value,low,high,note) with a line for each model.
wide() {
  awk -F, -v names="${*:2}" '
    { gsub(/[\r"]/, "") }
    NR == 1 { next }
    {
      column = $2 "_" $3
      if (!(column in known)) { known[column] = 1; columns[++count] = column }
      numbers[$1, column] = $4 "\t" $5 "\t" $6
      note = $7
      for (i = 8; i <= NF; ++i) note = note "," $i
      if (note == "measured in another way") note = column " " note
      if (note != "" && index(notes[$1], note) == 0) notes[$1] = notes[$1] (notes[$1] == "" ? "" : "; ") note
    }
    END {
      printf "run"
      for (i = 1; i <= count; ++i) printf "\t%s\t%s_low\t%s_high", columns[i], columns[i], columns[i]
      print "\tnote"
      split(names, runs, " ")
      for (r = 1; r in runs; ++r) {
        printf "%s", runs[r]
        for (i = 1; i <= count; ++i) printf "\t%s", (runs[r], columns[i]) in numbers ? numbers[runs[r], columns[i]] : "\t\t"
        printf "\t%s\n", notes[runs[r]]
      }
    }' "$1"
}

# Of all runs that were measured.
plot() {
  local name code=0 measured=()
  $dry_run && return 0
  for name in "${runs[@]}"; do
    selected "$name" || continue
    if [[ -e results/$name/.done ]]; then measured+=("$name"); else failed+=("plot $name: it is not measured"); fi
  done
  [[ ${#measured[@]} -gt 0 ]] || return 0
  "$bin/savp_report" "${measured[@]/#/results/}" --labels "${measured[@]}" --title "Results of $table" --output report.html \
    --csv results.csv.partial || code=$?
  if [[ $code -ne 0 ]]; then failed+=("plot: savp_report: exit code $code"); return 0; fi
  wide results.csv.partial "${measured[@]}" >results.tsv.partial
  mv results.tsv.partial results.tsv
  rm results.csv.partial
  cat results.tsv
}

read_table
check_wanted
steps=("$task")
[[ $task == all ]] && steps=(train generate evaluate plot)
for step in "${steps[@]}"; do
  if [[ $step == plot ]]; then plot; continue; fi
  for name in "${runs[@]}"; do if selected "$name"; then "$step" "$name"; fi; done
done
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "runs.sh: ${#failed[@]} failed:" >&2
  printf '  %s\n' "${failed[@]}" >&2
  exit 1
fi
