/* DEPTHWISE_CONV_2D 3x3, stride 1, padding 1, of small square maps: as depthwise.S, but the map's
 * size is fixed, so that no loops and no repeated outputs are left. The scratch holds the whole
 * plane.
 *
 * Compiled once for each variant:
 *   KERNEL  name of the function
 *   MAP     height and width of input and output, 3 to 7
 *   CLAMP   1: any activation range; 0: -128 to 127
 *   RELU    1: the zero point of the output is -128, the range all of int8 */
#include "firmware/engine/dsp/depthwise_parts.inc"

#define PITCH (((MAP + 3) / 2) * 4) /* Of the plane. */

/* Registers of the FPU. */
#define IN s4       /* Of the channel. */
#define OUT s5      /* Of the block. */
#define CHANNELS s6 /* From an output to its right neighbour. */
#define OUT_PITCH s7
#define IN_PITCH s8
#define DATA s9
#define PLANE s10
#define CHANNEL_OUT s11
#define LEFT s12    /* Channels left. */
#define ROWS s15    /* Pairs of rows left. */

    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb

/* Loads a row's elements, r0 to r4 as in depthwise_load_int16.inc, r12 the fifth. */
.macro LOAD_ROW row
#if MAP > 4
    add r12, r0, r2, lsl #2
#endif
    ldrsb r5, [r0]
    ldrsb r6, [r0, r2]
    ldrsb r7, [r0, r3]
#if MAP > 3
    ldrsb r8, [r0, r4]
#endif
#if MAP > 4
    ldrsb r9, [r12]
#endif
#if MAP > 5
    ldrsb r11, [r12, r2]
#endif
#if MAP > 6
    ldrsb lr, [r12, r3]
