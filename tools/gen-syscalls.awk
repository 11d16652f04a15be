# SPDX-License-Identifier: LGPL-2.1-or-later
#
# syscall_64.tbl and syscall_32.tbl of several kernels to user/policy/syscall-table.h.
# A row: NUMBER ABI NAME [ENTRY [COMPAT-ENTRY|- [noreturn]]]

function fail(text) {
	print FILENAME ":" FNR ": " text > "/dev/stderr"
	failed = 1
	exit 1
}

# One more name in a list separated by spaces.
function add(list, key, word) {
	if (index(" " list[key] " ", " " word " ") == 0)
		list[key] = list[key] (list[key] == "" ? "" : " ") word
}

function number(list, name, n) {
	if (name in list && list[name] != n)
		fail(name " has the numbers " list[name] " and " n)
	list[name] = n
}

# What another call has as well is told by the caller: an entry function leads to one id.
function own(arch, entry, name,    key) {
	key = arch " " entry
	if (key in owner && owner[key] != name)
		return owner[key]
	owner[key] = name
	return ""
}

FNR == 1 {
	i386 = FILENAME ~ /_32\.tbl$/
}

/^#/ || NF < 3 || $2 == "x32" {
	next
}

# Numbers under which mmap and select take a pointer to their arguments: other calls than those of the name, for a policy.
i386 && ($3 == "mmap" || $3 == "select") {
	$3 = "old_" $3
}

{
	names[$3] = 1
}

!i386 {
	number(x64, $3, $1)
	if ($4 != "" && $4 != "sys_ni_syscall") {
		sub(/^sys_/, "", $4)
		add(entry64, $3, $4)
		if (own("x64", $4, $3) != "")
			fail($4 " is the entry of " $3 " and of " own("x64", $4, $3))
	}
}

i386 {
	number(x86, $3, $1)
	entry = $5 == "" || $5 == "-" ? $4 : $5
	if (entry == "" || entry == "sys_ni_syscall")
		next
	# Two names of one thing: the first has the entry function, and both have its id.
	other = own("i386", entry, $3)
	if (other != "")
		same[$3] = other
	else if (sub(/^compat_sys_/, "", entry))
		add(compat32, $3, entry)
	else if (sub(/^sys_/, "", entry))
		add(entry32, $3, entry)
	else
		fail(entry ": an entry function of a kind that is not known")
}

# Calls without arguments have one entry function, whichever way one comes (SYSCALL_DEFINE0): so they have one id, too.
BEGIN {
	split("getuid geteuid getgid getegid", no_arguments)
	for (i in no_arguments)
		same[no_arguments[i] "32"] = no_arguments[i]
}

function id(name) {
	if (name in same)
		return id(same[name])
	return name in x64 ? x64[name] : 512 + x86[name]
}

# What rows are sorted by; names in the order of C's strcmp().
function row_key(name) {
	return sprintf("%04d %d %s", id(name), name in same, name)
}

# @keys sorted into sorted[0…]: an insertion sort, there are not that many.
function sort_into(sorted, keys, n,    i, j, key) {
	for (i = 0; i < n; i++) {
		key = keys[i]
		for (j = i; j > 0 && sorted[j - 1] > key; j--)
			sorted[j] = sorted[j - 1]
		sorted[j] = key
	}
}

function value(list, name) {
	return name in list ? list[name] : -1
}

function text(list, name) {
	return name in same || !(name in list) ? "" : list[name]
}

function max(list,    name, ret) {
	for (name in list)
		if (list[name] > ret)
			ret = list[name]
	return ret + 0
}

function put_rows(    i, part, name) {
	print "/* By id. Names that share an id share the entry function; the first has it. */"
	print "static const struct ringwall_syscall_name rows[] = {"
	for (i = 0; i < n; i++) {
		split(rows[i], part, " ")
		name = part[3]
		place[name] = i
		if (id(name) >= 1023)
			fail(name ": its number is too high")
		printf "\t{ \"%s\", %d, %d, %d, \"%s\", \"%s\", \"%s\" },\n", name, id(name), value(x64, name), value(x86, name),
			text(entry64, name), text(entry32, name), text(compat32, name)
	}
	print "};\n"
}

function put_names(    i) {
	print "/* By name: places in the table above. */"
	print "static const uint16_t by_name[] = {"
	for (i = 0; i < n; i++)
		printf "%s%d,%s", i % 20 ? " " : "\t", place[sorted_names[i]], i % 20 == 19 || i == n - 1 ? "\n" : ""
	print "};\n"
}

END {
	if (failed)
		exit 1
	for (i in no_arguments)
		add(entry32, no_arguments[i], no_arguments[i])
	n = 0
	for (name in names) {
		keys[n] = row_key(name)
		plain[n++] = name
	}
	sort_into(rows, keys, n)
	sort_into(sorted_names, plain, n)
	print "/* SPDX-License-Identifier: LGPL-2.1-or-later */"
	print "/* Made by tools/gen-syscalls of the kernel's tables: no line is written by hand. For user/policy/syscalls.c alone. */\n"
	put_rows()
	put_names()
	print "#define NR_MAX_X64 " max(x64)
	print "#define NR_MAX_I386 " max(x86)
}
