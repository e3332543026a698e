#!/bin/sh
# Writes the formula of Homebrew for the archives of a release, of which FOLDER has the checksums.
#
#   sh packaging/formula.sh VERSION URL FOLDER > diamonds.rb       URL: where the archives can be fetched
set -eu

[ $# -eq 3 ] || {
    echo "usage: sh packaging/formula.sh VERSION URL FOLDER" >&2
    exit 2
}
version=$1 url=$2 folder=$3

# what to fetch for a target
archive() {
    name=diamonds-$version-$1.tar.gz
    [ -f "$folder/$name.sha256" ] || {
        echo "error: $folder has no $name.sha256" >&2
        exit 1
    }
    printf '      url "%s/%s"\n      sha256 "%s"\n' "$url" "$name" "$(cut -d' ' -f1 "$folder/$name.sha256")"
}

cat <<FORMULA
class Diamonds < Formula
  desc "Prices diamonds: sales, models, metrics and requests in one DuckDB file"
  version "$version"
  license "MIT"

  on_macos do
    on_arm do
$(archive aarch64-apple-darwin)
    end
    on_intel do
$(archive x86_64-apple-darwin)
    end
  end

  on_linux do
    on_arm do
$(archive aarch64-unknown-linux-gnu)
    end
    on_intel do
$(archive x86_64-unknown-linux-gnu)
    end
  end

  def install
    bin.install "diamonds"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/diamonds.bash" => "diamonds"
    fish_completion.install "completions/diamonds.fish"
    zsh_completion.install "completions/diamonds.zsh" => "_diamonds"
  end

  def post_install
    (var/"diamonds").mkpath
  end

  service do
    run [opt_bin/"diamonds", "serve"]
    environment_variables DIAMONDS_DB: var/"diamonds/diamonds.duckdb"
    working_dir var/"diamonds"
  end

  test do
    ENV["DIAMONDS_DB"] = testpath/"diamonds.duckdb"
    system "sh", "-c", "#{bin}/diamonds generate --rows 500 > sales.csv"
    system bin/"diamonds", "ingest", "sales.csv"
    system bin/"diamonds", "retrain", "--family", "linear"
    assert_match "price_usd", shell_output(
      "#{bin}/diamonds --json predict --carat 1.1 --cut Ideal --color H --clarity SI2",
    )
  end
end
FORMULA
