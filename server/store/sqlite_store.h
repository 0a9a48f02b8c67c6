// The store on SQLite: one file, one connection, one thread.
//
// Callers hand their functions to the thread. It takes all that wait, runs each in a savepoint of one transaction,
// commits that once, and wakes them: one wait for the disk serves many callers. Reads are run between
// transactions, so that they see durable rows only and wait for no disk of their own.
//
// Invariants beside those of store.h:
//   (1) There is one connection, and no other process has one: two can corrupt a WAL database in versions of SQLite up to 3.51.2
//       (docs/decisions/0090-sqlite.md).
//   (2) When the disk refuses to say whether a commit is durable, nothing is committed any more until the database is
//       opened again, which reads what is really there.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/commit_queue.h"
#include "server/store/database_lock.h"
#include "server/store/online_backup.h"
#include "server/store/sqlite_database.h"
#include "server/store/store.h"

namespace boardloop {

// One commit, for metrics.
struct CommitStats {
  absl::Duration work;    // Of all functions.
  absl::Duration commit;  // Until it was durable.
  int64_t calls = 0;  // Functions of the commit, those that failed included; at least one did not.
  bool committed = true;
};

class SqliteStore final : public Store {
 public:
  struct Options {
    // Functions of one commit: bounds what a caller waits for others.
    int32_t max_batch = 64;
    // Pages of the log (4 KiB each) after which they are moved into the database: bounds the log and the time of opening.
    int32_t checkpoint_pages = 1000;
    // Pages (4 KiB each) that a backup copies before others have their turn: about a millisecond.
    int32_t backup_pages = 256;
    // Called after each commit, before its callers go on, by the thread that all wait for: must be quick, and not call the store.
    std::function<void(const CommitStats&)> on_commit;
  };

  // Opens the database at `path`, makes it if there is none, and brings an older version up to date.
  //
  // FAILED_PRECONDITION  another process has it; it is of a newer version, or of another program; read-only
  // NOT_FOUND            there is no such folder
  // DATA_LOSS            not a database, or a damaged one
  // RESOURCE_EXHAUSTED   the disk is full
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(const std::string& path,
                                                           const Options& options);

  // No call is in progress.
  ~SqliteStore() override;

  // The error of `work`, or that of the database: RESOURCE_EXHAUSTED for a full disk (usable again once there is
  // space), UNAVAILABLE for a disk that fails, DATA_LOSS for a damaged database.
  absl::Status Run(const Work& work) override;
  // FAILED_PRECONDITION from within `work` for what would write.
  absl::Status Read(const Work& work) override;
  // ALREADY_EXISTS  there is something at `path`
  // NOT_FOUND, RESOURCE_EXHAUSTED, FAILED_PRECONDITION as in Open
  absl::Status Backup(const std::string& path) override;

 private:
  SqliteStore(std::string path, const Options& options, DatabaseLock lock,
              std::unique_ptr<SqliteDatabase> db);

  // ---- On the thread.
  void Loop();
  void RunReads(const std::vector<CommitQueue::Call*>& calls);
  void RunWrites(const std::vector<CommitQueue::Call*>& calls);
  // One transaction of the calls from `begin` on; fills their statuses. Returns the end of those that it has run, which
  // is before the end of `calls` only when SQLite gave the transaction up.
  size_t Commit(const std::vector<CommitQueue::Call*>& calls, size_t begin,
                std::vector<absl::Status>* statuses);
  absl::Status RunWork(const Work& work);
  absl::Status RunInSavepoint(const Work& work);
  absl::Status EndTransaction();
  void Checkpoint();
  void AdvanceBackup();
  // Nothing is trusted any more after an error that leaves the disk unknown.
  void NoteCode(int code);

  const std::string path_;
  const Options options_;
  CommitQueue queue_;

  // The thread's own, once it runs. The lock is given back after the connection is closed.
  DatabaseLock lock_;
  std::unique_ptr<SqliteDatabase> db_;
  absl::Status broken_;       // Not OK: invariant (2).
  int log_pages_ = 0;         // Of the write-ahead log.
  bool log_is_kept_ = false;  // The last checkpoint failed, and was reported.
  std::deque<CommitQueue::Call*> backups_;
  std::unique_ptr<OnlineBackup> backup_;  // Of the first of them.

  std::thread thread_;
};

}  // namespace boardloop
