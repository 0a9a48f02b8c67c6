/* Counts to 64, then reads where there is no memory; its HardFault handler has no address either. */
  .syntax unified
  .thumb
  .section .vectors, "a"
  .word 0x20010000, start + 1, 0, 0, 0

  .text
  .thumb_func
start:
  ldr r0, =64
1:
  subs r0, #1
  bne 1b
  ldr r1, =0xfffffff0
  ldr r2, [r1]
  b start
