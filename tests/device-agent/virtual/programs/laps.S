/* Laps of known cost, then a store of 1 to the first word of SRAM, then sleep. */
  .syntax unified
  .thumb
  .section .vectors, "a"
  .word 0x20010000, start + 1, 0, 0

  .macro begin
  .inst.n 0xbf80
  .endm
  .macro lap
  .inst.n 0xbf90
  .endm

  .text
  .thumb_func
start:
  ldr r0, =0x20000000
  movs r1, #0
  str r1, [r0]
  begin
  movs r3, #3
1:
  subs r3, #1
  lap                    /* in the middle of a block, three times */
  bne 1b
  ldr r2, [r0]
  lap
  ldr r2, [r0]           /* pipelined with the load before the mark */
  lap
  lap                    /* nothing between two marks */
  cmp r3, #0
  it ne
  bne 2f                 /* in an IT block, not taken */
2:
  lap
  b 3f
  .balign 1024
  .space 1018            /* the loads below lie on both sides of a page, where QEMU cuts blocks */
3:
  ldr r2, [r0]
  ldr r2, [r0]
  ldr r2, [r0]
  ldr r2, [r0]
  lap
  b 4f
  .balign 1024           /* the same within a page */
4:
  ldr r2, [r0]
  ldr r2, [r0]
  ldr r2, [r0]
  ldr r2, [r0]
  lap
  movs r1, #1
  str r1, [r0]
5:
  wfi
  b 5b
