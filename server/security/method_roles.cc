#include "server/security/method_roles.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"

namespace boardloop {
namespace {

using Table = std::map<std::string, MethodRoles>;

void Add(Table& table, const std::string& service, const MethodRoles& roles,
         const std::vector<std::string>& methods) {
  for (const std::string& method : methods) {
    table.emplace(absl::StrCat("/", service, "/", method), roles);
  }
}

Table MakeTable() {
  using Identity = v1::Identity;
  const MethodRoles anybody = {false, {}};
  const MethodRoles all = {true,
                           {Identity::USER, Identity::OPERATOR, Identity::WORKER, Identity::AGENT}};
  const MethodRoles people = {true, {Identity::USER, Identity::OPERATOR}};
  const MethodRoles operators = {true, {Identity::OPERATOR}};
  const MethodRoles members = {true, {Identity::WORKER, Identity::AGENT}};

  Table table;
  Add(table, "boardloop.v1.SearchService", people,
      {"CreateSearch", "GetSearch", "ListSearches", "WatchSearch", "CancelSearch", "GetCandidate",
       "ListCandidates", "GetFront", "ListEvents"});
  Add(table, "boardloop.v1.MeasureService", people,
      {"CreateMeasurement", "GetMeasurement", "ListMeasurements", "WatchMeasurement",
       "CancelMeasurement"});
  Add(table, "boardloop.v1.ArtifactService", all,
      {"WriteArtifact", "GetUpload", "ReadArtifact", "GetArtifact"});
  Add(table, "boardloop.v1.BoardService", people,
      {"GetBoard", "ListBoards", "ListBoardTypes", "ListMembers"});
  Add(table, "boardloop.v1.BoardService", operators,
      {"DrainBoard", "QuarantineBoard", "ReturnBoard"});
  Add(table, "boardloop.v1.TaskService", members, {"Synchronize"});
  Add(table, "boardloop.v1.AdminService", operators, {"BackUpDatabase"});
  Add(table, "boardloop.v1.SecurityService", anybody, {"Join"});
  Add(table, "boardloop.v1.SecurityService", all, {"RenewCertificate"});
  Add(table, "boardloop.v1.SecurityService", operators,
      {"CreateToken", "ListTokens", "DeleteToken", "ListIdentities", "RevokeIdentity"});
  Add(table, "grpc.health.v1.Health", anybody, {"Check", "Watch"});
  Add(table, "grpc.reflection.v1alpha.ServerReflection", all, {"ServerReflectionInfo"});
  return table;
}

const Table& Methods() {
  static const auto* table = new Table(MakeTable());
  return *table;
}

}  // namespace

const MethodRoles* FindMethodRoles(const std::string& path) {
  const auto found = Methods().find(path);
  return found == Methods().end() ? nullptr : &found->second;
}

std::vector<std::string> MethodsWithRoles() {
  std::vector<std::string> paths;
  for (const auto& entry : Methods()) paths.push_back(entry.first);
  return paths;
}

}  // namespace boardloop
