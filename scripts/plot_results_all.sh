#!/usr/bin/env bash
# usage: scripts/plot_results_all.sh --table FILE [--dry-run] [RUN]...
# Puts what was measured of a table's runs into results.tsv and report.html, beside the table: see scripts/runs.sh.
set -euo pipefail
scripts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${1:-} in
  --table) exec "$scripts/runs.sh" plot "${@:2}" ;;
  -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" ;;
  *) echo "plot_results_all.sh: --table FILE must be given (see --help)" >&2; exit 2 ;;
esac
