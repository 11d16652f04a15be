// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tracing.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/cleanup.h"
#include "bpf.h"
#include "pins.h"
#include "slot.h"

static int write_task(uint32_t slot, pid_t pid, uint32_t phase, struct ringwall_err *e)
{
	struct ringwall_task task = { .slot = slot, .phase = phase };
	_cleanup_fd_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int fd = pidfd < 0 ? -errno : ringwall_pins_borrow("tasks", e), err;

	if (pidfd < 0)
		return ringwall_fail(e, fd, "process %d", pid);
	if (fd < 0)
		return fd;
	err = ringwall_bpf_write(fd, &pidfd, &task);
	return err < 0 ? ringwall_pins_fail(e, err, "mark a process of criu's") : 0;
}

/* @pid: to be given @phase, 0: none */
static int change(uint32_t slot, uint32_t marked, pid_t pid, uint32_t phase, struct ringwall_err *e)
{
	struct ringwall_table *containers;
	struct ringwall_container *c;
	_cleanup_fd_ int lock = ringwall_pins_lock(RINGWALL_PINS_IF_LOADED, &containers, e);
	int err = lock < 0 ? lock : ringwall_slot_find(containers, slot, &c, e);

	if (err < 0 || !c->marked)
		return err;
	if (pid)
		err = write_task(slot, pid, phase, e);
	if (!err)
		__atomic_store_n(&c->marked, marked, __ATOMIC_RELEASE);
	return err;
}

int ringwall_tracing_begin(uint32_t slot, pid_t criu, bool made, struct ringwall_err *e)
{
	return change(slot, made ? RINGWALL_MARKED_MADE : RINGWALL_MARKED_TRACED, criu, RINGWALL_PHASE_TRACER, e);
}

int ringwall_tracing_mark(uint32_t slot, pid_t pid, struct ringwall_err *e)
{
	return change(slot, RINGWALL_MARKED_MADE, pid, RINGWALL_PHASE_MADE, e);
}

int ringwall_tracing_hold(uint32_t slot, struct ringwall_err *e)
{
	return change(slot, RINGWALL_MARKED_TRACED, 0, 0, e);
}

int ringwall_tracing_end(uint32_t slot, struct ringwall_err *e)
{
	return change(slot, RINGWALL_MARKED, 0, 0, e);
}
