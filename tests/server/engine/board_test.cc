#include "server/engine/board.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace socketd {
namespace {

UnitSnapshotPtr Named(const std::string& name, std::vector<std::string> aliases = {}) {
  auto unit = std::make_shared<UnitSnapshot>();
  unit->name = name;
  unit->aliases = std::move(aliases);
  return unit;
}

TEST(Board, FindsByNameAndAlias) {
  BoardMaker maker;
  maker.Put(Named("web.socket", {"www.socket"}));
  maker.Publish(1);
  const BoardPtr board = maker.board();
  ASSERT_NE(board->Find("web.socket"), nullptr);
  EXPECT_EQ(board->Find("www.socket"), board->Find("web.socket"));
  EXPECT_EQ(board->Find("ftp.socket"), nullptr);
  EXPECT_EQ(board->revision(), 1);
}

TEST(Board, AnOldBoardStaysAsItWas) {
  BoardMaker maker;
  maker.Put(Named("a.socket", {"b.socket"}));
  maker.Publish(1);
  const BoardPtr before = maker.board();
  maker.Remove("a.socket");
  maker.Put(Named("c.socket"));
  maker.Publish(2);
  EXPECT_NE(before->Find("a.socket"), nullptr);
  EXPECT_NE(before->Find("b.socket"), nullptr);
  EXPECT_EQ(before->size(), 1U);
  const BoardPtr after = maker.board();
  EXPECT_EQ(after->Find("a.socket"), nullptr);
  EXPECT_EQ(after->Find("b.socket"), nullptr);
  EXPECT_EQ(after->size(), 1U);
}

TEST(Board, PagesInOrderOfNames) {
  BoardMaker maker;
  for (int i = 999; i >= 0; --i)
    maker.Put(Named(absl::StrFormat("u%03d.socket", i)));
  maker.Publish(1);
  const BoardPtr board = maker.board();
  std::string after;
  int seen = 0;
  for (;;) {
    const std::vector<UnitSnapshotPtr> page = board->After(after, 64);
    if (page.empty()) break;
    for (const UnitSnapshotPtr& unit : page)
      EXPECT_EQ(unit->name, absl::StrFormat("u%03d.socket", seen++));
    after = page.back()->name;
  }
  EXPECT_EQ(seen, 1000);
}

}  // namespace
}  // namespace socketd
