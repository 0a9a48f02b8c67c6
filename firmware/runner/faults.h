/* Faults: each leaves a record in the mailbox (mailbox.h), then the core sleeps until a reset. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_FAULTS_H_
#define BOARDLOOP_FIRMWARE_RUNNER_FAULTS_H_

/* Switches on MemManage, BusFault and UsageFault (else all of them are HardFaults), and traps
 * division by zero. */
void bl_enable_faults(void);

/* The vector of HardFault, MemManage, BusFault, UsageFault and of what should never happen. */
void bl_fault_handler(void);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_FAULTS_H_ */
