#!/usr/bin/env bash
# What maturin calls instead of cargo (CARGO). A package that is built alone has other features in what it depends on
# than the workspace has, and would build nearly all of it a second time. So building the package becomes building the
# workspace, of which maturin takes the module. FHE_ML_WHEEL_PACKAGES are others than all (`--package fhe-ml-python`).
set -euo pipefail
[ "${1:-}" = rustc ] || exec cargo "$@"
shift
arguments=()
while [ "$#" -gt 0 ]; do
	case "$1" in
		--) break ;; # What follows is for rustc of the one package.
		--lib) ;;
		--crate-type) shift ;;
		--crate-type=*) ;;
		*) arguments+=("$1") ;;
	esac
	shift
done
read -ra packages <<<"${FHE_ML_WHEEL_PACKAGES:---workspace}"
exec cargo build "${packages[@]}" "${arguments[@]}"
