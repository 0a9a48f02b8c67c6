/* DEPTHWISE_CONV_2D for ARMv7E-M: int8, one channel after the other, in place if the plan says so.
 * docs/engine.md has the methods; what follows is how they are written down.
 *
 * Compiled once for each variant:
 *   KERNEL       name of the function
 *   KERNEL_SIZE  3, 5 or 7, square; 5 and 7 only with stride 2
 *   STRIDE       1 or 2
 *   CLAMP        1: any activation range; 0: -128 to 127
 *   RELU         1: the zero point of the output is -128, the range all of int8
 *
 * Plane: rows of one channel that the window touches, padding included, two bytes per element; each
 * row is padded to whole words. The scratch holds a band of them: if not all, then the band moves
 * down, and rows that are needed again move up in it, as those in the input may be overwritten. */
#include "firmware/engine/dsp/depthwise_parts.inc"

/* Registers of the FPU: what loops need around their blocks. */
#define PITCH s4       /* Of the plane. */
#define OUT s5         /* Where the block's first output goes. */
#define CHANNELS s6    /* From an output to its right neighbour. */
#define OUT_PITCH s7
#define LAST_COLUMN s8 /* Input of a row's last block ... */
#define ROW s9         /* ... and of the row's first. */
#define LAST_ROW s10
#define OUT_ROW s11
#define BACK s12       /* From the last row of a block's input to the next block's first. */
#define COLUMNS s15    /* From a row's first block to its last. */
#define VALID s28      /* Elements of a row that come from the input ... */
#define LEFT s29       /* ... behind this many bytes of padding. */
#define IN_PITCH s30
#define LOAD_IN s31    /* Only while rows are loaded. */
#define LOAD_TO s5
#define LOAD_ROWS s9

/* Stack. */
#define F_PARAMS 0
#define F_IN 4          /* Input and output of the channel. */
#define F_OUT 8
#define F_CHANNEL 12    /* Channels left. */
#define F_DATA 16       /* Numbers of the channel. */
#define F_BAND 20       /* Rows of the plane in the scratch ... */
#define F_OUTPUTS 24    /* ... and of the output that they give. */
#define F_FIRST 28      /* Next row of the input to load. */
#define F_LOAD 32       /* Rows to load ... */
#define F_LOAD_AT 36    /* ... to this address. */
#define F_CHUNK_OUT 40
#define F_LEFT_OUTPUTS 44  /* Rows of the output behind this band. */
#define F_WHOLE 48      /* 1: the band is the whole plane, its padding stays. */
#define F_SIZE 56

    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .text

    .section .text.KERNEL, "ax", %progbits
    .global KERNEL
    .thumb_func
    .type KERNEL, %function
    .balign 4
