#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# `ringwall install-runtime`: what it makes of configurations that are there. The callers themselves: tests/callers.

bats_require_minimum_version 1.5.0

setup() {
	RINGWALL=${RINGWALL:-$BATS_TEST_DIRNAME/../../${BUILD:-build}/ringwall}
	[ -x "$RINGWALL" ] || RINGWALL=${BUILD:-build}/ringwall
	RINGWALL=$(realpath "$RINGWALL")
	f=$BATS_TEST_TMPDIR/config
}

install() { "$RINGWALL" install-runtime "$1" --config "$f" "${@:2}"; }

toml() { # PYTHON-EXPRESSION of c
	python3 -c "import tomllib; c = tomllib.load(open('$f', 'rb')); print($1)"
}

@test "docker: a file that is not there" {
	run -0 install docker
	[[ $output == *"changed; now: systemctl reload docker" ]]
	[ "$(jq -r .runtimes.ringwall.path "$f")" = "$RINGWALL" ]
	[ "$(jq -r '."default-runtime"' "$f")" = null ]
	run -0 install docker
	[[ $output == *"nothing to change" ]]
}

@test "docker: what else is there stays, byte for byte" {
	printf '{\n\t"log-level":   "warn",\n\t"runtimes": {"other": {"path": "/bin/other"}}\n}' >"$f"
	chmod 600 "$f"
	install docker --default --runtime-arg=--policy=web
	[ "$(stat -c %a "$f")" = 600 ]
	grep -qF '"log-level":   "warn"' "$f"
	[ "$(jq -c '[.runtimes.other.path, .runtimes.ringwall.runtimeArgs, ."default-runtime"]' "$f")" = '["/bin/other",["--policy=web"],"ringwall"]' ]
	install docker --path /bin/true
	[ "$(jq -c '.runtimes.ringwall' "$f")" = '{"path":"/bin/true"}' ]
	install docker --remove
	[ "$(jq -c . "$f")" = '{"log-level":"warn","runtimes":{"other":{"path":"/bin/other"}}}' ]
}

@test "docker: in and out again, as the last, the first and the only one" {
	for text in '{}' '{"a": 1}' '{"default-runtime": "ringwall", "a": 1}' '{"a": 1, "default-runtime": "ringwall"}' '{"runtimes": {}}'; do
		echo "$text" >"$f"
		install docker --default
		jq -e '.runtimes.ringwall and ."default-runtime" == "ringwall"' "$f"
		install docker --remove
		jq -e '(.runtimes // {} | length == 0) and ."default-runtime" == null' "$f"
	done
}

@test "docker: what cannot be understood is left alone" {
	echo '{"runtimes": [' >"$f"
	run -1 install docker
	[[ $output == *"daemon.json:"* ]]
	[ "$(cat "$f")" = '{"runtimes": [' ]
	echo '{"runtimes": 1}' >"$f"
	run -1 install docker
	[[ $output == *"runtimes: not an object"* ]]
	[ "$(cat "$f")" = '{"runtimes": 1}' ]
}

@test "docker: a link stays a link" {
	echo '{}' >"$f.real"
	ln -s config.real "$f"
	install docker
	[ -L "$f" ]
	[ "$(jq -r .runtimes.ringwall.path "$f.real")" = "$RINGWALL" ]
}

@test "podman: a drop-in of its own" {
	install podman --default
	[ "$(toml 'c["engine"]["runtime"], c["engine"]["runtimes"]["ringwall"], "ringwall" in c["engine"]["runtime_supports_json"]')" = \
		"ringwall ['$RINGWALL'] True" ]
	install podman --remove
	[ ! -e "$f" ]
	echo '[engine]' >"$f"
	run -1 install podman
	[[ $output == *"not made by ringwall"* ]]
	run -1 install podman --remove
	[ "$(cat "$f")" = '[engine]' ]
}

@test "containerd: a block at the end, once" {
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "/usr/lib/cni"' >"$f"
	install containerd --systemd-cgroup
	install containerd --systemd-cgroup
	[ "$(grep -c begin "$f")" = 1 ]
	r='c["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["runtimes"]["ringwall"]'
	[ "$(toml "$r[\"options\"][\"BinaryName\"], $r[\"options\"][\"SystemdCgroup\"], c[\"plugins\"][\"io.containerd.grpc.v1.cri\"][\"cni\"][\"bin_dir\"]")" = \
		"$RINGWALL True /usr/lib/cni" ]
	install containerd --default
	[ "$(toml 'c["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["default_runtime_name"]')" = ringwall ]
	install containerd --remove
	[ "$(cat "$f")" = "$(printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "/usr/lib/cni"')" ]
}

@test "containerd: version 3, no file, an old one, somebody else's" {
	install containerd
	[ "$(toml 'c["version"]')" = 2 ]
	echo 'version = 3' >"$f"
	install containerd
	toml 'c["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["ringwall"]'
	echo 'root = "/var/lib/containerd"' >"$f"
	run -1 install containerd
	[[ $output == *"containerd config migrate"* ]]
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ringwall]\n' >"$f"
	run -1 install containerd
	[[ $output == *"did not make"* ]]
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\n' >"$f"
	run -1 install containerd --default
	[[ $output == *default_runtime_name* ]]
}

@test "bad options change nothing" {
	run -1 install crio
	[[ $output == *"none of docker, podman, containerd"* ]]
	run -1 install docker --name 'a"b'
	run -1 install docker --path relative
	run -1 install docker --path /nonexistent
	run -1 install podman --runtime-arg=x
	[ ! -e "$f" ]
}
