# Sourced by the download scripts: fetching and unpacking, with one clear line for what goes wrong.
# SAVP_MIRROR in the environment: a URL or file:///FOLDER to take files of the same names from. SAVP_ANY_CHECKSUM=1: do
# not compare checksums.

say() { echo "download: $*"; }
fail() {
  echo "download: $*" >&2
  exit 1
}

# The bytes of URL to FILE, going on with what FILE has. Progress goes to a terminal alone.
fetch() {
  if command -v curl >/dev/null; then
    local progress=(--silent --show-error)
    [[ ! -t 2 ]] || progress=(--progress-bar)
    curl --location --fail --continue-at - --connect-timeout 30 --retry 3 "${progress[@]}" --output "$2" "$1"
  elif command -v wget >/dev/null; then
    local progress=()
    [[ ! -t 2 ]] || progress=(--show-progress)
    wget --continue --timeout 30 --tries 3 --no-verbose "${progress[@]}" --output-document "$2" "$1"
  else
    fail "neither curl nor wget is there: install one of them"
  fi
}

# matches FILE SUM: whether a file has the SHA-256 (64 digits) or SHA-1 (40 digits).
matches() {
  local program=sha256sum
  ((${#2} == 64)) || program=sha1sum
  [[ $("$program" "$1" | cut -d' ' -f1) == "$2" ]]
}

# download URL FILE [SUM]: the file appears under its name when it is whole.
download() {
  local url=$1 file=$2 sum=${3:-}
  [[ -e $file ]] && return
  [[ -z ${SAVP_MIRROR:-} ]] || url=$SAVP_MIRROR/$(basename "$url")
  [[ -z ${SAVP_ANY_CHECKSUM:-} ]] || sum=
  say "$url"
  mkdir -p "$(dirname "$file")"
  if ! fetch "$url" "$file.part"; then
    echo "download: $url cannot be downloaded: is there a network? The same command goes on from here" >&2
    return 1
  fi
  if [[ -n $sum ]] && ! matches "$file.part" "$sum"; then
    rm -f "$file.part"
    fail "$url: what was downloaded is damaged or has changed (its checksum is not $sum); it was deleted"
  fi
  mv "$file.part" "$file"
}

# unpack ARCHIVE FOLDER: the folder appears when all is unpacked.
unpack() {
  local archive=$1 folder=$2
  [[ -e $folder ]] && return
  say "unpacking $(basename "$archive")"
  rm -rf "$folder.part" && mkdir -p "$folder.part"
  case $archive in
    *.zip)
      command -v unzip >/dev/null || fail "unzip is not there: install it (apt-get install unzip)"
      unzip -q "$archive" -d "$folder.part"
      ;;
    *) tar -xf "$archive" -C "$folder.part" ;;
  esac || fail "$archive cannot be unpacked: delete it and try again"
  mv "$folder.part" "$folder"
}
