/* The cycle plugin: runs inside QEMU, counts what the core executes, and records the marks.
 *
 * A translated block is summed up as segments: the first begins with the block, a further one after
 * each mark and after each branch inside the block. A segment is added when the core enters it, so
 * that at a mark the count is exact in the middle of a block.
 *
 * QEMU executes a block to its end unless an instruction in it faults or hits a watchpoint: then
 * the count is too high by the rest of that segment. Nothing else cuts a segment: interrupts and
 * halts wait for the end of a block.
 *
 * Arguments: shm=PATH (a bl_cycle_record), core=4|7, refill=N, udiv=N, scratch=ADDRESS of the word
 * where the probe runs instructions of its own on the core, which do not count. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device-agent/virtual/cycles/cycle_model.h"
#include "device-agent/virtual/cycles/cycle_record.h"
#include "device-agent/virtual/cycles/qemu_plugin_api.h"

#define EXPORT __attribute__((visibility("default")))
EXPORT int qemu_plugin_version = 1;

typedef struct point {
  bl_segment segment;
  struct point* allocated_before;
  uint32_t mark; /* The mark at which the segment begins: BL_MARK_BEGIN, BL_MARK_LAP or 0. */
} point;

/* QEMU's virtual boards have one core: what runs at execution needs no lock. */
static bl_cycle_model model = {BL_MODEL_CORTEX_M4, 2, 7};
static bl_cycle_count count;
static bl_cycle_record* record;
static uint64_t scratch = UINT64_MAX;
static uint64_t mark_instructions, mark_cycles; /* The count at the last mark. */
static uint32_t marks_since_clear;
static point* points; /* Of the translated blocks; freed when QEMU drops all blocks. */

