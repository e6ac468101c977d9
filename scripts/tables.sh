# Sourced by scripts that print what savp_evaluate measured.

# mean FILE: the mean over sequences and frames of a metric's table, which stands in the last column of each line.
mean() { awk -F'\t' 'NR > 1 { gsub(/\r/, ""); sum += $NF; n += 1 } END { printf "%.4f", sum / n }' "$1"; }
