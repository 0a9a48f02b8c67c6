#include "cli/table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

TEST(TableTest, AlignsColumns) {
  Table table({{"network", Align::kLeft}, {"MACs"}, {"note", Align::kLeft}});
  table.AddRow({"resnet18", "1.81G", "a"});
  table.AddRow({"vww", "11.6M", ""});
  EXPECT_EQ(table.Text(),
            "network    MACs  note\n"
            "resnet18  1.81G  a\n"
            "vww       11.6M\n");
}

TEST(TableTest, AlignsCellsThatAreNotAscii) {
  Table table({{"a", Align::kLeft}, {"b", Align::kLeft}});
  table.AddRow({"3×3", "x"});
  table.AddRow({"abc", "y"});
  EXPECT_EQ(table.Text(), "a    b\n3×3  x\nabc  y\n");
}

TEST(TableTest, WithoutRowsHasTitlesOnly) {
  EXPECT_EQ(Table({{"network", Align::kLeft}, {"MACs"}}).Text(), "network  MACs\n");
}

TEST(TableTest, CellsCannotControlTheTerminal) {
  Table table({{"name", Align::kLeft}});
  table.AddRow({"evil\x1b[31m\nrow"});
  EXPECT_EQ(table.Text(), "name\nevil?[31m?row\n");
}

TEST(TableTest, HtmlEscapesCells) {
  Table table({{"a & b", Align::kLeft}, {"n"}});
  table.AddRow({"<script>", "1"});
  EXPECT_EQ(table.Html(),
            "<table>\n<thead>\n<tr><th>a &amp; b</th><th class=\"number\">n</th></tr>\n</thead>\n"
            "<tbody>\n<tr><td>&lt;script&gt;</td><td class=\"number\">1</td></tr>\n</tbody>\n"
            "</table>\n");
}

}  // namespace
}  // namespace boardloop