static uint32_t saturated(uint64_t value) {
  return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void follow_clear(void) {
  const uint32_t requested = __atomic_load_n(&record->clear_requested, __ATOMIC_ACQUIRE);
  if (requested == __atomic_load_n(&record->clear_done, __ATOMIC_RELAXED)) return;
  marks_since_clear = 0;
  __atomic_store_n(&record->entries, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&record->dropped, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&record->clear_done, requested, __ATOMIC_RELEASE);
}

/* The core stops here for ever. QEMU's other thread goes on, so memory stays readable, as it does
 * for a core that waits on its bus. */
static void hang(void) {
  __atomic_store_n(&record->hung, 1, __ATOMIC_RELEASE);
  for (;;) pause();
}

static void follow_faults(void) {
  marks_since_clear++;
  if (__atomic_load_n(&record->hang_at, __ATOMIC_ACQUIRE) == marks_since_clear) hang();
  if (__atomic_load_n(&record->abort_at, __ATOMIC_ACQUIRE) == marks_since_clear) abort();
}

static void add_mark(uint32_t kind) {
  follow_clear();
  const uint32_t at = __atomic_load_n(&record->entries, __ATOMIC_RELAXED);
  if (at < BL_RECORD_CAPACITY) {
    bl_mark* mark = &record->marks[at];
    const bool laps = kind == BL_MARK_LAP;
    mark->cycles = laps ? saturated(count.cycles - mark_cycles) : 0;
    mark->instructions = laps ? saturated(count.instructions - mark_instructions) : 0;
    mark->kind = kind;
    __atomic_store_n(&record->entries, at + 1, __ATOMIC_RELEASE);
  } else {
    const uint32_t dropped = __atomic_load_n(&record->dropped, __ATOMIC_RELAXED);
    __atomic_store_n(&record->dropped, dropped + 1, __ATOMIC_RELEASE);
  }
  mark_cycles = count.cycles;
  mark_instructions = count.instructions;
  follow_faults();
}

static void on_segment(unsigned int cpu, void* data) {
  (void)cpu;
  const point* entered = data;
  if (entered->mark != 0) add_mark(entered->mark);
  bl_count_segment(&model, &count, &entered->segment);
}

static point* new_point(uint32_t start, uint32_t mark) {
  point* p = malloc(sizeof *p);
  if (p == NULL) abort();
  bl_segment_begin(&p->segment, start);
  p->mark = mark;
  p->allocated_before = points;
  points = p;
  return p;
}

/* By the encoding. QEMU 7.2's own number is 4 for a short instruction just before the last one of a
 * page: it has looked at whether that one crosses the page, and counts those bytes to this one. */
static uint32_t size_of(const uint8_t* code) { return code[1] >> 3 >= 0x1d ? 4 : 2; }

static uint32_t mark_of(const uint8_t* code) {
  const unsigned opcode = code[0] | (unsigned)code[1] << 8;
  if (opcode == BL_MARK_BEGIN_OPCODE) return BL_MARK_BEGIN;
  return opcode == BL_MARK_LAP_OPCODE ? BL_MARK_LAP : 0;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb* block) {
  (void)id;
  const uint32_t start = (uint32_t)qemu_plugin_tb_vaddr(block);
  if (start == scratch) return;
  point* current = new_point(start, 0);
  qemu_plugin_register_vcpu_tb_exec_cb(block, on_segment, QEMU_PLUGIN_CB_NO_REGS, current);
  const size_t instructions = qemu_plugin_tb_n_insns(block);
  for (size_t i = 0; i < instructions; i++) {
    struct qemu_plugin_insn* instruction = qemu_plugin_tb_get_insn(block, i);
    const uint8_t* code = qemu_plugin_insn_data(instruction);
    const uint32_t size = size_of(code);
    const uint32_t address = (uint32_t)qemu_plugin_insn_vaddr(instruction);
    const uint32_t next = address + size;
    const uint32_t mark = mark_of(code);
    if (current->segment.branch != BL_NO_BRANCH) {
      current = new_point(address, 0);
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_segment, QEMU_PLUGIN_CB_NO_REGS,
                                             current);
    }
    if (mark != 0) { /* The mark itself costs nothing. */
      current = new_point(next, mark);
      qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_segment, QEMU_PLUGIN_CB_NO_REGS,
                                             current);
      continue;
    }
    const bl_instruction decoded = bl_decode(&model, code, size);
    bl_segment_add(&model, &current->segment, &decoded, next);
  }
}

static void on_flush(qemu_plugin_id_t id) {
  (void)id;
  while (points != NULL) {
    point* p = points;
    points = p->allocated_before;
    free(p);
  }
}

static bool map_record(const char* path) {
  const int file = open(path, O_RDWR | O_CLOEXEC);
  if (file < 0) return false;
  void* mapped = mmap(NULL, sizeof *record, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return false;
  record = mapped;
  return record->layout == BL_RECORD_LAYOUT;
}

static bool take_argument(const char* argument) {
  const char* value = strchr(argument, '=');
  if (value == NULL) return false;
  const size_t name = (size_t)(value++ - argument);
  if (strncmp(argument, "shm", name) == 0) return map_record(value);
  const unsigned long number = strtoul(value, NULL, 0);
  if (strncmp(argument, "core", name) == 0) {
    model.core = (uint32_t)number;
  } else if (strncmp(argument, "refill", name) == 0) {
    model.refill = (uint32_t)number;
  } else if (strncmp(argument, "udiv", name) == 0) {
    model.udiv = (uint32_t)number;
  } else if (strncmp(argument, "scratch", name) == 0) {
    scratch = number;
  } else {
    return false;
  }
  return true;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int argc,
                               char** argv) {
  (void)info;
  for (int i = 0; i < argc; i++) {
    if (!take_argument(argv[i])) {
      fprintf(stderr, "cycle plugin: cannot use argument \"%s\"\n", argv[i]);
      return -1;
    }
  }
  if (record == NULL) {
    fprintf(stderr, "cycle plugin: needs shm=PATH\n");
    return -1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_flush_cb(id, on_flush);
  return 0;
}