KERNEL:
    push {r4-r11, lr}
    vpush {s16-s31}
    sub sp, #F_SIZE
    str r0, [sp, #F_PARAMS]

    /* The plane and how much of it fits. */
    ldr r1, [r0, #G_OUTPUT_WIDTH]
    ldr r2, [r0, #G_OUTPUT_HEIGHT]
    sub r3, r1, #1
    sub r4, r2, #1
#if STRIDE == 2
    lsl r3, r3, #1
    lsl r4, r4, #1
#endif
    add r3, #KERNEL_SIZE
    add r4, #KERNEL_SIZE
    add r5, r3, #1
    bic r5, r5, #1
    lsl r5, r5, #1
    vmov PITCH, r5
    ldr r6, [r0, #G_SCRATCH_BYTES]
    udiv r6, r6, r5
    cmp r6, r4
    it gt
    movgt r6, r4
    sub r7, r6, #KERNEL_SIZE
#if STRIDE == 2
    lsr r7, r7, #1
    add r6, r7, r7
#else
    mov r6, r7
#endif
    add r6, #KERNEL_SIZE
    add r7, #1
    str r6, [sp, #F_BAND]
    str r7, [sp, #F_OUTPUTS]
    cmp r7, r2
    ite eq
    moveq r8, #1
    movne r8, #0
    str r8, [sp, #F_WHOLE]

    /* Columns of the input in it. */
    ldr r7, [r0, #G_PAD_LEFT]
    ldr r8, [r0, #G_INPUT_WIDTH]
    subs r3, r3, r7
    it lt
    movlt r3, #0
    cmp r3, r8
    it gt
    movgt r3, r8
    vmov VALID, r3
    lsl r7, r7, #1
    vmov LEFT, r7

    /* Padding everywhere. */
    ldr r8, [r0, #G_SCRATCH]
    ldr r9, [r0, #P_PADDING]
    mul r6, r6, r5
    add r6, r6, r8
1:
    str r9, [r8], #4
    cmp r8, r6
    bne 1b

    ldr r3, [r0, #G_INPUT]
    str r3, [sp, #F_IN]
    ldr r3, [r0, #G_OUTPUT]
    str r3, [sp, #F_OUT]
    ldr r3, [r0, #P_CHANNELS]
    str r3, [sp, #F_DATA]
    ldr r3, [r0, #G_INPUT_PITCH]
    vmov IN_PITCH, r3
    ldr r3, [r0, #G_OUTPUT_PITCH]
    vmov OUT_PITCH, r3
    ldr r3, [r0, #G_OUTPUT_CHANNELS]
    vmov CHANNELS, r3
    str r3, [sp, #F_CHANNEL]
#if CLAMP
    ldr r3, [r0, #P_LOWEST]
    vmov LOWEST, r3
    ldr r3, [r0, #P_HIGHEST]
    vmov HIGHEST, r3
#endif
#if STRIDE == 1
#include "firmware/engine/dsp/depthwise_3x3s1_setup.inc"
#else
#include "firmware/engine/dsp/depthwise_s2_setup.inc"
#endif

.Lchannel:
    ldr r0, [sp, #F_PARAMS]
    ldr r1, [r0, #G_PAD_TOP]
    rsb r1, r1, #0
    str r1, [sp, #F_FIRST]
    ldr r1, [r0, #G_SCRATCH]
    str r1, [sp, #F_LOAD_AT]
    ldr r1, [sp, #F_BAND]
    str r1, [sp, #F_LOAD]
    ldr r1, [r0, #G_OUTPUT_HEIGHT]
    str r1, [sp, #F_LEFT_OUTPUTS]
    ldr r1, [sp, #F_OUT]
    str r1, [sp, #F_CHUNK_OUT]

.Lchunk:
#include "firmware/engine/dsp/depthwise_load.inc"
    ldr r1, [sp, #F_DATA]
    LOAD_HEADER r1
    ldr r0, [sp, #F_PARAMS]
    ldr r0, [r0, #G_SCRATCH]
    ldr r2, [sp, #F_CHUNK_OUT]
    ldr r3, [sp, #F_OUTPUTS]
#if STRIDE == 1
#include "firmware/engine/dsp/depthwise_3x3s1.inc"
#else
#include "firmware/engine/dsp/depthwise_s2.inc"
#endif

    ldr r1, [sp, #F_LEFT_OUTPUTS]
    ldr r2, [sp, #F_OUTPUTS]
    subs r1, r1, r2
    beq .Lnext_channel
    /* The next band gives as many rows, the last one repeats some of this one's. */
    str r1, [sp, #F_LEFT_OUTPUTS]
    subs r3, r1, r2
    bge 1f
    mov r4, r2
    mov r2, r1
    str r4, [sp, #F_LEFT_OUTPUTS]
1:
    vmov r4, OUT_PITCH
    ldr r5, [sp, #F_CHUNK_OUT]
    mla r5, r2, r4, r5
    str r5, [sp, #F_CHUNK_OUT]
#if STRIDE == 2
    lsl r2, r2, #1
#endif
    str r2, [sp, #F_LOAD]
    vmov r4, PITCH
    ldr r0, [sp, #F_PARAMS]
    ldr r0, [r0, #G_SCRATCH]
    mla r1, r2, r4, r0
    ldr r3, [sp, #F_BAND]
    sub r3, r3, r2
    mul r3, r3, r4
    add r3, r3, r0
    str r3, [sp, #F_LOAD_AT]
    b 2f
1:
    ldr r2, [r1], #4
    str r2, [r0], #4
2:
    sub r2, r3, r0
    tst r2, #12
    bne 1b
    b 4f
3:
    ldr r5, [r1], #16
    ldr r6, [r1, #-12]
    ldr r7, [r1, #-8]
    ldr r8, [r1, #-4]
    str r5, [r0], #16
    str r6, [r0, #-12]
    str r7, [r0, #-8]
    str r8, [r0, #-4]
4:
    cmp r0, r3
    bne 3b
    b .Lchunk

.Lnext_channel:
    ldr r1, [sp, #F_IN]
    ldr r2, [sp, #F_OUT]
    ldr r3, [sp, #F_DATA]
    ldr r4, [sp, #F_CHANNEL]
    add r1, #1
    add r2, #1
    add r3, #CHANNEL_BYTES
    str r1, [sp, #F_IN]
    str r2, [sp, #F_OUT]
    str r3, [sp, #F_DATA]
    subs r4, #1
    str r4, [sp, #F_CHANNEL]
    bne .Lchannel
    add sp, #F_SIZE
    vpop {s16-s31}
    pop {r4-r11, pc}
    .size KERNEL, . - KERNEL
