# Debian packages that Dunlin uses where they are there and does without where they are not. To be sourced.

packages_have() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# oneDNN's package, which distributions name after the library's version: one that is installed, else one that can be, the newest first.
packages_onednn() {
    local package
    for package in libdnnl3.6 libdnnl3 libdnnl2; do packages_have "$package" && { echo "$package"; return 0; }; done
    for package in libdnnl3.6 libdnnl3 libdnnl2; do apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' && { echo "$package"; return 0; }; done
    echo libdnnl2
}

# Installs those of the given packages that are missing, where that needs no password. Never fails: nobody has to have them.
packages_install() {
    local missing=() package as=()
    for package in "$@"; do packages_have "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then return 0; fi
    if [ "$(id -u)" != 0 ]; then
        if sudo -n true 2>/dev/null; then as=(sudo -n)
        else
            echo "Not installed, as that needs root: ${missing[*]}. By hand: sudo apt-get install ${missing[*]}"
            return 0
        fi
    fi
    echo "Installing ${missing[*]}..."
    export DEBIAN_FRONTEND=noninteractive
    for package in "${missing[@]}"; do
        "${as[@]}" apt-get install -y -q --no-install-recommends "$package" >/dev/null 2>&1 && continue
        "${as[@]}" apt-get update -q >/dev/null 2>&1 || true
        "${as[@]}" apt-get install -y -q --no-install-recommends "$package" >/dev/null 2>&1 || echo "$package can't be installed here."
    done
}
