/* CONV_2D for ARMv7E-M, pointwise or with a window: int8, two output pixels and four output
 * channels at a time. docs/engine.md has the method; what follows is how it is written down.
 *
 * Compiled once for each variant:
 *   KERNEL   name of the function
 *   WINDOW   1: any kernel size, stride and padding; 0: pointwise (1x1, stride 1), also in place
 *   ADD      0; 1: a shortcut is added, the convolution's scale is the larger; 2: the shortcut's is
 *   GENERAL  1: results before clamping may leave 16 bits, and activation ranges are any
 *   RELU     1: the output's zero point is -128, its range all of int8; not with ADD, GENERAL
 *
 * Column: the taps of two pixels as int16 in the scratch, by four taps t the words
 *   (t, t+2) of pixel 0, (t, t+2) of pixel 1, (t+1, t+3) of pixel 0, (t+1, t+3) of pixel 1
 * Group (four output channels a, b, c, d): sums' starts a, 256 b + a, c, 256 d + c; for each word
 *   of a pixel's column two words of weights, its two taps' halfwords 256 b + a and 256 d + c; by
 *   channel: multiplier, rounding, shift. RELU: four bytes of shifts, one per channel; by channel:
 *   multiplier, rounding.
 * A multiply-add with a word of weights sums 256 b + a, with its even bytes a alone. */
#include "firmware/engine/dsp/geometry.inc"

#define P_GROUPS (G_BYTES + 0)
#define P_DEPTH (G_BYTES + 4)
#define P_LOWEST (G_BYTES + 8)
#define P_HIGHEST (G_BYTES + 12)
#define P_ADD (G_BYTES + 16) /* Eight words, loaded into s16 to s23. */
#define P_KERNEL_HEIGHT (G_BYTES + 48)
#define P_KERNEL_WIDTH (G_BYTES + 52)
#define P_STRIDE_HEIGHT (G_BYTES + 56)
#define P_STRIDE_WIDTH (G_BYTES + 60)
#define P_ZERO_POINT (G_BYTES + 64)

/* The inner loop takes all fourteen registers; what is needed around it lives in the FPU's. */
#define GROUPS s0       /* First group. */
#define COLUMN s1       /* Scratch and its end. */
#define COLUMN_END s2
#define ENTRY s3        /* Where the unrolled loop is entered. */
#define SIGNS s4        /* 0x80808080 */
#define OUT s5          /* Of pixel 0 and this group. */
#define OUT_DELTA s6    /* From pixel 0 to pixel 1: the channels, or 0 for a pixel alone. */
#define LAST_GROUP s7   /* Value of OUT for the last group. */
#define IN s8           /* First tap of pixel 0. */
#define IN_DELTA s9
#define PIXEL_OUT s10   /* Pixel 0, channel 0. */
#define PAIRS s11
#define LOWEST s12
#define HIGHEST s13
#define SECOND_DELTA s14 /* From the output to the shortcut. */
#define GROUP s15
#define SECOND_1 s24    /* Shortcut of pixel 1. */

/* Stack. */
#define F_PARAMS 0
#define F_ROWS 4
#define F_IN_ROW 8
#define F_OUT_ROW 12
#define F_SECOND_ROW 16
#define F_IN_PITCH 20
#define F_OUT_PITCH 24
#define F_SECOND_PITCH 28
#define F_WIDTH 32
#define F_IN_STEP 36   /* From a pair to the next. */
#define F_OUT_STEP 40
#define F_ODD 44       /* 1: a pixel alone follows the pairs. */
#define F_Y 48         /* WINDOW: first row and column of the window in the input. */
#define F_X 52
#define F_X_STEP 56    /* From pixel 0's window to pixel 1's: the stride, or 0 for a pixel alone. */
#define F_REST 60      /* Column of the taps that fill no word of their rows. */
#define F_PIXEL 64
#define F_SIZE 72

#define UNROLL 16

    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .text

/* Two words of both pixels' columns with two words of weights: 16 multiply-adds, 15 cycles.
 * r0 weights, r1 column, r4 to r7 sums of pixel 0, r8 to r11 of pixel 1. The first step starts
 * pixel 1 from the sums of pixel 0. */
