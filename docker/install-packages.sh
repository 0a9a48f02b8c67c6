#!/usr/bin/env bash
# Installs packages into the image that is being built, and leaves nothing of the package manager behind that
# runs nothing: lists, archives, logs, documents, translations. Licences stay.
set -euo pipefail

if (($# == 0)); then
  echo "Usage: docker/install-packages.sh PACKAGE..." >&2
  exit 2
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet --quiet
apt-get install --quiet --quiet --yes --no-install-recommends "$@"

rm --recursive --force /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/* \
  /var/cache/debconf/*-old /usr/share/man/* /usr/share/info/* /usr/share/locale/* /usr/share/lintian/*
find /usr/share/doc ! -type d ! -name copyright -delete
find /usr/share/doc -type d -empty -delete
