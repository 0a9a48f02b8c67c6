// The clients that docs/api.md shows, against a real coordinator. They are skipped where their programs are not installed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "core/base/process.h"
#include "tests/server/api/coordinator_test_base.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// Standard output; "" and a failure when it does not end with `exit_code`.
std::string Output(const std::vector<std::string>& argv, int exit_code = 0) {
  const absl::StatusOr<ProcessOutput> output =
      RunProcess(argv, "", {.deadline = absl::Seconds(60)});
  EXPECT_THAT(output, IsOk());
  if (!output.ok()) return "";
  EXPECT_EQ(output->exit_code, exit_code) << output->out << output->err;
  return output->out + output->err;
}

bool Runs(const std::vector<std::string>& argv) {
  const absl::StatusOr<ProcessOutput> output =
      RunProcess(argv, "", {.deadline = absl::Seconds(30)});
  return output.ok() && output->exit_code == 0;
}

class ApiExamplesTest : public CoordinatorTest {
 protected:
  std::string address() const { return coordinator_->address(); }
};

TEST_F(ApiExamplesTest, GrpcurlNeedsNoFiles) {
  if (!Runs({"grpcurl", "--version"})) GTEST_SKIP() << "NOTICE: there is no grpcurl";
  const auto call = [&](const std::string& json, const std::string& method, int exit_code = 0) {
    return Output({"grpcurl", "-plaintext", "-d", json, address(), method}, exit_code);
  };
  EXPECT_THAT(Output({"grpcurl", "-plaintext", address(), "list"}),
              AllOf(HasSubstr("boardloop.v1.SearchService"), HasSubstr("grpc.health.v1.Health")));
  EXPECT_THAT(call("{}", "grpc.health.v1.Health/Check"), HasSubstr("\"SERVING\""));
  EXPECT_THAT(call(R"({"preset": "quick", "search_id": "first",
                       "search": {"spec": {"limits": {"latency_ms": 25}}}})",
                   "boardloop.v1.SearchService/CreateSearch"),
              HasSubstr("\"latency_ms\": 25"));
  constexpr int kNotFound = 64 + 5;  // grpcurl's: 64 and the status code.
  EXPECT_THAT(
      call(R"({"name": "searches/none"})", "boardloop.v1.SearchService/GetSearch", kNotFound),
      AllOf(HasSubstr("RESOURCE_NOT_FOUND"), HasSubstr("searches/none")));
}

TEST_F(ApiExamplesTest, PythonWithPlainStubsFollowsASearchToItsEnd) {
  const std::string python =
      "/usr/bin/python3";  // The distribution's: it sees the distribution's packages.
  const std::string plugin = "/usr/bin/grpc_python_plugin";
  if (!Runs({python, "-c", "import google.protobuf, grpc"}) || !std::filesystem::exists(plugin)) {
    GTEST_SKIP()
        << "NOTICE: there is no python3-grpcio, python3-protobuf or protobuf-compiler-grpc";
  }
  const std::string stubs = folder_.Path("stubs");
  std::filesystem::create_directory(stubs);
  std::vector<std::string> protoc = {"protoc",
                                     "-I",
                                     "proto",
                                     "--python_out=" + stubs,
                                     "--grpc_out=" + stubs,
                                     "--plugin=protoc-gen-grpc=" + plugin};
  for (const auto& file : std::filesystem::directory_iterator("proto/boardloop/v1")) {
    protoc.push_back(file.path().string());
  }
  Output(protoc);

  // Its end here is a cancellation: there is no worker.
  std::thread canceller([this] {
    while (!Get("searches/from-python").ok()) absl::SleepFor(absl::Milliseconds(20));
    Await("searches/from-python",
          [](const v1::Search& search) { return search.stage() == v1::Search::SUPERNET; });
    v1::CancelSearchRequest request;
    request.set_name("searches/from-python");
    EXPECT_THAT(Call(&v1::SearchService::Stub::CancelSearch, request), IsOk());
  });
  const std::string out = Output({"env", "PYTHONPATH=" + stubs, python, "docs/examples/search.py",
                                  address(), "from-python", "25"},
                                 1);
  canceller.join();
  EXPECT_THAT(out, AllOf(HasSubstr("SUPERNET"), HasSubstr("CANCELLED by a user")));
  EXPECT_EQ(Get("searches/from-python")->spec().limits().latency_ms(), 25);
}

}  // namespace
}  // namespace boardloop
