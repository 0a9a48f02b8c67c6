// Faults of the disk, for the whole process that links this: its pwrite, fsync and fdatasync go through here, those of
// libraries included. Without a fault they do what the system's do.
//
// The power cut is that of a disk with a cache: what was written and not synced may be lost, any part of it. Names,
// lengths set and files removed are taken to be durable at once.
#pragma once

#include <cstdint>

namespace boardloop {

class DiskFaults {
 public:
  enum class Loss {
    kNothing,   // The process was killed, the machine goes on.
    kUnsynced,  // The power was cut: all that was not synced is lost.
    kSomeUnsynced,  // Every other write that was not synced is lost: the disk wrote the later one first.
  };

  // While one lives, faults may be set; at its end there are none.
  DiskFaults();
  ~DiskFaults();
  DiskFaults(const DiskFaults&) = delete;
  DiskFaults& operator=(const DiskFaults&) = delete;

  // Every write (sync) fails with this errno; 0: none.
  void FailWrites(int error);
  void FailSyncs(int error);
  // Syncs are counted and not done, for tests that need them for their order only.
  void SkipSyncs();
  // The process ends at its n-th write or sync from now on, 1 being the next: before a sync, in the middle of a write.
  void KillAtCall(int64_t n, Loss loss = Loss::kNothing);

  // Calls since this object was made.
  int64_t writes() const;
  int64_t syncs() const;
};

}  // namespace boardloop
