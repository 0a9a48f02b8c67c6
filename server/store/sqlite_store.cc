#include "server/store/sqlite_store.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "glog/logging.h"
#include "server/store/file_system.h"
#include "server/store/migrations.h"
#include "server/store/open_database.h"
#include "server/store/sqlite_error.h"
#include "server/store/sqlite_transaction.h"

namespace boardloop {
namespace {

using Clock = std::chrono::steady_clock;

absl::Duration Since(Clock::time_point start) { return absl::FromChrono(Clock::now() - start); }

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path,
                                                               const Options& options) {
  CHECK_GT(options.max_batch, 0);
  CHECK_GT(options.backup_pages, 0);
  const std::string real_path = ResolveDatabasePath(path);
  BL_ASSIGN_OR_RETURN(DatabaseLock lock, DatabaseLock::Take(real_path));
  auto open = [&]() -> absl::StatusOr<std::unique_ptr<SqliteDatabase>> {
    BL_ASSIGN_OR_RETURN(std::unique_ptr<SqliteDatabase> db,
                        OpenDatabase(real_path, SqliteDatabase::Mode::kCreate));
    BL_RETURN_IF_ERROR(Migrate(*db, SchemaVersion()));
    // The file's name must be as durable as what is in it.
    BL_RETURN_IF_ERROR(SyncFile(FolderOf(real_path)));
    return db;
  };
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db = open();
  if (!db.ok()) return Annotate(db.status(), "database " + real_path);
  return std::unique_ptr<SqliteStore>(
      new SqliteStore(real_path, options, std::move(lock), *std::move(db)));
}

SqliteStore::SqliteStore(std::string path, const Options& options, DatabaseLock lock,
                         std::unique_ptr<SqliteDatabase> db)
    : path_(std::move(path)),
      options_(options),
      queue_(static_cast<size_t>(options.max_batch)),
      lock_(std::move(lock)),
      db_(std::move(db)) {
  // Counts the log's pages. We move them ourselves, after callers have been woken.
  sqlite3_wal_hook(
      db_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteStore*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  thread_ = std::thread([this] { Loop(); });
}

SqliteStore::~SqliteStore() {
  queue_.Close();
  thread_.join();
}

absl::Status SqliteStore::Run(const Work& work) {
  CHECK(std::this_thread::get_id() != thread_.get_id()) << "Store::Run within a transaction";
  std::vector<std::function<void()>> after;
  const Work keeping = [&](Transaction& tx) {
    absl::Status status = work(tx);
    after = tx.TakeAfterCommit();
    return status;
  };
  BL_RETURN_IF_ERROR(queue_.Run(CommitQueue::Kind::kWrite, keeping));
  for (const auto& run : after) run();
  return absl::OkStatus();
}

absl::Status SqliteStore::Read(const Work& work) {
  CHECK(std::this_thread::get_id() != thread_.get_id()) << "Store::Read within a transaction";
  return queue_.Run(CommitQueue::Kind::kRead, work);
}

absl::Status SqliteStore::Backup(const std::string& path) {
  CHECK(std::this_thread::get_id() != thread_.get_id()) << "Store::Backup within a transaction";
  return queue_.Backup(path);
}

void SqliteStore::Loop() {
  while (true) {
    const CommitQueue::Batch batch = queue_.Take(/*wait=*/backups_.empty());
    RunReads(batch.reads);
    RunWrites(batch.writes);
    if (log_pages_ >= options_.checkpoint_pages) Checkpoint();
    backups_.insert(backups_.end(), batch.backups.begin(), batch.backups.end());
    if (!backups_.empty()) AdvanceBackup();
    if (batch.closed && backups_.empty()) return;
  }
}

void SqliteStore::RunReads(const std::vector<CommitQueue::Call*>& calls) {
  for (CommitQueue::Call* call : calls) {
    absl::Status status = broken_;
    // A transaction, so that all that the function reads is of one state.
    if (status.ok()) status = db_->Run("BEGIN", {});
    if (status.ok()) {
      SqliteTransaction transaction(*db_, SqliteTransaction::Access::kRead);
      status = (*call->work)(transaction);
      if (db_->InTransaction()) status.Update(db_->Run("COMMIT", {}));
    }
    if (db_->InTransaction()) db_->Run("ROLLBACK", {}).IgnoreError();  // `status` says why.
    queue_.End(call, status);
  }
}

void SqliteStore::RunWrites(const std::vector<CommitQueue::Call*>& calls) {
  std::vector<absl::Status> statuses(calls.size());
  for (size_t done = 0; done < calls.size();) done = Commit(calls, done, &statuses);
  for (size_t i = 0; i < calls.size(); ++i) queue_.End(calls[i], statuses[i]);
}

size_t SqliteStore::Commit(const std::vector<CommitQueue::Call*>& calls, size_t begin,
                           std::vector<absl::Status>* statuses) {
  const Clock::time_point start = Clock::now();
  absl::Status transaction = broken_;
  if (transaction.ok()) transaction = db_->Run("BEGIN IMMEDIATE", {});
  if (!transaction.ok()) {  // For a reason that holds for all.
    std::fill(statuses->begin() + static_cast<std::ptrdiff_t>(begin), statuses->end(), transaction);
    return calls.size();
  }
  // The transaction itself undoes the only one: a savepoint would copy each page that it changes.
  const bool alone = calls.size() - begin == 1;
  size_t end = begin;
  bool any = false;
  while (transaction.ok() && end < calls.size()) {
    absl::Status& status = (*statuses)[end];
    const Work& work = *calls[end++]->work;
    status = alone ? RunWork(work) : RunInSavepoint(work);
    any |= status.ok();
    if (!db_->InTransaction()) transaction = status;  // SQLite has rolled everything back.
  }
  const Clock::time_point worked = Clock::now();
  // Undone pages are still to be written, as SQLite sees it: nobody waits for that.
  if (transaction.ok()) transaction = any ? EndTransaction() : db_->Run("ROLLBACK", {});
  if (options_.on_commit && any) {
    options_.on_commit({absl::FromChrono(worked - start), Since(worked),
                        static_cast<int64_t>(end - begin), transaction.ok()});
  }
  // Its own error says more to a caller than that of the commit.
  for (size_t i = begin; i < end; ++i) (*statuses)[i].Update(transaction);
  return end;
}

absl::Status SqliteStore::RunWork(const Work& work) {
  SqliteTransaction transaction(*db_, SqliteTransaction::Access::kWrite);
  absl::Status status = work(transaction);
  status.Update(transaction.failure());
  if (!db_->InTransaction()) {
    status.Update(absl::UnavailableError("SQLite has rolled the transaction back"));
  }
  return status;
}

absl::Status SqliteStore::RunInSavepoint(const Work& work) {
  BL_RETURN_IF_ERROR(db_->Run("SAVEPOINT work", {}));
  absl::Status status = RunWork(work);
  if (!db_->InTransaction()) return status;
  if (status.ok()) return db_->Run("RELEASE work", {});
  absl::Status undone = db_->Run("ROLLBACK TO work", {});
  if (undone.ok()) undone = db_->Run("RELEASE work", {});
  // What cannot be undone must not be committed with the others.
  if (!undone.ok() && db_->InTransaction()) db_->Run("ROLLBACK", {}).IgnoreError();
  return status;
}

absl::Status SqliteStore::EndTransaction() {
  absl::Status status = db_->Run("COMMIT", {});
  if (status.ok()) return status;
  NoteCode(db_->last_code());
  if (db_->InTransaction()) db_->Run("ROLLBACK", {}).IgnoreError();  // The first error counts.
  return Annotate(status, "nothing was stored");
}

void SqliteStore::NoteCode(int code) {
  if (!LeavesDiskUnknown(code) || !broken_.ok()) return;
  broken_ = absl::UnavailableError(absl::StrFormat(
      "database %s: the disk failed to sync (%s); what it holds is known after a restart", path_,
      sqlite3_errstr(code)));
  LOG(ERROR) << broken_;
  // The log is what the next opening reads; closing would sync again, hear that all is well, and delete it.
  sqlite3_db_config(db_->handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void SqliteStore::Checkpoint() {
  if (!broken_.ok()) return;
  const int code =
      sqlite3_wal_checkpoint_v2(db_->handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  NoteCode(code);
  // The rows are safe in the log. It goes on growing until a later checkpoint succeeds: said once, not each time.
  if (code != SQLITE_OK && !log_is_kept_) {
    LOG(WARNING) << SqliteError(db_->handle(), code,
                                "the log of " + path_ + " cannot be moved into the database yet");
  }
  log_is_kept_ = code != SQLITE_OK;
  if (code == SQLITE_OK) log_pages_ = 0;  // The next commit begins the log anew.
}

void SqliteStore::AdvanceBackup() {
  CommitQueue::Call* call = backups_.front();
  absl::StatusOr<bool> done = false;
  if (!broken_.ok()) {
    done = broken_;
  } else if (backup_ == nullptr) {
    absl::StatusOr<std::unique_ptr<OnlineBackup>> started = OnlineBackup::Start(*db_, call->path);
    if (started.ok()) {
      backup_ = *std::move(started);
    } else {
      done = started.status();
    }
  } else {
    done = backup_->Step(options_.backup_pages);
  }
  if (done.ok() && !*done) return;
  backup_ = nullptr;
  backups_.pop_front();
  queue_.End(call, done.status());
}

}  // namespace boardloop
