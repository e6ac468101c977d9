#!/usr/bin/env bash
# usage: check_odr_test.sh SOURCE_DIR WORK_DIR PYTHON: scripts/check_odr.py finds what is defined in two ways, and nothing else.
set -euo pipefail
script=$1/scripts/check_odr.py
work=$2
python=$3
failed=0

# expect WHAT CODE [TEXT]: the script's exit code, and a text that it prints, for the tree in $work.
expect() {
  local output code=0
  output=$(GIT_DIR=$work/none "$python" "$script" "$work") || code=$?  # no repository's tree, wherever it lies
  if [[ $code != "$2" || $output != *"${3-}"* ]]; then
    echo "$1: exit code $code, not $2, or \"${3-}\" is missing in: $output"
    failed=1
  fi
}

# files NAME TEXT...: a tree of these files alone.
files() {
  rm -rf "$work" && mkdir -p "$work/src" "$work/tests"
  while (($# > 0)); do
    printf '%s\n' "$2" >"$work/$1"
    shift 2
  done
}

files src/a.h 'namespace savp { struct Clip { int length = 0; }; }' src/b.cpp 'namespace savp { struct Clip { long length; }; }'
expect "a struct in two ways" 1 "class savp::Clip is defined in another way in src/a.h:1"

files src/a.h 'namespace savp { struct Clip { int length; }; }' tests/b.cpp $'namespace savp {\nnamespace {\nstruct Clip { long l; };\n}\n}'
expect "an anonymous namespace hides a struct" 0

files src/a.h 'namespace savp { struct Clip { int length; }; }' src/b.h $'namespace savp::io { struct Clip { long l; }; }\nstruct Clip {};'
expect "other namespaces" 0

files src/a.h 'namespace savp { enum class Way { kIn }; }' src/b.h 'namespace savp { enum class Way { kIn, kOut }; }'
expect "an enum in two ways" 1 "savp::Way"

files src/a.h 'namespace savp { inline int twice(int x) { return 2 * x; } }' \
  src/b.h 'namespace savp { inline int twice(int y) { return y + y; } }'
expect "an inline function in two ways" 1 "function savp::twice(int)"

files src/a.h 'namespace savp { inline int twice(int x) { return 2 * x; } }' \
  src/b.h 'namespace savp { inline long twice(long x) { return 2 * x; } }' src/c.cpp 'namespace savp { int f() { return 1; } }'
expect "overloads" 0

files src/a.h 'namespace savp { template <class T> T twice(T x) { return 2 * x; } }' \
  src/b.cpp 'namespace savp { template <class T> T twice(T x) { return x + x; } }'
expect "a function template in two ways" 1 "savp::twice"

files src/a.h $'// struct Clip {}\n#define CLIP struct Clip { int a; }\nnamespace savp { struct Clip { const char* text = "}"; }; }' \
  src/b.h 'namespace savp { struct Clip; struct Clip* next(); }'
expect "comments, macros, texts and declarations are no definitions" 0

files src/CMakeLists.txt 'set_source_files_properties(a.cpp PROPERTIES COMPILE_DEFINITIONS FAST=1)' \
  src/a.h $'namespace savp {\n#ifdef FAST\ninline int f() { return 1; }\n#endif\n}'
expect "a macro that one source sets" 1 "src/a.h:2: FAST differs from source to source"

files src/a.h $'#if defined(__AVX2__)\n#endif'
expect "the instruction set of a source" 1 "__AVX2__ differs"

exit $failed
