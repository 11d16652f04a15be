/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The text of the built-in profiles (model.c). */
	.macro profile name
	.globl ringwall_profile_\name
ringwall_profile_\name:
	.incbin "user/policy/profiles/\name\().json"
	.globl ringwall_profile_\name\()_end
ringwall_profile_\name\()_end:
	.endm

	.section .rodata
	profile privileged
	profile baseline
	profile restricted
	.section .note.GNU-stack, "", %progbits
