#include "server/engine/journal.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class JournalTest : public ::testing::Test {
 protected:
  std::vector<char> memory_ = std::vector<char>(4096);

  // As the next daemon finds it.
  static std::vector<std::string> Found(std::vector<char> memory) {
    const Journal journal(absl::MakeSpan(memory));
    std::vector<std::string> records;
    for (const absl::string_view record : journal.newer())
      records.emplace_back(record);
    return records;
  }
};

TEST_F(JournalTest, NothingIsInNewMemory) {
  Journal journal(absl::MakeSpan(memory_));
  EXPECT_THAT(journal.newer(), IsEmpty());
  EXPECT_FALSE(journal.Continue());
}

TEST_F(JournalTest, WhatWasAppendedIsFoundAgain) {
  Journal journal(absl::MakeSpan(memory_));
  journal.Begin();
  journal.Commit();
  ASSERT_NE(journal.Append("one"), nullptr);
  ASSERT_NE(journal.Append("another"), nullptr);
  EXPECT_THAT(Found(memory_), ElementsAre("one", "another"));
}

TEST_F(JournalTest, TheNextOneGoesOnWhereTheLastOneStopped) {
  Journal first(absl::MakeSpan(memory_));
  first.Begin();
  first.Commit();
  first.Append("one");
  Journal second(absl::MakeSpan(memory_));
  ASSERT_TRUE(second.Continue());
  EXPECT_EQ(second.used(), first.used());
  second.Append("two");
  EXPECT_THAT(Found(memory_), ElementsAre("one", "two"));
}

TEST_F(JournalTest, WhatCountsIsTheOldAreaUntilTheNewOneIsCommitted) {
  Journal journal(absl::MakeSpan(memory_));
  journal.Begin();
  journal.Commit();
  journal.Append("old");
  journal.Begin();
  journal.Append("new");
  EXPECT_THAT(Found(memory_), ElementsAre("old"));
  journal.Commit();
  EXPECT_THAT(Found(memory_), ElementsAre("new"));
  EXPECT_THAT(journal.older(), ElementsAre("old"));
}

TEST_F(JournalTest, WhatIsLeftOverInAnAreaIsNotFoundAgain) {
  Journal journal(absl::MakeSpan(memory_));
  for (int round = 0; round < 3; ++round) {
    journal.Begin();
    journal.Append(absl::StrCat("first of ", round));
    if (round == 0) journal.Append("second of 0");
    journal.Commit();
  }
  EXPECT_THAT(Found(memory_), ElementsAre("first of 2"));
}

TEST_F(JournalTest, ARecordThatDoesNotFitIsRefused) {
  Journal journal(absl::MakeSpan(memory_));
  journal.Begin();
  journal.Commit();
  EXPECT_EQ(journal.Append(std::string(journal.capacity(), 'x')), nullptr);
  EXPECT_EQ(journal.Append(""), nullptr);
  while (journal.Append("filler") != nullptr) {
  }
  EXPECT_LE(journal.used(), journal.capacity());
  Journal next(absl::MakeSpan(memory_));
  ASSERT_TRUE(next.Continue());
  EXPECT_EQ(next.Append("filler"), nullptr);
}

// Bytes reach the memory in the order in which they are written: records first, then their heads.
TEST_F(JournalTest, ARecordOfWhichOnlyAPartWasWrittenIsNone) {
  Journal journal(absl::MakeSpan(memory_));
  journal.Begin();
  journal.Commit();
  journal.Append("before");
  const std::vector<char> before = memory_;
  const size_t at = journal.used();
  journal.Append("this one is torn");
  const size_t end = journal.used();
  for (size_t written = 0; written < end - at; ++written) {
    std::vector<char> torn = before;
    std::copy_n(memory_.begin() + static_cast<ptrdiff_t>(end - written), written,
                torn.begin() + static_cast<ptrdiff_t>(end - written));
    const std::vector<std::string> found = Found(torn);
    ASSERT_EQ(found.front(), "before");
    ASSERT_TRUE(found.size() == 1 || found.back() == "this one is torn") << written;
  }
}

}  // namespace
}  // namespace socketd
