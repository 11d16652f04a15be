/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef RINGWALL_NS_NETDEV_H
#define RINGWALL_NS_NETDEV_H

/*
 * linux.netDevices (OCI runtime-spec 1.3, config-linux.md, "Network Devices"): interfaces of the runtime's network
 * namespace that become the container's.
 */

#include <sys/types.h>

#include "../oci/config.h"

/**
 * ringwall_netdev_move() - move c->net_devices into the network namespace of process @pid.
 *
 * Each comes out there under its new name, which may be a template with one %d for the lowest free number, with its
 * permanent addresses of global scope, and up. Nothing is touched before all were found, their new names free.
 * On failure those already moved come back, with their permanent addresses and up if they were, but without the
 * routes that users had added. @pid must be in the container's network namespace, and stay there meanwhile.
 *
 * Errors start with "linux.netDevices['NAME']" where one interface is to blame: -ENODEV: there is no such interface;
 * -EEXIST: its new name is taken; -EINVAL: no usable template, or the kernel does not let this interface go;
 * -EPERM, -EACCES and others as the kernel answered (rtnetlink(7), setns(2)).
 */
int ringwall_netdev_move(const struct ringwall_config *c, pid_t pid, struct ringwall_err *e);

#endif
