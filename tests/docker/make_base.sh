#!/usr/bin/env bash
# Makes a small Debian 12 from the distribution's mirror, as the official image debian:bookworm-slim is one:
# without documents, translations and lists of packages. For builders that reach no registry of images.
set -euo pipefail

if (($# != 1)); then
  echo "Usage: tests/docker/make_base.sh FOLDER      (new; needs root and debootstrap)" >&2
  exit 2
fi
folder=$1
mirror=${MIRROR:-http://deb.debian.org}

debootstrap --variant=minbase bookworm "$folder" "$mirror/debian"

cat >"$folder/etc/apt/sources.list" <<TEXT
deb $mirror/debian bookworm main
deb $mirror/debian bookworm-updates main
deb $mirror/debian-security bookworm-security main
TEXT
cat >"$folder/etc/apt/apt.conf.d/docker-clean" <<'TEXT'
DPkg::Post-Invoke { "rm --force /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
TEXT
cat >"$folder/etc/dpkg/dpkg.cfg.d/docker" <<'TEXT'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
TEXT
# No service starts while an image is built.
printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
chmod +x "$folder/usr/sbin/policy-rc.d"

chroot "$folder" apt-get update --quiet --quiet
chroot "$folder" env DEBIAN_FRONTEND=noninteractive apt-get upgrade --quiet --quiet --yes
rm --recursive --force "$folder"/var/lib/apt/lists/* "$folder"/var/cache/apt/* "$folder"/var/log/* \
  "$folder"/var/cache/debconf/*-old "$folder"/var/cache/ldconfig/aux-cache \
  "$folder"/usr/share/{info,locale,man,lintian}/*
find "$folder/usr/share/doc" ! -type d ! -name copyright -delete
rm --force "$folder/etc/hostname" "$folder/etc/resolv.conf"
