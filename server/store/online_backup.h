// A copy of a database that is being written, made in steps.
//
// Writers go on between steps: SQLite carries what the same connection changes into the copy, so that it is the state
// at the last step. The copy has its name only once it is complete and on the disk.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_database.h"

namespace boardloop {

class OnlineBackup {
 public:
  // `source` outlives the backup, and uses it outside transactions only.
  //
  // ALREADY_EXISTS       there is something at `path`
  // NOT_FOUND            there is no such folder
  // FAILED_PRECONDITION  read-only
  // RESOURCE_EXHAUSTED   the disk is full
  static absl::StatusOr<std::unique_ptr<OnlineBackup>> Start(SqliteDatabase& source,
                                                             const std::string& path);
  // Removes what is not complete.
  ~OnlineBackup();

  // Copies the next `pages`; true: the copy is complete. After an error the backup has failed.
  absl::StatusOr<bool> Step(int pages);

 private:
  struct BackupDeleter {
    void operator()(sqlite3_backup* backup) const { sqlite3_backup_finish(backup); }
  };

  OnlineBackup(std::string path, std::string partial)
      : path_(std::move(path)), partial_(std::move(partial)) {}

  absl::Status Begin(SqliteDatabase& source);
  absl::Status Complete();

  const std::string path_;
  const std::string partial_;  // Where it lies until it is complete.
  std::unique_ptr<SqliteDatabase> target_;
  std::unique_ptr<sqlite3_backup, BackupDeleter> backup_;
};

}  // namespace boardloop
