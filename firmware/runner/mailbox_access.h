/* The runner's side of the mailbox. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_MAILBOX_ACCESS_H_
#define BOARDLOOP_FIRMWARE_RUNNER_MAILBOX_ACCESS_H_

#include "firmware/runner/mailbox.h"

/* Its symbol has the name of its type, which C does not allow a variable. */
extern volatile bl_mailbox bl_the_mailbox __asm__("bl_mailbox");

/* Fills in the CRC for `state` and then sets it, as the last write: what the agent sees with DONE
 * or FAULTED is complete. */
void bl_mailbox_publish(uint32_t state);

/* Sets a state that carries no result. */
void bl_mailbox_set_state(uint32_t state);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_MAILBOX_ACCESS_H_ */
