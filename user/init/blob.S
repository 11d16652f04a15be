/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The init program's bytes (init.h); the Makefile says where it built it. */
	.section .rodata
	.balign 16
	.globl ringwall_init_program
	.type ringwall_init_program, %object
ringwall_init_program:
	.incbin RINGWALL_INIT_FILE
	.globl ringwall_init_program_end
ringwall_init_program_end:
	.size ringwall_init_program, . - ringwall_init_program
	.section .note.GNU-stack, "", %progbits
