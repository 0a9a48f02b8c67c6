#include "cli/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "httplib.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;

HttpAnswer Echo(const std::string& path) {
  if (path == "/missing") return {404, "text/plain", "no such page\n"};
  return {200, "text/html", "<p>" + path + "</p>"};
}

TEST(HttpServerTest, AnswersWhatTheHandlerSays) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo);
  ASSERT_TRUE(server.ok()) << server.status();
  httplib::Client client("http://" + (*server)->address());
  const auto page = client.Get("/searches/first");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->status, 200);
  EXPECT_EQ(page->body, "<p>/searches/first</p>");
  EXPECT_EQ(page->get_header_value("Content-Type"), "text/html");
  const auto missing = client.Get("/missing");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
}

TEST(HttpServerTest, OtherMethodsAreRefused) {
  const auto server = HttpServer::Start("127.0.0.1:0", Echo);
  ASSERT_TRUE(server.ok()) << server.status();
  httplib::Client client("http://" + (*server)->address());
  const auto answer = client.Post("/metrics", "x", "text/plain");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 404);
}

TEST(HttpServerTest, APortInUseIsRefused) {
  const auto first = HttpServer::Start("127.0.0.1:0", Echo);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = HttpServer::Start((*first)->address(), Echo);
  EXPECT_THAT(second.status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr((*first)->address())));
}

TEST(HttpServerTest, AddressesWithoutPortOrOfOthersAreRefused) {
  EXPECT_THAT(HttpServer::Start("127.0.0.1", Echo).status(),
              StatusIs(absl::StatusCode::kInvalidArgument));
  // TEST-NET-1, of nobody.
  EXPECT_THAT(HttpServer::Start("192.0.2.1:0", Echo).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(HttpServerTest, ServesOnIpv6) {
  const auto server = HttpServer::Start("[::1]:0", Echo);
  if (!server.ok()) GTEST_SKIP() << "this machine has no IPv6: " << server.status();
  httplib::Client client("http://" + (*server)->address());
  const auto page = client.Get("/x");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->body, "<p>/x</p>");
}

}  // namespace
}  // namespace boardloop
