# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make help lists the targets and shows this:
# Variables: V=1 shows commands, BUILD=dir builds elsewhere, WERROR=1, CC=clang,
# LINK=static|static-pie|dynamic (the binary), PREFIX, DESTDIR, FUZZTIME (seconds per fuzzer), MUST_WORK=1.

VERSION := 0.1.0
SOVERSION := 0

BUILD ?= build
PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/ringwall
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
# Measured: static-pie starts 40 us later (its relocations), dynamic 400 us; a default run takes 3.6 ms in all.
LINK ?= static
FUZZTIME ?= 10

CLANG ?= clang
BPFTOOL ?= $(or $(shell PATH="$$PATH:/usr/sbin:/sbin" command -v bpftool),bpftool)
PKG_CONFIG ?= pkg-config

# The one list of Debian packages: what the build wants, and what the tests want beside it.
DEPS_BUILD := gcc binutils libc6-dev make pkg-config git clang bpftool musl-tools libbpf-dev libelf-dev zlib1g-dev libseccomp-dev
DEPS_TEST := debootstrap libcmocka-dev bats criu groff-base busybox-static python3 python3-jsonschema jq runc strace procps iproute2 dbus-daemon uidmap util-linux libcap2-bin kmod
DEPS_FUZZ := libclang-rt-dev

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2:$(BUILD)/%=%)')

# Flags ----------------------------------------------------------------------------------------------------------

ARCH := $(shell uname -m)
WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(filter 1,$(WERROR)),-Werror)
HARDENING := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	$(if $(filter x86_64,$(ARCH)),-fcf-protection) $(if $(filter aarch64,$(ARCH)),-mbranch-protection=standard)
CFLAGS ?= -O2 -g
ALL_CPPFLAGS := -D_GNU_SOURCE -I$(BUILD)/gen -I$(BUILD)/bpf $(CPPFLAGS)
# One set of objects serves the archive, the shared library and the binary, so it is position independent.
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARNINGS) $(HARDENING) -fPIC -fno-semantic-interposition \
	-ffunction-sections -fdata-sections
ALL_LDFLAGS := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed $(LDFLAGS)
LINK_static := -static
LINK_static-pie := -static-pie
LINK_dynamic := -pie
ifeq ($(LINK_$(LINK)),)
$(error LINK=$(LINK): not static, static-pie or dynamic)
endif

# Asked for when first used, not while the Makefile is read: `make deps` may have to install pkg-config first.
PACKAGES := libbpf libelf zlib libseccomp
STATIC_LIBS = $(eval STATIC_LIBS := $$(shell $(PKG_CONFIG) --static --libs $(PACKAGES)))$(STATIC_LIBS)
SHARED_LIBS = $(eval SHARED_LIBS := $$(shell $(PKG_CONFIG) --libs $(PACKAGES)))$(SHARED_LIBS)

# What there is --------------------------------------------------------------------------------------------------

