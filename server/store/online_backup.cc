#include "server/store/online_backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "server/store/file_system.h"
#include "server/store/sqlite_error.h"

namespace boardloop {

absl::StatusOr<std::unique_ptr<OnlineBackup>> OnlineBackup::Start(SqliteDatabase& source,
                                                                  const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) == 0) return FileError(EEXIST, "cannot create", path);
  // Our pid: a partial file of another process is not ours to overwrite, one of our own is left from before.
  const std::string partial = absl::StrFormat("%s.partial-%d", path, getpid());
  unlink(partial.c_str());
  const int fd = open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) return FileError(errno, "cannot create", partial);
  close(fd);
  std::unique_ptr<OnlineBackup> backup(new OnlineBackup(path, partial));
  BL_RETURN_IF_ERROR(Annotate(backup->Begin(source), "backup to " + path));
  return backup;
}

absl::Status OnlineBackup::Begin(SqliteDatabase& source) {
  BL_ASSIGN_OR_RETURN(target_, SqliteDatabase::Open(partial_, SqliteDatabase::Mode::kExisting));
  // It is synced once, when it is complete, and thrown away when it is not.
  BL_RETURN_IF_ERROR(target_->Execute("PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"));
  backup_.reset(sqlite3_backup_init(target_->handle(), "main", source.handle(), "main"));
  if (backup_ != nullptr) return absl::OkStatus();
  return SqliteError(target_->handle(), target_->last_code(), "cannot begin");
}

OnlineBackup::~OnlineBackup() {
  backup_ = nullptr;
  target_ = nullptr;
  unlink(partial_.c_str());  // Not there when it was completed.
}

absl::StatusOr<bool> OnlineBackup::Step(int pages) {
  const int code = sqlite3_backup_step(backup_.get(), pages);
  if (code == SQLITE_OK) return false;
  if (code != SQLITE_DONE) return SqliteError(target_->handle(), code, "backup to " + path_);
  BL_RETURN_IF_ERROR(Annotate(Complete(), "backup to " + path_));
  return true;
}

absl::Status OnlineBackup::Complete() {
  backup_ = nullptr;
  target_ = nullptr;
  BL_RETURN_IF_ERROR(SyncFile(partial_));
  BL_RETURN_IF_ERROR(RenameToNew(partial_, path_));
  return SyncFile(FolderOf(path_));
}

}  // namespace boardloop
