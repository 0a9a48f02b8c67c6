/* The engine's calling convention: how generated code, the resident image and the host call an int8
 * kernel, and how a program of such calls runs.
 *
 * Every kernel is a function of one pointer, to a constant struct whose first member is a
 * bl_geometry; its other members are the kernel's own (kernels.h). A network is then a list of calls
 * whose parameters are constant data: in flash for a generated program, in RAM for a candidate that
 * the resident image runs.
 *
 * Invariants:
 *   (1) Every member of every parameter struct is one pointer or one int32_t. On a 32-bit target
 *       a struct is an array of 32-bit words without padding, which firmware/codegen writes as such.
 *   (2) Shapes and parameters have been checked by the generator: kernels cannot fail.
 *   (3) A kernel reads and writes only the tensors, scratch and data that it is given.
 *   (4) Equal to core/quant bit for bit, portable and DSP alike. */
#ifndef BOARDLOOP_FIRMWARE_ENGINE_ENGINE_H_
#define BOARDLOOP_FIRMWARE_ENGINE_ENGINE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever results, packings or parameter structs change. */
#define BL_ENGINE_VERSION 1

/* Tensors are HWC, channels innermost, int8. A view is a window of rows and columns of a tensor: its
 * rows lie `pitch` bytes apart, its pixels touch. In the patch stage, views are tiles. */
typedef struct {
  const int8_t* input; /* First element of the view. */
  const int8_t*
      second;     /* Second operand of ADD and MUL, shortcut of a fused convolution; or NULL. */
  int8_t* output; /* May equal `input` or `second` where the plan computes in place. */
  void* scratch;  /* 4-byte aligned; NULL when scratch_bytes is 0. */
  int32_t scratch_bytes;
  int32_t input_height, input_width, input_channels;
  int32_t output_height, output_width, output_channels;
  int32_t input_pitch, second_pitch, output_pitch; /* Bytes from a row to the next. */
  /* Rows above and columns left of the input's first that the first window covers. Windows past the
   * last row or column see padding too. */
  int32_t pad_top, pad_left;
} bl_geometry;

typedef void (*bl_kernel)(const void* params);

/* What one row (column) of the grid of tiles changes in a call's geometry. Positions are relative to
 * the tensor's buffer: the whole tensor, or its tile. */
typedef struct {
  int32_t input_first, input_count;
  int32_t second_first;
  int32_t output_first, output_count;
  int32_t pad; /* Above (left of) the first input row (column). */
  int32_t input_pitch, second_pitch, output_pitch; /* Columns only; 0 in rows. */
} bl_tile_axis;

typedef struct {
  bl_kernel kernel;
  const void* params;          /* Struct of the kernel; in a tiled stage the views' bases. */
  int32_t params_bytes;        /* At most BL_MAX_PARAMS_BYTES. */
  int32_t step;                /* Index of the plan's step, for profiles and fault reports. */
  const bl_tile_axis* rows;    /* [grid_rows], or NULL outside a tiled stage. */
  const bl_tile_axis* columns; /* [grid_columns] */
} bl_call;

#define BL_MAX_PARAMS_BYTES 192

/* Rows or columns of the network's input that a tile needs. */
typedef struct {
  int32_t first, count;
} bl_input_range;

/* Calls that run one after the other, once for each tile of a grid; 1 x 1 runs them once. */
typedef struct {
  const bl_call* calls;
  int32_t call_count;
  int32_t grid_rows, grid_columns;
  /* Streamed input: before a tile's calls, this window of the input is read into `input_buffer`,
   * rows touching. NULL where nothing is streamed. */
  const bl_input_range* input_rows;    /* [grid_rows] */
  const bl_input_range* input_columns; /* [grid_columns] */
  int8_t* input_buffer;
} bl_stage;

/* Gives the network the pixels [row, row + rows) x [column, column + columns) of its input, all
 * channels, HWC, into `destination`, rows touching. The same pixels may be asked for again. */
typedef void (*bl_read_input)(void* context, int32_t row, int32_t column, int32_t rows,
                              int32_t columns, int8_t* destination);

/* What the caller of a network provides; a member that is not needed is NULL. */
typedef struct {
  bl_read_input read_input; /* Needed for a streamed input. */
  void* context;            /* Handed to read_input. */
  void (*lap)(
      int32_t step); /* Called after each call: the time since the last belongs to `step`. */
} bl_hooks;

/* Runs the stage. Stack: BL_MAX_PARAMS_BYTES and the kernel's. */
void bl_run_stage(const bl_stage* stage, const bl_hooks* hooks);

/* A network as a measured program or an application sees it. */
typedef struct bl_network {
  int32_t engine_version; /* BL_ENGINE_VERSION of the generator. */
  int32_t step_count;
  int8_t* input; /* Resident input, filled by the caller before each run; NULL when streamed. */
  int32_t input_height, input_width, input_channels;
  const int8_t* output; /* Valid after a run, until the next. */
  int32_t output_bytes;
  /* Runs one inference. Generated code has its own; bl_run_stages goes through `stages`. */
  void (*run)(const struct bl_network* network, const bl_hooks* hooks);
  const bl_stage* stages;
  int32_t stage_count;
} bl_network;

void bl_run_stages(const bl_network* network, const bl_hooks* hooks);

#ifdef __cplusplus
}
#endif

#endif /* BOARDLOOP_FIRMWARE_ENGINE_ENGINE_H_ */