LIB_DIRS := lib oci plan ns mount cgroup seccomp process state policy terminal checkpoint install
LIB_SRC := $(sort $(wildcard $(LIB_DIRS:%=user/%/*.c)))
CLI_SRC := $(sort $(wildcard user/cli/*.c))
BPF_SRC := $(sort $(wildcard bpf/*.bpf.c))
TEST_SRC := $(sort $(wildcard tests/unit/test-*.c tests/bpf/test-*.c))
# Small static programs that the tests run inside containers.
ACT_SRC := $(sort $(wildcard tests/policy/act-*.c tests/kmod/act-*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz-*.c))
GEN_SRC := $(sort $(wildcard tools/gen-*.c))

# Not compiled from C: files that the library has in it.
EMBEDDED := $(BUILD)/user/init/blob.o $(BUILD)/user/policy/profiles.o
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o) $(EMBEDDED)
CLI_OBJ := $(filter-out %/main.o,$(CLI_SRC:%.c=$(BUILD)/%.o))
SKELETONS := $(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.skel.h)
TESTS := $(TEST_SRC:%.c=$(BUILD)/%)
ACTS := $(ACT_SRC:%.c=$(BUILD)/%)
FUZZERS := $(FUZZ_SRC:%.c=$(BUILD)/%)
GENERATED := $(BUILD)/gen/version.h $(SKELETONS)

LIBRARY := $(BUILD)/libringwall.a $(BUILD)/libringwall.so $(BUILD)/libringwall.pc
DOCS := $(BUILD)/ringwall.8 $(BUILD)/ringwall.bash

.PHONY: all lib bpf docs tests fuzzers
all: $(BUILD)/ringwall lib docs ## the binary, the library, man page and completion (default)
lib: $(LIBRARY) ## libringwall.a, .so and .pc
bpf: $(SKELETONS) ## the BPF objects and their skeletons
docs: $(DOCS)
tests: $(TESTS) $(ACTS) $(BUILD)/other-abi/ringwall
fuzzers: $(FUZZERS)

# Compile --------------------------------------------------------------------------------------------------------

# Rewritten only when it changes: other flags or another version rebuild what they concern and nothing else.
.PHONY: FORCE
FORCE:
define write_if_changed
	@mkdir -p $(@D)
	@[ -w $(@D) ] || { echo "make: $(@D) is somebody else's, made by 'sudo make' perhaps: sudo make clean" >&2; exit 1; }
	@printf '%s\n' $(1) >$@.new; if cmp -s $@.new $@; then rm -f $@.new; else mv $@.new $@; fi
endef

$(BUILD)/.flags: FORCE
	$(call write_if_changed,'$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)' '$(INIT_CC) $(INIT_CFLAGS)')

COMMIT = $(or $(shell git describe --always --dirty --abbrev=12 2>/dev/null),unknown)
$(BUILD)/gen/version.h: FORCE
	$(call write_if_changed,'#define RINGWALL_VERSION "$(VERSION)"' '#define RINGWALL_COMMIT "$(COMMIT)"')

$(BUILD)/%.o: %.c $(BUILD)/.flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,CC,$@)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Looked for before anything is compiled, so that a machine that lacks something is told what to do about it.
$(BUILD)/.tools:
	@mkdir -p $(@D)
	@for tool in $(firstword $(CC)) $(firstword $(CLANG)) $(BPFTOOL) $(PKG_CONFIG); do command -v $$tool >/dev/null || \
		{ echo "make: $$tool: not found; 'sudo make deps' installs what the build needs" >&2; exit 1; }; done
	@$(PKG_CONFIG) --print-errors --exists $(PACKAGES) || { echo "make: 'sudo make deps' installs what the build needs" >&2; exit 1; }
	@touch $@

# BPF: DWARF stays out of the skeleton (`gen object` keeps BTF only). The objects need no BTF of the build host.
# Named one by one: the general rule for .c files would fit as well.
BPF_INCLUDES := -Ibpf $(addprefix -idirafter ,$(wildcard /usr/include/$(ARCH)-linux-gnu))
$(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.tmp.o): $(BUILD)/bpf/%.tmp.o: bpf/%.bpf.c | $(BUILD)/.tools
	@mkdir -p $(@D)
	$(call say,BPF,$@)
	$(Q)$(CLANG) -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wno-unused-parameter $(if $(filter 1,$(WERROR)),-Werror) \
		-D__TARGET_ARCH_$(ARCH:x86_64=x86) $(BPF_INCLUDES) -MMD -MP -MT $@ -c -o $@ $<

$(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.bpf.o): $(BUILD)/bpf/%.bpf.o: $(BUILD)/bpf/%.tmp.o
	$(Q)$(BPFTOOL) gen object $@ $<

$(SKELETONS): $(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< >$@

.SECONDARY:

# The init program: what runs between the runtime and a container's own program. It is made of its own files and of those of
# the library that it may need (the linker takes what it does need), and embedded in the runtime, so it is small: with
# musl where that is installed, else with the C library there is, which makes it larger and slower to start.
INIT_LIB := $(wildcard $(addprefix user/,lib/arena.c lib/err.c lib/json.c lib/json-out.c lib/region.c lib/sock.c lib/sha256.c \
	mount/*.c ns/*.c plan/*.c process/*.c oci/names.c seccomp/load.c state/hooks.c terminal/console.c))
# The runtime's side of starting that program.
INIT_LIB := $(filter-out user/process/child.c user/process/clone.c user/process/listen.c user/process/pidfile.c,$(INIT_LIB))
INIT_OBJ := $(patsubst %.c,$(BUILD)/init/%.o,$(sort $(wildcard user/init/*.c)) $(INIT_LIB))
INIT_CC ?= $(or $(shell command -v musl-gcc),$(CC))
# musl-gcc looks at musl's headers alone; those of the kernel are behind them. It lacks one function of glibc's.
INIT_MUSL := -idirafter /usr/include $(addprefix -idirafter ,$(wildcard /usr/include/$(ARCH)-linux-gnu)) -Dstrerrordesc_np=strerror
INIT_CFLAGS := -std=gnu11 -Os -g $(WARNINGS) $(HARDENING) -fno-pie -ffunction-sections -fdata-sections \
	-fno-asynchronous-unwind-tables -DRINGWALL_INIT_PROGRAM $(if $(findstring musl,$(INIT_CC)),$(INIT_MUSL))

$(INIT_OBJ): $(BUILD)/init/%.o: %.c $(BUILD)/.flags | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,INITCC,$@)
	$(Q)$(INIT_CC) $(ALL_CPPFLAGS) $(INIT_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/init/ringwall-init: $(INIT_OBJ)
	$(call say,LD,$@)
	$(Q)$(INIT_CC) $(INIT_CFLAGS) $(ALL_LDFLAGS) -static -s -o $@ $(INIT_OBJ)

$(BUILD)/user/init/blob.o: user/init/blob.S $(BUILD)/init/ringwall-init
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) -DRINGWALL_INIT_FILE='"$(BUILD)/init/ringwall-init"' -Wa,-I$(BUILD)/init -c -o $@ $<

$(BUILD)/user/policy/profiles.o: user/policy/profiles.S $(wildcard user/policy/profiles/*.json)
	@mkdir -p $(@D)
	$(call say,AS,$@)
	$(Q)$(CC) -c -o $@ $<

# Link -----------------------------------------------------------------------------------------------------------

$(BUILD)/libringwall.a: $(LIB_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# All verbs but main(): for the generators and the unit tests.
$(BUILD)/libcli.a: $(CLI_OBJ)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/libringwall.so.$(VERSION): $(LIB_OBJ) user/lib/ringwall.map
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,-z,defs -Wl,-soname,libringwall.so.$(SOVERSION) \
		-Wl,--version-script,user/lib/ringwall.map -o $@ $(LIB_OBJ) $(SHARED_LIBS)

$(BUILD)/libringwall.so.$(SOVERSION): $(BUILD)/libringwall.so.$(VERSION)
	$(Q)ln -sf $(<F) $@

$(BUILD)/libringwall.so: $(BUILD)/libringwall.so.$(SOVERSION)
	$(Q)ln -sf $(<F) $@

# Whenever it is asked for: PREFIX may be another one at `make install`.
$(BUILD)/libringwall.pc: user/lib/ringwall.pc.in FORCE
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@VERSION@|$(VERSION)|' $< >$@

$(BUILD)/.link: FORCE
	$(call write_if_changed,'$(LINK) $(ALL_LDFLAGS)')

$(BUILD)/ringwall: $(BUILD)/user/cli/main.o $(CLI_OBJ) $(LIB_OBJ) $(BUILD)/.link
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LINK_$(LINK)) -o $@ $(filter %.o,$^) \
		$(if $(filter dynamic,$(LINK)),$(SHARED_LIBS),$(STATIC_LIBS))

# Man page and completion: small programs over the option tables ---------------------------------------------------

$(BUILD)/tools/gen-%: $(BUILD)/tools/gen-%.o $(BUILD)/libcli.a $(BUILD)/libringwall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(SHARED_LIBS)

$(BUILD)/ringwall.8: user/man/ringwall.8.in $(BUILD)/tools/gen-man
	$(call say,GEN,$@)
	$(Q)$(BUILD)/tools/gen-man $< >$@

$(BUILD)/ringwall.bash: $(BUILD)/tools/gen-completion
	$(call say,GEN,$@)
	$(Q)$(BUILD)/tools/gen-completion >$@

# The kernel module: built for the kernel whose build directory KDIR is, in a copy, so that the checkout stays clean ----------

KDIR ?= /lib/modules/$(shell uname -r)/build
KMOD := $(BUILD)/kmod
KMOD_SRC := $(wildcard kmod/*.c kmod/*.h kmod/uapi/*.h) kmod/Kbuild Kbuild
# The kernel's own make: it wants pahole to add BTF, which nothing needs here. KMOD_ARGS: C=2 (sparse), CC=...
KMOD_MAKE = $(MAKE) $(if $(filter 1,$(V)),V=1,-s) -C $(KDIR) M=$(abspath $(KMOD)) W=1 $(if $(filter 1,$(WERROR)),KCFLAGS+=-Werror) \
	$(if $(shell command -v pahole),,CONFIG_DEBUG_INFO_BTF_MODULES=) $(KMOD_ARGS)

# Debian's kernels have a package of headers each; of others nothing is known but that they were built from somewhere.
KMOD_HEADERS = $(if $(shell apt-cache show --no-all-versions linux-headers-$(shell uname -r) 2>/dev/null),install the \
	package linux-headers-$(shell uname -r),install the headers of your kernel $(shell uname -r) from where it comes from)

.PHONY: kmod kmod-install
kmod: ## ringwall.ko for the running kernel, or the one of KDIR=/lib/modules/VERSION/build
	@[ -d $(KDIR) ] || { echo "make: $(KDIR): not there: $(KMOD_HEADERS), or say KDIR=" >&2; exit 1; }
	$(call say,KMOD,$(KMOD)/ringwall.ko)
	$(Q)for f in $(KMOD_SRC); do mkdir -p $(KMOD)/$$(dirname $$f) && { cmp -s $$f $(KMOD)/$$f || cp $$f $(KMOD)/$$f; }; done
	+$(Q)$(KMOD_MAKE) modules
	$(Q)objcopy --strip-debug $(KMOD)/kmod/ringwall.ko $(KMOD)/ringwall.ko

kmod-install: kmod ## install it where modprobe finds it
	+$(Q)$(KMOD_MAKE) $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) INSTALL_MOD_STRIP=1 modules_install

# Tests ----------------------------------------------------------------------------------------------------------

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libcli.a $(BUILD)/libringwall.a
	$(call say,LD,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(SHARED_LIBS)

$(ACTS): $(BUILD)/%: %.c $(BUILD)/.flags
	@mkdir -p $(@D)
	$(call say,ACT,$@)
	$(Q)$(CC) -D_GNU_SOURCE -std=gnu11 -O1 $(WARNINGS) -static -s -MMD -MP -MT $@ -MF $@.d -o $@ $<

# A ringwall of another policy ABI, to run beside this one.
$(BUILD)/other-abi/ringwall: $(BUILD)/ringwall
	+$(Q)$(MAKE) --no-print-directory BUILD=$(BUILD)/other-abi CPPFLAGS='$(CPPFLAGS) -DRINGWALL_ABI=99' $@ && touch $@

.PHONY: unit test integration
unit: $(TESTS) ## build and run the unit tests
	$(Q)BUILD=$(BUILD) tests/run $(TESTS)

integration: all ## build and run the integration tests (root)
	$(Q)BUILD=$(BUILD) tests/run $(sort $(wildcard tests/integration/*.bats))

test: deps ## install what is needed, build, run all tests, here, with real callers and in virtual machines (root)
	+$(Q)$(MAKE) --no-print-directory all tests
	+$(Q)BUILD=$(BUILD) tests/all

# Fuzzers: the library again, with clang's coverage and address sanitizer.
FUZZ_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_OBJ := $(LIB_SRC:%.c=$(BUILD)/fuzz/%.o) $(EMBEDDED)
$(BUILD)/fuzz/%.o: %.c | $(GENERATED)
	@mkdir -p $(@D)
	$(call say,FUZZCC,$@)
	$(Q)$(CLANG) $(ALL_CPPFLAGS) $(FUZZ_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/fuzz/libringwall.a: $(FUZZ_OBJ)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/fuzz/%: $(BUILD)/fuzz/tests/fuzz/%.o $(BUILD)/fuzz/libringwall.a
	@mkdir -p $(@D)
	$(call say,FUZZLD,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(SHARED_LIBS)

.PHONY: fuzz
fuzz: $(FUZZERS) ## build the fuzzers and run each for FUZZTIME seconds
	$(Q)set -e; for f in $(FUZZERS); do name=$${f##*/fuzz-}; corpus=$(BUILD)/fuzz/corpus/$$name; \
		mkdir -p $$corpus; seeds=tests/fuzz/corpus/$$name; [ -d $$seeds ] || seeds=; \
		echo "fuzz $$name"; $$f -max_total_time=$(FUZZTIME) -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 \
			-artifact_prefix=$(BUILD)/fuzz/$$name- $$corpus $$seeds 2>$(BUILD)/fuzz/$$name.log || \
			{ tail -n 60 $(BUILD)/fuzz/$$name.log; exit 1; }; tail -n 1 $(BUILD)/fuzz/$$name.log; done

.PHONY: demo bench vmtest vmtest-all callers
demo: deps ## a confined container, and what it was allowed and refused (root)
	+$(Q)$(MAKE) --no-print-directory $(BUILD)/ringwall
	$(Q)BUILD=$(BUILD) tools/demo

bench: $(BUILD)/ringwall ## starts against crun and runc, what policies and system calls cost, and network rules against nftables (root)
	$(Q)BUILD=$(abspath $(BUILD)) tools/bench/run
	$(Q)BUILD=$(abspath $(BUILD)) tools/bench/policy
	$(Q)BUILD=$(abspath $(BUILD)) tools/bench/syscalls
	$(Q)BUILD=$(abspath $(BUILD)) tools/bench/network

# In a machine of our own every feature is there, so nothing may be skipped. Emulation is slow, and so is the share that the
# checkout is on: what the tests need goes onto the machine's own disk.
GATE_TESTS := tests/policy/syscalls.bats,tests/policy/checkpoint.bats,tests/policy/gate-load.bats,tests/policy/gate-module.bats,tests/kmod/kmod.bats
VM_KERNELS ?= 6.1 6.12 7.2 6.12-nolsm:tests/policy/identity.bats,tests/policy/kernel.bats,tests/policy/files.bats \
	6.1+module:$(GATE_TESTS) 6.12+module:$(GATE_TESTS)
VM_MODULES = $(patsubst %+module,%,$(filter %+module,$(foreach k,$(VM_KERNELS),$(firstword $(subst :, ,$(k))))))
VM_TREE := $(BUILD)/vm-tree
vmtest: $(BUILD)/ringwall $(ACTS) ## the policy tests under other kernels (VM_KERNELS), in virtual machines, none skipped
	$(Q)rm -rf $(VM_TREE) && mkdir -p $(VM_TREE)/tree/build/tests/policy && cp -a tests $(VM_TREE)/tree/ && \
		install -D tools/demo $(VM_TREE)/tree/tools/demo && cp $(BUILD)/ringwall $(VM_TREE)/tree/build/ && cp $(ACTS) $(VM_TREE)/tree/build/tests/policy/
	$(Q)set -e; $(if $(VM_MODULES),BUILD=$(abspath $(BUILD)) tools/kmod-build $(VM_MODULES);) for k in $(VM_MODULES); do \
		install -D $(BUILD)/kmod/$$k/ringwall.ko $(VM_TREE)/kmod/$$k/ringwall.ko; done
	$(Q)V=$(V) tests/vm/matrix $(abspath $(VM_TREE)) $(VM_KERNELS)

vmtest-all: all tests ## all tests, likewise (hours)
	$(Q)set -e; for kernel in 6.1 6.12 7.2; do echo "Linux $$kernel"; \
		tools/vm $$kernel --timeout 7200 --env BUILD=$(BUILD) --env MUST_WORK=1 --env TEST_TIMEOUT=3600 -- tests/run; done

CALLERS_BOOTED := $(patsubst %,tests/callers/%.bats,systemd systemd-init quadlet)
CALLERS_OTHERS := $(filter-out $(CALLERS_BOOTED),$(sort $(wildcard tests/callers/*.bats)))
SUITES ?= bookworm trixie
callers: $(BUILD)/ringwall ## all tests with Docker, Podman, containerd and CRI of SUITES, from root filesystems of their own (root)
	$(Q)BUILD=$(BUILD) RUNTIME=$(abspath $(BUILD)/ringwall) tests/run \
		$(foreach s,$(SUITES),$(CALLERS_OTHERS:%=%@$s) $(CALLERS_BOOTED:%=%@$s+systemd))

# Packages -------------------------------------------------------------------------------------------------------

.PHONY: deps deps-fuzz
deps: ## install the Debian packages that the build and the tests want
	@tools/deps $(DEPS_BUILD) $(DEPS_TEST)

deps-fuzz: ## and those for the fuzzers
	@tools/deps $(DEPS_BUILD) $(DEPS_FUZZ)

# Install --------------------------------------------------------------------------------------------------------

.PHONY: install uninstall clean help
install: all ## below DESTDIR and PREFIX
	install -D -s -m 755 $(BUILD)/ringwall $(DESTDIR)$(BINDIR)/ringwall
	install -D -m 644 $(BUILD)/ringwall.8 $(DESTDIR)$(MANDIR)/man8/ringwall.8
	install -D -m 644 $(BUILD)/ringwall.bash $(DESTDIR)$(COMPLETIONDIR)/ringwall
	install -D -m 644 user/policy/policy.schema.json $(DESTDIR)$(DATADIR)/policy.schema.json
	install -D -m 644 user/lib/ringwall.h $(DESTDIR)$(INCLUDEDIR)/ringwall/ringwall.h
	install -D -m 644 user/lib/err.h $(DESTDIR)$(INCLUDEDIR)/ringwall/err.h
	install -D -m 644 $(BUILD)/libringwall.a $(DESTDIR)$(LIBDIR)/libringwall.a
	install -D -s -m 755 $(BUILD)/libringwall.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libringwall.so.$(VERSION)
	ln -sf libringwall.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libringwall.so.$(SOVERSION)
	ln -sf libringwall.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libringwall.so
	install -D -m 644 $(BUILD)/libringwall.pc $(DESTDIR)$(LIBDIR)/pkgconfig/libringwall.pc
	$(Q)[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || PATH="$$PATH:/usr/sbin:/sbin" ldconfig || :

uninstall: ## take away what install put there
	rm -f $(DESTDIR)$(BINDIR)/ringwall $(DESTDIR)$(MANDIR)/man8/ringwall.8 $(DESTDIR)$(COMPLETIONDIR)/ringwall \
		$(DESTDIR)$(INCLUDEDIR)/ringwall/ringwall.h $(DESTDIR)$(INCLUDEDIR)/ringwall/err.h \
		$(DESTDIR)$(LIBDIR)/libringwall.a $(DESTDIR)$(LIBDIR)/libringwall.so \
		$(DESTDIR)$(LIBDIR)/libringwall.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libringwall.so.$(VERSION) \
		$(DESTDIR)$(LIBDIR)/pkgconfig/libringwall.pc $(DESTDIR)$(DATADIR)/policy.schema.json
	-rmdir $(DESTDIR)$(INCLUDEDIR)/ringwall $(DESTDIR)$(DATADIR)

clean: ## remove what was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@sed -n '/^# Variables:/,/^$$/s/^# *//p' Makefile

-include $(LIB_OBJ:.o=.d) $(INIT_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(BUILD)/user/cli/main.d $(TEST_SRC:%.c=$(BUILD)/%.d) \
	$(ACTS:%=%.d) $(GEN_SRC:%.c=$(BUILD)/%.d) $(FUZZ_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(BUILD)/fuzz/%.d) \
	$(BPF_SRC:bpf/%.bpf.c=$(BUILD)/bpf/%.tmp.d)
