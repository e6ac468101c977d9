#!/usr/bin/env bash
# Checks format, layers, definitions and wording of the files that Git tracks, in seconds.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'EOF'
usage: scripts/check.sh [--fix] [--tidy [FILE...]]

Checks that the C++ files are formatted (.clang-format), that the source tree is as the README's map says
(check_layers.py), that nothing in namespace savp is defined in two ways (check_odr.py), how texts are written
(check_text.py), and links in the documentation (check_docs.py).
  --fix     format files and break texts anew instead of complaining
  --tidy    run clang-tidy as well (.clang-tidy; minutes), over the sources named or over all but the fuzz targets
EOF
}

# Links stay links.
cpp_files() { git ls-files -s -- '*.h' '*.cpp' '*.cu' '*.cuh' '*.inc' | sed -n 's/^100[0-9]* .*\t//p'; }

# The names of the files that clang-format would change.
unformatted() { cpp_files | xargs clang-format --dry-run --Werror 2>&1 | sed -n 's/:[0-9:]* error:.*//p' | sort -u; }

check_format() {
  local version files
  version=$(clang-format --version | grep -oE '[0-9]+' | head -1)
  if ((version != 14)); then  # other versions format differently, so they can neither approve nor reject
    echo "check: format skipped: the files are formatted with clang-format 14, this is $version"
    return
  fi
  if [[ $fix == yes ]]; then unformatted | xargs -r clang-format -i; fi  # others keep their time
  files=$(unformatted)
  [[ -z $files ]] && return
  printf 'check: not formatted (scripts/check.sh --fix does it):\n%s\n' "$files"
  return 1
}

# A build tree of its own: clang does not read the precompiled headers that gcc makes.
prepare_tidy() {
  cmake --preset tidy >/dev/null
  cmake --build --preset tidy >/dev/null  # the headers that protoc writes
}

# The fuzz targets are not in that tree: they need Clang's own.
tidied_files() { git ls-files -- 'src/*.cpp' 'tools/*.cpp' 'tests/*.cpp' ':!tests/fuzz'; }

# Lines that only count the warnings of system headers are left out.
check_tidy() {
  prepare_tidy
  printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 clang-tidy --quiet -p build-tidy 2>&1 |
    { grep -vE '^[0-9]+ warnings? (generated|treated as error)' || true; }
}

fix=no
tidy=no
files=()
for argument; do
  case $argument in
    --fix) fix=yes ;;
    --tidy) tidy=yes ;;
    -h | --help) usage && exit ;;
    -*) usage >&2 && exit 2 ;;
    *) files+=("$argument") ;;
  esac
done

failed=0
fix_flag=()
[[ $fix == no ]] || fix_flag=(--fix)
python3 scripts/check_text.py "${fix_flag[@]+"${fix_flag[@]}"}" || failed=1
check_format || failed=1
python3 scripts/check_layers.py || failed=1
python3 scripts/check_odr.py || failed=1
python3 scripts/check_docs.py || failed=1
if [[ $tidy == yes ]]; then
  ((${#files[@]} > 0)) || mapfile -t files < <(tidied_files)
  check_tidy "${files[@]}" || failed=1
fi
exit $failed
