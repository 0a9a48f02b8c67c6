/* The MPU: everything outside the image's regions faults. */
#ifndef BOARDLOOP_FIRMWARE_RUNNER_MEMORY_PROTECTION_H_
#define BOARDLOOP_FIRMWARE_RUNNER_MEMORY_PROTECTION_H_

/* Programs the regions of bl_image_description and switches the MPU on, without the default map:
 * QEMU's machines have more memory than the chips, and silicon aliases some. */
void bl_protect_memory(void);

#endif /* BOARDLOOP_FIRMWARE_RUNNER_MEMORY_PROTECTION_H_ */
