/* The stack of the program: painted at reset, so that its high-water mark can be read. Exception
 * handlers have a stack of their own: a fault can be recorded after this one has overflowed. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_STACK_H_
#define BOARDLOOP_FIRMWARE_RUNNER_STACK_H_

#include <stdint.h>

#define BL_STACK_PAINT 0xB10CB10Cu

/* Bytes used since reset. */
uint32_t bl_stack_used(void);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_STACK_H_ */
