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

@test "docker: a user's own daemon" {
	((EUID == 0)) || skip "needs root to be somebody else"
	# bats' directories are closed to others
	d=$(mktemp -d /tmp/ringwall-install.XXXXXX)
	cp "$RINGWALL" "$d/ringwall"
	chown -R 65534:65534 "$d"
	run setpriv --reuid 65534 --regid 65534 --clear-groups "$d/ringwall" install-runtime docker --config "$d/docker/daemon.json"
	path=$(jq -r .runtimes.ringwall.path "$d/docker/daemon.json")
	rm -r "$d"
	[ "$status" = 0 ]
	[ "$output" = "$d/docker/daemon.json: changed; now: systemctl --user reload docker" ]
	[ "$path" = "$d/ringwall" ]
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

@test "docker: a user's file stays the user's where root changes it" {
	((EUID == 0)) || skip "needs root to give files away"
	echo '{}' >"$f"
	chown 65534:65533 "$f"
	chmod 640 "$f"
	install docker
	[ "$(stat -c '%u:%g %a' "$f")" = "65534:65533 640" ]
}

@test "docker: what a user moves to another place meanwhile gets nobody's file but the user's, 200 rounds" {
	((EUID == 0)) || skip "needs root to give files away"
	local swap=$BATS_TEST_TMPDIR/swap mine=$BATS_TEST_TMPDIR/mine host=$BATS_TEST_TMPDIR/host pid i bad=0
	gcc -O1 -static -o "$swap" "$BATS_TEST_DIRNAME/attack-swap.c"
	mkdir "$mine" "$host"
	ln -s "$host" "$BATS_TEST_TMPDIR/link"
	echo '{"user": 1}' >"$mine/daemon.json"
	echo '{"host": 1}' >"$host/daemon.json"
	chown -R 65534 "$mine"
	"$swap" "$mine" "$BATS_TEST_TMPDIR/link" 3>&- &
	pid=$!
	for i in {1..200}; do
		"$RINGWALL" install-runtime docker --config "$mine/daemon.json" --name "r$i" >/dev/null 2>&1 || true
		[[ $(stat -c %u "$host/daemon.json") = 0 && $(<"$host/daemon.json") == *host* ]] || { bad=$i; break; }
	done
	kill $pid
	[ "$bad" = 0 ]
	grep -q ringwall "$host/daemon.json" # the links were led to, too
}

@test "docker: a link stays a link" {
	echo '{}' >"$f.real"
	ln -s config.real "$f"
	install docker
	[ -L "$f" ]
	[ "$(jq -r .runtimes.ringwall.path "$f.real")" = "$RINGWALL" ]
	rm "$f.real"
	run -1 install docker
	[[ $output == *"link that leads to nothing"* ]]
	[ -L "$f" ]
}

@test "docker: in and out again leaves every byte, whichever name goes first" {
	for text in '{}' '{ }' $'{\n}\n' '{"a": 1}' $'{\n\t"a": 1\n}' $'{ "runtimes": { "other": { "path": "/x" } }, "a": 1 }'; do
		for order in "one two" "two one"; do
			printf '%s' "$text" >"$f"
			install docker --name one
			install docker --name two --default
			[ "$(jq -c '[.runtimes.one, .runtimes.two, ."default-runtime"]' "$f")" = \
				"[{\"path\":\"$RINGWALL\"},{\"path\":\"$RINGWALL\"},\"two\"]" ]
			install docker --name one
			[ "$(jq -r '."default-runtime"' "$f")" = two ]
			for name in $order; do install docker --name "$name" --remove; done
			printf '%s' "$text" | cmp - "$f"
		done
	done
}

@test "a file with a NUL byte, of which only the beginning would be seen, is left alone" {
	printf '{}\0{"a": 1}' >"$f"
	run -1 install docker
	[[ $output == *"NUL byte"* ]]
	printf '{}\0{"a": 1}' | cmp - "$f"
}

@test "podman: a drop-in of its own" {
	install podman --default
	[ "$(toml 'c["engine"]["runtime"], c["engine"]["runtimes"]["ringwall"], "ringwall" in c["engine"]["runtime_supports_json"],
		"ringwall" in c["engine"]["runtime_supports_nocgroup"]')" = "ringwall ['$RINGWALL'] True True" ]
	# As an earlier Ringwall wrote it
	sed -i '/nocgroup/d' "$f"
	install podman --name second
	[ "$(toml 'sorted(c["engine"]["runtimes"]), c["engine"]["runtime_supports_nocgroup"][2:]')" = "['ringwall', 'second'] ['ringwall', 'second']" ]
	install podman --remove --name second
	install podman --remove
	[ ! -e "$f" ]
	echo '[engine]' >"$f"
	run -1 install podman
	[[ $output == *"not made by ringwall"* ]]
	run -1 install podman --remove
	[ "$(cat "$f")" = '[engine]' ]
}

@test "podman: several names, each with a path of its own; what was changed by hand is left alone" {
	install podman --default
	install podman --name other --path /bin/true
	install podman
	[ "$(toml 'c["engine"]["runtime"], c["engine"]["runtimes"], c["engine"]["runtime_supports_json"][-2:]')" = \
		"ringwall {'ringwall': ['$RINGWALL'], 'other': ['/bin/true']} ['ringwall', 'other']" ]
	install podman --name other --path /bin/false --default
	[ "$(toml 'c["engine"]["runtime"], c["engine"]["runtimes"]["other"]')" = "other ['/bin/false']" ]
	install podman --name other --remove
	[ "$(toml 'c["engine"].get("runtime"), list(c["engine"]["runtimes"])')" = "None ['ringwall']" ]
	run -0 install podman --name other --remove
	[[ $output == *"nothing to change" ]]
	echo 'third = ["/bin/third", "--flag"]' >>"$f"
	cp "$f" "$f.before"
	run -1 install podman --name other
	[[ $output == *"changed since"* ]]
	run -1 install podman --remove
	cmp "$f" "$f.before"
}

# (no CRI-O in Debian: that it takes this was not seen)
@test "crio: a drop-in of its own, with several names" {
	run -0 install crio --default
	[[ $output == *"changed; now: systemctl restart crio" ]]
	install crio --name other --path /bin/true
	[ "$(toml "(lambda r: (r['default_runtime'], r['runtimes']['ringwall'], r['runtimes']['other']['runtime_path']))(c['crio']['runtime'])")" = \
		"('ringwall', {'runtime_path': '$RINGWALL', 'runtime_type': 'oci', 'runtime_root': '/run/ringwall'}, '/bin/true')" ]
	install crio --remove
	[ "$(toml "list(c['crio']['runtime']['runtimes']), c['crio']['runtime'].get('default_runtime')")" = "['other'] None" ]
	install crio --name other --remove
	[ ! -e "$f" ]
}

# containerd's configuration: PYTHON-EXPRESSION of k, its table "containerd", and c
cri() {
	toml "(lambda k: ($1))((c['plugins'].get('io.containerd.grpc.v1.cri') or c['plugins']['io.containerd.cri.v1.runtime'])['containerd'])"
}

@test "containerd: a block at the end, once" {
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "/usr/lib/cni"' >"$f"
	cp "$f" "$f.before"
	install containerd --systemd-cgroup
	run -0 install containerd --systemd-cgroup
	[[ $output == *"nothing to change" ]]
	[ "$(cri "k['runtimes']['ringwall']['options'], c['plugins']['io.containerd.grpc.v1.cri']['cni']['bin_dir']")" = \
		"({'BinaryName': '$RINGWALL', 'SystemdCgroup': True}, '/usr/lib/cni')" ]
	install containerd --default
	[ "$(cri "k['default_runtime_name']")" = ringwall ]
	install containerd --remove
	cmp "$f" "$f.before"
}

@test "containerd: no file, version 3, an old one" {
	install containerd
	[ "$(toml 'c["version"]')" = 2 ]
	install containerd --remove
	[ ! -e "$f" ]
	echo 'version = 3' >"$f"
	install containerd
	toml 'c["plugins"]["io.containerd.cri.v1.runtime"]["containerd"]["runtimes"]["ringwall"]'
	echo 'root = "/var/lib/containerd"' >"$f"
	run -1 install containerd
	[[ $output == *"containerd config migrate"* ]]
}

@test "containerd: a block a name, the default one of them, out again in any order" {
	for order in "ringwall b c" "c b ringwall" "b c ringwall"; do
		printf 'version = 2\n\n[grpc]\n' >"$f"
		cp "$f" "$f.before"
		install containerd --default
		install containerd --name b --path /bin/true
		install containerd --name c --default
		[ "$(cri "list(k['runtimes']), k['default_runtime_name'], k['runtimes']['b']['options']['BinaryName']")" = \
			"(['ringwall', 'runc', 'b', 'c'], 'c', '/bin/true')" ]
		install containerd --name c --path /bin/false
		[ "$(cri "k['default_runtime_name'], k['runtimes']['c']['options']['BinaryName']")" = "('c', '/bin/false')" ]
		for name in $order; do
			install containerd --name "$name" --remove
			toml c >/dev/null
		done
		cmp "$f" "$f.before"
	done
}

# Without it, Kubernetes' containers would all fail: where the file lists a runtime, containerd 1.x knows that one only.
@test "containerd: its own runc stays, where the file lists no runtime" {
	echo 'version = 2' >"$f"
	install containerd
	[ "$(cri "k['runtimes']['runc']")" = "{'runtime_type': 'io.containerd.runc.v2'}" ]
	install containerd --name runc --path /bin/true
	[ "$(cri "k['runtimes']['runc']['options']['BinaryName']")" = /bin/true ]
	install containerd --name runc --remove
	[ "$(cri "k['runtimes']['runc']")" = "{'runtime_type': 'io.containerd.runc.v2'}" ]
	install containerd --remove
	[ "$(cat "$f")" = 'version = 2' ]
	printf 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.nvidia]\n' >"$f"
	install containerd
	[ "$(cri "list(k['runtimes'])")" = "['nvidia', 'ringwall']" ]
	echo 'version = 3' >"$f"
	install containerd
	[ "$(cri "list(k['runtimes'])")" = "['ringwall']" ]
}

@test "containerd: a default that is there is written over, and put back" {
	for text in 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd]\n  default_runtime_name = "runc" # mine\n' \
		"version = 3\\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\\n  default_runtime_name = 'runc'" \
		'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\ncontainerd.default_runtime_name = "kata"' \
		'version = 2\r\n[plugins."io.containerd.grpc.v1.cri".containerd]\r\n  snapshotter = "native"\r\n' \
		'version = 2\n\t[ plugins . "io.containerd.grpc.v1.cri" . containerd ] # here'; do
		# shellcheck disable=SC2059 # it is a format
		printf "$text" >"$f"
		cp "$f" "$f.before"
		install containerd --default
		install containerd --name other --default
		install containerd --name other --default
		[ "$(cri "k['default_runtime_name']")" = other ]
		install containerd --default
		[ "$(cri "k['default_runtime_name']")" = ringwall ]
		install containerd --name other --remove
		[ "$(cri "k['default_runtime_name']")" = ringwall ]
		install containerd --remove
		cmp "$f" "$f.before"
	done
}

