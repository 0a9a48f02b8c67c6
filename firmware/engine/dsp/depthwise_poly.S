/* DEPTHWISE_CONV_2D 5x5 and 7x7, stride 1, for ARMv7E-M: four multiply-adds per instruction.
 *
 * Compiled once for each variant:
 *   KERNEL       name of the function
 *   KERNEL_SIZE  5 or 7
 *   CLAMP        1: any activation range; 0: -128 to 127
 *
 * A word of input X = x0 + 2^21 x1 holds two neighbours (zero point taken off), a word of weights
 * W = w1 + 2^21 w0 two taps. Their 64-bit product has three lanes of 21 bits: x0 w1,
 * x0 w0 + x1 w1, x1 w0. Added up over a window's rows and pairs of taps, the middle lane of sum d
 * is output 2d, and the upper lane of sum d plus the lower lane of sum d + 1 is output 2d + 1. The
 * two lower lanes start, channel by channel, so high that they never borrow from the next; the
 * generator has checked that none overflows either.
 *
 * A row of outputs is made in groups of three sums: the first group gives outputs 0 to 4, the next
 * 5 to 10, ... The last group has one to three sums; an even width needs only the lower lane of its
 * last sum.
 *
 * One channel at a time, the input rows under the window are widened to words X in the scratch
 * (the band). Rows of padding are skipped, columns of padding are zeros, and words of the last
 * group that hold only padding are skipped. A band that does not hold all rows gives what outputs
 * it can, keeps the rows that are still needed and reads on. Output rows never pass the last row
 * read, so the output may overwrite the input. */
#include "firmware/engine/dsp/geometry.inc"

#define LANE 21
/* Words of weights in a row of the window, and words of input that one, two and three sums read. */
#if KERNEL_SIZE == 7
#define PAIRS 4
#define MOST_1 4
#define MOST_2 5
#define MOST_3 6
#else
#define PAIRS 3
#define MOST_1 3
#define MOST_2 4
#define MOST_3 5
#endif
#define GROUP_SUMS 3
#define TABLE_FULL (4 * (GROUP_SUMS * (PAIRS - 1) - 1)) /* Offset of .Ltable's last entry. */

/* Parameters (bl_depthwise_poly_params). */
#define P_CHANNELS (G_BYTES + 0)
#define P_INPUT_ZERO_POINT (G_BYTES + 4)
#define P_LOWEST (G_BYTES + 8)
#define P_HIGHEST (G_BYTES + 12)

/* A channel: words start of the sums (low, high), what twice the middle lane is too large by,
 * multiplier, rounding; bytes shift, weights row by row, filled up to words. */
#define C_SHIFT 20
#define C_WEIGHTS 21
#define C_BYTES ((C_WEIGHTS + KERNEL_SIZE * KERNEL_SIZE + 3) & ~3)

/* Values that must be at hand between multiplications, which take all core registers. */
#define START_LOW s0 /* Of every sum. */
#define START_HIGH s1
#define MULTIPLIER s2
#define ROUNDING s3
#define SHIFT s4
#define PIXEL s5      /* Bytes from a pixel to the next: the number of channels. */
#define PIXELS_3 s6   /* Three times that. */
#define LAST_EVEN s7  /* From the last group's OUT to its last even output; if that is beyond the
                       * row, to an output that is written after it. */
#define OUT s8        /* Output of the middle lane of the group's first sum. */
#define OUT_ROW s9
#define OUT_PITCH s10
#define ENTRY s11     /* Code of the row's first group, and bytes of it per row of the window. */
#define ENTRY_BYTES s12
#define LOWEST s13
#define HIGHEST s14
#define BAND s15      /* Where row 0 of the input is or would be in the band. */
#define BAND_PITCH s16
#define BELOW s17     /* KERNEL_SIZE - rows of the input. */
#define ABOVE s18     /* Rows of the window above the input; negative inside it. */
#define STOP s19      /* Value of ABOVE where the band must be filled again or the channel ends. */
#define GROUPS s20    /* Groups of a row before the last one. */
#define LEFT s21      /* The same, of this row from this group on. */
#define X s22         /* The group's first words, and rows of the window that are skipped. */
#define W s23
#define SKIP s24
#define CARRY s25     /* Upper lane of the last sum of the group before. */
#define QUADS s26     /* Groups of four pixels in a row of input, and what follows them. */
#define REST s27
#define IN_STEP s28   /* From behind a row of input to the next. */
#define BAND_STEP s29 /* The same in the band. */
#define EVEN_EXCESS s30

