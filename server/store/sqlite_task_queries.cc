// The questions of the scheduler. Each names the index that it goes by: SQLite would otherwise guess from a database
// that it has no statistics of, and refuses to compile the statement when the index cannot serve it.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "server/store/row_reader.h"
#include "server/store/sqlite_transaction.h"

namespace boardloop {
namespace {

static_assert(store::Task::QUEUED == 1 && store::Task::RUNNING == 2, "the SQL below says so");

struct Filter {
  std::string where;  // " WHERE a = ? AND ...", or empty.
  std::vector<SqlValue> values;
};

Filter FilterOf(const TaskQuery& query) {
  std::vector<std::string> terms;
  Filter filter;
  auto add = [&](const char* column, SqlValue value) {
    terms.push_back(absl::StrCat(column, " = ?"));
    filter.values.push_back(std::move(value));
  };
  if (query.state.has_value()) add("state", int64_t{*query.state});
  if (query.kind.has_value()) add("kind", int64_t{*query.kind});
  if (!query.owner.empty()) add("owner", query.owner);
  if (!query.holder.empty()) add("holder", query.holder);
  if (!query.requirement.empty()) add("requirement", query.requirement);
  if (query.candidate != 0) add("candidate", query.candidate);
  if (!terms.empty()) filter.where = " WHERE " + absl::StrJoin(terms, " AND ");
  return filter;
}

// The index that leaves the fewest rows to look at.
std::string IndexFor(const TaskQuery& query) {
  if (!query.owner.empty() && query.candidate != 0) return " INDEXED BY tasks_by_candidate";
  if (!query.holder.empty()) return " INDEXED BY tasks_by_holder";
  if (!query.owner.empty()) return " INDEXED BY tasks_by_owner";
  if (query.state.has_value()) return " INDEXED BY tasks_by_state";
  return " NOT INDEXED";  // In the order of ids.
}

}  // namespace

absl::StatusOr<std::vector<store::Task>> SqliteTransaction::ListTasks(const TaskQuery& query) {
  const Filter filter = FilterOf(query);
  Statement list = db_.Use(absl::StrCat("SELECT message FROM tasks", IndexFor(query), filter.where,
                                        " ORDER BY id LIMIT ?"));
  list.BindValues(filter.values).Bind(int64_t{std::max(0, query.limit)});
  return ReadRows<store::Task>(list);
}

absl::StatusOr<int64_t> SqliteTransaction::CountTasks(const TaskQuery& query) {
  const Filter filter = FilterOf(query);
  // Holders and candidates have few tasks; those of the others may be a million, and their number is kept.
  const bool kept = query.holder.empty() && query.candidate == 0;
  Statement count =
      db_.Use(kept ? absl::StrCat("SELECT coalesce(sum(count), 0) FROM task_counts",
                                  query.owner.empty() ? "" : " INDEXED BY task_counts_by_owner",
                                  filter.where)
                   : absl::StrCat("SELECT count(*) FROM tasks", IndexFor(query), filter.where));
  BL_RETURN_IF_ERROR(count.BindValues(filter.values).Step().status());
  return count.Int(0);
}

absl::StatusOr<std::vector<QueuedOwner>> SqliteTransaction::QueuedOwners(
    store::Task::Kind kind, const std::string& requirement) {
  static const std::string* sql = [] {
    const std::string queued =
        "WHERE state = 1 AND kind = ?1 AND requirement = ?2 AND owner = c.owner";
    const std::string first =
        "FROM tasks INDEXED BY tasks_queue " + queued + " ORDER BY priority DESC, id LIMIT 1), ";
    return new std::string(absl::StrCat(
        "SELECT c.owner, (SELECT priority ", first, "(SELECT id ", first, "c.count, ",
        "coalesce((SELECT r.count FROM task_counts AS r WHERE r.state = 2 AND r.kind = ?1 "
        "AND r.requirement = ?2 AND r.owner = c.owner), 0), ",
        "(SELECT create_time_ms FROM tasks INDEXED BY tasks_waiting ", queued,
        " ORDER BY create_time_ms LIMIT 1) FROM task_counts AS c "
        "WHERE c.state = 1 AND c.kind = ?1 AND c.requirement = ?2"));
  }();
  std::vector<QueuedOwner> owners;
  Statement list = db_.Use(*sql);
  list.Bind(int64_t{kind}).Bind(requirement);
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, list.Step());
    if (!more) break;
    owners.push_back({list.Text(0), static_cast<int32_t>(list.Int(1)), list.Int(2), list.Int(3),
                      list.Int(4), list.Int(5)});
  }
  std::sort(owners.begin(), owners.end(), [](const QueuedOwner& a, const QueuedOwner& b) {
    return a.priority != b.priority ? a.priority > b.priority : a.oldest_id < b.oldest_id;
  });
  return owners;
}

absl::StatusOr<std::optional<store::Task>> SqliteTransaction::NextQueued(
    store::Task::Kind kind, const std::string& requirement, const std::string& owner,
    const std::vector<int64_t>& except) {
  Statement queue = db_.Use(
      "SELECT id FROM tasks INDEXED BY tasks_queue WHERE state = 1 AND kind = ? "
      "AND requirement = ? AND owner = ? ORDER BY priority DESC, id");
  queue.Bind(int64_t{kind}).Bind(requirement).Bind(owner);
  while (true) {
    BL_ASSIGN_OR_RETURN(const bool more, queue.Step());
    if (!more) return std::optional<store::Task>();
    const int64_t id = queue.Int(0);
    if (std::find(except.begin(), except.end(), id) == except.end()) return GetTask(id);
  }
}

}  // namespace boardloop
