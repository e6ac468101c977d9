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
# not stop the others. A model whose training has begun with other flags (but for more max_steps) is neither trained further nor
# used. The failures are listed at the end. The exit code is 0 if nothing failed, 1 if a run failed, 2 for wrong use, 130 if the
# user stopped it. --dry-run only shows the commands.
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

words_of() { xargs -r -n1 printf '%s\n' <<<"$1"; }

# "#" begins a comment where a word could begin.
without_comment() { sed -E "s/^((([^]\"'\\\\#[:space:][]|[][]|\"[^\"]*\"|'[^']*'|\\\\.)#*|[[:space:]])*)#.*/\1/" <<<"$1"; }

# Words of a line, quotes as in a shell; nothing in it is run.
read_table() {
  local line common="" test="" name rest wrong number=0
  while IFS= read -r line || [[ -n $line ]]; do
    number=$((number + 1))
    line=$(without_comment "${line%$'\r'}")
    wrong=$(words_of "$line" 2>&1 >/dev/null) ||
      wrong_use "$table:$number: no words as in a shell (${wrong%%[;$'\n']*}): close the quotes"
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

# --- What is to be done, and what has been

declare -A folders=([train]=logs [generate]=futures [evaluate]=results)

# set_command STEP NAME: the words of what it does are in `command` then.
set_command() {
  local flags=${train_flags[$2]} folder=${folders[$1]}/$2
  [[ $1 == train ]] || flags=${test_flags[$2]}
  mapfile -t flags < <(words_of "$flags")
  command=("$bin/savp_$1")
  [[ $1 == train ]] || command+=(--checkpoint "logs/$2")
  command+=("${flags[@]}")
  if [[ $1 == generate ]]; then command+=(--output_gif_dir "$folder" --output_png_dir "$folder")
  else command+=(--output_dir "$folder"); fi
}

# The command on one line, however it got there: without the tool's folder.
identity() {
  set_command "$1" "$2"
  printf '%s' "${command[0]##*/}"
  printf ' %q' "${command[@]:1}"
}

# A file with one line, as a whole or not at all.
keep() { printf '%s\n' "$2" >"$1.partial" && mv "$1.partial" "$1"; }
holds() { [[ -f $1 && $(<"$1") == "$2" ]]; }

# Whether the step has succeeded with the flags of the table, and that after the training.
is_done() {
  local file=${folders[$1]}/$2/.done
  holds "$file" "$(identity "$1" "$2")" && [[ ! logs/$2/.done -nt $file ]]
}

last_step() {
  [[ -d logs/$1 ]] || return 0
  find "logs/$1" -maxdepth 1 -name 'model-*.safetensors' | sed -nE 's/.*-([0-9]+)\.safetensors$/\1/p' |
    sort -n | tail -n 1
}
max_steps() { sed -nE 's/.*max_steps=([0-9]+).*/\1/p' <<<"$1"; }

# Whether two commands differ by the number of steps at most.
same_training() { [[ $(sed -E 's/max_steps=[0-9]+//' <<<"$1") == "$(sed -E 's/max_steps=[0-9]+//' <<<"$2")" ]]; }

# do_once STEP NAME [FLAG]...: runs the command, with further flags, unless it is done.
do_once() {
  local step=$1 name=$2 code=0 command file
  file=${folders[$step]}/$name/.done
  if is_done "$step" "$name"; then
    echo "$step $name: is done"
    return 0
  fi
  set_command "$step" "$name"
  command+=("${@:3}")
  echo "${command[*]}"
  if $dry_run; then return 0; fi
  rm -f "$file"
  "${command[@]}" || code=$?
  case $code in
    0) keep "$file" "$(identity "$step" "$name")" ;;
    130 | 143) echo "runs.sh: stopped at $step $name; re-run the command to continue" >&2; exit 130 ;;
    *) failed+=("$step $name: exit code $code") ;;
  esac
}

# The flags are kept when a training begins: to continue with others would be taken for a run with these.
train() {
  local resume=() file=logs/$1/.flags flags before last steps wrong=""
  flags=$(identity train "$1") last=$(last_step "$1")
  if [[ -n $last ]]; then
    resume=(--resume)
    steps=$(max_steps "$flags")
    before=$(cat "$file" 2>/dev/null || cat "logs/$1/.done" 2>/dev/null || true)  # earlier versions kept the latter alone
    if [[ -z $before ]]; then wrong="the flags it was trained with are not known"
    elif ! same_training "$before" "$flags"; then wrong="its flags are others than those it was trained with"; fi
    [[ -z $steps || $last -le $steps ]] || wrong="it was trained for $last steps, more than max_steps=$steps"
    if [[ -n $wrong ]]; then
      failed+=("train $1: $wrong: rename the run, or remove logs/$1 to train it anew")
      return
    fi
  fi
  if ! $dry_run; then mkdir -p "logs/$1" && keep "$file" "$flags"; fi
  do_once train "$1" "${resume[@]+"${resume[@]}"}"
}

# trained STEP NAME: whether it is, with the flags of the table.
trained() {
  $dry_run || is_done train "$2" && return 0
  if [[ -e logs/$2/.done ]]; then failed+=("$1 $2: its flags are others than those it was trained with: train it before")
  else failed+=("$1 $2: it is not trained"); fi
  return 1
}

generate() { if trained generate "$1"; then do_once generate "$1"; fi; }
evaluate() { if trained evaluate "$1"; then do_once evaluate "$1"; fi; }

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
    if is_done train "$name" && is_done evaluate "$name"; then measured+=("$name")
    elif [[ -e results/$name/.done ]]; then failed+=("plot $name: it was measured with other flags: train and evaluate it before")
    else failed+=("plot $name: it is not measured"); fi
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
