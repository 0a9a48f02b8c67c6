#include "cli/doctor/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_host.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using State = Finding::State;

class FixedCheck : public Check {
 public:
  FixedCheck(std::vector<Finding> findings, int& looks)
      : findings_(std::move(findings)), looks_(looks) {}
  std::vector<Finding> Look(const Host& /*host*/) const override {
    ++looks_;
    return findings_;
  }

 private:
  const std::vector<Finding> findings_;
  int& looks_;
};

class DoctorTest : public testing::Test {
 protected:
  void Add(std::set<Role> roles, Finding finding) {
    checks_.push_back({std::move(roles), std::make_unique<FixedCheck>(
                                             std::vector<Finding>{std::move(finding)}, looks_)});
  }

  FakeHost host_;
  int looks_ = 0;
  std::vector<RoleCheck> checks_;
};

TEST_F(DoctorTest, ARoleCanWorkUnlessSomethingIsMissing) {
  Add({Role::kUser, Role::kAgent}, {"clock", State::kOk, "2026", ""});
  Add({Role::kUser}, {"gnuplot", State::kOptional, "not found", "apt-get install gnuplot-nox"});
  Add({Role::kAgent}, {"OpenOCD", State::kMissing, "not found", "apt-get install openocd"});
  Add({Role::kServer}, {"disk", State::kOk, "there", ""});
  const std::vector<RoleReport> reports = Examine(host_, checks_, {Role::kUser, Role::kAgent});
  EXPECT_EQ(looks_, 3) << "each once, and those of others not";
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_TRUE(reports[0].CanWork());
  EXPECT_FALSE(reports[1].CanWork());

  const std::string text = DoctorText(reports);
  EXPECT_THAT(text, HasSubstr("gnuplot  optional  not found"));
  EXPECT_THAT(text, HasSubstr("can work as user"));
  EXPECT_THAT(text, HasSubstr("OpenOCD  MISSING  not found"));
  EXPECT_THAT(text, HasSubstr("what to do:\n  OpenOCD: apt-get install openocd\n"));
  EXPECT_THAT(text, HasSubstr("CANNOT work as agent"));

  const auto json = DoctorJson(reports);
  EXPECT_EQ(json["can_work"], false);
  EXPECT_EQ(json["roles"][0]["role"], "user");
  EXPECT_EQ(json["roles"][0]["can_work"], true);
  EXPECT_EQ(json["roles"][1]["findings"][1]["state"], "missing");
  EXPECT_EQ(json["roles"][1]["findings"][1]["fix"], "apt-get install openocd");
}

TEST_F(DoctorTest, NothingToMendIsNotSaid) {
  Add({Role::kUser}, {"clock", State::kOk, "2026", ""});
  EXPECT_THAT(DoctorText(Examine(host_, checks_, {Role::kUser})), Not(HasSubstr("what to do")));
}

TEST_F(DoctorTest, OnAMachineWithNothingOnlyAUserCanWork) {
  host_.now = absl::FromUnixSeconds(1'800'000'000);
  const std::vector<RoleReport> reports = Examine(host_, AllChecks("1.2", {"127.0.0.1:7411", ""}),
                                                  {std::begin(kRoles), std::end(kRoles)});
  ASSERT_EQ(reports.size(), 5u);
  for (const RoleReport& report : reports) {
    EXPECT_EQ(report.CanWork(), report.role == Role::kUser) << RoleName(report.role);
    for (const Finding& finding : report.findings) {
      EXPECT_NE(finding.text, "") << finding.name;
      EXPECT_TRUE(finding.state == State::kOk || !finding.fix.empty()) << finding.name;
    }
  }
}

TEST_F(DoctorTest, OnAMachineWithEverythingAllRolesCanWork) {
  host_.now = absl::FromUnixSeconds(1'800'000'000);
  host_.memory_bytes = int64_t{64} << 30;
  host_.disks["/"] = {int64_t{1} << 40, "ext4", false};
  host_.files["/etc/os-release"] = "ID=ubuntu\n";
  for (const char* program : {"server", "worker", "agent"}) {
    const std::string name = std::string("boardloop-") + program;
    host_.AddProgram(name, "--version", {0, name + " 1.2\n", ""});
  }
  host_.AddProgram("boardloop-agent", "check --json",
                   {0, R"([{"check": "OpenOCD", "verdict": "good", "text": "0.12"}])", ""});
  host_.AddProgram("docker", "version --format Docker {{.Server.Version}}", {0, "Docker 27\n", ""});
  for (const RoleReport& report : Examine(host_, AllChecks("1.2", {"127.0.0.1:7411", ""}),
                                          {std::begin(kRoles), std::end(kRoles)})) {
    EXPECT_TRUE(report.CanWork()) << DoctorText({report});
  }
}

}  // namespace
}  // namespace boardloop
