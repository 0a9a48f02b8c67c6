#include "server/report/report_html.h"

#include <limits>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "server/report/candidate_marks.h"
#include "tests/server/report/markup.h"
#include "tests/server/report/sample_report.h"
#include "tests/support/status_matchers.h"

namespace boardloop {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The elements of a page that must be well-formed; nothing but its own script may run in it.
std::vector<Element> Read(const std::string& html) {
  const auto elements = ParseMarkup(html);
  EXPECT_THAT(elements, IsOk());
  return elements.ok() ? *elements : std::vector<Element>();
}

// All text, but that of styles and scripts.
std::string Prose(const std::vector<Element>& elements) {
  std::string prose;
  for (const Element& element : elements) {
    if (element.name != "script" && element.name != "style")
      absl::StrAppend(&prose, element.text, "\n");
  }
  return prose;
}

std::vector<Element> Plots(const std::vector<Element>& elements) {
  std::vector<Element> plots;
  for (const Element& svg : Named(elements, "svg")) {
    if (svg.attributes.count("id") > 0) plots.push_back(svg);
  }
  return plots;
}

std::string SectionIds(const std::vector<Element>& elements) {
  std::string ids;
  for (const Element& section : Named(elements, "section")) {
    absl::StrAppend(&ids, section.attributes.at("id"), " ");
  }
  return ids;
}

TEST(ReportHtmlTest, IsWellFormedAndHasEveryFigureInTwoSizes) {
  const std::vector<Element> page = Read(ReportHtml(SampleReport()));
  std::set<std::string> ids;
  for (const Element& plot : Plots(page)) ids.insert(plot.attributes.at("id"));
  for (const char* figure :
       {"memory", "front", "evolution", "spaces", "sram", "cycles", "predictor"}) {
    EXPECT_EQ(ids.count(absl::StrCat(figure, "-w")), 1) << figure;
    EXPECT_EQ(ids.count(absl::StrCat(figure, "-n")), 1) << figure;
  }
}

TEST(ReportHtmlTest, RefersToNothingOutside) {
  const std::string html = ReportHtml(SampleReport());
  for (const char* reference : {"http:", "https:", "url(", "@import", "//cdn", "xlink"}) {
    EXPECT_THAT(html, Not(HasSubstr(reference)));
  }
  for (const Element& element : Read(html)) {
    EXPECT_EQ(element.attributes.count("src"), 0) << element.name;
    const auto href = element.attributes.find("href");
    if (href != element.attributes.end()) {
      EXPECT_EQ(href->second[0], '#') << href->second;
    }
  }
}

TEST(ReportHtmlTest, EveryLinkHasItsTarget) {
  const std::vector<Element> page = Read(ReportHtml(SampleReport()));
  std::set<std::string> ids;
  for (const Element& element : page) {
    if (element.attributes.count("id") > 0) ids.insert(element.attributes.at("id"));
  }
  for (const Element& link : Named(page, "a")) {
    EXPECT_EQ(ids.count(link.attributes.at("href").substr(1)), 1) << link.attributes.at("href");
  }
}

TEST(ReportHtmlTest, EveryMarkOfACandidateHasItsText) {
  const std::vector<Element> page = Read(ReportHtml(SampleReport()));
  nlohmann::json texts;
  for (const Element& script : Named(page, "script")) {
    if (script.attributes.count("id") > 0) texts = nlohmann::json::parse(script.text);
  }
  ASSERT_EQ(texts.size(), 200);
  for (const Element& element : page) {
    const auto mark = element.attributes.find("data-c");
    if (mark != element.attributes.end()) {
      EXPECT_TRUE(texts.contains(mark->second));
    }
  }
  EXPECT_THAT(texts["1"].get<std::string>(), HasSubstr("mbv2-small-image w0.5 r28"));
  EXPECT_THAT(texts["1"].get<std::string>(), HasSubstr("(modelled)"));
}

TEST(ReportHtmlTest, SaysThatLatencyIsModelled) {
  SearchReport report = SampleReport();
  EXPECT_THAT(Prose(Read(ReportHtml(report))), HasSubstr("MODELLED"));
  for (v1::Measurement* one : {&*report.image, &*report.resident}) {
    one->set_timing(v1::Measurement::MEASURED);
    one->mutable_provenance()->erase("timing_model");
  }
  const std::string measured = Prose(Read(ReportHtml(report)));
  EXPECT_THAT(measured, Not(HasSubstr("MODELLED")));
  EXPECT_THAT(measured, Not(HasSubstr("modelled")));
  EXPECT_THAT(measured, HasSubstr("By the core's cycle counter"));
}

TEST(ReportHtmlTest, SaysThatFineTuningWasDropped) {
  SearchReport report = SampleReport();
  const std::string dropped = "float, not fine-tuned: that made it worse";
  EXPECT_THAT(ReportHtml(report), Not(HasSubstr(dropped)));
  report.specialized->set_kept_inherited(true);
  const std::string html = ReportHtml(report);
  EXPECT_THAT(html, HasSubstr(dropped));
  EXPECT_THAT(html, Not(HasSubstr("fine-tuned, float")));
}

TEST(ReportHtmlTest, HostileTextStaysText) {
  const std::vector<Element> page = Read(ReportHtml(HostileReport()));
  EXPECT_EQ(Named(page, "script").size(), 2);
  EXPECT_EQ(Named(page, "img").size(), 0);
  for (const Element& element : page) {
    for (const auto& [name, value] : element.attributes) {
      EXPECT_FALSE(absl::StartsWith(name, "on")) << name;
    }
  }
  EXPECT_THAT(Prose(page), HasSubstr("\"'><script>alert(1)</script>"));
}

TEST(ReportHtmlTest, ANameCannotEndTheScript) {
  SearchReport report = SampleReport();
  report.candidates[0].set_subnet("</script><script>alert(1)//<!--");
  const std::vector<Element> page = Read(ReportHtml(report));
  ASSERT_EQ(Named(page, "script").size(), 2);
  const nlohmann::json texts = nlohmann::json::parse(Named(page, "script")[0].text);
  EXPECT_THAT(texts["1"].get<std::string>(), HasSubstr("</script><script>alert(1)//<!--"));
}

TEST(ReportHtmlTest, AllowsItsOwnScriptOnly) {
  const std::vector<Element> page = Read(ReportHtml(SampleReport()));
  std::string policy;
  for (const Element& meta : Named(page, "meta")) {
    if (meta.attributes.count("http-equiv") > 0) policy = meta.attributes.at("content");
  }
  EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
  EXPECT_THAT(policy, HasSubstr("script-src 'sha256-"));
  EXPECT_THAT(policy, Not(HasSubstr("unsafe-eval")));
}

TEST(ReportHtmlTest, WorksWithNothingFound) {
  const SearchReport report = EmptyReport();
  const std::vector<Element> page = Read(ReportHtml(report));
  const std::string prose = Prose(page);
  EXPECT_THAT(prose, HasSubstr("No network was delivered. nothing fits"));
  EXPECT_THAT(prose, HasSubstr("The search ended before it had any candidate."));
  EXPECT_THAT(prose, HasSubstr("There was no latency predictor"));
  EXPECT_THAT(SectionIds(page), HasSubstr("reproduce"));
}

TEST(ReportHtmlTest, WorksWithOneCandidate) {
  SearchReport report = SampleReport();
  v1::Candidate only = report.candidates[0];
  only.set_state(v1::Candidate::FEASIBLE);
  only.set_top1(0.9);
  only.set_latency_ms(10);
  report.candidates = {only};
  report.search.set_winner(only.name());
  report.predictor->pairs = {{only.name(), 10, 10}};
  Read(ReportHtml(report));
}

TEST(ReportHtmlTest, WorksWithoutAFront) {
  SearchReport report = SampleReport();
  for (v1::Candidate& candidate : report.candidates) candidate.clear_latency_ms();
  EXPECT_THAT(Prose(Read(ReportHtml(report))), HasSubstr("so there is no front"));
  for (v1::Candidate& candidate : report.candidates) candidate.clear_predicted_latency_ms();
  EXPECT_THAT(Prose(Read(ReportHtml(report))), HasSubstr("there is nothing to compare"));
}

TEST(ReportHtmlTest, WorksWithInfeasibleCandidatesOnly) {
  SearchReport report = SampleReport();
  report.search.clear_winner();
  for (v1::Candidate& candidate : report.candidates) {
    candidate.set_state(v1::Candidate::INFEASIBLE);
  }
  const std::string prose = Prose(Read(ReportHtml(report)));
  EXPECT_THAT(prose, HasSubstr("None was within all limits"));
  EXPECT_THAT(prose, HasSubstr("No network was delivered."));
}

TEST(ReportHtmlTest, WorksWithoutPairsOfThePredictor) {
  SearchReport report = SampleReport();
  report.predictor->pairs = {{"a", 1, 0}, {"b", std::numeric_limits<double>::quiet_NaN(), 1}};
  EXPECT_THAT(Prose(Read(ReportHtml(report))),
              HasSubstr("no candidate of this search was both predicted and measured"));
}

TEST(ReportHtmlTest, WorksWithoutLimits) {
  SearchReport report = SampleReport();
  report.search.clear_limits();
  EXPECT_THAT(Prose(Read(ReportHtml(report))),
              HasSubstr("Limits: SRAM none, flash none, latency none."));
}

TEST(ReportHtmlTest, WorksWithoutAMeasurement) {
  SearchReport report = SampleReport();
  report.image.reset();
  report.resident.reset();
  const std::string prose = Prose(Read(ReportHtml(report)));
  EXPECT_THAT(prose, HasSubstr("not measured"));
  EXPECT_THAT(prose, HasSubstr("not compared"));
}

TEST(ReportHtmlTest, SaysWhenTheBoardDiffers) {
  SearchReport report = SampleReport();
  report.image->set_exact(false);
  EXPECT_THAT(Prose(Read(ReportHtml(report))), HasSubstr("Different"));
}

TEST(ReportHtmlTest, FiguresThatAreNotNumbersDoNotBreakIt) {
  SearchReport report = SampleReport();
  for (size_t i = 0; i < report.candidates.size(); i += 3) {
    report.candidates[i].set_latency_ms(std::numeric_limits<double>::infinity());
    report.candidates[i].set_top1(std::numeric_limits<double>::quiet_NaN());
  }
  report.image->set_latency_ms(std::numeric_limits<double>::quiet_NaN());
  const std::string html = ReportHtml(report);
  for (const Element& element : Read(html)) {
    for (const char* name : {"cx", "cy", "x", "y", "d", "width", "height"}) {
      const auto found = element.attributes.find(name);
      if (found == element.attributes.end() || element.name == "svg") continue;
      EXPECT_FALSE(absl::StrContains(found->second, "nan")) << found->second;
      EXPECT_FALSE(absl::StrContains(found->second, "inf")) << found->second;
    }
  }
}

TEST(ReportHtmlTest, DrawsAnEvenSampleOfVeryManyCandidates) {
  SearchReport report = SampleReport();
  const std::vector<v1::Candidate> some = report.candidates;
  while (report.candidates.size() < 20000) {
    report.candidates.insert(report.candidates.end(), some.begin(), some.end());
  }
  const report::Facts facts = report::GatherFacts(report);
  const auto drawn = report::ChooseDrawn(report, facts);
  EXPECT_LE(drawn.size(), report::kMaxDrawnCandidates + facts.front.size() + 1);
  EXPECT_GE(drawn.size(), report::kMaxDrawnCandidates / 2);
  EXPECT_THAT(report::DrawnNote(report, drawn), HasSubstr("Of 20,000 candidates"));
}

}  // namespace
}  // namespace boardloop
