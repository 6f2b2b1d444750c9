#!/usr/bin/env bash
# The licences of everything that is linked into the program, with their texts: each text once, and
# before it the crates that it belongs to. Written to standard output.
set -euo pipefail
cd "$(dirname "$0")/../.."

host=$(rustc -vV | sed -n 's/^host: //p')
registry=${CARGO_HOME:-$HOME/.cargo}/registry/src
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo tree --locked -e normal --target "$host" --prefix none -f '{p}|{l}' |
    sed -E 's/ \(proc-macro\)//; s/ \(\*\)//' | sort -u | grep -v "($PWD)" >"$work/crates"

echo "tapmap contains the work of others. Each crate is listed with its licence, and each text of a"
echo "licence stands once, below the crates that it came with."
echo
while IFS='|' read -r crate licence; do
    read -r name version <<<"$crate"
    printf '%s %s: %s\n' "$name" "${version#v}" "$licence"
    for text in "$registry"/*/"$name-${version#v}"/{LICEN[CS]E*,COPYING*,NOTICE*,license*,COPYRIGHT*}; do
        [ -f "$text" ] || continue
        sum=$(tr -d '[:space:]' <"$text" | sha256sum | cut -c1-64)
        [ -e "$work/$sum.text" ] || cp "$text" "$work/$sum.text"
        echo "$name ${version#v}" >>"$work/$sum.crates"
    done
done <"$work/crates"
# What is linked or compiled in and is no crate.
for extra in "$@"; do
    printf '\n%s\n' "$(printf '=%.0s' {1..98})"
    cat "$extra"
done
for text in "$work"/*.text; do
    printf '\n%s\n' "$(printf '=%.0s' {1..98})"
    sort -u "${text%.text}.crates" | paste -sd, | sed 's/,/, /g' | fold -sw 98
    echo
    cat "$text"
done
