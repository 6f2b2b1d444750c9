#!/bin/sh
# Rebuilds the captures (all, or those named); what `make captures` calls. Needs root.
# The system's Python, because the Debian packages of the application server are for that one.
exec /usr/bin/python3 "$(dirname "$0")/lab.py" build "$@"