/* Stack. */
#define F_WEIGHTS 0 /* [KERNEL_SIZE][PAIRS] words W of the channel. */
#define F_ROW_BYTES (4 * PAIRS)
#define F(i) (KERNEL_SIZE * F_ROW_BYTES + 4 * (i))
#define F_PARAMS F(0)
#define F_HEIGHT F(1)      /* Rows of the input. */
#define F_CAPACITY F(2)    /* Rows of the band. */
#define F_BASE F(3)        /* First and behind the last row of the input in the band. */
#define F_END F(4)
#define F_LAST_ABOVE F(5)  /* Value of ABOVE behind the last output row. */
#define F_LAST_ENTRY F(6)  /* As ENTRY, for the last group. */
#define F_LAST_BYTES F(7)
#define F_FIRST_TAPS F(8)  /* First row of the window that meets the input, and how many do. */
#define F_TAPS F(9)
#define F_CHANNEL F(10)    /* The channel's numbers, input and output. */
#define F_IN F(11)
#define F_OUT F(12)
#define F_LAST_IN F(13)    /* Value of F_IN behind the last channel. */
#define F_FIRST_WORD F(14) /* Bytes of a band's row before the first word with input. */
#define F_READ F(15)       /* Code that reads a row of input. */
#define F_ZERO_POINT F(16)
#define F_NEXT_IN F(17)    /* Input of the next filling of the band. */
#define F_SIZE F(18)

    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb

/* Adds a word of input times word `n` of the window's row. */
.macro ACCUMULATE low, high, x, n
  .if (\n) == 0
    smlal \low, \high, \x, r10
  .elseif (\n) == 1
    smlal \low, \high, \x, r11
  .elseif (\n) == 2
    smlal \low, \high, \x, r12
  .elseif (\n) == 3 && PAIRS > 3
    smlal \low, \high, \x, r10
  .endif
.endm

.macro ACCUMULATE_WORD x, word, sums
    ACCUMULATE r4, r5, \x, \word
  .if \sums > 1
    ACCUMULATE r6, r7, \x, \word - 1
  .endif
  .if \sums > 2
    ACCUMULATE r8, r9, \x, \word - 2
  .endif
.endm

/* One row of the window: `words` words of input at r0 into the first `sums` of the sums r4 to r9,
 * with the weights at r1. Word 3 of the weights takes the register of word 0, which is not needed
 * any more by then. */
