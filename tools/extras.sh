#!/bin/sh
# Install the Debian tools that tests marked `extras` need, and fail where one is missing afterwards.
set -eu
packages="strace chromium golang-go libreoffice-writer-nogui poppler-utils default-jre-headless softhsm2"

absent() {
    for package in $packages; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
    done
}

missing=$(absent)
if [ -n "$missing" ] && [ "$(id -u)" = 0 ]; then
    echo "Installing" $missing >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
    missing=$(absent)
fi
if [ -n "$missing" ]; then
    echo "make test-extras needs Debian packages that are not here; as root: apt-get install" $missing >&2
    exit 1
fi
