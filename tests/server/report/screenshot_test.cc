// Renders reports with headless Chromium: what no reader of the markup can tell. Skipped, with a notice,
// where there is no Chromium.
#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/process.h"
#include "core/data/image.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/report/report_html.h"
#include "tests/server/report/sample_report.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kDesktop = 1200;
constexpr int kPhone = 390;
constexpr int64_t kMaxPngBytes = int64_t{64} << 20;

// The name of an installed browser, or "".
std::string FindChromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome", "chrome"}) {
    const auto run = RunProcess({name, "--version"}, "", {absl::Seconds(60)});
    if (run.ok() && run->exit_code == 0) return name;
  }
  return "";
}

class ScreenshotTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    signal(SIGPIPE, SIG_IGN);
    chromium_ = new std::string(FindChromium());
  }
  static void TearDownTestSuite() { delete chromium_; }

  void SetUp() override {
    if (chromium_->empty()) {
      GTEST_SKIP() << "NOTICE: no Chromium is installed, so the report is not rendered (Debian: "
                      "package chromium)";
    }
    std::string folder = (std::filesystem::temp_directory_path() / "report-XXXXXX").string();
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string Write(const std::string& name, const std::string& content) const {
    std::string path = absl::StrCat(folder_, "/", name);
    EXPECT_THAT(WriteFileAtomically(path, content), IsOk());
    return path;
  }

  // A browser with a profile of its own: neither the user's nor one that is in use.
  ProcessOutput Run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command = {*chromium_,
                                        "--headless",
                                        "--no-sandbox",
                                        "--disable-gpu",
                                        "--disable-dev-shm-usage",
                                        "--hide-scrollbars",
                                        "--enable-logging=stderr",
                                        "--virtual-time-budget=3000",
                                        absl::StrCat("--user-data-dir=", folder_, "/profile")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto run = RunProcess(command, "", {absl::Seconds(180)});
    EXPECT_THAT(run, IsOk());
    return run.ok() ? *run : ProcessOutput{};
  }

  // `width` pixels wide: through a frame, because the window of a browser cannot be as narrow as a phone.
  Image Screenshot(const std::string& report, int width, int height, bool dark) const {
    Write("report.html", report);
    const std::string page =
        Write("frame.html",
              absl::StrCat("<!doctype html><body style=\"margin:0\"><iframe src=\"report.html\" "
                           "style=\"border:0\" width=\"",
                           width, "\" height=\"", height, "\"></iframe>"));
    const std::string png = absl::StrCat(folder_, "/page.png");
    Run({absl::StrCat("--screenshot=", png),
         absl::StrCat("--window-size=", std::max(width, 600), ",", height),
         absl::StrCat("--blink-settings=preferredColorScheme=", dark ? 0 : 1), "file://" + page});
    const auto bytes = ReadFile(png, kMaxPngBytes);
    EXPECT_THAT(bytes, IsOk());
    if (!bytes.ok()) return {};
    Keep(*bytes, absl::StrCat("report-", width, "x", height, dark ? "-dark" : "-light", ".png"));
    Keep(report, "report.html");
    const auto image = DecodeImage(*bytes);
    EXPECT_THAT(image, IsOk());
    return image.ok() ? *image : Image{};
  }

  // For people: BOARDLOOP_SCREENSHOTS names a folder to keep page and pictures in.
  static void Keep(const std::string& content, const std::string& name) {
    const char* folder = getenv("BOARDLOOP_SCREENSHOTS");
    if (folder == nullptr) return;
    EXPECT_THAT(WriteFileAtomically(absl::StrCat(folder, "/", name), content), IsOk());
  }

  static std::string* chromium_;
  std::string folder_;
};

std::string* ScreenshotTest::chromium_ = nullptr;

uint32_t ColourAt(const Image& image, int x, int y) {
  const uint8_t* pixel = &image.pixels[(static_cast<size_t>(y) * image.width + x) * image.channels];
  return image.channels == 3 ? pixel[0] << 16 | pixel[1] << 8 | pixel[2] : pixel[0];
}

size_t CountColours(const Image& image, int from_row, int to_row) {
  std::set<uint32_t> colours;
  for (int y = from_row; y < to_row; ++y) {
    for (int x = 0; x < image.width; ++x) colours.insert(ColourAt(image, x, y));
  }
  return colours.size();
}

// Where each drawing lies, as the page itself computes it: rows from and to.
struct Region {
  std::string id;
  int top = 0;
  int bottom = 0;
};

// A page that writes the places of the visible drawings of `report` into an attribute of its own. It is the
// report with another script added, which its policy would not let run: the policy is taken out.
std::string WithRegions(std::string html) {
  const size_t policy = html.find("<meta http-equiv");
  html.erase(policy, html.find("/>", policy) + 2 - policy);
  return html +
         "<script>document.body.dataset.regions = Array.from(document.querySelectorAll('svg.plot'))"
         ".map((svg) => [svg.id, svg.getBoundingClientRect()]).filter((one) => one[1].height > 0)"
         ".map((one) => `${one[0]} ${Math.round(one[1].top)} ${Math.round(one[1].bottom)}`)"
         ".join(';');</script>";
}

