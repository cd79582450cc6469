#!/usr/bin/env bash
# Installs what is missing to run livecomments, or to test it: Debian packages, and a virtual environment in .venv.
#
#   ops/setup/install.sh run|test [sqlite|cassandra]
#
# The tests, and a cluster on Cassandra, also get Maven, and by it Cassandra itself.
#
# Says what it does. Where nothing is missing it says nothing, needs no network and no root, and takes a few ms.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly purpose="${1:?run or test}"
readonly store="${2:-sqlite}"
readonly venv=".venv"
readonly emoji_font="/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

needs_cassandra() { [[ $purpose == test || $store == cassandra ]]; }

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
        if has "$candidate" && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

missing_packages() {
    [[ -n ${JAVA_HOME:-} ]] || has java || echo default-jre-headless
    [[ -e /usr/share/java/zookeeper.jar ]] || echo zookeeper
    if [[ ! -x $venv/bin/python ]]; then
        local python
        if ! python="$(find_python)"; then
            echo python3 python3-venv
        elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            # Debian keeps ensurepip in a package of its own, named after the version.
            "$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])'
        fi
    fi
    if needs_cassandra; then has mvn || echo maven; fi
    if [[ $purpose == test ]]; then
        has chromium || echo chromium
        has npm || echo npm
        [[ -e $emoji_font ]] || echo fonts-noto-color-emoji
    fi
}

install_packages() {
    local packages=("$@") root=()
    has apt-get || fail "these Debian packages are missing, and there is no apt-get here: ${packages[*]}"
    if [[ $(id -u) -ne 0 ]]; then
        has sudo || fail "root must install what is missing: apt-get install --no-install-recommends ${packages[*]}"
        root=(sudo)
    fi
    say "installing ${packages[*]} (apt-get)"
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
    # The package lists of a fresh machine are empty, and those of an old one name files that are gone.
    "${apt[@]}" install --no-install-recommends "${packages[@]}" >/dev/null 2>&1 && return
    say "reading the package lists (apt-get update)"
    "${apt[@]}" update >/dev/null || fail "apt-get update failed; is there a network?"
    "${apt[@]}" install --no-install-recommends "${packages[@]}" >/dev/null \
        || fail "apt-get could not install ${packages[*]}"
}

readonly requirements=$([[ $purpose == test ]] && echo requirements-dev.txt || echo requirements.txt)
readonly stamp="$venv/.installed-$purpose"

# What the virtual environment is made of: a change of any of it, or a move of the checkout, makes it anew.
fingerprint() {
    { pwd; cat "$requirements" pyproject.toml; } | sha256sum | cut -d ' ' -f 1
}

install_python_packages() {
    if [[ ! -x $venv/bin/python ]]; then
        local python
        python="$(find_python)" || fail "Python 3.11 or newer is needed"
        say "making a virtual environment in $venv ($("$python" -V))"
        "$python" -m venv "$venv" || fail "$python could not make a virtual environment"
    fi
    say "installing $requirements (pip)"
    local pip=("$venv/bin/python" -m pip --disable-pip-version-check --quiet)
    "${pip[@]}" install --retries 5 -r "$requirements" || fail "pip could not install $requirements; is there a network?"
    # The build backend is pinned among the requirements; isolation would download one that is not.
    "${pip[@]}" install --no-deps --no-build-isolation --editable . || fail "pip could not install livecomments itself"
    fingerprint >"$stamp"
}

fetch_cassandra() {
    # The folder that ops/local_cluster/cassandra_jars.py looks into.
    local jars="${XDG_CACHE_HOME:-$HOME/.cache}/livecomments/cassandra-"
    jars+="$(sha256sum ops/local_cluster/jvm/pom.xml | cut -c 1-12)"
    [[ -d $jars ]] && return
    say "fetching Cassandra (mvn)"
    # Not the end: without it there is still everything else, and whoever needs it says what is missing.
    "$venv/bin/python" -m ops.local_cluster.cassandra_jars || say "there will be no Cassandra here"
}

[[ -z ${JAVA_HOME:-} || -x $JAVA_HOME/bin/java ]] || fail "JAVA_HOME is $JAVA_HOME, and there is no bin/java in it"
mapfile -t packages < <(missing_packages)
if [[ ${#packages[@]} -gt 0 ]]; then install_packages "${packages[@]}"; fi
if [[ ! -x $venv/bin/livecomments || "$(cat "$stamp" 2>/dev/null)" != "$(fingerprint)" ]]; then
    install_python_packages
    say "done"
fi
if needs_cassandra; then fetch_cassandra; fi
