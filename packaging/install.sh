#!/bin/sh
# Installs stackctl into ~/.local/bin, or into the folder that STACKCTL_INSTALL names. Nothing runs as root, and no file of
# the shell is changed.
#
#   curl -fsSL https://github.com/REPOSITORY/releases/latest/download/install.sh | sh
#
# STACKCTL_VERSION=v0.1.0 takes that release instead of the newest one. The archive is checked against the SHA-256 sums that
# the release lists.
set -eu

releases="${STACKCTL_RELEASES:-https://github.com/REPOSITORY/releases}"
folder="${STACKCTL_INSTALL:-$HOME/.local/bin}"

fail() {
    printf 'error: %s\n' "$1" >&2
    exit 1
}

target() {
    case "$(uname -s)-$(uname -m)" in
        Linux-x86_64 | Linux-amd64) echo x86_64-unknown-linux-gnu ;;
        Linux-aarch64 | Linux-arm64) echo aarch64-unknown-linux-gnu ;;
        Darwin-x86_64) echo x86_64-apple-darwin ;;
        Darwin-arm64) echo aarch64-apple-darwin ;;
        *) fail "there is no release for $(uname -s) on $(uname -m); build it with cargo" ;;
    esac
}

fetch() {
    if command -v curl >/dev/null; then
        curl -fsSL --proto '=https,file' --retry 2 -o "$2" "$1" || fail "cannot fetch $1"
    elif command -v wget >/dev/null; then
        wget -q -O "$2" "$1" || fail "cannot fetch $1"
    else
        fail "neither curl nor wget is installed"
    fi
}

sum() {
    if command -v sha256sum >/dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

main() {
    archive="stackctl-$(target).tar.gz"
    if [ -n "${STACKCTL_VERSION:-}" ]; then
        from="$releases/download/$STACKCTL_VERSION"
    else
        from="$releases/latest/download"
    fi
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    fetch "$from/$archive" "$work/$archive"
    fetch "$from/SHA256SUMS" "$work/SHA256SUMS"
    wanted="$(awk -v name="$archive" '$2 == name { print $1 }' "$work/SHA256SUMS")"
    [ -n "$wanted" ] || fail "SHA256SUMS does not list $archive"
    [ "$(sum "$work/$archive")" = "$wanted" ] || fail "$archive is not what SHA256SUMS lists; nothing was installed"
    tar -xzf "$work/$archive" -C "$work"
    mkdir -p "$folder"
    # A running stackctl keeps its file: the new one gets the name.
    mv "$work/stackctl" "$folder/.stackctl.new"
    mv -f "$folder/.stackctl.new" "$folder/stackctl"
    "$folder/stackctl" --version
    case ":$PATH:" in
        *":$folder:"*) ;;
        *) printf '%s is not in PATH; add it, for example in ~/.profile:\n  export PATH="%s:$PATH"\n' "$folder" "$folder" ;;
    esac
}

main
