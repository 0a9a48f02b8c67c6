/* The runner's life: wait for a request in the mailbox, execute it, publish the result. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_REQUEST_LOOP_H_
#define BOARDLOOP_FIRMWARE_RUNNER_REQUEST_LOOP_H_

__attribute__((noreturn)) void bl_serve_requests(void);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_REQUEST_LOOP_H_ */
