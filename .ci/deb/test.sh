#!/usr/bin/env bash
# Installs the package in a bare root of the Debian release it was built on, runs the sensor there as
# its unit would, upgrades, removes and purges it, and looks at what is left. No systemd runs: what it
# would do is done by hand, with the unit's user and its one capability, in a network namespace of its
# own. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" -eq 0 ] || { echo "deb-test: needs root, for a root of its own; nothing was tested" >&2; exit 1; }

if [ "${1:-}" != inside ]; then
    program=${1:-target/release/tapmap}
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    base=target/deb/$release.tar
    old=$(.ci/deb/build.sh "$program")
    mv "$old" target/deb/old.deb
    new=$(.ci/deb/build.sh "$program" "$(dpkg-deb -f target/deb/old.deb Version)+test")
    if [ ! -e "$base" ]; then
        depends=$(dpkg-deb -f target/deb/old.deb Depends | sed 's/([^)]*)//g; s/ //g')
        mmdebstrap --quiet --variant=essential --include="systemd,iproute2,$depends" "$release" "$base.part.tar" >/dev/null
        mv "$base.part.tar" "$base"
    fi
    lintian --allow-root --fail-on error,warning target/deb/old.deb
    root=$(mktemp -d)
    trap 'rm -rf --one-file-system "$root"' EXIT
    tar -C "$root" -xf "$base"
    mkdir -p "$root/packages"
    cp target/deb/old.deb "$root/packages/old.deb"
    mv "$new" "$root/packages/new.deb"
    rm target/deb/old.deb
    # Mounts, processes and interfaces go when this ends, however it ends.
    unshare --mount --net --pid --fork --kill-child "$0" inside "$root"
    exit
fi

root=$2
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
ip link set lo up
ip link add tap0 type veth peer name wire0
sysctl -qw net.ipv6.conf.tap0.disable_ipv6=1
ip link set tap0 up
ip address add 10.66.0.1/24 dev wire0
ip link set wire0 up

passed=0
within() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
holds() {
    if ! eval "$2"; then
        echo "deb-test: FAILED: $1" >&2
        [ ! -e "$root/log" ] || cat "$root/log" >&2
        exit 1
    fi
    passed=$((passed + 1))
}
# Every path that a package could leave behind, but for what dpkg and adduser themselves keep.
paths() { (cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./var/lib/dpkg -o -path ./packages -o -path ./var/log -o -path ./tmp -o -path ./run \) -prune -o -print | grep -vE '^./etc/(passwd|group|shadow|gshadow)-$|^./(heard|log)$' | sort); }

paths >"$root.before"
within dpkg -i /packages/old.deb >/dev/null
holds "the program runs" 'within tapmap --version | grep -q "^tapmap "'
holds "it reads a capture" 'within tapmap analyze -o json - < captures/mail-and-files/capture.pcap | cmp - <(target/deb/root/usr/bin/tapmap analyze -o json - < captures/mail-and-files/capture.pcap)'
holds "its user is there, without a shell" 'within getent passwd tapmap | grep -q ":/var/lib/tapmap:/usr/sbin/nologin$"'
holds "its configuration is nobody else's to read" '[ "$(within stat -c "%U:%G %a" /etc/tapmap)" = "root:tapmap 750" ]'
holds "its unit is one that systemd takes" 'within systemd-analyze verify --man=no /usr/lib/systemd/system/tapmap.service'
holds "it is not started before anybody said where to listen" '[ -z "$(find "$root/etc/systemd" -name tapmap.service)" ]'
holds "its configuration is accepted" 'within tapmap sensor -i lo -T | grep -q "^data_dir = "'

# What systemd does before it starts the program.
sed -i 's|^#interfaces = .*|interfaces = ["tap0"]|' "$root/etc/tapmap/tapmap.toml"
within install -d -o tapmap -g tapmap -m 0700 /var/lib/tapmap
listener='use Socket; socket(my $s, AF_UNIX, SOCK_DGRAM, 0); bind($s, sockaddr_un("/notify")) or die; chmod 0777, "/notify";
    $| = 1; while (defined recv($s, my $state, 4096, 0)) { print "$state\n" }'
within perl -e "$listener" >"$root/heard" &
listening=$!
for _ in {1..50}; do [ -S "$root/notify" ] && break; sleep 0.1; done
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin NOTIFY_SOCKET=/notify WATCHDOG_USEC=2000000 chroot "$root" \
    setpriv --reuid tapmap --regid tapmap --clear-groups --no-new-privs --bounding-set -all,+net_raw \
    --inh-caps -all,+net_raw --ambient-caps -all,+net_raw /usr/bin/tapmap sensor 2>"$root/log" &
sensor=$!
heard() { for _ in {1..100}; do grep -q "$1" "$root/heard" && return; sleep 0.1; done; return 1; }

holds "it is ready when it listens" 'heard "^READY=1"'
holds "its watchdog hears of it" 'heard "^WATCHDOG=1"'
holds "it keeps its history" '[ -n "$(ls "$root/var/lib/tapmap")" ]'
sed -i 's|^#log_level = .*|log_level = "debug"|' "$root/etc/tapmap/tapmap.toml"
kill -HUP "$sensor"
holds "it reloads what can change" 'heard "^RELOADING=1"'
holds "and says so" 'for _ in {1..50}; do grep -q "log_level. is now" "$root/log" && break; sleep 0.1; done; grep -q "log_level. is now" "$root/log"'
cp "$root/etc/tapmap/tapmap.toml" "$root.edited"

within dpkg -i /packages/new.deb >/dev/null
holds "an upgrade keeps what the operator wrote" 'cmp -s "$root.edited" "$root/etc/tapmap/tapmap.toml"'
holds "and the history" '[ -n "$(ls "$root/var/lib/tapmap")" ]'
kill -TERM "$sensor"
status=0; wait "$sensor" || status=$?
holds "it stops cleanly (status $status)" '[ "$status" -eq 0 ]'
holds "and says so" 'heard "^STOPPING=1"'
kill "$listening"
rm "$root/notify"

within dpkg -r tapmap >/dev/null
holds "removing takes the program" '[ ! -e "$root/usr/bin/tapmap" ] && [ ! -e "$root/usr/lib/systemd/system/tapmap.service" ]'
holds "and leaves configuration and history" '[ -s "$root/etc/tapmap/tapmap.toml" ] && [ -n "$(ls "$root/var/lib/tapmap")" ]'
within dpkg -P tapmap >/dev/null
paths >"$root.after"
holds "purging leaves nothing but the user" 'diff "$root.before" "$root.after" >&2 && within getent passwd tapmap >/dev/null'
rm "$root".{before,after,edited}
echo "deb-test: $passed passed, 0 failed"
