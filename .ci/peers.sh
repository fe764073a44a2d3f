#!/usr/bin/env bash
# Tests the client against servers, proxies and storages that others wrote (tools/peers). Installs what is missing by the
# ordinary clients of Debian, Go and npm, and leaves out, with one line, what cannot be installed here. The tests start
# the servers on loopback and end them; what a killed test leaves behind ends with this script.
set -euo pipefail
shopt -s inherit_errexit
exec </dev/null

if [[ ${1:-} == --inside ]]; then # in a network namespace of its own
	shift
	ip link set lo up
	exec "$@"
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
self=$PWD/.ci/peers.sh
export GOWORK=off
unset CODEANT_API_TOKEN CODEANT_API_URL HTTP_PROXY HTTPS_PROXY NO_PROXY http_proxy https_proxy no_proxy

cache=${PEERS_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/codeant-peers}
mkdir -p "$cache/bin" "$cache/npm"
tmp=$(mktemp -d)
export PEERS_PIDS=$tmp/pids
mkdir "$PEERS_PIDS"
jobs_started=()
finish() {
	local file pid
	for pid in "${jobs_started[@]}"; do
		kill -TERM "$pid" 2>/dev/null || true
	done
	for file in "$PEERS_PIDS"/*; do # of process groups that a test has started and not ended
		[[ -e $file ]] || continue
		kill -KILL -- "-$(basename "$file")" 2>/dev/null || true
	done
	[[ -z ${PEERS_SMALL_DISK:-} ]] || umount -l "$PEERS_SMALL_DISK" || true
	rm -rf "$tmp"
}
trap finish EXIT

# The names of the tests to run begin with these words.
have=(Throttled)

left_out() { echo "left out: the tests with $1, because $2"; }

# Debian keeps some of them in /usr/sbin, which is not on every path.
export PATH=$PATH:/usr/sbin:/sbin

updated=
debian() { # debian PROGRAM PACKAGE: succeeds if PROGRAM is there in the end
	command -v "$1" >/dev/null && return 0
	((EUID == 0)) && command -v apt-get >/dev/null || return 1
	if [[ -z $updated ]]; then
		timeout 90 apt-get -q update >"$tmp/apt.log" 2>&1 || true
		updated=yes
	fi
	# No service is started: the tests run their own.
	printf '#!/bin/sh\nexit 101\n' >"$tmp/policy"
	[[ -e /usr/sbin/policy-rc.d ]] || { install -m 755 "$tmp/policy" /usr/sbin/policy-rc.d && local policy=yes; }
	DEBIAN_FRONTEND=noninteractive timeout 150 apt-get -q install -y --no-install-recommends "$2" >>"$tmp/apt.log" 2>&1 || true
	[[ -z ${policy:-} ]] || rm -f /usr/sbin/policy-rc.d
	command -v "$1" >/dev/null
}

go_server() { # go_server PACKAGE: builds it, at the version of tools/peers/go.mod
	timeout 400 go -C tools/peers build -ldflags='-s -w' -o "$cache/bin/" "$1" >"$tmp/$(basename "$1").log" 2>&1
}

npm_server() { # npm_server NAME VERSION
	[[ -x $cache/npm/$1-$2/node_modules/.bin/$1 ]] ||
		timeout 240 npm install --prefix "$cache/npm/$1-$2" --no-save --no-audit --no-fund --ignore-scripts "$1@$2" >"$tmp/$1.log" 2>&1
}

# The long ones side by side: npm waits for the network, go for the processor.
debian npm npm || true
{
	npm_server azurite 3.37.0 && touch "$tmp/azurite.ok" || true
	npm_server s3rver 3.7.1 && touch "$tmp/s3rver.ok" || true
} &
npm_job=$!
jobs_started+=("$npm_job")

if debian nginx nginx-light; then
	have+=(Nginx)
	export PEERS_NGINX=$(command -v nginx)
else
	left_out nginx 'it is not installed and could not be'
fi
if debian haproxy haproxy; then
	have+=(HAProxy)
	export PEERS_HAPROXY=$(command -v haproxy)
else
	left_out HAProxy 'it is not installed and could not be'
fi
if debian squid squid; then
	have+=(Squid)
	export PEERS_SQUID=$(command -v squid)
else
	left_out squid 'it is not installed and could not be'
fi
if go_server github.com/versity/versitygw/cmd/versitygw; then
	have+=(S3)
	export PEERS_VERSITYGW=$cache/bin/versitygw
else
	left_out 'the S3 gateway' 'it could not be built'
fi
if go_server github.com/fsouza/fake-gcs-server; then
	have+=(Google)
	export PEERS_FAKE_GCS=$cache/bin/fake-gcs-server
else
	left_out "Google's storage" 'its emulator could not be built'
fi
wait "$npm_job" || true
jobs_started=()
if [[ -e $tmp/azurite.ok ]]; then
	have+=(Azure)
	export PEERS_AZURITE=$cache/npm/azurite-3.37.0/node_modules/.bin/azurite-blob
else
	left_out "Azure's storage" 'its emulator could not be installed'
fi
if [[ -e $tmp/s3rver.ok ]]; then
	have+=(SignatureV2)
	export PEERS_S3RVER=$cache/npm/s3rver-3.7.1/node_modules/.bin/s3rver
else
	left_out 'signatures of version 2' 's3rver could not be installed'
fi
has() { [[ " ${have[*]} " == *" $1 "* ]]; }
if has Nginx && has S3; then have+=(BetweenNginxAndS3); fi
if has Nginx && has Azure; then have+=(BetweenNginxAndAzure); fi
if has S3 && mkdir "$tmp/small" && mount -t tmpfs -o size=16m tmpfs "$tmp/small" 2>/dev/null; then
	have+=(SmallDisk)
	export PEERS_SMALL_DISK=$tmp/small
else
	left_out 'a full disk' 'there is no S3 gateway, or this user may not mount a small file system'
fi

export PEERS_PROGRAMS=$tmp/programs
go build -o "$PEERS_PROGRAMS/" ./examples/...

run() { # run WORDS [FLAGS]: the tests whose names begin with one of the words
	local words=$1
	shift
	go -C tools/peers test -count=1 -timeout 300s -parallel 6 -run "^Test($words)" "$@" .
}

# The tests of broken networks spoil the loopback of a namespace of their own. They mostly wait, so they run beside the others.
namespaced=
if debian ip iproute2 && debian iptables iptables && command -v tc ss >/dev/null && has Nginx &&
	unshare --net "$self" --inside sh -c 'tc qdisc add dev lo root tbf rate 1mbit burst 16kb latency 50ms &&
		iptables -A INPUT -p tcp --dport 9 -j DROP' >"$tmp/namespace.log" 2>&1; then
	namespaced=yes
else
	left_out 'slow and broken links' 'this kernel or this user has no network namespace with tc and iptables'
fi

go -C tools/peers mod tidy -diff
go -C tools/peers test -vet=all -run '^$' . >"$tmp/build.log" 2>&1 || { cat "$tmp/build.log"; exit 1; }
echo "ready after ${SECONDS}s"
if [[ -n $namespaced ]]; then
	run Namespace -exec "unshare --net '$self' --inside" >"$tmp/namespace.log" 2>&1 &
	namespaced=$!
	jobs_started+=("$namespaced")
fi
status=0
run "$(IFS='|' && echo "${have[*]}")" || status=$?
if [[ -n $namespaced ]]; then
	wait "$namespaced" || status=$?
	jobs_started=()
	echo 'in a network namespace:'
	cat "$tmp/namespace.log"
fi
exit "$status"
