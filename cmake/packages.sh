# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests/run and demo/run. install_missing PACKAGE...: installs what is missing, with apt-get.

install_missing() {
    if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
        echo "There is no apt-get here. If the build misses something, look for what Debian calls: $*"
        return 0
    fi

    local package missing=()
    for package in "$@"; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    ((${#missing[@]} > 0)) || return 0

    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing: ${missing[*]}" >&2
            echo "Installing them needs root or sudo. As root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        apt=(sudo "${apt[@]}")
    fi
    echo "Installing: ${missing[*]}"
    "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"
}
