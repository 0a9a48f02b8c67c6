// Faults of the disk, for the whole process that links this: its pwrite, fsync and fdatasync go through here, those of
// libraries included. Without a fault they do what the system's do.
#pragma once

#include <cstdint>

namespace boardloop {

class DiskFaults {
 public:
  // While one lives, faults may be set; at its end there are none.
  DiskFaults();
  ~DiskFaults();
  DiskFaults(const DiskFaults&) = delete;
  DiskFaults& operator=(const DiskFaults&) = delete;

  // Every write (sync) fails with this errno; 0: none.
  void FailWrites(int error);
  void FailSyncs(int error);
  // The process ends as by a power switch at its n-th write or sync from now on, 1 being the next: before a sync, in the
  // middle of a write.
  void KillAtCall(int64_t n);

  // Calls since this object was made.
  int64_t writes() const;
  int64_t syncs() const;
};

}  // namespace boardloop
