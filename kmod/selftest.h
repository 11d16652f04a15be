/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef RINGWALL_SELFTEST_H
#define RINGWALL_SELFTEST_H

struct pt_regs;

/* Before the device is there: nobody else changes programs or hooks. 0, or -EIO after a message that says what failed. */
int ringwall_selftest(void);

/* What it hooks: not static, so that it keeps its name and its call of ftrace. */
long ringwall_selftest_entry(const struct pt_regs *regs);

#endif
