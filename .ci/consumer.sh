#!/usr/bin/env bash
# Checks what a program pays that imports the root package alone: the lines of its go.sum and the indirect
# requirements of its go.mod. The libraries of the sub-packages must not reach it.
set -euo pipefail

max_sums=10
max_indirect=2

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
module=$(cd "$root" && go list -m)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >main.go <<EOF
package main

import codeant "$module"

func main() {
	if _, err := codeant.New(); err != nil {
		println(err.Error())
	}
}
EOF
export GOWORK=off
go mod init example.com/consumer 2>/dev/null
go mod edit -go "$(cd "$root" && go list -m -f '{{.GoVersion}}')" -require "$module@v0.0.0" -replace "$module=$root"
# What a build needs; go mod tidy would add the modules of the tests of this package.
GOFLAGS=-mod=mod go build -o consumer .

sums=$(wc -l <go.sum)
indirect=$(grep -c '// indirect' go.mod || true)
echo "go.sum: $sums lines of at most $max_sums; indirect requirements: $indirect of at most $max_indirect"
if ((sums > max_sums || indirect > max_indirect)); then
	cat go.mod go.sum
	exit 1
fi