#endif
    strh r5, [r1, #((\row + 1) * PITCH + 2)]
    strh r6, [r1, #((\row + 1) * PITCH + 4)]
    strh r7, [r1, #((\row + 1) * PITCH + 6)]
#if MAP > 3
    strh r8, [r1, #((\row + 1) * PITCH + 8)]
#endif
#if MAP > 4
    strh r9, [r1, #((\row + 1) * PITCH + 10)]
#endif
#if MAP > 5
    strh r11, [r1, #((\row + 1) * PITCH + 12)]
#endif
#if MAP > 6
    strh lr, [r1, #((\row + 1) * PITCH + 14)]
#endif
    add r0, r0, r10
.endm

/* Two words, or a word and a halfword, of the plane's row below r0. */
.macro WORDS row, column
    ldr r2, [r0, #(\row * PITCH + 2 * \column)]
    ldr r3, [r0, #(\row * PITCH + 2 * \column + 4)]
.endm
.macro WORD_AND_HALF row, column
    ldr r2, [r0, #(\row * PITCH + 2 * \column)]
    ldrsh r3, [r0, #(\row * PITCH + 2 * \column + 4)]
.endm

.macro BLOCK_2X2 column
    vmov r12, START
    WORDS 0, \column
    FIRST_TAPS_PAIR r10, r11, r4, r5, r12
    WORDS 1, \column
    TAPS_PAIR r10, r11, r6, r7
    FIRST_TAPS_PAIR r12, lr, r4, r5, r12
    WORDS 2, \column
    TAPS_PAIR r10, r11, r8, r9
    TAPS_PAIR r12, lr, r6, r7
    WORDS 3, \column
    TAPS_PAIR r12, lr, r8, r9
    REQUANTIZE r10, r11, r12, lr
    vmov r1, OUT
    vmov r2, CHANNELS
    vmov r3, OUT_PITCH
    add r3, r3, r1
    strb r10, [r1]
    strb r11, [r1, r2]
    strb r12, [r3]
    strb lr, [r3, r2]
    add r1, r1, r2, lsl #1
    vmov OUT, r1
.endm

/* Two rows, one column. */
.macro BLOCK_2X1 column
    vmov r10, START
    mov r12, r10
    WORD_AND_HALF 0, \column
    TAPS_ONE r10, r4, r5
    WORD_AND_HALF 1, \column
    TAPS_ONE r10, r6, r7
    TAPS_ONE r12, r4, r5
    WORD_AND_HALF 2, \column
    TAPS_ONE r10, r8, r9
    TAPS_ONE r12, r6, r7
    WORD_AND_HALF 3, \column
    TAPS_ONE r12, r8, r9
    REQUANTIZE r10, r12
    vmov r1, OUT
    vmov r2, CHANNELS
    vmov r3, OUT_PITCH
    strb r10, [r1]
    strb r12, [r1, r3]
    add r1, r1, r2
    vmov OUT, r1
.endm

/* One row, two columns. */
.macro BLOCK_1X2 column
    vmov r10, START
    WORDS 0, \column
    FIRST_TAPS_PAIR r10, r11, r4, r5, r10
    WORDS 1, \column
    TAPS_PAIR r10, r11, r6, r7
    WORDS 2, \column
    TAPS_PAIR r10, r11, r8, r9
    REQUANTIZE r10, r11
    vmov r1, OUT
    vmov r2, CHANNELS
    strb r10, [r1]
    strb r11, [r1, r2]
    add r1, r1, r2, lsl #1
    vmov OUT, r1
.endm

.macro BLOCK_1X1 column
    vmov r10, START
    WORD_AND_HALF 0, \column
    TAPS_ONE r10, r4, r5
    WORD_AND_HALF 1, \column
    TAPS_ONE r10, r6, r7
    WORD_AND_HALF 2, \column
    TAPS_ONE r10, r8, r9
    REQUANTIZE r10
    vmov r1, OUT
    strb r10, [r1]
.endm

    .section .text.KERNEL, "ax", %progbits
    .global KERNEL
    .thumb_func
    .type KERNEL, %function
    .balign 4
KERNEL:
    push {r4-r11, lr}
    ldr r1, [r0, #G_INPUT]
    ldr r2, [r0, #G_OUTPUT]
    ldr r3, [r0, #G_OUTPUT_CHANNELS]
    ldr r4, [r0, #G_OUTPUT_PITCH]
    ldr r5, [r0, #G_INPUT_PITCH]
    ldr r6, [r0, #P_CHANNELS]
    ldr r7, [r0, #G_SCRATCH]
    ldr r8, [r0, #P_PADDING]
    vmov IN, r1
    vmov CHANNEL_OUT, r2
    vmov CHANNELS, r3
    vmov OUT_PITCH, r4
    vmov IN_PITCH, r5
    vmov DATA, r6
    vmov PLANE, r7
    vmov LEFT, r3
#if CLAMP
    ldr r1, [r0, #P_LOWEST]
    vmov LOWEST, r1
    ldr r1, [r0, #P_HIGHEST]
    vmov HIGHEST, r1
#endif
    mov r1, #((MAP + 2) * PITCH / 4)
1:
    str r8, [r7], #4
    subs r1, #1
    bne 1b

.Lchannel:
    vmov r0, IN
    vmov r1, PLANE
    vmov r2, CHANNELS
    vmov r10, IN_PITCH
    lsl r3, r2, #1
    add r4, r3, r2
    add r5, r0, #1
    vmov IN, r5
    LOAD_ROW 0
    LOAD_ROW 1
    LOAD_ROW 2
#if MAP > 3
    LOAD_ROW 3
#endif
#if MAP > 4
    LOAD_ROW 4
#endif
#if MAP > 5
    LOAD_ROW 5
#endif
#if MAP > 6
    LOAD_ROW 6
#endif
    mov r0, r1
    vmov r2, DATA
    vmov r3, CHANNEL_OUT
    vmov OUT, r3
    add r3, #1
    vmov CHANNEL_OUT, r3
    LOAD_HEADER r2
    ldm r2!, {r4-r9}
    vmov DATA, r2
#if MAP > 3
    mov r1, #(MAP / 2)
    vmov ROWS, r1
.Lrows:
#endif
    BLOCK_2X2 0
#if MAP > 3
    BLOCK_2X2 2
#endif
#if MAP > 5
    BLOCK_2X2 4
#endif
#if MAP & 1
    BLOCK_2X1 (MAP-1)
#endif
    /* OUT stands behind the row. */
    vmov r1, OUT
    vmov r2, CHANNELS
    vmov r3, OUT_PITCH
    mov r10, #MAP
    mls r1, r10, r2, r1
    add r1, r1, r3, lsl #1
    vmov OUT, r1
    add r0, #(2 * PITCH)
#if MAP > 3
    vmov r1, ROWS
    subs r1, #1
    vmov ROWS, r1
    bne .Lrows
#endif
#if MAP & 1
    BLOCK_1X2 0
#if MAP > 3
    BLOCK_1X2 2
#endif
#if MAP > 5
    BLOCK_1X2 4
#endif
    BLOCK_1X1 (MAP-1)
#endif
    vmov r1, LEFT
    subs r1, #1
    vmov LEFT, r1
    bne .Lchannel
    pop {r4-r11, pc}
    .size KERNEL, . - KERNEL
