# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Policies through those who call the runtime: how one is asked for, and how its denials are found by the name that the
# container has there.  The rules are of the network class, which needs no BPF LSM.

bats_require_minimum_version 1.5.0
load common

address=10.99.0.1

setup_file() {
	need_rig
	"$RUNTIME" doctor > /dev/null 2>&1 || [[ $? == 1 ]] || not_here "$RUNTIME_NAME has no policies"
	need_own_etc
	mkdir -p /etc/ringwall/policy.d
	echo '{ "version": 1, "name": "no-egress", "extends": "baseline", "network": { "egress": { "default": "deny" } } }' \
		> /etc/ringwall/policy.d/no-egress.json
}

teardown_file() {
	[[ ! ${CALLERS_OWN_ETC-} ]] || rm -rf /etc/ringwall
}

teardown() { caller_end; }

try="nc -w 3 $address 80" # (busybox 1.35's wget crashes where connect fails)

# NAME…: each finds the container, and what was refused to it
assert_denied() {
	local name
	# Its first name is what its caller calls it: that is said where nothing is asked for, too.
	run -0 "$RUNTIME" denials
	assert_contains "Z $1 nc["
	for name in "$@"; do
		run -0 "$RUNTIME" denials "$name"
		assert_contains "$address"
		run -0 "$RUNTIME" policy show "$name"
		assert_contains no-egress
	done
}

@test "Docker: runtimeArgs choose the policy; denials and policy find its containers by name, ID and short ID" {
	# shellcheck disable=SC2016 # jq's
	docker_setup '."exec-root" = "/run/docker" | .runtimes.guarded = {path: $path, runtimeArgs: ["--policy=no-egress"]}'
	id=$(d_run -d --runtime guarded --name web $image sleep 1000)
	d_run -d --name free $image sleep 1000
	run docker exec web $try
	assert_status 1
	assert_contains "Operation not permitted"
	assert_denied web "$id" "${id:0:12}"
	"$RUNTIME" policy set web --allow-egress "$address/32"
	run docker exec web $try
	assert_status 1
	[[ $output != *"not permitted"* ]]
	run -0 "$RUNTIME" denials free
	assert_output ""
	docker rename web other
	run -1 "$RUNTIME" denials web
	assert_contains "container does not exist: web"
	run -0 "$RUNTIME" denials other
	assert_contains "$address"
	# A short ID that is anybody's is nobody's
	run -1 "$RUNTIME" denials ""
	docker rm -f other free
}

@test "Docker: a policy that there is not is an error that says so" {
	# shellcheck disable=SC2016
	docker_setup '.runtimes.guarded = {path: $path, runtimeArgs: ["--policy=not-there"]}'
	run -125 d_run --rm --runtime guarded $image true
	assert_contains "no policy is called 'not-there'"
}

@test "Docker: an annotation chooses the policy, at run and in a compose file; denials and policy find its containers" {
	need_program dockerd
	since docker 25
	# shellcheck disable=SC2016
	docker_setup '."exec-root" = "/run/docker"'
	id=$(d_run -d --annotation org.ringwall.policy=no-egress --name web $image sleep 1000)
	d_run -d --name free $image sleep 1000
	run docker exec web $try
	assert_status 1
	assert_contains "Operation not permitted"
	assert_denied web "$id" "${id:0:12}"
	run docker exec free $try
	[[ $output != *"not permitted"* ]]
	run -125 d_run --rm --annotation org.ringwall.policy=not-there $image true
	assert_contains "no policy is called 'not-there'"
	# What is set while it runs holds until the container starts anew
	"$RUNTIME" policy set web --allow-egress "$address/32"
	run docker exec web $try
	[[ $output != *"not permitted"* ]]
	docker restart -t 0 web
	run docker exec web $try
	assert_contains "Operation not permitted"
	docker rm -f web free
	need_program docker-compose
	mkdir "$BATS_TEST_TMPDIR/project"
	cd "$BATS_TEST_TMPDIR/project"
	cat > compose.yaml <<-FILE
		services:
		  shop:
		    image: $image
		    cgroup_parent: $CALLERS_PARENT
		    command: sleep 1000
		    annotations: {org.ringwall.policy: no-egress}
	FILE
	docker compose up -d 3>&-
	run docker compose exec -T shop $try
	assert_contains "Operation not permitted"
	assert_denied project-shop-1
	docker compose down -t 0
}

@test "Podman: an annotation chooses the policy; denials and policy find its containers by name, ID and short ID" {
	podman_setup
	id=$(p_run -d --annotation org.ringwall.policy=no-egress --name web $image sleep 1000)
	run podman exec web $try
	assert_status 1
	assert_contains "Operation not permitted"
	assert_denied web "$id" "${id:0:12}"
	run p_run --rm --annotation org.ringwall.policy=not-there $image true
	assert_status 126
	assert_contains "no policy is called 'not-there'"
	podman rm -f -t 0 web
	# A pod of Kubernetes' YAML, of which each container has the pod's annotation
	cat > "$BATS_TEST_TMPDIR/pod.yaml" <<-YAML
		apiVersion: v1
		kind: Pod
		metadata: {name: shop, annotations: {org.ringwall.policy: no-egress}}
		spec:
		  containers:
		  - {name: till, image: "$image", command: [sleep, "1000"]}
	YAML
	if has_catatonit; then
		podman kube play --log-driver k8s-file "$BATS_TEST_TMPDIR/pod.yaml" 3>&-
		run podman exec shop-till $try
		assert_contains "Operation not permitted"
		assert_denied shop-till
		podman pod rm -f -t 0 shop
	fi
	# A runtime flag goes before the verb, too
	run podman --runtime-flag policy=no-egress run --rm --cgroup-parent "$CALLERS_PARENT" $image $try
	assert_contains "Operation not permitted"
}

@test "containerd: an annotation chooses the policy; denials and policy find its containers" {
	containerd_setup
	c_run -d --annotation org.ringwall.policy=no-egress "web-$$" sleep 1000
	run ctr task exec --exec-id e "web-$$" $try
	assert_status 1
	assert_contains "Operation not permitted"
	assert_denied "web-$$" "web-"
	# containerd's CRI names containers in an annotation
	c_run -d --annotation io.kubernetes.cri.container-name=shop --annotation org.ringwall.policy=no-egress \
		--annotation io.kubernetes.cri.sandbox-name=front --annotation io.kubernetes.cri.sandbox-namespace=prod \
		"$(printf '%064d' 7)" sleep 1000
	run ctr task exec --exec-id e "$(printf '%064d' 7)" $try
	assert_denied prod/front/shop shop
	run -0 "$RUNTIME" policy show shop
	assert_contains baseline
	run c_run --rm --annotation org.ringwall.policy=not-there b true
	((status != 0))
	assert_contains "no policy is called 'not-there'"
}
