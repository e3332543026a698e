#!/bin/sh
# Installs `diamonds` from an archive of a release, with its manual pages and completions, after its checksum was compared.
#
#   sh install.sh [--version 1.2.3] [--to ~/.local] [--from URL-or-folder of the archives]
#
# Nothing outside the folder that --to names is changed.
set -eu

version=latest
to=${HOME}/.local
from=${DIAMONDS_RELEASES:-}

fail() {
    echo "error: $*" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case "$1" in
    --version | --to | --from)
        [ $# -ge 2 ] || fail "$1 needs a value"
        case "$1" in
        --version) version=$2 ;;
        --to) to=$2 ;;
        --from) from=$2 ;;
        esac
        shift 2
        ;;
    *) fail "$1 is unknown: there are --version, --to and --from" ;;
    esac
done
[ -n "$from" ] || fail "say where the archives are: --from URL, or the variable DIAMONDS_RELEASES"
case "$from" in
http://* | https://*) is_address=yes ;;
*) is_address=no ;;
esac
[ "$version-$is_address" != latest-yes ] || fail "say which version: --version 1.2.3"
# what follows works in another folder
case "$to" in
/*) ;;
*) to=$PWD/$to ;;
esac

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) target=x86_64-unknown-linux-gnu ;;
Linux-aarch64) target=aarch64-unknown-linux-gnu ;;
Darwin-arm64) target=aarch64-apple-darwin ;;
Darwin-x86_64) target=x86_64-apple-darwin ;;
*) fail "there is no archive for $(uname -s) on $(uname -m): build it, as README.md says" ;;
esac

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# the file of this name, from an address or a folder
fetch() {
    if [ "$is_address" = yes ]; then
        curl -fsSL --retry 3 -o "$folder/$1" "$from/$1" || fail "$from/$1 cannot be fetched"
    else
        cp "$from/$1" "$folder/$1" 2>/dev/null || fail "there is no $1 in $from"
    fi
}

if [ "$version" = latest ]; then
    newest=$(find "$from" -maxdepth 1 -name "diamonds-*-$target.tar.gz" 2>/dev/null | sort -V | tail -n 1)
    [ -n "$newest" ] || fail "there is no archive for $target in $from"
    archive=$(basename "$newest")
else
    archive=diamonds-$version-$target.tar.gz
fi

fetch "$archive"
fetch "$archive.sha256"
cd "$folder"
if command -v sha256sum >/dev/null 2>&1; then sum=sha256sum; else sum="shasum -a 256"; fi
$sum -c "$archive.sha256" >/dev/null 2>&1 || fail "the checksum of $archive is not the one beside it: nothing was installed"
tar -xzf "$archive"
cd "${archive%.tar.gz}"

mkdir -p "$to/bin" "$to/share/man/man1" "$to/share/bash-completion/completions" "$to/share/zsh/site-functions" \
    "$to/share/fish/vendor_completions.d"
# a program that runs keeps its own file
rm -f "$to/bin/diamonds"
cp diamonds "$to/bin/diamonds"
cp man/* "$to/share/man/man1/"
cp completions/diamonds.bash "$to/share/bash-completion/completions/diamonds"
cp completions/diamonds.zsh "$to/share/zsh/site-functions/_diamonds"
cp completions/diamonds.fish "$to/share/fish/vendor_completions.d/diamonds.fish"

echo "$("$to/bin/diamonds" --version) is in $to/bin"
case ":$PATH:" in
*":$to/bin:"*) echo "A first look: diamonds demo" ;;
*) echo "A first look: $to/bin/diamonds demo (the folder is not in PATH)" ;;
esac
