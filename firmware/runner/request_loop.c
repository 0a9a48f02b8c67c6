#include "firmware/runner/request_loop.h"

#include <stdbool.h>
#include <stddef.h>

#include "firmware/runner/board.h"
#include "firmware/runner/cache.h"
#include "firmware/runner/core_registers.h"
#include "firmware/runner/crc32.h"
#include "firmware/runner/image.h"
#include "firmware/runner/mailbox_access.h"
#include "firmware/runner/run.h"
#include "firmware/runner/stack.h"
#include "firmware/runner/timing.h"

#define WAKE_UPS_PER_SECOND 1000u

static volatile bl_mailbox* const mailbox = &bl_the_mailbox;

static void start_tick(void) {
  BL_SYST_RVR = bl_board_systick_hz / WAKE_UPS_PER_SECOND - 1;
  BL_SYST_CVR = 0;
  BL_SYST_CSR = BL_SYST_CORE_CLOCK | BL_SYST_TICKINT | BL_SYST_ENABLE;
}

/* No interrupt may fall into a run. */
static void stop_tick(void) {
  BL_SYST_CSR = 0;
  BL_SCB_ICSR = BL_ICSR_PENDSTCLR;
  bl_barrier();
}

static void sleep_until_request(uint32_t finished_sequence) {
  start_tick();
  while (true) {
    bl_cache_flush(); /* The probe may have written past the cache. */
    if (mailbox->request_sequence != finished_sequence) break;
    __asm volatile("wfi");
  }
  stop_tick();
}

static bl_ram_range largest_free_range(void) {
  const bl_image* image = &bl_image_description;
  bl_ram_range largest = {NULL, NULL};
  for (uint32_t i = 0; i < image->free_range_count; ++i) {
    const bl_ram_range range = image->free_ranges[i];
    if (range.end - range.begin > largest.end - largest.begin) largest = range;
  }
  return largest;
}

/* Tells the agent where it may put an image for `network`. A candidate's call table occupies the
 * free RAM, so that only a resident input can take an image then. */
static void set_image_space(const bl_network* network) {
  mailbox->image_address = 0;
  mailbox->image_capacity = 0;
  if (network == NULL) return;
  if (network->input != NULL) {
    mailbox->image_address = (uint32_t)network->input;
    mailbox->image_capacity = bl_input_bytes(network);
  } else if (network == bl_image_description.network) {
    const bl_ram_range range = largest_free_range();
    mailbox->image_address = (uint32_t)range.begin;
    mailbox->image_capacity = (uint32_t)(range.end - range.begin);
  }
}

static void fill_in_facts(void) {
  const bl_image* image = &bl_image_description;
  mailbox->magic = BL_MAILBOX_MAGIC;
  mailbox->version = BL_MAILBOX_VERSION;
  mailbox->bytes = sizeof(bl_mailbox);
  mailbox->engine_version = BL_ENGINE_VERSION;
  mailbox->clock_hz = image->clock_hz;
  mailbox->timing = image->timing;
  mailbox->stack_base = (uint32_t)bl_stack_begin;
  mailbox->stack_bytes = (uint32_t)((uint8_t*)bl_stack_end - (uint8_t*)bl_stack_begin);
  mailbox->step_cycles_address = (uint32_t)image->step_cycles;
  mailbox->step_cycles_capacity = image->step_capacity;
  set_image_space(image->network);
}

/* NULL when there is none, or one that another engine version would run. */
static const bl_network* requested_network(void) {
  const bl_network* network = bl_image_description.network;
  if (mailbox->network != 0) network = (const bl_network*)mailbox->network;
  if (network == NULL || network->engine_version != BL_ENGINE_VERSION) return NULL;
  return network;
}

/* BL_RESULT_OK when the request can be executed. */
static uint32_t check_request(const bl_network* network) {
  if (network == NULL) return BL_RESULT_BAD_NETWORK;
  const uint32_t command = mailbox->command;
  const uint32_t runs = mailbox->runs;
  const uint32_t warmup_runs = mailbox->warmup_runs;
  if (command != BL_COMMAND_RUN_PATTERN && command != BL_COMMAND_RUN_IMAGE) {
    return BL_RESULT_BAD_REQUEST;
  }
  if (runs < 1 || runs > BL_MAX_RUNS || warmup_runs > BL_MAX_RUNS) return BL_RESULT_BAD_REQUEST;
  if (command == BL_COMMAND_RUN_PATTERN) return BL_RESULT_OK;
  if (network->input != NULL && (runs != 1 || warmup_runs != 0)) return BL_RESULT_BAD_REQUEST;
  return mailbox->image_capacity < bl_input_bytes(network) ? BL_RESULT_NO_IMAGE_SPACE
                                                           : BL_RESULT_OK;
}

static void clear_result(void) {
  mailbox->output_address = 0;
  mailbox->output_bytes = 0;
  mailbox->output_crc32 = 0;
  mailbox->laps_per_run = 0;
  for (uint32_t i = 0; i < BL_MAX_RUNS; ++i) mailbox->run_cycles[i] = 0;
  bl_timing_clear();
}

static void execute(const bl_network* network) {
  const bl_input_source source = {
      mailbox->command == BL_COMMAND_RUN_IMAGE ? (const int8_t*)mailbox->image_address : NULL,
      mailbox->pattern_seed};
  const uint32_t runs = mailbox->runs; /* Read once: the probe can write while we run. */
  const uint32_t warmup_runs = mailbox->warmup_runs;
  for (uint32_t i = 0; i < warmup_runs; ++i) bl_run(network, &source, false);
  for (uint32_t i = 0; i < runs; ++i) mailbox->run_cycles[i] = bl_run(network, &source, true);
  const uint32_t output_bytes = (uint32_t)network->output_bytes;
  mailbox->output_address = (uint32_t)network->output;
  mailbox->output_bytes = output_bytes;
  mailbox->output_crc32 = ~bl_crc32_update(BL_CRC32_START, network->output, output_bytes);
  mailbox->laps_per_run = bl_laps();
}

static void handle_request(void) {
  bl_mailbox_set_state(BL_STATE_RUNNING);
  const bl_network* network = requested_network();
  clear_result();
  set_image_space(network);
  const uint32_t result = check_request(network);
  if (result == BL_RESULT_OK) execute(network);
  mailbox->result = result;
  mailbox->stack_used = bl_stack_used();
}

void bl_serve_requests(void) {
  bl_mailbox_set_state(BL_STATE_BOOTING);
  bl_timing_init();
  fill_in_facts();
  uint32_t finished_sequence = 0;
  bl_mailbox_set_state(BL_STATE_READY);
  while (true) {
    sleep_until_request(finished_sequence);
    finished_sequence = mailbox->request_sequence;
    handle_request();
    mailbox->result_sequence = finished_sequence;
    bl_mailbox_publish(BL_STATE_DONE);
  }
}
