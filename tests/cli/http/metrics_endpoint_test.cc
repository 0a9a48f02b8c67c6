#include "cli/http/metrics_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <vector>

#include "core/base/files.h"
#include "httplib.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_folder.h"

namespace boardloop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MetricsEndpointTest : public ::testing::Test {
 protected:
  MetricsEndpoint::Options Options() {
    MetricsEndpoint::Options options;
    options.usual = "127.0.0.1:0";
    options.state_folder = folder_.path();
    options.log = [this](const std::string& line) { log_.push_back(line); };
    return options;
  }
  std::string AddressFile() const { return MetricsAddressFileIn(folder_.path()); }

  TestFolder folder_;
  Metrics metrics_{"boardloop-test", "1"};
  std::vector<std::string> log_;
};

TEST_F(MetricsEndpointTest, ServesMetricsAndHealth) {
  const auto endpoint = MetricsEndpoint::Start(Options(), metrics_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  httplib::Client client("http://" + (*endpoint)->address());
  const auto metrics = client.Get("/metrics");
  ASSERT_TRUE(metrics);
  EXPECT_THAT(metrics->body, HasSubstr("boardloop_build_info"));
  EXPECT_THAT(metrics->get_header_value("Content-Type"), HasSubstr("version=0.0.4"));
  EXPECT_EQ(client.Get("/healthz")->body, "ok\n");
  EXPECT_EQ(client.Get("/other")->status, 404);
}

TEST_F(MetricsEndpointTest, PagesAnswerOtherPaths) {
  auto options = Options();
  options.pages = [](const std::string& path) { return HttpAnswer{200, "text/html", path}; };
  const auto endpoint = MetricsEndpoint::Start(options, metrics_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  httplib::Client client("http://" + (*endpoint)->address());
  EXPECT_EQ(client.Get("/searches")->body, "/searches");
  EXPECT_THAT(client.Get("/metrics")->body, HasSubstr("boardloop_build_info"));
}

TEST_F(MetricsEndpointTest, TheAddressIsInAFileWhileItServes) {
  {
    const auto endpoint = MetricsEndpoint::Start(Options(), metrics_);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_THAT(ReadFile(AddressFile(), 100), IsOkAndHolds((*endpoint)->address() + "\n"));
  }
  EXPECT_FALSE(std::filesystem::exists(AddressFile()));
}

TEST_F(MetricsEndpointTest, NoneServesNothing) {
  ASSERT_TRUE(WriteFileAtomically(AddressFile(), "127.0.0.1:1\n").ok());  // Of one that was killed.
  auto options = Options();
  options.asked = "none";
  const auto endpoint = MetricsEndpoint::Start(options, metrics_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ((*endpoint)->address(), "");
  EXPECT_FALSE(std::filesystem::exists(AddressFile()));
}

TEST_F(MetricsEndpointTest, AUsualAddressThatIsInUseIsDoneWithout) {
  const auto first = MetricsEndpoint::Start(Options(), metrics_);
  ASSERT_TRUE(first.ok()) << first.status();
  TestFolder other;
  auto options = Options();
  options.usual = (*first)->address();
  options.state_folder = other.path();
  const auto second = MetricsEndpoint::Start(options, metrics_);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)->address(), "");
  EXPECT_THAT(log_, ElementsAre(HasSubstr("--metrics-listen")));
}

TEST_F(MetricsEndpointTest, AnAddressThatIsAskedForMustBeFree) {
  const auto first = MetricsEndpoint::Start(Options(), metrics_);
  ASSERT_TRUE(first.ok()) << first.status();
  auto options = Options();
  options.asked = (*first)->address();
  EXPECT_THAT(MetricsEndpoint::Start(options, metrics_).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("--metrics-listen")));
  options.asked = "nonsense";
  EXPECT_THAT(MetricsEndpoint::Start(options, metrics_).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("--metrics-listen")));
}

}  // namespace
}  // namespace boardloop
