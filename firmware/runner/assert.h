/* Assertions that leave a record in the mailbox and stop the program. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_ASSERT_H_
#define BOARDLOOP_FIRMWARE_RUNNER_ASSERT_H_

#include <stdint.h>

#define bl_assert(condition) ((condition) ? (void)0 : bl_assert_failed(__LINE__))

__attribute__((noreturn)) void bl_assert_failed(uint32_t line);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_ASSERT_H_ */
