#!/bin/sh
# Puts a program into an archive as releases have it, with manual pages, completions and a checksum beside it.
#
#   sh packaging/archive.sh PROGRAM TARGET FOLDER       for example: target/dist/diamonds x86_64-unknown-linux-gnu .
set -eu

[ $# -eq 3 ] || {
    echo "usage: sh packaging/archive.sh PROGRAM TARGET FOLDER" >&2
    exit 2
}
program=$1 target=$2 folder=$3
here=$(cd "$(dirname "$0")/.." && pwd)

version=$("$program" --version | cut -d' ' -f2)
name=diamonds-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/completions" "$folder"

cp "$program" "$work/$name/diamonds"
cp "$here/README.md" "$here/CHANGELOG.md" "$here/LICENSE" "$here/packaging/diamonds.service" "$work/$name"
"$program" man "$work/$name/man" >/dev/null
for shell in bash fish zsh; do
    "$program" completions "$shell" >"$work/$name/completions/diamonds.$shell"
done
tar -C "$work" -czf "$folder/$name.tar.gz" "$name"

cd "$folder"
if command -v sha256sum >/dev/null 2>&1; then sum=sha256sum; else sum="shasum -a 256"; fi
$sum "$name.tar.gz" >"$name.tar.gz.sha256"
echo "$folder/$name.tar.gz"
