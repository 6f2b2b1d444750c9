#!/usr/bin/env bash
# The page of web/: `build` makes web/dist, `check` does all that needs no browser, `browser` looks at the
# page that the program serves.
set -euo pipefail
cd "$(dirname "$0")/../web"

# What is installed is kept until the lock file says otherwise.
if ! cmp -s package-lock.json node_modules/.installed; then
    npm ci --no-audit --no-fund --loglevel=error
    cp package-lock.json node_modules/.installed
fi

case "${1:-}" in
build)
    npm run --silent build
    ;;
check)
    npm run --silent check
    npm run --silent lint
    # The registry that somebody installs from is his own affair.
    if grep -rlE '"resolved"|registry\.' package.json package-lock.json; then
        echo "web: a registry stands in the files above" >&2
        exit 1
    fi
    built=$(mktemp -d)
    trap 'rm -rf "$built"' EXIT
    npx vite build --outDir "$built" --emptyOutDir --logLevel error
    if ! diff -r "$built" dist; then
        echo "web: dist is not what src makes; run \`make web\` and commit it" >&2
        exit 1
    fi
    npm run --silent unit
    ;;
browser)
    TAPMAP_BINARY=${TAPMAP_BINARY:-$PWD/../target/debug/tapmap} npm run --silent browser
    ;;
*)
    echo "web: build, check or browser" >&2
    exit 2
    ;;
esac
