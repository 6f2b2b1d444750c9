#!/usr/bin/env bash
# Builds target/portable/tapmap, which runs on distributions other than this one, and an archive with
# it. Two things tie a program to a distribution, and both are done away with here:
#
# - libpcap. Debian's is linked with D-Bus, which brings systemd's library, gcrypt and six more. Here it
#   is built from Debian's source package without anything but packet sockets, and linked statically.
# - the C library. A program asks for the symbols of the one it was linked with, and an older system
#   lacks them. Here it is linked with that of an old release ($BASE), whose packages are unpacked beside it;
#   nothing of them is installed. So it runs wherever glibc is at least as new.
#
# With `test` it runs the program in bare roots of other releases. Needs Debian's apt, and `test` root.
set -euo pipefail
cd "$(dirname "$0")/.."

BASE=${BASE:-bullseye}
LIBPCAP_FROM=trixie
RELEASES="bullseye trixie"
out=$PWD/target/portable
host=$(rustc -vV | sed -n 's/^host: //p')
mkdir -p "$out/apt/lists/partial" "$out/apt/cache/archives/partial" "$out/apt/parts"

# The mirror that this machine uses for itself.
mirror=$(apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' |
    awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }')
# apt with indexes of its own for other releases; what it fetches is checked against Debian's keys.
apt_for() {
    local release=$1
    shift
    local sources=$out/apt/$release.list lists=$out/apt/lists/$release
    mkdir -p "$lists/partial"
    printf '%s [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        deb "$mirror" "$release" deb-src "$mirror" "$release" >"$sources"
    touch "$out/apt/status"
    apt-get -qq -o Dir::Etc::SourceList="$sources" -o Dir::Etc::SourceParts="$out/apt/parts" \
        -o Dir::State::Lists="$lists" -o Dir::State::Status="$out/apt/status" \
        -o Dir::Cache="$out/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User=root "$@"
}

# The C library of the old release, with its headers.
sysroot=$out/sysroot-$BASE
if [ ! -e "$sysroot/complete" ]; then
    rm -rf "$sysroot" && mkdir -p "$sysroot/packages"
    apt_for "$BASE" update
    (cd "$sysroot/packages" && apt_for "$BASE" download libc6 libc6-dev linux-libc-dev libgcc-s1)
    for package in "$sysroot"/packages/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
    # Links that name their target from the root name it from the sysroot.
    find "$sysroot" -type l -lname '/*' -printf '%p %l\n' | while read -r link target; do
        ln -sfr "$sysroot$target" "$link"
    done
    touch "$sysroot/complete"
fi

# libpcap: packet sockets, files and filters, and nothing else.
pcap=$out/libpcap-$BASE
if [ ! -e "$pcap/lib/libpcap.a" ]; then
    rm -rf "$pcap" && mkdir -p "$pcap/source" "$pcap/lib"
    apt_for "$LIBPCAP_FROM" update
    (cd "$pcap/source" && apt_for "$LIBPCAP_FROM" source --download-only libpcap &&
        dpkg-source --no-check -x ./*.dsc build >/dev/null)
    (cd "$pcap/source/build" && ./configure --quiet --with-pcap=linux --disable-shared --disable-dbus \
        --disable-rdma --disable-usb --disable-bluetooth --disable-netmap --without-libnl \
        CFLAGS="--sysroot=$sysroot -O2 -g -fPIC -fstack-protector-strong -D_FORTIFY_SOURCE=2" >/dev/null &&
        make --quiet libpcap.a >/dev/null)
    cp "$pcap/source/build/libpcap.a" "$pcap/lib/"
    cp "$pcap/source/build/"{LICENSE,VERSION} "$pcap/"
fi

# The compiler's own search path names this machine's libraries too, so those of the sysroot go first.
libraries=$(cc -print-multiarch)
cat >"$out/linker" <<END
#!/bin/sh
exec cc --sysroot=$sysroot -B$sysroot/usr/lib/$libraries -L$sysroot/usr/lib/$libraries -L$sysroot/lib/$libraries "\$@"
END
chmod +x "$out/linker"
variable=$(tr 'a-z-' 'A-Z_' <<<"$host")
env LIBPCAP_LIBDIR="$pcap/lib" LIBPCAP_VER="$(cat "$pcap/VERSION")" \
    "CFLAGS_${host//-/_}=--sysroot=$sysroot" "CARGO_TARGET_${variable}_LINKER=$out/linker" \
    cargo build --release --locked --target "$host" --target-dir target/portable/build
program=$out/tapmap
strip --strip-all -o "$program" "target/portable/build/$host/release/tapmap"

# It may want the C library and what belongs to it, no newer than that of the old release.
wanted=$(readelf -d "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(lib(c|m|dl|rt|pthread|gcc_s)|ld-linux.*)\.so' || true)
[ -z "$wanted" ] || { echo "portable: it still wants $wanted" >&2; exit 1; }
newest=$(objdump -T "$program" | grep -oE 'GLIBC_[0-9.]+' | sort -uV | tail -1)
oldest=$(cd "$sysroot/packages" && ls libc6_*.deb | sed -E 's/libc6_([0-9]+\.[0-9]+).*/GLIBC_\1/')
[ "$(printf '%s\n' "$newest" "$oldest" | sort -V | tail -1)" = "$oldest" ] ||
    { echo "portable: it wants $newest, and $BASE has $oldest" >&2; exit 1; }

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=tapmap-$version-$host
rm -rf "${out:?}/$name" && mkdir "$out/$name"
cp "$program" LICENSE LICENSE-APACHE LICENSE-MIT README.md CHANGELOG.md .ci/deb/tapmap.service "$out/$name/"
"$program" explain config >"$out/$name/tapmap.toml"
.ci/deb/notices.sh "$pcap/LICENSE" >"$out/$name/THIRD-PARTY.txt"
tar -C "$out" --sort=name --owner=0 --group=0 --numeric-owner -czf "$out/$name.tar.gz" "$name"
echo "target/portable/$name.tar.gz: libpcap $(cat "$pcap/VERSION") inside, $newest or newer outside"

[ "${1:-}" = test ] || exit 0
[ "$(id -u)" -eq 0 ] || { echo "portable: the test needs root, for roots of its own; nothing was tested" >&2; exit 1; }
passed=0
capture=captures/mail-and-files/capture.pcap
for release in $RELEASES; do
    base=$out/$release.tar
    if [ ! -e "$base" ]; then
        mmdebstrap --quiet --variant=essential "$release" "$base.part.tar" "$mirror" >/dev/null
        mv "$base.part.tar" "$base"
    fi
    root=$(mktemp -d)
    tar -C "$root" -xf "$base"
    cp "$program" "$root/tapmap"
    mkdir -p "$root/$(dirname "$capture")"
    cp "$capture" "$root/$capture"
    # The report is the same bytes everywhere; a filter goes through libpcap.
    chroot "$root" /tapmap analyze -q -o json "$capture" | cmp - "$(dirname "$capture")/expected.json"
    here=$(chroot "$root" /tapmap analyze -q -o json -f 'tcp port 143' "$capture" | sha256sum)
    there=$("$program" analyze -q -o json -f 'tcp port 143' "$capture" | sha256sum)
    [ "$here" = "$there" ] || { echo "portable: another answer on $release" >&2; exit 1; }
    passed=$((passed + 2))
    echo "portable: runs on a bare $release"
    rm -rf --one-file-system "$root"
done
echo "portable: $passed passed, 0 failed"
