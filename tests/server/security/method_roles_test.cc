#include "server/security/method_roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>
#include <set>
#include <string>

#include "boardloop/v1/admin_service.pb.h"
#include "boardloop/v1/artifact_service.pb.h"
#include "boardloop/v1/board_service.pb.h"
#include "boardloop/v1/measure_service.pb.h"
#include "boardloop/v1/search_service.pb.h"
#include "boardloop/v1/security_service.pb.h"
#include "boardloop/v1/task_service.pb.h"
#include "core/base/files.h"
#include "google/protobuf/descriptor.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

// A message of each file with services: naming it is what links the file.
const google::protobuf::Descriptor* const kLinked[] = {
    v1::BackUpDatabaseRequest::descriptor(), v1::GetUploadRequest::descriptor(),
    v1::GetBoardRequest::descriptor(),       v1::GetMeasurementRequest::descriptor(),
    v1::GetSearchRequest::descriptor(),      v1::JoinRequest::descriptor(),
    v1::SynchronizeRequest::descriptor()};

// Of every service in proto/boardloop/v1, as in "/boardloop.v1.SearchService/GetSearch".
std::set<std::string> MethodsOfOurs() {
  std::set<std::string> methods;
  for (const auto& entry : std::filesystem::directory_iterator("proto/boardloop/v1")) {
    const absl::StatusOr<std::string> text = ReadFile(entry.path().string(), 1 << 20);
    if (!text.ok() || text->find("\nservice ") == std::string::npos) continue;
    const std::string name = "boardloop/v1/" + entry.path().filename().string();
    const google::protobuf::FileDescriptor* const file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    if (file == nullptr) {
      ADD_FAILURE() << name << " has a service, and no message of it is in kLinked";
      continue;
    }
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor* const service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        methods.insert("/" + service->full_name() + "/" + service->method(j)->name());
      }
    }
  }
  return methods;
}

TEST(MethodRolesTest, EveryMethodHasAnEntryAndEveryEntryAMethod) {
  const std::set<std::string> methods = MethodsOfOurs();
  EXPECT_GE(methods.size(), 31u);
  EXPECT_GE(std::size(kLinked), 7u);
  for (const std::string& method : methods) {
    EXPECT_NE(FindMethodRoles(method), nullptr) << method << " has no roles";
  }
  for (const std::string& method : MethodsWithRoles()) {
    if (method.rfind("/grpc.", 0) == 0) continue;
    EXPECT_EQ(methods.count(method), 1u) << method << " is in the table and in no service";
  }
}

TEST(MethodRolesTest, OnlyHealthAndJoinNeedNoCertificate) {
  std::set<std::string> open;
  for (const std::string& method : MethodsWithRoles()) {
    if (!FindMethodRoles(method)->needs_certificate) open.insert(method);
  }
  EXPECT_THAT(open,
              UnorderedElementsAre("/boardloop.v1.SecurityService/Join",
                                   "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"));
}

TEST(MethodRolesTest, MembersMayCallFourThings) {
  std::set<std::string> services;
  for (const std::string& method : MethodsWithRoles()) {
    for (const v1::Identity::Role role : FindMethodRoles(method)->roles) {
      if (role != v1::Identity::WORKER) continue;
      services.insert(method.substr(0, method.rfind('/')));
    }
  }
  EXPECT_THAT(services,
              UnorderedElementsAre("/boardloop.v1.ArtifactService", "/boardloop.v1.TaskService",
                                   "/boardloop.v1.SecurityService",
                                   "/grpc.reflection.v1alpha.ServerReflection"));
}

TEST(MethodRolesTest, WhatChangesTheFarmIsForOperators) {
  for (const char* method :
       {"BoardService/DrainBoard", "BoardService/QuarantineBoard", "BoardService/ReturnBoard",
        "AdminService/BackUpDatabase", "SecurityService/CreateToken", "SecurityService/ListTokens",
        "SecurityService/DeleteToken", "SecurityService/ListIdentities",
        "SecurityService/RevokeIdentity"}) {
    EXPECT_THAT(FindMethodRoles(std::string("/boardloop.v1.") + method)->roles,
                ElementsAre(v1::Identity::OPERATOR))
        << method;
  }
  EXPECT_EQ(FindMethodRoles("/boardloop.v1.SearchService/Delete"), nullptr);
}

}  // namespace
}  // namespace boardloop
