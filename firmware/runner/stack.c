#include "firmware/runner/stack.h"

#include "firmware/runner/image.h"

uint32_t bl_stack_used(void) {
  const volatile uint32_t* word = bl_stack_begin;
  while (word < bl_stack_end && *word == BL_STACK_PAINT) ++word;
  return (uint32_t)((const volatile uint8_t*)bl_stack_end - (const volatile uint8_t*)word);
}
