/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RINGWALL_DEVICE_H
#define RINGWALL_DEVICE_H

/* /dev/ringwall: see uapi/ringwall.h. */
int ringwall_device_register(void);
void ringwall_device_unregister(void);

#endif
