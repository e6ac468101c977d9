# Sourced by the download scripts: fetching and unpacking, with one clear line for what goes wrong.
#
# Exit codes: 2 wrong use, 3 what was downloaded (or could not be) is no good. SAVP_MIRROR in the environment: a URL or
# file:///FOLDER to take files of the same names from. SAVP_ANY_CHECKSUM=1: do not compare checksums (for tests).
# `unchecked=yes` in the script: files of which no checksum is known are taken as they are.

unchecked=no

say() { echo "download: $*"; }
fail() {
  echo "download: $*" >&2
  exit 3
}
misuse() {
  echo "download: $*" >&2
  exit 2
}

# The bytes of URL to FILE, from where FILE ends. Progress goes to a terminal alone. Returns 33 where the server cannot
# begin there.
fetch_from_end() {
  local log status code=0
  if command -v curl >/dev/null; then
    local progress=(--silent --show-error)
    [[ ! -t 2 ]] || progress=(--progress-bar)
    status=$(curl --location --fail --continue-at - --connect-timeout 30 --retry 3 "${progress[@]}" \
      --write-out '%{http_code}' --output "$2" "$1") || code=$?
    # 416: FILE is longer than what the server has.
    [[ $code == 0 || $status != 416 ]] || code=33
  elif command -v wget >/dev/null; then
    log=$(mktemp)
    wget --continue --timeout 30 --tries 3 --no-verbose --output-file "$log" --output-document "$2" "$1" || code=$?
    cat "$log" >&2
    if ((code != 0)) && [[ -s $2 ]] && grep -qE 'conflicts with|416' "$log"; then code=33; fi
    rm -f "$log"
  else
    fail "neither curl nor wget is there: install one of them"
  fi
  return "$code"
}

# fetch URL FILE: goes on with what FILE has, or starts anew, and says so, where the server cannot.
fetch() {
  local code=0
  fetch_from_end "$1" "$2" || code=$?
  ((code == 33)) || return "$code"
  say "the server cannot continue an interrupted download: starting anew"
  mv "$2" "$2.earlier"
  if fetch_from_end "$1" "$2"; then
    rm -f "$2.earlier"
  else
    mv "$2.earlier" "$2"  # the server may be able to another time
    return 1
  fi
}

# matches FILE SUM: whether a file has the SHA-256 (64 digits) or SHA-1 (40 digits).
matches() {
  local program=sha256sum
  ((${#2} == 64)) || program=sha1sum
  [[ $("$program" "$1" | cut -d' ' -f1) == "$2" ]]
}

# has_sum FILE SUM: whether it has the checksum, as far as that is to be compared.
has_sum() { [[ -z $2 || -n ${SAVP_ANY_CHECKSUM:-} ]] || matches "$1" "$2"; }

# download URL FILE [SUM]: the file appears under its name when it is whole and has the checksum. Returns 1 where it
# cannot be fetched.
download() {
  local url=$1 file=$2 sum=${3:-} begun=no
  [[ -e $file ]] && return
  [[ -n $sum || $unchecked == yes ]] ||
    fail "$url: no checksum of it is known, so that nobody can tell whether it is what its authors published:" \
      "give --unchecked to take it as it is"
  [[ -z ${SAVP_MIRROR:-} ]] || url=$SAVP_MIRROR/$(basename "$url")
  say "$url"
  mkdir -p "$(dirname "$file")"
  [[ ! -s $file.part ]] || begun=yes
  local fetched=yes
  fetch "$url" "$file.part" || fetched=no
  if [[ $fetched$begun == yesyes ]] && ! has_sum "$file.part" "$sum"; then
    say "the part that was there does not belong to this file: starting anew"
    rm -f "$file.part"
    fetch "$url" "$file.part" || fetched=no
  fi
  if [[ $fetched == no ]]; then
    echo "download: $url cannot be downloaded: is there a network? Re-run the command to continue" >&2
    return 1
  fi
  if ! has_sum "$file.part" "$sum"; then
    rm -f "$file.part"
    fail "$url: what was downloaded is damaged or has changed (its checksum is not $sum); it was deleted"
  fi
  [[ -n $sum ]] || say "unchecked: $(basename "$url") has the SHA-256 $(sha256sum "$file.part" | cut -d' ' -f1)"
  mv "$file.part" "$file"
}

# A line for each entry of an archive: its type as of ls -l, a blank, its name and, of a link, where it leads.
entries() {
  case $1 in
    *.zip) paste -d ' ' <(unzip -Z "$1" | grep -E '^[-dlhbcps?][-rwxsStT?]{9}' | cut -c1) <(unzip -Z1 "$1") ;;
    *) paste -d ' ' <(tar --quoting-style=escape -tvf "$1" | cut -c1) <(tar --quoting-style=escape -tf "$1") ;;
  esac
}

# Where the links of a tar archive lead.
link_targets() {
  [[ $1 == *.zip ]] || tar --quoting-style=escape -tvf "$1" | sed -n '/^l/s/.* -> //p; /^h/s/.* link to //p'
}

# The first name that leads out of the folder it is unpacked to, or that is of no file or folder.
bad_entry() {
  entries "$1" | grep -m 1 -E '^[bcps] |^. /|^. ([^/]*/)*\.\.(/|$)' | cut -c3- || true
  link_targets "$1" | grep -m 1 -E '^/|(^|/)\.\.(/|$)' || true
}

# The first link in a folder that leads out of it.
bad_link() {
  local link target root
  root=$(realpath "$1")
  find "$1" -type l -print0 | while IFS= read -r -d '' link; do
    target=$(realpath -m "$link")
    [[ $target == "$root"/* ]] || { echo "$link"; break; }
  done
}

# unpack ARCHIVE FOLDER: the folder appears when all is unpacked. What would lie elsewhere is refused; who owns the files
# and what may be done with them does not come from the archive.
unpack() {
  local archive=$1 folder=$2 bad
  [[ -e $folder ]] && return
  say "unpacking $(basename "$archive")"
  if [[ $archive == *.zip ]]; then
    command -v unzip >/dev/null || fail "unzip is not there: install it (apt-get install unzip)"
  fi
  bad=$(bad_entry "$archive" 2>/dev/null)
  [[ -z $bad ]] || fail "$archive: holds ${bad%%$'\n'*}, which would lie outside of the folder or is no file: not unpacked"
  rm -rf "$folder.part" && mkdir -p "$folder.part"
  case $archive in
    *.zip) unzip -q "$archive" -d "$folder.part" ;;
    *) tar --no-same-owner --no-same-permissions -xf "$archive" -C "$folder.part" ;;
  esac || fail "$archive cannot be unpacked: delete it and try again"
  bad=$(bad_link "$folder.part")
  if [[ -n $bad ]]; then
    rm -rf "$folder.part"
    fail "$archive: holds the link ${bad#"$folder.part/"}, which leads out of the folder: not unpacked"
  fi
  mv "$folder.part" "$folder"
}
