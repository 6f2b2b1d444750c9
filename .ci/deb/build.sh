#!/usr/bin/env bash
# Makes target/deb/tapmap_VERSION_ARCHITECTURE.deb from a program that is already built (the release
# build, or the one that is named). The program is linked with the libraries of the Debian release it
# was built on, libpcap among them, so that their updates reach it.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=${1:-target/release/tapmap}
[ -x "$program" ] || { echo "deb: $program is missing; run make build" >&2; exit 1; }
version=${2:-$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)-1}
architecture=$(dpkg --print-architecture)
out=target/deb
root=$out/root
rm -rf "$root"
mkdir -p "$root/DEBIAN" "$root/etc/tapmap"

# The same bytes from the same commit: every file is as old as the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

share() { install -D -m 0644 /dev/stdin "$root/usr/share/$1"; }
compressed() { gzip -9 -n | share "$1"; }

install -D -m 0755 "$program" "$root/usr/bin/tapmap"
strip --strip-all --remove-section=.comment "$root/usr/bin/tapmap"
install -D -m 0644 .ci/deb/tapmap.service "$root/usr/lib/systemd/system/tapmap.service"

# What only the program knows: its pages, its completions, its configuration.
"$program" man | compressed man/man1/tapmap.1.gz
"$program" --help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on && /^  [a-z]/ && $1 != "help" { print $1 }' |
    while read -r command; do
        "$program" man "$command" | compressed "man/man1/tapmap-$command.1.gz"
    done
"$program" completions bash | share bash-completion/completions/tapmap
"$program" completions zsh | share zsh/vendor-completions/_tapmap
"$program" completions fish | share fish/vendor_completions.d/tapmap.fish
# A service keeps its history where systemd gives it room.
"$program" explain config | sed 's|^#\(data_dir = "/var/lib/tapmap"\)$|\1|' >"$root/etc/tapmap/tapmap.toml"
grep -q '^data_dir = ' "$root/etc/tapmap/tapmap.toml"
"$program" explain site | share doc/tapmap/examples/site.toml

share lintian/overrides/tapmap <.ci/deb/lintian-overrides
{ cat .ci/deb/copyright; sed 1,2d LICENSE-MIT | sed 's/^$/./; s/^/ /'; } | share doc/tapmap/copyright
.ci/deb/notices.sh | compressed doc/tapmap/third-party.gz
compressed doc/tapmap/changelog.gz <CHANGELOG.md
compressed doc/tapmap/changelog.Debian.gz <<END
tapmap ($version) unstable; urgency=medium

  * What is new stands in changelog.gz.

 -- The tapmap authors <tapmap@localhost>  $(date -uRd "@$SOURCE_DATE_EPOCH")
END

echo /etc/tapmap/tapmap.toml >"$root/DEBIAN/conffiles"
install -m 0755 .ci/deb/{postinst,prerm,postrm} "$root/DEBIAN/"
# dpkg-shlibdeps wants a source package around it.
mkdir -p "$out/debian" && printf 'Source: tapmap\n\nPackage: tapmap\nArchitecture: any\n' >"$out/debian/control"
libraries=$(cd "$out" && dpkg-shlibdeps -O root/usr/bin/tapmap 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
cat >"$root/DEBIAN/control" <<END
Package: tapmap
Version: $version
Section: net
Priority: optional
Architecture: $architecture
Maintainer: The tapmap authors <tapmap@localhost>
Installed-Size: $(du -k -s --exclude=DEBIAN "$root" | cut -f1)
Depends: $libraries, adduser, init-system-helpers (>= 1.54~)
Description: passive network dependency mapper
 tapmap listens at a mirror port or reads captures, and tells who depends on
 whom: hosts, services, the direction of every dependency and why, insecure
 practices and certificates, what stops with a service and what an intruder
 can reach. It sends no packet on the wire it watches.
END
(cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"

find "$root" -type d -exec chmod 0755 {} +
chmod 0644 "$root/etc/tapmap/tapmap.toml" "$root"/DEBIAN/{control,conffiles,md5sums}
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
package=$out/tapmap_${version}_$architecture.deb
dpkg-deb --root-owner-group --build -Zxz "$root" "$package" >/dev/null
echo "$package"