std::vector<Region> ReadRegions(const std::string& dom) {
  std::vector<Region> regions;
  const std::string key = "data-regions=\"";
  const size_t from = dom.find(key);
  if (from == std::string::npos) return regions;
  std::istringstream stream(
      dom.substr(from + key.size(), dom.find('"', from + key.size()) - from - key.size()));
  std::string one;
  while (std::getline(stream, one, ';')) {
    std::istringstream fields(one);
    Region region;
    fields >> region.id >> region.top >> region.bottom;
    regions.push_back(region);
  }
  return regions;
}

TEST_F(ScreenshotTest, ScriptRunsWithoutErrors) {
  const std::string path = Write("report.html", ReportHtml(SampleReport()));
  const ProcessOutput run = Run({"--dump-dom", "file://" + path});
  EXPECT_THAT(run.out, HasSubstr("data-ready=\"yes\"")) << "the script has not come to its end";
  EXPECT_THAT(run.err, Not(HasSubstr("CONSOLE"))) << "errors, and refusals of the policy, end here";
}

TEST_F(ScreenshotTest, HostileTextRunsNothing) {
  const std::string path = Write("report.html", ReportHtml(HostileReport()));
  const ProcessOutput run = Run({"--dump-dom", "file://" + path});
  EXPECT_THAT(run.out, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(run.err, Not(HasSubstr("CONSOLE")));
}

TEST_F(ScreenshotTest, AnEmptyReportRunsToo) {
  const std::string path = Write("report.html", ReportHtml(EmptyReport()));
  const ProcessOutput run = Run({"--dump-dom", "file://" + path});
  EXPECT_THAT(run.out, HasSubstr("data-ready=\"yes\""));
  EXPECT_THAT(run.err, Not(HasSubstr("CONSOLE")));
}

TEST_F(ScreenshotTest, PointingAtACandidateShowsItsNumbers) {
  const std::string path = Write("report.html", ReportHtml(SampleReport()));
  const ProcessOutput run =
      Run({"--dump-dom", "--window-size=1200,900", "file://" + path + "#candidate-30"});
  EXPECT_THAT(run.out, HasSubstr("<strong>Candidate 30, generation 0")) << "the tip";
  EXPECT_THAT(run.out, testing::ContainsRegex("class=\"m [a-z0-9 ]*hot\" data-c=\"30\""));
}

TEST_F(ScreenshotTest, EveryDrawingIsThereInEveryWindow) {
  const std::string report = ReportHtml(SampleReport());
  for (const int width : {kDesktop, kPhone}) {
    const int height = 12000;
    // The browser lays a window out from 500 pixels on: the width of the page is set instead.
    const std::string path = Write("regions.html", WithRegions(report));
    const std::string frame =
        Write("regions-frame.html",
              absl::StrCat("<!doctype html><body style=\"margin:0\"><iframe id=\"f\" "
                           "src=\"regions.html\" width=\"",
                           width, "\" height=\"", height,
                           "\" style=\"border:0\"></iframe><script>window.onload = () => "
                           "document.body.dataset.regions = document.getElementById('f')"
                           ".contentDocument.body.dataset.regions;</script>"));
    const ProcessOutput run =
        Run({"--dump-dom", "--allow-file-access-from-files", "file://" + frame});
    const std::vector<Region> regions = ReadRegions(run.out);
    ASSERT_EQ(regions.size(), 7) << run.err;
    for (const bool dark : {false, true}) {
      const Image image = Screenshot(report, width, height, dark);
      ASSERT_EQ(image.height, height);
      EXPECT_GT(CountColours(image, 0, height), 50);
      for (const Region& region : regions) {
        EXPECT_TRUE(absl::EndsWith(region.id, width == kPhone ? "-n" : "-w")) << region.id;
        ASSERT_LE(region.bottom, height) << region.id;
        EXPECT_GT(CountColours(image, region.top, region.bottom), 20)
            << region.id << " at " << width << " pixels, " << (dark ? "dark" : "light");
      }
    }
  }
}

TEST_F(ScreenshotTest, DarkModeIsDark) {
  const std::string report = ReportHtml(SampleReport());
  const Image light = Screenshot(report, kDesktop, 900, false);
  const Image dark = Screenshot(report, kDesktop, 900, true);
  EXPECT_EQ(ColourAt(light, 3, 3), 0xF4F6F8U);
  EXPECT_EQ(ColourAt(dark, 3, 3), 0x11161CU);
}

}  // namespace
}  // namespace boardloop