.macro MULTIPLY_ROW sums, words
    ldr.w r10, [r1], #F_ROW_BYTES
    ldr.w r11, [r1, #(4 - F_ROW_BYTES)]
  .if \words > 2
    ldr.w r12, [r1, #(8 - F_ROW_BYTES)]
  .endif
    ldr r2, [r0]
    ldr r3, [r0, #4]
    ACCUMULATE_WORD r2, 0, \sums
    ACCUMULATE_WORD r3, 1, \sums
  .if \words > 2
    ldr r2, [r0, #8]
   .if \words > 3
    ldr r3, [r0, #12]
   .endif
    ACCUMULATE_WORD r2, 2, \sums
  .endif
  .if \words > 3
   .if PAIRS > 3
    ldr.w r10, [r1, #-4]
   .endif
   .if \words > 4
    ldr r2, [r0, #16]
   .endif
    ACCUMULATE_WORD r3, 3, \sums
  .endif
  .if \words > 4
    ACCUMULATE_WORD r2, 4, \sums
  .endif
  .if \words > 5
    ldr r3, [r0, #20]
    ACCUMULATE_WORD r3, 5, \sums
  .endif
    add r0, lr
.endm

/* All rows of the window. Common shapes are unrolled and entered at the first row that counts. */
.macro MULTIPLY sums, words, unrolled
.Lmultiply_\sums\()_\words:
  .if \unrolled
   .rept KERNEL_SIZE
    MULTIPLY_ROW \sums, \words
   .endr
    .set bytes_\sums\()_\words, (. - .Lmultiply_\sums\()_\words) / KERNEL_SIZE
  .else
    MULTIPLY_ROW \sums, \words
    vmov r2, SKIP
    adds r2, #1
    vmov SKIP, r2
    cmp r2, #KERNEL_SIZE
    bne .Lmultiply_\sums\()_\words
    .set bytes_\sums\()_\words, 0
  .endif
.endm

.macro TABLE_ENTRY sums, words
    .hword .Lmultiply_\sums\()_\words - .Ltable, bytes_\sums\()_\words
.endm

/* Twice a sum to an output, with r10 multiplier, r11 rounding, r12 shift. */
.macro REQUANTIZE sum
    add r2, r11, \sum, asr #31
    smmlar \sum, \sum, r10, r2
    asr \sum, \sum, r12
#if CLAMP
    vmov r2, LOWEST
    cmp \sum, r2
    it lt
    movlt \sum, r2
    vmov r2, HIGHEST
    cmp \sum, r2
    it gt
    movgt \sum, r2
#else
    ssat \sum, #8, \sum
#endif
.endm

/* Twice the middle lane of a sum, into its low register. r1 = EVEN_EXCESS */
.macro EVEN low, high
    lsr \low, \low, #LANE
    bfi \low, \high, #(32 - LANE), #(2 * LANE - 32)
    rsb \low, r1, \low, lsl #1
.endm

/* Twice the upper lane of a sum and the lower lane of the next, into the first's high register. */
.macro ODD high, next_low
    ubfx r2, \next_low, #0, #LANE
    add \high, r2, \high, asr #(2 * LANE - 32)
    lsl \high, \high, #1
.endm

/* Runs a group: r0 words of input, r1 of weights, r2 code, lr pitch of the band. */
.macro START_GROUP
    vmov r4, r5, START_LOW, START_HIGH
    mov r6, r4
    mov r7, r5
    mov r8, r4
    mov r9, r5
    bx r2
.endm

/* Address of a row of the widened weights. */
.macro WEIGHTS_OF to, row
#if PAIRS == 4
    add \to, sp, \row, lsl #4
#else
    add \to, \row, \row, lsl #1
    add \to, sp, \to, lsl #2
#endif
.endm

/* For what follows: r1 for EVEN, r10 to r12 for REQUANTIZE, r3 the lower lane of the first sum. */
.macro LOAD_REQUANTIZATION
    vmov r10, MULTIPLIER
    vmov r11, ROUNDING
    vmov r12, SHIFT
    vmov r1, EVEN_EXCESS
    ubfx r3, r4, #0, #LANE
.endm

/* The outputs of three sums, into r4 to r8; r0 OUT, r1 PIXEL, lr PIXELS_3. Leaves r9. */
.macro FIVE_OUTPUTS
    EVEN r4, r5
    ODD r5, r6
    EVEN r6, r7
    ODD r7, r8
    EVEN r8, r9
    REQUANTIZE r4
    REQUANTIZE r5
    REQUANTIZE r6
    REQUANTIZE r7
    REQUANTIZE r8
    vmov r0, OUT
    vmov r1, PIXEL
    vmov lr, PIXELS_3
.endm

/* The output before OUT (r0), with the lower lane r3. */
.macro OUTPUT_BEFORE
    vmov r2, CARRY
    add r3, r3, r2
    lsl r3, r3, #1
    REQUANTIZE r3
    sub r2, r0, r1
    strb r3, [r2]
.endm

/* To the next row while the band has its input. r0 output of this row; leaves r3 ABOVE and r5
 * output of the next. */
.macro NEXT_ROW
    vmov r3, ABOVE
    vmov r4, STOP
    vmov r6, OUT_PITCH
    subs r3, #1
    add r5, r0, r6
    vmov ABOVE, r3
    cmp r3, r4
    bne .Lrow
.endm

    .section .text.KERNEL, "ax", %progbits
    .global KERNEL
    .thumb_func
    .type KERNEL, %function
    .balign 4
KERNEL:
    push {r4-r11, lr}
    vpush {s16-s30}
    sub sp, #F_SIZE
    str r0, [sp, #F_PARAMS]

    /* The band: rows of (width + KERNEL_SIZE) / 2 words, as many as fit, at most the input's. */
    ldr r1, [r0, #G_OUTPUT_WIDTH]
    ldr r2, [r0, #G_SCRATCH_BYTES]
    ldr r3, [r0, #G_SCRATCH]
    ldr r4, [r0, #G_INPUT_HEIGHT]
    add r5, r1, #KERNEL_SIZE
    lsr r5, r5, #1
    lsl r6, r5, #2
    udiv r7, r2, r6
    cmp r7, r4
    it gt
    movgt r7, r4
    str r4, [sp, #F_HEIGHT]
    str r7, [sp, #F_CAPACITY]
    vmov BAND_PITCH, r6
    rsb r4, r4, #KERNEL_SIZE
    vmov BELOW, r4
    mul r7, r7, r5
    movs r8, #0
1:
    str r8, [r3], #4
    subs r7, #1
    bne 1b

    /* Shape of a row of input: a pixel before the quads, the quads, up to three pixels behind. */
    ldr r2, [r0, #G_INPUT_WIDTH]
    ldr r3, [r0, #G_PAD_LEFT]
    ldr r4, [r0, #G_INPUT_PITCH]
    ldr r5, [r0, #G_INPUT_CHANNELS]
    vmov PIXEL, r5
    add r7, r5, r5, lsl #1
    vmov PIXELS_3, r7
    and r7, r3, #1
    adr.w r11, .Lread_row
    cmp r7, #0
    beq 1f
    adr.w r11, .Lread_lead
1:
    orr r11, r11, #1
    str r11, [sp, #F_READ]
    sub r8, r2, r7
    lsr r9, r8, #2
    vmov QUADS, r9
    and r10, r8, #3
    adr.w r11, .Lrest
    ldrb r10, [r11, r10]
    adr.w r11, .Lrow_read
    sub r11, r11, r10
    orr r11, r11, #1
    vmov REST, r11
    and r12, r8, #1
    sub r10, r2, r12        /* Pixels that are passed: all but one at the end. */
    mls r10, r10, r5, r4
    vmov IN_STEP, r10
    add r10, r8, #1
    add r10, r7, r10, lsr #1
    sub r10, r6, r10, lsl #2
    vmov BAND_STEP, r10
    lsr r10, r3, #1
    lsl r10, r10, #2
    str r10, [sp, #F_FIRST_WORD]

    /* Groups of a row, and of the last: how many sums, how many words of input. */
    lsr r6, r1, #1          /* Sums - 1. */
    movs r7, #GROUP_SUMS
    udiv r8, r6, r7
    vmov GROUPS, r8
    movs r9, #0
    vmov LEFT, r9
    mls r6, r8, r7, r6      /* Sums of the last group - 1. */
    mul r8, r8, r7          /* Its first word. */
    add r2, r2, r3
    sub r2, r2, #1
    rsb r2, r8, r2, lsr #1
    sub r2, r2, r6
    subs r2, r2, #1         /* Its words before padding - sums - 1, */
    it lt
    movlt r2, #0            /* padding included at least 0. */
    mov r10, #(PAIRS - 1)
    mla r2, r6, r10, r2
    adr.w r10, .Ltable
    add r2, r10, r2, lsl #2
    ldrh r3, [r2]
    ldrh r2, [r2, #2]
    add r3, r3, r10
    orr r3, r3, #1
    str r3, [sp, #F_LAST_ENTRY]
    str r2, [sp, #F_LAST_BYTES]
    lsl r6, r6, #1
    mvn r9, r1
    and r9, r9, #1
    sub r6, r6, r9
    mul r6, r6, r5
    vmov LAST_EVEN, r6
    cmp r8, #0
    beq 1f
    ldrh r3, [r10, #TABLE_FULL]
    ldrh r2, [r10, #(TABLE_FULL + 2)]
    add r3, r3, r10
    orr r3, r3, #1
1:
    vmov ENTRY, r3
    vmov ENTRY_BYTES, r2

    /* Rows of the window that ever meet the input. */
    ldr r1, [r0, #G_OUTPUT_HEIGHT]
    ldr r2, [r0, #G_PAD_TOP]
    ldr r3, [sp, #F_HEIGHT]
    sub r1, r2, r1
    str r1, [sp, #F_LAST_ABOVE]
    add r1, r1, #1
    usat r1, #16, r1
    add r3, r3, r2
    cmp r3, #KERNEL_SIZE
    it gt
    movgt r3, #KERNEL_SIZE
    sub r3, r3, r1
    str r1, [sp, #F_FIRST_TAPS]
    str r3, [sp, #F_TAPS]

    ldr r1, [r0, #P_CHANNELS]
    ldr r2, [r0, #G_INPUT]
    ldr r3, [r0, #G_OUTPUT]
    ldr r4, [r0, #G_OUTPUT_PITCH]
    ldr r6, [r0, #P_INPUT_ZERO_POINT]
    str r1, [sp, #F_CHANNEL]
    str r2, [sp, #F_IN]
    str r3, [sp, #F_OUT]
    vmov OUT_PITCH, r4
    str r6, [sp, #F_ZERO_POINT]
    add r2, r2, r5
    str r2, [sp, #F_LAST_IN]
#if CLAMP
    ldr r1, [r0, #P_LOWEST]
    vmov LOWEST, r1
    ldr r1, [r0, #P_HIGHEST]
    vmov HIGHEST, r1
#endif

.Lchannel:
    ldr r0, [sp, #F_CHANNEL]
    ldr r10, [sp, #F_FIRST_TAPS]
    ldr r9, [sp, #F_TAPS]
    ldr r1, [r0]
    ldr r2, [r0, #4]
    ldr r3, [r0, #8]
    ldr r4, [r0, #12]
    ldr r5, [r0, #16]
    ldrb r6, [r0, #C_SHIFT]
    vmov START_LOW, r1
    vmov START_HIGH, r2
    vmov EVEN_EXCESS, r3
    vmov MULTIPLIER, r4
    vmov ROUNDING, r5
    vmov SHIFT, r6

    /* Widens the weights. */
    add r1, r0, #C_BYTES
    str r1, [sp, #F_CHANNEL]
    add r0, r0, #C_WEIGHTS
    mov r3, #KERNEL_SIZE
    mla r0, r10, r3, r0
    WEIGHTS_OF r1, r10
1:
    ldrsb r2, [r0]
    ldrsb r3, [r0, #1]
    ldrsb r4, [r0, #2]
    ldrsb r5, [r0, #3]
    ldrsb r6, [r0, #4]
#if KERNEL_SIZE == 7
    ldrsb r7, [r0, #5]
    ldrsb r8, [r0, #6]
#endif
    adds r0, #KERNEL_SIZE
    add r3, r3, r2, lsl #LANE
    add r5, r5, r4, lsl #LANE
#if KERNEL_SIZE == 7
    add r7, r7, r6, lsl #LANE
    lsl r8, r8, #LANE
    stm r1!, {r3, r5, r7, r8}
#else
    lsl r6, r6, #LANE
    stm r1!, {r3, r5, r6}
#endif
    subs r9, #1
    bne 1b

    ldr r1, [sp, #F_PARAMS]
    ldr r0, [sp, #F_IN]
    ldr r10, [sp, #F_OUT]
    ldr r2, [r1, #G_SCRATCH]
    ldr r3, [r1, #G_PAD_TOP]
    vmov BAND, r2
    vmov ABOVE, r3
    movs r4, #0 /* First row in the band, */
    movs r5, #0 /* first row to read. */

    /* Reads rows until the band is full or the input ends. r0 input, r2 BAND, r10 output. */
.Lfill:
    ldr r6, [sp, #F_CAPACITY]
    ldr r7, [sp, #F_HEIGHT]
    ldr r8, [sp, #F_LAST_ABOVE]
    ldr r3, [sp, #F_ZERO_POINT]
    ldr r9, [sp, #F_FIRST_WORD]
    str r4, [sp, #F_BASE]
    add r4, r4, r6
    cmp r4, r7
    ite lt
    rsblt r8, r4, #(KERNEL_SIZE - 1)
    movge r4, r7
    str r4, [sp, #F_END]
    vmov STOP, r8
    sub r11, r4, r5
    vmov r6, BAND_PITCH
    mla r2, r5, r6, r2
    add r2, r2, r9
    add r3, r3, r3, lsl #LANE
    vmov r1, PIXEL
    vmov r12, PIXELS_3
    vmov lr, REST
    ldr r9, [sp, #F_READ]
    bx r9
.Lread_lead:
    ldrsb r4, [r0]
    add r0, r0, r1
    sub r4, r4, r3
    lsl r4, r4, #LANE
    str r4, [r2], #4
.Lread_row:
    vmov r6, QUADS
    cbz r6, 3f
2:
    ldrsb r4, [r0]
    ldrsb r5, [r0, r1]
    ldrsb r7, [r0, r1, lsl #1]
    ldrsb r8, [r0, r12]
    add r0, r0, r1, lsl #2
    subs r6, #1
    add r4, r4, r5, lsl #LANE
    add r7, r7, r8, lsl #LANE
    sub r4, r4, r3
    sub r7, r7, r3
    str r4, [r2], #4
    str r7, [r2], #4
    bne 2b
3:
    bx lr
.Lrest_3:
    ldrsb r4, [r0]
    ldrsb r5, [r0, r1]
    add r0, r0, r1, lsl #1
    add r4, r4, r5, lsl #LANE
    sub r4, r4, r3
    str r4, [r2], #4
.Lrest_1:
    ldrsb r4, [r0]
    sub r4, r4, r3
    sbfx r4, r4, #0, #LANE
    str r4, [r2], #4
    b .Lrow_read
.Lrest_2:
    ldrsb r4, [r0]
    ldrsb r5, [r0, r1]
    add r0, r0, r1, lsl #1
    add r4, r4, r5, lsl #LANE
    sub r4, r4, r3
    str r4, [r2], #4
.Lrow_read:
    vmov r4, IN_STEP
    vmov r5, BAND_STEP
    subs r11, #1
    add r0, r0, r4
    add r2, r2, r5
    it ne
    bxne r9
    str r0, [sp, #F_NEXT_IN]
    mov r5, r10
    vmov r3, ABOVE

    /* A row of outputs. r3 ABOVE, r5 output. */
.Lrow:
    vmov OUT, r5
    vmov r4, BELOW
    vmov r5, BAND
    vmov lr, BAND_PITCH
    usat r8, #16, r3        /* Rows of the window above the input, */
    sub r9, r4, r3
    usat r9, #16, r9
    add r9, r9, r8          /* and below it. */
    sub r10, r8, r3         /* First row of the input under the window. */
    mla r0, r10, lr, r5
    WEIGHTS_OF r1, r8
    vmov SKIP, r9
    vmov r2, ENTRY
    vmov r3, ENTRY_BYTES
    mla r2, r9, r3, r2
    vmov r7, GROUPS
    cbnz r7, 1f
    START_GROUP
    /* The first of some groups. */
1:
    vmov LEFT, r7
    vmov X, r0
    vmov W, r1
    vmov r4, OUT
    vmov OUT_ROW, r4
    START_GROUP

    .balign 4
.Lrest:
    .byte 0, .Lrow_read - .Lrest_1, .Lrow_read - .Lrest_2, .Lrow_read - .Lrest_3

    /* By sums and words of a group: from one word more than sums on. */
    .balign 4
.Ltable:
#if PAIRS == 4
    TABLE_ENTRY 1, 2
    TABLE_ENTRY 1, 3
    TABLE_ENTRY 1, 4
    TABLE_ENTRY 2, 3
    TABLE_ENTRY 2, 4
    TABLE_ENTRY 2, 5
    TABLE_ENTRY 3, 4
    TABLE_ENTRY 3, 5
    TABLE_ENTRY 3, 6
#else
    TABLE_ENTRY 1, 2
    TABLE_ENTRY 1, 3
    TABLE_ENTRY 2, 3
    TABLE_ENTRY 2, 4
    TABLE_ENTRY 3, 4
    TABLE_ENTRY 3, 5
#endif

    MULTIPLY 1, 2, 1
    b .Lfinish_1
#if PAIRS == 4
    MULTIPLY 1, 3, 0
    b .Lfinish_1
#endif
    MULTIPLY 1, MOST_1, 0
.Lfinish_1:
    LOAD_REQUANTIZATION
    EVEN r4, r5
    REQUANTIZE r4
    vmov r0, OUT
    vmov r1, PIXEL
    vmov r2, LAST_EVEN
    strb r4, [r0, r2]
    vmov r5, GROUPS
    cmp r5, #0
    bne .Lbefore
    b .Lrow_end

#if PAIRS == 4
    MULTIPLY 2, 4, 0
    b .Lfinish_2
#endif
    MULTIPLY 2, MOST_2, 0
    b .Lfinish_2
    MULTIPLY 2, 3, 1
.Lfinish_2:
    LOAD_REQUANTIZATION
    EVEN r4, r5
    ODD r5, r6
    EVEN r6, r7
    REQUANTIZE r4
    REQUANTIZE r5
    REQUANTIZE r6
    vmov r0, OUT
    vmov r1, PIXEL
    vmov r2, LAST_EVEN
    strb r6, [r0, r2]
    strb r5, [r0, r1]
    strb r4, [r0]
    vmov r5, GROUPS
    cbnz r5, .Lbefore
    NEXT_ROW
    b .Lfill_again

    /* Ends the row with the output before the last group's first sum. */
.Lbefore:
    OUTPUT_BEFORE
    vmov r0, OUT_ROW
.Lrow_end:
    NEXT_ROW
    b .Lfill_again

#if PAIRS == 4
    MULTIPLY 3, 5, 0
    b .Lfinish_3
#endif
    MULTIPLY 3, 4, 1
.Lfinish_3:
    LOAD_REQUANTIZATION
    FIVE_OUTPUTS
    vmov r2, LAST_EVEN
    strb r8, [r0, r2]
    strb r7, [r0, lr]
    strb r6, [r0, r1, lsl #1]
    strb r5, [r0, r1]
    strb r4, [r0]
    vmov r5, GROUPS
    cmp r5, #0
    bne .Lbefore
    NEXT_ROW

    /* Fills the band again, with the rows that are still needed at its start. */
.Lfill_again:
    ldr r0, [sp, #F_LAST_ABOVE]
    cmp r3, r0
    beq .Lchannel_end
    mov r10, r5
    rsb r3, r3, #0     /* Rows from here, */
    ldr r7, [sp, #F_BASE]
    ldr r5, [sp, #F_END]
    vmov r2, BAND
    vmov r6, BAND_PITCH
    mla r0, r3, r6, r2
    mla r1, r7, r6, r2 /* to here, */
    sub r8, r5, r3
    mul r8, r8, r6     /* so many bytes. */
    sub r4, r1, r0
    add r2, r2, r4
    vmov BAND, r2
1:
    ldr r4, [r0], #4
    str r4, [r1], #4
    subs r8, #4
    bne 1b
    mov r4, r3
    ldr r0, [sp, #F_NEXT_IN]
    b .Lfill

    /* Full groups, sometimes also the last. */
    MULTIPLY 3, MOST_3, 1
    vmov r2, LEFT
    cmp r2, #0
    beq .Lfinish_3
    LOAD_REQUANTIZATION
    FIVE_OUTPUTS
    strb r8, [r0, r1, lsl #2]
    strb r7, [r0, lr]
    strb r6, [r0, r1, lsl #1]
    strb r5, [r0, r1]
    strb r4, [r0]
    vmov r6, LEFT
    vmov r5, GROUPS
    cmp r5, r6
    beq 1f
    OUTPUT_BEFORE
1:
    asr r9, r9, #(2 * LANE - 32)
    vmov CARRY, r9
    subs r6, #1
    vmov LEFT, r6
    add r0, r0, r1, lsl #2
    add r0, r0, r1, lsl #1
    vmov OUT, r0
    vmov r0, X
    vmov r1, W
    vmov r4, SKIP
    vmov lr, BAND_PITCH
    add.w r0, r0, #(4 * GROUP_SUMS)
    vmov X, r0
    beq 2f
    vmov r2, ENTRY
    vmov r3, ENTRY_BYTES
    mla r2, r4, r3, r2
    START_GROUP
2:
    ldr r2, [sp, #F_LAST_ENTRY]
    ldr r3, [sp, #F_LAST_BYTES]
    mla r2, r4, r3, r2
    START_GROUP

.Lchannel_end:
    ldr r0, [sp, #F_IN]
    ldr r1, [sp, #F_OUT]
    ldr r2, [sp, #F_LAST_IN]
    adds r0, #1
    adds r1, #1
    str r0, [sp, #F_IN]
    str r1, [sp, #F_OUT]
    cmp r0, r2
    bne .Lchannel
    add sp, #F_SIZE
    vpop {s16-s30}
    pop {r4-r11, pc}
    .size KERNEL, . - KERNEL
