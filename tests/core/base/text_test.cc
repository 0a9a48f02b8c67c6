#include "core/base/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace boardloop {
namespace {

TEST(PrintableTest, KeepsText) {
  EXPECT_EQ(Printable("Größe 3×3, 東京 🙂"), "Größe 3×3, 東京 🙂");
}

TEST(PrintableTest, ReplacesControlCharacters) {
  EXPECT_EQ(Printable("a\x1b[2Jb\nc\td\x7f"), "a?[2Jb?c?d?");
  EXPECT_EQ(Printable("\xc2\x9b"), "?") << "a C1 control";
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a?b");
}

TEST(PrintableTest, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(Printable("\xff\xfe"), "??");
  EXPECT_EQ(Printable("\xc3"), "?") << "cut short";
  EXPECT_EQ(Printable("\xc0\xaf"), "??") << "overlong";
  EXPECT_EQ(Printable("\xed\xa0\x80"), "???") << "a surrogate";
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "????") << "beyond U+10FFFF";
}

TEST(IsUtf8Test, TellsTextFromOtherBytes) {
  for (const char* text : {"", "a\x1b[2Jb\n", "Größe 3×3, 東京 🙂", "\xc2\x9b"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  for (const char* text : {"\xff", "a\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(DisplayWidthTest, CountsCodePoints) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("3×3"), 3);
  EXPECT_EQ(DisplayWidth(""), 0);
}

TEST(EscapeHtmlTest, EscapesWhatMarkupNeeds) {
  EXPECT_EQ(EscapeHtml("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
}

TEST(EscapeHtmlTest, LeavesNoControlCharacters) { EXPECT_EQ(EscapeHtml("a\x01"), "a?"); }

}  // namespace
}  // namespace boardloop
