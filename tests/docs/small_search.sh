#!/usr/bin/env bash
# What tutorials that begin with a finished search need: the folder `images`, and in the folder `first`
# what a search on them delivers. As docs/tutorials/first-search.md, but as small as can be.
set -euo pipefail

python3 "$BOARDLOOP/docs/tutorials/make_images.py" images --per-class 100
boardloop up --dir "$HOME/small-search" --listen 127.0.0.1:0 --virtual virtual-stm32f405:1
BOARDLOOP_SERVER=$(sed --quiet 's/.*"address": *"\([^"]*\)".*/\1/p' "$HOME/small-search/stack.json")
export BOARDLOOP_SERVER
cat >small-search.yaml <<'YAML'
preset: quick
dataset: {kind: image_folder, path: images}
space: {classes: 4}
supernet_training: {epochs: 6, warmup_epochs: 1}
evolution: {population: 2, parents: 1, crossovers: 1, mutations: 1, generations: 0}
specialization: {epochs: 1}
YAML
boardloop submit small-search.yaml --name first --watch
boardloop get first
rm small-search.yaml
boardloop down --dir "$HOME/small-search"