.macro STEP p1a=r8, p1b=r9, p1c=r10, p1d=r11
    ldr.w r2, [r1], #8
    ldr.w r3, [r1, #-4]
    ldr.w r12, [r0], #8
    ldr.w lr, [r0, #-4]
    smlad r9, r3, r12, \p1b
    smlad r5, r2, r12, r5
    smlad r11, r3, lr, \p1d
    smlad r7, r2, lr, r7
    sxtb16 r12, r12
    sxtb16 lr, lr
    smlad r8, r3, r12, \p1a
    smlad r4, r2, r12, r4
    smlad r10, r3, lr, \p1c
    smlad r6, r2, lr, r6
.endm
#define STEP_BYTES 56

#if RELU
/* Requantizes the sums of one channel of both pixels, to the upper halfwords. r1 shifts; `raw` sums
 * are 256 times too large, which their shift allows for. */
.macro REQUANTIZE_RELU p0, p1, multiplier, rounding
    lsl \p0, \p0, r1
    lsl \p1, \p1, r1
    smmla \p0, \p0, \multiplier, \rounding
    smmla \p1, \p1, \multiplier, \rounding
.endm

.macro PACK a, b, c, d
    pkhtb \a, \c, \a, asr #16
    pkhtb \b, \d, \b, asr #16
    usat16 \a, #8, \a
    usat16 \b, #8, \b
    orr \a, \a, \b, lsl #8
.endm
#else
/* Requantizes the sums of one channel of both pixels. `raw` sums are 256 times too large. */
.macro REQUANTIZE p0, p1, raw
    ldm r0!, {r1, r2, r3}
  .irp r, \p0, \p1
  .if \raw
    asr \r, \r, #7
    add r12, r2, \r, asr #31
  .else
    add r12, r2, \r, asr #31
    lsl \r, \r, #1
  .endif
    smmlar \r, \r, r1, r12
  .endr
    asr \p0, \p0, r3
    asr \p1, \p1, r3
.endm

/* Four results, offset by 128, to the bytes of the first register. */
.macro PACK a, b, c, d
#if GENERAL
    usat \a, #8, \a
    usat \b, #8, \b
    usat \c, #8, \c
    usat \d, #8, \d
    orr \a, \a, \b, lsl #8
    orr \c, \c, \d, lsl #8
    orr \a, \a, \c, lsl #16
#else
    pkhbt \a, \a, \c, lsl #16
    pkhbt \b, \b, \d, lsl #16
    usat16 \a, #8, \a
    usat16 \b, #8, \b
    orr \a, \a, \b, lsl #8
#endif
.endm
#endif

/* Byte `i` of the convolution's results and of the shortcut (r10) to the byte of their sum. */
.macro ADD_BYTE word, i
  .if ADD == 1
    sxtab lr, r3, r10, ror #(8 * \i)
    uxtb r11, \word, ror #(8 * \i)
  .else
    uxtab lr, r3, \word, ror #(8 * \i)
    sxtb r11, r10, ror #(8 * \i)
  .endif
    add r12, r1, lr, asr #31
    lsl lr, lr, #21
    smmlar lr, lr, r0, r12
    add r11, r5, r11, lsl #20
    asr lr, lr, r2
    add r11, r11, lr, lsl #1
    add r12, r7, r11, asr #31
    smmlar r11, r11, r6, r12
    asr r11, r11, r9
    usat r11, #8, r11
    bfi \word, r11, #(8 * \i), #8
.endm

.macro CLAMP word
    usub8 r3, \word, r1
    sel \word, \word, r1
    usub8 r3, r2, \word
    sel \word, \word, r2
.endm

    .section .text.KERNEL, "ax", %progbits
    .global KERNEL
    .thumb_func
    .type KERNEL, %function
    .balign 4
KERNEL:
    push {r4-r11, lr}
#if ADD
    vpush {s16-s24}
#endif
    sub sp, #F_SIZE
    str r0, [sp, #F_PARAMS]
    ldr r1, [r0, #G_OUTPUT_HEIGHT]
    ldr r2, [r0, #G_OUTPUT_WIDTH]
    ldr r3, [r0, #G_INPUT_CHANNELS]
    ldr r4, [r0, #G_OUTPUT_CHANNELS]
    ldr r5, [r0, #G_INPUT]
    ldr r6, [r0, #G_OUTPUT]
    ldr r7, [r0, #G_INPUT_PITCH]
    ldr r8, [r0, #G_OUTPUT_PITCH]
#if ADD
    ldr r9, [r0, #G_SECOND]
    ldr r10, [r0, #G_SECOND_PITCH]
    add r11, r0, #P_ADD
    vldm r11, {s16-s23}
#endif
#if !WINDOW
    /* Rows that touch are one long row. */
    mul r11, r2, r3
    cmp r11, r7
    bne 1f
    mul r11, r2, r4
    cmp r11, r8
    bne 1f
#if ADD
    cmp r11, r10
    bne 1f
#endif
    mul r2, r2, r1
    mov r1, #1
    mul r7, r2, r3
    mul r8, r2, r4
1:
    vmov IN_DELTA, r3
#if !ADD
    /* In place with more channels than before: from the last pixel to the first. In a tile the
     * input may be a window further on in the buffer; its rows are moved to the front before. */
    cmp r4, r3
    ble .Lforward
    sub r12, r1, #1
    mla r12, r12, r8, r6
    mla r12, r2, r4, r12
    cmp r5, r6
    blo .Lforward
    cmp r5, r12
    bhs .Lforward
    mul lr, r2, r3
    cmp r7, lr
    it eq
    cmpeq r5, r6
    beq 3f
    mov r9, r6
    mov r10, r1
1:
    mov r0, r5
    add r11, r9, lr
2:
    ldrb r12, [r0], #1
    strb r12, [r9], #1
    cmp r9, r11
    bne 2b
    add r5, r5, r7
    subs r10, #1
    bne 1b
    ldr r0, [sp, #F_PARAMS]
    mov r5, r6
    mov r7, lr
3:
    sub lr, r1, #1
    mla r5, lr, r7, r5
    mla r6, lr, r8, r6
    rsb r7, r7, #0
    rsb r8, r8, #0
    mvn r11, #1
    b 1f
.Lforward:
#endif
    mov r11, #2
1:
    mul r12, r4, r11
    mul r11, r3, r11
    str r11, [sp, #F_IN_STEP]
#else
    lsl r12, r4, #1
    ldr r11, [r0, #G_PAD_TOP]
    rsb r11, r11, #0
    str r11, [sp, #F_Y]
#endif
    str r12, [sp, #F_OUT_STEP]
    str r1, [sp, #F_ROWS]
    str r2, [sp, #F_WIDTH]
    str r5, [sp, #F_IN_ROW]
    str r6, [sp, #F_OUT_ROW]
    str r7, [sp, #F_IN_PITCH]
    str r8, [sp, #F_OUT_PITCH]
#if ADD
    str r9, [sp, #F_SECOND_ROW]
    str r10, [sp, #F_SECOND_PITCH]
#endif
    ldr r1, [r0, #P_GROUPS]
    vmov GROUPS, r1
    ldr r1, [r0, #G_SCRATCH]
    vmov COLUMN, r1
    ldr r2, [r0, #P_DEPTH]
    add r1, r1, r2, lsl #2
    vmov COLUMN_END, r1
    /* depth / 2 steps; the first has been peeled off the loop. */
#if WINDOW
    ldr r4, [r0, #P_KERNEL_WIDTH]
    ldr r5, [r0, #P_KERNEL_HEIGHT]
    mul r4, r4, r3
    lsr r4, r4, #2
    mul r4, r4, r5
    vmov r5, COLUMN
    add r4, r5, r4, lsl #4
    str r4, [sp, #F_REST]
#endif
    lsr r2, r2, #1
    rsb r2, r2, #1
    and r2, r2, #(UNROLL - 1)
    mov r3, #STEP_BYTES
    adr.w r1, .Lloop
    mla r1, r2, r3, r1
    orr r1, r1, #1
    vmov ENTRY, r1
    mov r1, #0x80808080
    vmov SIGNS, r1
#if GENERAL
    ldr r1, [r0, #P_LOWEST]
    vmov LOWEST, r1
    ldr r1, [r0, #P_HIGHEST]
    vmov HIGHEST, r1
#endif

.Lrow:
    ldr r0, [sp, #F_PARAMS]
    ldr r4, [r0, #G_OUTPUT_CHANNELS]
    vmov OUT_DELTA, r4
    ldr r2, [sp, #F_WIDTH]
    ldr r6, [sp, #F_OUT_ROW]
#if ADD
    ldr r9, [sp, #F_SECOND_ROW]
    sub r9, r9, r6
    vmov SECOND_DELTA, r9
#endif
#if WINDOW
    ldr r5, [r0, #G_PAD_LEFT]
    rsb r5, r5, #0
    str r5, [sp, #F_X]
    ldr r5, [r0, #P_STRIDE_WIDTH]
    str r5, [sp, #F_X_STEP]
#else
    ldr r5, [sp, #F_IN_ROW]
    ldr r11, [sp, #F_IN_STEP]
    cmp r11, #0
    bge 1f
    sub r12, r2, #2
    ldr r3, [r0, #G_INPUT_CHANNELS]
    vmov IN_DELTA, r3
    mla r5, r12, r3, r5
    mla r6, r12, r4, r6
1:
    vmov IN, r5
#endif
    vmov PIXEL_OUT, r6
    and r1, r2, #1
    str r1, [sp, #F_ODD]
    lsrs r2, r2, #1
    vmov PAIRS, r2
    beq .Lodd

.Lpair:
#if WINDOW
#include "firmware/engine/dsp/gather.inc"
#else
    /* Widens both pixels into the column. */
    vmov r0, IN
    vmov r1, IN_DELTA
    ldr r11, [sp, #F_PARAMS]
    ldr r11, [r11, #G_INPUT_CHANNELS]
    add r1, r0, r1
    vmov r2, COLUMN
    lsrs lr, r11, #3
    beq 2f
1:
    ldr r3, [r0], #4
    ldr r4, [r0], #4
    ldr r9, [r1], #4
    ldr r10, [r1], #4
    sxtb16 r5, r3
    sxtb16 r6, r9
    sxtb16 r7, r3, ror #8
    sxtb16 r8, r9, ror #8
    sxtb16 r9, r4
    sxtb16 r11, r4, ror #8
    sxtb16 r12, r10, ror #8
    sxtb16 r10, r10
    stm r2!, {r5-r12}
    subs lr, #1
    bne 1b
    ldr r11, [sp, #F_PARAMS]
    ldr r11, [r11, #G_INPUT_CHANNELS]
2:
    tst r11, #4
    beq 3f
    ldr r3, [r0], #4
    ldr r4, [r1], #4
    sxtb16 r5, r3
    sxtb16 r6, r4
    sxtb16 r7, r3, ror #8
    sxtb16 r8, r4, ror #8
    stm r2!, {r5-r8}
3:
    ands r11, #3
    beq 5f
4:  /* The last one to three taps: words of two neighbours, weights alike. */
    ldrsb r3, [r0], #1
    ldrsb r4, [r1], #1
    strh r4, [r2, #4]
    strh r3, [r2], #2
    tst r2, #2
    it eq
    addeq r2, #4
    subs r11, #1
    bne 4b
5:
#endif

    vmov r0, GROUPS
    vmov r12, PIXEL_OUT
    ldr r1, [sp, #F_PARAMS]
    ldr r1, [r1, #G_OUTPUT_CHANNELS]
    add r1, r1, r12
    sub r1, #4
    vmov OUT, r12
    vmov LAST_GROUP, r1

.Lgroup:
    ldm r0!, {r4-r7}
    vmov r1, COLUMN
    STEP r4, r5, r6, r7
    vmov r2, ENTRY
    bx r2
.Lloop:
    .rept UNROLL
    STEP
    .endr
    vmov r2, COLUMN_END
    cmp r1, r2
    bne .Lloop

    sub r5, r5, r4
    sub r7, r7, r6
    sub r9, r9, r8
    sub r11, r11, r10
#if RELU
    ldm r0!, {r1, r2, r3, r12, lr}
    REQUANTIZE_RELU r4, r8, r2, r3
    lsr r1, r1, #8
    REQUANTIZE_RELU r5, r9, r12, lr
    ldm r0!, {r2, r3, r12, lr}
    lsr r1, r1, #8
    REQUANTIZE_RELU r6, r10, r2, r3
    lsr r1, r1, #8
    REQUANTIZE_RELU r7, r11, r12, lr
#else
    REQUANTIZE r4, r8, 0
    REQUANTIZE r5, r9, 1
    REQUANTIZE r6, r10, 0
    REQUANTIZE r7, r11, 1
#endif
    PACK r4, r5, r6, r7
    PACK r8, r9, r10, r11
#if ADD
    vmov GROUP, r0
    vmov r0, OUT
    vmov r1, SECOND_DELTA
    vmov r2, OUT_DELTA
    add r0, r0, r1
    ldr r10, [r0]
    ldr r11, [r0, r2]
    vmov SECOND_1, r11
    vmov r0, s16
    vmov r1, s17
    vmov r2, s18
    vmov r3, s19
    vmov r5, s20
    vmov r6, s21
    vmov r7, s22
    vmov r9, s23
    ADD_BYTE r4, 0
    ADD_BYTE r4, 1
    ADD_BYTE r4, 2
    ADD_BYTE r4, 3
    vmov r10, SECOND_1
    ADD_BYTE r8, 0
    ADD_BYTE r8, 1
    ADD_BYTE r8, 2
    ADD_BYTE r8, 3
    vmov r0, GROUP
#endif
#if GENERAL
    vmov r1, LOWEST
    vmov r2, HIGHEST
    CLAMP r4
    CLAMP r8
#endif
    vmov r1, SIGNS
    vmov r12, OUT
    vmov r2, OUT_DELTA
    eors r4, r1
    eor r8, r8, r1
    str r8, [r12, r2]
    str r4, [r12], #4
    vmov r2, LAST_GROUP
    vmov OUT, r12
    cmp r12, r2
    bls .Lgroup
    /* Where the channels are no multiple of four, the last group repeats some of them. */
    sub r12, #4
    cmp r12, r2
    beq 1f
    vmov OUT, r2
    b .Lgroup
1:
    vmov r12, PIXEL_OUT
#if WINDOW
    ldr r1, [sp, #F_X_STEP]
    ldr r2, [sp, #F_X]
    add r2, r2, r1, lsl #1
    str r2, [sp, #F_X]
#else
    vmov r0, IN
    ldr r1, [sp, #F_IN_STEP]
    add r0, r0, r1
    vmov IN, r0
#endif
    ldr r1, [sp, #F_OUT_STEP]
    add r12, r12, r1
    vmov PIXEL_OUT, r12
    vmov r2, PAIRS
    subs r2, #1
    vmov PAIRS, r2
    bgt .Lpair
    blt .Lnext_row

.Lodd:
    /* A pixel alone is a pair of it with itself. PAIRS becomes -1 behind it. */
    ldr r1, [sp, #F_ODD]
    cbz r1, .Lnext_row
    mov r1, #0
    vmov PAIRS, r1
    vmov OUT_DELTA, r1
#if WINDOW
    str r1, [sp, #F_X_STEP]
#else
    vmov r3, IN_DELTA
    vmov IN_DELTA, r1
    ldr r2, [sp, #F_IN_STEP]
    cmp r2, #0
    bge .Lpair
    /* Backward, IN stands one pixel before the first. */
    vmov r0, IN
    add r0, r0, r3
    vmov IN, r0
    ldr r2, [sp, #F_OUT_STEP]
    vmov r0, PIXEL_OUT
    sub r0, r0, r2, asr #1
    vmov PIXEL_OUT, r0
#endif
    b .Lpair

.Lnext_row:
    ldr r1, [sp, #F_IN_ROW]
    ldr r2, [sp, #F_IN_PITCH]
    ldr r3, [sp, #F_OUT_ROW]
    ldr r4, [sp, #F_OUT_PITCH]
    ldr r0, [sp, #F_PARAMS]
#if WINDOW
    ldr r5, [sp, #F_Y]
    ldr r6, [r0, #P_STRIDE_HEIGHT]
    add r5, r5, r6
    str r5, [sp, #F_Y]
#else
    add r1, r1, r2
    str r1, [sp, #F_IN_ROW]
    ldr r1, [r0, #G_INPUT_CHANNELS]
    vmov IN_DELTA, r1
#endif
    add r3, r3, r4
    str r3, [sp, #F_OUT_ROW]
#if ADD
    ldr r1, [sp, #F_SECOND_ROW]
    ldr r2, [sp, #F_SECOND_PITCH]
    add r1, r1, r2
    str r1, [sp, #F_SECOND_ROW]
#endif
    ldr r1, [sp, #F_ROWS]
    subs r1, #1
    str r1, [sp, #F_ROWS]
    bne .Lrow
    add sp, #F_SIZE
#if ADD
    vpop {s16-s24}
#endif
    pop {r4-r11, pc}
    .size KERNEL, . - KERNEL