@test "containerd: what cannot be added to is refused, with the line" {
	while read -r what text; do
		printf 'version = 2\n%b' "$text" >"$f"
		cp "$f" "$f.before"
		run -1 install containerd --default
		[[ $output == *"$f: line "*"$what"* ]] || { printf '%s\n' "$text" "$output"; false; }
		cmp "$f" "$f.before"
	done <<-'END'
		added [plugins."io.containerd.grpc.v1.cri"]\ncontainerd = { snapshotter = "x" }
		added plugins = {}
		added [[plugins]]
		make [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.ringwall]
		make plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes."ringwall".options.BinaryName = "/x"
		dots [plugins."io.containerd.grpc.v1.cri"]\ncontainerd.snapshotter = "x"
		disabled_plugins disabled_plugins = [ "x", # c\n 'io.containerd.grpc.v1.cri' ]
		key root /x
		value root =
		end root = "/x
		end root = """x"
		escape "r\\u006fot" = "/x"
		more root = "/x" state = "/y"
	END
	install containerd --remove --config "$f.other" # (nothing to take out)
}

@test "containerd: its blocks, changed by hand" {
	echo 'version = 2' >"$f"
	install containerd --name a
	install containerd --name b
	cp "$f" "$f.whole"
	echo 'snapshotter = "x"' >>"$f"
	run -1 install containerd --name c
	[[ $output == *"line 26: it belongs to ringwall's table above"* ]]
	sed '0,/runtime_type/s//  snapshotter = "x"\n  runtime_type/' "$f.whole" >"$f"
	run -1 install containerd --name a
	[[ $output == *"line 5: not ringwall's, but in its block"* ]]
	install containerd --name b --remove
	sed '/ringwall: end/d' "$f.whole" >"$f"
	run -1 install containerd --name a --remove
	[[ $output == *"line 3: ringwall's block has no end"* ]]
	{ cat "$f.whole"; printf '[plugins."io.containerd.grpc.v1.cri".containerd]\ndefault_runtime_name = "a"\n'; } >"$f"
	run -1 install containerd --name a --remove
	[[ $output == *'line 27: default_runtime_name is "a", which ringwall did not write'* ]]
	sed '/containerd.runtimes.b/d' "$f.whole" >"$f"
	run -1 install containerd --name a
	[[ $output == *"line 18: ringwall's block has no runtime in it"* ]]
	{ cat "$f.whole"; sed 1,2d "$f.whole"; } >"$f"
	run -1 install containerd --name a
	[[ $output == *"line 26: a second block of ringwall's for 'a'"* ]]
	# Lines that only look like ours
	printf 'version = 2\ntext = """\n# ringwall: begin; made by %s\n"""\n' "'ringwall install-runtime containerd'" >"$f"
	cp "$f" "$f.before"
	install containerd
	install containerd --remove
	cmp "$f" "$f.before"
}

@test "containerd: a file of the version before is understood" {
	cat >"$f" <<-END
		version = 2

		# ringwall: begin; made by 'ringwall install-runtime containerd'
		[plugins."io.containerd.grpc.v1.cri".containerd]
		  default_runtime_name = "old"
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.old]
		  runtime_type = "io.containerd.runc.v2"
		  pod_annotations = ["org.ringwall.*"]
		  container_annotations = ["org.ringwall.*"]
		[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.old.options]
		  BinaryName = "/bin/true"
		# ringwall: end
	END
	install containerd --name new
	[ "$(cri "list(k['runtimes']), k['default_runtime_name']")" = "(['old', 'new', 'runc'], 'old')" ]
	install containerd --name new --default
	[ "$(cri "k['default_runtime_name']")" = new ]
	install containerd --name old --remove
	install containerd --name new --remove
	[ "$(cat "$f")" = 'version = 2' ]
}

@test "containerd: other files that count are pointed at" {
	printf 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n' >"$f"
	run -0 install containerd
	[[ $output == *"it imports other files: 'containerd config dump' shows what holds" ]]
	printf 'version = 2\nimports = []\n' >"$f"
	run -0 install containerd
	[[ $output != *"imports"* ]]
}

@test "bad options change nothing" {
	run -1 install lxc
	[[ $output == *"none of docker, podman, containerd, crio"* ]]
	run -1 install docker --name 'a"b'
	run -1 install docker --path relative
	run -1 install docker --path /nonexistent
	for caller in podman containerd crio; do
		run -1 install $caller --runtime-arg=x
		[[ $output == "$caller has no arguments for a runtime: use an annotation"* ]]
	done
	for caller in docker podman crio; do
		run -1 install $caller --systemd-cgroup
		[[ $output == "$caller says for all its runtimes who makes the cgroups"* ]]
	done
	[ ! -e "$f" ]
}
